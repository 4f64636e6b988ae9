"""The worker: claims jobs one by one, does them, and gives signs of life meanwhile."""

import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from analysis.charts import Bar, Words, bars
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.catalogue import KeptCatalogue
from survey_app.config import Config
from survey_app.days import HANOI, day_of
from survey_app.db import Busy, Database
from survey_app.exports.files import Writer, publish
from survey_app.exports.qr_sheet import write_qr_sheet
from survey_app.exports.tables import sheets, write_csv, write_xlsx
from survey_app.i18n import of_record
from survey_app.models.runs import Run
from survey_app.post import send_letters
from survey_app.services.checking.sender_rates import forget_past
from survey_app.services.codes.letters import SEND_LETTERS
from survey_app.services.codes.mixing import batches
from survey_app.services.codes.staging import check_batch, move_batch
from survey_app.services.computing.result_tables import Figure, rounded_percent
from survey_app.services.computing.results import ResultsPage, page_of
from survey_app.services.computing.runs import Order, computed_run, keep_run, reported_before
from survey_app.services.counter.points import Wanted, cards
from survey_app.services.door.drafts import purge_drafts
from survey_app.services.operation.jobs import (
    COMPUTE,
    QR_SHEET,
    Claim,
    beat,
    claim_job,
    fail,
    finish,
    work_waits,
)
from survey_app.services.operation.retention import purge_batch
from survey_app.services.plan.procedures import procedure_named
from survey_app.services.plan.waves import wave_named

PAUSE = 0.25  # seconds between looks for work: from click to page takes under two
BEAT = 5.0
TIDY = 3600.0
MOVE = 60.0  # seconds between looks for answers of one-time codes that can be moved
QUIET_HOUR = 2  # in Viet Nam
CHART, CSV, XLSX = "chart.svg", "result.csv", "result.xlsx"
SHEET = "qr.pdf"
CHART_DEPTH, CHART_ROWS = 2, 32
FAILED = Refusal("Việc này bị dừng vì lỗi của hệ thống. Lỗi đã được ghi lại; xin thử lại sau.")
log = logging.getLogger(__name__)
Finisher = Callable[[], None]
Work = Callable[[Database, Catalogue, Path, "Pulse"], Finisher]


class Lost(Exception):  # noqa: N818 - no error: another worker has the job
    """The claim went to another worker meanwhile."""


