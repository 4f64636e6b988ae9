"""Answers by one-time codes that wait, and moving what can be moved."""

from sqlalchemy import func, select

from survey_app.services.codes.mixing import batches
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.codes.staging import (
    move_batch,
    stage,
)
from tests.survey_app.factories import (
    NOW,
    catalogue,
    response_content,
)
from tests.survey_app.invitation_factories import FILLED

ENOUGH = 2 * FEWEST  # ten go and ten stay


def put(session, wave, point, n=1, group="A", **changes):
    for k in range(n):
        named = {"wave": wave.code, "collection_point": point.code, "mode": "code"}
        content = response_content(**named | changes)
        for name in ("id", "started_at", "submitted_at"):
            del content[name]
        content["answers"] = FILLED | {"comment": f"{group}{k}"}
        stage(session, wave.id, point.unit_id, group, content)


def move_all(session, now=NOW):
    """Move what can be moved; how many rows each batch had."""
    return [move_batch(session, catalogue(), batch, now) for batch in batches(session, now)]


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))
