package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/config"
	"tlsbrief/db"
)

// newStatusCommand returns "tlsbrief status".
func newStatusCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show mailboxes, polls, digests, the outbox and rejected messages",
		Long: `Shows when each folder was last polled and how it went, when each digest
was last sent and is next due, which mails wait or failed for good, and which
messages looked like reports but could not be taken as such, or are in
quarantine: the server broke off whenever it was asked for them.`,
		Example: "  tlsbrief status\n  tlsbrief status --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.looking(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.status(cmd.Context(), c, d, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// The status as `--json` prints it: the keys are DESIGN 8's.
type (
	statusReport struct {
		Mailboxes []statusFolder   `json:"mailboxes"`
		Digests   []statusDigest   `json:"digests"`
		Outbox    []statusMail     `json:"outbox"`
		Rejected  []statusRejected `json:"rejected"`
	}
	statusFolder struct {
		Mailbox   string        `json:"mailbox"`
		Folder    string        `json:"folder"`
		LastPoll  string        `json:"last_poll"`
		LastError string        `json:"last_error"`
		Cursor    *statusCursor `json:"cursor"` // null before the first poll
		Recorded  int64         `json:"recorded"`
		Rejected  int64         `json:"rejected"`
	}
	statusCursor struct {
		UIDValidity uint32 `json:"uid_validity"`
		LastUID     uint32 `json:"last_uid"`
	}
	statusDigest struct {
		Name     string `json:"name"`
		LastSent string `json:"last_sent"`
		NextDue  string `json:"next_due"`
	}
	statusMail struct {
		Digest      string `json:"digest"`
		MessageID   string `json:"message_id"`
		Attempts    int    `json:"attempts"`
		NextAttempt string `json:"next_attempt"` // empty: failed for good
		LastError   string `json:"last_error"`
	}
	statusRejected struct {
		Mailbox   string `json:"mailbox"`
		Folder    string `json:"folder"`
		UID       uint32 `json:"uid"`
		MessageID string `json:"message_id"`
		From      string `json:"from"`
		Subject   string `json:"subject"`
		Reason    string `json:"reason"`
	}
)

func (a *app) status(ctx context.Context, c *config.Config, d *db.DB, asJSON bool) error {
	s, err := a.readStatus(ctx, c, d)
	if err != nil {
		return err
	}
	if asJSON {
		return newJSONEncoder(a.stdout).Encode(s)
	}
	return a.printStatus(s)
}

func (a *app) readStatus(ctx context.Context, c *config.Config, d *db.DB) (statusReport, error) {
	s := statusReport{Mailboxes: []statusFolder{}, Digests: []statusDigest{}, Outbox: []statusMail{}, Rejected: []statusRejected{}}
	folders, err := d.Folders(ctx)
	if err != nil {
		return s, err
	}
	for _, f := range folders {
		if !configured(c, f) {
			continue
		}
		row := statusFolder{
			Mailbox: f.Mailbox, Folder: f.Folder, LastPoll: timestamp(f.LastPoll), LastError: f.LastError,
			Recorded: f.Recorded, Rejected: f.Rejected,
		}
		if f.Poll != nil {
			row.Cursor = &statusCursor{f.Poll.UIDValidity, f.Poll.LastUID}
		}
		s.Mailboxes = append(s.Mailboxes, row)
	}
	if err := a.readDigestStatus(ctx, c, d, &s); err != nil {
		return s, err
	}
	rejected, err := d.RejectedMessages(ctx, 0, 0)
	if err != nil {
		return s, err
	}
	for _, r := range rejected {
		if !configuredMailbox(c, r.Mailbox) && r.UID != 0 {
			continue // of a mailbox that is polled no more; files have no UID
		}
		s.Rejected = append(s.Rejected, statusRejected{r.Mailbox, r.Folder, r.UID, r.MessageID, r.From, r.Subject, r.Reason})
	}
	return s, nil
}

func configuredMailbox(c *config.Config, name string) bool {
	return slices.ContainsFunc(c.Mailboxes, func(m config.Mailbox) bool { return m.Name == name })
}

