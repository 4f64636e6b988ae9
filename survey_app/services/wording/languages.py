"""How far the languages have come: every text beside its Vietnamese one, confirmed or not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from questionnaires.translation import mark_of
from survey_app.errors import NotFound
from survey_app.services.tables.csv_tables import unguarded
from survey_app.services.tables.sheets import Sheet, read_sheet
from survey_app.services.tables.sorting import holds, vietnamese
from survey_app.services.wording.reviews import Mark, Reading, Reviews

INTERFACE: Final = "interface"  # the file of what pages and messages say
SHOWN: Final = 50  # texts on a page
UNCHECKED, CHECKED, ALL = SHOWS = ("unchecked", "checked", "all")
MARK, VI, TEXT, RIGHT = "Mã", "Tiếng Việt", "Bản dịch", "Đúng"  # columns of a reader's sheet
YES: Final = frozenset({"x", "1", "v", "đ", "có", "đúng", "yes", "y", "true"})
NO: Final = frozenset({"0", "s", "sai", "không", "no", "n", "false"})


@dataclass(frozen=True)
class Line:
    """A text beside the Vietnamese one; `mark` says who confirmed it, None for a shipped mark."""

    file: str
    vi: str
    text: str
    checked: bool
    mark: Mark | None

    @property
    def key(self) -> str:
        """What a native reader confirms."""
        return mark_of(self.vi, self.text)


@dataclass(frozen=True)
class TextFile:
    """The texts of one file in one language, and how many of its Vietnamese ones have none."""

    locale: str
    name: str
    title: str | None
    lines: tuple[Line, ...]
    missing: int

    @property
    def checked(self) -> int:
        """How many texts a native reader has confirmed."""
        return sum(line.checked for line in self.lines)


@dataclass(frozen=True)
class Asked:
    """What is looked for: a file or all of them, words, confirmed or not, and which page."""

    file: str = ""
    words: str = ""
    show: str = UNCHECKED
    page: int = 1


@dataclass(frozen=True)
class Found:
    """One page of the texts that were looked for."""

    lines: tuple[Line, ...]
    number: int
    page: int
    pages: int


@dataclass(frozen=True)
class Outcome:
    """What a sheet of a native reader brought: texts confirmed, taken back, and not taken.

    `changed` were corrected in the sheet itself, `gone` are worded otherwise by now: neither is
    confirmed, because nobody has read what would be shown.
    """

    reading: Reading
    changed: int
    gone: int


def files_of(
    catalogue: Catalogue, interface: Mapping[str, str], reviews: Reviews, locale: str
) -> tuple[TextFile, ...]:
    """The texts of a language, the interface first; a form without translation has no lines."""
    marks = reviews.marks(locale)
    lines = (_line(INTERFACE, vi, text, False, marks) for vi, text in interface.items())
    ordered = tuple(sorted(lines, key=lambda line: vietnamese(line.vi)))
    found = [TextFile(locale, INTERFACE, None, ordered, 0)]
    for name in catalogue.questionnaire_names:
        version = catalogue.questionnaire(name).definition
        loaded = {one.definition.locale: one.definition for one in catalogue.translations(name)}
        if locale not in loaded:
            found.append(TextFile(locale, name, version.title, (), 0))
            continue
        translation = loaded[locale]
        entries = tuple(
            _line(name, entry.vi, entry.text, entry.reviewed, marks) for entry in translation.entry
        )
        missing = len(translation.missing_from(version))
        found.append(TextFile(locale, name, version.title, entries, missing))
    return tuple(found)


def search(files: Iterable[TextFile], asked: Asked) -> Found:
    """One page of the texts asked for; accents may be left out."""
    lines = [
        line
        for file in files
        if asked.file in ("", file.name)
        for line in file.lines
        if (asked.show == ALL or line.checked == (asked.show == CHECKED))
        and (not asked.words or holds(f"{line.vi} {line.text}", asked.words))
    ]
    pages = max(1, -(-len(lines) // SHOWN))
    page = min(max(asked.page, 1), pages)
    return Found(tuple(lines[(page - 1) * SHOWN : page * SHOWN]), len(lines), page, pages)


def reading_of(content: bytes, name: str, files: Iterable[TextFile], by: str) -> Outcome:
    """Read a sheet that a native reader has filled in; raises `Refusal` when it is no such sheet.

    A row counts when its column «Đúng» says so and its texts are those of the service now.
    """
    sheet = read_sheet(content, name)
    places = [_column(sheet, title) for title in (MARK, VI, TEXT, RIGHT)]
    sheet.require_values(places)
    known = {line.key: line for file in files for line in file.lines}
    confirmed, withdrawn, changed, gone = {}, set(), 0, 0
    for row in sheet.rows:
        key, vi, text, said = (row.cells[place] for place in places)
        answer = said.casefold()
        if answer not in YES | NO:
            continue
        line = known.get(key)
        if line is None:
            gone += 1
        elif answer in NO:
            withdrawn.add(key)
        elif (_bare(vi), _bare(text)) != (_bare(line.vi), _bare(line.text)):
            changed += 1
        else:
            confirmed[key] = (line.vi, line.text)
    return Outcome(Reading(by, confirmed, frozenset(withdrawn)), changed, gone)


def file_named(files: Iterable[TextFile], name: str) -> TextFile:
    """The file of that name; raises `NotFound`."""
    found = next((file for file in files if file.name == name), None)
    if found is None:
        raise NotFound("Không có phiếu «{name}» trong danh mục.", name=name)
    return found


def _line(file: str, vi: str, text: str, reviewed: bool, marks: Mapping[str, Mark]) -> Line:
    mark = marks.get(mark_of(vi, text))
    return Line(file, vi, text, reviewed or mark is not None, mark)


def _column(sheet: Sheet, title: str) -> int:
    if title not in sheet.header:
        raise Refusal("Tệp {file} không có cột «{column}».", file=sheet.name, column=title)
    return sheet.header.index(title)


def _bare(text: str) -> str:
    """A text as a spreadsheet gives it back: without the sign against formulas, and trimmed."""
    return " ".join(unguarded(text).split())
