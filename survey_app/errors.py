"""The catalogue of what a door may answer when it cannot do what was asked."""

from questionnaires.refusal import Refusal


class NotFound(Refusal):
    """There is no such thing, or the link was edited: 404."""


class Gone(Refusal):
    """It existed and is closed: 410."""


class Stale(Refusal):
    """Something newer has been saved meanwhile: 409."""


class NotAllowed(Refusal):
    """Signed in, but not for this: 403."""


STATUS = {NotFound: 404, Gone: 410, Stale: 409, NotAllowed: 403}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal; 400 where no other fits."""
    return next((code for kind, code in STATUS.items() if isinstance(refusal, kind)), 400)
