package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tlsbrief/internal/config"
)

// Every configuration that docs/mailboxes.md shows must load, once what it leaves
// out is added.
func TestRecipesOfTheDocsLoad(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mailboxes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d recipes, want one for each kind of mailbox", len(blocks))
	}
	for _, block := range blocks {
		recipe := block[1]
		if strings.HasPrefix(recipe, "[mailbox.oauth2]") {
			recipe = "[[mailbox]]\nname = \"reports\"\nhost = \"imap.example.com\"\nusername = \"u\"\n" + recipe
		}
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(recipe), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path); err != nil {
			t.Errorf("%v in\n%s", err, recipe)
		}
	}
}

// M-C4, M-G15: what people stumble over when they set a mailbox up.
func TestTheMailboxGuideNamesWhatIsEasilyMissed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/mailboxes.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		"`username` is the mailbox to open", "needs FullAccess",
		"**Microsoft Graph** → Delegated permissions", "Office 365 Exchange Online → Application permissions",
		"**Show in IMAP**", "**Do not limit the number of messages in an IMAP folder**",
		"https://login.microsoftonline.us/", "https://outlook.office365.us/.default",
	} {
		if !strings.Contains(guide, want) {
			t.Errorf("docs/mailboxes.md does not say %q", want)
		}
	}
}
