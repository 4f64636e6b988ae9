"""The administration: one door, and a room for each kind of work."""

from survey_app.web.admin import (
    codes,
    coverage,
    invitations,
    kiosks,
    languages,
    networks,
    points,
    privacy,
    quality,
    results,
    revisions,
    versions,
)
from survey_app.web.admin.door import bp

__all__ = [
    "bp",
    "codes",
    "coverage",
    "invitations",
    "kiosks",
    "languages",
    "networks",
    "points",
    "privacy",
    "quality",
    "results",
    "revisions",
    "versions",
]
