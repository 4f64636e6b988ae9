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
from survey_app.days import HANOI, day_of, start_of
from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import Answer, Response, StagedResponse
from survey_app.services.codes import mixing, pooling
from survey_app.services.codes.invitations import invited_door, spend
from survey_app.services.door.drafts import find_draft, save_answers, start_draft
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.plan.waves import close_wave
from tests.survey_app.factories import NOW, catalogue, make_unit
from tests.survey_app.invitation_factories import FILLED, make_officials

GROUPS = {"Lãnh đạo sở": 30, "Đại biểu HĐND": 23, "Thư ký": 7}
SPENT = ("invitation", "invitation_target", "invitation_contact")
MOVED = ("response", "answer", "response_quality", "held_response", "tombstone")
TEN = 10  # whatever a careless mover thinks


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
            groups = groups or {"Lãnh đạo sở": 21}
            self.officials = make_officials(session, groups, rated)
        self.by_design = set(groups)  # the group stands on both sides

    def let_everybody_answer(self, move, at_close=None):
        """Everybody sends one form after the other, in an order of chance; `move` after each."""
        turns = self.turns()
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
        (at_close or the_worker)(self.database, later)
        worker.tidy(self.database, catalogue())
        self.look()

    def turns(self):
        """Who is to rate what: a person by place in the list, the code, and the unit."""
        codes, units = self.officials.codes, {unit.id: unit for unit in self.officials.units}
        with self.database.reading() as session:
            asked = session.execute(
                select(InvitationTarget.invitation_id, InvitationTarget.unit_id).order_by(
                    InvitationTarget.invitation_id, InvitationTarget.unit_id
                )
            ).all()
        place = {one: k for k, one in enumerate(sorted({one for one, _ in asked}))}
        return [((place[one], codes[place[one]]), units[unit]) for one, unit in asked]

    def look(self):
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
        self.batches += parts.values()

    def findings(self):
        """Every way that led from an invitation to its response."""
        found = []
        for rows in self.batches:
            if len(rows) < TEN:
                found.append("fewer than ten came together")
            if len({row.received_at for _, row in rows}) > 1:
                found.append("moments differ within a batch")
            local = {r.received_at.astimezone(HANOI).time() for _, r in rows}
            if local != {time()}:
                found.append("a moment stands where a date should")
        found += self.few_candidates()
        found += self.shared_values() + self.shared_transactions() + self.orders()
        with self.database.reading() as session:
            for table in ("staged_response", "draft", "job", "audit_entry"):
                if session.execute(text(f"SELECT count(*) FROM {table}")).scalar():
                    found.append(f"rows are left in {table}")
        return set(found)

    def few_candidates(self):
        """Is there a response that fewer than ten people can have given, by all that is counted?

        Who used an invitation for a unit is known, and so are unit and group of a response where it
        has them. A response without group is of one of the groups that have more people than
        responses there; one without unit is about one of the units that have.
        """
        with self.database.reading() as session:
            used = session.execute(
                select(InvitationTarget.unit_id, Invitation.rater_group, Invitation.id)
                .join(Invitation)
                .where(InvitationTarget.used)
            ).all()
            named = session.execute(select(Response.unit_id, Response.rater_group)).all()
        people, in_unit = defaultdict(set), Counter()
        for unit, group, who in used:
            people[unit, group].add(who)
            in_unit[unit] += 1
        stored, of_unit = Counter(map(tuple, named)), Counter(unit for unit, _ in named)

        def may_be(unit, group, cell):
            if unit in in_unit and unit != cell[0]:
                return False
            if unit not in in_unit and of_unit[cell[0]] == in_unit[cell[0]]:
                return False
            if group is not None:
                return group == cell[1]
            return stored[cell] < len(people[cell])

        return [
            "fewer than ten people can have given a response"
            for label in stored
            if len(set().union(*(people[c] for c in people if may_be(*label, c)))) < TEN
        ]

    def shared_values(self):
        """Is there any value to join on, in any column of any table?"""
        spent, moved = self.values(SPENT), self.values(MOVED)
        found = []
        if (spent & moved) - self.by_design:
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
        few = min(between.values(), default=TEN) < TEN
        return ["transactions lie side by side"] if few else []

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
            for rows in self.batches:
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
    assert len(attack.batches) >= 8
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


@pytest.mark.parametrize(
    ("groups", "units", "moved"),
    [
        ({"Chuyên viên": 10, "Chủ tịch": 1}, 1, 11),
        ({"Chuyên viên": 21, "Chủ tịch": 1}, 1, 22),
        ({"Chuyên viên": 11}, 1, 11),
        ({"Chuyên viên": 6, "Chủ tịch": 1}, 3, 0),  # 21 answers of seven people
        ({"Chuyên viên": 9}, 1, 0),
    ],
)
def test_whoever_stands_alone_is_one_of_ten_or_not_kept(
    database, monkeypatch, groups, units, moved
):
    attack = Attack(database, monkeypatch, groups, units)
    attack.let_everybody_answer(the_worker)

    deleted = {"rows are left in audit_entry"}  # that they were deleted, and how many
    assert attack.findings() == (set() if moved else deleted)
    assert len(attack.seen) == moved


def test_few_about_a_unit_hide_among_answers_about_others(database, monkeypatch):
    attack = Attack(database, monkeypatch, {"A": 14}, 2)
    with database.writing() as session:
        few = session.scalars(
            select(InvitationTarget).where(InvitationTarget.unit_id == attack.officials.units[1].id)
        ).all()
        for target in few[2:]:
            session.delete(target)
    attack.let_everybody_answer(the_worker)

    assert attack.findings() == set()
    assert len(attack.seen) == 16


# Careless movers: each is found out by the same attempts.


def with_the_code(session, now):
    """Stores the response in the transaction that spends the code."""
    careless(session, now, arrived(session))


def nobody(_database, _now):
    """Moves nothing while the wave is open."""


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


def the_rest_whatever_its_size(database, now):
    """Leaves large groups their name at the close, and moves everybody else by unit."""
    with database.writing() as session:
        for rows in ready(session):
            careless(session, now, rows)
        careless(session, now, arrived(session), named=False)


def careless(session, now, rows, new_id=True, midnight=True, named=True):
    midnight_of = start_of(day_of(now))
    day = midnight_of if midnight else now
    for row in rows:
        content = json.loads(row.content) | {"id": str(uuid4() if new_id else row.id)}
        arrival = Arrival(by_code=True, rater_group=row.rater_group if named else None)
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


@pytest.mark.parametrize("groups", [{"Chuyên viên": 10, "Chủ tịch": 1}, {"Chuyên viên": 12}])
def test_a_careless_close_is_found_out(database, monkeypatch, groups):
    attack = Attack(database, monkeypatch, groups)
    attack.let_everybody_answer(nobody, the_rest_whatever_its_size)

    alone = {"fewer than ten came together", "fewer than ten people can have given a response"}
    assert (alone <= attack.findings()) == (len(groups) > 1)


def test_who_comes_after_the_last_ten_is_found_out_by_a_diary(database, monkeypatch):
    attack = Attack(database, monkeypatch, {"Chuyên viên": 12})
    attack.let_everybody_answer(in_order, the_rest_whatever_its_size)

    assert "fewer than ten came together" in attack.findings()


def test_a_lower_threshold_would_be_found_out(attack, monkeypatch):
    for module in (pooling, mixing):
        monkeypatch.setattr(module, "FEWEST", 9)
    monkeypatch.setattr(mixing, "STAYING", 9)
    attack.let_everybody_answer(the_worker)

    assert "fewer than ten came together" in attack.findings()
