// The interview on the screen: one question after the other, handing over, review, sending off.

import { button, el } from "../dom.js";
import { question } from "../questions.js";
import {
  chosenOf, consentStep, eligibleStep, interpreterStep, languageStep, paperConsentStep, presenceStep,
  selectionStep,
} from "./begin.js";
import { placeOf } from "./home.js";
import { householdOf } from "./outcomes.js";
import { alert, paragraphs, say, show, t, wordsIn } from "./screen.js";
import { Saver, app } from "./state.js";

const WAIT_FOR_RECEIPT = 5_000;
let interview = null; // the one on the screen
let pending = Promise.resolve(); // the write of the answer before the last one

/** The interview under way, if one is. */
export function current() {
  return interview;
}

/** Take an interview on the screen; a new one is on the disk before its first question. */
export async function enter(begun) {
  interview = begun;
  app.saver = new Saver(app.key, interview, () => alert(t("not_saved")));
  pending = app.saver.save();
  app.go("interview");
}

/** Nothing of it stays in memory but what the list of drafts needs. */
async function leave() {
  const { assignment, household } = interview;
  if (!(await setAside(false))) return;
  await app.load();
  app.go("household", assignment.code, household);
}

/** Keep what is there, then forget it; `anyway` also when it could not be kept. */
export async function setAside(anyway = true) {
  if (!interview) return true;
  interview.settle();
  interview.watch.leave();
  const kept = await app.saver?.save().then(() => true, () => false);
  if (!kept && !anyway) return false;
  await app.saver?.stop();
  app.saver = null;
  interview = null;
  return true;
}

/** Keep the state and show the next screen; no key waits for the disk, which has it soon after. */
async function move(change) {
  const before = pending;
  change();
  pending = app.saver.save();
  pending.catch(() => null);
  draw();
  try {
    await before;
    alert("");
  } catch {
    alert(t("not_saved"));
  }
}

const forward = () => move(() => interview.forward());

/** The screen of the step where the interview is. */
export function draw() {
  if (!interview) return app.go("home");
  const { at } = interview;
  interview.watch.enter(interview.item?.code ?? at);
  const frame = {
    back: interview.canGoBack ? () => move(() => interview.back()) : leave,
    tools: [button(t("leave"), leave, { class: "key text" })],
    place: placeOf(interview.household),
  };
  if (interview.item) return askItem(frame);
  return SCREENS[at](frame);
}

/** The call may end otherwise: keep the draft, and say what came of it. */
async function end(next) {
  const { assignment, household, eligible, chosen } = interview;
  if (!(await setAside(false))) return;
  await app.load();
  next(assignment, household, { eligible, chosen });
}

const elsewhere = () => end((...call) => app.go("outcomes", ...call));
const confirm = (outcome) => end((assignment, household, found) => {
  app.go("confirm", assignment, household, outcome, found);
});
const givenOut = () => end((assignment, household, found) => {
  app.go("household", assignment.code, household);
  app.record(assignment, household, "given_out", found);
});

/** So many adults live here. A number put right is a call of its own: supervisors see both. */
async function count(number) {
  const { assignment, household, eligible, chosen, wave } = interview;
  if (eligible && eligible !== number) {
    document.querySelectorAll("#main button").forEach((one) => { one.disabled = true; });
    const before = app.call(assignment, household, "appointment", { eligible, chosen });
    try {
      await app.outbox.record(before, wave.key);
    } catch (error) {
      console.error("a call could not be kept:", error.name);
      draw();
      alert(t("not_saved"));
      return;
    }
    await app.load();
  }
  interview.eligible = number || undefined;
  interview.chosen = number ? chosenOf(assignment, household, number) : undefined;
  if (number) forward();
  else confirm("nobody_eligible");
}

/** A number may be put right once, while no call has told it yet. */
function recounting() {
  const { assignment, household } = interview;
  const area = app.assignments.find(({ code }) => code === assignment.code) ?? assignment;
  const isTold = householdOf(area, app.calls, household).selected !== null;
  return isTold ? null : () => move(() => interview.recount());
}

