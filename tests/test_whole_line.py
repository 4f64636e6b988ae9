"""Published == shown: every official figure on the page and in the files, through HTTP alone."""

import csv
import io
import json
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import openpyxl
import pytest
from sqlalchemy import select

from analysis.__main__ import main
from questionnaires.load import DEFINITIONS
from survey_app import clock, create_app, worker
from survey_app.config import Config
from survey_app.db import Database
from survey_app.models.waves import CollectionPoint, Wave, WavePoint
from survey_app.services.counter.links import token_of
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import COUNTER, NOW, catalogue, link_of
from tests.survey_app.web.citizen_door import SECRET, Person, hidden
from tests.test_published_figures import (
    BLOCKS,
    CITIZENS,
    COMPONENTS,
    OFFICIALS,
    OPINIONS,
    PAR,
    PUBLISHED,
    component_code,
    rows_of,
)

PASSWORD = "một mật khẩu dài"
NOTICE = "minh họa, không phải sai số của cuộc khảo sát thật"
SHORT_NOTICE = "minh họa"
DRAFT = " lời văn dự thảo"
REPORTED = [r for r in COMPONENTS if r["rate_2021_pct"] and (r["no"] or r["group"] == "TOTAL")]
EXPECTATIONS = rows_of("expectations_soc_trang_2022.csv")
INDEX_OF = {  # wave: the index it is computed into, in the order in which one reads another
    "sipas-2021": "sipas-2021",
    "sipas-2022": "sipas-2022",
    "cbcc-2022": "par-survey-2022",
    "demo": "sipas-counter",
}
RECONSTRUCTED = ("sipas-2022", "cbcc-2022")
CITIZENS_AT_A_COUNTER = 11  # one more than the smallest cell that is shown
FILES = ("csv", "xlsx", "json")
CALLS = {  # how the command computes the same from the files the demo waves were loaded from
    "sipas-2021": ["--reported", str(PUBLISHED / "reported_sipas_2021.csv")],
    "sipas-2022": [
        *("--data", str(CITIZENS), "--weight", "weight", "--stratum", "stratum"),
        *("--psu", "commune,village", "--fpc", "communes_in_stratum,villages_in_commune"),
        *("--by", "unit"),
    ],
    "cbcc-2022": ["--data", str(OFFICIALS), "--by", "unit"],
}
TEXTS = ("Đơn vị", "Tên đơn vị", "Mã", "Nội dung", "Tình trạng", "Ghi chú")
NUMBERS = {  # column of the files: field of the result, and what its rates are multiplied by
    "Tỷ lệ %": ("estimate", 100),
    "Cận dưới %": ("ci_low", 100),
    "Cận trên %": ("ci_high", 100),
    "Tỷ lệ (chưa làm tròn)": ("estimate_exact", 1),
    "Sai số chuẩn": ("se", 1),
    "Số phiếu": ("n", 1),
    "Điểm": ("points", 1),
    "Điểm (chưa làm tròn)": ("points_exact", 1),
    "Điểm tối đa": ("max_points", 1),
    "Hạng": ("rank", 1),
}


@dataclass
class Table:
    """A table of a page: the section it stands in, its caption, its rows as texts of cells."""

    section: str
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)

    @property
    def head(self):
        return self.rows[0]

    def column(self, heading):
        """The one column below a heading."""
        (place,) = [k for k, text in enumerate(self.head) if text == heading]
        return place

    def by_first(self, heading):
        """First cell of each row: the cell below a heading."""
        return {row[0]: row[self.column(heading)] for row in self.rows[1:]}

    def by_code(self, heading):
        """The code that begins each row: the cell below a heading."""
        return {row[0].split()[0]: row[self.column(heading)] for row in self.rows[1:]}


