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

// checks reads what the last domain check found, and what had changed since
// the digest before.
func (r *reader) checks(ctx context.Context) (err error) {
	if r.f.Checks, err = r.store.DomainChecks(ctx, r.names); err != nil || !r.f.Current {
		return err
	}
	maps.DeleteFunc(r.f.Checks, func(_ string, c report.DomainCheck) bool { return r.q.Now.Sub(c.At) > foundFor })
	f := report.ChangeFilter{Domains: r.names, SeqAfter: r.q.SeqAfter, SeqUpTo: r.f.Watermark}
	if !r.q.Unsent.Since.IsZero() {
		f.SeqAfter = r.q.Unsent.ChangesAfter
	}
	if r.q.ByDays {
		f = report.ChangeFilter{Domains: r.names, From: r.q.From.Time(), To: (r.q.To + 1).Time()}
	}
	// A zero bound would be none.
	if r.q.ByDays || r.f.Watermark > f.SeqAfter {
		if r.f.Changes, err = r.store.DomainChanges(ctx, f); err != nil {
			return err
		}
	}
	gone, err := r.store.DomainChanges(ctx, report.ChangeFilter{Domains: r.names, From: r.q.Now.Add(-goneFor)})
	r.f.Gone = map[string]report.DomainChange{}
	for _, c := range gone { // the oldest first
		switch c.Code {
		case CodeRecordGone:
			r.f.Gone[c.Domain] = c
		case codeRecordNew:
			delete(r.f.Gone, c.Domain)
		}
	}
	return err
}
