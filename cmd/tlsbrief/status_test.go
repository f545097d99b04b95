package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/internal/imaptest"
)

// A folder that only a pattern names is polled, and so status shows it.
func TestStatusShowsFoldersThatAPatternNames(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.CreateFolder(t, "Berichte/TLS")
	r := newRig(t, s, unchecked)
	path := filepath.Join(r.dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "config.toml", strings.Replace(string(text), `folders = ["INBOX"]`, `folders = ["inbox", "Berichte/*"]`, 1))
	r.must(t, "poll")
	out := r.must(t, "status")
	for _, folder := range []string{"INBOX", "Berichte/TLS"} {
		if !strings.Contains(strings.ToLower(out), strings.ToLower("reports / "+folder+":")) {
			t.Errorf("status does not show %s:\n%s", folder, out)
		}
	}
}
