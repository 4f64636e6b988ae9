"""The rules of the house, as tests a newcomer can read."""

import ast
import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from questionnaires.load import DEFINITIONS, Catalogue

ROOT = Path(__file__).parents[1]
OURS = {"questionnaires", "analysis", "survey_app"}
WATCHED = {"flask", "flask_wtf", "wtforms", "werkzeug", "babel", "sqlalchemy", "alembic", "argon2"}
WATCHED |= {
    "pydantic",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "duckdb",
    "openpyxl",
    "xlsxwriter",
    "typst",
}
SERVICES = {"questionnaires", "survey_app.models", "survey_app.services"}
SERVICES |= {"survey_app.config", "survey_app.days", "survey_app.db", "survey_app.errors"}
WEB = {"survey_app.web", "survey_app.services", "survey_app.forms", "survey_app.exports.files"}
WEB |= {"survey_app.security", "survey_app.i18n", "survey_app.clock", "survey_app.errors"}
WEB |= {"survey_app.days"}
WEB |= {"survey_app.db", "questionnaires.model", "questionnaires.refusal"}
COMMANDS = {"analysis", "questionnaires.model", "questionnaires.load", "questionnaires.refusal"}

# module: (what of ours it may import, which watched packages it may import).
# The longest matching name wins.
MAY_IMPORT = {
    "questionnaires": ({"questionnaires"}, set()),
    "questionnaires.model": ({"questionnaires.refusal"}, {"pydantic"}),
    "questionnaires.load": ({"questionnaires"}, {"pydantic"}),
    "analysis": (
        {"analysis", "questionnaires.model", "questionnaires.refusal", "questionnaires.rules"},
        {"numpy"},
    ),
    "analysis.estimate": ({"analysis"}, {"numpy", "scipy"}),
    "analysis.compare.pairs": ({"analysis"}, {"numpy", "scipy"}),
    "analysis.sampling.size": ({"analysis", "questionnaires.refusal"}, {"numpy", "scipy"}),
    "analysis.commands": (COMMANDS, {"numpy"}),
    "analysis.__main__": (COMMANDS | {"questionnaires.check"}, {"duckdb"}),
    "analysis.charts": ({"analysis"}, {"numpy", "matplotlib"}),
    "survey_app.demo": ({"survey_app.demo"}, set()),
    "survey_app.clock": (set(), set()),
    "survey_app.days": (set(), set()),
    "survey_app.assets": ({"survey_app.config"}, {"flask", "werkzeug"}),
    "survey_app.config": ({"questionnaires.refusal"}, set()),
    "survey_app.errors": ({"questionnaires.refusal"}, set()),
    "survey_app.catalogue": ({"questionnaires", "survey_app.services.wording.reviews"}, set()),
    "survey_app.db": (set(), {"sqlalchemy"}),
    "survey_app.models": ({"survey_app.db", "survey_app.models"}, {"sqlalchemy"}),
    "survey_app.services": (SERVICES, {"sqlalchemy"}),
    "survey_app.services.operation.accounts": (SERVICES, {"sqlalchemy", "argon2"}),
    # Pure tables of the field, without numbers: a web process may load these.
    "survey_app.services.checking.doubtful_calls": (
        SERVICES | {"analysis.selection"},
        {"sqlalchemy"},
    ),
    "survey_app.services.field.fieldwork": (SERVICES | {"analysis.dispositions"}, {"sqlalchemy"}),
    "survey_app.services.field.interviews": (SERVICES | {"analysis.selection"}, {"sqlalchemy"}),
    "survey_app.services.tables.sheets": (SERVICES, {"openpyxl"}),
    "survey_app.services.operation.demo": (
        SERVICES | {"survey_app.demo", "survey_app.clock"},
        {"sqlalchemy"},
    ),
    # Rates of outcomes are shares of counts: no job is needed for them.
    "survey_app.services.field.households": (SERVICES | {"analysis.dispositions"}, {"sqlalchemy"}),
    "survey_app.services.field.progress": (SERVICES | {"analysis.dispositions"}, {"sqlalchemy"}),
    # Only jobs compute: these two are imported by the worker, never by a web process.
    "survey_app.services.computing.datasets": (SERVICES | {"analysis"}, {"sqlalchemy", "numpy"}),
    "survey_app.services.computing.runs": (SERVICES | {"analysis"}, {"sqlalchemy", "numpy"}),
    "survey_app.exports": (
        {
            "survey_app.exports",
            "survey_app.errors",
            "survey_app.i18n",
            "survey_app.services.tables.csv_tables",
            "survey_app.services.wording.languages",
            "survey_app.services.codes.letters",
            "survey_app.services.computing.result_tables",
            "survey_app.services.computing.results",
        },
        {"xlsxwriter"},
    ),
    "survey_app.exports.qr": (set(), set()),
    # Loaded while codes are printed: a job would have to leave them in a file.
    "survey_app.exports.code_sheet": (
        {"survey_app.exports.qr", "survey_app.i18n", "survey_app.services.tables.csv_tables"},
        {"typst"},
    ),
    "survey_app.exports.qr_sheet": (
        {"survey_app.exports", "survey_app.i18n", "survey_app.services.counter.points"},
        {"typst"},  # which the worker loads and no web process does
    ),
    "survey_app.forms": (
        {"survey_app.forms", "survey_app.i18n", "questionnaires"},
        {"flask_wtf", "wtforms"},
    ),
    "survey_app.i18n": ({"questionnaires.refusal"}, {"flask", "babel", "werkzeug"}),
    # Of SQLAlchemy these know the exceptions and the type of a session, no query.
    "survey_app.security": (OURS - {"analysis"}, {"flask", "flask_wtf", "werkzeug", "sqlalchemy"}),
    "survey_app.web": (WEB, {"flask", "werkzeug"}),
    "survey_app.web.openapi_field": (
        WEB | {"survey_app.models.fieldwork", "analysis.dispositions"},
        set(),
    ),
    "survey_app.web.batches": (WEB, {"flask", "werkzeug", "sqlalchemy"}),
    "survey_app.web.openapi": (WEB | {"survey_app.models.responses"}, set()),
    "survey_app.web.visits": (
        WEB | {"questionnaires.translation", "survey_app.models.responses"},
        {"flask", "werkzeug", "sqlalchemy"},
    ),
    "survey_app.web.filling": (
        WEB | {"questionnaires.translation", "survey_app.models.responses"},
        {"flask", "werkzeug", "sqlalchemy"},
    ),
    "survey_app.web.coded": (
        WEB | {"survey_app.models.responses"},
        {"flask", "werkzeug", "sqlalchemy"},
    ),
    "survey_app.web.official": (
        WEB | {"survey_app.models.responses"},
        {"flask", "werkzeug", "sqlalchemy"},
    ),
    "survey_app.web.admin.invitations": (
        WEB | {"survey_app.exports.letters", "survey_app.models.waves"},
        {"flask", "sqlalchemy"},
    ),
    "survey_app.web.admin.codes": (WEB | {"survey_app.exports.code_sheet"}, {"flask"}),
    "survey_app.web.admin.languages": (WEB | {"survey_app.exports.review_sheet"}, {"flask"}),
    # The preview of a code is drawn at once; the sheets are jobs.
    "survey_app.web.admin.points": (WEB | {"survey_app.exports.qr"}, {"flask", "werkzeug"}),
    "survey_app.web.citizen": (
        WEB | {"survey_app.models.responses"},
        {"flask", "werkzeug", "sqlalchemy"},
    ),
    "survey_app.migrate": (
        {"survey_app.db", "questionnaires.refusal"},
        {"alembic", "sqlalchemy"},
    ),
    "survey_app": (OURS, {"flask", "werkzeug"}),
}
MODULES = sorted(
    path
    for top in sorted(OURS)
    for path in (ROOT / top).rglob("*.py")
    if "__pycache__" not in path.parts
)
BENCH = sorted((ROOT / "bench").glob("*.py"))
NO_HOME = {"utils", "util", "helpers", "helper", "common", "misc", "lib"}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def under(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def imports_of(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(module, imported):
    rule = max((prefix for prefix in MAY_IMPORT if under(module, prefix)), key=len)
    ours, watched = MAY_IMPORT[rule]
    root = imported.split(".")[0]
    if root in OURS:
        return not any(under(imported, prefix) for prefix in ours)
    return root in WATCHED and root not in watched


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_what_the_table_allows(path):
    wrong = sorted(found for found in imports_of(path) if forbidden(name_of(path), found))

    assert wrong == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("questionnaires.check", "analysis.index"),
        ("analysis.index", "survey_app.demo"),
        ("analysis.index", "questionnaires.load.load_index"),
        ("analysis.tree", "scipy.stats"),
        ("questionnaires.rules", "pydantic"),
    ],
)
def test_the_table_forbids_an_import_against_the_arrow(module, imported):
    assert forbidden(module, imported)


