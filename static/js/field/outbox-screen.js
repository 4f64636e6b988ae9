// What waits, what has arrived, what needs a person; and the file for a supervisor.

import { button, el } from "../dom.js";
import { lockButton, notices } from "./home.js";
import { noteOf, paragraphs, show, t } from "./screen.js";
import { app } from "./state.js";

const SHOWN = 200;

/** The outbox; it needs no PIN, what is in it is sealed. */
export async function outboxScreen(told = "") {
  const [forms, visits] = [await app.outbox.forms(), app.outbox.counts.visits];
  if (app.here[0] !== "outbox") return;
  const send = async ({ currentTarget }) => {
    currentTarget.disabled = true;
    await app.outbox.send();
    await app.contact();
    app.stay("outbox", t(app.heard ? "sent_now" : "no_network"));
  };
  const lines = forms.slice(0, SHOWN).map((form) => {
    const words = form.state === "received"
      ? t("form_received", { code: form.receipt })
      : [t(`form_${form.state}`), form.problem?.message || form.problem?.code].filter(Boolean).join(": ");
    return el("li", { class: "line", "data-state": form.state },
      el("span", { class: "line-title" }, t("form", { id: form.id.slice(0, 8) })),
      noteOf(words));
  });
  const locked = app.key === null;
  show("outbox", t("outbox"), [
    locked ? null : notices(),
    el("p", { id: "outbox-state" }, app.sentence()),
    el("p", { class: "hint" }, app.contactWords()),
    el("div", { class: "row" }, button(t("send_now"), send, { class: "key main" })),
    el("p", { role: "status", class: "hint" }, told),
    forms.length ? el("ul", { class: "lines tight" }, lines) : el("p", { class: "hint" }, t("no_forms")),
    el("p", { class: "hint" }, t("visits_state", visits)),
    el("section", {}, el("h2", {}, t("export_title")), paragraphs(t("export_lead")),
      el("div", { class: "row" }, button(t("export"), exportFile, { class: "key aside" }))),
  ].filter(Boolean), {
    back: () => app.go(home()), tools: locked ? [] : [lockButton()],
  });
}

function home() {
  if (!app.holds) return "elsewhere";
  return app.key === null ? "unlock" : "home";
}

async function exportFile() {
  const file = await app.outbox.file(app.facts.name);
  const blob = new Blob([JSON.stringify(file)], { type: "application/json" });
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: `sipas-${app.today()}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  app.stay("outbox", t("exported", { n: file.responses.length + file.visits.length }));
}

/** Another tab holds the drafts; from here one can still send. */
export function elsewhereScreen() {
  show("elsewhere", t("elsewhere_title"), [
    paragraphs(t("elsewhere_lead")),
    el("p", { class: "state" }, app.sentence()),
    el("div", { class: "row" }, button(t("outbox_open"), () => app.go("outbox"), { class: "key main" })),
  ]);
}

/** The tablet itself: who it is, how full it is, which version, and in which language it speaks. */
export async function tabletScreen() {
  const { usage, quota } = await navigator.storage?.estimate?.() ?? {};
  if (app.here[0] !== "tablet") return;
  const mega = (bytes) => Math.round(bytes / 1_000_000).toLocaleString("vi");
  const facts = [
    [t("fact_device"), app.facts.name],
    [t("fact_surveyor"), app.facts.surveyor],
    [t("fact_version"), app.version],
    [t("fact_contact"), app.contactWords()],
    [t("fact_storage"), quota ? t("storage", { used: mega(usage), all: mega(quota) }) : t("unknown")],
    [t("fact_kept"), t(app.persisted ? "kept_yes" : "kept_no")],
  ];
  const names = { vi: "Tiếng Việt", km: "ភាសាខ្មែរ", en: "English" };
  const speak = Object.entries(names).map(([code, name]) => button(name, () => app.speak(code), {
    class: "key aside", lang: code, "aria-pressed": String(app.facts.language === code),
  }));
  const refresh = async ({ currentTarget }) => {
    currentTarget.disabled = true;
    await app.contact();
    await app.refresh();
    app.stay("tablet");
  };
  show("tablet", t("tablet"), [
    notices(),
    el("dl", { class: "facts" }, facts.map(([name, fact]) => el("div", {}, el("dt", {}, name), el("dd", {}, fact ?? "")))),
    el("div", { class: "row" }, button(t("refresh"), refresh, { class: "key aside" })),
    el("section", {}, el("h2", {}, t("speak")), el("div", { class: "row" }, speak)),
  ], { back: () => app.go("home"), tools: [lockButton()] });
}

