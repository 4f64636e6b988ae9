// How an interview went, measured with the monotonic clock: seconds on each question, answers that
// were changed, pauses. Only while nobody saw it the device's clock is asked too: the app may have
// been closed, and a device that sleeps stops the other one.

const PAUSE = 60; // seconds without the interview on the screen that count as a pause
const MOST_PAGES = 400;

const seconds = (milliseconds) => Math.round(milliseconds / 1000);

/** Watches one interview; `kept` brings back what an earlier part of it had measured. */
export class Watch {
  #since = null; // when the page on the screen was entered
  #page = null;
  #hidden = null; // the page that nobody sees at the moment
  #left; // when the interview was last on the screen, by both clocks: {ticks, at}

  constructor(kept = {}) {
    this.opened = kept.opened ?? new Date().toISOString();
    this.active = kept.active ?? 0;
    this.elapsed = kept.elapsed ?? 0;
    this.pages = kept.pages ?? [];
    this.changes = kept.changes ?? {};
    this.pauses = kept.pauses ?? [];
    this.#left = { ticks: performance.now(), at: kept.at ?? Date.now() };
    this.#away();
  }

  #leaves() {
    this.#left = { ticks: performance.now(), at: Date.now() };
  }

  /** The time since it was last on the screen; a device's clock that was put back tells nothing. */
  #away() {
    const { ticks, at } = this.#left;
    const milliseconds = Math.max(performance.now() - ticks, Date.now() - at);
    this.elapsed += milliseconds;
    if (seconds(milliseconds) >= PAUSE) this.pauses.push(seconds(milliseconds));
    this.#leaves();
  }

  /** A question is on the screen now. */
  enter(page) {
    this.leave();
    this.#away();
    this.#hidden = null;
    this.#page = page;
    this.#since = performance.now();
  }

  /** The interview is no longer on the screen. */
  leave() {
    if (this.#page === null) return;
    const spent = performance.now() - this.#since;
    this.active += spent;
    this.elapsed += spent;
    const last = this.pages.at(-1);
    if (last?.[0] === this.#page) last[1] += spent;
    else if (this.pages.length < MOST_PAGES) this.pages.push([this.#page, spent]);
    this.#page = null;
    this.#leaves();
  }

  /** The screen is dark, or another app is in front. */
  hide() {
    this.#hidden = this.#page ?? this.#hidden;
    this.leave();
  }

  /** What was hidden is seen again. */
  show() {
    if (this.#hidden !== null) this.enter(this.#hidden);
  }

  /** An answer that was there already became another one. */
  changed(item) {
    this.changes[item] = (this.changes[item] ?? 0) + 1;
  }

  /** What a draft keeps. */
  kept() {
    const { opened, active, elapsed, pages, changes, pauses } = this;
    const page = this.#page;
    const spent = page === null ? 0 : performance.now() - this.#since;
    const shown = page === null ? pages : [...pages, [page, spent]];
    return {
      opened, active: active + spent, elapsed: elapsed + spent, pages: shown, changes, pauses,
      at: page === null ? this.#left.at : Date.now(),
    };
  }

  /** What is sent. */
  sent(app) {
    this.leave();
    this.#away();
    return {
      app,
      seconds: seconds(this.active),
      elapsed: seconds(this.elapsed),
      pages: this.pages.map(([page, spent]) => [page, seconds(spent)]),
      changes: this.changes,
      pauses: this.pauses,
      clock: { opened: this.opened, monotonic_ms: Math.round(this.elapsed) },
    };
  }
}
