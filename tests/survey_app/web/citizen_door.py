"""A person with a browser at a counter's address, for the tests of the citizen's door."""

import html
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app import create_app
from survey_app.config import Config
from survey_app.db import Database
from survey_app.models.responses import Answer, Draft, Response
from survey_app.models.waves import CollectionPoint, Procedure
from survey_app.services.counter.links import token_of
from tests.survey_app.factories import COUNTER, NOW, link_of, make_point, make_unit

SECRET = "a-secret-of-the-tests-with-32-signs"
ANSWERS = {
    "q-access": "4",
    "q-procedure_clear": "4",
    "q-staff": "5",
    "q-result": "4",
    "q-feedback": "97",
    "q-trips": "2",
    "q-overall": "4",
    "q-comment": "Cán bộ tận tình.",
}
AGENCIES = {"STC": "Sở Tài chính", "SYT": "Sở Y tế", "SNNMT": "Sở Nông nghiệp và Môi trường"}
FIELDS = {"DD": "Đất đai", "HT": "Hộ tịch", "DN": "Doanh nghiệp"}


def make_app(database: Database, **changes: Any) -> Flask:
    """A freshly started application on a database, as after a restart."""
    url = database.url.render_as_string(hide_password=False)
    app = create_app(Config(url, SECRET, Path("instance"), **changes))
    app.extensions["database"] = database  # whose connections the fixture closes
    return app


def make_door(database: Database, form: str = COUNTER, named: str = "") -> str:
    """Open a counter and return the address printed there; `named` as for `make_centre`."""
    with database.writing() as session:
        unit = make_unit(session, name="Phường Phú Lợi")
        point = make_point(session, unit=unit, form=form)
        return _printed(session, point, _make_procedures(session) if named else {}, named)


def make_centre(database: Database, named: str = "") -> str:
    """Open a desk of a one-stop centre that takes dossiers for three agencies.

    The address printed there is for the field or procedure with the code `named`, if any.
    """
    with database.writing() as session:
        centre = make_unit(session, code="TTHCC", name="Trung tâm Phục vụ hành chính công")
        point = make_point(session, unit=centre)
        for code, name in AGENCIES.items():
            point.units.append(make_unit(session, code=code, name=name))
        return _printed(session, point, _make_procedures(session), named)


def _printed(
    session: Session, point: CollectionPoint, procedures: dict[str, int], named: str
) -> str:
    link = replace(link_of(session, point), procedure_id=procedures.get(named))
    return f"/s/{token_of(session, link, SECRET, NOW)}"


def _make_procedures(session: Session) -> dict[str, int]:
    """Three fields, a procedure of one of them, and their keys by their codes."""
    found = [Procedure(code=code, name=name) for code, name in FIELDS.items()]
    session.add_all(found)
    session.flush()
    found.append(Procedure(code="DD.1", name="Cấp sổ đỏ", parent_id=found[0].id))
    session.add(found[-1])
    session.flush()
    return {procedure.code: procedure.id for procedure in found}


@dataclass
class Person:
    """Someone who opens pages and sends the forms on them, hidden fields included."""

    client: FlaskClient
    door: str

    def see(self, path: str = "", **options: Any) -> Any:
        """Open a page behind the door."""
        return self.client.get(self.door + path, **options)

    def send(self, path: str, seen: Any = None, **fields: Any) -> Any:
        """Send the form of a page, with the hidden fields of the page as it was `seen`.

        Whoever sends a form was helped by nobody, unless given.
        """
        page = seen or self.see(path)
        usual = {"helped": "nobody"} if path == "/review" else {}
        return self.client.post(self.door + path, data=usual | hidden(page) | fields)

    def begin(self) -> Any:
        """Press «Tôi đồng ý và bắt đầu»."""
        return self.send("")

    def fill(self, **changes: str) -> Any:
        """Begin and answer everything."""
        self.begin()
        return self.send("/1", **ANSWERS | changes)

    def finish(self) -> Any:
        """Begin, answer everything, send."""
        self.fill()
        return self.send("/review")


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def words(page: Any) -> str:
    """What a person reads on a page, without the head."""
    body = page.text.split("<body", 1)[1].split(">", 1)[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def receipt_on(page: Any) -> str:
    """The receipt code a page shows."""
    found = re.search(r'class="code"[^>]*>([^<]+)<', page.text)
    assert found
    return found.group(1)


def stored(database: Database) -> tuple[int, int, int]:
    """How many responses, answers and drafts there are."""
    with database.reading() as session:
        responses, answers, drafts = (
            session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES
        )
    return responses, answers, drafts


TABLES = (Response, Answer, Draft)
