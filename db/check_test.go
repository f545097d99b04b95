package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// The last look at a domain stands; what changed on the way is kept, in the order
// in which it was noticed, under numbers that a digest's watermark goes by.
func TestLooksAtDomainsAndWhatChangedBetweenThem(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := report.DomainCheck{Domain: "a.example", At: noon, Mode: tlsrpt.ModeTesting, Seen: []byte(`{"mx":["mx1"]}`)}
	second := report.DomainCheck{
		Domain: "a.example", At: noon.Add(24 * time.Hour), Mode: tlsrpt.ModeEnforce, Seen: []byte(`{"mx":["mx2"]}`),
		Findings: []report.CheckFinding{{Check: "probe", Code: "cert-expired", Severity: "error", Message: "m", Fix: "f", ResultType: tlsrpt.CertificateExpired}},
	}
	other := report.DomainCheck{Domain: "b.example", At: noon}
	isNew := report.DomainChange{Domain: "a.example", At: second.At, Code: "mx-new", Message: "mx2 is new", Fix: "look"}
	moved := report.DomainChange{Domain: "b.example", At: second.At.Add(time.Hour), Code: "mx-gone", Message: "mx1 is gone"}

	check(t, f.SaveDomainCheck(f.ctx, first, nil))
	check(t, f.SaveDomainCheck(f.ctx, other, nil))
	check(t, f.SaveDomainCheck(f.ctx, second, []report.DomainChange{isNew}))
	told := must(f.LastSeq(f.ctx))(t)
	check(t, f.SaveDomainCheck(f.ctx, other, []report.DomainChange{moved}))
	now := must(f.LastSeq(f.ctx))(t)

	checks := must(f.DomainChecks(f.ctx, []string{"a.example", "none.example"}))(t)
	if diff := cmp.Diff(map[string]report.DomainCheck{"a.example": second}, checks); diff != "" {
		t.Errorf("DomainChecks of two (-want +got):\n%s", diff)
	}
	if all := must(f.DomainChecks(f.ctx, nil))(t); len(all) != 2 {
		t.Errorf("DomainChecks of all: %+v", all)
	}
	for _, tt := range []struct {
		name   string
		filter report.ChangeFilter
		want   []report.DomainChange
	}{
		{"all", report.ChangeFilter{}, []report.DomainChange{isNew, moved}},
		{"of one domain", report.ChangeFilter{Domains: []string{"b.example"}}, []report.DomainChange{moved}},
		{"of no domain", report.ChangeFilter{Domains: []string{}}, nil},
		{"up to a watermark", report.ChangeFilter{SeqUpTo: told}, []report.DomainChange{isNew}},
		{"above a watermark", report.ChangeFilter{SeqAfter: told, SeqUpTo: now}, []report.DomainChange{moved}},
		{"from a time on", report.ChangeFilter{From: moved.At}, []report.DomainChange{moved}},
		{"before a time", report.ChangeFilter{To: moved.At}, []report.DomainChange{isNew}},
	} {
		if diff := cmp.Diff(tt.want, must(f.DomainChanges(f.ctx, tt.filter))(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
