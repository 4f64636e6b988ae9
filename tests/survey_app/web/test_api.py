"""The collection interface over HTTP: every status, any body, and what is stored afterwards."""

import io
import json
import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from survey_app import create_app
from survey_app.config import Config
from survey_app.db import Busy
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.services.field.devices import revoke_device
from survey_app.web import batches
from survey_app.web.batches import read_json
from tests.survey_app.factories import make_device, make_point, make_wave, response_content
from tests.survey_app.web.described import DescribedClient

TOKEN = "token-of-a-tablet"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
RESPONSES, PACKAGE, OPENAPI = "/api/v1/responses", "/api/v1/package", "/api/v1/openapi.json"
MAX_BODY = 256 * 1024
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def service(database, tmp_path):
    return make_service(database, tmp_path)


@pytest.fixture
def sqlite_service(sqlite_database, tmp_path):
    return make_service(sqlite_database, tmp_path)


def make_service(database, folder):
    """The application on a database with an enrolled tablet and a point that collects."""
    config = Config(
        database_url=database.url.render_as_string(hide_password=False),
        secret_key="s" * 32,
        instance=folder,
        max_body=MAX_BODY,
    )
    app = create_app(config)
    app.test_client_class = DescribedClient
    app.extensions["database"].engine.dispose()
    app.extensions["database"] = database
    with database.writing() as session:
        device = make_device(session, TOKEN)
        wave = make_wave(session, opened_at=device.enrolled_at)
        point = make_point(session, wave)
        door = {"wave": wave.code, "collection_point": point.code}
    return SimpleNamespace(app=app, client=app.test_client(), database=database, door=door)


def post(service, *contents, **options):
    return service.client.post(RESPONSES, json={"responses": contents}, headers=HEADERS, **options)


def post_body(service, body, **options):
    return service.client.post(RESPONSES, data=body, headers=HEADERS, **options)


def receipts_of(answer):
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()["receipts"]


def stored(service):
    with service.database.reading() as session:
        tables = (Response, Answer, HeldResponse)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def is_sentence(answer):
    message = answer.get_json()["error"]
    return message.endswith(".") and answer.is_json


# 200 --------------------------------------------------------------------------------------------


def test_a_batch_is_answered_with_receipts_in_order(service):
    contents = [response_content(**service.door) for _ in range(3)]
    contents[1]["answers"].pop("staff")

    receipts = receipts_of(post(service, *contents))

    assert [receipt["id"] for receipt in receipts] == [content["id"] for content in contents]
    assert [receipt["status"] for receipt in receipts] == ["accepted", "rejected", "accepted"]
    assert receipts[0]["receipt"] != receipts[2]["receipt"]
    assert receipts[0]["received_at"].endswith("+00:00")
    assert receipts[0]["problems"] == []
    assert stored(service) == [2, 14, 0]


def test_a_rejected_response_carries_problems_and_no_receipt(service):
    content = response_content(**service.door, answers={"staff": None})

    (receipt,) = receipts_of(post(service, content))

    assert receipt == {
        "id": content["id"],
        "status": "rejected",
        "problems": [
            {
                "item": "staff",
                "code": "required",
                "message": "Vui lòng trả lời câu «Ông/Bà có hài lòng với người đã đón tiếp và "
                "hướng dẫn mình không?».",
            }
        ],
    }
    assert stored(service) == [0, 0, 0]


def test_each_status_of_a_response(service):
    content = response_content(**service.door)
    first = receipts_of(post(service, content))[0]

    again, other, strange, wrong = receipts_of(
        post(
            service,
            content,
            content | {"locale": "en"},
            response_content(**service.door, version="9"),
            response_content(**service.door, mode="?"),
        )
    )

    assert first["status"] == "accepted"
    assert again == first | {"status": "duplicate", "signature": again["signature"]}
    assert (other["status"], strange["status"]) == ("conflict", "quarantined")
    assert len({first["receipt"], other["receipt"], strange["receipt"]}) == 3
    assert wrong["status"] == "rejected"
    assert "receipt" not in wrong
    assert "received_at" not in wrong


