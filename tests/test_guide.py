"""The surveyors' guide shows pictures that are there and quotes words that the screens say."""

import re
from pathlib import Path

import pytest

from survey_app.i18n import catalogue

DOCS = Path(__file__).parents[1] / "docs"
GUIDE = (DOCS / "surveyor-guide.md").read_text(encoding="utf-8")
PICTURES = sorted((DOCS / "img").iterdir())
QUOTED = sorted({" ".join(words.split()) for words in re.findall(r"«(.*?)»", GUIDE, re.DOTALL)})


def test_every_picture_is_there_and_shown():
    shown = re.findall(r'<img src="img/(.*?)" width="480" alt="(.+?)">', GUIDE)

    assert len(shown) == GUIDE.count("img/")
    assert sorted(name for name, _said in shown) == [path.name for path in PICTURES]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_small(path):
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert path.stat().st_size < 60_000


@pytest.mark.parametrize("words", QUOTED)
def test_what_the_guide_quotes_is_on_a_screen(words):
    assert any(text.startswith(words) for text in catalogue("en"))
