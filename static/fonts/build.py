"""Cut the fonts of the service from the npm packages that package-lock.json pins; see README.md.

`make assets` installs the packages and runs this. The same packages and the same fonttools and
brotli (requirements-dev.txt) give the same bytes, whatever the day and the machine.
"""

import hashlib
import re
import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "node_modules"
STYLE = ROOT / "static" / "css" / "site.css"
CHECKER = ROOT / "tests" / "accessibility"
PRINTED = ROOT / "survey_app" / "exports"  # sheets are set with the font inside typst, and Khmer
WEIGHTS = (400, 700)  # what the style sheets use, and what lies between
# Letters come composed (all texts are NFC), so combining marks and what places them are left out.
# The ranges are those of `unicode-range` in site.css; a test holds the two against each other.
FONTS = {
    "noto-sans-latin": (
        "noto-sans/files/noto-sans-latin-wght-normal.woff2",
        "U+0020-007E,U+00A0-00FF,U+2013-2014,U+2018-2019,U+201C-201D,U+2022,U+2026,U+2032,"
        "U+2039-203A,U+20AC,U+2212",
        ("kern", "tnum", "pnum"),
    ),
    "noto-sans-vietnamese": (
        "noto-sans/files/noto-sans-vietnamese-wght-normal.woff2",
        "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+1EA0-1EF9,"
        "U+20AB",
        ("kern",),
    ),
    "noto-sans-khmer": (
        "noto-sans-khmer/files/noto-sans-khmer-khmer-wght-normal.woff2",
        "U+1780-17DD,U+17E0-17E9,U+200B-200D,U+25CC",
        ("*",),  # Khmer is not written without them
    ),
}
COPIED = {
    "@fontsource-variable/noto-sans/LICENSE": HERE / "noto-sans-OFL.txt",
    "@fontsource-variable/noto-sans-khmer/LICENSE": HERE / "noto-sans-khmer-OFL.txt",
    "axe-core/axe.min.js": CHECKER / "axe.min.js",
    "axe-core/LICENSE": CHECKER / "axe-LICENSE.txt",
    "axe-core/LICENSE-3RD-PARTY.txt": CHECKER / "axe-LICENSE-3RD-PARTY.txt",
}


def characters(ranges: str) -> set[int]:
    """The code points of a CSS `unicode-range`."""
    found: set[int] = set()
    for part in ranges.split(","):
        first, _, last = part.strip().removeprefix("U+").partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def cut(source: Path, ranges: str, features: tuple[str, ...], target: Path) -> None:
    """Keep the weights, letters and features that are used, and write WOFF2."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(layout_features=list(features), hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters(ranges))
    cutter.subset(font)
    narrowed = instancer.instantiateVariableFont(font, {"wght": WEIGHTS})
    narrowed.flavor = "woff2"
    narrowed.save(target)


def build(folder: Path) -> None:
    """Write every font into a folder."""
    for name, (source, ranges, features) in FONTS.items():
        path = PACKAGES / "@fontsource-variable" / source
        cut(path, ranges, features, folder / f"{name}.woff2")


def set_for_print(source: Path, target: Path) -> None:
    """Write a font of the pages as one that typesetting reads: one weight, not compressed."""
    font = TTFont(source, recalcTimestamp=False)
    plain = instancer.instantiateVariableFont(font, {"wght": WEIGHTS[0]})
    plain.flavor = None
    plain.save(target)


def main() -> None:
    """Write the fonts and the copies, and their checksums into the addresses of the style sheet."""
    build(HERE)
    set_for_print(HERE / "noto-sans-khmer.woff2", PRINTED / "noto-sans-khmer.ttf")
    for source, target in COPIED.items():
        shutil.copyfile(PACKAGES / source, target)
    style = STYLE.read_text(encoding="utf-8")
    for name in FONTS:
        version = hashlib.sha256((HERE / f"{name}.woff2").read_bytes()).hexdigest()[:12]
        style = re.sub(rf"({name}\.woff2)\?v=\w+", rf"\1?v={version}", style)
    STYLE.write_text(style, encoding="utf-8")


if __name__ == "__main__":
    main()
