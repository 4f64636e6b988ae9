// Drafts are readable with the PIN only: a random key encrypts them, the PIN wraps that key. The key
// is in memory while the tablet is unlocked. A short PIN does not withstand somebody who has the
// files and tries all; the enrolment page says so.

const ROUNDS = 600_000;
const AES = { name: "AES-GCM", length: 256 };

async function wrapping(pin, salt, uses) {
  const written = new TextEncoder().encode(pin);
  const material = await crypto.subtle.importKey("raw", written, "PBKDF2", false, ["deriveKey"]);
  const way = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return crypto.subtle.deriveKey(way, material, AES, false, uses);
}

/** A new key of drafts: `wrapped` is kept, `key` is for now. */
export async function makeKey(pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = await crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"]);
  const cover = await wrapping(pin, salt, ["wrapKey"]);
  const hidden = await crypto.subtle.wrapKey("raw", plain, cover, { name: "AES-GCM", iv });
  const wrapped = { salt, iv, hidden };
  return { wrapped, key: await openKey(wrapped, pin) };
}

/** The key of drafts, or null when the PIN is not the one. */
export async function openKey({ salt, iv, hidden }, pin) {
  const cover = await wrapping(pin, salt, ["unwrapKey"]);
  const opened = { name: "AES-GCM", iv };
  const uses = ["encrypt", "decrypt"];
  return crypto.subtle.unwrapKey("raw", hidden, cover, opened, AES, false, uses).catch(() => null);
}

/** A draft as it is kept: nothing but its id can be read. */
export async function hide(key, id, content) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const way = { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(id) };
  const written = new TextEncoder().encode(JSON.stringify(content));
  return { id, nonce, hidden: await crypto.subtle.encrypt(way, key, written) };
}

/** The content of a draft; throws when it was changed or belongs to another key. */
export async function reveal(key, { id, nonce, hidden }) {
  const way = { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(id) };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(way, key, hidden)));
}
