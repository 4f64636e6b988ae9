"""The description of the interface for machines, held against every answer that a test gets."""

from functools import cache
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from survey_app.web.openapi import DOCUMENT


def closed(part: Any) -> Any:
    """A schema in which nothing that is not described may stand."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: closed(one) for name, one in part.items()}
    if isinstance(part.get("properties"), dict) and "additionalProperties" not in part:
        found["additionalProperties"] = False
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    """What holds a value against one of the schemas."""
    root = {"$ref": f"#/components/schemas/{name}", "components": closed(DOCUMENT["components"])}
    return Draft202012Validator(root)


def faults(value: Any, name: str) -> list[str]:
    """Where a value is not what a schema says."""
    return [f"{fault.json_path}: {fault.message}" for fault in validator(name).iter_errors(value)]


def check_answer(path: str, verb: str, answer: TestResponse) -> None:
    """See that an answer is one of those described for its address; others are let pass."""
    described = DOCUMENT["paths"].get(path, {}).get(verb.lower())
    if described is None or (answer.status_code >= 500 and answer.status_code != 503):
        return
    assert str(answer.status_code) in described["responses"], answer.get_data(as_text=True)
    told = described["responses"][str(answer.status_code)]
    assert set(told.get("headers", ())) <= set(answer.headers.keys())
    if "content" not in told:
        assert answer.get_data() == b""
        return
    schema = told["content"]["application/json"]["schema"]
    if "$ref" in schema:
        assert faults(answer.get_json(), schema["$ref"].rpartition("/")[2]) == []


class DescribedClient(FlaskClient):
    """A client that accepts no answer from the interface that is not described."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask, and hold the answer against the description."""
        answer = super().open(*args, **kwargs)
        check_answer(answer.request.path, answer.request.method, answer)
        return answer
