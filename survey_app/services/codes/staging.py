"""Answers given with a one-time code wait here and move late, among others and shuffled."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import IndexDefinition
from questionnaires.refusal import Refusal
from survey_app.days import day_of, start_of
from survey_app.models.responses import StagedResponse
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.codes.code_points import ensure_mixed_point, takes_invitations
from survey_app.services.codes.mixing import FIELD, UNIT, Batch, Keeps, batches, is_over
from survey_app.services.door.responses import accept_response
from survey_app.services.door.screening import screened_content
from survey_app.services.door.submissions import ACCEPTED, Arrival

NOT_STORED: Final = "not_stored"  # the database had no room or time for it
LONGEST_REASON: Final = 32
TRIED_AGAIN: Final = "staged_tried_again"  # what is recorded
_chance = secrets.SystemRandom()


def stage(
    session: Session,
    wave_id: int,
    unit_id: int,
    rater_group: str | None,
    content: Mapping[str, Any],
) -> None:
    """Put an answer where it waits for others, in the transaction that spends its code.

    `content` is the response object without id and moments; its free text is screened already
    here. `unit_id` is the rated unit.
    """
    moments = {"id", "started_at", "submitted_at", "paradata"} & set(content)
    if moments:
        raise ValueError(f"a staged answer must not say {sorted(moments)}")
    written = json.dumps(screened_content(content), ensure_ascii=False, sort_keys=True)
    staged = StagedResponse(
        id=uuid4(), wave_id=wave_id, unit_id=unit_id, rater_group=rater_group, content=written
    )
    session.add(staged)
    session.flush()


def move_batch(session: Session, catalogue: Catalogue, batch: Batch, now: datetime) -> int:
    """Move a batch into the responses, shuffled, under new ids and with the date only.

    All of it or nothing: returns how many moved, 0 when another worker has moved some of them
    meanwhile, or when one cannot be accepted. That one is marked with what stood in its way, and
    the others are planned anew without it. All is one transaction with the deletion of what was
    staged, so nothing is lost or doubled whenever the worker dies.
    """
    return _try(session, catalogue, batch, now, moves=True)


def check_batch(session: Session, catalogue: Catalogue, batch: Batch, now: datetime) -> None:
    """Mark what of a batch, and of those that stay behind, cannot be accepted; nothing moves.

    For all batches before any of them moves: a refused answer is no company for what stays, and
    what it leaves behind at the close may need the company of another batch.
    """
    whole = replace(batch, ids=(*batch.ids, *batch.staying))
    _try(session, catalogue, whole, now, moves=False)


def refused_in(session: Session, wave: Wave) -> tuple[tuple[str, int], ...]:
    """What stood in the way of staged answers of a wave: codes, and how many each; no more."""
    rows = session.execute(
        select(StagedResponse.refused, func.count())
        .where(StagedResponse.wave_id == wave.id, StagedResponse.refused.is_not(None))
        .group_by(StagedResponse.refused)
        .order_by(StagedResponse.refused)
    )
    return tuple((str(code), n) for code, n in rows)


def try_again(session: Session, wave: Wave) -> None:
    """Let what was refused be tried once more, among others, after something was mended."""
    session.execute(
        update(StagedResponse).where(StagedResponse.wave_id == wave.id).values(refused=None)
    )


def left_over(session: Session, wave: Wave, now: datetime) -> list[UUID]:
    """Answers of a wave that is over which will not move by themselves: refused, or too few."""
    if not is_over(wave, now):
        return []
    moving = {one for batch in batches(session, now, wave) for one in batch.ids}
    query = select(StagedResponse.id).where(StagedResponse.wave_id == wave.id)
    return [one for one in session.scalars(query.order_by(StagedResponse.id)) if one not in moving]


def unsettled(
    session: Session, wave: Wave, index: IndexDefinition, now: datetime
) -> Refusal | None:
    """Why an index that reads answers of invited officials waits; None when it can be computed.

    Between two computations not one form may come: their difference would tell it.
    """
    asked = (
        select(WavePoint.questionnaire)
        .join(CollectionPoint, CollectionPoint.id == WavePoint.point_id)
        .where(WavePoint.wave_id == wave.id, takes_invitations())
    )
    read = {name.partition("/")[0] for name in index.questionnaires}
    if not any(not read or code in read for code in session.scalars(asked.distinct())):
        return None
    if wave.closed_at is None or now < wave.closed_at:
        return Refusal(
            "Công chức trả lời theo thư mời nên để giữ kín từng phiếu, chỉ số chỉ tính được sau "
            "khi đợt khảo sát đóng. Xin đóng đợt hoặc đợi đến ngày đóng."
        )
    if not is_over(wave, now) or batches(session, now, wave):
        return Refusal(
            "Các phiếu theo thư mời đang được trộn với nhau trước khi lưu. Xin đợi ít phút rồi "
            "tính chỉ số."
        )
    return None


def _try(
    session: Session, catalogue: Catalogue, batch: Batch, now: datetime, *, moves: bool
) -> int:
    chosen = select(StagedResponse).where(StagedResponse.id.in_(batch.ids))
    rows = list(session.scalars(chosen.order_by(StagedResponse.id).with_for_update()))
    if len(rows) != len(batch.ids):
        return 0
    _chance.shuffle(rows)
    day = start_of(day_of(now))
    refused: dict[UUID, str] = {}
    with session.begin_nested() as step:
        for row in rows:
            refused |= _refused(session, catalogue, row, batch.keeps, day)
        if refused or not moves:
            step.rollback()
        else:
            session.execute(delete(StagedResponse).where(StagedResponse.id.in_(batch.ids)))
    _mark(session, refused)
    return len(rows) if moves and not refused else 0


def _refused(
    session: Session, catalogue: Catalogue, row: StagedResponse, keeps: Keeps, day: datetime
) -> dict[UUID, str]:
    """Put a staged answer among the responses; its id and the reason when it is refused."""
    content = json.loads(row.content) | {"id": str(uuid4())}
    if keeps < Keeps.LABEL:
        content.pop(FIELD, None)
    if keeps < Keeps.UNIT_ONLY:
        content.pop(UNIT, None)
        named = content["questionnaire"], content["version"]
        content["collection_point"] = ensure_mixed_point(session, row.wave_id, *named)
    group = row.rater_group if keeps == Keeps.LABEL else None
    arrival = Arrival(by_code=True, rater_group=group)
    receipt = accept_response(session, content, day, catalogue, arrival)
    if receipt.status == ACCEPTED:
        return {}
    return {row.id: receipt.problems[0].code if receipt.problems else receipt.status}


def _mark(session: Session, refused: Mapping[UUID, str]) -> None:
    """Write down what stood in the way, unless it passes by itself."""
    for identity, code in refused.items():
        if code != NOT_STORED:
            session.execute(
                update(StagedResponse)
                .where(StagedResponse.id == identity)
                .values(refused=code[:LONGEST_REASON])
            )
