// What is shown of numbers and times, and how elements are made. Text from elsewhere becomes text and nothing else.

/** Makes an element with properties and children; a child that is no element becomes text. */
export function make(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(e.dataset, value);
    else if (name.includes("-") || name === "role" || name === "for") e.setAttribute(name, value);
    else e[name] = value;
  }
  e.append(...children);
  return e;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text, unless it is the same: a screen reader would say it again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows a problem, or hides its element where there is none. */
export function problem(element, text) {
  element.hidden = !text;
  say(element, text || "");
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

export function milliseconds(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function pixels(shape) {
  return shape && shape.width ? `${shape.width} × ${shape.height}` : "";
}

export function count(n, one, many = one + "s") {
  return `${n} ${n === 1 ? one : many}`;
}

/** Calls f a tenth of a second later, and only once however often it is asked to until then: nobody reads faster, and drawing takes time. */
export function soon(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => { asked = false; f(); }, 100);
  };
}

/** Makes these elements the children of a list. Those that are there already are left alone: one may have the focus, and drawing takes time. */
export function arrange(list, elements) {
  const kept = new Set(elements);
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  elements.forEach((e, i) => { if (list.children[i] !== e) list.insertBefore(e, list.children[i] || null); });
}
