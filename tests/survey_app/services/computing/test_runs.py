"""A Run: the document of the command line, from stored responses, append-only."""

import json
import shutil

import pytest
from sqlalchemy import func, select, update

from analysis.__main__ import main
from questionnaires.load import DEFINITIONS
from questionnaires.refusal import Refusal
from survey_app import demo
from survey_app.db import Database
from survey_app.errors import NotFound
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Response
from survey_app.models.runs import Run
from survey_app.models.waves import CollectionPoint, WaveIndex, WavePoint
from survey_app.services.computing.overview import counts_of, waves
from survey_app.services.computing.results import results_page
from survey_app.services.computing.runs import Order, compute_run, computed_run, reported_before
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.demo import load_demo
from survey_app.services.plan.waves import wave_named
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.results_factories import (
    INDEX,
    make_answers,
    make_computable,
    make_rated,
    make_reported,
    make_run,
)

CITIZENS = f"{demo.__path__[0]}/citizens_2022_reconstructed.csv"
OFFICIALS = f"{demo.__path__[0]}/officials_2022_reconstructed.csv"
RATES = {"S1": 0.9095, "S2": 0.9042, "S3": 0.8975, "S4": 0.9045, "S5": 0.86}


@pytest.fixture(scope="module")
def demo_database(sqlite_template, tmp_path_factory):
    """The demo waves."""
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    load_demo(database.writing, catalogue(), NOW, lambda *_: None)
    yield database
    database.engine.dispose()


def computed(database, wave, index):
    with database.writing() as session:
        return compute_run(session, catalogue(), Order(wave_named(session, wave), index), NOW)


def whole(run):
    rows = json.loads(run.result)["results"]
    return {row["node"]: row for row in rows if not row["domain"]}


