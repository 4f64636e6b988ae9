"""One rule set, two evaluators: invented forms and answers come out alike in browser and server.

Several hundred questionnaires, each with answers right and wrong, are made by hypothesis from a
fixed seed, checked by `questionnaires.answers` and, in one go, by the scripts of kiosk and tablet.
"""

import json
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from questionnaires.answers import check_answers
from questionnaires.check import problems_in_questionnaire
from questionnaires.load import Catalogue, Loaded
from survey_app.services.field.packages import questionnaire_package
from tests.questionnaires.factories import section, version

ROOT = Path(__file__).parents[2]
FORMS, TRIES = 250, 5
SENTENCES = {  # what the browser says, in the words of the server
    "choose": {"required", "unknown_option", "exclusive", "not_list", "not_text"},
    "bad_sign": {"bad_character"},
    "too_long": {"too_long"},
    "not_number": {"not_number"},
    "out_of_range": {"too_small", "too_large"},
}
IN_BROWSER = """async (written) => {
  const { Form } = await import("/static/js/form.js");
  return JSON.stringify(JSON.parse(written).map(({ form, tries }) => tries.map((given) => {
    const filled = new Form(form);
    for (const [code, value] of Object.entries(given)) filled.set(code, value);
    const { path, answers, problems } = filled.route();
    const asked = path.filter((item) => item.kind !== "note").map((item) => item.code);
    return [asked, Object.entries(answers), problems];
  })));
}"""

# Forms

ITEM_CODES = ("a", "b", "c", "d", "e", "f", "g", "h", "__proto__", "constructor", "toString")
DECOMPOSED = unicodedata.normalize("NFD", "Sở")
NUMBERS = ("1", "2", "3", "4", "5", "10", "2.5", "01", "-1", "0", "1.0", "+3", "100000000000000")
LETTERS = ("A", "a", "STC", "Sở", DECOMPOSED, "ខ្មែរ", "item", "1,5", "1e3", "0x1")
OUTSIDE = {"97": "not_applicable", "98": "dont_know", "99": "no_answer"}
TEXTS = (
    "",
    "x",
    "😀" * 5,
    "Sóc Trăng",
    unicodedata.normalize("NFD", "Sóc Trăng"),
    " Sở ",
    "5",
    "2.50",
)
AWKWARD = (
    *("  ", "\t\n", "\u3000", "\ufeff", "\u200b", "\x1c1\x1f", "\x85 2", "a\x00b", "a\r\nb"),
    *("a\rb", "a\u200bb", "ខ\u200bម", "ខ\u200c\u200dម", "ខ\ufeffម", "a\u200dម", "so\u00adft"),
    *("\ud800", "😀" * 5, "1,5", "1.5", "01,50", "-0", "+2", ".5", "5.", ".", "1e3", "1.000,5"),
    *("1,2,3", "\u0661", "--1", "9" * 15, "9" * 16, "0" * 15 + "1", "1_000", "NaN", "Infinity"),
    *("2.5", "2.50", "97", "99 "),
)
constants = st.sampled_from((*NUMBERS, *LETTERS, *OUTSIDE, "", 1, 2.5, -1, Decimal("2.50")))


@st.composite
def rules(draw, earlier, depth=3):
    """A routing rule on items asked before, with every operator."""
    if depth and draw(st.integers(0, 2)) == 0:
        op = draw(st.sampled_from(("and", "or", "not")))
        n = 1 if op == "not" else draw(st.integers(1, 3))
        return [op, *(draw(rules(earlier, depth - 1)) for _ in range(n))]
    op = draw(st.sampled_from(("==", "!=", "<", "<=", ">", ">=", "in", "has")))
    reference = ["item", draw(st.sampled_from(earlier))]
    if op == "in":
        return [op, reference, draw(st.lists(constants, max_size=4))]
    other = ["item", draw(st.sampled_from(earlier))] if draw(st.booleans()) else draw(constants)
    sides = [other, reference] if op != "has" and draw(st.booleans()) else [reference, other]
    return [op, *sides]


@st.composite
def items(draw, code, earlier):
    """A question of any kind, asked always or by a rule."""
    kind = draw(st.sampled_from(("single", "multiple", "scale", "number", "text", "note")))
    fields = {"code": code, "kind": kind, "text": f"Câu {code}?", "required": draw(st.booleans())}
    if kind in ("single", "multiple", "scale"):
        codes = NUMBERS if kind == "scale" else (*NUMBERS, *LETTERS)
        chosen = draw(st.lists(st.sampled_from(codes), min_size=2, max_size=5, unique=True))
        fields["option"] = [
            {
                "code": c,
                "label": f"Mức {c}",
                "exclusive": kind == "multiple" and draw(st.booleans()),
            }
            for c in chosen
        ]
    if kind == "number":
        low, high = sorted(draw(st.lists(bounds, min_size=2, max_size=2)))
        fields |= {"min": draw(st.sampled_from((None, low))), "max": high}
    if kind == "text":
        fields["max_length"] = draw(st.sampled_from((None, 1, 5)))
    if kind not in ("text", "note"):
        offered = draw(st.lists(st.sampled_from(sorted(OUTSIDE)), unique=True, max_size=3))
        fields["option"] = fields.get("option", []) + [
            {"code": c, "label": f"Mã {c}", "outside": OUTSIDE[c]} for c in offered
        ]
    if earlier and draw(st.booleans()):
        fields["asked_if"] = draw(rules(earlier))
    return fields


