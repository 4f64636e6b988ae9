// One interview: what was found at the door, the answers, and where in it we are. It knows no page.

import { Form, problemOf } from "../form.js";
import { Watch } from "../paradata.js";

const COUNT = "eligible";
const TALK = ["selection", "language", "presence", "interpreter", "consent"];
const PAPER = ["language", "paper-consent"];
const HAND_OVER = "hand-over";
const HAND_BACK = "hand-back";
const REVIEW = "review";
const ITEM = "item:";

/**
 * `about` says where and what: {assignment, wave, household, questionnaire, paper}; `kept` brings
 * back a draft. Items of `private_items` come last, while the respondent holds the tablet; once
 * given back they are locked: asked no more, shown to nobody here.
 */
export class Interview {
  constructor(about, kept = {}) {
    Object.assign(this, about);
    this.form = new Form(about.questionnaire, kept);
    this.watch = new Watch(kept.watch);
    this.eligible = kept.eligible ?? about.eligible;
    this.chosen = kept.chosen ?? about.chosen;
    this.language = kept.language ?? null;
    this.presence = kept.presence ?? null;
    this.interpreter = kept.interpreter ?? null;
    this.consent = kept.consent ?? null;
    this.place = kept.place ?? null;
    this.typed = kept.typed ?? null; // {code, value}: what stands in a question that was not left yet
    this.seen = new Set(kept.seen);
    this.locked = new Set(kept.locked);
    const { items } = this.form;
    const secret = new Set(this.paper ? [] : about.wave.private_items ?? []);
    this.private = new Set(items.map((item) => item.code).filter((code) => secret.has(code)));
    this.at = kept.at ?? this.steps()[0];
    if (kept.at) this.#resume();
  }

  get id() {
    return this.form.id;
  }

  /** What a draft keeps of it; the questionnaire is named, its text is elsewhere. */
  kept() {
    const { id, startedAt } = this.form;
    const { eligible, chosen, language, presence, interpreter, consent, place, typed, at } = this;
    const { assignment, wave, household, paper } = this;
    const { code, version, checksum } = this.questionnaire;
    return {
      id, startedAt, answers: this.form.all(), eligible, chosen, language, presence, interpreter,
      consent, place, typed, at, seen: [...this.seen], locked: [...this.locked],
      watch: this.watch.kept(),
      about: { assignment, wave, household, paper, questionnaire: { code, version, checksum } },
    };
  }

