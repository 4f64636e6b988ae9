// Elements made by hand: no markup is ever read from text.

/** An element; `on…` properties are listeners, others attributes (true: without a value). */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that never submits anything. */
export function button(label, onclick, properties = {}) {
  return el("button", { type: "button", class: "key", onclick, ...properties }, label);
}
