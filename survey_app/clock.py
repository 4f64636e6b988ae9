"""The one clock: the edge reads it, services are told."""

from datetime import UTC, datetime


def now() -> datetime:
    """The moment now, in UTC."""
    return datetime.now(UTC)