def test_the_same_id_twice_in_a_batch(service):
    content = response_content(**service.door)

    receipts = receipts_of(post(service, content, content, content | {"locale": "km"}))

    assert [receipt["status"] for receipt in receipts] == ["accepted", "duplicate", "conflict"]
    assert receipts[0]["receipt"] == receipts[1]["receipt"] != receipts[2]["receipt"]


def test_an_empty_batch_is_a_batch(service):
    assert receipts_of(post(service)) == []


def test_what_is_no_object_among_responses_does_not_harm_the_others(service):
    good = response_content(**service.door)

    receipts = receipts_of(post(service, None, [], good, "x", 1))

    assert [r["status"] for r in receipts] == [*["rejected"] * 2, "accepted", *["rejected"] * 2]


def test_five_hundred_responses_are_one_batch(sqlite_service):
    door = sqlite_service.door
    contents = [response_content(**door) for _ in range(500)]

    receipts = receipts_of(post(sqlite_service, *contents))

    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert stored(sqlite_service)[0] == 500


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_the_body_counts_and_not_what_it_is_called(sqlite_service, kind):
    body = json.dumps({"responses": [response_content(**sqlite_service.door)]})

    assert receipts_of(post_body(sqlite_service, body, content_type=kind))[0]["receipt"]


def test_nothing_a_citizen_entered_is_repeated(service):
    secret = "Nguyễn Văn A 0912345678"
    answers = {"staff": secret, "comment": secret * 40, "trips": [secret], secret: "1"}

    answer = post(service, response_content(**service.door, answers=answers, paradata=secret))

    text = json.dumps(answer.get_json(), ensure_ascii=False)
    assert "rejected" in text
    assert "0912345678" not in text
    assert secret not in text


def test_an_unmannerly_item_is_not_repeated(sqlite_service):
    answers = {"a" * 5000: "1", "b\nc": "2", "d\0": "3"}

    (receipt,) = receipts_of(
        post(sqlite_service, response_content(**sqlite_service.door, answers=answers))
    )

    assert [problem["item"] for problem in receipt["problems"]] == ["", "", ""]
    assert all(len(problem["message"]) < 200 for problem in receipt["problems"])


# 400 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"responses"',
        b"{}",
        b'{"responses": {}}',
        b'{"responses": null}',
        b'{"response": []}',
        b'{"responses": [NaN]}',
        b'{"responses": [Infinity]}',
        b'{"responses": [1e999]}',
        b'{"responses": [-1e999]}',
        b'{"responses": [' + b"9" * 5000 + b"]}",
        b'{"responses": [], "responses": []}',
        b'{"responses": [{"id": 1, "id": 2}]}',
        b'{"responses": []} x',
        b"responses=1",
        b"\xff\xfe",
        b'{"responses": ["\xff"]}',
        '{"responses": []}'.encode("utf-16"),
        b'{"responses": [\0]}',
        b'{"responses": ["\0"]}',
        b'{"responses": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_not_a_batch_is_400(sqlite_service, body):
    answer = post_body(sqlite_service, body)

    assert answer.status_code == 400
    assert is_sentence(answer)
    assert stored(sqlite_service) == [0, 0, 0]


def test_half_a_body_is_400_and_nothing_is_stored(service):
    body = json.dumps({"responses": [response_content(**service.door)]}).encode()
    half = body[: len(body) // 2]

    cut = post_body(service, half)
    broken_off = service.client.post(
        RESPONSES,
        input_stream=io.BytesIO(half),
        headers=HEADERS,
        content_length=len(body),
    )

    assert (cut.status_code, broken_off.status_code) == (400, 400)
    assert stored(service) == [0, 0, 0]


# 401 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer é",
        "Bearer a=b, c=d",
        "Basic !!!",
    ],
)
def test_without_a_token_of_a_device_it_is_401(sqlite_service, given):
    headers = {} if given is None else {"Authorization": given.encode("utf-8").decode("latin-1")}
    content = {"responses": [response_content(**sqlite_service.door)]}

    sent = sqlite_service.client.post(RESPONSES, json=content, headers=headers)
    asked = sqlite_service.client.get(PACKAGE, headers=headers)

    for answer in (sent, asked):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert is_sentence(answer)
    assert stored(sqlite_service) == [0, 0, 0]


