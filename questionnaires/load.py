"""File to definition: reads TOML, keeps its checksum, and knows the catalogue of versions."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from questionnaires.model import Category, Frozen, IndexDefinition, QuestionnaireVersion, Scale
from questionnaires.refusal import Refusal
from questionnaires.translation import Translation

DEFINITIONS = Path(__file__).parent / "definitions"
INDICES = "indices"
Definition = TypeVar("Definition", bound=BaseModel)


@dataclass(frozen=True)
class Loaded(Generic[Definition]):
    """A definition with the sha256 of the file it was read from."""

    definition: Definition
    checksum: str


@dataclass(frozen=True)
class Catalogue:
    """The shipped definitions under one folder, read when asked for.

    A file named in `PUBLISHED` must still have the checksum written there; a published file that
    has changed is refused, never loaded, and so is a file that calls itself by another name.
    """

    folder: Path = DEFINITIONS

    def questionnaire(self, name: str) -> Loaded[QuestionnaireVersion]:
        """Load `code/version`; raises `Refusal` when there is none or it was tampered with."""
        path = self.folder / f"{name}.toml"
        if name not in self.questionnaire_names:
            raise Refusal("Không có phiếu «{name}» trong danh mục.", name=name)
        loaded = load_questionnaire(path)
        return self._guarded(loaded, path, name, loaded.definition.name)

    def index(self, code: str) -> Loaded[IndexDefinition]:
        """Load the index `code`; raises `Refusal` when there is none or it was tampered with."""
        path = self.folder / INDICES / f"{code}.toml"
        if code not in self.index_codes:
            raise Refusal("Không có chỉ số «{name}» trong danh mục.", name=code)
        loaded = load_index(path)
        return self._guarded(loaded, path, code, loaded.definition.code)

    def translations(self, name: str) -> tuple[Loaded[Translation], ...]:
        """Load every translation of the questionnaire version `code/version`, by locale."""
        code, _, version = name.partition("/")
        paths = sorted((self.folder / code).glob(f"{version}.[a-z][a-z].toml"))
        return tuple(load_translation(path) for path in paths)

    @property
    def questionnaire_names(self) -> tuple[str, ...]:
        """The names `code/version` of all versions, published or draft."""
        paths = self.folder.glob("*/*.toml")
        names = (path.relative_to(self.folder).with_suffix("").as_posix() for path in paths)
        return tuple(
            sorted(n for n in names if not n.startswith(f"{INDICES}/") and not _locale_of(n))
        )

    @property
    def index_codes(self) -> tuple[str, ...]:
        """The codes of all indices, published or draft."""
        return tuple(sorted(path.stem for path in (self.folder / INDICES).glob("*.toml")))

    @property
    def published(self) -> dict[str, str]:
        """Checksum of every published file by its name relative to the folder.

        The file has the form of `sha256sum`, so that anybody can check it with `sha256sum -c`.
        """
        path = self.folder / "PUBLISHED"
        if not path.exists():
            return {}
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise Refusal("Tệp {file}: mỗi dòng phải gồm mã kiểm tra và tên tệp.", file=path.name)
        return {name: checksum for checksum, name in pairs}

    def is_published(self, path: str) -> bool:
        """Say whether a file, named relative to the folder, is published."""
        return path in self.published

    def _guarded(
        self, loaded: Loaded[Definition], path: Path, name: str, own_name: str
    ) -> Loaded[Definition]:
        file = path.relative_to(self.folder).as_posix()
        if self.published.get(file, loaded.checksum) != loaded.checksum:
            template = "Tệp {file} đã công bố nên không được sửa: mã kiểm tra không còn khớp."
            raise Refusal(template, file=file)
        if own_name != name:
            template = "Tệp {file} tự ghi mã là «{name}», không khớp tên tệp."
            raise Refusal(template, file=file, name=own_name)
        return loaded


def load_questionnaire(path: Path) -> Loaded[QuestionnaireVersion]:
    """Read one questionnaire version.

    Shared scales and answers outside the scale are written once in the file and put into each
    item here. Raises `Refusal` when the file is not sound TOML or not of the model's shape.
    """
    raw, checksum = _read(path)
    _expand_options(raw, path)
    return Loaded(_validated(QuestionnaireVersion, raw, path), checksum)


def load_index(path: Path) -> Loaded[IndexDefinition]:
    """Read one index definition; raises `Refusal` when it is not of the model's shape."""
    raw, checksum = _read(path)
    return Loaded(_validated(IndexDefinition, raw, path), checksum)