// configured tells whether a folder is still to be polled. A special use or a
// pattern may mean any.
func configured(c *config.Config, f db.Folder) bool {
	for _, m := range c.Mailboxes {
		if m.Name != f.Mailbox {
			continue
		}
		for _, name := range m.Folders {
			if strings.EqualFold(name, f.Folder) || strings.HasPrefix(name, `\`) || strings.ContainsAny(name, "*%") {
				return true
			}
		}
	}
	return false
}

func (a *app) readDigestStatus(ctx context.Context, c *config.Config, d *db.DB, s *statusReport) error {
	if c.SMTP.Host != "" {
		dg, err := a.newDigester(c, d, nil)
		if err != nil {
			return err
		}
		for _, name := range dg.Names() {
			state, err := d.DigestState(ctx, name)
			if err != nil {
				return err
			}
			due, err := dg.NextDue(ctx, name)
			if err != nil {
				return err
			}
			s.Digests = append(s.Digests, statusDigest{name, timestamp(state.LastSent), timestamp(due)})
		}
	}
	waiting, err := d.Outbox(ctx, time.Time{})
	if err != nil {
		return err
	}
	for _, m := range waiting {
		s.Outbox = append(s.Outbox, statusMail{m.Digest, m.MessageID, m.Attempts, timestamp(m.NextAttempt), m.LastError})
	}
	failed, err := d.FailedMails(ctx)
	if err != nil {
		return err
	}
	for _, m := range failed {
		s.Outbox = append(s.Outbox, statusMail{m.Digest, m.MessageID, m.Attempts, "", m.LastError})
	}
	return nil
}

// printStatus prints for people, within 80 columns where the names allow it.
func (a *app) printStatus(s statusReport) error {
	p := &printer{a: a}
	p.printf("Mailboxes\n")
	if len(s.Mailboxes) == 0 {
		p.printf("  none polled yet\n")
	}
	for _, f := range s.Mailboxes {
		p.printf("  %s / %s: %d recorded, %d rejected, last poll %s\n", short(f.Mailbox, 24), short(f.Folder, 24), f.Recorded, f.Rejected, orNever(f.LastPoll))
		if f.LastError != "" {
			p.printf("    FAILED: %s\n", clean(f.LastError))
		}
	}
	p.printf("\nDigests\n")
	for _, dg := range s.Digests {
		p.printf("  %s: last sent %s, next due %s\n", short(dg.Name, 24), orNever(dg.LastSent), orNever(dg.NextDue))
	}
	if len(s.Outbox) > 0 {
		p.printf("\nOutbox\n")
	}
	for _, m := range s.Outbox {
		next := "next try " + m.NextAttempt
		if m.NextAttempt == "" {
			next = "FAILED FOR GOOD"
		}
		p.printf("  %s <%s>: %s, %s\n", short(m.Digest, 24), clean(m.MessageID), plural(int64(m.Attempts), "attempt"), next)
		if m.LastError != "" {
			p.printf("    %s\n", clean(m.LastError))
		}
		if m.NextAttempt == "" {
			p.printf("    mend the cause, then: tlsbrief digest --resend %s\n", clean(m.MessageID))
			p.printf("    (it goes to the same addresses; new ones in the configuration are for new digests)\n")
		}
	}
	if len(s.Rejected) > 0 {
		p.printf("\nMessages that could not be taken as reports (they are still in their folders)\n")
	}
	for _, r := range s.Rejected {
		where := fmt.Sprintf("%s / %s, UID %d", short(r.Mailbox, 24), short(r.Folder, 24), r.UID)
		if r.UID == 0 { // a file
			where = clean(r.Folder)
		}
		p.printf("  %s\n", where)
		if r.From != "" {
			p.printf("    from %s: %s\n", short(r.From, 30), short(r.Subject, 60))
		}
		p.printf("    %s\n", short(r.Reason, 400))
	}
	return p.err
}

// A printer prints until a write fails.
type printer struct {
	a   *app
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		p.err = p.a.printf(format, args...)
	}
}

func orNever(t string) string {
	if t == "" {
		return "never"
	}
	return t
}