const SCREENS = {
  eligible: (frame) => eligibleStep({
    about: interview, now: interview.eligible, frame, chosen: count, nobody: () => count(0),
  }),
  selection: (frame) => selectionStep({
    about: interview, eligible: interview.eligible, chosen: interview.chosen,
    met: interview.leaving ? givenOut : forward, other: elsewhere, recount: recounting(), frame,
  }),
  language: (frame) => languageStep(interview, forward, frame),
  presence: (frame) => presenceStep(interview, forward, frame),
  interpreter: (frame) => interpreterStep(interview, forward, frame),
  consent: (frame) => consentStep(interview, forward, () => confirm("refusal_respondent"), frame),
  "paper-consent": (frame) => paperConsentStep(interview, forward, () => confirm("not_returned"), frame),
  "hand-over": (frame) => {
    const { language } = interview;
    show("hand-over", say(language, "hand_over_title"), [
      el("p", { class: "lead" }, say(language, "hand_over_lead")),
      el("p", {}, say(language, "hand_over_lock")),
      el("div", { class: "row" }, button(say(language, "hand_over_begin"), forward, { class: "key main" })),
      el("p", { class: "to-surveyor", lang: "vi" }, t("hand_over_hint")),
    ], { ...frame, lang: language });
  },
  "hand-back": () => {
    const { language } = interview;
    show("hand-back", say(language, "hand_back_title"), [
      el("p", { class: "lead" }, say(language, "hand_back_lead")),
      el("div", { class: "row" }, button(t("hand_back_go"), forward, { class: "key main", lang: "vi" })),
    ], { lang: language });
  },
  review: reviewScreen,
};

function askItem(frame) {
  const { item, language } = interview;
  const words = wordsIn(language);
  const s = (key, fields) => say(language, key, fields);
  const { text, lang } = words(item.text);
  const keep = (value) => {
    interview.keep(value);
    app.saver.soon();
  };
  const answer = (value) => move(() => interview.answer(value));
  const { n, total } = interview.progress();
  const told = s("progress", { n, total });
  const section = words(item.section.title);
  const above = el("div", { class: "progress" },
    el("p", {}, told, " · ", el("span", { lang: section.lang }, section.text)),
    el("progress", { value: n, max: total, "aria-label": told }));
  const parts = question(item, interview.given, { answer, keep, t: s, words });
  const own = interview.isPrivate
    ? { back: interview.canGoBack ? frame.back : null, tools: [], place: "" }
    : { ...frame, tools: [button(t("stop"), () => app.go("stop"), { class: "key text" }), ...frame.tools] };
  show(`item ${item.kind}`, text, parts, {
    ...own, lang: language, headingLang: lang, above, focus: "#box",
  });
}

/**
 * What stands on a paper form is keyed without a touch: digits choose, Enter goes on, in a box of
 * words with Ctrl.
 */
function onKey(event) {
  if (!interview?.item || app.here[0] !== "interview" || event.altKey) return;
  const { key, target } = event;
  const isBox = ["INPUT", "TEXTAREA"].includes(target.tagName);
  const goesOn = key === "Enter" && (isBox ? event.ctrlKey : target.tagName === "H1");
  const choices = document.querySelectorAll("#main .choices .key, #main .faces .key");
  if (goesOn) document.querySelector("#main .row .main, #main.note .row .key")?.click();
  else if (!isBox && !event.ctrlKey && /^[1-9]$/.test(key)) choices[Number(key) - 1]?.click();
}
addEventListener("keydown", onKey);

/** What an answer reads like. */
function spoken(item, value, language) {
  if (value === undefined) return t("no_answer");
  const words = wordsIn(language);
  const label = (code) => {
    const option = item.options.find((one) => one.code === code);
    return option ? words(option.label).text : code;
  };
  return [value].flat().map(label).join("; ");
}

