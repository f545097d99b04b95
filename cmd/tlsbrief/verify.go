package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tlsbrief/config"
	"tlsbrief/db"
)

// newVerifyCommand returns "tlsbrief verify": would a poll and a digest work?
func newVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Try every log-in and right that a poll or a digest needs, and say what is wrong",
		Long: `Reads the configuration, opens the database, logs in to every mailbox and looks
at each folder and at what may be marked there, and talks to the SMTP server up
to the recipients without sending anything. Says in a line each what works, and
for what does not, how to mend it.`,
		Example: "  tlsbrief verify\n  tlsbrief --config /etc/tlsbrief/config.toml verify",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.verify(cmd.Context(), c, d)
			})
		},
	}
}

// errVerify ends verify with exit status 1; the lines before it say what failed.
var errVerify = errors.New("not everything works: see the lines marked FAIL")

func (a *app) verify(ctx context.Context, c *config.Config, d *db.DB) error {
	v := &verification{printer: printer{a: a}}
	v.line("configuration", "read", nil)
	v.line("database", c.Database.Path, d.IntegrityCheck(ctx))
	p, err := a.newPoller(c, d, nil)
	if err != nil {
		return err
	}
	if len(c.Mailboxes) == 0 {
		v.line("mailboxes", "", errors.New("the configuration has no [[mailbox]]"))
	}
	for _, m := range c.Mailboxes {
		for _, s := range p.Verify(ctx, m.Name) {
			v.line(fmt.Sprintf("mailbox %q, %s", m.Name, s.Name), s.Detail, s.Err)
		}
	}
	if err := a.verifySMTP(ctx, c, v); err != nil {
		return err
	}
	if v.err == nil && v.failed {
		return errVerify
	}
	return v.err
}

func (a *app) verifySMTP(ctx context.Context, c *config.Config, v *verification) error {
	if c.SMTP.Host == "" {
		v.line("smtp", "", errors.New("the configuration has no [smtp]: digests cannot be sent"))
		return nil
	}
	m, err := a.newMailer(c)
	if err != nil {
		return err
	}
	to := append([]string{}, c.SMTP.To...)
	for _, dg := range c.Digests {
		to = append(to, dg.To...)
	}
	steps, err := m.Check(ctx, c.SMTP.From.Address, unique(to))
	for _, s := range steps {
		v.line("smtp, "+s.Name, s.Detail, s.Err)
		if s.Err != nil {
			err = nil // said already
		}
	}
	if err != nil {
		v.line("smtp", "", err)
	}
	return nil
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
		v.printf("FAIL  %s: %s\n", clean(what), clean(err.Error()))
	case detail == "":
		v.printf("ok    %s\n", clean(what))
	default:
		v.printf("ok    %s: %s\n", clean(what), clean(detail))
	}
}

// unique returns the strings of list once each, in order.
func unique(list []string) []string {
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
