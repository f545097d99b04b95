package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// layOut writes files, by their names below a folder, and gives the folder.
func layOut(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func box(name string) string {
	return fmt.Sprintf("[[mailbox]]\nname = %q\nhost = \"imap.example.com\"\nusername = \"u\"\npassword_file = \"secret\"\n", name)
}

const includes = "include = \"mailboxes.d/*.toml\"\n"

func TestIncludedMailboxesAndDigestsAreThoseOfOneConfiguration(t *testing.T) {
	t.Parallel()
	files := map[string]string{"config.toml": includes + box("first") + "[smtp]\nhost = \"h.example\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n"}
	for i := range 200 {
		files[fmt.Sprintf("mailboxes.d/%03d.toml", i)] = box(fmt.Sprint("box ", i)) + "[[digest]]\nname = \"" + fmt.Sprint(i) + "\"\ndomains = [\"example.com\"]\n"
	}
	files["mailboxes.d/notes.txt"] = "not read"
	dir := layOut(t, files)
	cfg, err := Load(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Mailboxes) != 201 || cfg.Mailboxes[0].Name != "first" || cfg.Mailboxes[200].Name != "box 199" {
		t.Errorf("%d mailboxes", len(cfg.Mailboxes))
	}
	if got, want := cfg.Mailboxes[1].Password.File, filepath.Join(dir, "mailboxes.d", "secret"); got != want {
		t.Errorf("password_file = %s, want it counted from its own file's folder: %s", got, want)
	}
	if len(cfg.Digests) != 200 || cfg.Digests[7].To[0] != "c@d.example" {
		t.Errorf("%d digests", len(cfg.Digests))
	}
}

func TestFaultsOfIncludedFilesNameTheirFile(t *testing.T) {
	t.Parallel()
	dir := layOut(t, map[string]string{
		"config.toml":                 includes + box("first") + "hots = 1\n",
		"mailboxes.d/1-twice.toml":    box("first"),
		"mailboxes.d/2-global.toml":   "[smtp]\nhost = \"h.example\"\n",
		"mailboxes.d/3-syntax.toml":   "[[mailbox]\n",
		"mailboxes.d/4-nested.toml":   "include = \"*.toml\"\n",
		"mailboxes.d/5-good.toml":     box("fifth"),
		"mailboxes.d/6-dir.toml/file": "",
	})
	_, err := Load(filepath.Join(dir, "config.toml"))
	if err == nil {
		t.Fatal("Load: no error")
	}
	for _, want := range []string{
		"config.toml:7: mailbox[0].hots: unknown key",
		"mailboxes.d/1-twice.toml:2: mailbox[0].name: \"first\" is taken by line 3",
		"mailboxes.d/2-global.toml:1: smtp: unknown key",
		"mailboxes.d/3-syntax.toml:1: ",
		"mailboxes.d/4-nested.toml:1: include: unknown key",
		"not a plain file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Load:\n%v\nwant %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "5-good") {
		t.Errorf("a good file has faults:\n%v", err)
	}
}

func TestIncludeThatMatchesNothingIsAFault(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"none.d/*.toml", "[", "none.toml"} {
		dir := layOut(t, map[string]string{"config.toml": fmt.Sprintf("include = %q\n", pattern)})
		if _, err := Load(filepath.Join(dir, "config.toml")); err == nil || !strings.Contains(err.Error(), "config.toml:1: include: ") {
			t.Errorf("include %q: %v", pattern, err)
		}
	}
}
