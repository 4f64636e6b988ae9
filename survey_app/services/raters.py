"""Who rates whom: the matrix groups x units, the targets made of it, and how many have answered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.codes import Invitation, InvitationTarget, RaterTarget
from survey_app.models.units import Unit
from survey_app.models.waves import Wave, WaveForm, WaveUnit
from survey_app.services.code_points import add_invitation_point, invitation_point
from survey_app.services.pooling import FEWEST
from survey_app.services.sorting import vietnamese
from survey_app.services.waves import hold

Cell = tuple[str, int]  # group and id of a unit


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

    A row of several names holds small groups together, so that none of them is told.
    """

    names: tuple[str, ...]
    people: int
    asked: int
    sent: int


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

    No group or unit with fewer than ten invited people is told, neither alone, nor by what is left
    of a total, nor by holding the rows by group against the rows by unit.
    """
    query = (
        select(
            Invitation.rater_group,
            Unit.id,
            Unit.name,
            Invitation.id,
            InvitationTarget.used,
        )
        .join(InvitationTarget, InvitationTarget.invitation_id == Invitation.id)
        .join(Unit, Unit.id == InvitationTarget.unit_id)
        .where(Invitation.wave_id == wave.id)
    )
    found = session.execute(query).all()
    rows = [(group, str(unit), who, bool(used)) for group, unit, _, who, used in found]
    everybody = _rates(("", who, used) for _, _, who, used in rows)
    by_group = _rates((group, who, used) for group, _, who, used in rows)
    by_unit = _rates((unit, who, used) for _, unit, who, used in rows)
    groups, units = pooled(by_group), pooled(by_unit)
    small = [rate.names[0] for rate in by_group if rate.people < FEWEST]
    cells = {(group, unit) for group, unit, _, _ in rows}
    if groups and units and any(told_by(cells, groups, units, group) for group in small):
        units = None
    whole = next((rate for rate in everybody if rate.people >= FEWEST), None)
    names = {str(unit): name for _, unit, name, _, _ in found}
    return ResponseRates(whole, groups, _named(units, names) if units else units)


def pooled(rates: Sequence[Rate]) -> tuple[Rate, ...] | None:
    """The rows with those of fewer than ten people put together; None where that is not enough.

    The smallest of the others joins them when they are fewer than ten still, or one alone.
    """
    few = [rate for rate in rates if rate.people < FEWEST]
    enough = sorted(
        (rate for rate in rates if rate.people >= FEWEST),
        key=lambda rate: (rate.people, rate.names),
    )
    while few and (len(few) < 2 or sum(rate.people for rate in few) < FEWEST):
        if not enough:
            return None
        few.append(enough.pop(0))
    shown = sorted(enough, key=lambda rate: rate.names)
    if few:
        names = tuple(sorted(name for rate in few for name in rate.names))
        shown.append(Rate(names, *(sum(c) for c in zip(*map(_counts, few), strict=True))))
    return tuple(shown)


def told_by(
    cells: Iterable[Cell] | Iterable[tuple[str, str]],
    groups: Sequence[Rate],
    units: Sequence[Rate],
    secret: str,
) -> bool:
    """Say whether the count of one group can be computed from rows by group and rows by unit.

    It can when numbers exist by which the rows are multiplied so that every cell group x unit is
    counted once if it is of the secret group, and else not at all. Each cell stands in one row by
    group and one by unit, so such numbers are found, or excluded, by walking from row to row.
    """
    row_of_group = {name: ("group", k) for k, row in enumerate(groups) for name in row.names}
    row_of_unit = {name: ("unit", k) for k, row in enumerate(units) for name in row.names}
    beside: dict[tuple[str, int], list[tuple[tuple[str, int], int]]] = defaultdict(list)
    for group, unit in cells:
        one, other, times = row_of_group[group], row_of_unit[str(unit)], int(group == secret)
        beside[one].append((other, times))
        beside[other].append((one, times))
    number: dict[tuple[str, int], int] = {}
    for beginning in beside:
        waiting = [beginning] if beginning not in number else []
        number.setdefault(beginning, 0)
        while waiting:
            row = waiting.pop()
            for other, times in beside[row]:
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


def _rates(rows: Iterable[tuple[str, int, bool]]) -> list[Rate]:
    people: dict[str, set[int]] = defaultdict(set)
    sent: Mapping[str, list[bool]] = defaultdict(list)
    for name, who, used in rows:
        people[name].add(who)
        sent[name].append(used)
    return [Rate((name,), len(people[name]), len(sent[name]), sum(sent[name])) for name in people]


def _named(rows: Sequence[Rate], names: Mapping[str, str]) -> tuple[Rate, ...]:
    """Rows by unit with the names of units, which two may share, in the place of their ids."""
    told = [
        replace(row, names=tuple(sorted((names[unit] for unit in row.names), key=vietnamese)))
        for row in rows
    ]
    return tuple(sorted(told, key=lambda row: (len(row.names) > 1, vietnamese(row.names[0]))))


def _counts(rate: Rate) -> tuple[int, int, int]:
    return rate.people, rate.asked, rate.sent
