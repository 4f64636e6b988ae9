// The surveyor's app: opens without a network, asks for the PIN, shows the lists, sends what waits.

import { button, el } from "../dom.js";
import { Idle } from "../idle.js";
import { current, draw, enter, setAside, stopScreen } from "./ask.js";
import { chooseScreen, enrolScreen, forgottenScreen, unlockScreen } from "./door.js";
import {
  appointmentScreen, areaScreen, confirmScreen, homeScreen, householdScreen, outcomesScreen,
} from "./home.js";
import { Interview } from "./interview.js";
import { householdOf } from "./outcomes.js";
import { elsewhereScreen, outboxScreen, tabletScreen } from "./outbox-screen.js";
import { Outbox } from "./outbox.js";
import { alert, DEFAULT, setLanguage, setTexts, show, t } from "./screen.js";
import * as server from "./server.js";
import { app } from "./state.js";
import { calls, device } from "./stores.js";

const QUIET = 5 * 60_000; // then the tablet locks itself
const GRACE = 20_000;
const CONTACT = 5 * 60_000;
const LEAST_ROOM = 50_000_000; // bytes
const MOST_USED = 0.9;
const FACTS = ["token", "name", "surveyor", "pack", "forms", "etag", "offset", "contact", "wrapped", "language"];
// An iPad calls itself a Macintosh, which has no screen to touch.
const ON_APPLE = /iPad|iPhone|iPod/.test(navigator.userAgent)
  || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 0);

const { version, trouble, again: tryAgain } = document.getElementById("field").dataset;
app.version = version;
app.holds = false; // whether this tab is the one with the drafts
app.heard = false; // whether the service answered the last time
Object.assign(app.screens, {
  enrol: enrolScreen, choose: chooseScreen, unlock: unlockScreen, forgotten: forgottenScreen,
  home: homeScreen, area: areaScreen, household: householdScreen, outcomes: outcomesScreen,
  appointment: appointmentScreen, confirm: confirmScreen, interview: draw, stop: stopScreen,
  outbox: outboxScreen, elsewhere: elsewhereScreen, tablet: tabletScreen,
});

const idle = new Idle({
  quiet: QUIET - GRACE, grace: GRACE,
  warn: (n) => alert(t("locks_soon", { n })), calm: () => alert(""), end: () => app.lock(),
});
let touched = Date.now();

// Locked and unlocked

app.unlocked = async (key) => {
  app.key = key;
  await app.load();
  idle.start();
  touched = Date.now();
  app.go("home");
  app.measure();
};

app.lock = async () => {
  idle.stop();
  await setAside();
  app.key = null;
  app.drafts = [];
  if (app.update) await app.renew();
  app.go("unlock");
};

// Work at a household

app.resume = (draft) => enter(app.takeUp(draft));

/**
 * Begin there: an interview, a form on paper that came back, or one that is left. Where somebody was
 * chosen already, it goes on with that.
 */
app.begin = async (assignment, serial, purpose) => {
  const draft = app.draftOf(assignment, serial);
  const interview = draft ? app.takeUp(draft) : newInterview(assignment, serial, purpose);
  interview.leaving = purpose === "leave";
  await enter(interview);
};

function newInterview(assignment, serial, purpose) {
  const { eligible, chosen } = householdOf(assignment, app.calls, serial).selected ?? {};
  const { code, key, notice, notice_points, private_items } = app.waveOf(assignment);
  const { households, ...area } = assignment; // what came of others is no part of a draft
  return new Interview({
    assignment: area, household: serial, eligible, chosen, paper: purpose === "paper",
    wave: { code, key, notice, notice_points, private_items },
    questionnaire: app.formFor(assignment),
  });
}

/** Note and send what came of a call; a draft of that household ends with it. */
app.record = async (assignment, serial, outcome, found) => {
  const wave = app.waveOf(assignment) ?? app.draftOf(assignment, serial)?.about.wave;
  const draft = app.draftOf(assignment, serial);
  await setAside();
  try {
    await app.outbox.record(app.call(assignment, serial, outcome, found), wave.key);
  } catch (error) {
    console.error("a call could not be kept:", error.name);
    alert(t("not_saved"));
    return;
  }
  if (draft && outcome !== "appointment") await app.dropDraft(draft.id);
  alert("");
  await app.load();
  app.go("area", assignment.code);
};

