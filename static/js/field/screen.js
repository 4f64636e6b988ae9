// One screen after the other: a bar with the way back, a heading that takes the focus, the parts.

import { button, el } from "../dom.js";

const SETTLE = 250; // the second tap of a double tap is no answer
const main = document.getElementById("main");
const bar = document.getElementById("bar");
const alarm = document.getElementById("alarm");

export const DEFAULT = "vi";
let texts = {};
let language = DEFAULT;

/** Words come once, in all languages. */
export function setTexts(found) {
  texts = found;
}

export function setLanguage(code) {
  language = code;
}

export function languageNow() {
  return language;
}

/** A sentence in a language, that of the screen if none is named. */
export function say(code, key, fields = {}) {
  const template = (texts[code] ?? texts[DEFAULT])[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (_all, name) => fields[name] ?? "");
}

export const t = (key, fields) => say(language, key, fields);

/** A text of a questionnaire in a language, in Vietnamese where it has none. */
export function wordsIn(code) {
  return (given) => {
    const has = Object.hasOwn(given, code);
    return { text: has ? given[code] : given[DEFAULT], lang: has ? null : DEFAULT };
  };
}

/**
 * Draw a screen anew. `back` is what «Quay lại» does; `tools` stand right in the bar; `lang` is the
 * language of the screen when it is the respondent's; `focus` takes the place of the heading.
 */
export function show(name, title, parts, options = {}) {
  const { back = null, tools = [], lang = language, place = null, focus = null } = options;
  const heading = el("h1", { id: "question", tabindex: -1, lang: options.headingLang }, title);
  const body = el("div", { class: "parts settling" }, parts);
  bar.replaceChildren(
    back ? button(say(lang, "back"), back, { class: "key text" }) : el("span"),
    el("p", { class: "place" }, place ?? "SIPAS"),
    el("div", { class: "tools" }, tools),
  );
  main.className = `page screen ${name}`;
  main.replaceChildren(options.above ?? "", heading, body);
  document.documentElement.lang = lang;
  document.title = `${title} – SIPAS`;
  scrollTo(0, 0);
  // `settling` takes no touch yet; keys are heard at once, so that nothing typed fast is lost
  setTimeout(() => body.classList.remove("settling"), SETTLE);
  const first = focus ? body.querySelector(focus) : null;
  (first ?? heading).focus({ preventScroll: true });
  return body;
}

/** Something that must be known now; empty words take it away. */
export function alert(words) {
  alarm.textContent = words;
  alarm.hidden = !words;
}

/** What is said of a line; its state is drawn beside the words. */
export function noteOf(words) {
  return el("span", { class: "line-note" }, el("span", { class: "sign", "aria-hidden": "true" }), words);
}

/** A row of a list that opens something; `state` is drawn beside the note. */
export function row(title, note, onclick, { state = null, disabled = false } = {}) {
  return el("li", {}, el(
    "button", { type: "button", class: "line", onclick, disabled, "data-state": state },
    el("span", { class: "line-title" }, title), noteOf(note),
  ));
}

/** Paragraphs of words; null leaves one out. */
export function paragraphs(...lines) {
  return lines.filter(Boolean).map((line) => el("p", {}, line));
}
