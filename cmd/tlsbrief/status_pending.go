package main

import (
	"context"
	"slices"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/report"
)

// A statusPending is a message that the server has not given yet.
type statusPending struct {
	Mailbox     string `json:"mailbox"`
	Folder      string `json:"folder"`
	UID         uint32 `json:"uid"`
	MessageID   string `json:"message_id"`
	From        string `json:"from"`
	Subject     string `json:"subject"`
	Reason      string `json:"reason"`
	Since       string `json:"since"`
	Quarantined bool   `json:"quarantined"` // it is asked for alone, and not before next_try
	NextTry     string `json:"next_try"`    // empty: at the next poll
}

// maxPending is how many pending messages JSON has at most.
const maxPending = 1000

// readPending adds the messages that are asked for again. Of one of which nothing says
// that it is a report, which may be somebody's private mail, only the folder counts it.
func (s *statusReport) readPending(ctx context.Context, c *config.Config, d *db.DB) error {
	return d.EachPending(ctx, func(m report.PendingMessage) error {
		if !slices.ContainsFunc(c.Mailboxes, func(box config.Mailbox) bool { return box.Name == m.Mailbox }) {
			return nil // it is polled no more
		}
		if m.Claimed {
			if s.PendingTotal++; len(s.Pending) < maxPending {
				s.Pending = append(s.Pending, statusPending{
					m.Mailbox, m.Folder, m.UID, m.MessageID, m.From, m.Subject, m.Reason, timestamp(m.Since), !m.NextTry.IsZero(), timestamp(m.NextTry),
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

// pending prints the messages that the server has not given yet.
func (p *printer) pending(s statusReport) {
	if s.PendingTotal == 0 {
		return
	}
	p.printf("\nReports that their server does not give (they are asked for again)\n")
	shown := s.Pending[:min(len(s.Pending), maxRejectedShown)]
	if s.PendingTotal > int64(len(shown)) {
		p.printf("  %d of %d; tlsbrief status --json has up to %d\n", len(shown), s.PendingTotal, maxPending)
	}
	for _, m := range shown {
		when := "at the next poll"
		if m.Quarantined {
			when = "QUARANTINED: alone, " + m.NextTry
		}
		p.printf("  %s / %s, UID %d, %s\n", short(m.Mailbox, 24), short(m.Folder, 24), m.UID, when)
		if m.From != "" {
			p.printf("    from %s: %s\n", short(m.From, 30), short(m.Subject, 60))
		}
		p.printf("    %s\n", short(m.Reason, 400))
	}
}

// messagesDo is the subject of a sentence about messages, with its verb.
func messagesDo(n int64) string {
	if n == 1 {
		return "1 message does"
	}
	return plural(n, "message") + " do"
}