// What is said of the outbox, the contact and the tablet

app.sentence = () => {
  const { responses, visits } = app.outbox.counts;
  const help = responses.help + visits.help;
  const parts = [];
  if (responses.waiting) parts.push(t("waiting_forms", { n: responses.waiting }));
  if (visits.waiting) parts.push(t("waiting_visits", { n: visits.waiting }));
  if (help) parts.push(t("waiting_help", { n: help }));
  return parts.length ? parts.join(" ") : t("all_sent");
};

app.contactWords = () => {
  const { contact } = app.facts;
  if (!contact) return t("never_contact");
  const when = new Date(contact).toLocaleString("vi", {
    day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
  return t("last_contact", { when });
};

/** What is wrong with the tablet, each as words and what can be done. */
app.warnings = () => {
  const found = [];
  if (app.refused) found.push([app.refused, ...(app.unknown ? [enrolAgain()] : [])]);
  if (app.room !== undefined && app.room !== null) found.push([t("nearly_full", { n: app.room })]);
  if (ON_APPLE && !navigator.standalone) found.push([t("seven_days")]);
  else if (!app.persisted) found.push([t("not_persisted")]);
  return found;
};

function enrolAgain() {
  return button(t("enrol_again"), () => app.go("enrol"), { class: "key aside" });
}

app.measure = async () => {
  const before = JSON.stringify([app.room, app.persisted]);
  const { usage, quota } = await navigator.storage?.estimate?.() ?? {};
  const tight = quota && (quota - usage < LEAST_ROOM || usage / quota > MOST_USED);
  app.room = tight ? Math.max(0, Math.round((quota - usage) / 1_000_000)) : null;
  app.persisted = await navigator.storage?.persisted?.() ?? false;
  if (!app.persisted) app.persisted = await navigator.storage?.persist?.().catch(() => false) ?? false;
  if (before !== JSON.stringify([app.room, app.persisted])) again("home", "tablet");
};

/** Draw the screen again, if it is one of these and nothing on it would be lost. */
async function again(...names) {
  if (!names.includes(app.here?.[0])) return;
  const [words, place] = [document.activeElement?.textContent, scrollY];
  await app.go();
  scrollTo(0, place);
  const same = [...document.querySelectorAll("button")].find((one) => one.textContent === words);
  same?.focus({ preventScroll: true });
}

app.speak = async (code) => {
  setLanguage(code);
  await app.keep({ language: code });
  app.go("tablet");
};

// The service

function heard(answer) {
  app.heard = answer.status > 0 && answer.status < 500;
  const refused = [401, 403].includes(answer.status);
  app.unknown = answer.status === 401 && Boolean(answer.body?.error); // by us, not by a proxy
  if (refused) app.refused = answer.body?.error ?? t("refused");
  else if (answer.status === 200) app.refused = null;
  if (!app.heard || answer.status >= 400) return;
  const { server_time: now } = answer.body ?? {};
  const offset = now ? { offset: Date.parse(now) - Date.now() } : {};
  app.keep({ contact: Date.now(), ...offset }).catch((error) => console.info(error.name));
}

app.contact = async () => {
  if (!app.facts.token) return;
  const told = { queue: app.outbox.waiting, app: app.version };
  heard(await server.contact(app.facts.token, told));
};

/** Fetch the package, when there is another one; one tab does, as forms of drafts have to stay. */
app.refresh = async () => {
  if (!app.facts.token || !app.holds) return;
  const answer = await server.fetchPackage(app.facts.token, app.facts.etag);
  heard(answer);
  if (answer.status !== 200 || !answer.body?.questionnaires) return;
  const forms = { ...app.facts.forms };
  for (const form of answer.body.questionnaires) {
    forms[`${form.code}/${form.version}/${form.checksum}`] = form;
  }
  const kept = app.keep({ pack: answer.body, etag: answer.etag, forms });
  await kept.catch((error) => console.info("the package is fetched again later:", error.name));
};

async function callHome() {
  await app.outbox.redo();
  await app.contact();
  await app.refresh();
  await app.measure();
  navigator.serviceWorker.getRegistration().then((found) => found?.update()).catch(() => null);
  again("home", "area");
}

// The app itself

/** Keep the shell, so that the app opens without a network; hear of a new version. */
async function keepShell() {
  const controlled = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!controlled) return; // the first worker has taken over the page it belongs to
    app.update = true;
    again("home", "tablet");
  });
  await navigator.serviceWorker.register("/t/sw.js", { scope: "/t/", updateViaCache: "none" });
  await navigator.serviceWorker.ready;
  document.documentElement.dataset.offline = "ready"; // what is here is enough to open again
}

