// What the app knows at this moment, shared by its screens. Answers are in here only while the
// tablet is unlocked.

import { Interview } from "./interview.js";
import { calls, device, drafts } from "./stores.js";
import { hide, reveal } from "./vault.js";

export const app = {
  version: "",
  facts: {}, // what `device` keeps: token, name, surveyor, pack, etag, offset, contact, wrapped …
  key: null, // of drafts, while unlocked
  calls: [],
  drafts: [], // the content of each, while unlocked
  saver: null,
  outbox: null,
  refused: null, // what the service last refused this tablet for
  persisted: true,
  update: null,
  screens: {},
  here: null,

  /** Open a screen by its name; with nothing it is drawn again. */
  go(name = this.here?.[0], ...given) {
    this.here = [name, ...(given.length || name !== this.here?.[0] ? given : this.here.slice(1))];
    return this.screens[name](...this.here.slice(1));
  },

  /** Draw a screen anew after a wait, unless another one, the lock perhaps, has come meanwhile. */
  stay(name, ...given) {
    return this.here?.[0] === name ? this.go(name, ...given) : undefined;
  },

  async keep(values) {
    Object.assign(this.facts, values);
    await device.set(values);
  },

  get assignments() {
    return this.facts.pack?.assignments ?? [];
  },

  waveOf(assignment) {
    return this.facts.pack.waves.find((wave) => wave.code === assignment.wave
      && wave.questionnaire === assignment.questionnaire && wave.version === assignment.version);
  },

  /** A form by code, version and checksum; forms of drafts stay after the package let them go. */
  formOf({ code, version, checksum }) {
    return this.facts.forms[`${code}/${version}/${checksum}`];
  },

  /** The form that an assignment asks now. */
  formFor(assignment) {
    return this.facts.pack.questionnaires.find((form) => form.code === assignment.questionnaire
      && form.version === assignment.version);
  },

  /** The day, by the service's clock as far as it is known. */
  today() {
    const now = new Date(Date.now() + (this.facts.offset ?? 0));
    const two = (number) => String(number).padStart(2, "0");
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  },

  draftOf(assignment, serial) {
    return this.drafts.find(({ about }) => about.assignment.code === assignment.code
      && about.household === serial);
  },

  takeUp(content) {
    const { about } = content;
    return new Interview({ ...about, questionnaire: this.formOf(about.questionnaire) }, content);
  },

  /** Read what is kept, with the key of drafts. */
  async load() {
    this.calls = await calls.all();
    const kept = (await drafts.all()).filter((draft) => draft.hidden);
    const opened = await Promise.all(kept.map((draft) => reveal(this.key, draft).catch(() => null)));
    this.drafts = opened.filter(Boolean);
  },

  /** A call at a household, as it is noted and sent. */
  call(assignment, serial, outcome, { eligible, chosen, when } = {}) {
    const at = (this.calls.at(-1)?.at ?? 0) + 1; // an order, no moment
    const found = { id: crypto.randomUUID(), at, assignment: assignment.code, household: serial };
    Object.assign(found, { outcome, day: this.today() });
    return Object.assign(found, eligible && { eligible }, chosen && { chosen }, when && { when });
  },

  async dropDraft(id) {
    await this.saver?.stop();
    this.saver = null;
    await drafts.delete(id);
    this.drafts = this.drafts.filter((draft) => draft.id !== id);
  },
};

/** Writes a draft again and again, one write at a time, the newest state each time. */
export class Saver {
  #next = null;
  #running = null;
  #stopped = false;
  #timer = null;

  constructor(key, interview, failed) {
    Object.assign(this, { key, interview, failed });
  }

  /** Keep what is there now; resolves when it is on the disk, throws when it cannot be. */
  save() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#stopped) return Promise.resolve();
    this.#next = this.interview.kept();
    this.#running ??= this.#write().finally(() => { this.#running = null; });
    this.#running.catch((error) => this.failed(error));
    return this.#running;
  }

  /** Keep it soon: while somebody types. */
  soon() {
    this.#timer ??= setTimeout(() => this.save(), 200);
  }

  /** What soon would be kept is kept now. */
  hurry() {
    return this.#timer === null ? this.#running ?? Promise.resolve() : this.save();
  }

  /** Write nothing more; resolves when the last write has ended. */
  async stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => null);
  }

  async #write() {
    while (this.#next) {
      const content = this.#next;
      this.#next = null;
      await drafts.put(await hide(this.key, content.id, content));
    }
  }
}
