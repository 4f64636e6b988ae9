"""The fonts that are committed are those that the style sheet and the texts need."""

import hashlib
import json
import re

import pytest
from fontTools.ttLib import TTFont

from static.fonts.build import (
    COPIED,
    FONTS,
    HERE,
    PRINTED,
    ROOT,
    STYLE,
    WEIGHTS,
    characters,
    cut,
    set_for_print,
)

FACES = {
    name: (version, ranges)
    for name, version, ranges in re.findall(
        r'url\("\.\./fonts/([a-z-]+)\.woff2\?v=(\w+)"\)[^;]*;\s*unicode-range: ([^;]+);',
        STYLE.read_text(encoding="utf-8"),
    )
}
TEXTS = [
    *(ROOT / "survey_app" / "translations").rglob("*.po"),
    *(ROOT / "survey_app" / "templates").rglob("*.html"),
    *(ROOT / "questionnaires" / "definitions").rglob("*.toml"),
]
# No letters: a table marks a rise and a fall with them, in whatever font the machine has.
SIGNS = set("▲▼")


def font(name):
    return TTFont(HERE / f"{name}.woff2")


@pytest.mark.parametrize("name", FONTS)
def test_the_style_sheet_names_the_font_as_it_is(name):
    version, ranges = FACES[name]

    assert version == hashlib.sha256((HERE / f"{name}.woff2").read_bytes()).hexdigest()[:12]
    assert characters(ranges) == characters(FONTS[name][1])


@pytest.mark.parametrize("name", FONTS)
def test_a_font_has_every_sign_it_is_asked_for_in_the_weights_used(name):
    (axis,) = font(name)["fvar"].axes

    assert set(font(name).getBestCmap()) == characters(FONTS[name][1])
    assert (axis.axisTag, axis.minValue, axis.maxValue) == ("wght", *WEIGHTS)


def test_no_sign_belongs_to_two_fonts():
    sets = [characters(ranges) for _source, ranges, _features in FONTS.values()]

    assert sum(map(len, sets)) == len(set().union(*sets))


def test_every_sign_of_every_text_has_a_font():
    said = {sign for path in TEXTS for sign in path.read_text(encoding="utf-8")} - SIGNS
    drawn = {chr(c) for name in FONTS for c in characters(FACES[name][1])}

    assert len(said) > 200
    assert sorted(said - drawn - {"\n"}) == []


def test_the_same_source_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        cut(HERE / "noto-sans-latin.woff2", "U+0041-005A", ("kern",), tmp_path / name)

    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert set(TTFont(tmp_path / "first").getBestCmap()) == set(range(0x41, 0x5B))


def test_the_font_of_printed_sheets_is_made_of_that_of_the_pages(tmp_path):
    set_for_print(HERE / "noto-sans-khmer.woff2", tmp_path / "khmer.ttf")

    made = (tmp_path / "khmer.ttf").read_bytes()
    assert made == (PRINTED / "noto-sans-khmer.ttf").read_bytes()
    assert set(TTFont(tmp_path / "khmer.ttf").getBestCmap()) == characters(
        FONTS["noto-sans-khmer"][1]
    )


def test_what_comes_from_npm_is_pinned_and_carries_its_licence():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    axe = (ROOT / "tests" / "accessibility" / "axe.min.js").read_text(encoding="utf-8")

    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert packages[f"node_modules/{name}"]["integrity"].startswith("sha512-")
    assert "resolved" not in lock
    assert f"axe v{wanted['axe-core']}" in axe[:40]
    licences = {path.name: path.read_text(encoding="utf-8") for path in COPIED.values()}
    assert "SIL OPEN FONT LICENSE" in licences["noto-sans-OFL.txt"]
    assert "SIL OPEN FONT LICENSE" in licences["noto-sans-khmer-OFL.txt"]
    assert "Mozilla Public License" in licences["axe-LICENSE.txt"]


def test_five_faces_have_one_size_and_one_hand():
    drawings = [
        (ROOT / "static" / "img" / f"face-{n}.svg").read_text(encoding="utf-8") for n in range(1, 6)
    ]
    # Everything but the mouth, the last path, is the same.
    assert len({drawing.rpartition("<path")[0] for drawing in drawings}) == 1
    assert len(set(drawings)) == 5
    assert all('stroke="#14212B"' in drawing for drawing in drawings)
