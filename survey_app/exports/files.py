"""Results of jobs as files: a folder appears whole, with checksums, or not at all."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from survey_app.errors import NotFound

SUMS = "SHA256SUMS"
Writer = Callable[[BinaryIO], object]


def publish(folder: Path, name: str, writers: Mapping[str, Writer]) -> None:
    """Write files into `folder/name`: under another name first, renamed when all is on disk.

    A folder that is there already stays as it is: the same name means the same content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    if target.exists():
        return
    part = folder / f".{name}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    sums = []
    for file, write in writers.items():
        with (part / file).open("wb+") as stream:
            write(stream)
            _to_disk(stream)
        sums.append(f"{_checksum(part / file)}  {file}\n")
    with (part / SUMS).open("wb") as stream:
        stream.write("".join(sums).encode("utf-8"))
        _to_disk(stream)
    part.rename(target)


def published(folder: Path, name: str, file: str) -> bytes:
    """The content of a file, whose checksum holds; raises `NotFound` for any other."""
    place = folder / name
    try:
        lines = (place / SUMS).read_text(encoding="utf-8").splitlines()
        sums = {known: checksum for checksum, known in (line.split("  ", 1) for line in lines)}
        if file in sums:
            content = (place / file).read_bytes()
            if hashlib.sha256(content).hexdigest() == sums[file]:
                return content
    except (OSError, ValueError):
        pass
    raise NotFound("Tệp này chưa có hoặc không còn nguyên vẹn. Xin tính lại chỉ số để tạo tệp mới.")


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