def test_a_large_body_without_a_token_is_read_to_its_end(sqlite_service):
    stream = io.BytesIO(b" " * 10**7)

    answer = sqlite_service.client.post(RESPONSES, input_stream=stream)

    assert answer.status_code == 401
    assert not stream.read()


def test_a_revoked_device_is_401(service):
    with service.database.writing() as session:
        device = make_device(session, "another-token-of-a-tablet")
        revoke_device(session, device.name, device.enrolled_at)

    answer = service.client.get(
        PACKAGE, headers={"Authorization": "Bearer another-token-of-a-tablet"}
    )

    assert answer.status_code == 401


def test_the_scheme_may_be_written_in_any_case(sqlite_service):
    answer = sqlite_service.client.get(PACKAGE, headers={"Authorization": f"bearer {TOKEN}"})

    assert answer.status_code == 200


# 413 --------------------------------------------------------------------------------------------


def test_more_than_five_hundred_responses_are_413(sqlite_service):
    answer = post(sqlite_service, *[{}] * 501)

    assert answer.status_code == 413
    assert is_sentence(answer)
    assert post(sqlite_service, *[{}] * 500).status_code == 200


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * 1024 * 1024])
def test_a_body_that_is_too_large_is_413(service, size):
    content = response_content(**service.door)
    body = json.dumps({"responses": [content]}).encode()

    answer = post_body(service, body + b" " * (size - len(body)))

    assert answer.status_code == 413
    assert is_sentence(answer)
    assert stored(service) == [0, 0, 0]
    assert post_body(service, body + b" " * (MAX_BODY - len(body))).status_code == 200


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413), (10**7, 413)])
def test_a_chunked_body_is_measured_too(sqlite_service, size, status):
    body = json.dumps({"responses": [response_content(**sqlite_service.door)]}).encode()
    stream = io.BytesIO(body + b" " * (size - len(body)))

    answer = sqlite_service.client.post(
        RESPONSES,
        input_stream=stream,
        headers=HEADERS | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert answer.status_code == status
    assert stored(sqlite_service)[0] == (status == 200)
    assert not stream.read()  # a client that is still sending hears the answer


def test_an_endless_body_is_not_read_for_ever(sqlite_service, monkeypatch):
    monkeypatch.setattr(batches, "MOST_DRAINED", 1024 * 1024)
    taken = []

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:] = b" " * len(buffer)
            taken.append(len(buffer))
            return len(buffer)

    answer = sqlite_service.client.post(
        RESPONSES,
        headers=HEADERS | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": Endless(), "wsgi.input_terminated": True},
    )

    assert answer.status_code == 413
    assert sum(taken) < 2 * 1024 * 1024


# 503 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Busy(), OperationalError("INSERT secret", {"a": "secret"}, Exception("deadlock"))]
)
def test_when_no_turn_comes_it_is_503_with_retry_after(
    sqlite_service, monkeypatch, caplog, failure
):
    def busy(*_):
        raise failure

    monkeypatch.setattr(batches, "accept_batch", busy)

    answer = post(sqlite_service, response_content(**sqlite_service.door))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert is_sentence(answer)
    assert "secret" not in caplog.text + answer.get_data(as_text=True)


def test_a_writer_that_keeps_its_turn_makes_the_others_come_back(sqlite_service, monkeypatch):
    monkeypatch.setattr("survey_app.db.WAIT", 0.05)
    with sqlite_service.database.writing():
        answer = post(sqlite_service, response_content(**sqlite_service.door))

    assert answer.status_code == 503
    assert stored(sqlite_service) == [0, 0, 0]


# Two at once ------------------------------------------------------------------------------------