class Pulse:
    """The sign of life of a claimed job, given by a thread of its own while the work runs."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self.database, self.claim = database, claim
        self.lost = False
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def tell(self, progress: int | None = None) -> None:
        """Give a sign of life now; raises `Lost` when another worker has the job."""
        with self._lock:
            if not self.lost:
                try:
                    with self.database.writing() as session:
                        held = beat(session, self.claim, progress)
                except Busy:
                    return
                self.lost, self.claim = held is None, held or self.claim
            if self.lost:
                raise Lost

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat every few seconds until the block ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._done.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(BEAT):
            try:
                self.tell()
            except Lost:
                return
            except Exception:  # a database that is away for a moment must not end the beating
                log.warning("no sign of life could be written", exc_info=True)


def run_worker(config: Config, stop: threading.Event | None = None) -> None:
    """Do jobs until `stop` is set or the process is asked to end; the work at hand is finished."""
    stop = stop or _stop_on_signal()
    database, catalogue = Database(config.database_url), KeptCatalogue()
    work = work_of(config)
    bars([], Words(""), BytesIO())  # the first chart of a process is slow: nobody waits for it
    tidied = moved = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() - tidied > TIDY or not tidied:
                tidied = time.monotonic()
                tidy(database, catalogue)
            if time.monotonic() - moved > MOVE or not moved:
                moved = time.monotonic()
                move_staged(database, catalogue)
            busy = work_once(database, catalogue, config.files, work)
        except Busy:
            busy = False
        except Exception:
            log.exception("the worker could not look for work")
            busy = False
        if not busy:
            stop.wait(PAUSE)
    database.engine.dispose()


def tidy(database: Database, catalogue: Catalogue) -> None:
    """Delete what is no longer to be kept, in short transactions, and leave no trace in the files.

    Half-filled forms go after a day, counts of phones with their day, and what retention says once
    its day is over. The file of SQLite is written anew when something of a wave was deleted, and in
    the small hours.
    """
    now = clock.now()
    with database.writing() as session:
        drafts = purge_drafts(session, now)
        forget_past(session, now)
    purged = 0
    while True:
        with database.writing() as session:
            done = purge_batch(session, catalogue, now)
        if not done:
            break
        purged += done
    if purged or drafts:
        database.forget(thoroughly=bool(purged) or now.astimezone(HANOI).hour == QUIET_HOUR)


def move_staged(database: Database, catalogue: Catalogue) -> int:
    """Move what was answered by one-time codes and has enough company; returns how many."""
    now = clock.now()
    with database.reading() as session:
        found = batches(session, now)
    for batch in found:
        with database.writing() as session:
            check_batch(session, catalogue, batch, now)
    if found:
        with database.reading() as session:
            found = batches(session, now)
    total = 0
    for batch in found:
        with database.writing() as session:
            moved = move_batch(session, catalogue, batch, now)
        if moved < len(batch.ids):  # by number only: an id of what is staged names nobody else
            log.warning(
                "%s of %s staged answers were not moved", len(batch.ids) - moved, len(batch.ids)
            )
        total += moved
    if total:
        database.forget()  # which of them was spent with which code
    return total


def work_once(
    database: Database,
    catalogue: Catalogue,
    files: Path,
    work: Mapping[str, Work] | None = None,
) -> bool:
    """Claim one job and do it; False when there is none.

    `work` says how each kind is done; without it, the kinds that need no setting.
    """
    with database.reading() as session:
        if not work_waits(session):
            return False
    with database.writing() as session:
        claim = claim_job(session)
    if claim is None:
        return False
    pulse = Pulse(database, claim)
    try:
        with pulse.beating():
            complete = (work or WORK)[claim.kind](database, catalogue, files, pulse)
        complete()
    except Lost:
        log.warning("job %s went to another worker", claim.id)
    except Busy:
        log.warning("job %s could not be stored in time and will run again", claim.id)
    except Refusal as refusal:
        _fail(pulse, refusal)
    except Exception:
        log.exception("job %s failed", claim.id)
        _fail(pulse, FAILED)
    return True


def compute(
    database: Database, catalogue: Catalogue, files: Path, pulse: Pulse
) -> Callable[[], None]:
    """Compute an index on a wave and write its files; the result is stored by what is returned.

    Nobody's writing waits for the mathematics: they read, and one short transaction at the end
    stores the Run and finishes the job. A worker killed before that leaves nothing but the job.
    """
    payload = pulse.claim.payload
    _report_before(database, catalogue, payload["wave"])
    with database.reading() as session:
        order = Order(wave_named(session, payload["wave"]), payload["index"], pulse.claim.asked_by)
        run = computed_run(session, catalogue, order, clock.now(), pulse.tell)
        page = page_of(session, catalogue, run)
    publish(files, str(run.id), _writers(page, run))
    pulse.tell(95)
    return partial(_store, database, pulse, run)


def _report_before(database: Database, catalogue: Catalogue, wave_code: str) -> None:
    """Compute what was reported for the year before, so that change can be shown."""
    with database.reading() as session:
        missing = reported_before(session, wave_named(session, wave_code))
        runs = [computed_run(session, catalogue, order, clock.now()) for order in missing]
    if runs:
        with database.writing() as session:
            for run in runs:
                keep_run(session, run)


def _store(database: Database, pulse: Pulse, run: Run) -> None:
    with database.writing() as session:
        if not finish(session, pulse.claim, {"run": str(run.id)}):
            raise Lost
        keep_run(session, run)


def post_letters(
    config: Config, database: Database, _catalogue: Catalogue, _files: Path, pulse: Pulse
) -> Callable[[], None]:
    """Send letters of invitation; what was sent is counted letter by letter."""
    outcome = send_letters(config, database, pulse.claim, pulse.tell)
    return partial(_finish, database, pulse, outcome)


def _fail(pulse: Pulse, refusal: Refusal) -> None:
    with pulse.database.writing() as session:
        fail(session, pulse.claim, refusal)


def _writers(page: ResultsPage, run: Run) -> dict[str, Writer]:
    document, tables = json.loads(run.result), json.loads(run.tables)
    return {
        CHART: partial(bars, _chart_rows(page), _chart_words(page)),
        CSV: partial(write_csv, page, document),
        XLSX: partial(write_xlsx, sheets(page, document, tables)),
    }


def _chart_rows(page: ResultsPage) -> list[Bar]:
    """The upper levels of the tree, without the criteria where those are many."""
    rows = [row for row in page.tree if row.depth <= CHART_DEPTH][:CHART_ROWS]
    return [
        Bar(
            label=f"{row.code}. {row.title}",
            value=row.figure.estimate,
            text=_chart_text(row.figure, page.minimum),
            low=row.figure.ci_low,
            high=row.figure.ci_high,
            previous=row.before.estimate if row.before else None,
            strong=row.depth == 0,
        )
        for row in rows
    ]


def _chart_text(figure: Figure, minimum: int) -> str:
    if figure.status == "suppressed":
        return of_record("dưới {n} phiếu", n=minimum)
    if figure.estimate is None:
        return of_record("không tính được")
    return _chart_percent(figure.estimate)


def _chart_percent(rate: float) -> str:
    return f"{rounded_percent(rate)} %".replace(".", ",")


def _chart_words(page: ResultsPage) -> Words:
    root = page.root.figure
    shown = _chart_text(root, page.minimum)
    level = f"{100 * page.confidence:g}".replace(".", ",")
    whiskers = of_record("khoảng tin cậy {level} %", level=level)
    if page.notice:
        whiskers += f" ({page.notice})"
    source = of_record(
        "Nguồn: {wave}; {n} phiếu; lần tính {run}",
        wave=page.wave_title,
        n=page.run.responses,
        run=str(page.run.id)[:8],
    )
    title = f"{page.run.index_title}: {shown}"
    if page.root.before:
        last = _chart_percent(page.root.before.estimate)
        title += " " + of_record("(năm {year}: {rate})", year=page.root.before.year, rate=last)
    return Words(
        title=title,
        whiskers=whiskers,
        previous=of_record("năm {year}", year=page.wave_year - 1),
        source=source,
    )


def print_qr_sheet(config: Config, database: Database, files: Path, pulse: Pulse) -> None:
    """Make the sheet of QR codes of a wave, or of one of its counters, as a file."""
    payload, now = pulse.claim.payload, clock.now()
    with database.writing() as session:  # the first link of an installation makes its key
        wave = wave_named(session, payload["wave"])
        procedure = procedure_named(session, payload.get("procedure") or "", day_of(now))
        wanted = Wanted(payload["point"], procedure)
        printed = cards(session, wave, wanted, config.secret_key, now)
    write = partial(write_qr_sheet, printed, config.address, payload["paper"], progress=pulse.tell)
    publish(files, str(pulse.claim.id), {SHEET: write})


def work_of(config: Config) -> dict[str, Work]:
    """How each kind of job is done in an installation."""

    def sheet(database: Database, _catalogue: Catalogue, files: Path, pulse: Pulse) -> Finisher:
        print_qr_sheet(config, database, files, pulse)
        return partial(_finish, database, pulse, {"file": SHEET})

    return WORK | {QR_SHEET: sheet, SEND_LETTERS: partial(post_letters, config)}


def _finish(database: Database, pulse: Pulse, outcome: Mapping[str, Any]) -> None:
    with database.writing() as session:
        if not finish(session, pulse.claim, outcome):
            raise Lost


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


WORK: dict[str, Work] = {COMPUTE: compute}
