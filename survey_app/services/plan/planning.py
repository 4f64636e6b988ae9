"""Planning of a wave: made, changed as far as its state allows, opened now or at a date, closed."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.days import day_of, start_of
from survey_app.errors import NotFound
from survey_app.models.waves import (
    CollectionPoint,
    Wave,
    WaveForm,
    WaveIndex,
    WavePoint,
    WaveUnit,
)
from survey_app.services.counter.points import set_last_day
from survey_app.services.operation import retention
from survey_app.services.plan.waves import (
    CLOSED,
    OPEN,
    PLANNED,
    add_form,
    open_wave,
    state_of,
    wave_named,
)

CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
LONGEST_TITLE: Final = 200
YEARS: Final = range(2000, 2101)
MOST_ISSUED: Final = 10_000_000
SOURCES: Final = ("self-selected", "census", "probability")  # what is only reported is not planned
DAY: Final = timedelta(days=1)
YES, NO = "yes", "no"
# What may still be changed by the state of a wave. Respondents were told the rest, or it lies on
# devices: forms that wait there name the wave by its code.
FIELDS: Final = ("code", "title", "year", "source", "issued", "opens", "closes", "partial", "links")
CHANGEABLE: Final[Mapping[str, tuple[str, ...]]] = {
    PLANNED: (*FIELDS, *retention.DAYS),
    OPEN: ("title", "issued", "closes"),
    CLOSED: ("issued",),
}
ADDED, CHANGED_PLAN, OPENED, SCHEDULED, ENDED, REMOVED = (
    "add_wave",
    "change_wave",
    "open_wave",
    "schedule_wave",
    "close_wave",
    "remove_wave",
)


class Unfit(Refusal):
    """What was typed cannot be stored: `problems` has a sentence for each field that is wrong."""

    def __init__(self, problems: Mapping[str, Refusal]) -> None:
        """Keep what is wrong, by the names of the fields."""
        super().__init__("Chưa làm được. Xin sửa những chỗ được ghi dưới đây.")
        self.problems = dict(problems)


@dataclass
class Typed:
    """What an account typed into the form of a wave at a moment, and what is wrong with it."""

    given: Mapping[str, str]
    by: int
    now: datetime
    problems: dict[str, Refusal] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in Viet Nam."""
        return day_of(self.now)

    @contextmanager
    def field(self, name: str) -> Iterator[str]:
        """The text of a field; a refusal meanwhile is kept beside it."""
        try:
            yield self.given.get(name, "").strip()
        except Refusal as refusal:
            self.problems[name] = refusal

    def check(self) -> None:
        """Raise `Unfit` when something is wrong."""
        if self.problems:
            raise Unfit(self.problems)


def plannable(session: Session, code: str) -> Wave:
    """The wave with a code; raises `NotFound` also for one of which only results exist."""
    wave = wave_named(session, code)
    if wave.source == "reported":
        template = "Đợt khảo sát «{wave}» chỉ có số đã công bố nên không có kế hoạch."
        raise NotFound(template, wave=code)
    return wave


def typed_of(wave: Wave) -> dict[str, str]:
    """A wave as it would be typed into the form."""
    days = {"links": wave.links_expire_on}
    days |= {kind: getattr(wave, name) for kind, name in retention.NAMES.items()}
    return {
        "code": wave.code,
        "title": wave.title,
        "year": str(wave.year),
        "source": wave.source,
        "issued": "" if wave.issued is None else str(wave.issued),
        "opens": day_of(wave.opened_at).isoformat() if wave.opened_at else "",
        "closes": last_day_of(wave.closed_at).isoformat() if wave.closed_at else "",
        "partial": YES if wave.keeps_partial else NO,
    } | {name: day.isoformat() if day else "" for name, day in days.items()}


def untyped(now: datetime) -> dict[str, str]:
    """What the form of a new wave says before anything is typed."""
    year = str(day_of(now).year)
    return {"year": year, "source": SOURCES[0], "partial": NO}


