"""Requests made up from the served OpenAPI document: every answer is one that it describes."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

from survey_app import create_app
from survey_app.config import Config
from survey_app.web.openapi import DOCUMENT
from tests.survey_app.factories import make_device, make_point, make_wave

TABLET, SYSTEM = "token-of-a-tablet", "token-of-a-one-stop-system"
BATCHES = ("/api/v1/responses", "/api/v1/visits")
CONTACT = "/api/v1/contact"
OPERATIONS = [(verb.upper(), path) for path, verbs in DOCUMENT["paths"].items() for verb in verbs]
TAKES_NOTHING = ("GET", "/api/v1/openapi.json")  # no body, no token: nothing of it can be wrong
# Of what fits the document a place may be unknown (404, 422); what does not fit may be long (413).
EXPECTED = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "413", "422"]},
}
MADE_UP = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def described(sqlite_database, tmp_path):
    """The interface as its own document describes it."""
    url = sqlite_database.url.render_as_string()
    app = create_app(Config(database_url=url, secret_key="s" * 32, instance=tmp_path))
    with sqlite_database.writing() as session:
        opened = make_device(session, TABLET).enrolled_at
        make_device(session, SYSTEM, kind="system")
        make_point(session, make_wave(session, opened_at=opened))
    config = SchemathesisConfig.from_dict({"checks": EXPECTED})
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    app.extensions["database"].engine.dispose()


@pytest.mark.parametrize(
    ("verb", "path", "mode"),
    [
        (*operation, mode)
        for operation in OPERATIONS
        for mode in GenerationMode
        if (operation, mode) != (TAKES_NOTHING, GenerationMode.NEGATIVE)
    ],
)
def test_every_answer_is_described(described, verb, path, mode):
    token = SYSTEM if "dossier" in path else TABLET
    # In a batch a wrong item spoils no other: the batch is 200, its receipt says rejected. What a
    # device says of itself without sense is left out.
    excluded = [negative_data_rejection] if path in (*BATCHES, CONTACT) else []

    @MADE_UP
    @given(case=described[path][verb].as_strategy(generation_mode=mode))
    def ask(case):
        # Its client reads no packed body.
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    ask()
