package watch_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tlsbrief/internal/domaincheck"
	"tlsbrief/internal/report"
	"tlsbrief/internal/resolver"
	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/watch"
)

// A look is one call of a CheckFunc.
type look struct {
	names   []string
	connect bool
	limit   time.Duration
}

// newProber returns a prober whose looks take some time each, and find what result
// returns for a domain.
func newProber(took time.Duration, result func(name string) domaincheck.Result) (*watch.Prober, *[]look) {
	looks := new([]look)
	check := func(connect bool) watch.CheckFunc {
		return func(ctx context.Context, domains []domaincheck.Domain, done func(domaincheck.Result)) ([]domaincheck.Result, error) {
			deadline, _ := ctx.Deadline()
			l := look{connect: connect, limit: time.Until(deadline)}
			results := make([]domaincheck.Result, len(domains))
			for i, d := range domains {
				l.names = append(l.names, d.Name)
				results[i] = result(d.Name)
				done(results[i])
			}
			*looks = append(*looks, l)
			time.Sleep(took)
			return results, ctx.Err()
		}
	}
	return watch.NewProber(watch.Options{
		Own: []string{"own.example"}, IsDomain: func(name string) bool { return strings.Contains(name, ".") },
		Check: check(true), CheckDNS: check(false), Now: time.Now,
	}), looks
}

func probesOf(names ...string) (probes []report.Probe) {
	for _, name := range names {
		probes = append(probes, report.Probe{Domain: name}, report.Probe{Domain: name, Result: tlsrpt.CertificateExpired, MX: "mx." + name})
	}
	return probes
}

func found(findings ...domaincheck.Finding) func(string) domaincheck.Result {
	return func(name string) domaincheck.Result {
		return domaincheck.Result{Domain: name, Findings: findings, Answered: true}
	}
}

// Each domain of a digest is looked at once; what is no domain is left out.
func TestProbesOfADomainShareALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		missing := domaincheck.Finding{Code: domaincheck.TLSRPTMissing, Message: "It is missing.", Fix: "Add it."}
		p, looks := newProber(time.Second, found(missing))
		answers := p.Probe(t.Context(), probesOf("a.example", "b.example", "nodomain"))
		if len(*looks) != 1 || !slices.Equal((*looks)[0].names, []string{"a.example", "b.example"}) {
			t.Errorf("looks %+v, want one at a.example and b.example", *looks)
		}
		want := report.Answer{State: report.AnswerSo, Words: "It is missing.", Fix: "Add it."}
		if got := answers[report.Probe{Domain: "a.example"}]; got != want || len(answers) != 4 {
			t.Errorf("%d answers, one is %+v; want 4, and %+v", len(answers), got, want)
		}
	})
}

// A digest's probes may take 45 seconds, and those of an hour ten minutes; after the
// hour there is time again.
func TestProbesOfAnHourHaveABudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, looks := newProber(40*time.Second, found())
		for n := 1; n <= 20; n++ {
			p.Probe(t.Context(), probesOf("a.example"))
			want := min(45*time.Second, 10*time.Minute-time.Duration(n-1)*40*time.Second)
			if want <= 0 {
				break
			}
			if len(*looks) != n || (*looks)[n-1].limit != want {
				t.Fatalf("digest %d: %+v, want a look of %s", n, *looks, want)
			}
		}
		if n := len(*looks); n != 15 {
			t.Errorf("%d looks, want the 15 that fit into ten minutes", n)
		}
		if answers := p.Probe(t.Context(), probesOf("a.example")); answers != nil {
			t.Errorf("answers %v where there is no time", answers)
		}
		time.Sleep(51 * time.Minute)
		if p.Probe(t.Context(), probesOf("a.example")); len(*looks) != 16 || (*looks)[15].limit != 45*time.Second {
			t.Errorf("an hour later: %d looks", len(*looks))
		}
	})
}

// Three domains in a row to whose mail servers no connection can be made: the port
// is blocked, and mail servers are left alone for an hour.
func TestBlockedPortEndsConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed := domaincheck.Result{Findings: []domaincheck.Finding{{Code: domaincheck.ProbeClosed}}}
		reached := domaincheck.Result{Servers: []domaincheck.Server{{Host: "mx"}}}
		p, looks := newProber(time.Second, func(name string) domaincheck.Result {
			return map[bool]domaincheck.Result{true: closed, false: reached}[strings.HasPrefix(name, "closed")]
		})
		connects := func(when string, want bool, names ...string) {
			t.Helper()
			p.Probe(t.Context(), probesOf(names...))
			if got := (*looks)[len(*looks)-1].connect; got != want {
				t.Errorf("%s: it connects %v, want %v", when, got, want)
			}
		}
		connects("at first", true, "closed1.example", "closed2.example")
		connects("after two", true, "open.example", "closed3.example")
		connects("not in a row", true, "closed4.example", "closed5.example")
		connects("after three in a row", false, "open.example")
		time.Sleep(time.Hour - 3*time.Second)
		connects("within the hour", false, "open.example")
		time.Sleep(5 * time.Second)
		connects("after the hour", true, "closed1.example", "closed2.example")
		connects("counted anew", true, "open.example")
	})
}

// What cannot be seen for want of connections is said with its reason.
func TestAnswersOfRealLooks(t *testing.T) {
	t.Parallel()
	w := domaintest.New(t)
	w.Renew(w.Domain("expired.example").MX, domaintest.Template{Until: time.Now().Add(-49 * time.Hour)})
	w.Domain("well.example")
	for name, tt := range map[string]struct {
		domain  string
		noProbe bool
		cancel  bool
		result  tlsrpt.ResultType
		state   report.AnswerState
		words   string
	}{
		"so":              {"expired.example", false, false, tlsrpt.CertificateExpired, report.AnswerSo, "expired 2 days ago"},
		"another fault":   {"expired.example", false, false, tlsrpt.CertificateHostMismatch, report.AnswerOther, "expired 2 days ago"},
		"not seen":        {"well.example", false, false, tlsrpt.CertificateExpired, report.AnswerNotSeen, ""},
		"port blocked":    {"well.example", true, false, tlsrpt.CertificateExpired, report.AnswerUnchecked, "None of the mail servers tried before could be connected to on port 25"},
		"record is there": {"well.example", true, false, "", report.AnswerNotSeen, "the TLS-RPT record of well.example is"},
		"no time":         {"well.example", false, true, tlsrpt.CertificateExpired, report.AnswerUnchecked, "The look was not finished in time."},
	} {
		checker := domaincheck.New(domaincheck.Options{
			DNS: resolver.New(resolver.Options{Server: w.DNS.Addr()}), Roots: w.Root.Pool(), SMTPPort: w.SMTPPort, HTTPSPort: w.HTTPSPort,
			Private: true, NoProbe: tt.noProbe, Timeout: 5 * time.Minute,
		})
		p := watch.NewProber(watch.Options{IsDomain: func(string) bool { return true }, Check: checker.CheckAll, Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		if tt.cancel {
			cancel()
		}
		q := report.Probe{Domain: tt.domain, Result: tt.result, MX: "mx." + tt.domain}
		got := p.Probe(ctx, []report.Probe{q})[q]
		cancel()
		if got.State != tt.state || !strings.Contains(got.Words, tt.words) {
			t.Errorf("%s: %+v, want %s and %q", name, got, tt.state, tt.words)
		}
	}
}