def on_files(tmp_path, *arguments):
    out = tmp_path / "out.json"
    assert main(["index", *arguments, "--out", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def index_file(code):
    return str(DEFINITIONS / "indices" / f"{code}.toml")


def test_a_run_says_what_the_command_says_of_the_same_answers(demo_database, tmp_path):
    document = json.loads(computed(demo_database, "sipas-2022", "sipas-2022").result)
    sample = ["--stratum", "stratum", "--psu", "commune,village", "--weight", "weight"]
    sample += ["--fpc", "communes_in_stratum,villages_in_commune", "--by", "unit"]
    from_file = on_files(tmp_path, "--index", index_file("sipas-2022"), "--data", CITIZENS, *sample)

    assert document["results"] == from_file["results"]
    assert document["covariance"] == from_file["covariance"]
    assert document["checksum"] == from_file["checksum"]
    assert document["design"] | {"data": ""} == from_file["design"] | {"data": ""}


def test_the_officials_index_reads_the_newest_run_of_the_same_year(demo_database, tmp_path):
    citizens = computed(demo_database, "sipas-2022", "sipas-2022")
    run = computed(demo_database, "cbcc-2022", "par-survey-2022")
    (tmp_path / "sipas.json").write_text(citizens.result, encoding="utf-8")
    from_file = on_files(
        tmp_path,
        *("--index", index_file("par-survey-2022"), "--data", OFFICIALS),
        *("--from", str(tmp_path / "sipas.json"), "--by", "unit"),
    )

    assert whole(run)["TOTAL"]["points"] == 26.6141
    assert json.loads(run.result)["results"] == from_file["results"]
    assert json.loads(run.tables)["reads"] == {"sipas-2022": str(citizens.id)}


def test_the_published_figures_come_out(demo_database):
    found = whole(computed(demo_database, "sipas-2022", "sipas-2022"))

    assert round(100 * found["SIPAS"]["estimate"], 2) == 79.92
    assert round(100 * found["II"]["estimate"], 2) == 83.31


def test_an_index_that_reads_another_one_waits_for_its_run(session):
    wave = make_wave(session, year=1999)
    session.add(WaveIndex(wave_id=wave.id, index_code="par-survey-2022"))

    with pytest.raises(Refusal, match="sipas-2022"):
        make_run(session, wave, "par-survey-2022")


def test_a_reported_wave_is_computed_from_its_values_alone(session):
    wave = make_reported(session, 2021, RATES)

    run = make_run(session, wave, "sipas-2021")

    row = whole(run)["SIPAS"]
    assert row["estimate"] == pytest.approx(0.89514, abs=1e-12)
    assert (row["ci_low"], row["se"], run.responses) == (None, None, 0)


def test_every_computation_is_a_new_run(session):
    wave = make_computable(session)
    first, second = make_run(session, wave), make_run(session, wave)

    assert session.scalar(select(func.count()).select_from(Run)) == 2
    assert first.id != second.id
    assert (first.result, first.data_checksum) == (second.result, second.data_checksum)


def test_the_checksum_of_the_data_changes_with_a_response(session):
    wave = make_computable(session, n=12)
    before = make_run(session, wave).data_checksum
    one = session.scalar(select(Response.id).limit(1))
    session.execute(
        update(Response).where(Response.id == one).values(voided_at=NOW, void_reason="test")
    )

    run = make_run(session, wave)

    assert run.data_checksum != before
    assert run.responses == 11


def test_computing_is_recorded(session):
    make_run(session, make_computable(session))

    assert session.scalars(select(AuditEntry.action)).all() == ["compute"]


def test_a_computation_for_the_worker_stores_nothing(session):
    wave = make_computable(session)

    computed_run(session, catalogue(), Order(wave, INDEX), NOW)

    assert session.scalar(select(func.count()).select_from(Run)) == 0


def test_progress_only_grows(session):
    told = []
    compute_run(session, catalogue(), Order(make_computable(session), INDEX), NOW, told.append)

    assert told == sorted(told)
    assert told


def test_self_selected_answers_have_no_interval_and_no_rank(session):
    run = make_run(session, make_computable(session, units=3))

    rows = json.loads(run.result)["results"]
    assert {(row["ci_low"], row["se"], row["rank"]) for row in rows} == {(None, None, None)}


def test_a_list_answered_by_everybody_has_no_sampling_error(session):
    run = make_run(session, make_computable(session, source="census"))

    assert whole(run)["SIPAS"]["se"] == 0


def test_a_stratum_with_a_single_unit_is_computed_and_named(session):
    wave = make_wave(session, source="probability")
    session.add(WaveIndex(wave_id=wave.id, index_code=INDEX, stratum="s", psu="p"))
    point = make_point(session, wave, make_unit(session))
    for stratum, psu in (("A", "1"), ("A", "2"), ("B", "3")):
        make_answers(session, wave, point, [{}, {"access": "1"}] * 6, {"s": stratum, "p": psu})
    session.flush()

    design = json.loads(make_run(session, wave).result)["design"]

    assert (design["lonely"], design["lonely_strata"]) == ("adjust", ["B"])


def test_an_index_of_another_wave_is_not_found(session):
    with pytest.raises(NotFound):
        make_run(session, make_wave(session))


def test_a_wave_without_the_form_of_the_index_is_refused(session):
    wave = make_wave(session)
    session.add(WaveIndex(wave_id=wave.id, index_code=INDEX))
    session.flush()

    with pytest.raises(Refusal, match="phiếu"):
        make_run(session, wave)


def test_what_was_reported_for_the_year_before_is_computed_once(session):
    wave = make_wave(session, year=2022)
    reported = make_reported(session, 2021, RATES)

    assert [order.wave for order in reported_before(session, wave)] == [reported]
    make_run(session, reported, "sipas-2021")
    assert reported_before(session, wave) == []


def send_helped(session, wave, point, helped, n, satisfied):
    for k in range(n):
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            answers={"access": "4" if k < satisfied else "2"},
        )
        content |= {"helped": helped} if helped else {}
        assert accept_response(session, content, NOW, catalogue()).receipt


def test_answers_are_tabulated_apart_by_who_helped_and_hidden_where_there_are_few(session):
    wave = make_wave(session)
    session.add(WaveIndex(wave_id=wave.id, index_code=INDEX))
    point = make_point(session, wave)
    send_helped(session, wave, point, "nobody", 20, 10)
    send_helped(session, wave, point, "official", 10, 10)
    send_helped(session, wave, point, None, 12, 3)
    send_helped(session, wave, point, "relative", 11, 0)
    run = make_run(session, wave)
    rows = {
        row["domain"]["helped"]: row
        for row in json.loads(run.result)["results"]
        if "helped" in row["domain"] and row["node"] == "S1"
    }
    page = results_page(session, catalogue(), run.id)

    assert {helped: row["estimate"] for helped, row in rows.items()} == {
        "nobody": 0.5,
        "official": 1.0,
        "relative": 0.0,
        "unknown": 0.25,
    }
    names = [row.name for row in page.helpers]
    assert names == ["không ai giúp", "người thân giúp", "cán bộ giúp", "không rõ"]
    assert [unit.code for unit in page.units] == [point.unit.code]

    few = make_wave(session)
    session.add(WaveIndex(wave_id=few.id, index_code=INDEX))
    there = make_point(session, few)
    send_helped(session, few, there, "nobody", 20, 10)
    send_helped(session, few, there, "official", 9, 9)
    shown = results_page(session, catalogue(), make_run(session, few).id).helpers
    assert [row.figures[0].estimate for row in shown][-1] is None


def test_a_wave_in_which_nobody_says_who_helped_has_no_such_family(session):
    run = make_run(session, make_computable(session))

    domains = [row["domain"] for row in json.loads(run.result)["results"]]
    assert {frozenset(domain) for domain in domains} == {frozenset(), frozenset({"unit"})}


def test_partial_forms_are_not_computed_and_counted_apart(session):
    wave = make_computable(session, n=12)
    point = session.scalars(
        select(CollectionPoint).join(WavePoint).where(WavePoint.wave_id == wave.id)
    ).one()
    content = response_content(
        wave=wave.code, collection_point=point.code, answers={"overall": None}, partial=True
    )
    assert accept_response(session, content, NOW, catalogue()).receipt
    counts = counts_of(session, wave)

    assert make_run(session, wave).responses == 12
    assert (counts.returned, counts.valid, counts.partial) == (13, 12, 1)
    assert [line.valid for line in waves(session, catalogue()) if line.code == wave.code] == [12]


def test_a_small_group_of_raters_is_told_neither_alone_nor_as_what_is_left(session):
    """Of four groups, one below ten and one pooled by the move, no sum tells the small one."""
    wave = make_rated(session, A=20, B=12, C=6, nobody=11)
    run = compute_run(session, catalogue(), Order(wave, INDEX), NOW)
    rows = [row for row in json.loads(run.result)["results"] if "rater_group" in row["domain"]]

    told = {}
    for row in rows:
        told.setdefault(row["domain"]["rater_group"], set()).add(row["status"])
    assert set(told) == {"A", "B", "C"}
    assert told["C"] == {"suppressed"}
    # Who belongs to no group here counts as one more hidden cell, so B need not be hidden.
    assert told["A"] == told["B"] == {"ok"}
    assert not any(row["domain"] == {"rater_group": "C"} and row["estimate"] for row in rows)
    groups = results_page(session, catalogue(), run.id).groups
    shown = {row.name: row.figures[0].estimate for row in groups}
    assert set(shown) == set(told)
    assert shown["C"] is None


def test_a_small_group_that_would_be_the_rest_hides_another(session):
    wave = make_rated(session, A=20, B=12, C=6)
    run = compute_run(session, catalogue(), Order(wave, INDEX), NOW)
    told = {
        row["domain"]["rater_group"]: row["reason"]
        for row in json.loads(run.result)["results"]
        if "rater_group" in row["domain"]
    }

    assert told["C"] == "n_below_minimum"
    assert told["B"] == "complementary"
