package e2e

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"s3-thumbnail-creator/settings"
)

// needsAWS before a block of commands, on a line of its own, says that only an account can run them: they are parsed.
const needsAWS = "<!-- needs AWS -->"

// block is what stands between two fences of a page.
type block struct {
	place    string // page:line of its first line
	language string
	text     string
	onAWS    bool // marked as one that needs an account
}

var (
	fence     = regexp.MustCompile("^( *)```(.*)$")
	codeSpan  = regexp.MustCompile("`([^`\n]+)`")
	link      = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noAnchor  = regexp.MustCompile(`[^a-z0-9 _-]`)
	targetRow = regexp.MustCompile(`(?m)^([a-z-]+):`)
	outputRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
	awsWord   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

	// between is what stands between two commands, and checked is one that is looked at, with its arguments.
	between = regexp.MustCompile(`\$\(|&&|[|;#]`)
	checked = regexp.MustCompile(`^(pulumi config set|pulumi stack output|make|aws|go) ([^)]*)`)
	// placeholder is a word that stands for a name in a sentence, such as KEY.
	placeholder = regexp.MustCompile(`^[A-Z]+$`)
)

// pages are the documents, by their names in the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"docs/*.md", "*.md"} {
		found, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			names = append(names, filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator))))
		}
	}
	if len(names) < 8 {
		t.Fatalf("only the pages %q were found", names)
	}
	return names
}

// blocksOf returns the fenced blocks of a page, and fails for code that is not fenced, which nobody would check.
func blocksOf(t *testing.T, page, text string) []block {
	t.Helper()
	var all []block
	var open *block
	var indent, previous string
	for i, line := range strings.Split(text, "\n") {
		at := fence.FindStringSubmatch(line)
		switch {
		case open == nil && at != nil:
			indent = at[1]
			open = &block{place: fmt.Sprintf("%s:%d", page, i+2), language: at[2], onAWS: strings.TrimSpace(previous) == needsAWS}
		case open != nil && at != nil:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case strings.HasPrefix(line, "    "):
			t.Errorf("%s:%d: code without a fence: want ``` and a language before it", page, i+1)
		}
		previous = line
	}
	if open != nil {
		t.Errorf("%s: the block has no end", open.place)
	}
	return all
}

// TestDocuments checks what can be checked of every page without running it: that commands are well formed and name
// settings, outputs, targets and packages that exist, and that links lead somewhere.
func TestDocuments(t *testing.T) {
	known := readVocabulary(t)
	for _, page := range pages(t) {
		text := read(t, "..", page)
		for _, b := range blocksOf(t, page, text) {
			switch b.language {
			case "sh":
				if out, err := shell(t, "-n", b.text).CombinedOutput(); err != nil {
					t.Errorf("%s: sh -n: %v\n%s", b.place, err, out)
				}
				for line := range strings.Lines(b.text) {
					known.check(t, b.place, line)
				}
			case "yaml":
				known.checkConfiguration(t, b, text)
			case "text":
			default:
				t.Errorf("%s: the language is %q: want sh, yaml or text", b.place, b.language)
			}
		}
		for _, span := range codeSpan.FindAllStringSubmatch(text, -1) {
			known.check(t, page, span[1])
		}
		checkLinks(t, page, text)
	}
}

func shell(t *testing.T, flag, script string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), "sh", flag, "-c", script)
}

// vocabulary is what commands may name.
type vocabulary struct{ settings, outputs, targets []string }

