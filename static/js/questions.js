// How one question is shown and answered: faces, choices, a number, a few words.

import { button, el } from "./dom.js";
import { problemOf, toggled } from "./form.js";

const FACES = "satisfaction"; // the one scale our faces mean; others are words alone

/**
 * The parts that answer an item. `answer(value)` keeps it and goes on, `keep(value)` only keeps it;
 * `t` says a sentence, `words` a text of the questionnaire. Nothing is chosen beforehand.
 */
export function question(item, given, { answer, keep, t, words }) {
  if (item.kind === "note") return [el("div", { class: "row" }, button(t("next"), () => answer()))];
  if (item.kind === "single" || item.kind === "scale") {
    return choices(item, given, { answer, t, words });
  }
  if (item.kind === "multiple") return several(item, given, { answer, keep, t, words });
  return written(item, given, { answer, keep, t, words });
}

function optionButton(option, chosen, onclick, words, kind) {
  const { text, lang } = words(option.label);
  return button(text, onclick, { class: kind, lang, "aria-pressed": String(chosen) });
}

function outsideOf(item, given, answer, words) {
  return item.options.filter((option) => option.outside).map((option) => optionButton(
    option, given === option.code, () => answer(option.code), words, "key aside",
  ));
}

function skipping(item, answer, t) {
  return item.required ? [] : [button(t("skip"), () => answer(undefined), { class: "key aside" })];
}

function choices(item, given, { answer, t, words }) {
  const inside = item.options.filter((option) => !option.outside);
  const faces = item.scale === FACES && inside.length === 5;
  const buttons = inside.map((option, place) => {
    const press = () => answer(option.code);
    const kind = faces ? "key face" : "key choice";
    const made = optionButton(option, given === option.code, press, words, kind);
    if (faces) {
      const source = `/static/img/face-${place + 1}.svg`;
      made.prepend(el("img", { src: source, alt: "", width: 96, height: 96 }));
    }
    return made;
  });
  return [
    el("div", { class: faces ? "faces" : "choices" }, buttons),
    el("div", { class: "row" }, outsideOf(item, given, answer, words), skipping(item, answer, t)),
  ];
}

function several(item, given, { answer, keep, t, words }) {
  let chosen = given ?? [];
  const note = notice();
  const buttons = item.options.map((option) => {
    const kind = option.outside ? "key aside" : "key choice";
    const press = () => {
      chosen = toggled(item, chosen, option.code);
      keep(chosen);
      for (const [place, made] of buttons.entries()) {
        const on = chosen.includes(item.options[place].code);
        made.setAttribute("aria-pressed", String(on));
      }
    };
    return optionButton(option, chosen.includes(option.code), press, words, kind);
  });
  const goOn = button(t("next"), () => {
    const problem = problemOf(item, chosen);
    if (problem) note.textContent = t(problem);
    else answer(chosen);
  }, { class: "key main" });
  return [
    el("p", { class: "hint" }, t("several")),
    el("div", { class: "choices" }, buttons),
    note,
    el("div", { class: "row" }, skipping(item, answer, t), goOn),
  ];
}

function written(item, given, { answer, keep, t, words }) {
  const codes = item.options.map((option) => option.code);
  const shown = given !== undefined && !codes.includes(given) ? given : "";
  const note = notice();
  const isNumber = item.kind === "number";
  const box = el(isNumber ? "input" : "textarea", {
    id: "box",
    class: "box",
    "aria-labelledby": "question",
    "aria-describedby": "note",
    autocomplete: "off",
    autocorrect: "off",
    autocapitalize: isNumber ? "off" : "sentences",
    spellcheck: "false",
    ...(isNumber ? { type: "text", inputmode: "decimal" } : { rows: 3, maxlength: item.max_length }),
    oninput: () => keep(box.value.trim()),
  });
  box.value = shown;
  const goOn = () => {
    const value = box.value.trim();
    const problem = problemOf(item, value);
    if (!problem) {
      answer(value);
      return;
    }
    note.textContent = t(problem, { min: item.min, max: item.max, n: item.max_length });
    box.setAttribute("aria-invalid", "true");
    box.focus();
  };
  if (isNumber) box.addEventListener("keydown", (event) => event.key === "Enter" && goOn());
  return [
    box,
    note,
    el(
      "div", { class: "row" }, outsideOf(item, given, answer, words), skipping(item, answer, t),
      button(t("next"), goOn, { class: "key main" }),
    ),
  ];
}

function notice() {
  return el("p", { id: "note", class: "note-line", role: "alert" });
}
