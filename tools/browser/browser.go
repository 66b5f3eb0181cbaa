// Package browser finds the browser that the test of the local cloud's page drives, or installs it, and tests the page.
package browser

import (
	"errors"
	"fmt"
	"io"
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

// FindOrInstall is Find, and installs Chromium where there is none and the system's packages are ours to install: for root, with
// apt-get. What takes long is announced.
func FindOrInstall(progress io.Writer) (string, error) {
	path, err := Find()
	if !errors.Is(err, ErrNone) {
		return path, err
	}
	apt, missing := exec.LookPath("apt-get")
	if missing != nil || os.Geteuid() != 0 {
		return "", err
	}
	fmt.Fprintln(progress, "Installing Chromium for the test of the local cloud's page, with apt-get (a minute)")
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-qq", "-y", "--no-install-recommends", "chromium"}} {
		cmd := exec.Command(apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, failed := cmd.CombinedOutput(); failed != nil {
			return "", fmt.Errorf("%w\n(apt-get %s: %v\n%s)", err, args[0], failed, output)
		}
	}
	return Find()
}
