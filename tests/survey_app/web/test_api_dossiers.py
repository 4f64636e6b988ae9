"""One-stop systems send counts of dossiers: all or none, again without harm, and no tablet may."""

import pytest
from sqlalchemy import func, select

from survey_app import create_app
from survey_app.config import Config
from survey_app.models.codes import DossierCount
from tests.survey_app.factories import make_device, make_point, make_unit
from tests.survey_app.web.described import DescribedClient

ADDRESS = "/api/v1/dossier-counts"
TOKEN = "token-of-a-one-stop-system"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client(database, tmp_path):
    url = database.url.render_as_string(hide_password=False)
    app = create_app(Config(database_url=url, secret_key="s" * 32, instance=tmp_path))
    app.test_client_class = DescribedClient
    yield app.test_client()
    app.extensions["database"].engine.dispose()


@pytest.fixture
def point(database):
    with database.writing() as session:
        make_device(session, TOKEN, kind="system")
        point = make_point(session)
        point.units = [make_unit(session, code="STC")]
        session.flush()
        return point.code


def put(client, *counts, **options):
    return client.put(ADDRESS, json={"counts": list(counts)}, **{"headers": HEADERS} | options)


def total(database):
    with database.reading() as session:
        query = select(func.count(), func.sum(DossierCount.returned))
        return tuple(session.execute(query).one())


def test_counts_are_stored_and_the_same_again_changes_nothing(client, database, point):
    counts = [
        {"collection_point": point, "day": "2026-01-20", "returned": 7},
        {"collection_point": point, "day": "2026-01-20", "unit": "STC", "returned": 5},
    ]
    first, again = put(client, *counts), put(client, *counts)
    other = put(client, counts[0] | {"returned": 9.0, "unit": None, "field": ""})  # as JSON has it

    assert (first.status_code, first.get_json()) == (200, {"received": 2, "changed": 2})
    assert again.get_json() == {"received": 2, "changed": 0}
    assert other.get_json() == {"received": 1, "changed": 1}
    assert total(database) == (2, 14)


def test_a_wrong_line_is_told_by_its_place_and_nothing_is_stored(client, database, point):
    good = {"collection_point": point, "day": "2026-01-20", "returned": 7}
    answer = put(client, good, good | {"day": "2026-02-30"}, good | {"collection_point": "X"})
    told = answer.get_json()

    assert answer.status_code == 422
    assert [problem["row"] for problem in told["problems"]] == [2, 3]
    assert "2026-02-30" in told["problems"][0]["message"]
    assert total(database) == (0, None)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b'{"counts": {}}', b'{"counts": [1]}', b"\xff", b"[" * 100_000),
        *(b'{"counts": [{"collection_point": 1, "day": "2026-01-20", "returned": 1}]}',),
        *(b'{"counts": [{"collection_point": "a", "day": "2026-01-20", "returned": true}]}',),
        *(b'{"counts": [{"collection_point": "a", "day": "2026-01-20", "returned": "1"}]}',),
    ],
)
def test_what_is_not_described_is_not_understood(client, database, point, body):
    answer = client.put(ADDRESS, data=body, headers=HEADERS)

    assert answer.status_code == 400
    assert "counts" in answer.get_json()["error"]
    assert total(database) == (0, None)


def test_too_many_lines_at_once_are_refused(client, database, point):
    line = {"collection_point": point, "day": "2026-01-20", "returned": 1}

    assert put(client, *[line] * 501).status_code == 413
    assert total(database) == (0, None)


@pytest.mark.parametrize("kind", ["tablet", "kiosk"])
def test_a_tablet_or_kiosk_may_not_count_dossiers(client, database, point, kind):
    with database.writing() as session:
        make_device(session, "token-of-another-device", kind=kind)
    headers = {"Authorization": "Bearer token-of-another-device"}

    assert put(client, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}]
)
def test_without_a_token_of_a_system_nothing_is_taken(client, point, headers):
    answer = put(client, headers=headers)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
