// The lists: areas, the households of one, and what is under way.

import { button, el } from "../dom.js";
import { GROUPS, householdOf, householdsOf, progressOf } from "./outcomes.js";
import { paragraphs, row, show, t } from "./screen.js";
import { app } from "./state.js";

export function lockButton() {
  return button(t("lock"), () => app.lock(), { class: "key text" });
}

function areaName(assignment) {
  return assignment.area ?? assignment.collection_point;
}

export function placeOf(serial) {
  return t("household", { n: serial });
}

/** Home: what needs attention, areas, what is under way, the outbox, the tablet. */
export function homeScreen() {
  const areas = app.assignments.map((assignment) => {
    const { done, pending, todo, quota } = progressOf(assignment, app.calls);
    const note = t("area_note", { done, quota, todo, pending });
    return el("li", {}, el(
      "button", { type: "button", class: "line", onclick: () => app.go("area", assignment.code) },
      el("span", { class: "line-title" }, areaName(assignment)),
      el("progress", { value: Math.min(done, quota), max: quota, "aria-label": note }),
      el("span", { class: "line-note" }, note),
    ));
  });
  const under = app.drafts.map(({ about }) => row(
    t("household", { n: about.household }), areaName(about.assignment),
    () => app.go("household", about.assignment.code, about.household), { state: "draft" },
  ));
  const put = app.assignments.flatMap((assignment) => householdsOf(assignment, app.calls)
    .filter((household) => household.state === "pending")
    .map(({ serial, last }) => row(
      t("household", { n: serial }),
      [areaName(assignment), t(`outcome_${last.outcome}`), whenOf(last)].filter(Boolean).join(" · "),
      () => app.go("household", assignment.code, serial), { state: "pending" },
    )));
  show("home", t("home_title"), [
    notices(),
    under.length ? section(t("drafts"), el("ul", { class: "lines" }, under)) : null,
    put.length ? section(t("appointments"), el("ul", { class: "lines" }, put)) : null,
    section(t("areas"), areas.length ? el("ul", { class: "lines" }, areas) : el("p", { class: "hint" }, t("no_areas"))),
    section(
      t("outbox"), el("p", { id: "outbox-state" }, app.sentence()),
      el("div", { class: "row" }, button(t("outbox_open"), () => app.go("outbox"), { class: "key aside" })),
    ),
    section(t("tablet"), el("p", { class: "hint" }, app.contactWords()),
      el("div", { class: "row" }, button(t("tablet_open"), () => app.go("tablet"), { class: "key aside" }))),
  ].filter(Boolean), { tools: [lockButton()], place: app.facts.surveyor });
}

function whenOf({ when }) {
  if (!when) return "";
  const [day, time = ""] = when.split("T");
  return `${day.split("-").reverse().join("/")} ${time}`.trim();
}

function section(title, ...parts) {
  return el("section", {}, el("h2", {}, title), parts);
}

/** What the surveyor should know, each with what to do. */
export function notices() {
  const found = app.warnings();
  if (app.update) {
    found.push([t("update_ready"), button(t("update_now"), () => app.renew(), { class: "key aside" })]);
  }
  return found.map(([words, ...more]) => el("div", { class: "notice" }, el("p", {}, words), more));
}

/** The households of an area. */
export function areaScreen(code) {
  const assignment = app.assignments.find((one) => one.code === code);
  if (!assignment) return app.go("home");
  const lines = (households) => el("ul", { class: "lines tight" }, households.map((household) => {
    const draft = app.draftOf(assignment, household.serial);
    const name = draft ? "draft" : household.state;
    const note = household.last && !draft
      ? [t(`outcome_${household.last.outcome}`), whenOf(household.last)].filter(Boolean).join(" · ")
      : t(household.locked ? "locked" : `state_${name}`);
    return row(t("household", { n: household.serial }), note,
      () => app.go("household", code, household.serial),
      { state: household.locked ? "locked" : name, disabled: household.locked });
  }));
  const all = householdsOf(assignment, app.calls);
  const { done, pending, todo, quota } = progressOf(assignment, app.calls);
  const spare = all.filter((household) => household.substitute);
  return show("area", areaName(assignment), [
    el("p", { class: "hint" }, t("area_note", { done, quota, todo, pending })),
    section(t("main_list"), lines(all.filter((household) => !household.substitute))),
    spare.length
      ? section(t("spare_list"), el("p", { class: "hint" }, t("spare_rule")), lines(spare)) : null,
  ].filter(Boolean), { back: () => app.go("home"), tools: [lockButton()], place: assignment.code });
}

