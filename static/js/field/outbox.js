// The way out of the tablet. What is sealed is safe and counts as waiting at once; it comes into its
// queue as soon as there is room, and a start does again what was interrupted: draft and sealed form
// change places in one transaction, the queues take an id once only.

import { NEEDS_HELP, RECEIVED, SAVED, SealedQueue, seal } from "../sealed-queue.js";
import { poster } from "./server.js";
import { calls, drafts, finishing } from "./stores.js";

const FORMAT = "sipas-sealed-1";
const KINDS = ["responses", "visits"];
/** What is sealed and not in its queue, as {id, sealed}. */
const OUTSIDE = {
  responses: async () => (await drafts.all()).filter((draft) => draft.finishing).map(
    ({ id, finishing: sealed }) => ({ id, sealed }),
  ),
  visits: async () => (await calls.all()).filter((call) => call.sealed),
};

/** The two queues of the tablet; `facts` gives {token, receiptKey, app} of the moment. */
export class Outbox extends EventTarget {
  #known = { responses: { waiting: 0, help: 0 }, visits: { waiting: 0, help: 0 } };
  #left = 0; // what found no room in its queue

  constructor(facts, heard) {
    super();
    const told = () => ({ queue: this.waiting, app: facts().app });
    const make = (kind) => new SealedQueue({
      name: kind, keeps: true, signer: () => facts().receiptKey,
      post: poster(kind, () => facts().token, told, heard),
    });
    this.responses = make("responses");
    this.visits = make("visits");
    for (const kind of KINDS) {
      this[kind].addEventListener("change", ({ detail }) => {
        if (detail.receipt && this.#left) this.redo(); // what has arrived leaves room
        this.count();
      });
    }
  }

  /** Forms and visits that the service does not have yet. */
  get waiting() {
    const { responses, visits } = this.#known;
    return responses.waiting + responses.help + visits.waiting + visits.help;
  }

  get counts() {
    return this.#known;
  }

  async count() {
    const [responses, visits] = await Promise.all(KINDS.map(async (kind) => {
      const forms = await this.#all(kind);
      const help = forms.filter(({ state }) => state === NEEDS_HELP).length;
      const received = forms.filter(({ state }) => state === RECEIVED).length;
      return { waiting: forms.length - help - received, help };
    }));
    this.#known = { responses, visits };
    this.dispatchEvent(new Event("change"));
    return this.#known;
  }

  /** Begin to send; what cannot come into a queue keeps nothing else from it. */
  async start() {
    for (const kind of KINDS) this[kind].start();
    await this.redo();
    await this.count();
  }

  async send() {
    await this.redo();
    await Promise.all([this.responses.retry(), this.visits.retry()]);
    return this.count();
  }

  /** A call at a household that ended without an interview; safe once this has resolved. */
  async record(call, key) {
    await calls.put({ ...call, sealed: await sealedVisit(call, key) });
    await this.redo();
  }

  /** An interview is over: its draft has become a sealed form once this has resolved. */
  async finish(content, call, key) {
    if (!(await drafts.get(content.id))?.finishing) {
      const sealed = await seal(key, content.id, content);
      await finishing(content.id, sealed, { ...call, sealed: await sealedVisit(call, key) });
    }
    await this.redo();
  }

  /** What is sealed goes into its queue; what has no room there stays as it is, to be tried again. */
  async redo() {
    const moves = [
      ...(await OUTSIDE.responses()).map((form) => () => this.#done(form)),
      ...(await OUTSIDE.visits()).map((call) => () => this.#out(call)),
    ];
    let left = 0;
    for (const move of moves) {
      await move().catch((error) => {
        console.info("what is sealed waits for room:", error.name);
        left += 1;
      });
    }
    this.#left = left;
    if (left) await this.count();
  }

  async #done({ id, sealed }) {
    await this.responses.keep(id, sealed);
    await drafts.delete(id);
    this.responses.flush();
  }

  async #out({ sealed, ...call }) {
    await this.visits.keep(call.id, sealed);
    await calls.put(call);
    this.visits.flush();
  }

  /** All that the service does not have, for a supervisor's hands; sealed as it is here. */
  async file(device) {
    const [responses, visits] = await Promise.all(KINDS.map(async (kind) => {
      const outside = await OUTSIDE[kind]();
      return once([...await this[kind].sealed(), ...outside.map(({ id, sealed }) => ({ id, sealed }))]);
    }));
    return { format: FORMAT, device, made_at: new Date().toISOString(), responses, visits };
  }

  /** Every form with its state; those that need a person first. */
  async forms() {
    const order = (form) => [NEEDS_HELP, RECEIVED].indexOf(form.state);
    const rank = { 0: 0, [-1]: 1, 1: 2 };
    return (await this.#all("responses")).sort((a, b) => rank[order(a)] - rank[order(b)]);
  }

  /** All there is of a kind, without what is sealed; what moves meanwhile is found in its queue. */
  async #all(kind) {
    const outside = await OUTSIDE[kind]();
    return once([...await this[kind].list(), ...outside.map(({ id }) => ({ id, state: SAVED }))]);
  }
}

/** Each id once, the first of those that have it. */
function once(forms) {
  const known = new Set();
  return forms.filter(({ id }) => !known.has(id) && known.add(id));
}

function sealedVisit({ id, assignment, household, outcome, day, eligible, chosen }, key) {
  const found = { id, assignment, household, outcome, day };
  if (eligible) found.eligible = eligible;
  if (chosen) found.chosen = chosen;
  return seal(key, id, found);
}
