"""The Chromium of this machine: the one people use, and the lighter one that tests drive."""

import shutil
from typing import Any, Final

_SHELL = shutil.which("chromium-headless-shell")
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or _SHELL
# The same engine without the windows around it takes a third of the work.
SHELL: Final = _SHELL or CHROMIUM


def launching(executable: str | None) -> dict[str, Any]:
    """What Playwright is told to start a browser; in a container it cannot shut itself in."""
    return {"executable_path": executable, "args": ["--no-sandbox"]}
