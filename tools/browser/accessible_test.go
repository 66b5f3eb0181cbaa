package browser

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What makes a page usable for everybody, as far as a program can tell; each rule is one of WCAG 2.2 at level AA.
//
//	names     4.1.2, 1.1.1  every control and picture has a name, and no two IDs are the same
//	headings  1.3.1         one h1, and no level is left out on the way down
//	contrast  1.4.3         text has 4.5 to what it stands on, 3 where it is large, in the light scheme and the dark one
//	target    2.5.8         what is clicked is 24 by 24 pixels at least, but for links in a text
//	focus     2.4.7, 2.1.1  Tab reaches every control, and what has the focus shows it
//	order     2.4.3         in the order of the document
//	language  3.1.1         the document says which it is in
//	motion    2.3.3         nothing moves for those who want no motion
const audit = `(() => {
	const problems = [];
	const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
	const all = [...document.querySelectorAll("body, body *")].filter(visible);
	const where = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className ? "." + e.className : "") + " " + JSON.stringify((e.textContent || "").slice(0, 40));

	if (!document.documentElement.lang) problems.push("language: the document has none");
	if (!document.title) problems.push("names: the document has no title");
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) problems.push("names: two elements have the ID " + id);

	const text = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ");
	const name = (e) => (e.getAttribute("aria-labelledby") ? text(e.getAttribute("aria-labelledby")) : "") || e.getAttribute("aria-label") ||
		[...(e.labels || [])].map((l) => l.textContent).join(" ") || (e.matches("button, a, summary") && (e.textContent || [...e.querySelectorAll("img")].map((i) => i.alt).join(" "))) || "";
	const controls = all.filter((e) => e.matches("a[href], button, input, select, textarea, summary, [tabindex='0'], progress, section, nav, [role=region], [role=log]"));
	for (const e of controls) if (!name(e).trim()) problems.push("names: none for " + where(e));
	for (const e of all) if (e.matches("img") && !e.alt) problems.push("names: none for the picture " + e.src);
	for (const e of all) for (const a of ["aria-labelledby", "aria-describedby"]) {
		for (const id of (e.getAttribute(a) || "").split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) problems.push("names: " + a + " of " + where(e) + " is not there");
	}

	let level = 0;
	for (const h of all.filter((e) => /^H[1-6]$/.test(e.tagName))) {
		const l = Number(h.tagName[1]);
		if (l > level + 1) problems.push("headings: " + where(h) + " comes after a heading of level " + level);
		level = l;
	}
	if (document.querySelectorAll("h1").length !== 1) problems.push("headings: want one h1");

	const color = (css) => {
		const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number);
		return { r, g, b, a };
	};
	const over = (top, below) => ({ r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1 });
	const back = (e) => {
		const layers = [];
		for (; e; e = e.parentElement) layers.push(color(getComputedStyle(e).backgroundColor));
		return layers.reverse().reduce((below, layer) => over(layer, below), { r: 255, g: 255, b: 255, a: 1 });
	};
	const luminance = ({ r, g, b }) => {
		const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
	};
	for (const e of all) {
		const own = e.matches("input:not([type=checkbox], [type=radio], [type=file]), select, textarea") || [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || e.matches(":disabled, .skip:not(:focus), option")) continue;
		const style = getComputedStyle(e);
		const b = back(e);
		const [x, y] = [luminance(over(color(style.color), b)), luminance(b)];
		const contrast = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
		const size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
		if (contrast < (large ? 3 : 4.5)) problems.push("contrast: " + contrast.toFixed(2) + " of " + where(e));
	}

	for (const e of all.filter((e) => e.matches("button, select, input:not([type=file], [type=radio], [type=checkbox]), textarea, nav a"))) {
		const box = e.getBoundingClientRect();
		if (box.width < 24 || box.height < 24) problems.push("target: " + Math.round(box.width) + "x" + Math.round(box.height) + " of " + where(e));
	}
	return problems;
})()`

// accessible looks for what the rules forbid, in both schemes, with everything unfolded.
func accessible(t *testing.T, _ *local, p *tab) {
	value[bool](t, p, `(() => { for (const d of document.querySelectorAll("details")) d.open = true; return true; })()`)
	for _, scheme := range []string{"dark", "light"} {
		p.scheme(t, scheme)
		for _, problem := range value[[]string](t, p, audit) {
			t.Errorf("%s: %s", scheme, problem)
		}
	}
	value[bool](t, p, `(() => { for (const d of document.querySelectorAll("details")) d.open = false; return true; })()`)
}

// keyboard goes through the page with Tab, and uses it without a mouse.
func keyboard(t *testing.T, _ *local, p *tab) {
	value[bool](t, p, `(() => { document.activeElement.blur(); scrollTo(0, 0); return true; })()`)
	// What can have the focus, in the order of the document; of radio buttons Tab stops at the one that is checked.
	const reachable = `[...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
		.filter((e) => e.checkVisibility() && !e.disabled && !(e.type === "radio" && !e.checked))`
	value[bool](t, p, reachable+`.forEach((e, i) => { e.dataset.stop = i; }) || true`)
	want := value[int](t, p, reachable+".length")
	var stops []int
	for range want {
		p.do(t, chromedp.KeyEvent(kb.Tab))
		at := value[struct {
			Stop  int
			Shown bool
			What  string
		}](t, p, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			return { Stop: Number(e.dataset.stop ?? -1), Shown: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, What: e.outerHTML.slice(0, 80) };
		})()`)
		if !at.Shown {
			t.Errorf("focus: it is not to be seen at %s", at.What)
		}
		stops = append(stops, at.Stop)
	}
	if !slices.IsSorted(stops) || stops[0] != 0 || stops[len(stops)-1] != want-1 {
		t.Errorf("order: Tab goes through %v, want 0 to %d", stops, want-1)
	}
	// The skip link leads to the pictures, Space chooses a filter.
	value[bool](t, p, `(() => { document.querySelector(".skip").focus(); return true; })()`)
	p.do(t, chromedp.KeyEvent(kb.Enter))
	p.wait(t, `document.activeElement.id === "pictures"`)
	value[bool](t, p, `(() => { document.querySelector("[name=state]:checked").focus(); return true; })()`)
	p.do(t, chromedp.KeyEvent(kb.ArrowLeft))
	p.wait(t, `document.querySelector("[name=state]:checked").value === "none" && document.querySelectorAll(".card").length === 2`)
	if text := value[string](t, p, `document.querySelector("#cards").innerText`); !strings.Contains(text, "damaged.png") {
		t.Errorf("without thumbnails are only: %s", text)
	}
	p.do(t, chromedp.KeyEvent(kb.ArrowRight))
	p.wait(t, `document.querySelector("[name=state]:checked").value === "all"`)
}
