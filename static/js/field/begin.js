// Before the questions: who lives here, who is asked, in which language, who listens, who agrees.

import { button, el } from "../dom.js";
import { placeOf } from "./home.js";
import { chosenAdult, rowsOf, tableOf } from "./kish.js";
import { paragraphs, say, show, t } from "./screen.js";
import { app } from "./state.js";

const MOST_ADULTS = 20;
const PRESENCE = ["household", "village_head", "official", "other"];
const INTERPRETERS = ["nobody", "relative", "official", "other"];
const COARSE = 100; // hundredths of a degree, about one kilometre

/** Toggle buttons of which one is on. */
function pick(options, now, chosen) {
  const buttons = options.map(([code, words, properties = {}]) => button(words, () => chosen(code), {
    class: "key choice", "aria-pressed": String(now === code), "data-code": code, ...properties,
  }));
  return el("div", { class: "stack" }, buttons);
}

/** How many adults live here: nobody ends the call; `now` is a number that is put right. */
export function eligibleStep({ about, now, chosen, nobody, frame }) {
  const numbers = Array.from({ length: MOST_ADULTS }, (_one, place) => place + 1);
  show("eligible", t("eligible_title"), [
    paragraphs(t("eligible_hint"), now ? t("eligible_again", { n: now }) : null),
    el("div", { class: "numbers" }, numbers.map((number) => button(String(number), () => chosen(number), {
      class: "key number", "aria-pressed": String(now === number),
    }))),
    el("div", { class: "row" }, button(t("eligible_nobody"), nobody, { class: "key aside" })),
  ], { ...frame, place: placeOf(about.household) });
}

/** The number that Kish's table gives; none where the next birthday decides. */
export function chosenOf(assignment, serial, eligible) {
  return assignment.selection === "kish" ? chosenAdult(serial, assignment.grid, eligible) : undefined;
}

function kishParts(assignment, serial, eligible, chosen) {
  const name = tableOf(serial, assignment.grid);
  const table = el("table", { class: "kish" },
    el("caption", {}, t("kish_table", { table: name })),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("kish_adults")), el("th", { scope: "col" }, t("kish_ask")))),
    el("tbody", {}, rowsOf(name).map((number, place) => el(
      "tr", { class: place + 1 === Math.min(eligible, 6) ? "on" : null },
      el("th", { scope: "row" }, place === 5 ? t("kish_six") : String(place + 1)), el("td", {}, String(number)),
    ))));
  return [
    el("ol", { class: "how" }, ["kish_men", "kish_women", "kish_number"].map((key) => el("li", {}, t(key)))),
    el("p", { class: "chosen" }, el("span", {}, t("kish_person")), el("strong", {}, String(chosen)),
      el("span", {}, t("kish_of", { n: eligible }))),
    el("details", {}, el("summary", {}, t("kish_show")), table),
  ];
}

/** Who is asked; when it is not possible, what came of the call; `recount` puts the number right. */
export function selectionStep({ about, eligible, chosen, met, other, recount, frame }) {
  const { assignment, household } = about;
  const parts = assignment.selection === "kish"
    ? kishParts(assignment, household, eligible, chosen)
    : paragraphs(t("birthday_rule"), t("birthday_once"));
  show("selection", t("selection_title"), [
    parts,
    el("p", { class: "hint" }, t("selection_fixed")),
    el("div", { class: "row" },
      button(t("selection_not"), other, { class: "key aside" }),
      button(t(about.leaving ? "selection_leave" : "selection_met"), met, { class: "key main" })),
    recount
      ? el("div", { class: "row" }, button(t("selection_recount"), recount, { class: "key text" })) : null,
  ].filter(Boolean), { ...frame, place: placeOf(household) });
}

