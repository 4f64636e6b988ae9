// One form being filled: its answers, in memory only, and the way through its questions.

import { holds, number } from "./rules.js";

const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

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
    if (value === undefined || value.length === 0) this.#answers.delete(code);
    else this.#answers.set(code, value);
  }

  /** All that was answered, also off the present way. */
  all() {
    return Object.fromEntries(this.#answers);
  }

  /** The questions to be asked, in order, and the answers on that way. */
  route() {
    const answers = {};
    const path = this.items.filter((item) => {
      if (item.asked_if && !holds(item.asked_if, answers, this.outside)) return false;
      if (this.#answers.has(item.code)) answers[item.code] = this.#answers.get(item.code);
      return true;
    });
    return { path, answers };
  }

  get seconds() {
    return Math.round((performance.now() - this.begun) / 1000);
  }
}

/** What keeps an answer from being taken: the name of a sentence, or null. The server decides. */
export function problemOf(item, value) {
  const empty = value === undefined || value.length === 0;
  if (empty) return item.required ? "choose" : null;
  if (item.kind === "text") {
    if (UNSTORABLE.test(value.replace(/[\n\r\t]/g, ""))) return "bad_sign";
    return [...value].length > item.max_length ? "too_long" : null;
  }
  if (item.kind !== "number" || item.options.some((option) => option.code === value)) return null;
  const plain = number(value.trim().replace(",", "."));
  if (plain === null) return "not_number";
  const low = item.min !== null && plain < Number(item.min);
  return low || (item.max !== null && plain > Number(item.max)) ? "out_of_range" : null;
}

/** A multiple choice after one of its options was touched; an exclusive one stands alone. */
export function toggled(item, chosen, code) {
  if (chosen.includes(code)) return chosen.filter((one) => one !== code);
  const alone = (one) => item.options.find((option) => option.code === one).exclusive;
  const kept = alone(code) ? [] : chosen.filter((one) => !alone(one));
  return [...kept, code];
}
