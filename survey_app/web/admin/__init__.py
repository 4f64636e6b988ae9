"""The administration: one door, and a room for each kind of work."""

from survey_app.web.admin import (
    assignments,
    codes,
    coverage,
    held,
    invitations,
    kiosks,
    languages,
    networks,
    points,
    privacy,
    progress,
    quality,
    results,
    revisions,
    sealed_files,
    tablets,
    versions,
)
from survey_app.web.admin.door import bp

__all__ = [
    "assignments",
    "bp",
    "codes",
    "coverage",
    "held",
    "invitations",
    "kiosks",
    "languages",
    "networks",
    "points",
    "privacy",
    "progress",
    "quality",
    "results",
    "revisions",
    "sealed_files",
    "tablets",
    "versions",
]
