"""What is stored, one file per subject; importing it makes every table known."""

from survey_app.models import accounts, codes, fieldwork, responses, runs, units, waves

__all__ = ["accounts", "codes", "fieldwork", "responses", "runs", "units", "waves"]
