package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/report"
)

// newStatusCommand returns "tlsbrief status".
func newStatusCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show mailboxes, polls, digests, the outbox and rejected messages",
		Long: `Shows when each folder was last polled and how it went, when each digest was
last sent and is next due, which mails wait or failed for good, which reports
their server does not give (in quarantine: asked for rarely and alone), and
which messages looked like reports but could not be taken as such. Folders
that cannot be read come first. Of many that can, and of many messages, some
are shown and the others counted; --json has all folders, and the newest 1,000
messages.`,
		Example: "  tlsbrief status\n  tlsbrief status --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withReadDB(cmd.Context(), func(c *config.Config, d *db.DB) error {
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
		Mailboxes     []statusFolder   `json:"mailboxes"`     // those that fail first
		OverrunSince  string           `json:"overrun_since"` // the start of a poll that takes longer than its interval
		Digests       []statusDigest   `json:"digests"`
		Outbox        []statusMail     `json:"outbox"`
		Pending       []statusPending  `json:"pending"`        // not given by the server; polls ask again
		PendingTotal  int64            `json:"pending_total"`  // how many there are
		Rejected      []statusRejected `json:"rejected"`       // the newest, the newest first
		RejectedTotal int64            `json:"rejected_total"` // how many there are
		Warnings      []string         `json:"warnings"`
	}
	statusFolder struct {
		Mailbox   string        `json:"mailbox"`
		Folder    string        `json:"folder"`
		LastPoll  string        `json:"last_poll"`
		LastError string        `json:"last_error"`
		Cursor    *statusCursor `json:"cursor"` // null before the first poll
		Recorded  int64         `json:"recorded"`
		Rejected  int64         `json:"rejected"`
		Unread    int64         `json:"unread"` // pending messages whose header does not claim a TLS report
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

// The limits of what status shows.
const (
	maxRejected      = 1000 // in JSON
	maxRejectedShown = 20   // in text
	maxReadableShown = 20   // folders without an error, in text
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
	s := statusReport{
		Mailboxes: []statusFolder{}, Digests: []statusDigest{}, Outbox: []statusMail{}, Pending: []statusPending{}, Rejected: []statusRejected{}, Warnings: []string{},
		OverrunSince: timestamp(overrunSince(c, time.Now())),
	}
	folders, err := d.Folders(ctx)
	if err != nil {
		return s, err
	}
	for _, f := range folders {
		if !isPolled(c, f) {
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
	slices.SortStableFunc(s.Mailboxes, func(a, b statusFolder) int { // those with an error first
		return cmp.Compare(min(len(b.LastError), 1), min(len(a.LastError), 1))
	})
	if err := s.readPending(ctx, c, d); err != nil {
		return s, err
	}
	if s.Warnings, err = clockWarnings(ctx, d); err != nil {
		return s, err
	}
	if err := a.readDigestStatus(ctx, c, d, &s); err != nil {
		return s, err
	}
	names := make([]string, 0, len(c.Mailboxes))
	for _, m := range c.Mailboxes {
		names = append(names, m.Name) // messages of other mailboxes are not shown
	}
	rejected, all, err := d.NewestRejected(ctx, names, maxRejected)
	if err != nil {
		return s, err
	}
	s.RejectedTotal = all
	for _, r := range rejected {
		s.Rejected = append(s.Rejected, statusRejected{r.Mailbox, r.Folder, r.UID, r.MessageID, r.From, r.Subject, r.Text})
	}
	return s, nil
}

// isPolled reports whether the configuration may still name a folder. A special use or
// a pattern may match any.
func isPolled(c *config.Config, f report.Folder) bool {
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
		digester, err := a.newDigester(c, d, nil)
		if err != nil {
			return err
		}
		for _, name := range digester.Names() {
			state, err := d.DigestState(ctx, name)
			if err != nil {
				return err
			}
			due, err := digester.NextDue(ctx, name)
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

// readPending adds the pending messages. A message whose header does not claim a TLS
// report may be private mail, so its folder only counts it.
func (s *statusReport) readPending(ctx context.Context, c *config.Config, d *db.DB) error {
	return d.EachPending(ctx, func(m report.PendingMessage) error {
		if !hasMailbox(c, m.Mailbox) {
			return nil
		}
		if m.Claimed {
			if s.PendingTotal++; len(s.Pending) < maxPending {
				s.Pending = append(s.Pending, statusPending{
					m.Mailbox, m.Folder, m.UID, m.MessageID, m.From, m.Subject, m.Text, timestamp(m.Since), !m.NextTry.IsZero(), timestamp(m.NextTry),
				})
			}
			return nil
		}
		for i := range s.Mailboxes {
			if f := &s.Mailboxes[i]; f.Mailbox == m.Mailbox && f.Folder == m.Folder {
				f.Unread++
			}
		}
		return nil
	})
}

// A statusPending is a pending message that claims to be a TLS report.
type statusPending struct {
	Mailbox     string `json:"mailbox"`
	Folder      string `json:"folder"`
	UID         uint32 `json:"uid"`
	MessageID   string `json:"message_id"`
	From        string `json:"from"`
	Subject     string `json:"subject"`
	Reason      string `json:"reason"`
	Since       string `json:"since"`
	Quarantined bool   `json:"quarantined"` // fetched alone, and not before next_try
	NextTry     string `json:"next_try"`    // empty: at the next poll
}

// maxPending is how many pending messages JSON lists.
const maxPending = 1000
