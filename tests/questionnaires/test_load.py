"""A definition file is read exactly, or refused in one sentence that names file and place."""

import hashlib
import shutil
import subprocess
from decimal import Decimal

import pytest

from questionnaires.load import (
    DEFINITIONS,
    Catalogue,
    load_index,
    load_questionnaire,
    load_translation,
)
from questionnaires.model import Category
from questionnaires.refusal import Refusal
from tests.questionnaires.factories import DATA, shape

HEADER = """\
code = "thu"
version = "1"
title = "Phiếu thử"
legal_basis = "Không"
source = "Phép thử"
"""
SECTION = '[[section]]\ncode = "A"\ntitle = "Phần A"\n'
ITEM = '[[section.item]]\ncode = "q1"\nkind = "single"\ntext = "Câu một?"\n'
OPTIONS = 'option = [{ code = "1", label = "Có" }, { code = "2", label = "Không" }]\n'
SOUND = HEADER + SECTION + ITEM + OPTIONS
INDEX = """\
code = "chi-so"
root = "A"
scale = ["1", "2"]
favourable = ["2"]

[[leaf]]
code = "A"
item = "q1"
measure = "favourable_share"
"""


def written(folder, text, name="thu.toml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal_of(load, path):
    with pytest.raises(Refusal) as caught:
        load(path)
    return str(caught.value)


def copy_of_the_catalogue(folder, published=()):
    """The shipped definitions with some of them published, as `sha256sum` writes it."""
    shutil.copytree(DEFINITIONS, folder / "definitions")
    lines = [
        f"{hashlib.sha256((DEFINITIONS / name).read_bytes()).hexdigest()}  {name}\n"
        for name in published
    ]
    (folder / "definitions" / "PUBLISHED").write_text("".join(lines), encoding="utf-8")
    return Catalogue(folder / "definitions")


def test_a_sound_file_is_read(tmp_path):
    loaded = load_questionnaire(written(tmp_path, SOUND)).definition

    assert loaded.name == "thu/1"
    assert loaded.items[0].option == (
        Category(code="1", label="Có"),
        Category(code="2", label="Không"),
    )


def test_checksum_is_that_of_sha256sum():
    path = DATA / "outside_scale.toml"

    outcome = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)

    assert load_questionnaire(path).checksum == outcome.stdout.split()[0]


def test_checksum_covers_comments_too(tmp_path):
    plain = load_questionnaire(written(tmp_path, SOUND))
    remarked = load_questionnaire(written(tmp_path, SOUND + "# chú thích\n"))

    assert plain.definition == remarked.definition
    assert plain.checksum != remarked.checksum


def test_shared_scale_and_outside_options_are_put_into_the_item_in_that_order():
    level = shape("outside_scale").items[0]

    assert [option.code for option in level.option] == ["1", "2", "3", "98", "99"]
    assert [option.outside for option in level.option[3:]] == ["dont_know", "no_answer"]


def test_decimal_weights_stay_exact(tmp_path):
    text = """\
code = "chi-so"
root = "A"
scale = ["1", "2"]
favourable = ["2"]

[[node]]
code = "A"
rollup = "weighted_mean"
children = ["B", "C"]
weights = [0.1, 0.9]

[[leaf]]
code = "B"
item = "q1"
measure = "option_points"
points = { "1" = 0.3, "2" = 1 }

[[leaf]]
code = "C"
item = "q2"
measure = "favourable_share"
max_points = 2.5
"""

    loaded = load_index(written(tmp_path, text)).definition

    assert loaded.node[0].weights == (Decimal("0.1"), Decimal("0.9"))
    assert loaded.leaf[0].points == {"1": Decimal("0.3"), "2": Decimal(1)}
    assert loaded.leaf[1].max_points == Decimal("2.5")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("code = ", "TOML"),
        ('code = "a"\ncode = "b"\n', "TOML"),
        (SOUND.encode("utf-16"), "UTF-8"),
        (SOUND.encode("latin-1", "replace"), "UTF-8"),
    ],
    ids=["unfinished", "same key twice", "UTF-16", "Latin-1"],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, content, place):
    sentence = refusal_of(load_questionnaire, written(tmp_path, content))

    assert "Tệp thu.toml" in sentence
    assert place in sentence


def test_a_syntax_error_is_named_by_its_line(tmp_path):
    sentence = refusal_of(load_questionnaire, written(tmp_path, SOUND + "kind 5\n"))

    assert f"line {SOUND.count(chr(10)) + 1}" in sentence


def test_a_file_that_does_not_exist_is_refused_by_name(tmp_path):
    sentence = refusal_of(load_questionnaire, tmp_path / "khong-co.toml")

    assert sentence == "Không đọc được tệp khong-co.toml."


