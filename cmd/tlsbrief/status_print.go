package main

import (
	"fmt"
	"slices"
)

// printStatus prints the status as text, within 80 columns if the names allow it.
func (a *app) printStatus(s statusReport) error {
	p := &printer{a: a}
	for _, w := range s.Warnings {
		p.printf("WARNING: %s\n\n", printable(w))
	}
	p.mailboxes(s)
	p.printf("\nDigests\n")
	for _, row := range s.Digests {
		p.printf("  %s: last sent %s, next due %s\n", truncate(row.Name, 24), orNever(row.LastSent), orNever(row.NextDue))
	}
	if len(s.Outbox) > 0 {
		p.printf("\nOutbox\n")
	}
	for _, m := range s.Outbox {
		next := "next try " + m.NextAttempt
		if m.NextAttempt == "" {
			next = "FAILED FOR GOOD"
		}
		p.printf("  %s <%s>: %s, %s\n", truncate(m.Digest, 24), printable(m.MessageID), plural(int64(m.Attempts), "attempt"), next)
		if m.LastError != "" {
			p.printf("    %s\n", printable(m.LastError))
		}
		if m.NextAttempt == "" {
			p.printf("    mend the cause, then: tlsbrief digest --resend %s\n", printable(m.MessageID))
			p.printf("    (it goes to the same addresses; new ones in the configuration are for new digests)\n")
		}
	}
	p.pending(s)
	p.rejected(s)
	return p.err
}

// mailboxes prints the folders, those that could not be read first.
func (p *printer) mailboxes(s statusReport) {
	p.printf("Mailboxes\n")
	if len(s.Mailboxes) == 0 {
		p.printf("  none polled yet\n")
	}
	if s.OverrunSince != "" {
		p.printf("  A poll has been running since %s, longer than its interval: mail is waiting\n", s.OverrunSince)
	}
	failed := slices.IndexFunc(s.Mailboxes, func(f statusFolder) bool { return f.LastError == "" })
	if failed < 0 {
		failed = len(s.Mailboxes)
	}
	if failed > 0 && len(s.Mailboxes) > 1 {
		p.printf("  %d of %d folders could not be read at the last poll\n", failed, len(s.Mailboxes))
	}
	for i, f := range s.Mailboxes {
		if i == failed+maxReadableShown {
			p.printf("  and %s more that can be read: see tlsbrief status --json\n", plural(int64(len(s.Mailboxes)-i), "folder"))
			break
		}
		p.printf("  %s / %s: %d recorded, %d rejected, last poll %s\n", truncate(f.Mailbox, 24), truncate(f.Folder, 24), f.Recorded, f.Rejected, orNever(f.LastPoll))
		if f.LastError != "" {
			p.printf("    FAILED: %s\n", printable(f.LastError))
		}
		if f.Unread > 0 {
			p.printf("    %s not come, and may be no report; asked for again\n", messagesDo(f.Unread))
		}
	}
}

// rejected prints the newest messages that could not be taken as reports.
func (p *printer) rejected(s statusReport) {
	if s.RejectedTotal == 0 {
		return
	}
	p.printf("\nMessages that could not be taken as reports (they are still in their folders)\n")
	shown := s.Rejected[:min(len(s.Rejected), maxRejectedShown)]
	if more := s.RejectedTotal > int64(len(shown)); more {
		p.printf("  the newest %d of %d; tlsbrief status --json has up to %d\n", len(shown), s.RejectedTotal, maxRejected)
	}
	for _, r := range shown {
		where := fmt.Sprintf("%s / %s, UID %d", truncate(r.Mailbox, 24), truncate(r.Folder, 24), r.UID)
		if r.UID == 0 { // a file
			where = printable(r.Folder)
		}
		p.printf("  %s\n", where)
		if r.From != "" {
			p.printf("    from %s: %s\n", truncate(r.From, 30), truncate(r.Subject, 60))
		}
		p.printf("    %s\n", truncate(r.Reason, 400))
	}
}

func orNever(t string) string {
	if t == "" {
		return "never"
	}
	return t
}

// pending prints the pending messages.
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
		p.printf("  %s / %s, UID %d, %s\n", truncate(m.Mailbox, 24), truncate(m.Folder, 24), m.UID, when)
		if m.From != "" {
			p.printf("    from %s: %s\n", truncate(m.From, 30), truncate(m.Subject, 60))
		}
		p.printf("    %s\n", truncate(m.Reason, 400))
	}
}

// messagesDo returns the subject of a sentence about messages, with its verb.
func messagesDo(n int64) string {
	if n == 1 {
		return "1 message does"
	}
	return plural(n, "message") + " do"
}
