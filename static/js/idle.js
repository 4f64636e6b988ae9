// Nobody there any more? After a while of quiet a warning, after a grace the end.
// Measured with the monotonic clock: a device clock that is set meanwhile changes nothing.

export const QUIET = 40_000;
export const GRACE = 20_000;

/** Watches for quiet; `warn(seconds)` is told each second of the grace, `end()` comes once. */
export class Idle {
  #timer = null;
  #last = 0;
  #warned = false;

  constructor({ warn, calm, end, quiet = QUIET, grace = GRACE }) {
    Object.assign(this, { warn, calm, end, quiet, grace });
  }

  start() {
    this.stop();
    this.#last = performance.now();
    this.#watch();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#warned) this.calm();
    this.#warned = false;
  }

  /** Whether it is watched for quiet at all. */
  get watches() {
    return this.#timer !== null;
  }

  /** Somebody touched the screen; once warned, only `extend` counts. */
  touch() {
    if (this.#timer !== null && !this.#warned) this.#last = performance.now();
  }

  /** Whether anybody is there is to be asked now, as after a time of quiet. */
  doubt() {
    if (this.#timer === null || this.#warned) return;
    clearTimeout(this.#timer);
    this.#last = performance.now() - this.quiet;
    this.#watch();
  }

  /** «I need more time». */
  extend() {
    if (this.#timer !== null) this.start();
  }

  #watch() {
    const quiet = performance.now() - this.#last;
    if (quiet >= this.quiet + this.grace) {
      this.stop();
      this.end();
      return;
    }
    if (quiet < this.quiet) {
      this.#in(this.quiet - quiet);
      return;
    }
    this.#warned = true;
    const left = this.quiet + this.grace - quiet;
    this.warn(Math.ceil(left / 1000));
    this.#in(left % 1000 || 1000);
  }

  #in(milliseconds) {
    this.#timer = setTimeout(() => this.#watch(), Math.ceil(milliseconds));
  }
}
