"""No page shuts anybody out: axe-core, narrow screens, text spacing, reduced motion, focus.

Every door has a walk here, a generator that leads a browser page from page to page and yields its
name each time one is to be looked at. A new door is added to WALKS.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from survey_app import clock, worker
from survey_app.models.fieldwork import Assignment, Visit
from survey_app.models.responses import Response
from survey_app.models.waves import Procedure, Wave
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.accessibility.axe import barriers
from tests.chromium import lead_on
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import (
    catalogue,
    make_device,
    make_point,
    make_unit,
    response_content,
)
from tests.survey_app.invitation_factories import make_officials
from tests.survey_app.results_factories import make_computable
from tests.survey_app.web.citizen_door import make_app, make_centre, make_door
from tests.survey_app.web.kiosk_counter import make_counter
from tests.survey_app.web.tablet_field import PIN, make_area

PASSWORD = "một mật khẩu dài"
REQUIRED = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")

# What an administrator finds behind a wave: a new room is added here.
ROOMS = ("quality", "dossier-codes", "points", "coverage", "invitations", "invitations/matrix")
ROOMS += ("assignments", "assignments/of/PC1", "assignments/private/sipas-counter/1", "progress")
ROOMS += (
    "held",
    "plan",
    "plan/close",
    "plan/remove",
    "plan/form?form=sipas-citizen/2022",
    "points/move",
)
HALLS = ("kiosks", "languages", "languages/km", "languages/prompts/sipas-counter/1", "networks")
HALLS += ("units", "procedures", "waves/full/points/D00001?procedure=ho-tich")
HALLS += ("tablets", "tablets/1", "tablets/1/revoke", "tablets/file")
HALLS += ("questionnaires", "questionnaires/sipas-citizen/compare?old=2022&new=2022-routed")


def press(page, name):
    lead_on(page, page.get_by_role("button", name=name, exact=True))


def go_on(page):
    """Press the first button of the form, which leads to the next page."""
    lead_on(page, page.locator("main form .button").first)


def open_wave(database, form="sipas-counter/1"):
    """A counter's address in a wave that is open today."""
    door = make_door(database, form)
    with database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    return door


def citizens(page, site, database, language):
    """A citizen's own phone: /s/<token>."""
    door = f"{site}{open_wave(database)}"
    page.goto(f"{door}?lang={language}")
    yield "start"
    go_on(page)
    yield "questions"
    go_on(page)
    yield "questions with errors"
    for code in REQUIRED:
        page.locator(f"#q-{code}-4").check()
    go_on(page)
    yield "review"
    go_on(page)
    yield "review with errors"
    page.goto(f"{door}?lang={language}")
    yield "start again"
    page.goto(f"{door}/leave")
    yield "leave"
    page.goto(f"{door}/review")
    page.locator("#helped-1").check()
    go_on(page)
    yield "thanks"
    page.goto(f"{door}?lang={language}")
    yield "start after sending"
    page.goto(f"{door}/goodbye?lang={language}")
    yield "goodbye"
    page.goto(f"{door}/review?lang={language}")
    yield "thanks for what was sent"
    page.context.clear_cookies()
    page.goto(f"{door}/thanks?lang={language}")
    yield "receipt that is gone"
    page.goto(f"{door}x?lang={language}")
    yield "edited link"
    page.goto(f"{site}/nowhere?lang={language}")
    yield "no such page"
    page.goto(f"{site}/accessibility?lang={language}")
    yield "accessibility statement"
    page.goto(f"{site}/privacy?lang={language}")
    yield "data protection"
    page.goto(f"{site}/receipt?lang={language}")
    yield "receipt"
    page.locator("#code").fill("ABCDE23456")
    go_on(page)
    yield "receipt unknown"
    with database.reading() as session:
        receipt = session.scalars(select(Response.receipt)).one()
    for where in ("form found", "delete it?", "form deleted"):
        if page.locator("#code").count():
            page.locator("#code").fill(receipt)
        go_on(page)
        yield where


