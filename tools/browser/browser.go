// Package browser finds the browser that the test of the local cloud's page drives, and tests the page.
package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// names are those of Chromium and its kin that speak the DevTools protocol, the free ones first.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// ErrNone says that there is no browser, what does not run without one, and how to install one.
var ErrNone = errors.New("no browser: the test of the local cloud's page DOES NOT RUN.\n" +
	"Install Chromium: apt-get install chromium (Debian), dnf install chromium (Fedora), brew install --cask chromium (macOS),\n" +
	"or name one that there is in $CHROME")

// Find returns the path of a browser: $CHROME, or one that is on PATH.
func Find() (string, error) {
	if named := os.Getenv("CHROME"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("the browser named by $CHROME: %w", err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}
