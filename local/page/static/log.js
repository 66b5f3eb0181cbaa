// The function's log: the last lines, all of them or those about one picture.
import { arrange, byId, make, milliseconds, soon } from "./text.js";

const inDocument = 300;
let lines = [];
let limit = 1000;
let key = null; // of the only picture
let ids = new Set(); // of the invocations that worked on it

export function clear(most) {
  limit = most;
  lines = [];
}

export function update(more) {
  lines.push(...more);
  if (lines.length > limit) lines = lines.slice(-limit);
  for (const l of more) if (key !== null && l.key === key) ids.add(l.id);
  drawSoon();
}

const drawSoon = soon(draw);

function draw() {
  const part = byId("log-search").value.toLowerCase();
  const raw = byId("log-raw").checked;
  const shown = lines.filter((l) => (key === null || l.key === key || ids.has(l.id)) && l.text.toLowerCase().includes(part)).slice(-inDocument);
  const box = byId("lines");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
  arrange(box, shown.map((l) => raw ? l.raw ??= make("p", {}, l.text) : l.readable ??= readable(l.text)));
  if (atEnd) box.scrollTop = box.scrollHeight;
}

/** A line in a few words. */
function readable(text) {
  let l;
  try {
    l = JSON.parse(text);
  } catch {
    return make("p", {}, text);
  }
  const r = l.record || {};
  const words = l.type ? [l.type, r.status, r.metrics && `${milliseconds(r.metrics.durationMs)}, ${r.metrics.maxMemoryUsedMB} MB`] :
    [l.msg === "thumbnail job" ? "" : l.msg, l.outcome, l.key, l.TotalTime && milliseconds(l.TotalTime), l.reason || l.error];
  const level = String(l.level || "").toLowerCase();
  return make("p", { className: level }, make("time", {}, String(l.time || "").slice(11, 23)), " " + words.filter(Boolean).join(" · "));
}

/** Shows the lines about one picture, old ones as well; null shows all. */
async function only(picture) {
  key = picture;
  ids = new Set(lines.filter((l) => l.key === key).map((l) => l.id));
  byId("log-about").hidden = key === null;
  byId("log-key").textContent = key ?? "";
  draw();
  if (key !== null) {
    const r = await fetch("/log?key=" + encodeURIComponent(key));
    if (r.ok && key === picture) {
      const found = await r.json() || [];
      const known = new Set(lines.map((l) => l.text));
      lines = [...found.filter((l) => !known.has(l.text)), ...lines].slice(-limit);
      for (const l of lines) if (l.key === key) ids.add(l.id);
    }
  }
  draw();
}

export function show(picture) {
  only(picture);
  byId("log").focus();
  byId("log").scrollIntoView();
}

export function begin() {
  byId("log-search").addEventListener("input", draw);
  byId("log-raw").addEventListener("change", draw);
  byId("log-all").addEventListener("click", () => { only(null); byId("log").focus(); });
}
