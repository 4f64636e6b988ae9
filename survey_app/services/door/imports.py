"""Import of keyed paper forms: every row of a sheet goes through the one door."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TextIO
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.models.responses import Response
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WavePoint
from survey_app.services.door.columns import (
    CellProblem,
    ColumnMapping,
    Keyed,
    Layout,
    layout_of,
)
from survey_app.services.door.content import content_hash_of
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import (
    ACCEPTED,
    CONFLICT,
    DUPLICATE,
    QUARANTINED,
    REJECTED,
    Arrival,
    Receipt,
)
from survey_app.services.plan.waves import frame_keys, is_collecting, is_open
from survey_app.services.tables.csv_tables import CsvTable
from survey_app.services.tables.sheets import Row, Sheet

BATCH = 500  # rows of one transaction: other writers wait for less than two seconds
PAPER_FORMS = UUID("6d1b1f3c-5a0e-5c55-9a52-0f6f1e6f6a11")  # the name space of their ids
MODE, LOCALE = "paper", "vi"
PROBLEM_COLUMNS = ("tệp", "dòng", "cột", "câu hỏi", "kết quả", "vấn đề")
RESULTS = {
    ACCEPTED: "đã nhận",
    DUPLICATE: "trùng",
    CONFLICT: "mâu thuẫn",
    REJECTED: "bị từ chối",
    QUARANTINED: "để riêng",
}
AT_POINT = ("unknown_point", "point_closed", "wrong_questionnaire", "missing_field")


@dataclass(frozen=True)
class ImportRequest:
    """What a file is imported into; `point` is the one of the whole file, if it has one.

    A dry run checks every row and stores nothing.
    """

    wave: str
    questionnaire: str
    point: str | None = None
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    dry_run: bool = False


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row, as the spreadsheet numbers it; `item` is empty for the row."""

    row: int
    column: str
    item: str
    status: str
    refusal: Refusal


@dataclass(frozen=True)
class Outcome:
    """What became of one row."""

    row: int
    status: str
    problems: tuple[RowProblem, ...] = ()


@dataclass
class ImportReport:
    """What became of the rows so far."""

    file: str
    total: int
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Rows handled."""
        return self.counts.total()

    @property
    def is_clean(self) -> bool:
        """Whether every row is in the database, or would be."""
        return self.done == self.counts[ACCEPTED] + self.counts[DUPLICATE]

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes and keep their problems."""
        for outcome in outcomes:
            self.counts[outcome.status] += 1
            self.problems += outcome.problems


