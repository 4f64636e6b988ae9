// Before the work: the tablet is enrolled once, a PIN is chosen, and asked for ever after.

import { button, el } from "../dom.js";
import { alert, paragraphs, show, t } from "./screen.js";
import { enrol } from "./server.js";
import { app } from "./state.js";
import { drafts } from "./stores.js";
import { makeKey, openKey } from "./vault.js";

const SHORTEST = 6;

function field(id, label, properties) {
  const note = el("p", { id: `${id}-note`, class: "note-line", role: "alert" });
  const box = el("input", {
    id, class: "box", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-note`,
    ...properties,
  });
  const wrong = (words) => {
    note.textContent = words;
    box.toggleAttribute("aria-invalid", Boolean(words));
    if (words) {
      box.setAttribute("aria-invalid", "true");
      box.focus();
    }
  };
  return { box, wrong, parts: el("div", { class: "field" }, el("label", { for: id }, label), box, note) };
}

const pinBox = (id, label) => field(id, label, { type: "password", inputmode: "numeric", maxlength: 32 });

/** A form that is sent by its button or by Enter, once at a time. */
function form(parts, label, submit) {
  const go = el("button", { class: "key main" }, label);
  return el("form", {
    class: "parts", novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      if (go.disabled) return;
      go.disabled = true;
      await submit().finally(() => { go.disabled = false; });
    },
  }, parts, el("div", { class: "row" }, go));
}

/** Asks for the code that an administrator was given. */
export function enrolScreen() {
  const code = field("code", t("enrol_code"), {
    type: "text", maxlength: 16, autocapitalize: "characters", class: "box code-box",
  });
  const submit = async () => {
    const answer = await enrol(code.box.value);
    if (answer.status !== 200) {
      code.wrong(answer.body?.error ?? t("enrol_offline"));
      return;
    }
    const { token, device, surveyor, server_time: now } = answer.body;
    const offset = Date.parse(now) - Date.now();
    await app.keep({ token, name: device, surveyor, offset, etag: null });
    app.refused = null;
    app.outbox.send();
    await app.refresh();
    app.go(app.facts.wrapped ? "unlock" : "choose");
  };
  show("enrol", t("enrol_title"), [
    paragraphs(t("enrol_lead")), form([code.parts], t("enrol_button"), submit),
  ], { focus: "#code", ...(app.key ? { back: () => app.go("home") } : {}) });
}

/** Chooses the PIN that guards drafts. */
export function chooseScreen() {
  const first = pinBox("pin", t("pin_new"));
  const second = pinBox("again", t("pin_again"));
  const submit = async () => {
    const pin = first.box.value;
    first.wrong("");
    second.wrong("");
    if (!/^\d+$/.test(pin) || pin.length < SHORTEST) first.wrong(t("pin_short", { n: SHORTEST }));
    else if (second.box.value !== pin) second.wrong(t("pin_differs"));
    else {
      const { wrapped, key } = await makeKey(pin);
      await app.keep({ wrapped });
      await app.unlocked(key);
    }
  };
  show("choose", t("pin_choose"), [
    paragraphs(t("pin_lead"), t("pin_weak")),
    form([first.parts, second.parts], t("pin_keep"), submit),
  ], { focus: "#pin" });
}

/** Asks for the PIN; sending goes on without it. */
export function unlockScreen() {
  const pin = pinBox("pin", t("pin"));
  const submit = async () => {
    const key = await openKey(app.facts.wrapped, pin.box.value);
    if (key) await app.unlocked(key);
    else {
      pin.box.value = "";
      pin.wrong(t("pin_wrong"));
    }
  };
  show("unlock", t("unlock_title"), [
    paragraphs([app.facts.surveyor, app.facts.name].filter(Boolean).join(" · ")),
    form([pin.parts], t("unlock_button"), submit),
    el("p", { class: "state" }, app.sentence()),
    el("div", { class: "row" },
      button(t("forgotten"), () => app.go("forgotten"), { class: "key aside" }),
      button(t("outbox"), () => app.go("outbox"), { class: "key aside" })),
  ], { focus: "#pin" });
}

/** A PIN that nobody remembers: what is finished stays, what is not is lost. */
export async function forgottenScreen() {
  const kept = (await drafts.all()).filter((draft) => draft.hidden);
  const { waiting } = app.outbox.counts.responses;
  const lose = async () => {
    for (const draft of kept) await drafts.delete(draft.id);
    alert("");
    app.go("choose");
  };
  show("forgotten", t("forgotten_title"), [
    paragraphs(
      t("forgotten_stays", { n: waiting }),
      kept.length ? t("forgotten_lost", { n: kept.length }) : t("forgotten_none"),
    ),
    el("div", { class: "row" },
      button(t("forgotten_yes", { n: kept.length }), lose, { class: "key danger" })),
  ], { back: () => app.go("unlock") });
}
