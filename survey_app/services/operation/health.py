"""Can the service work: does the database answer."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.waves import Wave


def check_database(session: Session) -> None:
    """Read from a table; raises what the database raises when it is away or not migrated."""
    session.execute(select(Wave.id).limit(1))
