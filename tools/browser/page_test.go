package browser

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var (
	screenshot = flag.String("screenshot", "", "save the page as it is shown in docs/local.md as this PNG file")
	crowdSize  = flag.Int("crowd", 1000, "how many pictures are dropped in one go")
)

// TestPage is a developer at the page of the local cloud: one stack, and one step after the other.
func TestPage(t *testing.T) {
	chrome, err := Find()
	switch {
	case errors.Is(err, ErrNone) && os.Getenv("CI") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	l := startLocal(t)
	p := openTab(t, chrome, l.url)
	// The sample pictures of the demo come first, by no upload of this page's.
	l.await(t, "The stack stays up until Ctrl-C")
	p.wait(t, live)
	p.wait(t, `document.querySelector("#summary").textContent.startsWith("9 pictures: 7 with thumbnails, 2 without")`)

	for _, step := range []struct {
		name string
		run  func(*testing.T, *local, *tab)
	}{
		{"looks", looks},
		{"accessible", accessible},
		{"keyboard", keyboard},
		{"drop", dropPictures},
		{"drop from a slow disk", dropSlowly},
		{"paste and choose", pasteAndChoose},
		{"log of a picture", logOfOne},
		{"replay", replay},
		{"settings", changeSetting},
		{"code", changeCode},
		{"crowd", dropCrowd},
		{"accessible at the end", accessible},
		{"not hacked", func(t *testing.T, _ *local, p *tab) {
			if value[bool](t, p, "'hacked' in window") {
				t.Error("a name or a picture has run a script")
			}
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, l, p) }) {
			return // the next would meet something else than it expects
		}
	}
}

// live is true when nothing is being deployed and the last deployment succeeded.
const live = `document.querySelector("#operation-state").dataset.state === "live"`

// seen is true when all pictures of a card have been loaded.
func seen(key string, pictures int) string {
	return fmt.Sprintf(`((c) => { const all = [...(c?.querySelectorAll("img") || [])]; return all.length === %d && all.every((i) => i.complete && i.naturalWidth > 0); })(%s)`, pictures, card(key))
}

