package facts

import (
	"context"
	"maps"
	"time"

	"tlsbrief/internal/report"
)

// What the domain check writes down by these codes has a place of its own
// (docs/check.md). All that it writes down is printable, and bounded, when it is
// kept: to cut it to a line again would lose what a record was before.
const (
	CodeRecordGone = "tlsrpt-gone"
	codeRecordNew  = "tlsrpt-new"
	CodeHeld       = "mta-sts-urgent"
	CodeNotOurs    = "tlsrpt-rua-not-ours"
	CodeNoMail     = "tlsrpt-rua-no-mail"
)

// goneFor is how long it is told, where reports have stopped, that the record
// which asked for them has gone.
const goneFor = 60 * 24 * time.Hour

// foundFor is how long what the domain check found is told: where the worker checks
// no more, nobody knows whether it is still so.
const foundFor = 7 * 24 * time.Hour

// readChecks reads what the last domain check found, and what had changed since
// the digest before.
func readChecks(ctx context.Context, store Store, m *Facts, names []string, sel Selection) (err error) {
	if m.Checks, err = store.DomainChecks(ctx, names); err != nil || !m.Current {
		return err
	}
	maps.DeleteFunc(m.Checks, func(_ string, c report.DomainCheck) bool { return sel.Now.Sub(c.At) > foundFor })
	f := report.ChangeFilter{Domains: names, NewsAfter: sel.NewsAfter, NewsUpTo: m.Watermark}
	if !sel.Unsent.Since.IsZero() {
		f.NewsAfter = sel.Unsent.ChangesAfter
	}
	if sel.ByDays {
		f = report.ChangeFilter{Domains: names, From: sel.From.Time(), To: (sel.To + 1).Time()}
	}
	// A zero bound would be none.
	if sel.ByDays || m.Watermark > f.NewsAfter {
		if m.Changes, err = store.DomainChanges(ctx, f); err != nil {
			return err
		}
	}
	gone, err := store.DomainChanges(ctx, report.ChangeFilter{Domains: names, From: sel.Now.Add(-goneFor)})
	m.Gone = map[string]report.DomainChange{}
	for _, c := range gone { // the oldest first
		switch c.Code {
		case CodeRecordGone:
			m.Gone[c.Domain] = c
		case codeRecordNew:
			delete(m.Gone, c.Domain)
		}
	}
	return err
}
