"""What every page owes to who reads it: one heading, a title, labels, a token, no inline style.

A new page is walked here too: add it to `citizens_pages` or `staffs_pages`.
"""

import hashlib
import io
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import delete, select

from survey_app import clock, worker
from survey_app.i18n import LANGUAGES
from survey_app.models.accounts import Device
from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import HeldResponse, Response
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import catalogue as definitions
from tests.survey_app.factories import make_form, make_unit, response_content
from tests.survey_app.invitation_factories import make_officials, people_of
from tests.survey_app.results_factories import INDEX, make_computable
from tests.survey_app.web.citizen_door import (
    Person,
    hidden,
    make_app,
    make_centre,
    make_door,
    receipt_on,
)
from tests.survey_app.web.office import PASSWORD, browser_of, make_office

QUESTIONS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall")


@pytest.fixture
def app(sqlite_database):
    return make_app(sqlite_database)


@dataclass
class Form:
    """A form of a page: how it is sent and its hidden fields."""

    method: str
    hidden: dict = field(default_factory=dict)


class Outline(HTMLParser):
    """What a screen reader finds on a page: headings, labels, fields, forms."""

    def __init__(self, text):
        super().__init__()
        self.language, self.title, self.headings = None, "", []
        self.labels, self.fields, self.forms, self.legends = set(), [], [], []
        self.inline, self.ids, self._open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag in ("style", "script") and "src" not in given else []
        self.inline += [v for v in given.values() if v and v.startswith(("javascript:", "data:"))]
        self._open.append(tag)
        match tag:
            case "html":
                self.language = given.get("lang")
            case "h1":
                self.headings.append("")
            case "label":
                self.labels.add(given.get("for"))
            case "form":
                self.forms.append(Form(given.get("method", "get")))
            case "fieldset":
                self.legends.append("")
            case "input" if given.get("type") == "hidden":
                self.forms[-1].hidden[given["name"]] = given["value"]
            case "input" | "select" | "textarea" | "progress":
                self.fields.append(
                    given | {"legend": len(self.legends) - 1, "inside": self._inside}
                )
        if tag in ("input", "meta", "link", "img", "br"):
            self._open.pop()

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if "title" in self._open:
            self.title += data
        elif "h1" in self._open:
            self.headings[-1] += data
        elif "legend" in self._open:
            self.legends[-1] += data

    @property
    def _inside(self):
        return "fieldset" in self._open

    def unlabelled(self):
        """Fields without a label, and choices without a legend that says what is chosen."""
        for one in self.fields:
            named = one.get("id") in self.labels or "aria-labelledby" in one
            choice = one.get("type") in ("radio", "checkbox")
            if not named or (
                choice and not (one["inside"] and self.legends[one["legend"]].strip())
            ):
                yield one


def check_page(page, language):
    """Assert what every page owes to who reads it."""
    outline = Outline(page.text)
    (heading,) = [" ".join(text.split()) for text in outline.headings]
    assert outline.language == language
    assert heading
    assert heading in " ".join(outline.title.split())
    assert list(outline.unlabelled()) == []
    assert outline.inline == []
    assert len(outline.ids) == len(set(outline.ids))
    for form in outline.forms:
        assert form.method == "get" or form.hidden.get("csrf_token")


