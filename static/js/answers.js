// What may be answered: the same answers in the same spelling as questionnaires/answers.py.
// A browser decides with it which question comes next; the server checks all of it again.

import { number } from "./rules.js";

const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;
// What Python takes for blank; `tidy` has taken away the byte order mark, the one more here.
const BLANK = "[\\s\\x1c-\\x1f\\x85]+";
const AROUND = new RegExp(`^${BLANK}|${BLANK}$`, "g");
// Text as questionnaires/text.py keeps it.
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+/g;
const KHMER = /^[\u1780-\u17ff]$/;
const SPELLED = /[\u200b\u200c\u200d]/;

/**
 * The answer to one item as it is kept, and what is wrong with it: the name of a sentence or null.
 * An answer validly left empty is undefined, and so is one with a problem.
 */
export function clean(item, raw) {
  const given = typeof raw === "string" ? tidy(raw) : raw;
  if (!isGiven(given)) return { problem: item.required ? "choose" : null };
  if (item.kind === "multiple") return several(item, given);
  if (typeof given !== "string") return { problem: "choose" };
  const value = strip(given.replaceAll("\r\n", "\n"));
  if (UNSTORABLE.test(value.replace(/[\n\t]/g, ""))) return { problem: "bad_sign" };
  if (item.kind === "text") {
    return [...value].length > item.max_length ? { problem: "too_long" } : kept(value);
  }
  if (isOption(item, value)) return kept(value);
  return item.kind === "number" ? amount(item, value) : { problem: "choose" };
}

function kept(answer) {
  return { answer, problem: null };
}

function several(item, given) {
  if (!Array.isArray(given) || !given.every((code) => typeof code === "string")) {
    return { problem: "choose" };
  }
  const chosen = new Set(given.map(strip));
  if (![...chosen].every((code) => isOption(item, code))) return { problem: "choose" };
  const options = item.options.filter((option) => chosen.has(option.code));
  if (options.length > 1 && options.some((option) => option.exclusive)) return { problem: "choose" };
  return kept(options.map((option) => option.code));
}

function amount(item, value) {
  const written = value.replaceAll(",", ".");
  const plain = number(written);
  if (plain === null) return { problem: "not_number" };
  const low = item.min !== null && plain < Number(item.min);
  const high = item.max !== null && plain > Number(item.max);
  return low || high ? { problem: "out_of_range" } : kept(canonical(written));
}

/** A number in its shortest spelling, sign by sign: "+007.50" is "7.5", "-0" is "0". */
function canonical(written) {
  const [whole, part = ""] = written.replace(/^[+-]/, "").split(".");
  const decimals = part.replace(/0+$/, "");
  const digits = (whole.replace(/^0+/, "") || "0") + (decimals ? `.${decimals}` : "");
  return written.startsWith("-") && digits !== "0" ? `-${digits}` : digits;
}

function isOption(item, code) {
  return item.options.some((option) => option.code === code);
}

function isGiven(raw) {
  if (typeof raw === "string") return strip(raw) !== "";
  return raw !== undefined && raw !== null && !(Array.isArray(raw) && raw.length === 0);
}

function strip(text) {
  return text.replace(AROUND, "");
}

function tidy(text) {
  const composed = text.normalize("NFC");
  return composed.replace(UNSEEN, (found, start) => {
    const around = [composed[start - 1], composed[start + found.length]];
    if (!around.every((sign) => sign !== undefined && KHMER.test(sign))) return "";
    return SPELLED.exec(found)?.[0] ?? "";
  });
}
