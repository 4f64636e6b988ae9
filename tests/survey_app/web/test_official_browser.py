"""An invited official with a phone, in three languages, without JavaScript."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.codes import InvitationTarget
from survey_app.models.responses import StagedResponse
from survey_app.models.waves import Wave
from tests.chromium import lead_on
from tests.survey_app.factories import make_unit
from tests.survey_app.invitation_factories import make_officials
from tests.survey_app.web.citizen_door import make_app
from tests.survey_app.web.served import served

REQUIRED = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")
WORDS = {
    "vi": ("Tôi đồng ý và bắt đầu", "Tiếp tục", "Gửi phiếu", "Cảm ơn đã gửi phiếu", "Chưa gửi"),
    "en": (
        "I agree and begin",
        "Continue",
        "Send the form",
        "Thank you for sending the form",
        "Not sent yet",
    ),
    "km": ("ខ្ញុំយល់ព្រម ហើយចាប់ផ្តើម", "បន្ត", "ផ្ញើកម្រងសំណួរ", "សូមអរគុណដែលបានផ្ញើកម្រងសំណួរ", "មិនទាន់ផ្ញើ"),
}


@pytest.fixture
def address(sqlite_database):
    with sqlite_database.writing() as session:
        units = [
            make_unit(session, code=f"S{k}", name=name)
            for k, name in enumerate(("Sở Tài chính", "Sở Nội vụ", "Sở Nông nghiệp và Môi trường"))
        ]
        officials = make_officials(session, {"Lãnh đạo Ủy ban nhân dân cấp xã": 1}, units)
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    with served(make_app(sqlite_database)) as site:
        yield f"{site}/i/{officials.codes[0]}"


@pytest.fixture
def page(browser):
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="vi-VN"
    )
    yield context.new_page()
    context.close()


def fits(page):
    """Nothing runs out of the screen, and everything to press is large enough."""
    root = page.locator("html").evaluate("e => [e.scrollWidth, e.clientWidth]")
    sizes = [
        box
        for box in (
            place.bounding_box()
            for place in page.locator("a.target, a.button, button, a.language").all()
        )
        if box
    ]
    return root[0] <= root[1] and all(box["height"] >= 48 for box in sizes)


@pytest.mark.parametrize("language", list(WORDS))
def test_the_whole_way_of_an_official(page, address, sqlite_database, language):
    begin, on, send, thanks, waiting = WORDS[language]
    page.goto(f"{address}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator(".target").count() == 3
    assert page.get_by_text(waiting).count() == 3
    assert fits(page)

    lead_on(page, page.get_by_role("link", name="Sở Tài chính"))
    assert fits(page)
    lead_on(page, page.get_by_role("button", name=begin, exact=True))
    for code in REQUIRED:
        page.locator(f"label[for='q-{code}-4']").click()
    lead_on(page, page.get_by_role("button", name=on, exact=True))
    lead_on(page, page.get_by_role("button", name=send, exact=True))

    assert page.get_by_role("heading", level=1).inner_text() == thanks
    assert fits(page)
    lead_on(page, page.locator("a.button"))
    assert page.locator("p.target.done").inner_text().startswith("Sở Tài chính")
    assert page.locator("a.target").count() == 2
    with sqlite_database.reading() as session:
        used = session.scalars(select(InvitationTarget.used)).all()
        staged = session.scalars(select(StagedResponse)).all()
    assert sorted(used) == [False, False, True]
    assert [language in one.content for one in staged] == [True]


def test_going_back_after_sending_shows_that_it_was_sent(page, address):
    page.goto(f"{address}/S0")
    lead_on(page, page.get_by_role("button", name="Tôi đồng ý và bắt đầu"))
    for code in REQUIRED:
        page.locator(f"label[for='q-{code}-4']").click()
    lead_on(page, page.get_by_role("button", name="Tiếp tục"))
    review = page.url
    lead_on(page, page.get_by_role("button", name="Gửi phiếu"))
    page.goto(review)

    assert "đã được gửi" in page.get_by_role("heading", level=1).inner_text()
