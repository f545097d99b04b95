package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tlsbrief/internal/testing/memimap"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

// The commands as users type them. Each script has a mailbox with sample mail
// at $IMAP_PORT (user "u", password "p") and an SMTP server at $SMTP_PORT.
//
//	expand FILE           replaces $VARIABLES in a file
//	exits N tlsbrief …    runs a command that must end with exit status N
//	deliver               delivers this morning's sample mail
//	smtp STEP CODE TEXT   makes the SMTP server answer so; "smtp" alone mends it
//	mails N               wants N mails to have arrived
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "expand": scriptExpand, "deliver": scriptDeliver, "smtp": scriptSMTP, "mails": scriptMails,
		},
	})
}

// servers are those of one script.
type servers struct {
	imap  *memimap.Server
	smtp  *smtpsink.Sink
	later []samples.Mail
}

func setUpScript(env *testscript.Env) error {
	imap, err := memimap.Start(memimap.Options{Username: "u", Password: "p"})
	if err != nil {
		return err
	}
	env.Defer(func() { imap.Close() })
	sink, err := smtpsink.Start(smtpsink.Options{})
	if err != nil {
		return err
	}
	env.Defer(func() { sink.Close() })
	today := time.Now().UTC().Truncate(24 * time.Hour)
	mails, err := samples.Mailbox(today, samples.Unsigned)
	if err != nil {
		return err
	}
	s := &servers{imap: imap, smtp: sink}
	for _, m := range mails {
		if !m.Date.Before(today) {
			s.later = append(s.later, m)
		} else if _, err := imap.Append("INBOX", nil, m.Date, m.Data); err != nil {
			return err
		}
	}
	env.Values["servers"] = s
	env.Setenv("IMAP_PORT", strconv.Itoa(imap.Port()))
	env.Setenv("SMTP_PORT", strconv.Itoa(sink.Port()))
	env.Setenv("YESTERDAY", today.AddDate(0, 0, -1).Format(time.DateOnly))
	env.Setenv("IMAP_PASSWORD", "p")
	return nil
}

func serversOf(ts *testscript.TestScript) *servers { return ts.Value("servers").(*servers) }

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit status %d, want %s", code, args[0])
	}
}

func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

func scriptDeliver(ts *testscript.TestScript, _ bool, _ []string) {
	s := serversOf(ts)
	for _, m := range s.later {
		_, err := s.imap.Append("INBOX", nil, m.Date, m.Data)
		ts.Check(err)
	}
	s.later = nil
}

func scriptSMTP(ts *testscript.TestScript, _ bool, args []string) {
	s := serversOf(ts)
	if len(args) == 0 {
		ts.Check(s.smtp.SetFaults())
		return
	}
	code, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(s.smtp.SetFaults(smtpsink.Fault{Step: smtpsink.Step(args[0]), Code: code, Text: args[2]}))
}

func scriptMails(ts *testscript.TestScript, _ bool, args []string) {
	if n := len(serversOf(ts).smtp.Mails()); fmt.Sprint(n) != args[0] {
		ts.Fatalf("%d mails arrived, want %s", n, args[0])
	}
}