// looks takes the screenshot for the guide, and sees that nothing is wider than a phone.
func looks(t *testing.T, _ *local, p *tab) {
	p.do(t, chromedp.EmulateViewport(1280, 1500))
	p.wait(t, seen("logo.png", 2))
	p.wait(t, `document.querySelector("[data-path='thumbnails[0].width']")?.value === "256"`)
	value[bool](t, p, `Promise.all([...document.images].map((i) => i.decode().catch(() => {}))).then(() => true)`)
	if *screenshot != "" {
		if err := os.WriteFile(*screenshot, p.screenshot(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.do(t, chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile))
	if width := value[int](t, p, "document.documentElement.scrollWidth"); width > 360 {
		wide := value[string](t, p, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 361 && getComputedStyle(e).position !== "absolute").slice(0, 8).map((e) => e.tagName + "." + e.className + "#" + e.id).join(" ")`)
		t.Errorf("at a width of 360 the page is %d wide, by %s", width, wide)
	}
	p.do(t, chromedp.EmulateViewport(1400, 1000))
}

// dropPictures drops files and a folder, with names and contents that want to be more than that.
func dropPictures(t *testing.T, _ *local, p *tab) {
	photo := encode(t, paint(1600, 1200, 1), "jpg")
	dir := write(t, map[string][]byte{
		"beach.jpg": photo, hostileName: encode(t, paint(300, 500, 2), "png"), "evil.svg": []byte(hostileSVG),
		"broken.png":                   encode(t, paint(64, 64, 3), "png")[:45],
		"trip/day 1/a+b.jpg":           photo,
		"trip/day 2/Überblick ☀.gif":   encode(t, paint(400, 300, 4), "gif"),
		"trip/.hidden-by-file-manager": []byte("x"),
	})
	var paths []string
	for _, name := range []string{"beach.jpg", hostileName, "evil.svg", "broken.png", "trip"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	p.drop(t, paths...)
	for _, key := range []string{"beach.jpg", hostileName, "trip/day 1/a+b.jpg", "trip/day 2/Überblick ☀.gif"} {
		p.wait(t, seen(key, 2))
		p.wait(t, fmt.Sprintf(`/decode [\d.]+ ms/.test(%[1]s.textContent) && /4 S3 requests/.test(%[1]s.textContent)`, card(key)))
	}
	p.wait(t, fmt.Sprintf(`/no thumbnail/.test(%[1]s?.textContent) && /corrupt/.test(%[1]s.textContent)`, card("broken.png")))
	p.wait(t, fmt.Sprintf(`/not a picture/.test(%[1]s?.textContent) && %[1]s.querySelector(".nothing")`, card("evil.svg")))
	if text := value[string](t, p, card("beach.jpg")+".innerText"); !strings.Contains(text, "1600 × 1200") || !strings.Contains(text, "256 × 192") {
		t.Errorf("the card says nothing of pixels: %s", text)
	}
	if value[bool](t, p, fmt.Sprintf("!!(%s)", card("trip/.hidden-by-file-manager"))) {
		t.Error("a hidden file of a folder was uploaded")
	}
}

// dropSlowly drops files of which each is uploaded before the next one is found. They are counted together all the same.
func dropSlowly(t *testing.T, _ *local, p *tab) {
	value[bool](t, p, `(async () => {
		const entry = (name) => ({ name, fullPath: "/" + name, isFile: true, file: (found) => setTimeout(found, 400, new File(["no picture"], name)) });
		const own = DataTransferItem.prototype.webkitGetAsEntry;
		DataTransferItem.prototype.webkitGetAsEntry = function () { return entry(this.getAsFile().name); };
		const data = new DataTransfer();
		for (const name of ["slow-1.txt", "slow-2.txt", "slow-3.txt"]) data.items.add(new File(["x"], name));
		document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
		DataTransferItem.prototype.webkitGetAsEntry = own;
		return true;
	})()`)
	p.wait(t, `document.querySelector("#uploads-text").textContent === "3 files uploaded"`)
}

// pasteAndChoose uploads from the clipboard and by the file chooser.
func pasteAndChoose(t *testing.T, _ *local, p *tab) {
	value[bool](t, p, `(async () => {
		const canvas = new OffscreenCanvas(320, 200);
		canvas.getContext("2d").fillRect(20, 20, 100, 100);
		const data = new DataTransfer();
		data.items.add(new File([await canvas.convertToBlob()], "image.png", { type: "image/png" }));
		return document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
	})()`)
	p.wait(t, `[...document.querySelectorAll(".card h3")].some((h) => /^pasted-.*\.png$/.test(h.textContent))`)
	dir := write(t, map[string][]byte{"chosen.jpg": encode(t, paint(500, 400, 5), "jpg")})
	p.do(t, chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{filepath.Join(dir, "chosen.jpg")}))
	p.wait(t, seen("chosen.jpg", 2))
}

// logOfOne shows the lines about one picture, those of its invocation included, and no others.
func logOfOne(t *testing.T, _ *local, p *tab) {
	value[bool](t, p, card("broken.png")+`.querySelector("button").click() || true`)
	p.wait(t, `document.querySelector("#log-key").textContent === "broken.png"`)
	p.wait(t, `((text) => /rejected · broken.png/.test(text) && /platform.report/.test(text) && !/beach.jpg/.test(text))(document.querySelector("#lines").textContent)`)
	value[bool](t, p, `document.querySelector("#log-all").click() || true`)
	p.wait(t, `/beach.jpg/.test(document.querySelector("#lines").textContent)`)
}

// replay gives the function a failure once more: the message goes, and comes back as the picture is still broken.
func replay(t *testing.T, _ *local, p *tab) {
	const find = `[...document.querySelectorAll("#failures-list button")].find((b) => b.getAttribute("aria-label") === "Replay broken.png")`
	p.wait(t, find)
	value[bool](t, p, `(window.old = `+find+`).click() || true`)
	p.wait(t, `!window.old.isConnected && `+find)
	p.wait(t, fmt.Sprintf(`/no thumbnail/.test(%s.textContent)`, card("broken.png")))
}

// changeSetting is refused what is not valid, and then makes smaller thumbnails, beside which the old ones are shown.
func changeSetting(t *testing.T, _ *local, p *tab) {
	fill := func(v string) {
		value[bool](t, p, fmt.Sprintf(`(() => { document.querySelector("[data-path='thumbnails[0].width']").value = %s; document.querySelector("#form").requestSubmit(); return true; })()`, quote(v)))
	}
	fill("0")
	p.wait(t, `document.querySelector("[data-path='thumbnails[0].width']").getAttribute("aria-invalid") === "true" && document.activeElement.dataset.path === "thumbnails[0].width"`)
	p.wait(t, `/1 to 8192/.test(document.querySelector("#inputs").innerText)`)
	fill("128")
	p.wait(t, `document.querySelector("#operation-state").dataset.state === "running"`)
	p.wait(t, `/updating/.test(document.querySelector("#operation-lines").textContent)`)
	p.wait(t, live)
	p.wait(t, fmt.Sprintf(`/128 × 96/.test(%[1]s.textContent) && /256x192 is now 128x96/.test(%[1]s.textContent)`, card("beach.jpg")))
	p.wait(t, seen("beach.jpg", 3))
}

// changeCode breaks the function, which is told, and mends it. Then it changes the Pulumi program, of which an older build is part of the
// process that serves the page, together with a comment of the function's, which changes no thumbnail, and at last how it encodes.
func changeCode(t *testing.T, l *local, p *tab) {
	const encoding = "encode(small, output, v.Quality)"
	undo := l.edit(t, "handler/thumbnail/thumbnail.go", encoding, `encode(small, output, "text")`)
	p.wait(t, `document.querySelector("#operation-state").dataset.state === "failed" && /thumbnail.go:\d+:\d+: cannot use "text"/.test(document.querySelector("#operation-error").textContent)`)
	undo()
	p.wait(t, live)
	l.edit(t, "infra/thumbnailer.go", "`pulumi:\"buildProject\"`", "`pulumi:\"renamed\"`")
	l.edit(t, "settings/memory.go", "package settings", "package settings\n\n// Changed by a test.")
	p.wait(t, fmt.Sprintf(`/the same file/.test(%s.textContent)`, card("beach.jpg")))
	p.wait(t, `[...document.querySelectorAll("#outputs-list dt")].some((d) => d.textContent === "renamed")`)
	l.edit(t, "handler/thumbnail/thumbnail.go", encoding, "encode(small, output, min(v.Quality, 20))")
	p.wait(t, fmt.Sprintf(`/\d+\.\d dB/.test(%s.textContent)`, card("beach.jpg")))
	p.wait(t, live)
}

// dropCrowd drops very many at once. All of them end, and neither the document nor the browser's memory grows with their number.
func dropCrowd(t *testing.T, l *local, p *tab) {
	const heap = "performance.memory.usedJSHeapSize / 1e6"
	before, resident := value[float64](t, p, heap), l.residentMB()
	paths, without := crowd(t, *crowdSize)
	search(t, p, "crowd-00") // a tenth: to load all pictures while they come would take most of the test's time
	p.drop(t, paths...)
	p.wait(t, fmt.Sprintf(`document.querySelector("#uploads-text").textContent === "%d files uploaded"`, *crowdSize))
	p.wait(t, `/, 0 in work\.$/.test(document.querySelector("#summary").textContent)`)
	search(t, p, "crowd-")
	all := map[string]int{}
	for name, radio := range map[string]string{"made": "made", "without": "none", "open": "open"} {
		all[name] = countShown(t, p, radio)
	}
	if all["made"] != *crowdSize-without || all["without"] != without || all["open"] != 0 {
		t.Errorf("%d pictures ended as %v, want %d without a thumbnail", *crowdSize, all, without)
	}
	if cards := value[int](t, p, `document.querySelectorAll(".card").length`); cards > 24 {
		t.Errorf("%d cards are in the document, want at most 24", cards)
	}
	t.Logf("%d pictures: the page's heap from %.1f to %.1f MB, the program from %d to %d MB", *crowdSize, before, value[float64](t, p, heap), resident, l.residentMB())
	value[bool](t, p, `document.querySelector("[name=state][value=all]").click() || true`)
	search(t, p, "")
}

// search shows the pictures with this part of a key.
func search(t *testing.T, p *tab, part string) {
	t.Helper()
	value[bool](t, p, fmt.Sprintf(`(() => { const s = document.querySelector("#search"); s.value = %s; return s.dispatchEvent(new Event("input")); })()`, quote(part)))
}

// countShown returns how many pictures a filter shows, on all its pages.
func countShown(t *testing.T, p *tab, radio string) int {
	t.Helper()
	value[bool](t, p, fmt.Sprintf(`document.querySelector("[name=state][value=%s]").click() || true`, radio))
	const settled = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))`
	value[bool](t, p, settled)
	n := value[int](t, p, `document.querySelectorAll(".card").length`)
	for value[bool](t, p, `!document.querySelector("#pager").hidden && !document.querySelector("#next").disabled`) {
		value[bool](t, p, `document.querySelector("#next").click() || true`)
		value[bool](t, p, settled)
		n += value[int](t, p, `document.querySelectorAll(".card").length`)
	}
	return n
}

// scheme makes the browser prefer light or dark.
func (p *tab) scheme(t *testing.T, name string) {
	t.Helper()
	call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}
