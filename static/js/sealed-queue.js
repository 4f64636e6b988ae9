// What waits on a device: sealed to the wave's public key, kept until the server has it.
// The format of a sealed form is defined in survey_app/services/sealing.py. Kiosks and tablets
// use this one module. It knows no page: it is given `post(items)`, which asks the server.

export const SAVED = "saved";
export const SENDING = "sending";
export const RECEIVED = "received";
export const NEEDS_HELP = "needs-help";

const STORE = "forms";
const BATCH = 20;
const FILL = 512;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 300_000;
const AGAIN = ["not_stored"]; // refusals that a later try may mend by itself
const FORMS_FAULT = [400, 413, 422];

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
  const said = new TextEncoder().encode(`sipas receipt 1|${id}|${status}|${code}|${at}`);
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
 * The outbox of a device. `post(items)` resolves to {status, receipts} or throws without a network.
 * `keeps` says whether received forms stay as {id, state, receipt}, as tablets list them.
 * `signer()` gives the public point that receipts are signed for: what a network page in between
 * makes up clears nothing.
 */
export class SealedQueue extends EventTarget {
  #database = null;
  #running = null;
  #again = false;
  #failures = 0;
  #timer = null;
  #news;

  constructor({ name = "sealed-queue", post, keeps = false, signer = null }) {
    super();
    Object.assign(this, { name, post, keeps, signer });
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
    this.#tell({});
  }

  /** All that the server does not have, as {id, sealed}: what a file takes along. */
  async sealed() {
    const kept = (await this.#all()).filter((form) => form.state !== RECEIVED);
    return kept.map(({ id, sealed }) => ({ id, sealed }));
  }

  /** All that is kept, without what is sealed. */
  async list() {
    return (await this.#all()).map(({ sealed, ...rest }) => rest);
  }

  /** How many forms wait to be sent, and how many need a person. */
  async counts() {
    const states = (await this.#all()).map((form) => form.state);
    const help = states.filter((state) => state === NEEDS_HELP).length;
    const received = states.filter((state) => state === RECEIVED).length;
    return { waiting: states.length - help - received, help };
  }

  /** Try once more what was refused. */
  async retry() {
    for (const form of await this.#all()) {
      if (form.state === NEEDS_HELP) await this.#change(form.id, { state: SAVED });
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
    let alone = false;
    let clean = true;
    for (;;) {
      const waiting = (await this.#all()).filter(
        (form) => [SAVED, SENDING].includes(form.state) && !tried.has(form.id),
      );
      if (waiting.length === 0) return clean;
      const items = waiting.slice(0, alone ? 1 : BATCH);
      for (const form of items) await this.#change(form.id, { state: SENDING });
      let answer;
      try {
        answer = await this.post(items.map(({ id, sealed }) => ({ id, sealed })));
      } catch {
        answer = { status: 0 };
      }
      if (answer.status === 200) {
        for (const [place, form] of items.entries()) {
          tried.add(form.id);
          clean = (await this.#settle(form, answer.receipts?.[place])) && clean;
        }
      } else if (FORMS_FAULT.includes(answer.status) && items.length > 1) {
        alone = true; // one of them spoils the others
      } else if (FORMS_FAULT.includes(answer.status)) {
        const problem = { code: `http_${answer.status}`, message: "" };
        await this.#change(items[0].id, { state: NEEDS_HELP, problem });
      } else {
        for (const form of items) await this.#change(form.id, { state: SAVED });
        return false;
      }
    }
  }

  /** What a receipt means for a form; false when it has to be tried again. */
  async #settle(form, receipt) {
    const again = AGAIN.includes(receipt?.problems?.[0]?.code);
    if (receipt?.id !== form.id || again || !(await this.#isOurs(receipt))) {
      await this.#change(form.id, { state: SAVED });
      return false;
    }
    if (receipt.status === "rejected" || !receipt.receipt) {
      const { code, message } = receipt.problems[0] ?? { code: receipt.status, message: "" };
      await this.#change(form.id, { state: NEEDS_HELP, problem: { code, message } });
      this.#announce({ id: form.id, status: receipt.status });
      return true;
    }
    const kept = { id: form.id, state: RECEIVED, receipt: receipt.receipt };
    await this.#write((store) => (this.keeps ? store.put(kept) : store.delete(form.id)));
    this.#announce({ id: form.id, status: receipt.status, receipt: receipt.receipt });
    return true;
  }

  /** Whether a receipt may be believed: one without a code clears nothing, others are signed. */
  async #isOurs(receipt) {
    if (this.signer === null || !receipt.receipt) return true;
    return isGenuine(this.signer(), receipt);
  }

  #announce(detail) {
    this.#tell(detail);
    this.#news.postMessage(detail);
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  async #open() {
    this.#database ??= await new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    this.#database.onclose = () => { this.#database = null; };
    return this.#database;
  }

  async #all() {
    const store = (await this.#open()).transaction(STORE).objectStore(STORE);
    return new Promise((resolve, reject) => {
      const request = store.getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async #write(change) {
    const database = await this.#open();
    await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      change(transaction.objectStore(STORE));
    });
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
