"""Sending responses through the one door, and what is found behind it."""

from uuid import UUID

from sqlalchemy import func, select

from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.services.door.responses import accept_batch, accept_response
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave


def make_door(database):
    """The fields that name a wave and a point which collects sipas-counter/1."""
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        return {"wave": wave.code, "collection_point": point.code}


def send(database, content, now=NOW, **options):
    with database.writing() as session:
        return accept_response(session, content, now, catalogue(), **options)


def send_batch(database, *contents):
    with database.writing() as session:
        return accept_batch(session, contents, NOW, catalogue())


def rows(database, table):
    with database.reading() as session:
        return session.scalars(select(table)).all()


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def stored_answers(database, identity):
    with database.reading() as session:
        found = session.execute(
            select(Answer.item, Answer.value).where(Answer.response_id == UUID(str(identity)))
        )
        return dict(found.all())


def nothing_stored(database):
    return not any(count(database, table) for table in (Response, Answer, HeldResponse))


def codes(receipt):
    return [problem.code for problem in receipt.problems]