OUTSIDE = '[[outside]]\ncode = "98"\nlabel = "Không biết"\noutside = "dont_know"\n'
BROKEN = {
    "unknown key of the file": ('colour = "đỏ"\n' + SOUND, "colour: không có mục này"),
    "unknown key of an item": (SOUND + "hint = 1\n", "section «A», item «q1», hint: không có mục"),
    "missing title": (SOUND.replace('title = "Phiếu thử"\n', ""), "title: thiếu thông tin"),
    "missing text of an item": (
        SOUND.replace('text = "Câu một?"\n', ""),
        "section «A», item «q1», text: thiếu thông tin",
    ),
    "missing code of an item": (
        SOUND.replace('code = "q1"\n', ""),
        "section «A», item thứ 1, code: thiếu thông tin",
    ),
    "missing label of an option": (
        SOUND.replace(', label = "Không"', ""),
        "section «A», item «q1», option «2», label: thiếu thông tin",
    ),
    "unknown kind": (SOUND.replace('"single"', '"slider"'), "section «A», item «q1», kind:"),
    "number for a text": (SOUND.replace('"Câu một?"', "5"), "section «A», item «q1», text:"),
    "no section": (HEADER, "section: thiếu thông tin"),
    "section without items": (HEADER + SECTION, "section «A», item: thiếu thông tin"),
    "section that is a text": ('section = "A"\n' + HEADER, "section: giá trị không được chấp nhận"),
    "unknown scale": (
        HEADER + SECTION + ITEM + 'scale = "khac"\n',
        "câu hỏi q1: không có thang đo «khac»",
    ),
    "scale that is a list": (
        HEADER + SECTION + ITEM + 'scale = ["khac"]\n',
        "câu hỏi q1: không có thang đo",
    ),
    "scale and options at once": (
        SOUND + 'scale = "muc"\n' + '[[scale]]\ncode = "muc"\n' + OPTIONS,
        "câu hỏi q1: chỉ dùng một trong hai mục scale và option",
    ),
    "shared scale with one option": (
        SOUND + '[[scale]]\ncode = "muc"\noption = [{ code = "1", label = "Có" }]\n',
        "scale «muc», option:",
    ),
    "outside option not declared": (
        SOUND + 'outside = ["dont_know"]\n',
        "câu hỏi q1: chưa khai báo phương án «dont_know»",
    ),
    "outside that is a text": (
        SOUND + 'outside = "dont_know"\n' + OUTSIDE,
        "câu hỏi q1: option và outside phải là danh sách",
    ),
    "outside option without a label": (
        SOUND + OUTSIDE.replace('label = "Không biết"\n', ""),
        "outside «98», label: thiếu thông tin",
    ),
    "outside option without a meaning": (
        SOUND + OUTSIDE.replace('outside = "dont_know"\n', ""),
        "outside: mỗi phương án phải có một nghĩa",
    ),
    "outside option of an unknown meaning": (
        SOUND + OUTSIDE.replace('"dont_know"', '"maybe"'),
        "outside «98», outside: giá trị không được chấp nhận",
    ),
    "two outside options of one meaning": (
        SOUND + OUTSIDE + OUTSIDE.replace("98", "97"),
        "outside: mỗi phương án phải có một nghĩa",
    ),
}


@pytest.mark.parametrize(("text", "place"), BROKEN.values(), ids=BROKEN.keys())
def test_a_misshapen_questionnaire_is_refused_by_file_and_place(tmp_path, text, place):
    sentence = refusal_of(load_questionnaire, written(tmp_path, text))

    assert sentence.startswith("Tệp thu.toml, ")
    assert place in sentence


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (INDEX.replace('root = "A"\n', ""), "root: thiếu thông tin"),
        (INDEX + "colour = 1\n", "leaf «A», colour: không có mục này"),
        (INDEX.replace('"favourable_share"', '"median"'), "leaf «A», measure:"),
        (INDEX + 'max_points = "nhiều"\n', "leaf «A», max_points:"),
    ],
    ids=["missing root", "unknown key", "unknown measure", "points that are no number"],
)
def test_a_misshapen_index_is_refused_by_file_and_place(tmp_path, text, place):
    sentence = refusal_of(load_index, written(tmp_path, text))

    assert sentence.startswith("Tệp thu.toml, ")
    assert place in sentence


def test_a_misshapen_translation_is_refused_by_file_and_place(tmp_path):
    text = 'questionnaire = "thu/1"\nlocale = "en"\n\n[[entry]]\nvi = "Có"\n'

    sentence = refusal_of(load_translation, written(tmp_path, text))

    assert sentence == "Tệp thu.toml, entry thứ 1, text: thiếu thông tin bắt buộc."


