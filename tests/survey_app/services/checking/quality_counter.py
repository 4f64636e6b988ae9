"""A counter that forms are sent to, and what was noticed of each."""

import json
from datetime import timedelta
from uuid import UUID

from survey_app.models.responses import ResponseQuality
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ACCEPTED
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

HOURS = json.dumps({str(day): [["07:30", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)})
EVENING = NOW + timedelta(hours=11)  # 21:00 in Viet Nam, a Friday
ALIKE = ("access", "procedure_clear", "staff", "result", "feedback", "overall")


class Counter:
    """A counter that forms are sent to."""

    def __init__(self, database):
        self.database = database
        with database.writing() as session:
            wave = make_wave(session, opened_at=NOW - timedelta(days=400))
            point = make_point(session, wave, opening_hours=HOURS)
            self.names = {"wave": wave.code, "collection_point": point.code}

    def send(self, now=NOW, took=60.0, ended=None, arrival=None, **changes):
        """Send a form that took so many seconds; returns what was noticed."""
        ended = ended or now
        moments = {
            "started_at": (ended - timedelta(seconds=took)).isoformat(),
            "submitted_at": ended.isoformat(),
        }
        content = response_content(**self.names | {"mode": "web"} | moments | changes)
        with self.database.writing() as session:
            receipt = accept_response(session, content, now, catalogue(), arrival)
        assert receipt.status == ACCEPTED
        with self.database.reading() as session:
            return session.get(ResponseQuality, UUID(content["id"]))


def signals(row):
    return set(json.loads(row.signals))


def different(k):
    """Answers that differ from one k to the next, up to five hundred."""
    wheels = {"trips": (1, 4), "staff": (4, 5), "result": (20, 5), "access": (100, 5)}
    return {item: str(1 + k // slow % n) for item, (slow, n) in wheels.items()}