def citizens_pages(person, language):
    """Every page a citizen meets in a language, one after the other."""
    door = person.door
    asked = f"?lang={language}"
    yield "start", person.see(asked), 200
    person.send("", person.see(asked))
    yield "page", person.see("/1" + asked), 200
    yield "page with errors", person.send("/1"), 422
    person.send("/1", **{f"q-{code}": "4" for code in QUESTIONS})
    yield "start again", person.see(asked), 200
    yield "leave", person.see("/leave" + asked), 200
    yield "review", person.see("/review" + asked), 200
    yield "not on this page", person.client.post(door + "/review" + asked), 400
    yield "review without helper", person.send("/review", helped=""), 422
    complaint = {"q-comment": "Tôi khiếu nại việc chờ lâu, gọi tôi 0912345678."}
    person.send("/1", **{f"q-{code}": "4" for code in QUESTIONS} | complaint)
    yield "review of a complaint", person.see("/review" + asked), 200
    person.send("/review")
    yield "start after sending", person.see(asked), 200
    yield "goodbye", person.see("/goodbye" + asked), 200
    yield "thanks", person.see("/thanks" + asked), 200
    receipt = receipt_on(person.see("/thanks"))
    yield "form that is gone", person.see("/review" + asked), 200
    yield "data protection", person.client.get("/privacy" + asked), 200
    typing = person.client.get("/receipt" + asked)
    yield "receipt", typing, 200
    for name, code, step, status in (
        ("no code", "x", "", 400),
        ("unknown code", "ABCDE23456", "", 404),
        ("form found", receipt, "", 200),
        ("delete it?", receipt, "ask", 200),
        ("form deleted", receipt, "delete", 200),
    ):
        typed = hidden(typing) | {"code": code, "step": step}
        yield name, person.client.post("/receipt" + asked, data=typed), status
    yield "edited link", person.client.get(door + "x" + asked), 404
    yield (
        "thanks of nobody",
        person.client.application.test_client().get(door + "/thanks" + asked),
        410,
    )
    yield "no such page", person.client.get("/nowhere" + asked), 404
    kiosk = door.replace("/s/", "/k/")
    yield "kiosk to be enrolled", person.client.get(kiosk + asked), 200
    wrong = hidden(person.client.get(kiosk)) | {"code": "AAAAAAAA"}
    yield "kiosk with a wrong code", person.client.post(kiosk + asked, data=wrong), 400


