// What waits on a device: sealed to the wave's public key, kept until the server has it.
// The format of a sealed form is defined in survey_app/services/door/sealing.py. Kiosks and tablets
// use this one module. It knows no page and no address: it is given `post(items)`.

import { Database } from "./database.js";

export const SAVED = "saved";
export const SENDING = "sending";
export const RECEIVED = "received";
export const NEEDS_HELP = "needs-help";

const STORE = "forms";
const BATCH = 20;
const FILL = 512;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 300_000;
const PATIENCE = 60_000; // whoever waits longer for an answer keeps other tabs from sending
const KEPT = ["accepted", "duplicate", "conflict", "quarantined"]; // what the server has
const AGAIN = ["not_stored"]; // refusals that a later try may mend by itself
const FORMS_FAULT = [400, 413, 422];
const SPOILT = [...FORMS_FAULT, 500]; // one form may have brought this upon the others
const MOST_SPOILT = 3; // one after the other: then it is not the forms

/** Seal a response object to a wave; `key` is {wave_id, point}. */
export async function seal(key, id, content) {
  const encoder = new TextEncoder();
  const recipient = bytesOf(key.point);
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const publicKey = await crypto.subtle.importKey("raw", recipient, curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const sender = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const shared = await crypto.subtle.deriveBits(
    { name: "ECDH", public: publicKey }, own.privateKey, 256,
  );
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const info = joined(encoder.encode("sipas sealed form 1"), recipient);
  const secret = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: sender, info },
    material, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const head = `s1.${key.wave_id}`;
  const written = encoder.encode(JSON.stringify(content));
  const filled = new Uint8Array(Math.ceil(written.length / FILL) * FILL).fill(0x20);
  filled.set(written);
  const additionalData = encoder.encode(`${head}.${id.toLowerCase()}`);
  const hidden = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData }, secret, filled,
  );
  return `${head}.${textOf(joined(sender, nonce, new Uint8Array(hidden)))}`;
}

/** Say whether a receipt is the service's own: signed with the key whose public `point` is known. */
export async function isGenuine(point, receipt) {
  const { id, status, receipt: code, received_at: at, signature } = receipt;
  if (!point || !signature) return false;
  const parts = ["sipas receipt 1", id, status, code ?? "", at ?? ""];
  const said = new TextEncoder().encode(parts.join("|"));
  try {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("raw", bytesOf(point), curve, false, ["verify"]);
    const hash = { name: "ECDSA", hash: "SHA-256" };
    return await crypto.subtle.verify(hash, key, bytesOf(signature), said);
  } catch {
    return false; // no signature at all, whatever it is
  }
}

/**
 * The outbox of a device, by the `name` of its database, which no other outbox of this origin has.
 * `post(items)` asks the server; it resolves to {status, body}, the body null unless it is JSON, or
 * throws without a network. `keeps` says whether received forms stay as {id, state, receipt}, as
 * tablets list them. `signer()` gives the public point that receipts are signed for: what a network
 * page in between makes up clears nothing. A `change` event tells of each receipt, in every tab.
 */
export class SealedQueue extends EventTarget {
  #database;
  #sending = new Set();
  #size = BATCH;
  #running = null;
  #again = false;
  #failures = 0;
  #timer = null;
  #news;

  constructor({ name, post, signer, keeps = false }) {
    super();
    Object.assign(this, { name, post, keeps, signer });
    this.#database = new Database(name, { [STORE]: { keyPath: "id" } });
    this.#news = new BroadcastChannel(name);
    this.#news.onmessage = ({ data }) => this.#tell(data);
  }

  /** Begin to send: now, when the network comes back, and again and again. */
  start() {
    addEventListener("online", () => this.flush());
    navigator.storage?.persist?.().catch(() => false);
    this.flush();
  }

  /** Keep a form, sealed; it is safe once this has resolved. */
  async put(key, content) {
    await this.keep(content.id, await seal(key, content.id, content));
  }