def centre(page, site, database, language):
    """A desk of a one-stop centre: which agency, and what the page before sending says of it."""
    door = f"{site}{make_centre(database)}"
    with database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    page.goto(f"{door}?lang={language}")
    go_on(page)
    yield "dossier"
    go_on(page)
    yield "dossier with errors"
    page.locator("#unit-1").check()
    go_on(page)
    for code in REQUIRED:
        page.locator(f"#q-{code}-4").check()
    page.get_by_role("textbox").fill("Tôi khiếu nại: hồ sơ chậm. Gọi 0912345678.")
    go_on(page)
    yield "review with dossier and numbers"
    page.locator("#helped-1").check()
    go_on(page)
    yield "thanks with a complaint"


def long_form(page, site, database, language):
    """The citizens' form of 2022, which has every kind of question, with its errors."""
    page.goto(f"{site}{open_wave(database, 'sipas-citizen/2022')}?lang={language}")
    go_on(page)
    for number in range(1, 40):
        yield f"page {number}"
        go_on(page)
        if page.locator("#summary").count():
            if language == "vi":  # the other languages have theirs on the short form
                yield f"page {number} with errors"
            answer_all(page)
            go_on(page)
        if page.url.endswith("/review"):
            break
    yield "review"


def answer_all(page):
    """Take the first option of every question, and type a number where one is asked for."""
    for question in page.locator(".question").all():
        options = question.locator("input[type=radio], input[type=checkbox]")
        typed = question.locator("input[inputmode=decimal]")
        if typed.count():
            typed.fill("30")
        elif options.count():
            options.first.check()


def kiosk(page, site, database, language):
    """A kiosk at a one-stop counter: /k/<token>, from its enrolment to the thanks."""
    counter = make_counter(database, agencies=2)
    page.goto(f"{site}{counter.door}?lang={language}")
    yield "enrolment"
    page.locator("#code").fill("AAAAAAAA")
    lead_on(page, page.locator("form button"))
    yield "wrong code"
    page.locator("#code").fill(counter.code)
    page.locator("form button").click()
    page.locator(".language").nth(("vi", "km", "en").index(language)).wait_for()
    yield "start"
    page.locator(".corner").click()
    yield "PIN pad"
    page.locator("dialog .aside").last.click()
    page.locator(".language").nth(("vi", "km", "en").index(language)).click()
    page.locator(".consent .aside").nth(2).click()
    yield "whole notice"
    page.locator(".consent .equal button").first.click()
    page.locator(".agency .choice").first.click()
    for number in range(5):
        page.locator(".dot.on").nth(number).wait_for(state="attached")
        yield f"question {number + 1}"
        page.locator(".face").nth(3).click()
    page.locator(".item .choice").first.click()
    page.locator(".face").nth(3).click()
    page.locator("#box").wait_for()
    yield "comment"
    page.locator(".parts .aside").click()
    page.locator(".helped .choice").first.click()
    yield "helped"
    page.locator(".helped .main").click()
    page.locator(".code").wait_for()
    yield "thanks"