def load_translation(path: Path) -> Loaded[Translation]:
    """Read one translation; raises `Refusal` when it is not of the model's shape."""
    raw, checksum = _read(path)
    return Loaded(_validated(Translation, raw, path), checksum)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal("Không đọc được tệp {file}.", file=path.name) from error
    try:
        raw = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise Refusal("Tệp {file} không phải văn bản UTF-8.", file=path.name) from error
    except tomllib.TOMLDecodeError as error:
        template = "Tệp {file} không đúng cú pháp TOML: {detail}."
        raise Refusal(template, file=path.name, detail=error) from error
    return raw, hashlib.sha256(content).hexdigest()


class _Shared(Frozen):
    """What a file writes once for several items."""

    scale: tuple[Scale, ...] = ()
    outside: tuple[Category, ...] = ()


def _expand_options(raw: dict[str, Any], path: Path) -> None:
    """Put the options of the named scale and of `outside` into each item, in that order."""
    written = {"scale": raw.get("scale", []), "outside": raw.pop("outside", [])}
    shared = _validated(_Shared, written, path)
    for meaning, n in Counter(option.outside for option in shared.outside).items():
        if meaning is None or n > 1:
            template = (
                "Tệp {file}, outside: mỗi phương án phải có một nghĩa «outside» của riêng nó."
            )
            raise Refusal(template, file=path.name)
    scales = {scale.code: scale.option for scale in shared.scale}
    outside = {str(option.outside): option for option in shared.outside}
    for item in (item for section in _tables(raw, "section") for item in _tables(section, "item")):
        _expand_item(item, scales, outside, path)


def _expand_item(
    item: dict[str, Any],
    scales: Mapping[str, tuple[Category, ...]],
    outside: Mapping[str, Category],
    path: Path,
) -> None:
    name, own, offered = item.get("scale"), item.get("option", []), item.pop("outside", [])
    if not isinstance(own, list) or not isinstance(offered, list):
        template = "Tệp {file}, câu hỏi {item}: option và outside phải là danh sách."
        raise Refusal(template, file=path.name, item=item.get("code"))
    if name is not None and own:
        template = "Tệp {file}, câu hỏi {item}: chỉ dùng một trong hai mục scale và option."
        raise Refusal(template, file=path.name, item=item.get("code"))
    if name is not None and name not in list(scales):
        template = "Tệp {file}, câu hỏi {item}: không có thang đo «{scale}»."
        raise Refusal(template, file=path.name, item=item.get("code"), scale=name)
    for meaning in offered:
        if meaning not in list(outside):
            template = "Tệp {file}, câu hỏi {item}: chưa khai báo phương án «{option}»."
            raise Refusal(template, file=path.name, item=item.get("code"), option=meaning)
    on_scale = own if name is None else scales[name]
    item["option"] = [*on_scale, *(outside[meaning] for meaning in offered)]


def _tables(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables under a key; whatever else stands there is left for the model to refuse."""
    found = raw.get(key, [])
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _validated(model: type[Definition], raw: Mapping[str, Any], path: Path) -> Definition:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = _place(raw, first["loc"])
        detail = {
            "missing": "thiếu thông tin bắt buộc",
            "extra_forbidden": "không có mục này trong định dạng",
        }.get(first["type"], f"giá trị không được chấp nhận ({first['msg']})")
        template = "Tệp {file}, {where}: {detail}."
        raise Refusal(template, file=path.name, where=where, detail=detail) from error


def _place(raw: Any, location: tuple[int | str, ...]) -> str:
    """Name the place of an error by the codes a person finds in the file, not by positions."""
    words: list[str] = []
    for step in location:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        if isinstance(step, int):
            code = raw.get("code") if isinstance(raw, dict) else None
            words[-1] += f" «{code}»" if code else f" thứ {step + 1}"
        else:
            words.append(str(step))
    return ", ".join(words)


def _locale_of(name: str) -> str | None:
    """The locale in `code/version.xx`, the name of a translation file; None for a version."""
    _, dot, last = name.rpartition(".")
    return last if dot and len(last) == 2 and last.isalpha() else None