/** One household: what came of it, and what can be done there. */
export function householdScreen(code, serial) {
  const assignment = app.assignments.find((one) => one.code === code)
    ?? app.drafts.find(({ about }) => about.assignment.code === code)?.about.assignment;
  if (!assignment) return app.go("home");
  const household = householdOf(assignment, app.calls, serial);
  const draft = app.draftOf(assignment, serial);
  const begin = (purpose) => () => app.begin(assignment, serial, purpose);
  const found = { eligible: draft?.eligible, chosen: draft?.chosen };
  const outcome = () => app.go("outcomes", assignment, serial, found);
  const lines = [];
  if (household.last) {
    const { day } = household.last;
    const words = [t(`outcome_${household.last.outcome}`), whenOf(household.last)].filter(Boolean);
    lines.push(t("last_call", { outcome: words.join(" · "), day: day.split("-").reverse().join("/") }));
  } else lines.push(t("no_call"));
  if (draft) lines.push(t("has_draft"));
  const acts = [];
  const act = (words, run, kind = "wide") => acts.push(button(words, run, { class: `key ${kind}` }));
  const isOpen = draft || (household.state !== "done" && app.waveOf(assignment));
  if (draft && !isChoosing(draft)) act(t("go_on"), () => app.resume(draft), "wide main");
  else if (isOpen && !draft && household.last?.outcome === "given_out") {
    act(t("collect"), begin("paper"), "wide main");
    act(t("not_returned"), () => app.go("confirm", assignment, serial, "not_returned", {}));
  } else if (isOpen) {
    act(t("begin"), begin("talk"), "wide main");
    act(t("give_out"), begin("leave"));
  }
  if (household.state !== "done" || draft) act(t("note_call"), outcome);
  else lines.push(t("is_done"));
  show("household", t("household", { n: serial }), [
    paragraphs(...lines), el("div", { class: "stack" }, acts),
  ], { back: () => app.go("area", code), tools: [lockButton()], place: areaName(assignment) });
}

/** Somebody is chosen, or about to be: an interview may follow or a form on paper. */
function isChoosing({ at, about }) {
  return !about.paper && ["eligible", "selection"].includes(at);
}

/** What came of a call, in groups. `found` is what is known of the people there. */
export function outcomesScreen(assignment, serial, found) {
  const pick = (outcome) => () => (outcome === "appointment"
    ? app.go("appointment", assignment, serial, found)
    : app.go("confirm", assignment, serial, outcome, found));
  show("outcomes", t("note_call"), GROUPS.map(([group, codes]) => section(
    t(`group_${group}`),
    el("div", { class: "stack" }, codes.map(
      (code) => button(t(`outcome_${code}`), pick(code), { class: "key choice", "data-code": code }),
    )),
  )), { back: () => app.go("household", assignment.code, serial), place: placeOf(serial) });
}

/** When to come back; may stay open. */
export function appointmentScreen(assignment, serial, found) {
  const box = el("input", { type: "datetime-local", id: "when", class: "box" });
  const keep = () => app.record(assignment, serial, "appointment", { ...found, when: box.value });
  show("appointment", t("outcome_appointment"), [
    el("div", { class: "field" }, el("label", { for: "when" }, t("when")), box),
    el("p", { class: "hint" }, t("when_hint")),
    el("div", { class: "row" }, button(t("keep"), keep, { class: "key main" })),
  ], { back: () => app.go("outcomes", assignment, serial, found), place: placeOf(serial) });
}

/** A final outcome is said twice. */
export function confirmScreen(assignment, serial, outcome, found) {
  const draft = app.draftOf(assignment, serial);
  const offered = GROUPS.some(([_group, codes]) => codes.includes(outcome)) && !draft;
  const back = () => (offered
    ? app.go("outcomes", assignment, serial, found) : app.go("household", assignment.code, serial));
  show("confirm", t(`outcome_${outcome}`), [
    paragraphs(
      t("confirm_final", { n: serial }),
      serial <= assignment.quota && assignment.reserve ? t("confirm_spare") : null,
      draft ? t("confirm_draft") : null,
    ),
    el("div", { class: "row" },
      button(t("back"), back, { class: "key aside" }),
      button(t("keep"), () => app.record(assignment, serial, outcome, found), { class: "key main" })),
  ], { back, place: placeOf(serial) });
}

