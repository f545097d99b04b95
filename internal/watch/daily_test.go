package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
	"tlsbrief/internal/watch"
)

// A rig is a watcher on a database of its own, with a clock that the test sets and
// looks that the test answers.
type rig struct {
	db    *db.DB
	now   time.Time
	log   bytes.Buffer
	check watch.CheckFunc
	o     watch.Options
}

func newRig(t *testing.T, own ...string) *rig {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "tlsrpt.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	r := &rig{db: d, now: time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC), check: well}
	r.o = watch.Options{
		Store: d, Own: own, IsDomain: func(name string) bool { return strings.Contains(name, ".") },
		Check: func(ctx context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
			return r.check(ctx, domains, done)
		},
		Reports: func(_ context.Context, domain string, _ time.Time) (domaincheck.Reports, error) {
			return domaincheck.Reports{Ready: "ready: " + domain}, nil
		},
		Now: func() time.Time { return r.now }, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	return r
}

// well finds nothing wrong at any domain.
func well(ctx context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
	var results []domaincheck.Result
	for _, d := range domains {
		r := domaincheck.Result{Domain: d.Name, Verdict: domaincheck.OK, Answered: true}
		done(r)
		results = append(results, r)
	}
	return results, ctx.Err()
}

// stored returns the checks in the database.
func (r *rig) stored(t *testing.T) map[string]report.DomainCheck {
	t.Helper()
	checks, err := r.db.DomainChecks(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

// The check is due where no domain was looked at for a day, and stores what it saw.
func TestDailyCheckIsDueOnceADay(t *testing.T) {
	t.Parallel()
	r := newRig(t, "example.com", "*.example.org")
	w := watch.New(r.o)
	if !w.Due(t.Context()) {
		t.Error("a first check is not due")
	}
	if err := w.CheckDaily(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.stored(t); len(got) != 1 || !got["example.com"].At.Equal(r.now) {
		t.Errorf("stored is %+v, want example.com of now", got)
	}
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {24*time.Hour - time.Second, false}, {24 * time.Hour, true}} {
		r.now = r.now.Add(tt.after)
		if got := w.Due(t.Context()); got != tt.want {
			t.Errorf("%s later it is due: %v, want %v", tt.after, got, tt.want)
		}
		r.now = r.now.Add(-tt.after)
	}
	r.db.Close()
	if w.Due(t.Context()) {
		t.Error("it is due although the database cannot be read")
	}
}

// What the last check saw and what reports tell is known to the next one, and its
// findings and changes are stored.
func TestDailyCheckKnowsTheOneBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, "example.com")
	w := watch.New(r.o)
	record := "v=TLSRPTv1"
	finding := domaincheck.Finding{Check: "tlsrpt", Code: domaincheck.TLSRPTMissing, Severity: domaincheck.Error, Message: "It is missing.", Fix: "Add it."}
	var got []domaincheck.Domain
	r.check = func(_ context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
		got = slices.Clone(domains)
		done(domaincheck.Result{
			Domain: "example.com", Verdict: domaincheck.Error, Answered: true, Findings: []domaincheck.Finding{finding},
			Kept: domaincheck.Seen{Report: &record, Mode: "enforce"}, Changes: []domaincheck.Change{{Code: domaincheck.TLSRPTMissing, Message: "It is gone."}},
		})
		return nil, nil
	}
	for range 2 {
		if err := w.CheckDaily(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []domaincheck.Domain{{Name: "example.com", Before: &domaincheck.Seen{Report: &record, Mode: "enforce"}, Reports: domaincheck.Reports{Ready: "ready: example.com"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the second check looks at (-want +got):\n%s", diff)
	}
	c := r.stored(t)["example.com"]
	if len(c.Findings) != 1 || c.Findings[0].Code != string(finding.Code) || c.Findings[0].Severity != "error" || c.Mode != "enforce" || !json.Valid(c.Seen) {
		t.Errorf("stored is %+v", c)
	}
	changes, err := r.db.DomainChanges(t.Context(), report.ChangeFilter{})
	if err != nil || len(changes) != 2 || changes[0].Message != "It is gone." {
		t.Errorf("%v, changes %+v; want one of each check", err, changes)
	}
	if s := r.log.String(); !strings.Contains(s, "count=1 to_mend=1 changes=1") {
		t.Errorf("the log is\n%s", s)
	}
}

// A manyReported is a database in which reports name many domains.
type manyReported struct {
	*db.DB
	names []string
}

func (m manyReported) CountedDomains(context.Context) ([]string, error) { return m.names, nil }

// Anybody's report may name thousands of domains: they must not keep the worker from
// one's own, nor from those it knows.
func TestDomainsThatOnlyReportsNameTakeTurns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ more, left int }{{0, 0}, {4996, 0}, {4999, 3}} {
		r := newRig(t, "own.example", "*.ours.example")
		for hour, name := range []string{"c.early", "b.late"} {
			err := r.db.SaveDomainCheck(t.Context(), report.DomainCheck{Domain: name, At: time.Unix(int64(hour)*3600, 0), Seen: json.RawMessage("{}")}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		names := []string{"a.new", "no domain", "b.late", "c.early", "own.example", "d.new", "mail.ours.example"}
		for i := range tt.more {
			names = append(names, fmt.Sprintf("more%d.example", i))
		}
		r.o.Store = manyReported{r.db, names}
		var got []domaincheck.Domain
		r.check = func(_ context.Context, domains []domaincheck.Domain, _ func(domaincheck.Result)) ([]domaincheck.Result, error) {
			got = domains
			return nil, nil
		}
		if err := watch.New(r.o).CheckDaily(t.Context()); err != nil {
			t.Fatal(err)
		}
		var first []string
		for _, d := range got[:6] {
			first = append(first, d.Name)
		}
		if want := "own.example mail.ours.example c.early b.late a.new d.new"; strings.Join(first, " ") != want || len(got) != 6+tt.more-tt.left {
			t.Errorf("%d more: %d domains, first %v; want %s", tt.more, len(got), first, want)
		}
		if got[1].Reported || !got[2].Reported {
			t.Errorf("one's own or another's: %+v", got[:3])
		}
		if s := r.log.String(); strings.Contains(s, "level=WARN") != (tt.left > 0) || tt.left > 0 && !strings.Contains(s, fmt.Sprintf("count=%d\n", tt.left)) {
			t.Errorf("%d more: want %d left out, the log is\n%s", tt.more, tt.left, s)
		}
	}
}

// What DNS does not answer is stored only if it answered for another domain; a look
// after a stop is not stored.
func TestDailyCheckStoresOnlyWhatItSaw(t *testing.T) {
	t.Parallel()
	broken := errors.New("no resolver")
	for name, tt := range map[string]struct {
		answered map[string]bool
		stop     bool
		err      error
		want     []string
		wantErr  error
	}{
		"all answered":     {map[string]bool{"a.example": true, "b.example": true}, false, nil, []string{"a.example", "b.example"}, nil},
		"one unanswered":   {map[string]bool{"a.example": true, "b.example": false}, false, nil, []string{"a.example", "b.example"}, nil},
		"none answered":    {map[string]bool{"a.example": false, "b.example": false}, false, nil, nil, watch.ErrNoDNS},
		"stopped":          {map[string]bool{"a.example": true, "b.example": true}, true, context.Canceled, []string{"a.example"}, context.Canceled},
		"no look possible": {nil, false, broken, nil, broken},
	} {
		r := newRig(t, "a.example", "b.example")
		ctx, stop := context.WithCancel(t.Context())
		r.check = func(_ context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
			for _, d := range domains {
				if answered, ok := tt.answered[d.Name]; ok {
					done(domaincheck.Result{Domain: d.Name, Verdict: domaincheck.OK, Answered: answered})
				}
				if tt.stop {
					stop()
				}
			}
			return nil, tt.err
		}
		err := watch.New(r.o).CheckDaily(ctx)
		stop()
		var got []string
		for _, d := range []string{"a.example", "b.example"} {
			if _, ok := r.stored(t)[d]; ok {
				got = append(got, d)
			}
		}
		if !errors.Is(err, tt.wantErr) || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, stored %v; want %v, %v", name, err, got, tt.wantErr, tt.want)
		}
	}
}

// There may be nothing to look at, and a second check beside the first does nothing.
func TestDailyCheckThatHasNothingToDo(t *testing.T) {
	t.Parallel()
	r := newRig(t, "*.example.com")
	if err := watch.New(r.o).CheckDaily(t.Context()); err != nil || !strings.Contains(r.log.String(), "no domain to check") {
		t.Errorf("%v, the log is\n%s", err, r.log.String())
	}
	r = newRig(t, "example.com")
	w, looks := watch.New(r.o), 0
	r.check = func(ctx context.Context, _ []domaincheck.Domain, _ func(domaincheck.Result)) ([]domaincheck.Result, error) {
		looks++
		return nil, w.CheckDaily(ctx)
	}
	if err := w.CheckDaily(t.Context()); err != nil || looks != 1 {
		t.Errorf("%v, %d looks; want one", err, looks)
	}
}

// Named domains come once each, in their order; no others are taken then.
func TestNamedDomains(t *testing.T) {
	t.Parallel()
	r := newRig(t, "own.example", "own.example")
	r.o.Store = manyReported{r.db, []string{"reported.example"}}
	w := watch.New(r.o)
	for _, tt := range []struct{ named, want []string }{
		{[]string{"b.example", "a.example", "b.example"}, []string{"b.example", "a.example"}},
		{nil, []string{"own.example", "reported.example"}},
	} {
		domains, err := w.Domains(t.Context(), tt.named)
		if err == nil {
			err = w.AddHistory(t.Context(), domains)
		}
		var got []string
		for _, d := range domains {
			got = append(got, d.Name)
			if d.Reports.Ready != "ready: "+d.Name {
				t.Errorf("%s: reports tell %q", d.Name, d.Reports.Ready)
			}
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, %v; want %v", tt.named, got, err, tt.want)
		}
	}
}
