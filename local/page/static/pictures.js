// The pictures: all of them are known, and a page of them is in the document.
import { arrange, byId, bytes, count, make, milliseconds, pixels, say, soon } from "./text.js";

const perPage = 24;
const pictures = new Map(); // by key, oldest first
const cards = new Map(); // of the page that is shown
let limit = Infinity;
let page = 0;
let showLog = () => {};

const kinds = {
  all: () => true,
  open: (p) => p.state === "waiting" || p.state === "retrying",
  made: (p) => p.state === "made",
  none: (p) => p.state === "none" || p.state === "removed",
};
const names = { waiting: "in work", retrying: "tried again", made: "made", none: "no thumbnail", removed: "deleted" };

export function clear(most) {
  limit = most;
  pictures.clear();
}

export function update(changed) {
  for (const p of changed) pictures.set(p.key, p);
  for (const key of pictures.keys()) {
    if (pictures.size <= limit) break;
    pictures.delete(key);
  }
  drawSoon();
}

const drawSoon = soon(draw);

function draw() {
  const numbers = { open: 0, made: 0, none: 0 };
  for (const p of pictures.values()) for (const kind in numbers) if (kinds[kind](p)) numbers[kind]++;
  say(byId("summary"), pictures.size === 0 ? "No pictures yet." :
    `${count(pictures.size, "picture")}: ${numbers.made} with thumbnails, ${numbers.none} without, ${numbers.open} in work.`);

  const wanted = kinds[document.querySelector("[name=state]:checked").value];
  const part = byId("search").value.toLowerCase();
  const shown = [...pictures.values()].filter((p) => wanted(p) && p.key.toLowerCase().includes(part)).reverse();
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  page = Math.min(page, pages - 1);
  byId("pager").hidden = pages === 1;
  byId("previous").disabled = page === 0;
  byId("next").disabled = page === pages - 1;
  say(byId("pager-text"), `page ${page + 1} of ${pages}`);
  show(shown.slice(page * perPage, (page + 1) * perPage));
}

/** Makes the document show these pictures. */
function show(shown) {
  const keys = new Set(shown.map((p) => p.key));
  for (const key of cards.keys()) if (!keys.has(key)) cards.delete(key);
  for (const p of shown) {
    if (!cards.has(p.key)) cards.set(p.key, new Card(p.key));
    cards.get(p.key).show(p);
  }
  arrange(byId("cards"), shown.map((p) => cards.get(p.key).element));
}

const address = (what, values) => what + "?" + new URLSearchParams(values);

/** A picture in the document. */
class Card {
  constructor(key) {
    this.state = make("span", { className: "pill" });
    this.figures = make("div", { className: "figures" });
    this.reason = make("p", { className: "problem" });
    this.bar = make("div", { className: "bar", "aria-hidden": "true" });
    this.stages = make("p", { className: "stages" });
    this.facts = make("span", { className: "pale" });
    const log = make("button", { type: "button", className: "small", "aria-label": "Log of " + key }, "Log");
    log.addEventListener("click", () => showLog(key));
    this.element = make("li", { className: "card" },
      make("header", {}, make("h3", {}, key), this.state), this.figures, this.reason, this.bar, this.stages,
      make("footer", {}, this.facts, log));
  }

  show(p) {
    const now = JSON.stringify(p);
    if (now === this.shown) return;
    this.shown = now;
    this.state.dataset.state = p.state;
    say(this.state, names[p.state] || p.state);
    say(this.reason, p.reason || "");
    this.reason.hidden = !p.reason;
    this.showFigures(p);
    this.showStages(p);
  }

  showFigures(p) {
    // Pictures are loaded anew only where they can be others.
    const now = JSON.stringify([p.version, p.state, p.thumbnails, p.source, p.changes]);
    if (now === this.drawn) return;
    this.drawn = now;
    const all = [];
    this.figures.classList.toggle("changed", Boolean(p.changes?.length));
    if (p.state !== "removed") {
      const caption = [p.source?.format?.toUpperCase(), pixels(p.source), p.size ? bytes(p.size) : "", p.source?.frames ? count(p.source.frames, "frame") : "", p.source?.truncated ? "cut off" : ""];
      all.push(figure("original", address("/picture", { key: p.key, v: p.version }), `Original ${p.key}`, [caption.filter(Boolean).join(", ") || "original"]));
    }
    for (const t of p.thumbnails || []) {
      const change = p.changes?.find((c) => c.variant === t.variant);
      if (change) {
        all.push(figure("before", address("/before", { key: p.key, variant: t.variant, v: p.version }), `Thumbnail ${t.variant} of ${p.key} before`,
          [make("strong", {}, "before"), ` ${pixels(change)}, ${bytes(change.bytes)}`]));
      }
      const facts = [pixels(t), t.bytes ? bytes(t.bytes) : "", t.frames ? count(t.frames, "frame") : ""].filter(Boolean).join(", ");
      const caption = [make("strong", {}, change ? "after" : t.variant), " " + facts];
      if (change) caption.push(make("br"), make("strong", {}, change.difference));
      all.push(figure("thumbnail", address("/thumbnail", { key: t.key, v: p.version }), `Thumbnail ${t.variant} of ${p.key}`, caption));
    }
    this.figures.replaceChildren(...all);
  }

  showStages(p) {
    const stages = p.stages || [];
    const sum = stages.reduce((all, s) => all + s.ms, 0);
    this.bar.hidden = stages.length < 2; // of one there is nothing to compare
    this.bar.replaceChildren(...stages.map((s) => {
      const part = make("span", { data: { stage: s.name } });
      part.style.width = `${100 * s.ms / sum}%`;
      return part;
    }));
    this.stages.hidden = sum === 0;
    this.stages.replaceChildren(...stages.map((s) => make("span", {}, make("i", { data: { stage: s.name } }), `${s.name} ${milliseconds(s.ms)}`)));
    say(this.facts, [p.total ? `${milliseconds(p.total)} in all` : "", p.requests ? count(p.requests, "S3 request") : ""].filter(Boolean).join(", "));
  }
}

function figure(kind, url, alt, caption) {
  const img = make("img", { alt, loading: "lazy", decoding: "async" });
  const link = make("a", { href: url, target: "_blank", rel: "noopener" }, img);
  img.addEventListener("error", () => link.replaceWith(make("div", { className: "nothing" }, "No preview: the browser does not show this file")), { once: true });
  img.src = url;
  return make("figure", { className: kind }, link, make("figcaption", {}, ...caption));
}

export function begin(whenLogIsWanted) {
  showLog = whenLogIsWanted;
  const again = () => { page = 0; draw(); };
  for (const radio of document.querySelectorAll("[name=state]")) radio.addEventListener("change", again);
  byId("search").addEventListener("input", again);
  const turn = (by) => () => { page += by; draw(); byId("pictures").focus(); };
  byId("previous").addEventListener("click", turn(-1));
  byId("next").addEventListener("click", turn(1));
}
