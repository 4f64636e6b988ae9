// The kiosk at a counter: one person after the other, one question a screen.
// Answers live in memory until they are sealed; nothing of a person outlives the way back to start.

import { button, el } from "./dom.js";
import { Form } from "./form.js";
import { GRACE, Idle } from "./idle.js";
import { Watch } from "./paradata.js";
import { question } from "./questions.js";
import { SealedQueue } from "./sealed-queue.js";
import { openStaff } from "./staff.js";

const DEFAULT = "vi";
const SETTLE = 300; // a screen takes no touch so soon: the second tap of a double tap is no answer
const REFRESH = 300_000;
const WAIT_FOR_RECEIPT = 5_000;
const THANKS = 30;
const SECONDS_A_QUESTION = 6;
const { base, version, closed, receiptKey } = document.getElementById("kiosk").dataset;
const main = document.getElementById("main");

let language = DEFAULT;
let kiosk = null; // the package: what to ask here and the words to say
let person = null; // the form of who stands here now, and what goes with it
let countdown = null;
let awaited = null; // the id of the form whose thanks are shown
let fetched = 0;

const queue = new SealedQueue({
  name: "sealed-queue",
  signer: () => receiptKey,
  post: (items) => ask("responses", { responses: items, sent_at: new Date().toISOString() }),
});
const idle = new Idle({ warn: warnOf, calm: calmDown, end: leftAlone });

