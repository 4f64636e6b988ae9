// The way out of the tablet. Finishing can be interrupted at any moment and is done again on start:
// draft and sealed form change places in one transaction, the queues take an id once only.

import { NEEDS_HELP, RECEIVED, SealedQueue, seal } from "../sealed-queue.js";
import { poster } from "./server.js";
import { calls, drafts, finishing } from "./stores.js";

const FORMAT = "sipas-sealed-1";

/** The two queues of the tablet; `facts` gives {token, receiptKey, app} of the moment. */
export class Outbox extends EventTarget {
  #known = { responses: { waiting: 0, help: 0 }, visits: { waiting: 0, help: 0 } };

  constructor(facts, heard) {
    super();
    const told = () => ({ queue: this.waiting, app: facts().app });
    const make = (kind) => new SealedQueue({
      name: kind, keeps: true, signer: () => facts().receiptKey,
      post: poster(kind, () => facts().token, told, heard),
    });
    this.responses = make("responses");
    this.visits = make("visits");
    for (const queue of [this.responses, this.visits]) {
      queue.addEventListener("change", () => this.count());
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
    const [responses, visits] = await Promise.all([this.responses.counts(), this.visits.counts()]);
    this.#known = { responses, visits };
    this.dispatchEvent(new Event("change"));
    return this.#known;
  }

  async start() {
    await this.redo();
    await this.count();
    this.responses.start();
    this.visits.start();
  }

  async send() {
    await Promise.all([this.responses.retry(), this.visits.retry()]);
    return this.count();
  }

  /** A call at a household that ended without an interview. */
  async record(call, key) {
    const sealed = await sealedVisit(call, key);
    await calls.put({ ...call, sealed });
    await this.#out({ ...call, sealed });
  }

  /** An interview is over: its form and its call go out, its draft goes. */
  async finish(content, call, key) {
    if (!(await drafts.get(content.id))?.finishing) {
      const sealed = await seal(key, content.id, content);
      await finishing(content.id, sealed, { ...call, sealed: await sealedVisit(call, key) });
    }
    await this.redo();
  }

  /** What was interrupted. */
  async redo() {
    for (const draft of await drafts.all()) {
      if (draft.finishing) await this.#done(draft.id, draft.finishing);
    }
    for (const call of await calls.all()) if (call.sealed) await this.#out(call);
  }

  async #done(id, sealed) {
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
    const [responses, visits] = await Promise.all([this.responses.sealed(), this.visits.sealed()]);
    return { format: FORMAT, device, made_at: new Date().toISOString(), responses, visits };
  }

  /** Every form with its state; those that need a person first. */
  async forms() {
    const order = (form) => [NEEDS_HELP, RECEIVED].indexOf(form.state);
    const rank = { 0: 0, [-1]: 1, 1: 2 };
    return (await this.responses.list()).sort((a, b) => rank[order(a)] - rank[order(b)]);
  }
}

function sealedVisit({ id, assignment, household, outcome, day, eligible, chosen }, key) {
  const found = { id, assignment, household, outcome, day };
  if (eligible) found.eligible = eligible;
  if (chosen) found.chosen = chosen;
  return seal(key, id, found);
}