def tablet(page, site, database, language):
    """A surveyor's tablet: /t/, from its enrolment to an interview that is handed in."""
    area = make_area(database, "sipas-counter/1", private="trips")
    page.goto(f"{site}/t/")
    page.locator("#code").fill("AAAAAAAA")
    page.locator(".enrol .main").click()
    page.locator("[aria-invalid]").wait_for()
    yield "wrong code"
    page.locator("#code").fill(area.code)
    page.locator(".enrol .main").click()
    page.locator("#again").wait_for()
    yield "PIN to be chosen"
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator(".choose .main").click()
    page.locator(".home h1").wait_for()
    if language != "vi":
        page.locator(".home .aside").last.click()
        page.locator(f".tablet .key[lang={language}]").click()
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        yield "tablet"
        page.locator("#bar .key").first.click()
    yield "home"
    page.locator("button.line").first.click()
    yield "area"
    page.locator("button.line").nth(1).click()
    page.locator(".household .wide").nth(1).click()
    page.locator(".number").nth(2).click()
    page.locator(".selection .main").click()
    page.locator("button.line").nth(0).click()
    page.locator(".household .wide").last.click()
    yield "outcomes"
    page.locator("[data-code=appointment]").click()
    yield "appointment"
    page.locator("#bar .key").first.click()
    page.locator("[data-code=vacant]").click()
    yield "final outcome"
    for _step in range(2):
        page.locator("#bar .key").first.click()
    yield "household"
    page.locator(".household .main").click()
    yield "adults"
    page.locator(".number").nth(4).click()
    page.locator("summary").click()
    yield "who is asked"
    page.locator(".selection .main").click()
    yield "language"
    page.locator(f".which .key[data-code={language}]").click()
    yield "who is there"
    page.locator(".presence .main").click()
    page.locator(".interpreter .choice").first.click()
    page.locator("summary").click()
    yield "consent"
    page.locator(".consent .main").click()
    for number in range(6):
        page.locator(f".progress progress[value='{number + 1}']").wait_for()
        if number in (0, 5):
            yield f"question {number + 1}"
        page.locator(".face").nth(3).click()
    page.locator("#box").wait_for()
    yield "comment"
    page.locator("#bar .tools .key").first.click()
    yield "stop"
    page.locator("#bar .key").first.click()
    page.locator("#box").wait_for()
    page.locator(".row .main").click()
    yield "hand over"
    page.locator(".hand-over .main").click()
    yield "in private"
    page.locator(".item .choice").first.click()
    yield "hand back"
    page.locator(".hand-back .main").click()
    yield "review"
    page.locator(".review .main").first.click()
    page.locator(".finished .code").wait_for()
    yield "handed in"
    page.locator(".finished .main").click()
    page.locator("#bar .key").first.click()
    page.locator("#outbox-state + .row .key").click()
    page.locator(".outbox h1").wait_for()
    yield "outbox"
    page.locator("#bar .tools .key").click()
    page.locator(".unlock h1").wait_for()
    yield "locked"
    page.locator(".unlock .aside").first.click()
    page.locator(".forgotten h1").wait_for()
    yield "forgotten PIN"


def official(page, site, database, language):
    """A letter of invitation: /i/<code>."""
    with database.writing() as session:
        officials = make_officials(session, {"A": 2}, [make_unit(session), make_unit(session)])
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    code, unit = officials.codes[0], officials.units[0].code
    page.goto(f"{site}/i/{code}?lang={language}")
    yield "letter"
    page.goto(f"{site}/i/{code}/{unit}?lang={language}")
    yield "start"
    go_on(page)
    yield "questions"
    for item in REQUIRED:
        page.locator(f"#q-{item}-4").check()
    go_on(page)
    yield "review"
    go_on(page)
    yield "thanks"
    page.goto(f"{site}/i/{code}/{unit}?lang={language}")
    yield "used"


def slip(page, site, database, language):
    """A code on the receipt of a dossier: /s/c."""
    with database.writing() as session:
        code = make_codes(session, make_counted(session, land=40))[0]
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    page.goto(f"{site}/s/c?lang={language}")
    yield "code"
    page.locator("#code").fill("AAAABBBBCCCC")
    go_on(page)
    yield "wrong code"
    page.locator("#code").fill(code)
    go_on(page)
    yield "start"
    go_on(page)
    for item in REQUIRED:
        page.locator(f"#q-{item}-4").check()
    go_on(page)
    page.locator("#helped-1").check()
    go_on(page)
    yield "thanks"


def staff(page, site, database, files):
    """The administration: /admin, in the language of record."""
    with database.writing() as session:
        create_account(session, "lan", PASSWORD, "administrator")
        wave = make_computable(session, code="full", units=2)
        make_fieldwork(session, wave)
        session.add(Procedure(code="ho-tich", name="Hộ tịch"))
    page.goto(f"{site}/admin/sign-in")
    yield "sign-in"
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu").fill("không đúng")
    press(page, "Đăng nhập")
    yield "wrong password"
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    press(page, "Đăng nhập")
    yield "waves"
    for name in ROOMS:
        assert page.goto(f"{site}/admin/waves/full/{name}").ok, name
        yield name
    for name in HALLS:
        assert page.goto(f"{site}/admin/{name}").ok, name
        yield name
    yield from planning(page, site)
    with database.reading() as session:
        sent = session.scalars(select(Response.id)).first()
    page.goto(f"{site}/admin/waves/full/quality/{sent}/revise")
    yield "correction"
    press(page, "Lưu bản sửa")
    yield "correction without reason"
    page.locator("#q-staff-1").check()
    page.get_by_label("Lý do sửa").fill("Hỏi lại hộ")
    press(page, "Lưu bản sửa")
    yield "answers with history"
    page.goto(f"{site}/admin/waves/full")
    yield "wave"
    lead_on(page, page.locator("form[action$=compute] button"))
    yield "job"
    while worker.work_once(database, catalogue(), files):
        pass
    page.reload()
    yield "run"
    page.goto(f"{site}/admin/waves/full/privacy")
    yield "data protection"
    page.goto(f"{site}/admin/waves/full/held")
    lead_on(page, page.locator("tbody a").first)
    yield "forms in conflict"
    page.goto(f"{site}/admin/waves/none")
    yield "no such wave"