  /** Keep what is sealed already; what is here under its id stays as it is. */
  async keep(id, sealed) {
    await this.#write((store) => {
      store.getKey(id).onsuccess = ({ target }) => {
        if (target.result === undefined) store.add({ id, sealed, state: SAVED });
      };
    });
    this.#announce({});
  }

  /** All that the server does not have, as {id, sealed}: what a file takes along. */
  async sealed() {
    const kept = (await this.#all()).filter((form) => form.state !== RECEIVED);
    return kept.map(({ id, sealed }) => ({ id, sealed }));
  }

  /** All that is kept, without what is sealed. */
  async list() {
    return (await this.#all()).map(({ sealed, ...form }) => (
      isWaiting(form) && this.#sending.has(form.id) ? { ...form, state: SENDING } : form
    ));
  }

  /** How many forms wait to be sent, and how many need a person. */
  async counts() {
    const forms = await this.#all();
    const help = forms.filter((form) => form.state === NEEDS_HELP).length;
    return { waiting: forms.filter(isWaiting).length, help };
  }

  /** Try once more what was refused. */
  async retry() {
    for (const form of await this.#all()) {
      if (form.state === NEEDS_HELP) await this.#change(form.id, { state: SAVED, problem: undefined });
    }
    return this.flush();
  }

  /** Send what waits; one tab at a time. Never throws: what is not sent waits on. */
  flush() {
    clearTimeout(this.#timer);
    this.#again = true;
    this.#running ??= this.#runs().finally(() => { this.#running = null; });
    return this.#running;
  }

  async #runs() {
    while (this.#again) {
      this.#again = false;
      let sent = false;
      try {
        sent = await navigator.locks.request(this.name, () => this.#drain());
      } catch (error) {
        console.info("waiting forms are tried again later:", error.name);
      }
      this.#failures = sent ? 0 : this.#failures + 1;
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures, 10));
    const jitter = 0.5 + Math.random();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.flush(), this.#failures ? pause * jitter : LONGEST_PAUSE * jitter,
    );
  }

  /** Send until nothing is left that can be sent; false when some must be tried later. */
  async #drain() {
    const tried = new Set();
    let spoilt = 0;
    let clean = true;
    for (;;) {
      const waiting = (await this.#all()).filter((form) => isWaiting(form) && !tried.has(form.id));
      if (waiting.length === 0) return clean;
      const items = someOf(waiting, this.#size);
      const { status, body } = await this.#ask(items);
      if (status === 200 && Array.isArray(body?.receipts)) {
        this.#size = Math.min(BATCH, 2 * this.#size);
        spoilt = 0;
        for (const [place, form] of items.entries()) {
          tried.add(form.id);
          const settled = await this.#settle(form, body.receipts[place]);
          if (settled) this.#failures = 0; // on a bad line some get through: no longer pauses then
          clean = settled && clean;
        }
      } else if (!SPOILT.includes(status)) {
        this.#size = Math.ceil(this.#size / 2); // a weak network carries a few at a time
        return false;
      } else if (items.length > 1) {
        this.#size = 1;
      } else {
        const [form] = items;
        tried.add(form.id);
        spoilt += 1;
        const ours = FORMS_FAULT.includes(status) && typeof body?.error === "string";
        if (ours) await this.#refuse(form, { code: `http_${status}`, message: body.error });
        else clean = false;
        if (spoilt >= MOST_SPOILT) return false;
      }
    }
  }

  /** What is answered to some forms; status 0 for no answer. Nothing is written before it. */
  async #ask(items) {
    for (const { id } of items) this.#sending.add(id);
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(resolve, PATIENCE, { status: 0 }); });
    try {
      const asked = this.post(items.map(({ id, sealed }) => ({ id, sealed })));
      return await Promise.race([asked, late]);
    } catch {
      return { status: 0 };
    } finally {
      clearTimeout(timer);
      for (const { id } of items) this.#sending.delete(id);
    }
  }

  /** What a receipt means for a form; false when it has to be tried again. */
  async #settle(form, receipt) {
    if (receipt?.id !== form.id) return false;
    const isKept = KEPT.includes(receipt.status);
    if (isKept && !(await isGenuine(this.signer(), receipt))) return false;
    const problem = receipt.problems?.[0];
    try {
      if (isKept) await this.#clear(form, receipt);
      else if (receipt.status !== "rejected" || AGAIN.includes(problem?.code)) return false;
      else await this.#refuse(form, problem ?? { code: "rejected", message: "" });
    } catch (error) { // no room to write it down: the same receipt comes again
      console.info("a receipt could not be noted:", error.name);
      return false;
    }
    return true;
  }

  /** The server has a form; a device without room keeps no receipt of it either. */
  async #clear({ id }, receipt) {
    const forget = () => this.#write((store) => store.delete(id));
    const kept = { id, state: RECEIVED, receipt: receipt.receipt };
    if (this.keeps) await this.#write((store) => store.put(kept)).catch(forget);
    else await forget();
    this.#announce(receipt);
  }

  /** The server will not have a form: a person has to look. */
  async #refuse({ id }, { code, message }) {
    await this.#change(id, { state: NEEDS_HELP, problem: { code, message } });
    this.#announce({ id, status: "rejected" });
  }

  #announce(detail) {
    this.#tell(detail);
    this.#news.postMessage(detail);
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  #all() {
    return this.#database.read(STORE, (store) => store.getAll());
  }

  #write(change) {
    return this.#database.write(STORE, (store) => change(store(STORE)));
  }

  /** Change a form that is still here; another tab may have settled it. */
  async #change(id, changes) {
    await this.#write((store) => {
      store.get(id).onsuccess = ({ target }) => {
        if (target.result) store.put({ ...target.result, ...changes });
      };
    });
  }
}

/** Not with the server yet, and not refused; older versions wrote «sending» down. */
function isWaiting({ state }) {
  return state === SAVED || state === SENDING;
}

/** Some of the forms from a place of chance, so that none of them can stand before all others. */
function someOf(forms, most) {
  const from = Math.floor(Math.random() * forms.length);
  return [...forms.slice(from), ...forms.slice(0, from)].slice(0, most);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function textOf(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}