function reviewScreen(frame) {
  const { language } = interview;
  const words = wordsIn(language);
  const lines = interview.open().map((item) => {
    const { text } = words(item.text);
    const value = interview.form.get(item.code);
    const mend = () => move(() => interview.mend(item.code));
    return el("div", { class: "answer" },
      el("dt", { lang: language }, text),
      el("dd", {}, el("span", { class: value === undefined ? "words empty" : "words", lang: language },
        spoken(item, value, language)),
      button(t("mend"), mend, { class: "key text mend", "aria-label": t("mend_this", { text }) })));
  });
  show("review", t("review_title"), [
    paragraphs(t("review_lead")),
    interview.locked.size
      ? el("p", { class: "state" }, t("private_done")) : null,
    el("div", { class: "row" }, button(t("finish"), () => finish(), { class: "key main" })),
    el("dl", { class: "answers" }, lines),
    lines.length > 8
      ? el("div", { class: "row" }, button(t("finish"), () => finish(), { class: "key main" })) : null,
  ].filter(Boolean), { ...frame, place: placeOf(interview.household) });
}

/** Stopped before the end: come back, send what there is, or throw it away. */
export function stopScreen() {
  if (!interview) return app.go("home");
  const agreed = interview.consent !== null;
  return show("stop", t("stop_title"), [el("div", { class: "stack" }, [
    button(t("stop_later"), leave, { class: "key choice" }),
    agreed ? button(t("stop_partial"), () => finish(true), { class: "key choice" }) : null,
    button(t("stop_break_off"), () => confirm("break_off"), { class: "key choice" }),
  ].filter(Boolean))], {
    back: () => app.go("interview"), place: placeOf(interview.household),
  });
}

async function finish(partial = false) {
  const ended = interview;
  const { assignment, household, eligible, chosen, wave } = ended;
  ended.settle();
  if (!partial && ended.mendProblem()) {
    await move(() => null);
    alert(t("to_mend"));
    return;
  }
  show("sending", t("saving"), []);
  await app.saver.save().catch(() => null);
  const content = ended.content(app.version, { partial });
  const call = app.call(assignment, household, partial ? "partial" : "complete", { eligible, chosen });
  const heard = receiptOf(content.id);
  await app.saver.stop();
  try {
    await app.outbox.finish(content, call, wave.key);
  } catch (error) {
    console.error("a form could not be kept:", error.name);
    app.saver = new Saver(app.key, ended, () => alert(t("not_saved")));
    show("trouble", t("not_finished"), [
      paragraphs(t("not_finished_hint")),
      el("div", { class: "row" }, button(t("try_again"), () => finish(partial), { class: "key main" })),
    ], { place: placeOf(household) });
    return;
  }
  app.saver = null;
  interview = null;
  await app.load();
  const late = new Promise((resolve) => {
    setTimeout(resolve, navigator.onLine ? WAIT_FOR_RECEIPT : 0);
  });
  finished(assignment, await Promise.race([heard, late]));
}

function receiptOf(id) {
  return new Promise((resolve) => {
    const hear = ({ detail }) => {
      if (detail.id !== id) return;
      app.outbox.responses.removeEventListener("change", hear);
      resolve(detail);
    };
    app.outbox.responses.addEventListener("change", hear);
  });
}

function finished(assignment, detail) {
  const proof = detail?.receipt
    ? [el("p", { class: "lead" }, t("received")), el("div", { class: "receipt" },
      el("p", { id: "receipt" }, t("receipt")),
      el("p", { class: "code", "aria-labelledby": "receipt" }, detail.receipt))]
    : paragraphs(t(detail ? "needs_help" : "kept_sealed"));
  show("finished", t("finished"), [
    proof,
    el("div", { class: "row" }, button(t("to_area"), () => app.go("area", assignment.code), { class: "key main" })),
  ]);
}

