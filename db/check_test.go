package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/tlsrpt"
)

// The last look at a domain stands; what changed on the way is kept, in the order
// in which it was noticed, under numbers that a digest's watermark goes by.
func TestLooksAtDomainsAndWhatChangedBetweenThem(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := db.DomainCheck{Domain: "a.example", At: noon, Mode: tlsrpt.ModeTesting, Seen: []byte(`{"mx":["mx1"]}`)}
	second := db.DomainCheck{
		Domain: "a.example", At: noon.Add(24 * time.Hour), Mode: tlsrpt.ModeEnforce, Seen: []byte(`{"mx":["mx2"]}`),
		Findings: []db.CheckFinding{{Check: "probe", Code: "cert-expired", Severity: "error", Message: "m", Fix: "f", ResultType: tlsrpt.CertificateExpired}},
	}
	other := db.DomainCheck{Domain: "b.example", At: noon}
	isNew := db.DomainChange{Domain: "a.example", At: second.At, Code: "mx-new", Message: "mx2 is new", Fix: "look"}
	moved := db.DomainChange{Domain: "b.example", At: second.At.Add(time.Hour), Code: "mx-gone", Message: "mx1 is gone"}

	check(t, f.SaveDomainCheck(f.ctx, first, nil))
	check(t, f.SaveDomainCheck(f.ctx, other, nil))
	check(t, f.SaveDomainCheck(f.ctx, second, []db.DomainChange{isNew}))
	told := must(f.LastNews(f.ctx))(t)
	check(t, f.SaveDomainCheck(f.ctx, other, []db.DomainChange{moved}))
	now := must(f.LastNews(f.ctx))(t)

	checks := must(f.DomainChecks(f.ctx, []string{"a.example", "none.example"}))(t)
	if diff := cmp.Diff(map[string]db.DomainCheck{"a.example": second}, checks); diff != "" {
		t.Errorf("DomainChecks of two (-want +got):\n%s", diff)
	}
	if all := must(f.DomainChecks(f.ctx, nil))(t); len(all) != 2 {
		t.Errorf("DomainChecks of all: %+v", all)
	}
	for _, tt := range []struct {
		name   string
		filter db.ChangeFilter
		want   []db.DomainChange
	}{
		{"all", db.ChangeFilter{}, []db.DomainChange{isNew, moved}},
		{"of one domain", db.ChangeFilter{Domains: []string{"b.example"}}, []db.DomainChange{moved}},
		{"of no domain", db.ChangeFilter{Domains: []string{}}, nil},
		{"up to a watermark", db.ChangeFilter{NewsUpTo: told}, []db.DomainChange{isNew}},
		{"above a watermark", db.ChangeFilter{NewsAfter: told, NewsUpTo: now}, []db.DomainChange{moved}},
		{"from a time on", db.ChangeFilter{From: moved.At}, []db.DomainChange{moved}},
		{"before a time", db.ChangeFilter{To: moved.At}, []db.DomainChange{isNew}},
	} {
		if diff := cmp.Diff(tt.want, must(f.DomainChanges(f.ctx, tt.filter))(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
