"""The printed sheet: every code reads back as its address, names stand as they are written."""

import io
from datetime import date

import pytest

from survey_app.exports.qr_sheet import (
    PAPERS,
    _invitation,
    address_of,
    sheet_pages,
    write_qr_sheet,
)
from survey_app.services.counter.points import Card
from tests.survey_app.exports.qr_reader import dark, read_code

BASE = "https://khaosat.example.vn"
PPI = 220
CELL = (74.25 / 25.4 * PPI, 105 / 25.4 * PPI)  # height and width of a card on A4


def made(n, **changes):
    return [
        Card(
            **{
                "unit": "Trung tâm Phục vụ hành chính công thành phố Cần Thơ",
                "name": f"Quầy {k}: tiếp nhận và trả kết quả",
                "token": f"{k:04d}" + "aZ-_" * 10,
                "last_day": date(2027, 12, 31),
            }
            | changes
        )
        for k in range(n)
    ]


def pdf(cards, paper="a4"):
    stream = io.BytesIO()
    write_qr_sheet(cards, BASE, paper, stream)
    return stream.getvalue()


def cells(page):
    picture = dark(page)
    for row in range(4):
        for column in range(2):
            top, left = round(row * CELL[0]), round(column * CELL[1])
            # without the margin in which the cutting lines run
            yield picture[top + 9 : round(top + CELL[0]) - 9, left + 9 : round(left + CELL[1]) - 9]


def test_every_code_of_an_a4_sheet_reads_back_as_its_address():
    cards = made(11)
    pages = sheet_pages(cards, BASE, "a4", PPI)
    read = [read_code(cell) for page in pages for cell in cells(page) if cell.any()]

    assert len(pages) == 2
    assert read == [address_of(BASE, card.token) for card in cards]


def test_every_page_of_a6_holds_one_code_that_reads_back():
    cards = made(3)
    pages = sheet_pages(cards, BASE, "a6", PPI)

    assert [read_code(dark(page)) for page in pages] == [address_of(BASE, c.token) for c in cards]


@pytest.mark.parametrize("length", [30, 120, 500])
@pytest.mark.parametrize("paper", PAPERS)
def test_a_procedure_is_printed_and_leaves_the_code_readable(paper, length):
    name = ("Cấp giấy chứng nhận quyền sử dụng đất " * 14)[:length]
    cards = made(1, procedure=name)
    (page,) = sheet_pages(cards, BASE, paper, PPI)
    picture = next(cells(page)) if paper == "a4" else dark(page)

    assert read_code(picture) == address_of(BASE, cards[0].token)
    assert sheet_pages(made(1), BASE, paper, PPI) != [page]


def test_the_reader_of_codes_would_notice_another_address():
    (page,) = sheet_pages(made(1), BASE, "a6", PPI)

    assert read_code(dark(page)) != address_of(BASE, made(2)[1].token)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_sheet_is_a_pdf_with_lines_and_no_picture_of_points(paper):
    content = pdf(made(9), paper)

    assert content.startswith(b"%PDF-")
    assert b"/Subtype/Image" not in content.replace(b" ", b"")
    assert (b"595.27" if paper == "a4" else b"297.63") in content


def test_the_same_cards_give_the_same_bytes():
    assert pdf(made(2)) == pdf(made(2))


@pytest.mark.parametrize(
    "name", ['#panic("x")', '*_$ \\ #import "/etc/passwd" <a>', "[", "Quầy «1» & 2"]
)
def test_a_name_is_words_and_never_a_command(name):
    (page,) = sheet_pages(made(1, name=name), BASE, "a6", PPI)

    assert read_code(dark(page)).startswith(BASE)


def test_vietnamese_words_are_set_in_letters_and_not_in_empty_boxes():
    """A letter that no font has is drawn as one and the same box."""
    one, other, missing, also = (
        dark(sheet_pages(made(1, name=name), BASE, "a6", 72)[0])
        for name in ("Ặẵễựỹ", "Ẳẫểửỷ", "ꙮꙮꙮꙮꙮ", "ꙭꙭꙭꙭꙭ")
    )

    assert (missing == also).all()
    assert (one != other).any()
    assert (one != missing).any()


def test_long_names_stay_on_their_card():
    long = "Trung tâm Phục vụ hành chính công " * 3
    pages = sheet_pages(made(8, unit=long, name=long[:120]), BASE, "a4", PPI)

    assert len(pages) == 1
    assert len([read_code(cell) for cell in cells(pages[0])]) == 8


def test_progress_is_told_up_to_where_the_pages_are_set():
    told = []
    write_qr_sheet(made(4), BASE, "a6", io.BytesIO(), told.append)

    assert told == [20, 40, 60, 80]


def test_a_card_asks_in_every_language_and_in_its_letters():
    """Names in Khmer letters show that there is a font for them."""
    one, other, missing = (
        dark(sheet_pages(made(1, name=name), BASE, "a6", 72)[0]) for name in ("ភូមិ", "ឃុំស", "ꙮꙮꙮꙮ")
    )

    assert [line["lang"] for line in _invitation()] == ["vi", "km", "en"]
    assert len({line["text"] for line in _invitation()}) == 3
    assert (one != other).any()
    assert (one != missing).any()
