"""Static files: text packed once, and an address that changes with the content, kept for a year."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from survey_app.config import ROOT

FOLDER: Final = ROOT / "static"
# Only files open to everybody are packed, never a page: the size of a packed page that holds a
# secret beside words of a visitor tells the secret (BREACH).
PACKED: Final = {".css", ".js", ".json", ".svg", ".txt", ".webmanifest"}
NOT_SERVED: Final = {".py", ".pyc", ".md"}  # how the folder is made is no part of the service
YEAR: Final = 31_536_000
SIGNS: Final = 12


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    path: Path
    content: bytes

    @cached_property
    def version(self) -> str:
        """What changes when the content does."""
        return hashlib.sha256(self.content).hexdigest()[:SIGNS]

    @cached_property
    def packed(self) -> bytes | None:
        """The file in gzip, for text; computed once."""
        if self.path.suffix not in PACKED:
            return None
        return gzip.compress(self.content, mtime=0)


class Assets:
    """The files of a folder, read again when one has changed on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[int, Asset]] = {}

    def find(self, name: str) -> Asset | None:
        """The file of that name, if it is served."""
        place = safe_join(str(self.folder), name)
        path = Path(place) if place else None
        if path is None or path.suffix in NOT_SERVED or not path.is_file():
            return None
        changed = path.stat().st_mtime_ns
        kept = self._read.get(path)
        if kept is None or kept[0] != changed:
            kept = self._read[path] = (changed, Asset(path, path.read_bytes()))
        return kept[1]


def init_app(app: Flask, folder: Path = FOLDER) -> None:
    """Serve the folder at /static, and let `url_for` name the version of each file."""
    assets = Assets(folder)

    def static(filename: str) -> Response:
        asset = assets.find(filename)
        if asset is None:
            raise NotFound
        return _answer(asset)

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            asset = assets.find(values.get("filename", ""))
            if asset is not None:
                values.setdefault("v", asset.version)

    app.view_functions["static"] = static
    app.url_defaults(add_version)


def _answer(asset: Asset) -> Response:
    kind = guess_type(asset.path.name)[0] or "application/octet-stream"
    packs = asset.packed is not None and request.accept_encodings["gzip"] > 0
    answer = Response(asset.packed if packs else asset.content, mimetype=kind)
    answer.set_etag(f"{asset.version}-gzip" if packs else asset.version)
    if asset.packed is not None:
        answer.vary.add("Accept-Encoding")
    if packs:
        answer.content_encoding = "gzip"
    # Players of sound ask for parts of a file.
    answer.make_conditional(
        request, accept_ranges=not packs, complete_length=None if packs else len(asset.content)
    )
    cache = answer.cache_control
    if request.args.get("v") == asset.version:
        cache.no_cache, cache.public, cache.max_age, cache.immutable = None, True, YEAR, True
    else:  # a page of yesterday or a visitor by hand: ask each time, 304 when it is the same
        cache.no_cache = True
    return answer