bounds = st.sampled_from([Decimal(text) for text in ("-3", "0", "0.5", "2.50", "10", "96.5")])


@st.composite
def forms(draw):
    """A questionnaire with one to three sections, and answers that several people gave."""
    codes = draw(st.lists(st.sampled_from(ITEM_CODES), min_size=1, max_size=9, unique=True))
    made, earlier = [], []
    for code in codes:
        made.append(draw(items(code, earlier)))
        if made[-1]["kind"] != "note":
            earlier.append(code)
    cut = draw(st.integers(1, len(made)))
    parts = [section("S1", *made[:cut]), *([section("S2", *made[cut:])] if made[cut:] else [])]
    form = version(section=parts)
    tries = [draw(people(form)) for _ in range(TRIES)]
    return form, tries


@st.composite
def people(draw, form):
    """Answers of one person: mostly possible ones, some odd, some on no way."""
    given = {}
    for item in form.items:
        if item.kind == "note" or draw(st.integers(0, 4)) == 0:
            continue
        given[item.code] = draw(answers(item))
    return given


def answers(item):
    codes = [option.code for option in item.option] or ["1"]
    code = st.sampled_from(codes)
    possible = {
        "multiple": st.lists(code, max_size=3),
        "number": st.one_of(st.sampled_from(("1", "2.5", "0", "03", "9,5", "96.5")), code),
        "text": st.sampled_from(TEXTS),
    }.get(item.kind, code)
    spaced = code.map(lambda text: f" {unicodedata.normalize('NFD', text)}\n")
    odd = st.one_of(
        st.sampled_from((*AWKWARD, *NUMBERS, *LETTERS)),
        st.text(max_size=6),
        spaced,
        st.lists(st.one_of(code, spaced, st.sampled_from(AWKWARD)), max_size=3),
        st.sampled_from((None, 5, 2.5, True, [], {}, [["1"]], [1])),
    )
    return st.one_of(possible, possible, possible, odd)


class Shelf(Catalogue):
    """The catalogue of one form that stands in no file."""

    def __init__(self, form):
        super().__init__()
        object.__setattr__(self, "form", form)

    def questionnaire(self, _name):
        return Loaded(self.form, "")

    def translations(self, _name):
        return ()


def invented():
    """All forms with their answers, the same at every run."""
    found = []

    @settings(
        max_examples=FORMS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(forms())
    def collect(case):
        form, _tries = case
        if not problems_in_questionnaire(form):
            found.append(case)

    collect()
    return found


def in_python(form, given):
    checked = check_answers(form, given)
    kept = [[k, list(v) if isinstance(v, tuple) else v] for k, v in checked.answers.items()]
    return [list(checked.path), kept, [[p.item, p.code] for p in checked.problems]]


@pytest.fixture(scope="module")
def page(browser):
    """A page that loads the scripts from their files, without a server."""
    page = browser.new_page()
    empty = {"body": "<!doctype html>", "content_type": "text/html"}
    page.route("http://localhost/", lambda route: route.fulfill(**empty))
    page.route(
        "http://localhost/static/**",
        lambda route: route.fulfill(path=ROOT / route.request.url.split("localhost/", 1)[1]),
    )
    page.goto("http://localhost/")
    yield page
    page.close()


def in_browser(page, cases):
    """What the browser makes of forms and answers: way, answers kept, problems."""
    sent = [
        {"form": questionnaire_package(Shelf(form), "", ""), "tries": tries}
        for form, tries in cases
    ]
    return json.loads(page.evaluate(IN_BROWSER, json.dumps(sent)))


def is_alike(found, wanted):
    """Whether browser and server agree; the browser has fewer names for what is wrong."""
    path, kept, problems = found
    path_wanted, kept_wanted, problems_wanted = wanted
    same_problems = len(problems) == len(problems_wanted) and all(
        a[0] == b[0] and b[1] in SENTENCES[a[1]]
        for a, b in zip(problems, problems_wanted, strict=True)
    )
    return path == path_wanted and kept == kept_wanted and same_problems


def test_invented_forms_take_the_same_way_and_keep_the_same_answers_in_both(page):
    cases = invented()
    found = in_browser(page, cases)

    wrong = []
    seen = {"sent": 0, "stopped": 0, "dropped": 0}
    for (form, tries), told in zip(cases, found, strict=True):
        for tried, there in zip(tries, told, strict=True):
            here = in_python(form, tried)
            seen["stopped" if here[2] else "sent"] += 1
            seen["dropped"] += bool(check_answers(form, tried).dropped)
            if not is_alike(there, here):
                wrong.append((form.model_dump_json(exclude_defaults=True), tried, here, there))
    smallest = min(wrong, key=lambda case: len(str(case)), default=None)
    assert smallest is None, f"{len(wrong)} differ, the smallest: {smallest}"
    assert len(cases) > FORMS / 2
    assert min(seen.values()) > 100, seen  # forms sent, forms held back, answers on no way