/** In which language the questions are asked: those that the form has. */
export function languageStep(interview, forward, frame) {
  const has = Object.keys(interview.questionnaire.title);
  const names = { vi: "Tiếng Việt", km: "ភាសាខ្មែរ", en: "English" };
  const options = ["vi", "km", "en"].filter((code) => has.includes(code)).map(
    (code) => [code, names[code], { lang: code }],
  );
  show("which", t(interview.paper ? "language_paper" : "language_title"), [
    pick(options, interview.language, (code) => {
      interview.language = code;
      forward();
    }),
  ], frame);
}

/** Who else is there. */
export function presenceStep(interview, forward, frame) {
  const chosen = new Set(interview.presence ?? []);
  const buttons = PRESENCE.map((code) => button(t(`presence_${code}`), ({ currentTarget }) => {
    if (!chosen.delete(code)) chosen.add(code);
    currentTarget.setAttribute("aria-pressed", String(chosen.has(code)));
    next.textContent = t(chosen.size ? "next" : "presence_nobody");
  }, { class: "key choice", "aria-pressed": String(chosen.has(code)), "data-code": code }));
  const next = button(t(chosen.size ? "next" : "presence_nobody"), () => {
    interview.presence = PRESENCE.filter((code) => chosen.has(code));
    forward();
  }, { class: "key main" });
  show("presence", t("presence_title"), [
    el("p", { class: "hint" }, t("presence_hint")),
    el("div", { class: "stack" }, buttons),
    el("div", { class: "row" }, next),
  ], frame);
}

export function interpreterStep(interview, forward, frame) {
  const options = INTERPRETERS.map((code) => [code, t(`interpreter_${code}`)]);
  show("interpreter", t("interpreter_title"), [pick(options, interview.interpreter, (code) => {
    interview.interpreter = code;
    forward();
  })], frame);
}

/** The respondent reads or hears what happens with the answers, and agrees by an act of their own. */
export function consentStep(interview, forward, refused, frame) {
  const { language, wave } = interview;
  const s = (key) => say(language, key);
  const points = wave.notice_points?.[language] ?? [];
  const agree = () => {
    interview.consent = wave.notice;
    forward();
  };
  show("consent", s("consent_title"), [
    el("p", { class: "to-surveyor", lang: "vi" }, t("consent_hand")),
    el("p", {}, s("consent_short")),
    points.length ? el("details", {}, el("summary", {}, s("consent_more")), points.map(
      (point) => [el("h2", {}, point.question), el("p", {}, point.answer)],
    )) : null,
    placeBox(interview, s),
    el("div", { class: "row equal" },
      button(s("agree"), agree, { class: "key main" }),
      button(s("decline"), refused, { class: "key" })),
  ].filter(Boolean), { ...frame, lang: language });
}

/** The place of the interview, to about a kilometre, when the respondent says so. */
function placeBox(interview, s) {
  const allowed = document.featurePolicy?.allowsFeature?.("geolocation") ?? false;
  if (!allowed || !navigator.geolocation) return null;
  const note = el("span", { role: "status" });
  const box = el("input", {
    type: "checkbox", id: "place", checked: Boolean(interview.place),
    onchange: () => {
      interview.place = null;
      note.textContent = "";
      if (!box.checked) return;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        const coarse = (degrees) => Math.round(degrees * COARSE) / COARSE;
        if (!box.checked) return;
        interview.place = { latitude: coarse(coords.latitude), longitude: coarse(coords.longitude) };
        note.textContent = s("place_kept");
      }, () => {
        box.checked = false;
        note.textContent = s("place_unknown");
      }, { maximumAge: 600_000, timeout: 20_000 });
    },
  });
  return el("p", { class: "tick" }, box, el("label", { for: "place" }, s("place_ask")), note);
}

/** A paper form that came back: did its writer tick that they agree? */
export function paperConsentStep(interview, forward, refused, frame) {
  const agree = () => {
    interview.consent = interview.wave.notice;
    forward();
  };
  show("paper-consent", t("paper_consent"), [
    el("div", { class: "row equal" },
      button(t("paper_yes"), agree, { class: "key main" }), button(t("paper_no"), refused, { class: "key" })),
  ], frame);
}
