"""The parts a kiosk keeps to open without a network, and the version they have together."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PARTS: Final = ("css/site.css", "css/kiosk.css", "img/*.svg", "js/*.js", "fonts/*.woff2")
WORKER: Final = "js/kiosk-worker.js"


@dataclass(frozen=True)
class Shell:
    """The addresses of the parts, their version, and the service worker that keeps them."""

    version: str
    assets: tuple[str, ...]
    worker: str


@cache
def shell_of(static: Path) -> Shell:
    """Read the parts once; a new version comes with a restart, like everything that is code."""
    paths = sorted({path for pattern in PARTS for path in static.glob(pattern)})
    worker = static / WORKER
    whole = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        whole.update(f"{path.relative_to(static).as_posix()} {len(content)}\n".encode() + content)
    version = whole.hexdigest()[:12]
    assets = tuple(f"/static/{p.relative_to(static).as_posix()}" for p in paths if p != worker)
    head = f"const VERSION = {json.dumps(version)};\nconst ASSETS = {json.dumps(assets)};\n"
    return Shell(version, assets, head + worker.read_text(encoding="utf-8"))
