"""Forms of a wave: what it asks, which versions may join it, and what that would mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from questionnaires.compare import require_compatible
from questionnaires.load import Catalogue
from questionnaires.merge import merged
from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from survey_app.models.waves import Wave, WaveForm, WaveIndex, WavePoint
from survey_app.services.counter.points import form_named
from survey_app.services.field.private_items import keep_private
from survey_app.services.plan.versions import Comparison, compared, meaning_changes
from survey_app.services.plan.waves import (
    CLOSED,
    OPEN,
    PLANNED,
    add_form,
    state_of,
    versions_used,
)

ADDED, LEFT = "add_form", "remove_form"  # what is recorded


@dataclass(frozen=True)
class FormLine:
    """A form in words; `points` counts what asks it, those of one-time codes among them.

    `changed` says that its file no longer has the words it came into the wave with: devices are
    not given it.
    """

    name: str
    title: str
    version: str
    published: bool
    points: int = 0
    changed: bool = False


@dataclass(frozen=True)
class Joining:
    """What it would mean that a form joins a wave.

    `comparison` is with the newest version in use, None for a questionnaire that is new here.
    `refusal` says why it may not join. `apart` are indices that could not count answers to both
    together, each with the number of items that mean something else. `points` ask an older version
    now; `items` are all questions that tables of the wave would then have.
    """

    form: FormLine
    comparison: Comparison | None
    refusal: Refusal | None
    apart: tuple[tuple[str, int], ...]
    points: int
    items: int


def forms_of(session: Session, catalogue: Catalogue, wave: Wave) -> tuple[FormLine, ...]:
    """The forms that a wave uses, by questionnaire, the newest version last."""
    ordered = [
        name
        for code in sorted({form.questionnaire for form in wave.forms})
        for name in versions_used(session, wave, code)
    ]
    return tuple(_used(session, catalogue, wave, name) for name in ordered)


def may_join(catalogue: Catalogue, wave: Wave, now: datetime) -> tuple[FormLine, ...]:
    """The forms of the catalogue that may be added by the state of a wave.

    A planned wave takes any; an open one further versions of what it asks, since who answers it
    was decided with its forms; a closed one none.
    """
    state = state_of(wave, now)
    used = {form.name for form in wave.forms}
    known = {form.questionnaire for form in wave.forms}
    return tuple(
        _line(catalogue, name)
        for name in catalogue.questionnaire_names
        if name not in used
        and (state == PLANNED or (state == OPEN and name.partition("/")[0] in known))
    )


def joining(
    session: Session, catalogue: Catalogue, wave: Wave, name: str, now: datetime
) -> Joining:
    """Hold a form against what a wave uses; raises `Refusal` for one that is not there."""
    new = catalogue.questionnaire(name).definition
    used = versions_used(session, wave, new.code)
    versions = [catalogue.questionnaire(one).definition for one in used]
    refusal = _refusal(catalogue, wave, name, versions, now)
    comparison = compared(catalogue, new.code, versions[-1].version, new.version) if used else None
    apart = []
    for code in session.scalars(select(WaveIndex.index_code).where(WaveIndex.wave_id == wave.id)):
        items = {leaf.item for leaf in catalogue.index(code).definition.leaf if leaf.item}
        changed = [one for old in versions[-1:] for one in meaning_changes(old, new, items)]
        if changed:
            apart.append((code, len({one.where.partition("/")[0] for one in changed})))
    whole = merged([*versions, new]) if refusal is None else new
    return Joining(
        form=_line(catalogue, name),
        comparison=comparison,
        refusal=refusal,
        apart=tuple(apart),
        points=sum(_points(session, wave, one) for one in used),
        items=sum(item.kind != "note" for item in whole.items),
    )


def join(session: Session, catalogue: Catalogue, wave: Wave, name: str, now: datetime) -> WaveForm:
    """Let a form join a wave; points ask what they asked until they are moved (`move_points`).

    What the version before it lets a respondent answer alone is answered alone in it too. Raises
    `Refusal` when the state of the wave or the comparison of versions forbids it.
    """
    refusal = _refusal(catalogue, wave, name, (), now)  # `add_form` compares the versions
    if refusal is not None:
        raise refusal
    used = versions_used(session, wave, name.partition("/")[0])
    form = add_form(session, wave, name, catalogue)
    session.refresh(wave, ["forms"])
    if used:
        keep_private(session, catalogue, wave, used[-1], name)
    return form


def _refusal(
    catalogue: Catalogue,
    wave: Wave,
    name: str,
    versions: Sequence[QuestionnaireVersion],
    now: datetime,
) -> Refusal | None:
    """Why a form may not join: by the state of the wave, or by the versions in use."""
    new = catalogue.questionnaire(name).definition
    if state_of(wave, now) == CLOSED:
        template = "Đợt khảo sát «{wave}» đã đóng nên không thêm phiếu nữa."
        return Refusal(template, wave=wave.code)
    if name in {form.name for form in wave.forms}:
        return Refusal("Đợt khảo sát đã dùng phiếu «{form}».", form=name)
    if name not in {line.name for line in may_join(catalogue, wave, now)}:
        template = (
            "Đợt khảo sát đã mở chỉ nhận thêm phiên bản của phiếu đang dùng; «{form}» không phải."
        )
        return Refusal(template, form=name)
    try:
        for old in versions:
            require_compatible(old, new)
    except Refusal as found:
        return found
    return None


def leave(session: Session, wave: Wave, name: str, now: datetime) -> None:
    """Take a form back out of a planned wave; raises `Refusal` while points ask it."""
    form = form_named(session, wave, name)
    if state_of(wave, now) != PLANNED:
        raise Refusal("Đợt khảo sát đã mở nên không bỏ phiếu «{form}» được nữa.", form=name)
    count = _points(session, wave, name)
    if count:
        template = "Còn {n} điểm dùng phiếu «{form}». Xin chuyển các điểm này trước."
        raise Refusal(template, n=count, form=name)
    session.delete(form)
    session.flush()
    session.refresh(wave, ["forms"])


def _used(session: Session, catalogue: Catalogue, wave: Wave, name: str) -> FormLine:
    code, _, version = name.partition("/")
    form = session.get_one(WaveForm, (wave.id, code, version))
    points = _points(session, wave, name)
    try:
        line = _line(catalogue, name)
        changed = catalogue.questionnaire(name).checksum != form.checksum
    except Refusal:  # it has left the catalogue, or no longer is what was published
        return FormLine(name, name, version, False, points, True)
    return FormLine(name, line.title, version, line.published, points, changed)


def _line(catalogue: Catalogue, name: str) -> FormLine:
    definition = catalogue.questionnaire(name).definition
    published = catalogue.is_published(f"{name}.toml")
    return FormLine(name, definition.title, definition.version, published)


def _points(session: Session, wave: Wave, name: str) -> int:
    code, _, version = name.partition("/")
    query = select(func.count()).select_from(WavePoint)
    asking = WavePoint.questionnaire == code, WavePoint.version == version
    return session.scalar(query.where(WavePoint.wave_id == wave.id, *asking)) or 0
