"""Who rates whom: the matrix groups x units, the targets made of it, and how many have answered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.codes import Invitation, InvitationTarget, RaterTarget
from survey_app.models.units import Unit
from survey_app.models.waves import Wave, WaveForm, WaveUnit
from survey_app.services.codes.code_points import add_invitation_point, invitation_point
from survey_app.services.codes.pooling import is_enough, pooled
from survey_app.services.plan.waves import hold
from survey_app.services.tables.sorting import vietnamese

Cell = tuple[str, int]  # group and id of a unit
Named = tuple[str, str]  # the same, of rows that are told
Row = tuple[str, int]  # by group or by unit, and its place
Name = TypeVar("Name", str, tuple[str, str])


@dataclass(frozen=True)
class Matrix:
    """Which groups rate which units; a group stands here as soon as somebody of it is invited."""

    groups: tuple[str, ...]
    units: tuple[Unit, ...]
    chosen: frozenset[Cell]


@dataclass(frozen=True)
class Assigned:
    """What assigning has changed: targets added and taken away, and people who rate no unit."""

    added: int
    removed: int
    idle: int


@dataclass(frozen=True)
class Rate:
    """How many forms came of those asked for; `names` are the groups or units of the row.

    A row of several names holds small groups together, so that none of them is told. `who` are the
    invited people behind it, each once however many units he or she rates.
    """

    names: tuple[str, ...]
    who: frozenset[int]
    asked: int
    sent: int

    @property
    def people(self) -> int:
        """How many people were invited."""
        return len(self.who)


@dataclass(frozen=True)
class ResponseRates:
    """Response rates of a wave by group and by unit; None where they would tell of a small one."""

    whole: Rate | None
    groups: tuple[Rate, ...] | None
    units: tuple[Rate, ...] | None


def matrix_of(session: Session, wave: Wave) -> Matrix:
    """The matrix of a wave: its groups, its units (all there are while it has none), its cells."""
    cells = select(RaterTarget.rater_group, RaterTarget.unit_id).where(
        RaterTarget.wave_id == wave.id
    )
    chosen = frozenset((group, unit) for group, unit in session.execute(cells))
    invited = select(Invitation.rater_group).where(Invitation.wave_id == wave.id).distinct()
    groups = sorted({*session.scalars(invited), *(group for group, _ in chosen)})
    taking_part = select(WaveUnit.unit_id).where(WaveUnit.wave_id == wave.id)
    ids = {*session.scalars(taking_part), *(unit for _, unit in chosen)}
    query = select(Unit).order_by(Unit.level, Unit.name, Unit.id)
    query = query.where(Unit.id.in_(ids)) if ids else query.where(Unit.valid_to.is_(None))
    return Matrix(tuple(groups), tuple(session.scalars(query)), chosen)


def save_matrix(session: Session, wave: Wave, chosen: Collection[Cell]) -> None:
    """Let exactly these groups rate these units; targets change when they are assigned."""
    hold(session, wave)
    session.execute(delete(RaterTarget).where(RaterTarget.wave_id == wave.id))
    rows = [
        {"wave_id": wave.id, "rater_group": group, "unit_id": unit}
        for group, unit in sorted(set(chosen))
    ]
    if rows:
        session.execute(insert(RaterTarget), rows)


def assign_targets(session: Session, wave: Wave, name: str) -> Assigned:
    """Give every invited person the units of his or her group, never the own unit, to rate.

    They fill in the questionnaire version `name` (code/version) of the wave. Only the own unit
    itself is left out: whoever works in a department rates the province above it and the communes
    below it. Assigning again follows the matrix and the list; what was used stays.
    """
    code, _slash, version = name.partition("/")
    form = session.get(WaveForm, (wave.id, code, version))
    if form is None:
        raise NotFound(
            "Đợt khảo sát «{wave}» không dùng phiếu «{form}».", wave=wave.code, form=name
        )
    hold(session, wave)
    cells = select(RaterTarget.rater_group, RaterTarget.unit_id).where(
        RaterTarget.wave_id == wave.id
    )
    units_of: dict[str, set[int]] = defaultdict(set)
    for group, unit in session.execute(cells):
        units_of[group].add(unit)
    for unit_id in sorted({unit for units in units_of.values() for unit in units}):
        _collect(session, wave, unit_id, form)
    people = session.execute(
        select(Invitation.id, Invitation.rater_group, Invitation.own_unit_id)
        .where(Invitation.wave_id == wave.id)
        .order_by(Invitation.id)
    ).all()
    wished = {(one, unit) for one, group, own in people for unit in units_of[group] - {own}}
    before = dict(_targets_of(session, wave))
    surplus = sorted(target for target in before.keys() - wished if not before[target])
    missing = sorted(wished - before.keys())
    key = tuple_(InvitationTarget.invitation_id, InvitationTarget.unit_id)
    for start in range(0, len(surplus), 200):
        some = key.in_(surplus[start : start + 200])
        session.execute(delete(InvitationTarget).where(some, InvitationTarget.used.is_(False)))
    if missing:
        fields = [{"invitation_id": one, "unit_id": unit, "used": False} for one, unit in missing]
        session.execute(insert(InvitationTarget), fields)
    busy = {one for one, _ in wished | {target for target, used in before.items() if used}}
    return Assigned(len(missing), len(surplus), len(people) - len(busy))


def response_rates(session: Session, wave: Wave) -> ResponseRates:
    """How many forms came of those asked for, by group and by unit.

    No group or unit with fewer than ten invited people is told, nor a group about a unit: neither
    alone, nor by what is left of a total, nor by holding the rows by group against those by unit.
    """
    query = (
        select(Invitation.rater_group, Unit.id, Unit.name, Invitation.id, InvitationTarget.used)
        .join(InvitationTarget, InvitationTarget.invitation_id == Invitation.id)
        .join(Unit, Unit.id == InvitationTarget.unit_id)
        .where(Invitation.wave_id == wave.id)
    )
    found = session.execute(query).all()
    rows = [(group, str(unit), who, bool(used)) for group, unit, _, who, used in found]
    whole, groups, units = shown_rates(rows)
    names = {str(unit): name for _, unit, name, _, _ in found}
    return ResponseRates(whole, groups, _named(units, names) if units else units)


def shown_rates(
    rows: Sequence[tuple[str, str, int, bool]],
) -> tuple[Rate | None, tuple[Rate, ...] | None, tuple[Rate, ...] | None]:
    """What is told of targets (group, unit, person, used): the whole, groups, units; None for not.

    The whole is the sum of the groups, so rows by group tell nothing of a small group that was put
    together with others; rows by unit are told only where nothing small can be computed from all.
    """
    everybody = _rates(("", who, used) for _, _, who, used in rows)
    by_group = _rates((group, who, used) for group, _, who, used in rows)
    by_unit = _rates((unit, who, used) for _, unit, who, used in rows)
    by_cell = _rates(((group, unit), who, used) for group, unit, who, used in rows)
    whole = next((rate for rate in everybody.values() if is_enough(rate.people)), None)
    groups, units = _together(by_group.values()), _together(by_unit.values())
    if groups is None or units is None:
        return whole, groups, None
    cells = {(group, unit) for group, unit, _, _ in rows}
    secrets = [
        *({cell for cell in cells if cell[0] == name} for name in _small(by_group)),
        *({cell for cell in cells if cell[1] == name} for name in _small(by_unit)),
        *({name} for name in _small(by_cell)),
    ]
    rows_shown = crossed(cells, groups, units)
    told = any(told_by(rows_shown, secret) for secret in secrets)
    return whole, groups, None if told else units


def crossed(
    cells: Iterable[Named], groups: Sequence[Rate], units: Sequence[Rate]
) -> Mapping[Row, Sequence[tuple[Row, Named]]]:
    """Rows by group and rows by unit: for each, the rows of the other kind at every cell of it."""
    row_of_group = {name: ("group", k) for k, row in enumerate(groups) for name in row.names}
    row_of_unit = {name: ("unit", k) for k, row in enumerate(units) for name in row.names}
    beside: dict[Row, list[tuple[Row, Named]]] = defaultdict(list)
    for cell in cells:
        one, other = row_of_group[cell[0]], row_of_unit[cell[1]]
        beside[one].append((other, cell))
        beside[other].append((one, cell))
    return beside


def told_by(rows: Mapping[Row, Sequence[tuple[Row, Named]]], secret: Set[Named]) -> bool:
    """Say whether the count of some cells can be computed from rows by group and rows by unit.

    It can when numbers exist by which the rows are multiplied so that every cell group x unit is
    counted once if it is secret, and else not at all. Each cell stands in one row by group and one
    by unit, so such numbers are found, or excluded, by walking from row to row; where a secret is,
    the first contradiction is near.
    """
    number: dict[Row, int] = {}
    near = [row for row in rows if any(cell in secret for _, cell in rows[row])]
    for beginning in (*near, *rows):
        waiting = [beginning] if beginning not in number else []
        number.setdefault(beginning, 0)
        while waiting:
            row = waiting.pop()
            for other, cell in rows[row]:
                times = int(cell in secret)
                if other not in number:
                    number[other] = times - number[row]
                    waiting.append(other)
                elif number[row] + number[other] != times:
                    return False
    return True


def _collect(session: Session, wave: Wave, unit_id: int, form: WaveForm) -> None:
    """Let a unit have its point for invited officials, which asks this form."""
    assigned = invitation_point(session, wave.id, unit_id)
    if assigned is None:
        add_invitation_point(session, wave, unit_id, form)
        return
    wished = (form.questionnaire, form.version)
    if (assigned.questionnaire, assigned.version) == wished:
        return
    used = (
        select(InvitationTarget.unit_id)
        .join(Invitation)
        .where(
            Invitation.wave_id == wave.id,
            InvitationTarget.unit_id == unit_id,
            InvitationTarget.used,
        )
    )
    if session.scalar(used.limit(1)) is not None:
        raise Refusal("Đã có người gửi phiếu nên không đổi được phiếu của thư mời trong đợt này.")
    assigned.questionnaire, assigned.version = wished


def _targets_of(session: Session, wave: Wave) -> Iterable[tuple[tuple[int, int], bool]]:
    query = (
        select(InvitationTarget.invitation_id, InvitationTarget.unit_id, InvitationTarget.used)
        .join(Invitation, Invitation.id == InvitationTarget.invitation_id)
        .where(Invitation.wave_id == wave.id)
    )
    return (((one, unit), used) for one, unit, used in session.execute(query))


def _rates(rows: Iterable[tuple[Name, int, bool]]) -> dict[Name, Rate]:
    people: dict[Name, set[int]] = defaultdict(set)
    sent: Mapping[Name, list[bool]] = defaultdict(list)
    for name, who, used in rows:
        people[name].add(who)
        sent[name].append(used)
    return {
        name: Rate((str(name),), frozenset(people[name]), len(sent[name]), sum(sent[name]))
        for name in people
    }


def _small(rates: Mapping[Name, Rate]) -> list[Name]:
    return [name for name, rate in rates.items() if not is_enough(rate.people)]


def _together(rates: Iterable[Rate]) -> tuple[Rate, ...] | None:
    """The rows with small ones put together; None where that is not enough."""

    def behind(some: Sequence[Rate]) -> int:
        return len(frozenset[int]().union(*(rate.who for rate in some)))

    apart, few = pooled(sorted(rates, key=lambda rate: rate.names), behind)
    shown = sorted(apart, key=lambda rate: rate.names)
    if few and not is_enough(behind(few)):
        return None
    if few:
        names = tuple(sorted(name for rate in few for name in rate.names))
        who = frozenset[int]().union(*(rate.who for rate in few))
        asked, sent = sum(rate.asked for rate in few), sum(rate.sent for rate in few)
        shown.append(Rate(names, who, asked, sent))
    return tuple(shown)


def _named(rows: Sequence[Rate], names: Mapping[str, str]) -> tuple[Rate, ...]:
    """Rows by unit with the names of units, which two may share, in the place of their ids."""
    told = [
        replace(row, names=tuple(sorted((names[unit] for unit in row.names), key=vietnamese)))
        for row in rows
    ]
    return tuple(sorted(told, key=lambda row: (len(row.names) > 1, vietnamese(row.names[0]))))
