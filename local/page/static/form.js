// The form of the function's settings. What there is to set, and within which limits, comes from the server, which has it from the
// settings' own definitions; what is wrong with a value, too.
import { byId, make, problem } from "./text.js";

let settings = [];
let nextId = 0;

/** Reads the settings anew and shows them. */
export async function load() {
  const r = await fetch("/settings");
  if (!r.ok) return problem(byId("form-problem"), await r.text());
  settings = await r.json();
  draw();
}

function draw() {
  const variants = settings.filter((s) => s.kind === "variants");
  const others = settings.filter((s) => s.kind !== "variants");
  const more = make("details", { id: "more" }, make("summary", {}, "More settings"), ...others.map((s) => field(s, s.name, s.value)));
  byId("inputs").replaceChildren(...variants.map(list), more);
}

/** A list of thumbnails, each with its fields. */
function list(setting) {
  const all = make("div", { role: "group", "aria-label": setting.name, className: "group" });
  const number = () => [...all.querySelectorAll(".variant")].forEach((v, i) => {
    v.querySelector("legend").textContent = `Thumbnail ${i + 1}`;
    for (const f of v.querySelectorAll("[data-field]")) f.dataset.path = `${setting.name}[${i}].${f.dataset.field}`;
  });
  const add = make("button", { type: "button", className: "small" }, "Add a thumbnail");
  const insert = (value) => {
    const remove = make("button", { type: "button", className: "small" }, "Remove");
    const one = make("fieldset", { className: "variant" }, make("legend"), ...setting.fields.map((f) => field(f, f.name, value[f.name] ?? f.value, true)), remove);
    remove.addEventListener("click", () => { one.remove(); number(); add.focus(); });
    add.before(one);
    number();
    return one;
  };
  all.append(about(setting), add);
  for (const value of setting.value || []) insert(value);
  add.addEventListener("click", () => {
    const fresh = Object.fromEntries(setting.fields.map((f) => [f.name, f.value]));
    const taken = [...all.querySelectorAll("[data-field=name]")].map((input) => input.value);
    for (let n = 2; taken.includes(fresh.name); n++) fresh.name = `thumb${n}`;
    insert(fresh).querySelector("input").focus();
  });
  return all;
}

function about(setting) {
  return setting.about ? make("details", {}, make("summary", {}, `About ${setting.name}`), make("p", { className: "about" }, setting.about)) : "";
}

/** One setting with its label. */
function field(setting, name, value, inVariant = false) {
  const id = `f${nextId++}`;
  let input;
  switch (setting.kind) {
    case "boolean":
      input = make("input", { id, type: "checkbox", checked: value });
      break;
    case "choice":
      input = make("select", { id }, ...setting.choices.map((c) => make("option", { value: c, selected: c === value }, c)));
      break;
    case "number":
      input = make("input", { id, type: "number", value, step: 1 });
      if (setting.high) Object.assign(input, { min: setting.low, max: setting.high });
      break;
    case "list":
      input = make("textarea", { id, rows: 2, value: (value || []).join("\n") });
      break;
    default:
      input = make("input", { id, type: "text", value, spellcheck: false, autocomplete: "off" });
  }
  input.dataset[inVariant ? "field" : "path"] = name;
  input.dataset.kind = setting.kind;
  const hint = { list: ", one a line" }[setting.kind] || (setting.unit ? `, ${setting.unit}` : "");
  const label = make("label", { for: id }, name + hint);
  const wrong = make("p", { className: "problem", id: id + "-wrong", hidden: true });
  input.setAttribute("aria-describedby", wrong.id);
  const wide = setting.kind === "text" && name === "key" || !inVariant;
  return make("div", { className: wide ? "field wide" : "field" },
    ...(setting.kind === "boolean" ? [make("div", { className: "check" }, input, label)] : [label, input]), wrong, inVariant ? "" : about(setting));
}

const read = {
  boolean: (input) => input.checked,
  number: (input) => input.value === "" ? "" : Number(input.value),
  list: (input) => input.value.split("\n").map((l) => l.trim()).filter(Boolean),
};
const valueOf = (input) => (read[input.dataset.kind] || ((i) => i.value))(input);

function values() {
  const all = {};
  for (const s of settings) {
    if (s.kind === "variants") {
      all[s.name] = [...byId("inputs").querySelectorAll(".variant")].map((v) =>
        Object.fromEntries([...v.querySelectorAll("[data-field]")].map((input) => [input.dataset.field, valueOf(input)])));
    } else {
      all[s.name] = valueOf(byId("inputs").querySelector(`[data-path="${s.name}"]`));
    }
  }
  return all;
}

/** Puts each problem at its input, and what belongs to none below the form. */
function explain(problems) {
  for (const input of byId("inputs").querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    problem(byId(input.id + "-wrong"), "");
  }
  const rest = [];
  let first;
  for (const text of problems) {
    const input = [...byId("inputs").querySelectorAll("[data-path]")].find((i) => text.startsWith(i.dataset.path + ":"));
    if (!input) {
      rest.push(text);
      continue;
    }
    const more = input.closest("details");
    if (more) more.open = true;
    input.setAttribute("aria-invalid", "true");
    problem(byId(input.id + "-wrong"), text.slice(input.dataset.path.length + 2));
    first ||= input;
  }
  problem(byId("form-problem"), rest.join("\n"));
  first?.focus();
}

async function apply() {
  explain([]);
  const r = await fetch("/settings", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values()) });
  if (r.status === 422) return explain(await r.json());
  if (!r.ok) problem(byId("form-problem"), await r.text());
}

export function begin() {
  byId("form").addEventListener("submit", (e) => {
    e.preventDefault();
    apply().catch((error) => problem(byId("form-problem"), error.message));
  });
}
