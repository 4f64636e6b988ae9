import json
from pathlib import Path

import pytest

from questionnaires.load import load_questionnaire
from questionnaires.refusal import Refusal
from survey_app.services.door.columns import ColumnMapping, layout_of, read_mapping, whole
from survey_app.services.tables.sheets import Row, Sheet

DATA = Path(__file__).parents[3] / "questionnaires" / "data"
CHANNELS = load_questionnaire(DATA / "multiple_choice.toml").definition
NUMBERS = load_questionnaire(DATA / "numbers.toml").definition
TICKS = ["channel.10", "channel.2", "channel.1", "channel.0"]


def keyed(header, cells, version=CHANNELS, **mapping):
    sheet = Sheet("f.csv", tuple(header), (Row(2, tuple(cells)),))
    return layout_of(version, sheet, ColumnMapping(**mapping), True).read(sheet.rows[0])


def refusal(header, version=CHANNELS, fixed_point=True, **mapping):
    with pytest.raises(Refusal) as caught:
        layout_of(version, Sheet("f.csv", tuple(header), ()), ColumnMapping(**mapping), fixed_point)
    return str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        ["số phiếu", "channel", "site"],
        ["Số Phiếu", "CHANNEL", "Site"],
        ["form_number", "Ông/Bà theo dõi chính sách qua kênh nào?", "Ông/Bà đọc trang nào?"],
    ],
)
def test_a_title_is_the_code_or_the_text_of_an_item(header):
    assert keyed(header, ["1", "2", "báo tỉnh"]).answers == {"channel": ["2"], "site": "báo tỉnh"}


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("2 1", ["2", "1"]),
        ("2;1", ["2", "1"]),
        (" 2 ; 1.0", ["2", "1"]),
        ("Báo chí", ["2"]),
        ("báo chí; MẠNG  internet;10", ["2", "1", "10"]),
        ("7", ["7"]),
        ("2 Báo", ["2", "Báo"]),
    ],
)
def test_multiple_choice_in_one_cell(cell, codes):
    assert keyed(["số phiếu", "channel", "site"], ["1", cell, ""]).answers == {"channel": codes}


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (["1", "x", "", "0"], ["10", "2"]),
        (["X", "1.0", "TRUE", "false"], ["10", "2", "1"]),
        (["", "", "", ""], None),
    ],
)
def test_multiple_choice_in_a_column_for_each_option(cells, codes):
    answers = keyed(["số phiếu", *TICKS, "site"], ["1", *cells, ""]).answers

    assert answers.get("channel") == codes


def test_an_option_column_may_carry_the_label():
    header = ["số phiếu", "channel.Loa phát thanh", "channel.Báo chí", *TICKS[2:], "site"]

    assert keyed(header, ["1", "x", "x", "", "", ""]).answers == {"channel": ["10", "2"]}


def test_a_strange_tick_is_named():
    problems = keyed(["số phiếu", *TICKS, "site"], ["1", "7", "", "", "", ""]).problems

    assert [(p.column, p.item) for p in problems] == [("channel.10", "channel")]
    assert str(problems[0].refusal) == (
        "Cột «channel.10» chỉ nhận 1 hoặc x khi được chọn, không nhận «7»."
    )


def test_numbers_lose_only_what_excel_adds():
    assert keyed(["số phiếu", "trips", "hours"], ["1", "3.0", "0,5"], NUMBERS).answers == {
        "trips": "3",
        "hours": "0,5",
    }


def test_a_label_outside_the_scale_stands_for_its_code():
    answers = keyed(["số phiếu", "trips", "hours"], ["1", "không nhớ", ""], NUMBERS).answers

    assert answers == {"trips": "98"}


@pytest.mark.parametrize(
    ("cell", "text"),
    [("5.0", "5"), ("5,00", "5"), ("-2.0", "-2"), ("5.5", "5.5"), ("1.000", "1.000"), ("a", "a")],
)
def test_an_integer_valued_number_is_the_integer(cell, text):
    assert whole(cell) == text


@pytest.mark.parametrize(
    ("cell", "number"), [("007", "7"), ("7.0", "7"), (" A-1 ", "a-1"), ("000", "0"), ("", "")]
)
def test_a_form_number_has_one_spelling(cell, number):
    assert keyed(["số phiếu", "channel", "site"], [cell, "", ""]).form_number == number


def test_the_sampling_frame_is_kept_apart_from_the_answers():
    header = ["số phiếu", "channel", "site", "stratum", "psu", "psu2", "weight", "fpc1", "xã"]
    row = keyed(
        header, ["1", "", "", "TPST", "X1", "X1-A", "1,5", "10.0", "X"], frame={"commune": "xã"}
    )

    assert row.answers == {}
    assert row.problems == ()
    assert row.frame == {
        "commune": "X",
        "stratum": "TPST",
        "psu": "X1",
        "psu2": "X1-A",
        "weight": "1.5",
        "fpc1": "10",
    }


