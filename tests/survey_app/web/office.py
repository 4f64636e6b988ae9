"""The administration of a service just installed: its staff, their browsers, files they bring."""

import io
import re
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.accounts import AuditEntry
from survey_app.services.operation.accounts import create_account
from tests.survey_app.web.citizen_door import hidden, make_app

PASSWORD = "mật khẩu đủ dài"
ROLES = ("administrator", "supervisor", "auditor", "unit_head")


def make_office(database: Database) -> Flask:
    """The application with an account for each role, named like it, and nothing else."""
    with database.writing() as session:
        for role in ROLES:
            create_account(session, role, PASSWORD, role)
    return make_app(database)


def browser_of(app: Flask, name: str) -> FlaskClient:
    """The browser of a member of staff who has signed in."""
    client = app.test_client()
    fields = hidden(client.get("/admin/sign-in")) | {"name": name, "password": PASSWORD}
    client.post("/admin/sign-in", data=fields)
    return client


def upload(client: FlaskClient, page: str, content: str | bytes, do: str = "store") -> Any:
    """Send a table to a room, to be stored or only looked at."""
    content = content.encode() if isinstance(content, str) else content
    token = {"csrf_token": hidden(client.get("/admin/"))["csrf_token"], "do": do}
    return client.post(page, data=token | {"file": (io.BytesIO(content), "danh-sach.csv")})


def words_of(answer: Any) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def told(database: Database) -> list[tuple[str, str]]:
    """What the record of staff actions says, but for signing in."""
    with database.reading() as session:
        query = select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)
        return [tuple(row) for row in session.execute(query) if row.action != "sign_in"]