class Import:
    """An import under way: gives batches of rows and takes each in the caller's transaction.

    The id of a form is made of the wave, the point and the form number alone, so the same file
    again, another copy of it, or the rest after a crash doubles nothing.
    """

    def __init__(
        self, request: ImportRequest, sheet: Sheet, layout: Layout, catalogue: Catalogue
    ) -> None:
        self.report = ImportReport(sheet.name, len(sheet.rows))
        self._request = request
        self._sheet = sheet
        self._layout = layout
        self._catalogue = catalogue
        self._stored: dict[str, _Stored] = {}  # by id

    def batches(self, size: int = BATCH) -> Iterator[tuple[Row, ...]]:
        """All rows, a transaction's worth at a time."""
        rows = self._sheet.rows
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def take(self, session: Session, rows: Sequence[Row], now: datetime) -> list[Outcome]:
        """Bring rows through the door; the caller commits, then adds the outcomes to `report`."""
        forms = [_Form(row, self._layout.read(row)) for row in rows]
        for form in forms:
            form.content = self._content(form.keyed)
        known = _hashes(session, (form.content["id"] for form in forms))
        return [self._outcome(session, form, known, now) for form in forms]

    def _outcome(
        self, session: Session, form: "_Form", known: Mapping[str, str], now: datetime
    ) -> Outcome:
        identity, mark = form.content["id"], form.mark
        earlier = self._stored.get(identity)
        problems = [
            RowProblem(form.row.number, found.column, found.item, REJECTED, found.refusal)
            for found in (*self._missing(form.keyed), *form.keyed.problems)
        ]
        if not problems and known.get(identity) == mark:
            receipt = Receipt(identity, DUPLICATE)  # the door would say so too, only later
        elif not problems and self._request.dry_run and earlier is not None:
            receipt = Receipt(identity, DUPLICATE if earlier.mark == mark else CONFLICT)
        else:
            receipt = self._pass(session, form, now, not problems and not self._request.dry_run)
        problems += self._problems(form, receipt)
        if problems:
            return Outcome(form.row.number, REJECTED, tuple(problems))
        if receipt.status in (ACCEPTED, DUPLICATE):
            self._stored.setdefault(identity, _Stored(form.row.number, mark))
        return Outcome(form.row.number, receipt.status, self._doubled(form.row, receipt, earlier))

    def _pass(self, session: Session, form: "_Form", now: datetime, keep: bool) -> Receipt:
        """Go through the door; what is not to be kept is rolled back at once."""
        arrival = Arrival(form.keyed.frame or None)
        if keep:
            return accept_response(session, form.content, now, self._catalogue, arrival)
        savepoint = session.begin_nested()
        try:
            return accept_response(session, form.content, now, self._catalogue, arrival)
        finally:
            savepoint.rollback()

    def _content(self, form: Keyed) -> dict[str, Any]:
        code, _, version = self._request.questionnaire.partition("/")
        content: dict[str, Any] = {
            "id": str(form_id(self._request.wave, self._point(form), form.form_number)),
            "questionnaire": code,
            "version": version,
            "wave": self._request.wave,
            "collection_point": self._point(form),
            "mode": MODE,
            "locale": LOCALE,
            "answers": form.answers,
        }
        if form.unit:
            content["unit"] = form.unit
        if form.frame:  # inside the content, so that another weight is a conflict, not a duplicate
            content["paradata"] = {"frame": form.frame}
        return content

    def _point(self, form: Keyed) -> str:
        return form.point if self._request.point is None else self._request.point

    def _missing(self, form: Keyed) -> Iterator[CellProblem]:
        if not form.form_number:
            title = self._layout.header[self._layout.form_number]
            yield CellProblem(title, "", Refusal("Dòng này thiếu số phiếu."))
        if not self._point(form):
            refusal = Refusal("Dòng này thiếu mã điểm lấy ý kiến.")
            yield CellProblem(self._layout.title(self._layout.point), "", refusal)

    def _problems(self, form: "_Form", receipt: Receipt) -> list[RowProblem]:
        """What the door says, each with the column it was read from."""
        places = {"wrong_unit": self._layout.unit} | dict.fromkeys(AT_POINT, self._layout.point)
        return [
            RowProblem(
                form.row.number,
                self._layout.column_of(found.item) or self._layout.title(places.get(found.code)),
                found.item,
                REJECTED,
                found.refusal,
            )
            for found in receipt.problems
            if form.content["collection_point"] or found.code != "missing_field"  # said before
        ]

    def _doubled(
        self, row: Row, receipt: Receipt, earlier: "_Stored | None"
    ) -> tuple[RowProblem, ...]:
        """A sentence for a form number met twice; the same file again is no problem."""
        if receipt.status not in (DUPLICATE, CONFLICT):
            return ()
        if earlier is not None and receipt.status == DUPLICATE:
            template = "Phiếu này giống hệt phiếu ở dòng {earlier}; chỉ nhận một lần."
        elif earlier is not None:
            template = "Số phiếu này đã có ở dòng {earlier} với nội dung khác."
        elif receipt.status == CONFLICT:
            template = "Số phiếu này đã được nhập trước đây với nội dung khác."
        else:
            return ()
        if receipt.status == CONFLICT:
            template += " Bản nhập trước được giữ nguyên, bản này để riêng chờ xem lại."
        refusal = Refusal(template, earlier=earlier.row if earlier else "")
        title = self._layout.title(self._layout.form_number)
        return (RowProblem(row.number, title, "", receipt.status, refusal),)