def officials_pages(client, officials, language):
    """Every page an invited official meets in a language."""
    asked, code = f"?lang={language}", officials.codes[0]
    first, second = (unit.code for unit in officials.units)
    yield "letter", client.get(f"/i/{code}{asked}"), 200
    person = Person(client, f"/i/{code}/{first}")
    yield "start", person.see(asked), 200
    person.send("", person.see(asked))
    yield "page", person.see("/1" + asked), 200
    person.send("/1", **{f"q-{name}": "4" for name in QUESTIONS})
    yield "start again", person.see(asked), 200
    yield "review", person.see("/review" + asked), 200
    person.send("/review")
    yield "thanks", person.see("/thanks" + asked), 200
    yield "letter half used", client.get(f"/i/{code}{asked}"), 200
    yield "used", person.see(asked), 410
    last = Person(client, f"/i/{code}/{second}")
    last.finish()
    yield "last thanks", last.see("/thanks" + asked), 200
    yield "edited code", client.get(f"/i/{code}x{asked}"), 404
    yield "unit of others", client.get(f"/i/{code}/other{asked}"), 404
    yield "nothing to rate", client.get(f"/i/{officials.codes[1]}{asked}"), 200


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_of_an_official_owes_the_same(sqlite_database, language):
    with sqlite_database.writing() as session:
        officials = make_officials(session, {"A": 2}, [make_unit(session), make_unit(session)])
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
        idle = session.scalars(select(Invitation.id).order_by(Invitation.id.desc())).first()
        session.execute(delete(InvitationTarget).where(InvitationTarget.invitation_id == idle))
    client = make_app(sqlite_database).test_client()
    for name, page, status in officials_pages(client, officials, language):
        assert page.status_code == status, name
        check_page(page, language)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_of_a_citizen_has_its_heading_title_labels_and_token(sqlite_database, language):
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    person = Person(make_app(sqlite_database).test_client(), door)
    for name, page, status in citizens_pages(person, language):
        if page.status_code == 303:
            page = person.client.get(page.location)
        assert page.status_code == status, name
        check_page(page, language)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_page_on_the_dossier_owes_the_same(sqlite_database, language):
    door = make_centre(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    person = Person(make_app(sqlite_database).test_client(), door)
    person.send(f"?lang={language}")

    check_page(person.see("/about"), language)
    check_page(person.send("/about"), language)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_behind_a_code_owes_the_same(sqlite_database, language):
    with sqlite_database.writing() as session:
        code = make_codes(session, make_counted(session, land=40))[0]
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    client = make_app(sqlite_database).test_client()
    asking = client.get(f"/s/c?lang={language}")
    check_page(asking, language)
    check_page(client.post(f"/s/c?lang={language}", data=hidden(asking)), language)
    person = Person(client, f"/s/c/{code}")
    check_page(person.see(f"?lang={language}"), language)
    person.send(f"?lang={language}")
    person.send("/1", **{f"q-{name}": "4" for name in QUESTIONS})
    check_page(person.see("/review"), language)
    check_page(client.get(person.send("/review", helped="nobody").location), language)
    check_page(person.see(f"?lang={language}"), language)  # used


def test_the_page_of_tablets_owes_the_same(app):
    """It is one page for all, in Vietnamese; the app changes the language."""
    check_page(app.test_client().get("/t/?lang=en"), "vi")


def test_the_long_form_owes_the_same_on_every_page(sqlite_database):
    """The citizens' form of 2022 has every kind of question there is."""
    door = make_door(sqlite_database, "sipas-citizen/2022")
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    person = Person(make_app(sqlite_database).test_client(), door)
    address = person.begin().location
    for turn in range(40):
        seen = person.client.get(address)
        check_page(seen, "vi")
        if address.endswith("/review"):
            assert turn > 5
            return
        check_page(person.client.post(address, data=hidden(seen)), "vi")
        answers = hidden(seen) | first_choices(seen.text)
        address = person.client.post(address, data=answers).location
    pytest.fail("the form does not end")


def first_choices(text):
    """The first option of each question of a page, and a number where one is typed."""
    found = {}
    for one in Outline(text).fields:
        if one.get("name"):
            typed = "30" if one.get("inputmode") == "decimal" else ""
            found.setdefault(one["name"], one.get("value") or typed)
    return found


@pytest.fixture
def staff(sqlite_database, tmp_path):
    """An administrator's browser, an index that can be computed, and one that cannot yet."""
    with sqlite_database.writing() as session:
        create_account(session, "lan", PASSWORD, "administrator")
        make_computable(session, code="full", units=2)
        make_computable(session, code="empty", n=0)
    return browser_of(make_app(sqlite_database), "lan")


def test_the_pages_of_a_new_installation_owe_the_same(sqlite_database):
    client = browser_of(make_office(sqlite_database), "administrator")
    for room in ("", "units", "procedures", "kiosks"):
        check_page(client.get(f"/admin/{room}"), "vi")


def ask(client, wave):
    """Press the button; returns the page of the job."""
    page = f"/admin/waves/{wave}"
    fields = hidden(client.get(page)) | {"index": INDEX}
    return client.post(f"{page}/compute", data=fields).location


def staffs_pages(client, database, files):
    """Every page of the administration."""
    stranger = client.application.test_client()
    wrong = hidden(stranger.get("/admin/sign-in")) | {"name": "lan", "password": "không đúng"}
    yield "sign-in", stranger.get("/admin/sign-in"), 200
    yield "wrong password", stranger.post("/admin/sign-in", data=wrong), 401
    yield "sign-in while signed in", client.get("/admin/sign-in"), 200
    yield "waves", client.get("/admin/"), 200
    yield "wave", client.get("/admin/waves/full"), 200
    done, failed = ask(client, "full"), ask(client, "empty")
    yield "job waiting", client.get(done), 200
    while worker.work_once(database, definitions(), files):
        pass
    yield "job that failed", client.get(failed), 200
    yield "run", client.get(client.get(done).location), 200
    yield "wave computed", client.get("/admin/waves/full"), 200
    yield "quality", client.get("/admin/waves/full/quality?least=0"), 200
    yield "quality of nothing", client.get("/admin/waves/empty/quality"), 200
    yield "void", client.get("/admin/waves/full/quality/void?least=0"), 200
    with database.reading() as session:
        sent = session.scalars(select(Response.id)).first()
    yield "response reviewed", client.get(f"/admin/waves/full/quality/{sent}"), 200
    yield from corrections_pages(client, f"/admin/waves/full/quality/{sent}")
    yield "codes", client.get("/admin/waves/full/dossier-codes"), 200
    yield "networks", client.get("/admin/networks"), 200
    yield "data protection", client.get("/admin/waves/full/privacy"), 200
    yield "no such wave", client.get("/admin/waves/none"), 404
    given = hidden(client.get("/admin/kiosks")) | {"point": "1", "name": "Máy 1", "pin": "1234"}
    yield "kiosk to be prepared", client.post("/admin/kiosks", data=given | {"pin": ""}), 400
    yield "code of a kiosk", client.post("/admin/kiosks", data=given), 200
    yield "kiosks", client.get("/admin/kiosks"), 200
    yield from fieldwork_pages(client, database)
    yield from lists_pages(client)
    yield from counters_pages(client, database)
    yield from plans_pages(client)
    yield from languages_pages(client)
    yield from rooms_of_invitations(client, database)


def corrections_pages(client, response):
    """A response opened and corrected under review, and the versions of its questionnaire."""
    yield "answers", client.get(f"{response}/answers"), 200
    form = client.get(f"{response}/revise")
    yield "correction", form, 200
    given = hidden(form) | {f"q-{code}": "1" for code in QUESTIONS if code != "staff"}
    yield "correction not sound", client.post(f"{response}/revise", data=given), 422
    given |= {"q-staff": "1", "reason": ""}
    yield "correction without reason", client.post(f"{response}/revise", data=given), 422
    kept = client.post(f"{response}/revise", data=given | {"reason": "Hỏi lại hộ"})
    yield "answers with history", client.get(kept.location), 200
    old = client.post(f"{response}/revise", data=given | {"reason": "Hỏi lại hộ"})
    yield "correction of an old page", old, 409
    yield "questionnaires", client.get("/admin/questionnaires"), 200
    address = "/admin/questionnaires/sipas-citizen/compare?old=2022&new="
    yield "versions compared", client.get(f"{address}2022-routed"), 200
    yield "a version with itself", client.get(f"{address}2022"), 200
    yield "no such version", client.get(f"{address}1"), 404


def rooms_of_invitations(client, database):
    """The room of invitations, from an empty list to letters on their way."""
    room = "/admin/waves/full/invitations"

    def press(path, **fields):
        data = hidden(client.get(room)) | fields
        return client.post(f"{room}/{path}", data=data, content_type="multipart/form-data")

    yield "no list", client.get(room), 200
    yield "no matrix", client.get(f"{room}/matrix"), 200
    yield "no people", client.get(f"{room}/people"), 200
    lines = ["group;unit;name;contact", *(";".join(one) for one in people_of({"A": 12, "B": 3}))]
    wrong, right = (("\n".join(some).encode(), "x.csv") for some in ([*lines, "A;;;"], lines))
    for name, file, status in (("wrong list", wrong, 422), ("list", right, 200)):
        yield name, press("import", list=(io.BytesIO(file[0]), file[1])), status
    yield "matrix", client.get(f"{room}/matrix"), 200
    press("matrix", level=[f"commune:{hashlib.sha256(b'A').hexdigest()[:8]}"])
    with database.writing() as session:
        make_form(session, session.scalars(select(Wave).where(Wave.code == "full")).one())
    yield "assigned", press("assign", form="sipas-counter/1"), 200
    yield "people", client.get(f"{room}/people"), 200
    yield "letters", client.get(press("send", letter="first").location), 200
    yield "no such letters", press("send", letter="second"), 404


def fieldwork_pages(client, database):
    """Every page of the rooms of tablets, assignments, fieldwork and forms that wait."""
    wave, tablets = "/admin/waves/full", "/admin/tablets"
    yield "no tablets", client.get(tablets), 200
    token = hidden(client.get(tablets))
    yield "tablet not prepared", client.post(tablets, data=token), 400
    given = token | {"name": "Máy số 7", "surveyor": "Lê Thị B"}
    yield "code of a tablet", client.post(tablets, data=given), 200
    yield "tablets", client.get(tablets), 200
    yield "tablets that were not found", client.get(f"{tablets}?q=không có&only=silent"), 200
    with database.reading() as session:
        one = f"{tablets}/{session.scalars(select(Device.id).where(Device.kind == 'tablet')).one()}"
        point = session.scalars(
            select(CollectionPoint.code).join(WavePoint).join(Wave).where(Wave.code == "full")
        ).first()
    yield "tablet", client.get(one), 200
    yield "tablet without a surveyor", client.post(one, data=token), 400
    for deed in ("renew", "retire", "resume", "revoke"):
        yield deed, client.get(f"{one}/{deed}"), 200
    yield "sealed file", client.get(f"{tablets}/file"), 200
    yield "no sealed file", client.post(f"{tablets}/file", data=token), 400
    empty = b'{"format": "sipas-sealed-1", "device": "M\\u00e1y s\\u1ed1 7"}'
    sent = token | {"file": (io.BytesIO(empty), "phieu.json")}
    yield "sealed file with nothing in it", client.post(f"{tablets}/file", data=sent), 200
    room = f"{wave}/assignments"
    yield "no assignments", client.get(room), 200
    yield "no fieldwork", client.get(f"{wave}/progress"), 200
    yield "assignment not added", client.post(room, data=token), 400
    client.post(room, data=token | {"code": "PC1", "point": point, "quota": "3"})
    yield "assignments", client.get(room), 200
    yield "assignment", client.get(f"{room}/of/PC1"), 200
    yield "assignment not changed", client.post(f"{room}/of/PC1", data=token), 400
    for deed in ("close", "reopen"):
        yield f"{deed} assignment", client.get(f"{room}/of/PC1/{deed}"), 200
    sent = token | {"file": (io.BytesIO("mã;điểm lấy ý kiến;số hộ\nA;X;1".encode()), "pc.csv")}
    yield "assignments not imported", client.post(f"{room}/import", data=sent), 422
    yield "private questions", client.get(f"{room}/private/sipas-counter/1?done=1"), 200
    yield "fieldwork", client.get(f"{wave}/progress"), 200
    yield "no forms that wait", client.get(f"{wave}/held?done=1"), 200
    with database.writing() as session:
        content = response_content(wave="full", collection_point=point)
        for mode in ("tablet", "phone"):
            accept_response(session, content | {"mode": mode}, clock.now(), definitions())
        accept_response(
            session, response_content(wave="full", collection_point=point, version="0"),
            clock.now(), definitions()
        )  # fmt: skip
        waiting = session.scalars(select(HeldResponse)).all()
    yield "forms that wait", client.get(f"{wave}/held?taken=1&left=2"), 200
    for row in waiting:
        address = f"{wave}/held/{row.response_id}/{row.content_hash}"
        yield f"form in {row.reason}", client.get(address), 200
        yield f"{row.reason} without a reason", client.post(address, data=token), 400


def lists_pages(client):
    """Every page of the rooms of units and of procedures."""
    token = hidden(client.get("/admin/units"))
    for name, columns, line, wrong in (
        ("units", "mã;tên;cấp", "TPCT;Thành phố;tỉnh", "A;B;C"),
        ("procedures", "mã;tên;lĩnh vực", "ho-tich;Hộ tịch;", "A;B;C"),
    ):
        room = f"/admin/{name}"
        yield name, client.get(room), 200
        for lines, do, status in ((wrong, "store", 422), (line, "try", 200), (line, "store", 200)):
            file = (io.BytesIO(f"{columns}\n{lines}\n".encode()), "a.csv")
            yield f"{name} {do}", client.post(room, data=token | {"file": file, "do": do}), status
        yield f"{name} not read", client.post(room, data=token), 400
        yield f"list of {name}", client.get(room), 200
        yield f"{name} that were not found", client.get(f"{room}?q=không có"), 200


def counters_pages(client, database):
    """Every page of the rooms of counters and of coverage."""
    room = "/admin/waves/full/points"
    with database.reading() as session:
        query = select(CollectionPoint.code).join(WavePoint).join(Wave).where(Wave.code == "full")
        one = f"{room}/{session.scalars(query).first()}"
    yield "counters", client.get(room), 200
    yield "counters that were not found", client.get(f"{room}?q=không có"), 200
    yield "counter", client.get(one), 200
    yield "counter with a procedure", client.get(f"{one}?procedure=ho-tich"), 200
    yield "counter with no such procedure", client.get(f"{one}?procedure=x"), 400
    for deed in ("renew", "close", "reopen"):
        yield deed, client.get(f"{one}/{deed}"), 200
    yield "rotation", client.get("/admin/links/rotate"), 200
    token = hidden(client.get(room))
    yield "counter not added", client.post(room, data=token), 400
    yield "counter not changed", client.post(one, data=token), 400
    rows = "unit,name\nXX,Quầy\n"
    sent = token | {"form": "sipas-counter/1", "file": (io.BytesIO(rows.encode()), "quay.csv")}
    yield "counters not imported", client.post(f"{room}/import", data=sent), 422
    asked = client.post(f"{room}/sheet", data=token | {"paper": "a4"})
    yield "sheet waiting", client.get(asked.location), 200
    room = "/admin/waves/full/coverage"
    yield "coverage", client.get(room), 200
    rows = "mã quầy;ngày;số hồ sơ trả\nX;1;1\n"
    sent = token | {"file": (io.BytesIO(rows.encode()), "hs.csv")}
    yield "dossiers not imported", client.post(room, data=sent), 422


def plans_pages(client):
    """Every page of the rooms of plans and of moves, from a new wave to its close."""
    yield "new wave", client.get("/admin/new-wave"), 200
    token = hidden(client.get("/admin/new-wave"))
    yield "wave not made", client.post("/admin/new-wave", data=token | {"code": "a b"}), 400
    given = {"code": "next", "title": "Đợt sau", "year": "2027", "source": "probability"}
    client.post("/admin/new-wave", data=token | given | {"form": "sipas-citizen/2022"})
    plan = "/admin/waves/next/plan"
    yield "plan", client.get(plan), 200
    yield "plan not changed", client.post(plan, data=token | given | {"year": "x"}), 400
    wrong = token | {"index": "nothing", "weight": "a b"}
    yield "indices not chosen", client.post(f"{plan}/indices", data=wrong), 400
    yield "form new to a wave", client.get(f"{plan}/form?form=sipas-counter/1"), 200
    yield "version to be added", client.get(f"{plan}/form?form=sipas-citizen/2022-routed"), 200
    yield "no such form", client.get(f"{plan}/form?form=none/1"), 400
    moves = "/admin/waves/full/points/move"
    yield "points to be moved", client.get(moves), 200
    yield "points not found", client.get(f"{moves}?q=không có"), 200
    yield "points of no form", client.get(f"{moves}?only=none/1"), 200
    yield "no points to be moved", client.get("/admin/waves/next/points/move"), 200
    yield "nothing chosen", client.post(moves, data=token), 400
    chosen = token | {"which": "all", "to": "next sipas-citizen/2022"}
    yield "look at a move", client.post(moves, data=chosen), 200
    yield "points moved", client.post(moves, data=chosen | {"do": "store"}), 200
    yield "move done twice", client.post(moves, data=chosen | {"do": "store"}), 400
    yield "open it?", client.get(f"{plan}/open"), 200
    yield "not opened", client.post(f"{plan}/open", data=token | {"opens": "x"}), 400
    client.post(f"{plan}/open", data=token)
    yield "plan of an open wave", client.get(plan), 200
    yield "close it?", client.get(f"{plan}/close"), 200
    client.post(f"{plan}/close", data=token)
    yield "plan of a closed wave", client.get(plan), 200


def languages_pages(client):
    """The room of languages."""
    yield "languages", client.get("/admin/languages"), 200
    yield "texts", client.get("/admin/languages/km?show=all&q=phieu&page=2"), 200
    yield "no such text", client.get("/admin/languages/km?show=checked&file=interface"), 200
    yield (
        "what a reading brought",
        client.get("/admin/languages/km?confirmed=1&changed=1&gone=1"),
        200,
    )
    yield "no such language", client.get("/admin/languages/vi"), 404
    yield "prompts", client.get("/admin/languages/prompts/sipas-counter/1?of=km"), 200


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_of_staff_has_its_heading_title_labels_and_token(
    staff, sqlite_database, tmp_path, language
):
    staff.get(f"/admin/?lang={language}")
    for name, page, status in staffs_pages(staff, sqlite_database, tmp_path / "files"):
        assert page.status_code == status, name
        stranger = name == "wrong password" or (name == "sign-in")
        check_page(page, "vi" if stranger else language)


@pytest.mark.parametrize(
    "broken",
    [
        "<h1>A</h1><h1>B</h1>",
        "<p>A</p>",
        "<h1>A</h1><input id='x' name='x'>",
        "<h1>A</h1><label for='x'>X</label><input id='x' type='radio'>",
        "<h1>A</h1><form method='post'></form>",
        "<h1>A</h1><p style='color: red'>x</p>",
        "<h1>A</h1><script>1</script>",
        "<h1>A</h1><p id='x'></p><p id='x'></p>",
    ],
)
def test_a_page_that_owes_something_is_found(broken):
    with pytest.raises((AssertionError, ValueError)):
        check_page(Shown(f"<html lang='vi'><title>A</title><body>{broken}"), "vi")


@dataclass
class Shown:
    """A page that was never sent."""

    text: str
