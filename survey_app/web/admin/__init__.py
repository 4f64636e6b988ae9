"""The administration: one door, and a room for each kind of work."""

from survey_app.web.admin import invitations, results
from survey_app.web.admin.door import bp

__all__ = ["bp", "invitations", "results"]