/** Start with the new version: everything that is kept stays. */
app.renew = async () => {
  await setAside();
  location.reload();
  await new Promise(() => {}); // nothing more happens here
};

/** The tab that comes first has the drafts; another waits until it is closed. */
async function holdDrafts() {
  const forever = new Promise(() => {});
  const hold = () => {
    app.holds = true;
    opened();
    return forever;
  };
  const free = await new Promise((resolve) => {
    navigator.locks.request("field-drafts", { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? null : hold();
    });
  });
  if (free) return;
  app.go("elsewhere");
  navigator.locks.request("field-drafts", async () => {
    Object.assign(app.facts, await facts());
    const held = hold();
    callHome();
    return held;
  });
}

function opened() {
  if (!app.facts.token) app.go("enrol");
  else app.go(app.facts.wrapped ? "unlock" : "choose");
}

async function facts() {
  const values = await Promise.all(FACTS.map((name) => device.get(name)));
  return Object.fromEntries(FACTS.map((name, place) => [name, values[place]]));
}

async function open() {
  if (!isSecureContext || !navigator.serviceWorker || !navigator.locks) {
    document.getElementById("insecure").hidden = false;
    return;
  }
  const [texts, kept] = await Promise.all([
    fetch("/t/texts").then((answer) => answer.json()), facts(),
  ]);
  setTexts(texts);
  app.facts = kept;
  app.facts.language ??= DEFAULT;
  setLanguage(app.facts.language);
  app.calls = await calls.all();
  app.outbox = new Outbox(() => ({
    token: app.facts.token, receiptKey: app.facts.pack?.receipt_key, app: app.version,
  }), heard);
  let waited = 0;
  app.outbox.addEventListener("change", () => {
    again("home", "outbox");
    if (waited > 0 && app.outbox.waiting === 0) app.contact(); // a batch still counts its own forms
    waited = app.outbox.waiting;
  });
  await app.outbox.count(); // the first screen says already what waits
  await holdDrafts();
  document.documentElement.dataset.open = "yes";
  await app.outbox.start();
  callHome();
  setInterval(callHome, CONTACT);
  addEventListener("online", callHome);
  keepShell().catch((error) => console.warn("the shell is not kept:", error.message));
}

for (const sign of ["pointerdown", "keydown", "input", "wheel", "touchmove"]) {
  addEventListener(sign, () => {
    touched = Date.now();
    idle.extend();
  }, { capture: true, passive: true });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    current()?.watch.hide();
    app.saver?.save().catch(() => null);
    return;
  }
  // a tablet that sleeps stops the monotonic clock, so the other one is asked too
  if (app.key && Date.now() - touched > QUIET) app.lock();
  else current()?.watch.show();
});
addEventListener("pagehide", () => app.saver?.save().catch(() => null));
addEventListener("pageshow", (event) => event.persisted && location.reload());
// the tablet's own «back» is ours: it leaves no addresses behind
history.pushState(null, "");
addEventListener("popstate", () => {
  history.pushState(null, "");
  document.querySelector("#bar > .key")?.click();
});
open().catch((error) => {
  console.error("the app could not open:", error);
  const reload = button(tryAgain, () => location.reload(), { class: "key main" });
  show("trouble", trouble, [el("div", { class: "row" }, reload)]); // perhaps there are no texts yet
});