class Page(HTMLParser):
    """A page as a reader meets it: tables, intervals and the text of each section."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.texts, self.intervals = [], {}, []
        self._sections, self._within = [""], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "section":
            self._sections.append("")
        elif tag == "h2" and len(self._sections) > 1:
            self._sections[-1] = given["id"]
        elif tag == "table":
            self.tables.append(Table(self._sections[-1]))
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("th", "td"):
            self.tables[-1].rows[-1].append("")
        if tag in ("th", "td", "caption"):
            self._within = tag
        if given.get("class") == "interval":
            self.intervals.append([self._sections[-1], self.tables[-1]])

    def handle_endtag(self, tag):
        if tag in ("th", "td", "caption"):
            self._within = None
        elif tag == "section":
            self._sections.pop()

    def handle_data(self, data):
        if self._within == "caption":
            self.tables[-1].caption = join(self.tables[-1].caption, data)
        elif self._within:
            cells = self.tables[-1].rows[-1]
            cells[-1] = join(cells[-1], data)
        section = self._sections[-1]
        self.texts[section] = join(self.texts.get(section, ""), data)

    def table(self, section):
        """The one table of a section."""
        (found,) = self.tables_of(section)
        return found

    def tables_of(self, section):
        """All tables of a section."""
        return [table for table in self.tables if table.section == section]


def join(before, more):
    return " ".join(f"{before} {more}".split())


def number(text):
    """A number as the page and the CSV write it: 1.234,50; None for an empty cell."""
    plain = text.replace(".", "").replace(",", ".").replace("\N{MINUS SIGN}", "-")
    return Decimal(plain) if plain else None


def exact(cell):
    """A number of a file, exactly as it is written there; None for an empty cell."""
    return None if cell is None else Decimal(str(cell))


def rounded(rate):
    """A rate in per cent as the official tables print it."""
    return (100 * Decimal(repr(rate))).quantize(Decimal("0.01"), "ROUND_HALF_UP")


@dataclass
class Shown:
    """What a wave shows after its computation: the page and the three files."""

    page: Page
    address: str
    csv: list
    book: dict
    document: dict

    @property
    def tree(self):
        return self.page.table("tree")

    def rows(self, kind):
        """The rows of a file of the whole, by the code of the node."""
        rows = {"csv": self.csv, "xlsx": self.book["Chỉ số"]}[kind]
        return {row["Mã"]: row for row in rows if not row["Đơn vị"]}

    @property
    def results(self):
        """The rows of the JSON file of the whole, by the code of the node."""
        return {row["node"]: row for row in self.document["results"] if not row["domain"]}

    @property
    def items(self):
        """The rows of the workbook about the questions, by item and option."""
        return {(r["Mã câu"], r["Mã phương án"]): r for r in self.book["Từng câu hỏi"]}


def read_csv_file(content):
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    return [{k: text if k in TEXTS else number(text) for k, text in row.items()} for row in rows]


def read_book(content):
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    found = {}
    for sheet in book.worksheets:
        head, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(head, row, strict=True)) for row in rows]
    book.close()
    return found


@pytest.fixture(scope="module")
def app(demo_template, tmp_path_factory):
    """The service on the demo waves, with people who answered at two counters today."""
    folder = tmp_path_factory.mktemp("whole_line")
    shutil.copyfile(demo_template, folder / "sipas.sqlite3")
    database = Database(f"sqlite:///{folder / 'sipas.sqlite3'}")
    url = database.url.render_as_string(hide_password=False)
    app = create_app(Config(url, SECRET, folder))
    app.extensions["database"].engine.dispose()
    app.extensions["database"] = database
    with database.writing() as session:
        create_account(session, "lan", PASSWORD, "administrator")
        session.scalars(select(Wave).where(Wave.code == "demo")).one().opened_at = (
            clock.now() - timedelta(days=1)
        )
    answer_at_two_counters(app)
    yield app
    database.engine.dispose()


def answer_at_two_counters(app):
    with app.extensions["database"].writing() as session:
        query = select(CollectionPoint).join(WavePoint).join(Wave)
        counter = COUNTER.partition("/")[0]
        points = session.scalars(
            query.where(Wave.code == "demo", WavePoint.questionnaire == counter).limit(2)
        ).all()
        tokens = [token_of(session, link_of(session, p), SECRET, NOW) for p in points]
    for token in tokens:
        for turn in range(CITIZENS_AT_A_COUNTER):
            person = Person(app.test_client(), f"/s/{token}")
            person.fill(**{"q-access": "2" if turn % 4 == 0 else "4", "q-feedback": "4"})
            assert person.send("/review").status_code == 303


@pytest.fixture(scope="module")
def client(app):
    """The browser of an administrator who has signed in."""
    client = app.test_client()
    fields = hidden(client.get("/admin/sign-in"))
    answer = client.post("/admin/sign-in", data=fields | {"name": "lan", "password": PASSWORD})
    assert answer.status_code == 303
    return client


@pytest.fixture(scope="module")
def shown(app, client):
    """Every demo wave computed by the button, the worker and the job's page, and then read."""
    return {wave: computed(app, client, wave) for wave in INDEX_OF}