def make_wave(session: Session, catalogue: Catalogue, typed: Typed, forms: Sequence[str]) -> Wave:
    """Plan a new wave that uses at least one form; raises `Unfit`."""
    wave = Wave()
    _set(session, wave, typed, CHANGEABLE[PLANNED])
    with typed.field("form"):
        if not forms:
            raise Refusal("Xin chọn ít nhất một phiếu.")
    typed.check()
    try:
        with session.begin_nested():
            session.add(wave)
            session.flush()
    except IntegrityError:  # somebody else took the code at the same moment
        raise Unfit({"code": _taken(typed.given["code"].strip())}) from None
    with typed.field("form"):
        for name in dict.fromkeys(forms):
            add_form(session, wave, name, catalogue)
    typed.check()
    return wave


def change_wave(session: Session, wave: Wave, typed: Typed) -> None:
    """Change what a wave's state still lets change; raises `Unfit`, also for what it does not."""
    before, changeable = typed_of(wave), CHANGEABLE[state_of(wave, typed.now)]
    for name, text in typed.given.items():
        with typed.field(name):
            if name in before and name not in changeable and text.strip() != before[name]:
                raise Refusal("Đợt khảo sát đã mở nên mục này không đổi được nữa.")
    _set(session, wave, typed, [name for name in changeable if name in typed.given])
    typed.check()
    session.flush()


def begin(session: Session, catalogue: Catalogue, wave: Wave, typed: Typed) -> str:
    """Open a planned wave, now or at the date in `opens`; says which by the word of the record.

    Its forms are used in the words of today, since nobody has answered them yet. Raises `Unfit`
    for a date, `Refusal` when it was opened before or asks nothing.
    """
    is_planned = state_of(wave, typed.now) == PLANNED
    if is_planned and not wave.forms:
        template = "Đợt khảo sát «{wave}» chưa có phiếu nào nên chưa mở được."
        raise Refusal(template, wave=wave.code)
    at_date = bool(typed.given.get("opens", "").strip())
    if at_date and is_planned:
        _set(session, wave, typed, ["opens"])
    else:
        open_wave(wave, typed.now)
    _set(session, wave, typed, ["closes"])
    typed.check()
    for form in wave.forms:
        loaded = catalogue.questionnaire(form.name)
        form.checksum = loaded.checksum
    session.flush()
    return SCHEDULED if at_date else OPENED


def remove(session: Session, wave: Wave, now: datetime) -> None:
    """Delete a planned wave that nothing hangs on: no point, no letter, no code.

    Raises `Refusal` for a wave that was opened, or that has any of those.
    """
    if state_of(wave, now) != PLANNED:
        template = "Đợt khảo sát «{wave}» đã mở nên không xóa được; chỉ đóng được."
        raise Refusal(template, wave=wave.code)
    try:
        with session.begin_nested():
            for table in (WaveForm, WaveIndex, WaveUnit):
                session.execute(delete(table).where(table.wave_id == wave.id))
            session.execute(delete(Wave).where(Wave.id == wave.id))
    except IntegrityError:
        template = "Đợt khảo sát «{wave}» đã có quầy, thư mời hoặc mã nên không xóa được."
        raise Refusal(template, wave=wave.code) from None
    session.expunge(wave)


def open_points(session: Session, wave: Wave) -> int:
    """How many collection points of a wave are not closed, those of one-time codes among them."""
    query = select(func.count()).select_from(WavePoint).join(CollectionPoint)
    mine = query.where(WavePoint.wave_id == wave.id, CollectionPoint.closed_at.is_(None))
    return session.scalar(mine) or 0


def last_day_of(closed_at: datetime) -> date:
    """The last day on which a wave takes answers, in Viet Nam."""
    return day_of(closed_at - timedelta(microseconds=1))


def read_day(typed: str) -> date | None:
    """A day as browsers send it, or as it is written in Viet Nam; None for nothing."""
    text = typed.strip()
    if not text:
        return None
    day, _sign, rest = text.partition("/")
    month, _sign, year = rest.partition("/")
    try:
        return date(int(year), int(month), int(day)) if rest else date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "Ngày «{typed}» không đúng. Xin ghi theo dạng ngày/tháng/năm.", typed=typed[:20]
        ) from None