def test_analysis_opens_files_only_in_its_command():
    openers = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
    found = set()
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", None))
                if called in openers:
                    found.add(name_of(path))

    assert {name for name in found if under(name, "analysis")} == {"analysis.__main__"}


@pytest.mark.parametrize("path", [*MODULES, *BENCH], ids=name_of)
def test_every_module_class_and_public_function_says_what_it_is(path):
    tree = tree_of(path)
    silent = [] if ast.get_docstring(tree) else [name_of(path)]
    kinds = ast.FunctionDef | ast.ClassDef
    places = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for place in places:
        for node in place.body:
            if (
                isinstance(node, kinds)
                and not node.name.startswith("_")
                and not place_is_private(place)
            ):
                silent += [] if ast.get_docstring(node) else [node.name]

    assert silent == []


def place_is_private(place):
    return isinstance(place, ast.ClassDef) and place.name.startswith("_")


@pytest.mark.parametrize("path", [*MODULES, *BENCH], ids=name_of)
def test_a_module_docstring_begins_with_one_sentence_on_one_line(path):
    first = ast.get_docstring(tree_of(path)).splitlines()[0]

    assert first.endswith(".")
    assert len(first) < 100


def readme_map():
    """The map of the tree in README: path -> description, directories with a closing slash."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```tree\n(.*?)```", text, re.DOTALL).group(1)
    found, folders = {}, []
    for line in block.splitlines():
        indent = (len(line) - len(line.lstrip())) // 2
        name, _, what = line.strip().partition("  ")
        folders[indent:] = [name] if name.endswith("/") else []
        found["".join([*folders[:indent], name])] = what.strip()
    return found


def test_the_map_in_readme_is_the_tree():
    listed = set(readme_map())
    real = {
        path.relative_to(ROOT).as_posix()
        for path in [*MODULES, *BENCH]
        if path.name != "__init__.py"
    }
    real |= {f"{path.parent.relative_to(ROOT).as_posix()}/" for path in [*MODULES, *BENCH]}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    top = {name.split("/")[0] + ("/" if "/" in name else "") for name in tracked}

    assert {name for name in listed if name.endswith(".py")} == {
        n for n in real if n.endswith(".py")
    }
    assert {name for name in real if name.endswith("/")} <= listed
    assert top - {".gitignore"} <= listed
    assert [name for name in listed if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", [*MODULES, *BENCH], ids=name_of)
def test_the_map_says_what_the_module_says_of_itself(path):
    where = path.relative_to(ROOT).as_posix().replace("__init__.py", "")
    first = ast.get_docstring(tree_of(path)).splitlines()[0]

    assert readme_map()[where] == first.removesuffix(".")


def test_every_room_has_a_name():
    assert [path for path in MODULES if path.stem in NO_HOME] == []


def test_tests_mirror_the_tree():
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    names = {"__main__": "main"}
    untested = [
        name_of(path)
        for path in MODULES
        if path.name != "__init__.py"
        and names.get(path.stem, path.stem) not in tested
        and name_of(path) not in TESTED_TOGETHER
    ]

    assert untested == []


# Modules whose test stands in that of the program they belong to.
TESTED_TOGETHER = {
    *(f"analysis.commands.{name}" for name in ("compare", "compute", "describe", "files")),
    *(
        f"analysis.commands.{name}" for name in ("index", "options", "plan", "weights")
    ),  # test_commands
    "analysis.counting",  # in test_totals
    "analysis.measure",
    "analysis.tree",  # in test_index
    "questionnaires.refusal",  # wherever something is refused
    "survey_app.errors",
    *(f"survey_app.web.{name}" for name in ("aside", "filling", "keepsakes", "visits")),  # citizen
    "survey_app.web.admin.door",  # in test_results, as every room is entered through it
    *(f"survey_app.web.{name}" for name in ("spoken", "surveyor_texts")),  # in test_surveyor
    *(f"survey_app.web.{name}" for name in ("schemas", "openapi_field")),  # in test_openapi
    "survey_app.models.codes",
    "survey_app.models.fieldwork",
    "survey_app.models.accounts",  # what is stored is tested through what can be done
    "survey_app.models.responses",
    "survey_app.models.runs",
    "survey_app.models.units",
    "survey_app.models.waves",
    *(f"survey_app.demo.{name}" for name in ("chance", "check", "citizens", "criteria")),
    *(f"survey_app.demo.{name}" for name in ("figures", "officials", "people")),
}


def test_published_definitions_have_not_changed():
    published = Catalogue().published
    found = {
        name: hashlib.sha256((DEFINITIONS / name).read_bytes()).hexdigest() for name in published
    }

    assert published
    assert found == published


def test_a_published_index_reads_published_questionnaires_only():
    catalogue = Catalogue()
    for name in catalogue.published:
        if name.startswith("indices/"):
            index = catalogue.index(Path(name).stem).definition
            for questionnaire in index.questionnaires:
                assert catalogue.is_published(f"{questionnaire}.toml")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_pinned_with_hashes_and_names_no_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^(\S+)==", text, re.MULTILINE)

    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_every_direct_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    decisions = (ROOT / "DECISIONS.md").read_text(encoding="utf-8").lower()

    names = [re.split(r"[=;]", pin)[0].strip() for pin in direct]
    assert [name for name in names if f"**{name}**" not in decisions] == []