def computed(app, client, wave):
    page = f"/admin/waves/{wave}"
    fields = hidden(client.get(page)) | {"index": INDEX_OF[wave]}
    job = client.post(f"{page}/compute", data=fields)
    assert job.status_code == 303
    while worker.work_once(app.extensions["database"], catalogue(), app.extensions["config"].files):
        pass
    done = client.get(job.location)
    assert done.status_code == 303, done.text
    found = {kind: client.get(f"{done.location}/{kind}") for kind in FILES}
    assert {kind: answer.status_code for kind, answer in found.items()} == dict.fromkeys(FILES, 200)
    return Shown(
        page=Page(client.get(done.location).text),
        address=done.location,
        csv=read_csv_file(found["csv"].data),
        book=read_book(found["xlsx"].data),
        document=json.loads(found["json"].data),
    )


@pytest.fixture(scope="module")
def commanded(tmp_path_factory):
    """The results of `python -m analysis index` on the files, by wave."""
    folder = tmp_path_factory.mktemp("commanded")
    found = {}
    for wave, arguments in CALLS.items():
        definition = DEFINITIONS / "indices" / f"{INDEX_OF[wave]}.toml"
        reads = ["--from", str(folder / "sipas-2022.json")] if wave == "cbcc-2022" else []
        out = folder / f"{wave}.json"
        call = ["index", "--index", str(definition), *arguments, *reads, "--out", str(out)]
        assert main(call) == 0
        found[wave] = json.loads(out.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def form():
    """The items of the citizens' form, with the title of the section each stands in."""
    version = catalogue().questionnaire("sipas-citizen/2022").definition
    return {
        item.code: (section.title, item) for section in version.section for item in section.item
    }


def words_of(item, option):
    """What a page writes over the column or before the row of an option."""
    labels = {category.code: category.label for category in item.inside}
    codes = item.headline if option == "+" else [option]
    return " + ".join(labels[code] for code in codes)


def shown_share(page, form, item_code, option):
    """What the page shows of an option: its share, and the answers counted or the valid ones.

    Questions that share their options stand in one table, whose last column is the valid answers.
    """
    section, item = form[item_code]
    for table in page.tables_of("perceptions") + page.tables_of("expectations"):
        if table.caption.startswith(f"{section}: {item.text}"):
            shares, counts = table.by_first("Tỷ lệ %"), table.by_first("Số phiếu")
            words = words_of(item, option)
            return {"share": number(shares[words]), "count": number(counts[words])}
        if table.head[0] == "Câu hỏi":
            for row in table.rows[1:]:
                if row[0].removesuffix(DRAFT) == item.text:
                    place = table.column(words_of(item, option))
                    return {"share": number(row[place]), "base": number(row[-1])}
    raise AssertionError(f"{item_code} is on no table of the page")


def in_book(shown, item, option):
    row = shown.items[item, option]
    names = {"share": "Tỷ lệ %", "count": "Số phiếu chọn", "base": "Số phiếu hợp lệ"}
    return {name: exact(row[heading]) for name, heading in names.items()}


def published_share(share, count, base):
    return {"share": Decimal(share), "count": Decimal(count), "base": Decimal(base)}


# The citizens' opinions and expectations


@pytest.mark.parametrize("row", OPINIONS, ids=lambda row: f"{row['block']}-{row['no']}")
def test_opinion_on_the_page_and_in_the_workbook(row, shown, form):
    item, option = BLOCKS[row["block"]](row["no"])
    published = published_share(row["pct"], row["implied_count"], row["implied_base"])
    wave = shown["sipas-2022"]

    assert shown_share(wave.page, form, item, option).items() <= published.items()
    assert in_book(wave, item, option) == published


@pytest.mark.parametrize("row", EXPECTATIONS, ids=lambda row: row["no"])
@pytest.mark.parametrize(("option", "column"), [("1", "very_much"), ("2", "much"), ("3", "little")])
def test_expectation_on_the_page_and_in_the_workbook(row, option, column, shown, form):
    item, wave = f"expectation_{row['no']}", shown["sipas-2022"]
    published = published_share(row[f"{column}_pct"], row[f"{column}_count"], row["implied_base"])
    on_page = shown_share(wave.page, form, item, option)

    assert on_page == {"share": published["share"], "base": published["base"]}
    assert in_book(wave, item, option) == published


def test_the_page_shows_each_question_once_and_no_other(shown, form):
    page = shown["sipas-2022"].page
    expected, perceived = page.tables_of("expectations"), page.tables_of("perceptions")
    listed = [
        row[0].removesuffix(DRAFT)
        for table in expected + perceived
        if table.head[0] == "Câu hỏi"
        for row in table.rows[1:]
    ]

    assert sum(len(table.rows) - 1 for table in expected) == len(EXPECTATIONS) == 10
    assert set(listed) <= {item.text for _section, item in form.values()}
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("wave", list(INDEX_OF))
def test_every_table_has_each_column_once_and_each_row_fills_it(wave, shown):
    for table in shown[wave].page.tables:
        assert len(set(table.head)) == len(table.head), table.head
        assert {len(row) for row in table.rows} == {len(table.head)}


# SIPAS


def shown_everywhere(shown, code):
    """The rate of a node on the page, in the CSV, in the workbook and in the JSON file."""
    return {
        "page": number(shown.tree.by_code("Tỷ lệ %")[code]),
        "csv": shown.rows("csv")[code]["Tỷ lệ %"],
        "xlsx": exact(shown.rows("xlsx")[code]["Tỷ lệ %"]),
        "json": rounded(shown.results[code]["estimate"]),
    }


@pytest.mark.parametrize("row", COMPONENTS, ids=component_code)
def test_component_pillar_and_index_2022_in_every_place(row, shown):
    found = shown_everywhere(shown["sipas-2022"], component_code(row))

    assert found == dict.fromkeys(found, Decimal(row["rate_2022_pct"]))


@pytest.mark.parametrize("row", COMPONENTS, ids=component_code)
def test_what_was_published_for_2021_stands_beside_it(row, shown):
    wave, code = shown["sipas-2022"], component_code(row)
    last = Decimal(row["rate_2021_pct"]) if row["rate_2021_pct"] else None
    change = Decimal(row["rate_2022_pct"]) - last if last else None
    cell = wave.tree.by_code("Thay đổi")[code].lstrip("▲▼ ").split(" ")[0].removeprefix("+")

    assert number(wave.tree.by_code("Năm 2021")[code]) == last
    assert number(cell) == change
    for kind in ("csv", "xlsx"):
        found = wave.rows(kind)[code]
        assert exact(found["Năm trước %"]) == last
        assert exact(found["Thay đổi (điểm phần trăm)"]) == change


@pytest.mark.parametrize("row", REPORTED, ids=component_code)
def test_component_and_index_of_the_reported_wave_with_its_document(row, shown):
    code, wave = component_code(row), shown["sipas-2021"]
    found = shown_everywhere(wave, code)

    assert found == dict.fromkeys(found, Decimal(row["rate_2021_pct"]))
    if row["no"]:
        assert "51/BC-SNV" in wave.tree.by_code("Văn bản công bố")[code]


def test_the_reported_wave_has_neither_answers_nor_intervals(shown):
    wave = shown["sipas-2021"]

    assert wave.page.intervals == []
    assert [row for row in wave.csv if row["Cận dưới %"] is not None or row["Số phiếu"]] == []
    assert set(wave.page.texts) & {"perceptions", "expectations"} == set()


# The officials


@pytest.mark.parametrize("row", PAR, ids=lambda row: row["code"])
def test_points_of_the_officials_survey_in_every_place(row, shown):
    wave, code = shown["cbcc-2022"], row["code"]
    points, most = Decimal(row["points"]), Decimal(row["max_points"])
    lacking = -Decimal(row["shortfall"])
    expected = {"Điểm": points, "Điểm tối đa": most, "Điểm chưa đạt": lacking}
    result = wave.results[code]

    assert number(wave.tree.by_code("Điểm")[code]) == points
    assert number(wave.tree.by_code("Điểm tối đa")[code]) == most
    assert number(wave.tree.by_code("Chưa đạt")[code]) == lacking
    for kind in ("csv", "xlsx"):
        found = wave.rows(kind)[code]
        assert {heading: exact(found[heading]) for heading in expected} == expected
    assert (exact(result["points"]), exact(result["max_points"])) == (points, most)


def test_the_officials_lines_are_22_items_5_of_sipas_and_the_sums(shown):
    parents = {row["parent"] for row in PAR}
    leaves = {row["code"] for row in PAR} - parents - {"TOTAL"}
    codes = [row[0].split()[0] for row in shown["cbcc-2022"].tree.rows[1:]]

    assert len(codes) == len(set(codes))
    assert {row["code"] for row in PAR} | {"CS"} <= set(codes)
    assert sum(code.startswith("3.2.6.") for code in leaves) == 5
    assert len(leaves) == 22 + 5


def test_the_two_totals_and_their_exact_values_stand_side_by_side(shown):
    wave = shown["cbcc-2022"]
    points, exact = wave.tree.by_code("Điểm"), wave.tree.by_code("Chưa làm tròn")

    assert (points["CS"], points["TOTAL"]) == ("18,2252", "26,6141")
    assert number(exact["TOTAL"]) == Decimal(repr(wave.results["TOTAL"]["points_exact"])).quantize(
        Decimal("0.000001"), "ROUND_HALF_UP"
    )
    assert number(exact["TOTAL"]) != number(points["TOTAL"])
    assert "26,6141 / 32 điểm" in wave.page.texts[""]
    assert "chưa đạt 5,3859 điểm" in wave.page.texts[""]


# The same numbers everywhere


@pytest.mark.parametrize("wave", list(INDEX_OF))
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_number_of_a_file_is_the_one_of_the_stored_result(wave, kind, shown):
    rows = shown[wave].csv if kind == "csv" else shown[wave].book["Chỉ số"]
    if kind == "xlsx":
        rows = [*rows, *shown[wave].book.get("Theo đơn vị", [])]
    results = {(r["domain"].get("unit", ""), r["node"]): r for r in shown[wave].document["results"]}
    found = {(row["Đơn vị"] or "", row["Mã"]): row for row in rows}

    assert set(found) == set(results)
    for key, row in found.items():
        for heading, (name, scale) in NUMBERS.items():
            value = results[key][name]
            if value is None:
                assert row[heading] is None
            elif scale == 1:  # a workbook keeps 16 digits
                assert float(row[heading]) == pytest.approx(value, rel=1e-12)
            else:
                assert exact(row[heading]) == rounded(value)


@pytest.mark.parametrize("wave", list(INDEX_OF))
def test_every_row_of_the_tree_is_the_one_of_the_stored_result(wave, shown):
    tree, results = shown[wave].tree.by_code("Tỷ lệ %"), shown[wave].results

    assert set(tree) == set(results)
    for code in tree:
        assert number(tree[code]) == shown[wave].rows("csv")[code]["Tỷ lệ %"]


@pytest.mark.parametrize("wave", ["sipas-2022", "cbcc-2022", "demo"])
def test_the_table_of_units_is_the_one_of_the_files(wave, shown):
    table, root = shown[wave].page.table("by-unit"), shown[wave].tree.rows[1][0].split()[0]
    in_files = {
        row["Tên đơn vị"]: row["Tỷ lệ %"]
        for row in shown[wave].csv
        if row["Đơn vị"] and row["Mã"] == root
    }
    on_page = table.by_first(root)

    assert set(on_page) == set(in_files)
    for name, rate in in_files.items():
        assert rate is None or number(on_page[name]) == rate


@pytest.mark.parametrize("wave", list(CALLS))
def test_the_command_line_says_the_same_as_the_service(wave, shown, commanded):
    of_service, of_command = shown[wave].document, commanded[wave]

    def by_place(document):
        return {(str(r["domain"]), r["node"]): r for r in document["results"]}

    service, command = by_place(of_service), by_place(of_command)
    assert set(service) == set(command)
    for key, row in service.items():
        assert set(row) == set(command[key])
        for name, value in row.items():
            expected = command[key][name]
            if isinstance(value, float) and isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-12, abs=1e-15)
            assert value == expected, (key, name)
    for name in ("index", "checksum"):
        assert of_service[name] == of_command[name]


