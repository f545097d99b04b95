package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/resolver"
)

// newVerifyCommand returns "tlsbrief verify", which tries what polls and digests need.
func newVerifyCommand(a *app) *cobra.Command {
	var sendTest bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Try every log-in and right that is needed; say what is wrong",
		Long: `Reads the configuration, opens the database, logs in to every mailbox, step by
step, and looks at each folder, at what may be marked there and for reports, and
talks to the SMTP server up to the recipients without sending anything. Says in
a line each what works, and for what does not, how to mend it; where the server
tells the account's rights, which one is missing. Of more than 10 mailboxes it
tells of those that do not work, and counts the others. Warns where this
machine's clock and a server's are more than 5 minutes apart.

--send-test sends a mail that says it is a test, to the recipients of smtp.to.`,
		Example: "  tlsbrief verify\n  tlsbrief --config /etc/tlsbrief/config.toml verify",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withReadDB(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.verify(cmd.Context(), c, d, sendTest)
			})
		},
	}
	cmd.Flags().BoolVar(&sendTest, "send-test", false, "send a test mail to smtp.to")
	return cmd
}

// errVerify makes verify end with exit status 1; the lines before it say what failed.
var errVerify = errors.New("not everything works: see the lines marked FAIL")

func (a *app) verify(ctx context.Context, c *config.Config, d *db.DB, sendTest bool) error {
	v := &verification{printer: printer{a: a}}
	v.line("configuration", c.Path, nil)
	v.database(ctx, c.Database.Path, d)
	a.verifyDNS(ctx, c, v)
	clock := &clockCheck{now: time.Now}
	a.clock = clock
	p, err := a.newPoller(c, d, nil)
	if err != nil {
		return err
	}
	if len(c.Mailboxes) == 0 {
		v.line("mailboxes", "", errors.New("the configuration has no [[mailbox]]"))
	}
	if len(c.Mailboxes) > maxMailboxesShown {
		v.manyMailboxes(ctx, c, p, clock)
	} else {
		for _, m := range c.Mailboxes {
			v.mailbox(ctx, p, m, clock)
		}
	}
	if err := a.verifySMTP(ctx, c, v); err != nil {
		return err
	}
	v.printClock(clock)
	if sendTest {
		if err := a.sendTest(ctx, c, v); err != nil {
			return err
		}
	}
	if v.err == nil && v.failed {
		return errVerify
	}
	return v.err
}

// verifyDNS asks the resolver for a TXT record, as checking a signature does. Any answer
// shows that it works, also that there is no such name.
func (a *app) verifyDNS(ctx context.Context, c *config.Config, v *verification) {
	if c.Reports.Authenticity == "off" {
		v.line("dns", `not asked: authenticity = "off"`, nil)
		return
	}
	server := c.DNS.Server
	if server == "" {
		server = "the system's resolvers"
	}
	_, err := resolver.New(resolver.Options{Server: c.DNS.Server}).TXT(ctx, "_smtp._tls.example.com")
	if errors.Is(err, resolver.ErrNotFound) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%w: signatures cannot be checked, so no report would count; see [dns] server", err)
	}
	v.line("dns", server+" answered", err)
}

// A verification prints a line for each thing tried.
type verification struct {
	printer
	failed bool
}

func (v *verification) line(what, detail string, err error) {
	switch {
	case err != nil:
		v.failed = true
		v.printf("FAIL  %s: %s\n", printable(what), printable(err.Error()))
	case detail == "":
		v.printf("ok    %s\n", printable(what))
	default:
		v.printf("ok    %s: %s\n", printable(what), printable(detail))
	}
}

// step prints a line for a step of a log-in. It cuts the step's name from the error.
func (v *verification) step(of, name, detail string, err error) {
	if err != nil {
		err = errors.New(strings.TrimPrefix(err.Error(), name+": "))
	}
	v.line(of+", "+name, detail, err)
}

// database checks the database, or if there is none whether one can be made.
func (v *verification) database(ctx context.Context, path string, d *db.DB) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		v.line("database", path, d.IntegrityCheck(ctx))
		return
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".tlsbrief-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		err = fmt.Errorf("%w: make the folder, and let the user that runs tlsbrief write to it", err)
	}
	v.line("database", path+" will be made by the first poll", err)
}

// distinct returns the strings of list once each, in order.
func distinct(list []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}

// printClock prints the result of comparing clocks.
func (v *verification) printClock(c *clockCheck) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.warnings {
		v.printf("warn  clock: %s\n", printable(w))
	}
	switch {
	case len(c.warnings) > 0:
	case c.compared:
		v.line("clock", "not off by more than 5 minutes, as far as the servers tell", nil)
	default:
		v.line("clock", "not compared: no server told the time", nil)
	}
}