def planning(page, site):
    """A new wave, with what is wrong at first, and points looked at before they move to it."""
    page.goto(f"{site}/admin/new-wave")
    yield "new wave"
    page.get_by_label("Mã đợt").fill("đợt 1")
    page.get_by_label("Tên đợt").fill("Đợt sau")
    press(page, "Lập đợt")
    yield "new wave with errors"
    page.get_by_label("Mã đợt").fill("next")
    page.locator("[name=form][value='sipas-citizen/2022']").check()
    press(page, "Lập đợt")
    yield "plan of a new wave"
    page.goto(f"{site}/admin/waves/next/plan/form?form=sipas-citizen/2022-routed")
    yield "version compared"
    page.goto(f"{site}/admin/waves/next/plan/open")
    yield "open it?"
    page.goto(f"{site}/admin/waves/full/points/move")
    press(page, "Xem trước")
    yield "nothing to move"
    page.locator("#which-all").check()
    page.locator("#to").select_option(index=1)
    press(page, "Xem trước")
    yield "look at a move"


def make_fieldwork(session, wave):
    """A silent tablet with an area of which a household was called at, and a conflict."""
    long_ago = clock.now() - timedelta(days=9)
    tablet = make_device(session, last_seen_at=long_ago, queue_length=3, surveyor="Lê Thị B")
    point = make_point(session, wave)
    fields = {"wave_id": wave.id, "point_id": point.id, "device_id": tablet.id}
    one = Assignment(code="PC1", selection="kish", quota=4, reserve=2, **fields)
    session.add(one)
    session.flush()
    call = {"assignment_id": one.id, "household": 1, "day": long_ago.date()}
    session.add(Visit(id=uuid4(), outcome="complete", content_hash="0" * 64, **call))
    content = response_content(wave=wave.code, collection_point=point.code)
    for mode in ("tablet", "phone"):
        accept_response(session, content | {"mode": mode}, clock.now(), catalogue())


# Here a new door is added: what it is called, its walk, what it is told besides.
WALKS = {
    **{f"citizens in {language}": (citizens, language) for language in ("vi", "km", "en")},
    **{f"one-stop centre in {language}": (centre, language) for language in ("vi", "km", "en")},
    **{f"kiosk in {language}": (kiosk, language) for language in ("vi", "km", "en")},
    **{f"tablet in {language}": (tablet, language) for language in ("vi", "km", "en")},
    **{f"official in {language}": (official, language) for language in ("vi", "km", "en")},
    **{f"code in {language}": (slip, language) for language in ("vi", "km", "en")},
    **{f"long form in {language}": (long_form, language) for language in ("vi", "km")},
}


@pytest.mark.parametrize("name", WALKS)
def test_no_page_shuts_anybody_out(open_page, serve, sqlite_database, name):
    walk, told = WALKS[name]
    page = open_page()

    found = {
        where: barriers(page, with_keys=told == "vi" and walk is not long_form)
        for where in walk(page, serve(make_app(sqlite_database)), sqlite_database, told)
    }

    assert len(found) >= 4
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_of_the_administration_shuts_anybody_out(
    open_page, serve, sqlite_database, tmp_path, width
):
    page = open_page(width)
    site = serve(make_app(sqlite_database))

    found = {where: barriers(page) for where in staff(page, site, sqlite_database, tmp_path)}

    assert len(found) == 19 + len(ROOMS) + len(HALLS)
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
