package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
)

// Fifty mailboxes on one server, five of them broken in different ways, each in
// a file of its own: the others are read to the end, over no more connections
// than the configuration allows, and status names the five with their reasons.
func TestFiftyMailboxesOfWhichFiveAreBroken(t *testing.T) {
	t.Parallel()
	long(t)
	const all, parallel = 50, 3
	var users []string
	for i := range all {
		users = append(users, fmt.Sprintf("box%02d@example.test", i))
	}
	s := imaptest.Dovecot(t, imaptest.WithUsers(users...))
	proxy := imaptest.NewProxy(t, s)
	through := s.Via(proxy)
	var mu sync.Mutex
	open, most := 0, 0
	proxy.OnCommand(func(line string) imaptest.Action {
		mu.Lock()
		defer mu.Unlock()
		switch { // those that never log out do not come this way
		case strings.Contains(line, "AUTHENTICATE"):
			open++
			most = max(most, open)
		case strings.Contains(line, "LOGOUT"):
			open--
		}
		return imaptest.Forward
	})
	sample, _ := sampleMail(t, time.Now(), 1, 0)
	report := sample[len(sample)-1]

	refused := imaptest.Scripted(t, func(c *imaptest.Conn) { c.Send("* BYE [UNAVAILABLE] maintenance") })
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "mailboxes.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	broken := map[int]string{ // what its status says
		5:  "refused the login",
		15: "Nowhere",
		25: "nothing listens there",
		35: "maintenance",
		45: "password_file",
	}
	for i, user := range users {
		host, port, folder, secret := through.Host, through.Port, "INBOX", fmt.Sprintf("%02d.secret", i)
		password := s.As(t, user).Password
		switch i {
		case 5:
			port, password = s.Port, "wrong"
		case 15:
			folder = "Nowhere"
		case 25:
			port = 1
		case 35:
			port = refused.Port
		case 45:
			secret = "none.secret"
		}
		write(filepath.Join("mailboxes.d", fmt.Sprintf("%02d.secret", i)), password)
		write(filepath.Join("mailboxes.d", fmt.Sprintf("%02d.toml", i)), fmt.Sprintf(
			"[[mailbox]]\nname = %q\nhost = %q\nport = %d\ntls = \"none\"\nusername = %q\npassword_file = %q\nfolders = [%q]\n",
			user, host, port, user, secret, folder))
		if broken[i] == "" {
			s.As(t, user).Fill(t, "INBOX", 1, func(int) []byte { return report.Data })
		}
	}
	write("config.toml", fmt.Sprintf("include = \"mailboxes.d/*.toml\"\n[schedule]\nparallel = %d\n%s", parallel, unchecked))
	r := &rig{dir: dir, imap: s}

	o := r.try(t, "poll", "--json")
	if o.code != 1 {
		t.Errorf("exit status %d, want 1: five mailboxes are broken\n%s", o.code, o.stderr)
	}
	if got := totals(t, o.stdout); got.Recorded+got.Duplicate != all-len(broken) {
		t.Errorf("%+v, want one message of each of the %d others", got, all-len(broken))
	}
	if most > parallel || most < 2 {
		t.Errorf("%d connections at a time, want them side by side and at most %d", most, parallel)
	}
	if n := proxy.Connections(); n != all-4 {
		t.Errorf("%d connections, want one for each of the %d mailboxes that can be logged in to", n, all-4)
	}
	checkStates(t, r.must(t, "status", "--json"), users, broken)
}

// checkStates wants each broken mailbox named with its reason, and no other.
func checkStates(t *testing.T, out string, users []string, broken map[int]string) {
	t.Helper()
	var status struct {
		Mailboxes []struct {
			Mailbox   string `json:"mailbox"`
			LastError string `json:"last_error"`
		} `json:"mailboxes"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, m := range status.Mailboxes {
		states[m.Mailbox] = m.LastError
	}
	for i, user := range users {
		state, known := states[user]
		if want := broken[i]; !known || (state == "") != (want == "") || !strings.Contains(state, want) {
			t.Errorf("status of %s: %q, known %t; want %q", user, state, known, want)
		}
	}
}
