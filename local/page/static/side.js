// The deployment, the failure queue, the alarms and the stack's outputs.
import { arrange, byId, make, problem, say } from "./text.js";

let operation = null;

export function showOperation(o) {
  operation = o;
  const state = o.running ? "running" : o.error ? "failed" : "live";
  byId("operation-state").dataset.state = state;
  say(byId("operation-state"), { running: "deploying", failed: "failed", live: "live" }[state]);
  problem(byId("operation-error"), o.error);
  const box = byId("operation-lines");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
  say(box, (o.lines || []).join("\n"));
  if (atEnd) box.scrollTop = box.scrollHeight;
  tell();
}

/** The seconds go on while a deployment runs; a screen reader is told of the beginning and the end. */
function tell() {
  if (!operation) return;
  const { why, running, seconds } = operation;
  say(byId("operation-text"), running ? `${why}: pulumi up is running.` : `${why}: ${operation.error ? "not deployed" : "deployed"} after ${(seconds || 0).toFixed(1)} s.`);
}

export function lost() {
  byId("operation-state").dataset.state = "failed";
  say(byId("operation-state"), "not connected");
  say(byId("operation-text"), "The local cloud does not answer. This page goes on when it is back.");
}

export const found = () => operation && showOperation(operation);

const rows = new Map(); // of the failure queue, by ID

export function showFailures({ newest, all }) {
  say(byId("failures-count"), String(all));
  byId("failures-none").hidden = all > 0;
  const list = byId("failures-list");
  const ids = new Set(newest.map((f) => f.id));
  let lostFocus = false;
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    lostFocus ||= row.contains(document.activeElement);
    rows.delete(id);
  }
  for (const f of newest) if (!rows.has(f.id)) rows.set(f.id, failure(f));
  arrange(list, newest.map((f) => rows.get(f.id)));
  if (lostFocus) (list.querySelector("button") || byId("failures-title")).focus();
}

function failure(f) {
  const name = f.keys.join(", ") || "a message";
  const button = make("button", { type: "button", className: "small", "aria-label": `Replay ${name}` }, "Replay");
  button.addEventListener("click", async () => {
    problem(byId("failures-problem"), "");
    const r = await fetch("/replay?id=" + encodeURIComponent(f.id), { method: "POST" });
    if (!r.ok) problem(byId("failures-problem"), await r.text());
  });
  return make("li", {}, make("strong", {}, name), make("span", {}, f.reason),
    make("span", { className: "pale" }, new Date(f.sent).toLocaleTimeString()), button);
}

export function showAlarms(alarms) {
  byId("alarms-none").hidden = alarms.length > 0;
  byId("alarms-list").replaceChildren(...alarms.map((a) =>
    make("li", {}, make("span", {}, a.name), make("span", { className: "pill", data: { state: a.state } }, a.state.replace("_", " ").toLowerCase()))));
}

export function showOutputs(outputs) {
  byId("outputs-none").hidden = true;
  byId("outputs-list").replaceChildren(...Object.keys(outputs).sort().filter((name) => name !== "readme").flatMap((name) =>
    [make("dt", {}, name), make("dd", {}, String(outputs[name]))]));
}