func readVocabulary(t *testing.T) vocabulary {
	t.Helper()
	project, err := workspace.LoadProject(filepath.Join("..", "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{outputs: documentedOutputs(t)}
	for key := range project.Config {
		v.settings = append(v.settings, key)
	}
	for _, target := range targetRow.FindAllStringSubmatch(read(t, "..", "Makefile"), -1) {
		v.targets = append(v.targets, target[1])
	}
	if len(v.settings) < 20 || len(v.outputs) < 10 || len(v.targets) < 5 {
		t.Fatalf("too little to compare with: %+v", v)
	}
	return v
}

// documentedOutputs are the rows of docs/outputs.md.
func documentedOutputs(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, row := range outputRow.FindAllStringSubmatch(read(t, "..", "docs/outputs.md"), -1) {
		names = append(names, row[1])
	}
	return names
}

// check looks at the commands in a line.
func (v vocabulary) check(t *testing.T, place, line string) {
	t.Helper()
	for _, part := range between.Split(line, -1) {
		found := checked.FindStringSubmatch(strings.TrimSpace(part))
		if found == nil {
			continue
		}
		if bad := v.wrong(found[1], arguments(found[2])); bad != "" {
			t.Errorf("%s: %s: %s", place, found[0], bad)
		}
	}
}

// wrong says what is wrong with a command, if anything is.
func (v vocabulary) wrong(command string, words []string) string {
	if len(words) == 0 || placeholder.MatchString(words[0]) {
		return ""
	}
	name, _, _ := strings.Cut(strings.Trim(words[0], `'"`), "[")
	name, _, _ = strings.Cut(name, ".")
	switch command {
	case "pulumi config set":
		if !slices.Contains(v.settings, name) && !strings.HasPrefix(name, "aws:") {
			return "no such setting: want one of Pulumi.yaml"
		}
	case "pulumi stack output":
		if !slices.Contains(v.outputs, name) {
			return "no such output: want one of docs/outputs.md"
		}
	case "make":
		if !slices.Contains(v.targets, name) {
			return "no such target: want one of the Makefile"
		}
	case "aws":
		if len(words) < 2 || !awsWord.MatchString(words[0]) || !awsWord.MatchString(words[1]) {
			return "want aws SERVICE OPERATION"
		}
	case "go":
		return missingPackages(words)
	}
	return ""
}

// checkConfiguration looks at what a page suggests for Pulumi.<stack>.yaml. Two pictures never share a thumbnail by it, and
// the page names the thumbnails that photos/cat.jpg has by it.
func (v vocabulary) checkConfiguration(t *testing.T, b block, page string) {
	t.Helper()
	var file struct{ Config map[string]any }
	if err := encoding.YAML.Unmarshal([]byte(b.text), &file); err != nil || len(file.Config) == 0 {
		t.Errorf("%s: no configuration: %v", b.place, err)
	}
	for name, value := range file.Config {
		key, _ := strings.CutPrefix(name, "s3-thumbnail-creator:")
		if !slices.Contains(v.settings, key) {
			t.Errorf("%s: %s is no setting: want one of Pulumi.yaml", b.place, name)
		}
		if key != "thumbnails" {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		variants, err := settings.ParseVariants(string(text))
		if err = errors.Join(err, settings.ValidateVariants(key, variants)); err != nil {
			t.Errorf("%s: %v", b.place, err)
		}
		for _, warning := range settings.Warnings(key, variants) {
			t.Errorf("%s: %s", b.place, warning)
		}
		for _, variant := range variants {
			if made, err := variant.ThumbnailKey("photos/cat.jpg"); err != nil || !strings.Contains(page, "`"+made+"`") {
				t.Errorf("%s: the page does not say that photos/cat.jpg becomes %s (%v)", b.place, made, err)
			}
		}
	}
}

// arguments are the words of a command but its flags, of which -s has a value.
func arguments(text string) []string {
	var words []string
	fields := strings.Fields(text)
	for i := 0; i < len(fields); i++ {
		switch {
		case fields[i] == "-s":
			i++
		case !strings.HasPrefix(fields[i], "-"):
			words = append(words, fields[i])
		}
	}
	return words
}

// missingPackages says which folders of a go command do not exist.
func missingPackages(words []string) string {
	for _, word := range words {
		folder, _ := strings.CutSuffix(word, "...")
		if !strings.HasPrefix(folder, "./") {
			continue
		}
		if info, err := os.Stat(filepath.Join("..", filepath.FromSlash(folder))); err != nil || !info.IsDir() {
			return "no such package: " + word
		}
	}
	return ""
}

// checkLinks looks at the links to files of the repository and to their headings.
func checkLinks(t *testing.T, page, text string) {
	t.Helper()
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		target, anchor := found[1], found[2]
		if strings.Contains(target, "://") || strings.Contains(target, "${") { // elsewhere, or an output
			continue
		}
		name := page
		if target != "" {
			name = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
		}
		linked, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			if info, err := os.Stat(filepath.Join("..", filepath.FromSlash(name))); err != nil || !info.IsDir() {
				t.Errorf("%s: the link to %s leads nowhere", page, target)
			}
			continue
		}
		if anchor != "" && !slices.Contains(anchorsOf(string(linked)), anchor) {
			t.Errorf("%s: %s has no heading %s", page, name, anchor)
		}
	}
}

// anchorsOf are the anchors that GitHub gives the headings of a page.
func anchorsOf(text string) []string {
	var anchors []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		plain := noAnchor.ReplaceAllString(strings.ToLower(found[1]), "")
		anchors = append(anchors, "#"+strings.ReplaceAll(plain, " ", "-"))
	}
	return anchors
}