def _set(session: Session, wave: Wave, typed: Typed, names: Sequence[str]) -> None:
    """Put what was typed into a wave; the opening comes before the close, held against it."""
    for name in names:
        with typed.field(name) as text:
            _SETTERS[name](session, wave, text, typed)


def _set_code(session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    if not CODE.fullmatch(text):
        raise Refusal(
            "Mã đợt gồm 1 đến 40 chữ cái không dấu, chữ số, dấu chấm, gạch nối, bắt đầu bằng chữ "
            "hoặc số."
        )
    # In one spelling only: names of files do not tell capitals apart everywhere.
    same = func.lower(Wave.code) == text.lower()
    with session.no_autoflush:
        other = session.scalar(select(Wave).where(same, Wave.id != (wave.id or 0)))
    if other is not None:
        raise _taken(other.code)
    wave.code = text


def _set_title(_session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    title = " ".join(unicodedata.normalize("NFC", text).split())
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise Refusal("Tên đợt phải có từ 1 đến {most} ký tự.", most=LONGEST_TITLE)
    wave.title = title


def _set_year(_session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    if not (re.fullmatch(r"[0-9]{4}", text) and int(text) in YEARS):
        first, last = YEARS[0], YEARS[-1]
        raise Refusal("Năm phải từ {first} đến {last}.", first=first, last=last)
    wave.year = int(text)


def _set_source(_session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    if text not in SOURCES:
        raise Refusal("Xin chọn cách có người trả lời.")
    wave.source = text


def _set_issued(_session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    digits = text.replace(".", "").replace(" ", "")
    if text and not (re.fullmatch(r"[0-9]{1,9}", digits) and int(digits) <= MOST_ISSUED):
        raise Refusal("Số phiếu phát ra phải là số nguyên từ 0 đến 10.000.000, hoặc để trống.")
    wave.issued = int(digits) if digits else None


def _set_opens(_session: Session, wave: Wave, text: str, typed: Typed) -> None:
    day = read_day(text)
    if day is not None and day <= typed.today:
        template = "Ngày mở phải sau hôm nay ({today}). Muốn mở ngay, xin để trống và bấm «Mở đợt»."
        raise Refusal(template, today=f"{typed.today:%d/%m/%Y}")
    _refuse_far(day)
    wave.opened_at = start_of(day) if day else None
    wave.closed_at = None  # which is read next, against the new opening


def _set_closes(_session: Session, wave: Wave, text: str, typed: Typed) -> None:
    day = read_day(text)
    if day is None:
        wave.closed_at = None
        return
    if wave.opened_at is None:
        raise Refusal("Xin ghi ngày mở trước, rồi mới ghi ngày cuối nhận phiếu.")
    first = max(day_of(wave.opened_at), typed.today)
    if day < first:
        raise Refusal("Ngày cuối nhận phiếu phải từ {first} trở đi.", first=f"{first:%d/%m/%Y}")
    _refuse_far(day)
    wave.closed_at = start_of(day + DAY)


def _set_partial(_session: Session, wave: Wave, text: str, _typed: Typed) -> None:
    wave.keeps_partial = text == YES


def _set_links(_session: Session, wave: Wave, text: str, typed: Typed) -> None:
    day = read_day(text)
    set_last_day(wave, day.isoformat() if day else "", typed.today)


def _period(kind: str) -> "_Setter":
    def set_period(session: Session, wave: Wave, text: str, typed: Typed) -> None:
        retention.set_days(session, wave, {kind: read_day(text)}, typed.by, typed.now)

    return set_period


def _taken(code: str) -> Refusal:
    return Refusal("Đã có đợt khảo sát mang mã «{wave}».", wave=code)


def _refuse_far(day: date | None) -> None:
    if day is not None and day.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        raise Refusal("Năm phải từ {first} đến {last}.", first=first, last=last)


_Setter = Callable[[Session, Wave, str, Typed], None]
_SETTERS: Final[Mapping[str, _Setter]] = {
    "code": _set_code,
    "title": _set_title,
    "year": _set_year,
    "source": _set_source,
    "issued": _set_issued,
    "opens": _set_opens,
    "closes": _set_closes,
    "partial": _set_partial,
    "links": _set_links,
    **{kind: _period(kind) for kind in retention.DAYS},
}