  /** Taken up again: whoever holds the tablet now sees no answer that was given in private. */
  #resume() {
    if (this.at !== HAND_OVER && !this.isPrivate) return;
    for (const code of this.private) if (this.form.get(code) !== undefined) this.locked.add(code);
    if (this.typed && this.private.has(this.typed.code)) this.typed = null;
    this.at = this.steps().includes(HAND_OVER) ? HAND_OVER : HAND_BACK;
  }

  get item() {
    const code = this.at.startsWith(ITEM) ? this.at.slice(ITEM.length) : null;
    return code === null ? null : this.form.items.find((item) => item.code === code);
  }

  get isPrivate() {
    return this.item !== null && this.private.has(this.item.code);
  }

  /** All that is asked, in order. */
  steps() {
    const { path } = this.form.route();
    const step = ({ code }) => ITEM + code;
    const open = path.filter(({ code }) => !this.private.has(code));
    const left = path.filter(({ code }) => this.private.has(code) && !this.locked.has(code));
    // notes alone would tell, by being there, what was answered and locked before
    const own = this.locked.size && left.every(({ kind }) => kind === "note") ? [] : left;
    // who was chosen by that number stays chosen: it is told once
    const count = !this.eligible || this.at === COUNT ? [COUNT] : [];
    return [
      ...count,
      ...(this.paper ? PAPER : TALK),
      ...open.map(step),
      ...(own.length ? [HAND_OVER, ...own.map(step), HAND_BACK] : []),
      ...(own.length === 0 && this.at === HAND_BACK ? [HAND_BACK] : []),
      REVIEW,
    ];
  }

  /**
   * The place of the question among those that are asked as it is, in private or not: {n, total}.
   * How many are asked in private hangs on the answers there, and is told to nobody else.
   */
  progress() {
    const asked = this.steps().filter((step) => step.startsWith(ITEM)
      && this.private.has(step.slice(ITEM.length)) === this.isPrivate);
    return { n: asked.indexOf(this.at) + 1, total: asked.length };
  }

  /** Keep an answer and go on. */
  answer(value) {
    if (this.item.kind !== "note") this.#set(value ?? "");
    if (this.typed?.code === this.item.code) this.typed = null;
    this.forward();
  }

  /** Something stands in the question; not an answer before it is left. */
  keep(value) {
    this.typed = { code: this.item.code, value };
  }

  /** What the question shows as given. */
  get given() {
    return this.typed?.code === this.item.code ? this.typed.value : this.form.get(this.item.code);
  }

  /** What was left standing in a question becomes the answer, if it can be one. */
  settle() {
    if (!this.typed || this.typed.code !== this.item?.code) return;
    if (problemOf(this.item, this.typed.value) !== null) return;
    this.#set(this.typed.value);
    this.typed = null;
  }

  /** Note when an answer that was there became another one. */
  #set(value) {
    const { code } = this.item;
    const before = JSON.stringify(this.form.get(code) ?? "");
    this.form.set(code, value);
    const changed = before !== JSON.stringify(this.form.get(code) ?? "");
    if (before !== '""' && changed) this.watch.changed(code);
  }

  forward() {
    if (this.item) this.seen.add(this.item.code);
    const all = this.steps();
    this.at = this.seen.has(REVIEW) ? this.#unseen(all) : all[all.indexOf(this.at) + 1];
    if (this.at === HAND_BACK) this.#lock();
    if (this.at === REVIEW) this.seen.add(REVIEW);
  }

  #unseen(all) {
    if (this.isPrivate || this.at === HAND_OVER) return all[all.indexOf(this.at) + 1];
    return all.find((step) => step === HAND_OVER || step === REVIEW
      || (step.startsWith(ITEM) && !this.seen.has(step.slice(ITEM.length))
        && !this.private.has(step.slice(ITEM.length))));
  }

  #lock() {
    for (const step of this.steps()) {
      const code = step.slice(ITEM.length);
      if (step.startsWith(ITEM) && this.private.has(code)) this.locked.add(code);
    }
  }

  /** Whether the question before may be seen by whoever holds the tablet. */
  get canGoBack() {
    const all = this.steps();
    const before = all[all.indexOf(this.at) - 1];
    if (before === undefined || this.at === HAND_BACK) return false;
    return !(this.isPrivate && before === HAND_OVER);
  }

  back() {
    this.settle();
    const all = this.steps();
    this.at = all[all.indexOf(this.at) - 1];
  }

  /** From the review to a question that is to be mended. */
  mend(code) {
    this.at = ITEM + code;
  }

  /** To the first question whose answer the service would not take; false when there is none. */
  mendProblem() {
    const code = this.form.route().problems[0]?.[0];
    if (code === undefined) return false;
    if (this.private.has(code)) {
      this.form.set(code, ""); // the next one to hold the tablet need not have given it
      this.locked.delete(code);
      this.at = HAND_OVER;
    } else this.mend(code);
    return true;
  }

  /** The number of adults was mistyped: another one is told, and the person chosen by it. */
  recount() {
    this.at = COUNT;
  }

  /** The questions of the review, without those that were answered in private. */
  open() {
    return this.form.route().path.filter(
      (item) => item.kind !== "note" && !this.private.has(item.code),
    );
  }

  /** The response object of the collection interface. */
  content(app, { partial = false } = {}) {
    const { assignment } = this;
    const interview = {
      eligible: this.eligible,
      selection: assignment.selection,
      handed_over: this.locked.size > 0,
      drop_off: Boolean(this.paper),
      // of a form that was left nobody knows who was there
      ...(this.presence ? { presence: this.presence } : {}),
      ...(this.interpreter ? { interpreter: this.interpreter } : {}),
      ...(this.chosen ? { chosen: this.chosen } : {}),
      ...(this.place ? { place: this.place } : {}),
    };
    return {
      id: this.id,
      questionnaire: assignment.questionnaire,
      version: this.questionnaire.version,
      wave: assignment.wave,
      collection_point: assignment.collection_point,
      mode: this.paper ? "paper" : "tablet",
      locale: this.language,
      started_at: this.form.startedAt,
      submitted_at: new Date().toISOString(),
      answers: this.form.route().answers,
      consent: this.consent,
      assignment: assignment.code,
      interview,
      paradata: this.watch.sent(app),
      ...(partial ? { partial: true } : {}),
    };
  }
}
