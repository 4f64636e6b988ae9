// The way out of kiosk mode, and the tray of forms that need a person: both behind the PIN.

import { button, el } from "./dom.js";

const DIGITS = [..."0123456789"];
const LONGEST_PIN = 8;
const QUIET = 60_000; // an open panel closes by itself

/** Opens the PIN pad; `ask(path, body)` posts to the kiosk's door, `left()` comes after leaving. */
export function openStaff({ ask, queue, t, left }) {
  const dialog = el("dialog", { class: "staff", "aria-labelledby": "staff-title" });
  let timer;
  const awake = () => {
    clearTimeout(timer);
    timer = setTimeout(() => dialog.close(), QUIET);
  };
  const close = button(t("close"), () => dialog.close(), { class: "key aside" });
  const show = (title, ...parts) => {
    const heading = el("h2", { id: "staff-title", tabindex: -1 }, title);
    dialog.replaceChildren(heading, ...parts.filter((part) => part !== null), close);
    dialog.querySelector("h2").focus();
  };
  dialog.addEventListener("pointerdown", awake);
  dialog.addEventListener("keydown", awake);
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  awake();
  pinPad({ dialog, show, ask, queue, t, left });
}

function pinPad({ dialog, show, ask, queue, t, left }) {
  let pin = "";
  const dots = el("p", { class: "pin", role: "status" });
  const note = el("p", { class: "note-line", role: "alert" });
  const draw = () => {
    dots.replaceChildren(
      el("span", { "aria-hidden": "true" }, "●".repeat(pin.length) || "–"),
      el("span", { class: "unseen" }, t("digits", { n: pin.length })),
    );
  };
  const type = (digit) => {
    pin = (pin + digit).slice(0, LONGEST_PIN);
    note.textContent = "";
    draw();
  };
  const enter = async () => {
    const tried = pin;
    pin = "";
    draw();
    const answer = await ask("unlock", { pin: tried });
    if (answer.status === 200) {
      dialog.removeEventListener("keydown", onKey);
      panel({ show, ask, queue, t, left, pin: tried });
    } else note.textContent = answer.body?.error ?? t("pin_offline");
  };
  const onKey = (event) => {
    if (DIGITS.includes(event.key)) type(event.key);
    else if (event.key === "Backspace") {
      pin = pin.slice(0, -1);
      draw();
    }
  };
  dialog.addEventListener("keydown", onKey);
  draw();
  const digitKey = (digit) => button(digit, () => type(digit)); // laid out as on a telephone
  show(
    t("pin_title"), dots, note,
    el(
      "div", { class: "pad" },
      DIGITS.slice(1).map(digitKey),
      button(t("clear"), () => { pin = ""; draw(); }, { class: "key aside" }),
      digitKey(DIGITS[0]),
      button(t("enter"), enter, { class: "key main" }),
    ),
  );
}

async function panel({ show, ask, queue, t, left, pin }) {
  const { waiting, help } = await queue.counts();
  const refused = (await queue.list()).filter((form) => form.problem && form.state === "needs-help");
  const again = () => panel({ show, ask, queue, t, left, pin });
  const leave = async (anyway) => {
    const answer = await ask("leave", { pin, waiting: waiting + help, anyway });
    if (answer.status === 200) {
      await left();
      return;
    }
    const anyhow = button(t("leave_anyway"), () => leave(true));
    show(
      t("leave"),
      el("p", { role: "alert" }, answer.body?.error ?? t("pin_offline")),
      el("div", { class: "row" }, answer.status === 409 ? anyhow : [], button(t("back"), again)),
    );
  };
  const tray = refused.map((form) => el(
    "li", {}, el("code", {}, form.id.slice(0, 8)), ` ${form.problem.message || form.problem.code}`,
  ));
  show(
    t("panel_title"),
    el("p", {}, t("waiting", { n: waiting })),
    el("p", {}, t("need_help", { n: help })),
    tray.length ? el("ul", { class: "tray" }, tray) : null,
    el(
      "div", { class: "row" },
      button(t("retry"), async () => { await queue.retry(); await again(); }),
      button(t("leave"), () => leave(false)),
    ),
  );
}
