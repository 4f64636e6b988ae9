"""Nobody who reads the database can tell which response an invited official gave.

Sixty people answer in a known order while the worker moves what is ready; then everything that is
stored is held against who answered and in what order. The same attempts succeed as soon as the
mover is a careless one, which the second half of this file shows.
"""

import itertools
import json
import math
import random
from bisect import bisect
from collections import Counter, defaultdict
from datetime import time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, inspect, select, text

from survey_app import worker
from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import Answer, Response, StagedResponse
from survey_app.services import staging
from survey_app.services.drafts import find_draft, save_answers, start_draft
from survey_app.services.invitations import invited_door, spend
from survey_app.services.links import HANOI
from survey_app.services.responses import accept_response
from survey_app.services.submissions import Arrival
from survey_app.services.waves import close_wave
from tests.survey_app.factories import NOW, catalogue, make_unit
from tests.survey_app.invitation_factories import FILLED, make_officials

GROUPS = {"Lãnh đạo sở": 30, "Đại biểu HĐND": 23, "Thư ký": 7}
SPENT = ("invitation", "invitation_target", "invitation_contact")
MOVED = ("response", "answer", "response_quality", "held_response", "tombstone")
BY_DESIGN = set(GROUPS)  # the group stands in both


class Attack:
    """What somebody with the whole database, and with a diary of who answered when, can try."""

    def __init__(self, database, monkeypatch, groups=None, units=1):
        self.database = database
        self.monkeypatch = monkeypatch
        self.order = {}  # (person, unit code): when it was sent, as a number
        self.seen = set()  # responses that were there before
        self.batches = []  # what came together: [(person, unit code)], as it lies in the table
        self.secrets = set()  # ids and codes that must be found nowhere
        with database.writing() as session:
            rated = [make_unit(session) for _ in range(units)]
            self.officials = make_officials(session, groups or {"Lãnh đạo sở": 21}, rated)

    def let_everybody_answer(self, move):
        """Everybody sends one form after the other, in an order of chance; `move` after each."""
        turns = list(itertools.product(enumerate(self.officials.codes), self.officials.units))
        random.Random(7).shuffle(turns)
        for number, ((person, code), unit) in enumerate(turns):
            now = NOW + timedelta(minutes=number)
            self.monkeypatch.setattr("survey_app.clock.now", lambda now=now: now)
            with self.database.writing() as session:
                door = invited_door(session, code, unit.code, now)
                key = start_draft(session, door, "vi", now)
                draft = find_draft(session, key, door, now)
                save_answers(draft, FILLED | {"comment": f"{person} {unit.code}"}, 0, now)
                self.secrets |= {str(draft.response_id), draft.key_hash, code}
                spend(session, (code, unit.code), draft, catalogue())
                self.order[person, unit.code] = number
                if move.__name__ == "with_the_code":
                    move(session, now)
            with self.database.reading() as session:
                self.secrets |= {str(one) for one in session.scalars(select(StagedResponse.id))}
            if move.__name__ != "with_the_code":
                move(self.database, now)
            self.look()
        with self.database.writing() as session:
            if session.scalars(select(StagedResponse.id)).first():
                close_wave(session.merge(self.officials.wave), now + timedelta(hours=1))
        later = now + timedelta(hours=2)
        self.monkeypatch.setattr("survey_app.clock.now", lambda: later)
        worker.move_staged(self.database, catalogue())
        self.look(closed=True)

    def look(self, closed=False):
        """See what has come since the last look, in every order the database can give it."""
        place = "rowid" if self.database.is_sqlite else "ctid"
        with self.database.reading() as session:
            if session.scalar(select(func.count()).select_from(Response)) == len(self.seen):
                return
            new = session.execute(
                select(Response, Answer.value)
                .join(Answer, Answer.response_id == Response.id)
                .where(Answer.item == "comment")
                .order_by(text(f"response.{place}"))
            ).all()
        new = [(row, value) for row, value in new if row.id not in self.seen]
        self.seen |= {row.id for row, _ in new}
        parts = defaultdict(list)
        for row, value in new:
            person, unit = value.split()
            parts[row.unit_id, row.rater_group].append(((int(person), unit), row))
        for (_, group), rows in parts.items():
            if group is not None or closed:
                self.batches.append((rows, closed))

    def findings(self):
        """Every way that led from an invitation to its response."""
        found = []
        for rows, closed in self.batches:
            if len(rows) < staging_rule() and not closed:
                found.append("fewer than ten came together")
            if len({row.received_at for _, row in rows}) > 1:
                found.append("moments differ within a batch")
            local = {r.received_at.astimezone(HANOI).time() for _, r in rows}
            if local != {time()}:
                found.append("a moment stands where a date should")
        found += self.shared_values() + self.shared_transactions() + self.orders()
        with self.database.reading() as session:
            for table in ("staged_response", "draft", "job", "audit_entry"):
                if session.execute(text(f"SELECT count(*) FROM {table}")).scalar():
                    found.append(f"rows are left in {table}")
        return set(found)

    def shared_values(self):
        """Is there any value to join on, in any column of any table?"""
        spent, moved = self.values(SPENT), self.values(MOVED)
        found = []
        if (spent & moved) - BY_DESIGN:
            found.append("a value stands on both sides")
        if any(secret in value for secret in self.secrets for value in moved):
            found.append("an id of the draft, of the staging or a code stands in a response")
        others = set(inspect(self.database.engine).get_table_names()) - {*SPENT, *MOVED}
        everywhere = self.values(sorted(others))
        if any(secret in value for secret in self.secrets for value in everywhere):
            found.append("an id of the draft, of the staging or a code is left in another table")
        return found

    def values(self, tables):
        """All texts of some tables that say more than a word; a number of few digits joins all."""
        found = set()
        with self.database.reading() as session:
            for table in tables:
                for row in session.execute(text(f"SELECT * FROM {table}")).mappings():
                    for name, value in row.items():
                        if name not in ("questionnaire", "version", "checksum"):
                            found |= {v for v in flat(value) if len(v) > 4}
        return found

    def shared_transactions(self):
        """On PostgreSQL every row says which transaction wrote it."""
        if self.database.is_sqlite:
            return []
        with self.database.reading() as session:
            wrote = {
                table: [
                    int(number)
                    for (number,) in session.execute(text(f"SELECT xmin::text FROM {table}"))
                ]
                for table in ("invitation_target", "response")
            }
        # A savepoint has a number of its own, next to that of its transaction: what lies between
        # two spendings belongs together, and ten must lie there.
        spent = sorted(wrote["invitation_target"])
        between = Counter(bisect(spent, number) for number in wrote["response"])
        return ["transactions lie side by side"] if min(between.values()) < 10 else []

    def orders(self):
        """Does any order of the responses of a batch follow the order of sending?"""
        found = []
        orders = {
            "the table": lambda rows: rows,
            "ids": lambda rows: sorted(rows, key=lambda row: row[1].id),
            "hashes": lambda rows: sorted(rows, key=lambda row: row[1].content_hash),
        }
        for name, order in orders.items():
            stays, score, n = 0, 0.0, 0
            for rows, _ in self.batches:
                if len(rows) < 2:
                    continue
                sent = sorted(range(len(rows)), key=lambda k: self.order[order(rows)[k][0]])
                stays += sum(k == place for k, place in enumerate(sent))
                score += likeness(sent) * math.sqrt(len(sent) - 1)
                n += 1
            # By chance one place of a batch stays, with variance 1; the likeness has variance 1.
            if n and (stays - n > 6 * math.sqrt(n) or abs(score) > 5 * math.sqrt(n)):
                found.append(f"the order of {name} follows the order of sending")
        return found


