"""One interview on a tablet: what becomes an answer, what is locked, who is asked."""

import pytest

from tests.static.modules import module_page, run

# `form(items)` makes a questionnaire, `start(items, about)` an interview at its first question.
READY = """
  const option = (code) => ({ code, label: { vi: code }, exclusive: false, outside: null });
  const item = ([code, kind, more]) => ({
    code, kind, scale: null, text: { vi: code }, required: kind !== "note", min: null, max: null,
    options: ["single", "multiple"].includes(kind) ? ["1", "2"].map(option) : [],
    max_length: 400, asked_if: null, ...more,
  });
  const begin = (items, { kept, ...more } = {}) => new m.Interview({
    assignment: { code: "A" }, wave: {}, household: 1, paper: false, questionnaire: {
      code: "f", version: "1", title: { vi: "f" },
      sections: [{ title: {}, items: items.map(item) }],
    }, ...more,
  }, kept);
  const start = (...given) => {
    const made = begin(...given);
    while (!made.at.startsWith("item:")) {
      if (made.at === "eligible") made.eligible = 2;
      made.forward();
    }
    return made;
  };
  const again = (one) => JSON.parse(JSON.stringify(one.kept()));
"""
THREE = '[["q1", "single"], ["q2", "multiple"], ["q3", "single"]]'
TOLD = """[["q1", "single"], ["p1", "single"],
  ["n1", "note", { asked_if: ["==", ["item", "p1"], "1"] }],
  ["q2", "single"]]"""
ALONE = '{ wave: { private_items: ["p1", "n1"] } }'


@pytest.fixture(scope="module")
def page(browser):
    with module_page(browser) as page:
        yield page


def in_interview(page, body):
    return run(page, "field/interview.js", READY + body)


def test_a_choice_touched_and_left_half_done_changes_no_answer(page):
    found = in_interview(
        page,
        f"""
        const one = start({THREE});
        one.answer("1"); one.answer(["1"]); one.answer("1");
        one.mend("q2");
        one.keep([]);
        const two = begin({THREE}, {{ kept: again(one) }});
        const shown = two.given;
        one.back();
        one.answer("1");
        return [shown, one.at, one.form.route().problems, one.content("v").answers];""",
    )

    assert found == [[], "review", [], {"q1": "1", "q2": ["1"], "q3": "1"}]


def test_what_stands_in_a_question_is_part_of_a_partial_interview(page):
    found = in_interview(
        page,
        """
        const one = start([["t1", "text"], ["t2", "text"]]);
        one.keep("một câu dài");
        one.settle();
        const two = start([["q1", "multiple"], ["t2", "text"]]);
        two.keep(["2"]);
        two.settle();
        return [one.content("v", { partial: true }).answers, two.content("v").answers];""",
    )

    assert found == [{"t1": "một câu dài"}, {"q1": ["2"]}]


def test_a_form_that_would_be_refused_leads_to_what_is_missing(page):
    found = in_interview(
        page,
        f"""
        const one = start({THREE});
        one.answer("1"); one.answer(["1"]); one.answer("1");
        const kept = again(one);
        delete kept.answers.q2; // an older version of the app let this happen
        const two = begin({THREE}, {{ kept }});
        const before = [one.mendProblem(), two.mendProblem(), two.at];
        two.answer(["2"]);
        return [...before, two.at, two.mendProblem()];""",
    )

    assert found == [False, True, "item:q2", "review", False]


def test_a_private_answer_that_would_be_refused_is_asked_in_private_again(page):
    found = in_interview(
        page,
        f"""
        const one = start({TOLD}, {ALONE});
        one.answer("1"); one.answer("1");
        one.forward();
        one.answer("2");
        one.forward();
        one.form.set("p1", "no option");
        const led = one.mendProblem();
        const at = one.at;
        one.forward();
        return [led, at, one.at, one.given ?? null, one.isPrivate];""",
    )

    assert found == [True, "hand-over", "item:p1", None, True]


@pytest.mark.parametrize("said", ["1", "2"])
def test_nobody_can_tell_from_what_follows_what_was_said_in_private(page, said):
    found = in_interview(
        page,
        f"""
        const one = start({TOLD}, {ALONE});
        const open = [one.at, one.progress()];
        one.answer("1");
        open.push(one.at, one.progress());
        one.answer("1");
        open.push(one.at);
        one.forward();
        const alone = [one.at];
        one.answer("{said}");
        alone.push(one.at, one.isPrivate);
        const interrupted = begin({TOLD}, {{ ...{ALONE}, kept: again(one) }}).at;
        if (one.isPrivate) one.answer();
        open.push(one.at);
        one.forward();
        open.push(one.at);
        one.mend("q2");
        open.push(one.progress(), one.steps().filter((step) => /n1|p1|hand/.test(step)));
        one.answer("2");
        open.push(one.at);
        one.back();
        open.push(one.at, one.content("v").answers.p1, interrupted);
        return [open, alone];""",
    )

    open_part, alone = found
    assert open_part == [
        *("item:q1", {"n": 1, "total": 2}, "item:q2", {"n": 2, "total": 2}, "hand-over"),
        *("hand-back", "review", {"n": 2, "total": 2}, [], "review", "item:q2", said, "hand-back"),
    ]
    assert alone == ["item:p1", *(["item:n1", True] if said == "1" else ["hand-back", False])]


def test_a_changed_choice_of_several_is_noted_as_changed(page):
    found = in_interview(
        page,
        f"""
        const one = start({THREE});
        one.answer("1");
        one.keep(["1"]);
        one.answer(["1"]);
        one.back();
        one.keep(["1", "2"]);
        one.answer(["1", "2"]);
        return one.content("v").paradata.changes;""",
    )

    assert found == {"q2": 1}


def test_who_was_chosen_stays_chosen_on_every_way_back(page):
    found = in_interview(
        page,
        f"""
        const later = begin({THREE}, {{ eligible: 3, chosen: 2 }});
        const seen = [later.at, later.canGoBack];
        const first = begin({THREE});
        seen.push(first.at);
        first.eligible = 4;
        first.forward();
        seen.push(first.at, first.canGoBack);
        first.forward();
        first.back();
        seen.push(first.at);
        first.recount();
        seen.push(first.at, first.canGoBack);
        first.eligible = 2;
        first.forward();
        seen.push(first.at);
        const paper = begin({THREE}, {{ eligible: 3, paper: true }});
        seen.push(paper.at);
        return seen;""",
    )

    first = ["eligible", "selection", False, "selection", "eligible", False, "selection"]
    assert found == ["selection", False, *first, "language"]