def test_two_submissions_at_once_are_one_response(service):
    contents = [response_content(**service.door) for _ in range(20)]
    gate = threading.Barrier(4)
    answers = []

    def send(order):
        client = service.app.test_client()
        gate.wait()
        batch = {"responses": contents[::order]}
        answers.append(client.post(RESPONSES, json=batch, headers=HEADERS))

    threads = [threading.Thread(target=send, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    found = [receipt for answer in answers for receipt in receipts_of(answer)]
    assert [r["status"] for r in found].count("accepted") == 20
    assert [r["status"] for r in found].count("duplicate") == 60
    assert len({receipt["receipt"] for receipt in found}) == 20
    assert stored(service) == [20, 140, 0]


# Any body ---------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[]), max_size=12)
    | st.sampled_from(
        ["\ud800", "\0", "e\u0301", "\u2028", "1", "5", "sipas-counter", str(uuid4())]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=[]), max_size=6), inner, max_size=4
        )
    ),
    max_leaves=12,
)
FIELDS = list(response_content(paradata={}, unit=None))


@FUZZ
@given(body=st.binary(max_size=200) | JSON.map(lambda found: json.dumps(found).encode()))
def test_any_body_at_all_is_200_or_400(sqlite_service, body):
    answer = post_body(sqlite_service, body)

    assert answer.status_code in (200, 400)
    assert stored(sqlite_service) == [0, 0, 0]


@FUZZ
@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), extra=JSON)
def test_any_response_is_answered_and_stored_only_when_a_receipt_says_so(service, changes, extra):
    before = stored(service)
    content = response_content(**service.door, paradata=extra) | changes

    (receipt,) = receipts_of(post_body(service, json.dumps({"responses": [content]})))

    added = [after - b for after, b in zip(stored(service), before, strict=True)]
    check_what_was_added(receipt, added)


@FUZZ
@given(
    answers=st.dictionaries(
        st.sampled_from(["staff", "comment", "trips", "feedback", "x"]), JSON, max_size=4
    )
)
def test_any_answer_is_accepted_or_rejected_whole(service, answers):
    before = stored(service)
    content = response_content(**service.door, mode="paper")
    content["answers"] |= answers

    (receipt,) = receipts_of(post_body(service, json.dumps({"responses": [content]})))

    added = [after - b for after, b in zip(stored(service), before, strict=True)]
    check_what_was_added(receipt, added)


def check_what_was_added(receipt, added):
    responses, answers, held = added
    assert (responses, held) == {
        "accepted": (1, 0),
        "quarantined": (0, 1),
        "conflict": (0, 1),
    }.get(receipt["status"], (0, 0))
    assert bool(receipt.get("receipt")) is (receipt["status"] != "rejected")
    assert bool(receipt["problems"]) is (receipt["status"] == "rejected")
    assert answers == 0 or responses == 1


@pytest.mark.parametrize("body", ['{"a": 1, "a": 1}', "NaN", "-Infinity", "1e400", "[" * 10**6])
def test_json_is_read_strictly(body):
    with pytest.raises(ValueError, match=r".+"):
        read_json(body.encode())


# Package ----------------------------------------------------------------------------------------


def test_a_device_gets_what_it_may_collect(service):
    answer = service.client.get(PACKAGE, headers=HEADERS)

    assert answer.status_code == 200
    found = answer.get_json()
    assert found["assignments"] == []
    assert [wave["code"] for wave in found["waves"]] == [service.door["wave"]]
    assert found["questionnaires"][0]["code"] == "sipas-counter"


def test_what_the_package_names_is_accepted(service):
    found = service.client.get(PACKAGE, headers=HEADERS).get_json()
    wave, form = found["waves"][0], found["questionnaires"][0]
    items = [item for section in form["sections"] for item in section["items"]]
    content = response_content(
        wave=wave["code"],
        questionnaire=form["code"],
        version=form["version"],
        collection_point=wave["collection_points"][0]["code"],
        unit=wave["collection_points"][0]["unit"],
    )
    content["answers"] = {i["code"]: i["options"][-1]["code"] for i in items if i["options"]}

    assert receipts_of(post(service, content))[0]["status"] == "accepted"


@pytest.mark.parametrize(
    ("method", "path"), [("get", RESPONSES), ("post", PACKAGE), ("delete", OPENAPI)]
)
def test_another_verb_is_405(sqlite_service, method, path):
    answer = getattr(sqlite_service.client, method)(path, headers=HEADERS)

    assert answer.status_code in (400, 405)
    assert is_sentence(answer)
