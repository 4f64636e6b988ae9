"""Versions of questionnaires: which are published, who uses them, and how two of them differ."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.compare import Difference, Severity, differences
from questionnaires.load import Catalogue
from questionnaires.model import QuestionnaireVersion
from survey_app.errors import NotFound
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.plan.waves import in_order


@dataclass(frozen=True)
class VersionLine:
    """A version of a questionnaire; `waves` are the codes of those that use it."""

    version: str
    title: str
    legal_basis: str
    published: bool
    items: int
    waves: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """How a version differs from an older one, the gravest first; places are named by their words.

    `names` gives the words of sections and items by their codes, those of the newer version first.
    """

    code: str
    old: QuestionnaireVersion
    new: QuestionnaireVersion
    found: Mapping[Severity, tuple[Difference, ...]]
    names: Mapping[str, str]

    @property
    def refused(self) -> bool:
        """Whether the newer version can never stand in a wave beside the older one."""
        return "refused" in self.found


GRAVITY: tuple[Severity, ...] = ("refused", "breaking", "additive", "text")


def versions_of(session: Session, catalogue: Catalogue) -> dict[str, tuple[VersionLine, ...]]:
    """Every questionnaire with its versions, the newest last."""
    query = select(WaveForm.questionnaire, WaveForm.version, Wave.code).join(Wave)
    used: dict[str, list[str]] = {}
    for code, version, wave in session.execute(query.order_by(Wave.code)):
        used.setdefault(f"{code}/{version}", []).append(wave)
    names = sorted(catalogue.questionnaire_names)
    found = {}
    for code, group in groupby(names, key=lambda name: name.partition("/")[0]):
        versions = in_order(name.partition("/")[2] for name in group)
        found[code] = tuple(_line(catalogue, code, version, used) for version in versions)
    return found


def compared(catalogue: Catalogue, code: str, old: str, new: str) -> Comparison:
    """How version `new` of a questionnaire differs from `old`; raises `NotFound` for either."""
    before, after = (_version(catalogue, f"{code}/{version}") for version in (old, new))
    grouped: dict[Severity, list[Difference]] = {severity: [] for severity in GRAVITY}
    for difference in differences(before, after):
        grouped[difference.severity].append(difference)
    names: dict[str, str] = {}
    for version in (before, after):
        names |= {section.code: section.title for section in version.section}
        names |= {item.code: item.text for item in version.items}
    found = {severity: tuple(listed) for severity, listed in grouped.items() if listed}
    return Comparison(code, before, after, found, names)


def meaning_changes(
    old: QuestionnaireVersion, new: QuestionnaireVersion, items: Collection[str]
) -> list[Difference]:
    """What gives some items another meaning, so that answers to both are not counted together.

    An item that is gone is none of it: it has answers to the older version only.
    """
    return [
        found
        for found in differences(old, new)
        if found.severity == "breaking"
        and found.kind != "item_removed"
        and found.where.partition("/")[0] in items
    ]


def _version(catalogue: Catalogue, name: str) -> QuestionnaireVersion:
    if name not in catalogue.questionnaire_names:
        raise NotFound("Không có phiếu «{name}» trong danh mục.", name=name)
    return catalogue.questionnaire(name).definition


def _line(
    catalogue: Catalogue, code: str, version: str, used: Mapping[str, list[str]]
) -> VersionLine:
    name = f"{code}/{version}"
    definition = catalogue.questionnaire(name).definition
    return VersionLine(
        version=version,
        title=definition.title,
        legal_basis=definition.legal_basis,
        published=catalogue.is_published(f"{name}.toml"),
        items=sum(item.kind != "note" for item in definition.items),
        waves=tuple(used.get(name, ())),
    )
