"""The printed sheet of QR codes of a wave, as PDF; only the worker imports this."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import typst

from survey_app.exports.qr import qr_drawing
from survey_app.i18n import VIETNAMESE, _, of_record, translate
from survey_app.services.counter.points import Card

PAPERS: Final = ("a4", "a6")
LAYOUT: Final = Path(__file__).with_name("qr_sheet.typ")
FONTS: Final = Path(__file__).parent  # that of Khmer; Latin letters are those inside typst
LANGUAGES: Final = ("km", "en")
DRAWN: Final = 80  # per cent of the work that is drawing codes; the rest is setting the pages

Progress = Callable[[int], object]


def write_qr_sheet(
    cards: Sequence[Card], base: str, paper: str, stream: BinaryIO, progress: Progress | None = None
) -> None:
    """Write the cards as PDF: `a4` eight on a sheet with lines to cut along, `a6` one on a page.

    `base` is what the printed addresses begin with. Names and drawings are data of the layout,
    never part of its text, so a name cannot change the page. The same cards give the same bytes.
    """
    stream.write(_compiled(_data(cards, base, paper, progress), "pdf"))


def sheet_pages(cards: Sequence[Card], base: str, paper: str, ppi: float) -> list[bytes]:
    """The pages of the sheet as pictures (PNG), to look at them or to read their codes."""
    pages = _compiled(_data(cards, base, paper), "png", ppi)
    return pages if isinstance(pages, list) else [pages]


def address_of(base: str, token: str) -> str:
    """The address that a QR code opens on the citizen's own phone."""
    return f"{base}/s/{token}"


def _data(
    cards: Sequence[Card], base: str, paper: str, progress: Progress | None = None
) -> dict[str, Any]:
    drawn = []
    for done, card in enumerate(cards, start=1):
        address = address_of(base, card.token)
        drawn.append(
            {
                "unit": card.unit,
                "name": card.name,
                "procedure": card.procedure,
                "address": address,
                "drawing": qr_drawing(address).decode("ascii"),
                "alt": of_record("Mã QR của {name}, {unit}", name=card.name, unit=card.unit),
                "until": of_record("Dùng đến hết ngày {day}", day=f"{card.last_day:%d/%m/%Y}"),
            }
        )
        if progress:
            progress(DRAWN * done // len(cards))
    return {
        "title": of_record("Mã QR lấy ý kiến"),
        "paper": paper,
        "invitation": _invitation(),
        "cards": drawn,
    }


def _invitation() -> list[dict[str, str]]:
    """What the card asks for, in every language."""
    sentence = _("Kính mời Ông/Bà quét mã để đánh giá việc phục vụ. Phiếu không ghi tên.")
    lines = [{"lang": VIETNAMESE, "text": sentence}]
    told = [{"lang": language, "text": translate(sentence, language)} for language in LANGUAGES]
    return [*lines, *told]


def _compiled(data: dict[str, Any], kind: Any, ppi: float | None = None) -> Any:
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    return typst.compile(
        LAYOUT.read_bytes(),
        format=kind,
        ppi=ppi,
        sys_inputs=inputs,
        font_paths=_fonts(),
        timestamp=0,
    )


@cache
def _fonts() -> typst.Fonts:
    """The fonts inside typst and those of the service; none of the machine, so pages are alike."""
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])