def staging_rule():
    """Ten, whatever a careless mover thinks."""
    return 10


def flat(value):
    """The texts in a value; a document is read into its parts."""
    if isinstance(value, str) and value.startswith("{"):
        return [value, *itertools.chain(*map(flat, json.loads(value).values()))]
    if isinstance(value, dict):
        return list(itertools.chain(*map(flat, value.values())))
    return [str(value)]


def likeness(places):
    """Spearman's rank correlation of an order with the order of sending."""
    n = len(places)
    apart = sum((k - place) ** 2 for k, place in enumerate(places))
    return 1 - 6 * apart / (n * (n * n - 1))


def the_worker(database, _now):
    worker.move_staged(database, catalogue())


@pytest.fixture
def attack(database, monkeypatch):
    return Attack(database, monkeypatch)


def test_no_way_leads_from_an_invitation_to_its_response(database, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    attack = Attack(database, monkeypatch, GROUPS, 2)
    attack.let_everybody_answer(the_worker)

    assert attack.findings() == set()
    assert len(attack.seen) == 120
    assert len([rows for rows, closed in attack.batches if not closed]) >= 8
    told = [secret for secret in attack.secrets if secret in caplog.text]
    assert told == []
    assert not any(f"p{letter}{k}@" in caplog.text for letter in "abc" for k in range(30))
    # Who has answered is counted, and the small group has no name among the responses.
    with attack.database.reading() as session:
        used = session.execute(
            select(Invitation.rater_group, InvitationTarget.used).join(InvitationTarget)
        ).all()
        groups = session.scalars(select(Response.rater_group)).all()
    assert {bit for _, bit in used} == {True}
    assert "Thư ký" not in groups
    assert groups.count(None) >= 14


# Careless movers: each is found out by the same attempts.


def with_the_code(session, now):
    """Stores the response in the transaction that spends the code."""
    careless(session, now, arrived(session))


def one_by_one(database, now):
    """Moves each answer as soon as it is there."""
    with database.writing() as session:
        careless(session, now, arrived(session))


def in_order(database, now):
    """Moves ten, in the order in which they came."""
    with database.writing() as session:
        for rows in ready(session):
            careless(session, now, rows)


def with_its_moment(database, now):
    """Moves ten, shuffled, each with a moment of its own."""
    with database.writing() as session:
        for rows in ready(session):
            random.shuffle(rows)
            for k, row in enumerate(rows):
                careless(session, now + timedelta(seconds=k), [row], midnight=False)


def under_its_id(database, now):
    """Moves ten, shuffled, under the ids they were staged under."""
    with database.writing() as session:
        for rows in ready(session):
            random.shuffle(rows)
            careless(session, now, rows, new_id=False)


def arrived(session):
    """What is staged, as it came."""
    place = "rowid" if session.get_bind().dialect.name == "sqlite" else "ctid"
    query = select(StagedResponse).order_by(text(f"staged_response.{place}"))
    return list(session.scalars(query))


def ready(session):
    parts = defaultdict(list)
    for row in arrived(session):
        parts[row.unit_id, row.rater_group].append(row)
    return [rows for rows in parts.values() if len(rows) >= 10]


def careless(session, now, rows, new_id=True, midnight=True):
    midnight_of = now.astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0)
    day = midnight_of if midnight else now
    for row in rows:
        content = json.loads(row.content) | {"id": str(uuid4() if new_id else row.id)}
        arrival = Arrival(by_code=True, rater_group=row.rater_group)
        accept_response(session, content, day, catalogue(), arrival)
        session.delete(row)
    session.flush()


@pytest.mark.parametrize(
    ("mover", "finding"),
    [
        (one_by_one, "fewer than ten came together"),
        (in_order, "the order of the table follows the order of sending"),
        (with_its_moment, "moments differ within a batch"),
        (with_its_moment, "a moment stands where a date should"),
        (under_its_id, "an id of the draft, of the staging or a code stands in a response"),
        (with_the_code, "fewer than ten came together"),
    ],
)
def test_a_careless_mover_is_found_out(attack, mover, finding):
    attack.let_everybody_answer(mover)

    assert finding in attack.findings()


def test_on_postgresql_one_transaction_would_join_both(postgresql_database, monkeypatch):
    attack = Attack(postgresql_database, monkeypatch)
    attack.let_everybody_answer(with_the_code)

    assert "transactions lie side by side" in attack.findings()


def test_a_lower_threshold_would_be_found_out(attack, monkeypatch):
    monkeypatch.setattr(staging, "FEWEST", 9)
    attack.let_everybody_answer(the_worker)

    assert "fewer than ten came together" in attack.findings()
