// One form being filled: its answers, in memory only, and the way through its questions.

import { clean } from "./answers.js";
import { holds } from "./rules.js";

/** A questionnaire of the package with the answers of one person; `kept` brings back one begun. */
export class Form {
  #answers;

  constructor(questionnaire, kept = {}) {
    this.#answers = new Map(Object.entries(kept.answers ?? {}));
    this.items = questionnaire.sections.flatMap(
      (section) => section.items.map((item) => ({ ...item, section })),
    );
    this.outside = Object.fromEntries(this.items.map((item) => [
      item.code, item.options.filter((option) => option.outside).map((option) => option.code),
    ]));
    this.id = kept.id ?? crypto.randomUUID();
    // the device's clock: kept as text, never trusted
    this.startedAt = kept.startedAt ?? new Date().toISOString();
    this.begun = performance.now();
  }

  get(code) {
    return this.#answers.get(code);
  }

  /** Keep an answer; an empty one takes the answer back. */
  set(code, value) {
    if (value === undefined || value === null || value.length === 0) this.#answers.delete(code);
    else this.#answers.set(code, value);
  }

  /** All that was answered, also off the present way. */
  all() {
    return Object.fromEntries(this.#answers);
  }

  /**
   * The questions to be asked, in order, the answers on that way as they are kept, and what is
   * wrong: item and name of a sentence. An answer with a problem counts as none, for the way too.
   */
  route() {
    const answers = Object.create(null); // whose items may be called like what every object has
    const problems = [];
    const path = this.items.filter((item) => {
      if (item.asked_if && !holds(item.asked_if, answers, this.outside)) return false;
      if (item.kind === "note") return true;
      const { answer, problem } = clean(item, this.#answers.get(item.code));
      if (problem !== null) problems.push([item.code, problem]);
      else if (answer !== undefined) answers[item.code] = answer;
      return true;
    });
    return { path, answers, problems };
  }

  get seconds() {
    return Math.round((performance.now() - this.begun) / 1000);
  }
}

/** What keeps an answer from being taken: the name of a sentence, or null. The server decides. */
export function problemOf(item, value) {
  return clean(item, value).problem;
}

/** A multiple choice after one of its options was touched; an exclusive one stands alone. */
export function toggled(item, chosen, code) {
  if (chosen.includes(code)) return chosen.filter((one) => one !== code);
  const alone = (one) => item.options.find((option) => option.code === one).exclusive;
  const kept = alone(code) ? [] : chosen.filter((one) => !alone(one));
  return [...kept, code];
}