@pytest.mark.parametrize("cell", ["0", "-1", "nhiều", "nan"])
def test_a_weight_is_a_positive_number(cell):
    problems = keyed(["số phiếu", "channel", "site", "weight"], ["1", "", "", cell]).problems

    assert [str(p.refusal) for p in problems] == [
        f"Cột «weight» phải là số dương, không phải «{cell}»."
    ]


def test_an_empty_cell_of_the_frame_is_named():
    problems = keyed(["số phiếu", "channel", "site", "stratum"], ["1", "", "", ""]).problems

    assert [p.column for p in problems] == ["stratum"]


def test_the_mapping_names_everything_else():
    row = keyed(
        ["STT", "Câu 1 - Báo", "Câu 1 - Loa", "Câu 1 - Mạng", "Câu 1 - Không", "Ghi chú", "ĐV"],
        ["12", "x", "", "x", "", "riêng", "TPST"],
        form_number="STT",
        unit="ĐV",
        ignore=("Ghi chú", "không có"),
        missing=("site",),
        columns={
            "Câu 1 - Báo": "channel.2",
            "Câu 1 - Loa": "channel.10",
            "Câu 1 - Mạng": "channel.1",
            "Câu 1 - Không": "channel.0",
        },
    )

    assert (row.form_number, row.unit) == ("12", "TPST")
    assert row.answers == {"channel": ["2", "1"]}


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        (["channel", "site"], {}, "Tệp f.csv không có cột «số phiếu»."),
        (["số phiếu", "channel"], {}, "Tệp f.csv không có cột «site» của câu hỏi «Ông/Bà đọc"),
        (["số phiếu", *TICKS[:3], "site"], {}, "Tệp f.csv không có cột «channel.0» của câu hỏi"),
        (["số phiếu", "channel", "site", "chanel"], {}, "Tệp f.csv, cột «chanel» không phải"),
        (
            ["số phiếu", "channel", "channel.1", "site"],
            {},
            "Tệp f.csv, cột «channel.1»: câu hỏi «channel» đã có ở cột khác.",
        ),
        (
            ["số phiếu", "channel", "Ông/Bà đọc trang nào?", "site"],
            {},
            "Tệp f.csv, cột «site»: câu hỏi «site» đã có ở cột khác.",
        ),
        (["số phiếu"], {"form_number": "STT"}, "Tệp f.csv không có cột «STT»."),
        (["số phiếu"], {"frame": {"psu": "xã"}}, "Tệp f.csv không có cột «xã»."),
        (["số phiếu"], {"columns": {"C1": "site"}}, "Tệp f.csv không có cột «C1»."),
        (
            ["số phiếu", "C1"],
            {"columns": {"C1": "q1"}, "name": "m.toml"},
            "Tệp ánh xạ cột m.toml, «C1»: phiếu multiple-choice/1 không có câu hỏi hoặc phương án "
            "«q1».",
        ),
        (["số phiếu", "channel"], {"missing": ("q",)}, "Tệp ánh xạ cột ánh xạ cột, «missing»:"),
    ],
)
def test_a_column_without_one_meaning_is_refused(header, mapping, said):
    assert refusal(header, **mapping).startswith(said)


def test_a_point_is_needed_when_the_file_has_no_fixed_one():
    header = ["số phiếu", "channel", "site"]

    said = "Tệp f.csv không có cột «điểm lấy ý kiến»."
    assert refusal(header, fixed_point=False) == said


def test_mapping_is_read_from_toml_and_json():
    toml = 'form_number = "STT"\nignore = ["a"]\n[frame]\npsu = "xã"\n[columns]\n"C 1" = "q1"\n'
    raw = {"form_number": "STT", "ignore": ["a"], "frame": {"psu": "xã"}, "columns": {"C 1": "q1"}}

    expected = ColumnMapping("STT", frame={"psu": "xã"}, columns={"C 1": "q1"}, ignore=("a",))
    for content, name in ((toml, "m.toml"), (json.dumps(raw), "m.json")):
        found = read_mapping(content.encode(), name)
        assert found.name == name
        assert vars(found) | {"name": ""} == vars(expected) | {"name": ""}


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("a =", "m.toml", "Tệp ánh xạ cột m.toml không đúng cú pháp"),
        ("{", "m.json", "Tệp ánh xạ cột m.json không đúng cú pháp"),
        ("[]", "m.json", "Tệp ánh xạ cột m.json phải là một bảng các mục."),
        ("stratum = 'a'", "m.toml", "Tệp ánh xạ cột m.toml: không có mục «stratum»."),
        ("name = 'a'", "m.toml", "Tệp ánh xạ cột m.toml: không có mục «name»."),
        ("ignore = 'a'", "m.toml", "Tệp ánh xạ cột m.toml: mục «ignore» ghi không đúng dạng."),
        ("frame = ['a']", "m.toml", "Tệp ánh xạ cột m.toml: mục «frame» ghi không đúng dạng."),
        ("point = 3", "m.toml", "Tệp ánh xạ cột m.toml: mục «point» ghi không đúng dạng."),
    ],
)
def test_a_bad_mapping_is_refused(text, name, said):
    with pytest.raises(Refusal) as caught:
        read_mapping(text.encode(), name)
    assert str(caught.value).startswith(said)