// documentsDoWhatTheySay follows every page on the deployed stack, the README last, which ends by destroying it.
func (s *system) documentsDoWhatTheySay(t *testing.T) {
	documented := documentedOutputs(t)
	for name := range s.out {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/outputs.md does not have the output %s", name)
		}
	}
	for _, name := range documented {
		if s.out[name] == "" && name != "readme" { // which main.go adds, from a file that is one of the pages
			t.Errorf("the output %s of docs/outputs.md is empty", name)
		}
	}
	others := newReader(t, s) // has the stack that the README says how to make
	if _, err := others.realPulumi(t.Context(), "stack", "init", "dev"); err != nil {
		t.Fatal(err)
	}
	isReadme := func(page string) bool { return page == "README.md" }
	for _, page := range append(slices.DeleteFunc(pages(t), isReadme), "README.md") {
		r := others
		if isReadme(page) {
			r = newReader(t, s)
		}
		text := read(t, "..", page)
		for name, value := range s.out { // Pulumi.README.md, as Pulumi Cloud shows it
			text = strings.ReplaceAll(text, "${outputs."+name+"}", value)
		}
		blocks := slices.DeleteFunc(blocksOf(t, page, text), func(b block) bool { return b.language != "sh" || b.onAWS })
		if len(blocks) > 0 {
			step(t, page, func(t *testing.T) { r.follow(t, blocks) })
		}
	}
	if left := s.Cloud.Leftovers(); len(left) > 0 {
		t.Errorf("the README's clean-up left %d things behind:\n%s", len(left), strings.Join(left, "\n"))
	}
}

// follow executes the blocks of a page in their order, and looks at what they are to bring about.
func (r *reader) follow(t *testing.T, blocks []block) {
	for _, b := range blocks {
		const cat = "photos/cat.jpg"
		verdicts := func() int { return len(r.jobs(cat, "created", "unchanged")) }
		before := verdicts()
		r.run(t, b)
		if strings.Contains(b.text, "aws s3 cp") {
			r.await(t, "the thumbnail of "+cat, func() bool { return verdicts() > before })
			r.thumbnail(t, "photos/thumb-cat.jpg")
		}
		if strings.Contains(b.text, "'thumbnails[0].width' 512") && strings.Contains(b.text, "pulumi up") {
			r.widthIs(t, "photos/wide.webp", 512)
		}
	}
}

// widthIs uploads a picture that is 1600 pixels wide and looks how wide its thumbnail is.
func (s *system) widthIs(t *testing.T, key string, want int) {
	t.Helper()
	p := sample(t, "web/hills.webp")
	p.Key = key
	s.upload(t, p)
	o := s.thumbnail(t, strings.Replace(key, "photos/", "photos/thumb-", 1))
	cfg, _, err := image.DecodeConfig(bytes.NewReader(o.Body))
	if err != nil || cfg.Width != want {
		t.Errorf("the thumbnail of %s is %d pixels wide (%v), want %d", key, cfg.Width, err, want)
	}
}

var (
	testName     = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
)

// TestPagesNameTestsThatExist holds that a page that points to a test, as SECURITY.md does for each threat, points to one.
func TestPagesNameTestsThatExist(t *testing.T) {
	exist := map[string]bool{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			for _, f := range testFunction.FindAllStringSubmatch(read(t, "..", path), -1) {
				exist[f[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		for _, name := range testName.FindAllStringSubmatch(read(t, "..", page), -1) {
			if !exist[name[1]] {
				t.Errorf("%s names %s: there is no such test", page, name[1])
			}
		}
	}
}

// TestDrawingsAreOfTheirTexts holds that docs/*.svg were drawn of the docs/*.d2 that are there: make drawings ends each with
// the name that git gives its text.
func TestDrawingsAreOfTheirTexts(t *testing.T) {
	texts, err := filepath.Glob(filepath.Join("..", "docs", "*.d2"))
	if err != nil || len(texts) == 0 {
		t.Fatalf("no texts of drawings: %v", err)
	}
	for _, name := range texts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		drawing, err := os.ReadFile(strings.TrimSuffix(name, ".d2") + ".svg")
		if err != nil {
			t.Fatal(err)
		}
		blob := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(text)), text...))
		if !bytes.Contains(drawing, fmt.Appendf(nil, "<!-- %x -->", blob)) {
			t.Errorf("%s has changed since it was drawn: run make drawings", name)
		}
	}
}