@dataclass(frozen=True)
class _Stored:
    """Where in the file a form was first met, and the hash of its content."""

    row: int
    mark: str


@dataclass
class _Form:
    """A row, what was read from it, and the response it becomes."""

    row: Row
    keyed: Keyed
    content: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def mark(self) -> str:
        """The content hash, as the door makes it."""
        return content_hash_of(self.content)


def plan_import(
    session: Session, request: ImportRequest, sheet: Sheet, now: datetime, catalogue: Catalogue
) -> Import:
    """Check the file and what it is imported into, before the first row is stored.

    Raises `Refusal` for a wave that is unknown, closed or does not use the questionnaire, a point
    that is not of the wave, and for columns that are missing or mean nothing.
    """
    wave = session.scalar(select(Wave).where(Wave.code == request.wave))
    if wave is None:
        raise Refusal("Không có đợt khảo sát «{wave}».", wave=request.wave)
    if not is_open(wave, now):
        raise Refusal("Đợt khảo sát «{wave}» không nhận phiếu vào lúc này.", wave=wave.code)
    loaded = catalogue.questionnaire(request.questionnaire)
    version = loaded.definition
    used = session.get(WaveForm, (wave.id, version.code, version.version))
    if used is None:
        template = "Đợt khảo sát «{wave}» không dùng phiếu «{name}»."
        raise Refusal(template, wave=wave.code, name=version.name)
    if used.checksum != loaded.checksum:
        template = "Phiếu «{name}» đã thay đổi từ khi đợt khảo sát «{wave}» dùng phiếu này."
        raise Refusal(template, wave=wave.code, name=version.name)
    if request.point is not None:
        _require_point(session, used, request.point, now)
    numbers = [key for key, is_number in frame_keys(session, wave).items() if is_number]
    fixed = request.point is not None
    layout = layout_of(version, sheet, request.mapping, fixed, numbers)
    return Import(request, sheet, layout, catalogue)


def form_id(wave: str, point: str, form_number: str) -> UUID:
    """The id of a paper form: always the same for its wave, point and number."""
    return uuid5(PAPER_FORMS, json.dumps([wave, point, form_number], ensure_ascii=False))


def write_problems(report: ImportReport, stream: TextIO) -> None:
    """Write the problems as CSV for a spreadsheet, a line for each problem."""
    table = CsvTable(stream)
    table.write(*PROBLEM_COLUMNS)
    for found in report.problems:
        place = (report.file, found.row, found.column, found.item)
        table.write(*place, RESULTS[found.status], str(found.refusal))


def _require_point(session: Session, form: WaveForm, code: str, now: datetime) -> None:
    point = session.scalar(select(CollectionPoint).where(CollectionPoint.code == code))
    assigned = None if point is None else session.get(WavePoint, (form.wave_id, point.id))
    if point is None or assigned is None:
        template = "Điểm lấy ý kiến «{point}» không thuộc đợt khảo sát «{wave}»."
        raise Refusal(template, point=code, wave=form.wave.code)
    if not is_collecting(point, now):
        raise Refusal("Điểm lấy ý kiến «{point}» đã đóng nên không nhận phiếu.", point=code)
    if assigned.questionnaire != form.questionnaire:
        template = "Điểm lấy ý kiến «{point}» không dùng phiếu «{questionnaire}»."
        raise Refusal(template, point=code, questionnaire=form.questionnaire)


def _hashes(session: Session, identities: Iterable[str]) -> dict[str, str]:
    """The content hashes of the responses that are stored, by id."""
    chosen = select(Response.id, Response.content_hash)
    rows = session.execute(chosen.where(Response.id.in_([UUID(i) for i in identities])))
    return {str(row.id): row.content_hash for row in rows}
