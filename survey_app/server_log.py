"""The web server's own log, without what requests say of themselves."""

import sys
from typing import Any, Final

from gunicorn.glogging import Logger

from survey_app.security import trace_of

# How gunicorn begins what it says of a request; what follows quotes its address or its sender.
OF_A_REQUEST: Final = (
    "Invalid request",
    "Error handling request",
    "Socket error processing request",
    "WSGI app sent body bytes",
)


class DiscreetLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log: of a request it says what went wrong, never which request it was."""

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log a warning, cut down if it speaks of a request."""
        what = _cut(msg)
        super().warning(*((what,) if what else (msg, *args)), **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log what an exception stopped; if a request, without the words of the exception."""
        what, error = _cut(msg), sys.exc_info()[1]
        if what and error is not None:
            super().error("%s\n%s", what, trace_of(error))
        else:
            super().exception(msg, *args, **kwargs)


def _cut(msg: Any) -> str | None:
    """The beginning of a message that speaks of a request; None for any other."""
    return next((what for what in OF_A_REQUEST if str(msg).startswith(what)), None)
