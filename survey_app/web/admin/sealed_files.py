"""The room of sealed files: what a tablet without a network handed over is taken in."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from flask import current_app, render_template, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.security import ReadyPage, requires, takes_file
from survey_app.services.door import sealed_files
from survey_app.services.door.sealed_files import SealedFile
from survey_app.services.door.submissions import Receipt
from survey_app.web.admin.door import bp
from survey_app.web.admin.rooms import record, room_page
from survey_app.web.admin.tablets import KEEPERS
from survey_app.web.batches import open_batch, take_batch, take_visits, told_of
from survey_app.web.schemas import LARGEST_BATCH

MOST_SHOWN: Final = 500


@dataclass(frozen=True)
class Taken:
    """What became of one item of a file; `problems` repeat nothing that was answered."""

    kind: str
    id: str
    status: str
    problems: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, kind: str, receipt: Receipt) -> "Taken":
        """An item by its receipt."""
        return cls(kind, receipt.id, receipt.status, tuple(map(told_of, receipt.problems)))


@bp.get("/tablets/file", endpoint="sealed_file")
@requires(*KEEPERS)
def choose() -> str:
    """The form to choose a file."""
    return _form_page()


@bp.post("/tablets/file")
@takes_file(sealed_files.LARGEST_FILE)
@requires(*KEEPERS)
def import_sealed_file() -> ReadyPage:
    """Take in every item of a file through the door it would have come by; again does no harm."""
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    if sent:
        sent.close()  # a large one lies on disk until then
    try:
        found = sealed_files.read_sealed_file(content)
        with current_app.extensions["database"].reading() as session:
            device_id = sealed_files.device_of_file(session, found).id
    except Refusal as refusal:
        return _form_page(refusal), status_of(refusal)
    taken = _take(found, device_id)
    counts = Counter((one.kind, one.status) for one in taken)
    with current_app.extensions["database"].writing() as session:
        told = " ".join(f"{kind}:{status}={n}" for (kind, status), n in sorted(counts.items()))
        subject = f"{found.device} {told}".strip()
        record(session, sealed_files.IMPORTED, subject)
    troubled = [one for one in taken if one.problems]
    return render_template(
        "admin/sealed_file_done.html",
        found=found,
        counts=counts,
        troubled=troubled[:MOST_SHOWN],
        more=len(troubled) > MOST_SHOWN,
    ), 200


def _take(found: SealedFile, device_id: int) -> list[Taken]:
    database, sent_at = current_app.extensions["database"], found.sent_at(clock.now())
    taken = []
    doors = (("response", found.responses, take_batch), ("visit", found.visits, take_visits))
    for kind, items, take in doors:
        for start in range(0, len(items), LARGEST_BATCH):
            with database.writing() as session:
                opened = open_batch(session, items[start : start + LARGEST_BATCH])
                receipts = take(session, opened, device_id, sent_at)
            taken += [Taken.of(kind, receipt) for receipt in receipts]
    return taken


def _form_page(refusal: Refusal | None = None) -> str:
    return room_page("sealed_file.html", refusal)