/** Post to the kiosk's door; status 0 without a network, a body only where it is JSON. */
async function ask(path, body) {
  try {
    const answer = await fetch(`${base}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Kiosk": "1" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(20_000),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

function t(key, fields = {}) {
  const template = kiosk.texts[language][key];
  return template.replace(/\{(\w+)\}/g, (_all, name) => fields[name] ?? "");
}

/** A text of the questionnaire in the language of the page, in Vietnamese where it has none. */
function words(texts) {
  const has = Object.hasOwn(texts, language);
  return { text: has ? texts[language] : texts[DEFAULT], lang: has ? null : DEFAULT };
}

/** Draw a screen anew; nothing of the one before is kept. */
function show(name, title, parts, { tools = [], lang = null } = {}) {
  clearInterval(countdown);
  const heading = el("h1", { id: "question", tabindex: -1, lang }, title);
  const body = el("div", { class: "parts", inert: true }, parts);
  const bar = el("div", { class: "bar", inert: true }, tools);
  main.className = `screen ${name}`;
  main.replaceChildren(bar, heading, body);
  document.documentElement.lang = language;
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
  setTimeout(() => {
    body.inert = bar.inert = false;
  }, SETTLE);
}

// The start, which is also the end

function start() {
  idle.stop();
  person = awaited = null;
  language = DEFAULT;
  const { questionnaire, languages } = kiosk;
  const items = questionnaire.sections.flatMap((section) => section.items);
  const n = items.filter((item) => item.kind !== "note").length;
  const m = Math.ceil((n * SECONDS_A_QUESTION) / 60);
  const offered = languages.filter(({ code }) => Object.hasOwn(questionnaire.title, code));
  const pick = offered.map(({ code, name }) => button(
    code === "km" ? el("img", { src: "/static/img/khmer.svg", alt: name, height: 40 }) : name,
    () => begin(code), { class: "key language", lang: code },
  ));
  const corner = button(
    [el("span", { "aria-hidden": "true" }, "⋯"), el("span", { class: "unseen" }, t("staff"))],
    () => openStaff({ ask, queue, t, left }), { class: "key corner" },
  );
  show("start", t("welcome"), [
    rated(),
    el("p", { class: "lead" }, el("strong", {}, t("anonymous")), " ", t("duration", { n, m })),
    el("div", { class: "languages-row" }, pick),
  ], { tools: [el("p", { class: "unit" }, kiosk.unit_name), corner] });
  if (performance.now() - fetched > REFRESH) refresh();
}

/** Which procedure or field this kiosk is for, if its link names one. */
function rated() {
  const { field_name: name, is_procedure: isProcedure } = kiosk;
  if (!name) return null;
  const label = t(isProcedure ? "rated_procedure" : "rated_field");
  return el("p", { class: "lead" }, label, ": ", el("strong", { lang: DEFAULT }, name));
}

function begin(code) {
  language = code;
  const form = new Form(kiosk.questionnaire);
  person = { form, watch: new Watch(), at: "consent", unit: null, helped: null };
  idle.start();
  draw();
}

// One person's way: consent, agency, questions, help, thanks

function steps() {
  const asked = person.form.route().path.map((item) => `item:${item.code}`);
  return ["consent", ...(kiosk.agencies.length ? ["agency"] : []), ...asked, "helped"];
}

function go(by) {
  const all = steps();
  const next = all[all.indexOf(person.at) + by];
  if (next === undefined) start();
  else {
    person.at = next;
    draw();
  }
}

function draw() {
  person.watch.enter(person.at.replace("item:", ""));
  if (person.at === "consent") consent();
  else if (person.at === "agency") agency();
  else if (person.at === "helped") helped();
  else askItem(person.at.slice("item:".length));
}

function tools() {
  return [
    button(t("back"), () => go(-1), { class: "key aside" }),
    dots(),
    button(t("restart"), start, { class: "key aside" }),
  ];
}

function dots() {
  const asked = steps().filter((step) => step.startsWith("item:"));
  const place = asked.indexOf(person.at);
  if (place < 0) return el("span");
  return el(
    "p", { class: "dots" },
    el("span", { class: "unseen" }, t("progress", { n: place + 1, total: asked.length })),
    asked.map((_step, at) => el("span", { class: at <= place ? "dot on" : "dot", "aria-hidden": "true" })),
  );
}

function consent() {
  const agree = () => {
    person.consent = kiosk.notice;
    go(+1);
  };
  const whole = el("div", { hidden: true, tabindex: -1, class: "notice-points" },
    kiosk.notice_points[language].map((point) => [
      el("h2", {}, point.question), el("p", {}, point.answer),
    ]));
  const more = button(t("consent_more"), () => {
    whole.hidden = false;
    more.remove();
    whole.focus();
  }, { class: "key aside" });
  show("consent", t("consent_title"), [
    rated(),
    el("p", {}, t("consent_short")),
    whole,
    more,
    el("div", { class: "row equal" }, button(t("agree"), agree), button(t("decline"), start)),
  ], { tools: tools() });
}

function agency() {
  const choose = (code) => () => {
    person.unit = code;
    go(+1);
  };
  const buttons = kiosk.agencies.map(({ code, name }) => button(
    name, choose(code), { class: "key choice", lang: DEFAULT, "aria-pressed": String(person.unit === code) },
  ));
  show("agency", t("agency_title"), [el("div", { class: "choices" }, buttons)], { tools: tools() });
}

function askItem(code) {
  const item = person.form.items.find((one) => one.code === code);
  const { text, lang } = words(item.text);
  const keep = (value) => person.form.set(code, value);
  const before = JSON.stringify(person.form.get(code) ?? "");
  const answer = (value) => {
    if (item.kind !== "note") keep(value ?? "");
    const changed = before !== JSON.stringify(person.form.get(code) ?? "");
    if (before !== '""' && changed) person.watch.changed(code);
    go(+1);
  };
  const parts = question(item, person.form.get(code), { answer, keep, t, words });
  show("item", text, [listen(item), parts].flat(), { tools: tools(), lang });
}

/** A button that reads the question out, where a recording is given. */
function listen(item) {
  const source = kiosk.audio?.[language]?.[item.code];
  if (!source) return [];
  const sound = el("audio", { src: source, preload: "auto" });
  return [sound, button(t("listen"), () => sound.play(), { class: "key aside" })];
}

function helped() {
  const kinds = ["nobody", "relative", "official"];
  const buttons = kinds.map((kind) => button(t(`helped_${kind}`), () => {
    person.helped = kind;
    for (const [place, made] of buttons.entries()) {
      made.setAttribute("aria-pressed", String(kinds[place] === kind));
    }
  }, { class: "key choice", "aria-pressed": String(person.helped === kind) }));
  show("helped", t("helped_title"), [
    el("div", { class: "choices" }, buttons),
    el("div", { class: "row" }, button(t("send"), send, { class: "key main" })),
  ], { tools: tools() });
}

function content(partial) {
  const { form, watch, unit, helped: helper, consent: notice } = person;
  const { questionnaire, field, wave, collection_point } = kiosk;
  return {
    id: form.id,
    questionnaire: questionnaire.code,
    version: questionnaire.version,
    wave,
    collection_point,
    mode: "kiosk",
    locale: language,
    started_at: form.startedAt,
    submitted_at: new Date().toISOString(),
    answers: form.route().answers,
    consent: notice,
    paradata: watch.sent(version),
    ...(unit ? { unit } : {}),
    ...(field ? { field } : {}),
    ...(helper ? { helped: helper } : {}),
    ...(partial ? { partial: true } : {}),
  };
}

async function send() {
  const sent = content(false);
  const arrived = receiptOf(sent.id);
  idle.stop();
  show("sending", t("sending"), []);
  try {
    await queue.put(kiosk.key, sent);
  } catch (error) {
    console.error("a form could not be kept:", error.name);
    idle.start();
    const again = button(t("try_again"), send, { class: "key main" });
    show("trouble", t("not_saved"), [
      el("p", { class: "lead" }, t("not_saved_so")), el("div", { class: "row" }, again),
    ], { tools: tools() });
    return;
  }
  person = null; // from here on nobody's answers are in this page
  awaited = sent.id;
  queue.flush();
  const late = new Promise((resolve) => {
    setTimeout(resolve, navigator.onLine ? WAIT_FOR_RECEIPT : 0);
  });
  const soon = await Promise.race([arrived, late]);
  if (awaited !== sent.id) return; // the screen was dark meanwhile, and is nobody's
  thanked(soon);
  if (soon) return;
  const found = await arrived;
  if (awaited === sent.id) thanked(found);
}

/** What the server said of a form, however much later. */
function receiptOf(id) {
  return new Promise((resolve) => {
    const hear = ({ detail }) => {
      if (detail.id !== id) return;
      queue.removeEventListener("change", hear);
      resolve(detail);
    };
    queue.addEventListener("change", hear);
  });
}

function thanked(detail) {
  let left = THANKS;
  const clock = el("p", { class: "hint" });
  const tell = () => { clock.textContent = t("returns", { n: left }); };
  tell();
  const proof = detail?.receipt
    ? [
      el("p", {}, t("received")),
      el("div", { class: "receipt" }, el("p", { id: "receipt" }, t("receipt")),
        el("p", { class: "code", "aria-labelledby": "receipt" }, detail.receipt)),
      el("p", { class: "hint" }, t("receipt_hint")),
    ]
    : [el("p", { class: "lead" }, t(detail ? "kept" : "saved"))];
  const complaint = detail?.complaint
    ? el("section", { class: "note", "aria-labelledby": "complaint" },
      el("h2", { id: "complaint" }, t("complaint_title")),
      el("p", {}, t("complaint_told")),
      el("p", {}, t("complaint_place")))
    : null;
  show("thanks", t("thanks"), [
    proof,
    complaint,
    clock,
    el("div", { class: "row" },
      button(t("more_time"), () => { left += THANKS; tell(); }, { class: "key aside" }),
      button(t("done"), start, { class: "key main" })),
  ]);
  countdown = setInterval(() => {
    left -= 1;
    tell();
    if (left <= 0) start();
  }, 1000);
}

// Nobody there

let warning = null;

function warnOf(seconds) {
  if (warning === null) {
    const stay = button(t("more_time"), () => idle.extend(), { class: "key main" });
    const text = el("p", { id: "idle-text" });
    const title = el("h2", { id: "idle-title" }, t("idle_title"));
    warning = el("dialog", {
      class: "warning", role: "alertdialog", "aria-labelledby": "idle-title",
      "aria-describedby": "idle-text",
      oncancel: (event) => { event.preventDefault(); idle.extend(); },
      onkeydown: (event) => event.key === "Tab" && event.preventDefault(),
    }, title, text, stay);
    document.body.append(warning);
    warning.showModal();
    stay.focus();
  }
  warning.querySelector("p").textContent = t("idle_text", { n: seconds });
}

function calmDown() {
  warning?.close();
  warning?.remove();
  warning = null;
}

/** Whoever answered has gone: what was answered is kept only where the wave says so. */
function leftAlone() {
  const started = person?.consent && Object.keys(person.form.route().answers).length > 0;
  if (kiosk.keeps_partial && started) {
    queue.put(kiosk.key, content(true)).then(() => queue.flush(), () => null);
  }
  start();
}

// The device

/** Leave nothing of the kiosk's shell; what other apps of this origin keep is theirs. */
async function left() {
  for (const name of await caches.keys()) {
    if (name.startsWith("kiosk-")) await caches.delete(name);
  }
  await (await navigator.serviceWorker.getRegistration(base))?.unregister();
  location.replace(base);
}

/** What to ask here; throws without it. */
async function fetchPackage() {
  const answer = await fetch(`${base}/package`, { signal: AbortSignal.timeout(20_000) });
  if (!answer.ok) throw new Error(`package: ${answer.status}`);
  return answer.json();
}

/** Wait until there is something to ask here. */
async function packageAtLast() {
  for (;;) {
    try {
      return await fetchPackage();
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, 10_000); });
    }
  }
}

/** Say that the kiosk is alive. */
async function contact() {
  fetched = performance.now();
  const { waiting, help } = await queue.counts().catch(() => ({ waiting: 0, help: 0 }));
  return ask("contact", { queue: waiting + help, version });
}

/** Somebody answers, reads the thanks, or works at the panel of staff. */
function isBusy() {
  return person !== null || awaited !== null || document.querySelector("dialog[open]") !== null;
}

/** Learn what has changed; a page is only left while nobody stands at it. */
async function refresh() {
  const { status, body } = await contact();
  if (isBusy()) return;
  const refused = status >= 400 && status < 500 && body?.error; // not a page of some proxy
  if (refused || body?.open === false) location.reload();
  else if (status !== 200 || !body) return;
  else if (body.version !== version) await renew();
  else {
    const found = await fetchPackage().catch(() => null);
    if (found && !isBusy()) kiosk = found;
  }
}

/** A newer version is there: let it be stored, then start with it. */
async function renew() {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.update().catch(() => null);
  const worker = registration?.installing ?? registration?.waiting;
  if (worker && worker.state !== "activated") {
    await new Promise((resolve) => worker.addEventListener("statechange", () => {
      if (["activated", "redundant"].includes(worker.state)) resolve();
    }));
  }
  if (!isBusy()) location.reload();
}

/** Keep shell and package on the device, so that it opens without a network. */
async function keepShell() {
  const older = navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (older) replaced(); // the parts of this page came from another version than the page
  });
  await navigator.serviceWorker.register("/k/sw.js", { scope: "/k/", updateViaCache: "none" });
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    });
  }
  await Promise.all([fetch(base), fetch(`${base}/package`)]);
  document.documentElement.dataset.offline = "ready"; // what is here is enough to open again
}

/** The parts this page runs are no longer kept: open it anew as soon as nobody stands here. */
function replaced() {
  if (isBusy()) setTimeout(replaced, 1000);
  else location.reload();
}

async function open() {
  if (!isSecureContext || !navigator.locks) {
    document.getElementById("insecure").hidden = false;
    return;
  }
  queue.start();
  if (closed) {
    await packageAtLast();
    location.reload(); // the wave has opened
    return;
  }
  kiosk = await packageAtLast();
  fetched = performance.now();
  start();
  contact();
  setInterval(() => isBusy() || refresh(), REFRESH);
  keepShell().catch((error) => console.warn("the shell is not kept:", error.message));
}

for (const sign of ["pointerdown", "keydown", "input", "wheel", "touchmove"]) {
  addEventListener(sign, () => idle.touch(), { capture: true, passive: true });
}
// Who wakes the screen may be somebody else: the warning covers it until one touches «more time».
// A device that sleeps stops the clock of the warning and of the thanks, so the other one is asked.
let dark = 0;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    dark = Date.now();
    person?.watch.hide();
    idle.doubt();
    return;
  }
  const away = Date.now() - dark;
  if (idle.watches ? away >= GRACE : awaited !== null && away >= THANKS * 1000) leftAlone();
  else person?.watch.show();
});
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("contextmenu", (event) => event.preventDefault());
open();