# What an interval says of itself


@pytest.mark.parametrize("wave", RECONSTRUCTED)
def test_every_interval_of_a_reconstructed_wave_says_that_it_is_an_illustration(wave, shown):
    page = shown[wave].page

    assert len(page.intervals) > 30
    for section, table in page.intervals:
        assert NOTICE in page.texts[section], section
        assert all(
            SHORT_NOTICE in cell
            for row in table.rows[1:]
            for heading, cell in zip(table.head, row, strict=True)
            if heading.startswith("Khoảng tin cậy") and cell
        )
    assert f"({NOTICE})" in page.texts[""]


@pytest.mark.parametrize("wave", RECONSTRUCTED)
def test_every_interval_in_a_file_of_a_reconstructed_wave_says_so_too(wave, shown):
    files = shown[wave].csv, *shown[wave].book.values()
    rows = [row for rows in files for row in rows if row.get("Cận dưới %") is not None]
    results = [r for r in shown[wave].document["results"] if r["ci_low"] is not None]

    assert len(rows) > len(results) > 30
    assert {row["Ghi chú"] for row in rows} == {row["notice"] for row in results} == {NOTICE}


def test_people_who_chose_to_answer_get_no_interval_and_no_rank_anywhere(shown):
    wave = shown["demo"]
    files = [*wave.csv, *wave.book["Chỉ số"], *wave.book["Theo đơn vị"]]
    headings = {cell for table in wave.page.tables for cell in table.head}

    assert number(wave.tree.by_code("Tỷ lệ %")["SIPAS"]) > 0
    assert len(wave.page.table("by-unit").rows) - 1 == 2
    assert wave.page.intervals == []
    assert [text for text in headings if text.startswith(("Khoảng tin cậy", "Hạng"))] == []
    assert "không có khoảng tin cậy và không xếp hạng" in wave.page.texts[""]
    for name in ("Cận dưới %", "Cận trên %", "Hạng", "Hạng từ", "Hạng đến", "Sai số chuẩn"):
        assert {row[name] for row in files} <= {None, ""}
    for name in ("ci_low", "ci_high", "rank", "rank_low", "rank_high", "se"):
        assert {row[name] for row in wave.document["results"]} == {None}


def test_nobody_but_staff_reads_the_results(app, shown):
    for wave in shown.values():
        for path in ("", *(f"/{kind}" for kind in (*FILES, "chart.svg"))):
            assert app.test_client().get(wave.address + path).status_code == 303
