"""A catalogue in which a questionnaire was published three times, for tests of versions."""

import hashlib
import shutil
from pathlib import Path

from questionnaires.load import DEFINITIONS, Catalogue

ONE, TWO, THREE = (f"sipas-counter/{n}" for n in (1, 2, 3))
NEW_WORDS = "Ông/Bà có hài lòng với nơi tiếp đón ở đây không?"
OLD_WORDS = "Ông/Bà có hài lòng với nơi tiếp đón và trang thiết bị ở đây không?"
LAST_OPTION = '  { code = "4", label = "5 lần trở lên" },\n'
ADDED_OPTION = '  { code = "5", label = "Nhờ người khác đến thay" },\n'
BEFORE = '[[section.item]]\ncode = "overall"'
ADDED_ITEM = """
[[section.item]]
code = "fee"
kind = "single"
text = "Ông/Bà có phải trả khoản nào ngoài phí, lệ phí theo quy định không?"
option = [
  { code = "1", label = "Có" },
  { code = "2", label = "Không" },
]
outside = ["no_answer"]
source = "Câu hỏi của phép thử."
"""


def three_versions(folder: Path) -> Catalogue:
    """sipas-counter: as shipped, with other words and one more option, with one more item."""
    home = folder / "definitions"
    (home / "sipas-counter").mkdir(parents=True)
    shutil.copytree(DEFINITIONS / "indices", home / "indices")
    first = (DEFINITIONS / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    second = first.replace(OLD_WORDS, NEW_WORDS).replace('version = "1"', 'version = "2"')
    second = second.replace(LAST_OPTION, LAST_OPTION + ADDED_OPTION)
    third = second.replace('version = "2"', 'version = "3"')
    third = third.replace(BEFORE, f"{ADDED_ITEM}\n{BEFORE}")
    for number, text in enumerate((first, second, third), start=1):
        publish(home, f"sipas-counter/{number}.toml", text)
    return Catalogue(home)


def publish(home: Path, name: str, text: str) -> None:
    """Put a definition on the shelf and its checksum on the list of what never changes."""
    content = text.encode("utf-8")
    (home / name).write_bytes(content)
    with (home / "PUBLISHED").open("a", encoding="utf-8") as listed:
        listed.write(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