def test_catalogue_lists_versions_and_not_translations(tmp_path):
    for name in (
        "b/2.toml",
        "a/1.toml",
        "a/1.en.toml",
        "a/1.km.toml",
        "a/1-dai.toml",
        "a/1.25.toml",
        "a/1.dai.toml",
    ):
        written(tmp_path, SOUND, name)
    written(tmp_path, SOUND, "indices-2022/1.toml")
    written(tmp_path, INDEX, "indices/chi-so.toml")

    catalogue = Catalogue(tmp_path)

    assert catalogue.questionnaire_names == (
        *("a/1", "a/1-dai", "a/1.25", "a/1.dai"),
        *("b/2", "indices-2022/1"),
    )
    assert catalogue.index_codes == ("chi-so",)


def test_catalogue_finds_the_translations_of_one_version_only(tmp_path):
    for locale, name in (("km", "a/1.km"), ("en", "a/1.en"), ("en", "a/1-dai.en")):
        text = f'questionnaire = "{name[:-3]}"\nlocale = "{locale}"\nentry = []\n'
        written(tmp_path, text, f"{name}.toml")

    found = Catalogue(tmp_path).translations("a/1")

    assert [(t.definition.locale, t.definition.questionnaire) for t in found] == [
        ("en", "a/1"),
        ("km", "a/1"),
    ]


@pytest.mark.parametrize("name", ["khong/co", "sipas-citizen/2022.en", "indices/sipas-2022", ""])
def test_catalogue_refuses_a_name_that_is_no_version(name):
    with pytest.raises(Refusal, match=f"Không có phiếu «{name}»"):
        Catalogue().questionnaire(name)


def test_catalogue_refuses_an_unknown_index():
    with pytest.raises(Refusal, match="Không có chỉ số «sipas-1999»"):
        Catalogue().index("sipas-1999")


def test_a_file_that_calls_itself_by_another_name_is_refused(tmp_path):
    written(tmp_path, SOUND, "thu/2.toml")
    written(tmp_path, INDEX, "indices/khac.toml")
    catalogue = Catalogue(tmp_path)

    with pytest.raises(Refusal, match=r"Tệp thu/2\.toml tự ghi mã là «thu/1»"):
        catalogue.questionnaire("thu/2")
    with pytest.raises(Refusal, match=r"Tệp indices/khac\.toml tự ghi mã là «chi-so»"):
        catalogue.index("khac")


def test_a_published_file_is_loaded_while_it_is_unchanged(tmp_path):
    catalogue = copy_of_the_catalogue(tmp_path, ["sipas-counter/1.toml", "indices/sipas-2022.toml"])

    assert catalogue.is_published("sipas-counter/1.toml")
    assert not catalogue.is_published("sipas-citizen/2022.toml")
    assert catalogue.questionnaire("sipas-counter/1").definition.code == "sipas-counter"
    assert catalogue.index("sipas-2022").definition.code == "sipas-2022"


@pytest.mark.parametrize(
    ("load", "name", "file"),
    [
        (Catalogue.questionnaire, "sipas-counter/1", "sipas-counter/1.toml"),
        (Catalogue.index, "sipas-2023", "indices/sipas-2023.toml"),
    ],
)
def test_a_published_file_that_was_changed_is_refused_be_it_by_a_comment(
    tmp_path, load, name, file
):
    catalogue = copy_of_the_catalogue(tmp_path, [file])
    with (catalogue.folder / file).open("a", encoding="utf-8") as published:
        published.write("# chú thích\n")

    with pytest.raises(Refusal, match=f"Tệp {file} đã công bố"):
        load(catalogue, name)


def test_a_draft_may_be_changed_and_a_translation_too(tmp_path):
    catalogue = copy_of_the_catalogue(tmp_path, ["sipas-counter/1.toml"])
    (translation,) = (catalogue.folder / "sipas-counter").glob("1.km.toml")
    before = {t.definition.locale: t.checksum for t in catalogue.translations("sipas-counter/1")}
    text = translation.read_text(encoding="utf-8")
    translation.write_text(text.replace("reviewed = false", "reviewed = true", 1), encoding="utf-8")

    after = {t.definition.locale: t.checksum for t in catalogue.translations("sipas-counter/1")}

    assert catalogue.questionnaire("sipas-counter/1").definition.code == "sipas-counter"
    assert after["en"] == before["en"]
    assert after["km"] != before["km"]


def test_empty_lines_of_the_published_list_are_passed_over(tmp_path):
    written(tmp_path, "\nabc  a/1.toml\n\n", "PUBLISHED")

    assert Catalogue(tmp_path).published == {"a/1.toml": "abc"}


def test_a_published_list_without_file_names_is_refused(tmp_path):
    written(tmp_path, "abc  a/1.toml\ndef\n", "PUBLISHED")

    with pytest.raises(Refusal, match="Tệp PUBLISHED"):
        Catalogue(tmp_path).is_published("a/1.toml")
