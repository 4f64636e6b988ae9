"""The parts a kiosk or a tablet keeps to open without a network, and the version they make."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

WORKER: Final = "js/shell-worker.js"


@dataclass(frozen=True)
class Plan:
    """What an app keeps: files by pattern, and pages.

    `pages` belong to the version, like the files; what they hold stands in `content` then. Pages
    whose address matches `changing` come from the network while it answers.
    """

    name: str
    parts: tuple[str, ...]
    pages: tuple[str, ...] = ()
    changing: str = ""


KIOSK: Final = Plan(
    "kiosk",
    ("css/site.css", "css/keys.css", "css/kiosk.css", "img/*.svg", "js/*.js", "fonts/*.woff2"),
    changing=r"^/k/[\w=-]+(/package)?$",
)
TABLET: Final = Plan(
    "tablet",
    (
        *("css/site.css", "css/keys.css", "css/field.css", "img/*.svg", "fonts/*.woff2"),
        *("js/*.js", "js/field/*.js", "img/app-*.png", "tablet.webmanifest"),
    ),
    pages=("/t/", "/t/texts"),
)


@dataclass(frozen=True)
class Shell:
    """The addresses of the parts, their version, and the service worker that keeps them."""

    version: str
    assets: tuple[str, ...]
    worker: str


@cache
def shell_of(static: Path, plan: Plan = KIOSK, content: str = "") -> Shell:
    """Read the parts once; a new version comes with a restart, like everything that is code."""
    paths = sorted({path for pattern in plan.parts for path in static.glob(pattern)})
    worker = static / WORKER
    whole = hashlib.sha256(content.encode())
    for path in paths:
        held = path.read_bytes()
        whole.update(f"{path.relative_to(static).as_posix()} {len(held)}\n".encode() + held)
    version = whole.hexdigest()[:12]
    files = tuple(f"/static/{p.relative_to(static).as_posix()}" for p in paths if p != worker)
    assets = (*plan.pages, *files)
    given = {"NAME": plan.name, "VERSION": version, "ASSETS": assets, "CHANGING": plan.changing}
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in given.items())
    return Shell(version, assets, head + worker.read_text(encoding="utf-8"))
