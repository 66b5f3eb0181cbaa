package infra

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"s3-thumbnail-creator/settings"
)

// TestSettingsTable holds the table of docs/settings.md and Pulumi.yaml together. When it fails it prints the rows.
func TestSettingsTable(t *testing.T) {
	project, err := workspace.LoadProject("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	var rows []string
	missing := false
	for _, key := range settings.Names(Config{}, "config") {
		setting := project.Config[key]
		row := fmt.Sprintf("| `%s` | %s | %s |", key, code(asJSON(t, setting.Default)), setting.Description)
		rows = append(rows, row)
		missing = missing || !slices.Contains(lines, row)
	}
	if missing {
		t.Errorf("docs/settings.md does not have these rows in its table:\n| key | default | meaning |\n|---|---|---|\n%s",
			strings.Join(rows, "\n"))
	}
}

func code(value string) string {
	if value == `""` {
		return ""
	}
	return "`" + strings.Trim(value, `"`) + "`"
}
