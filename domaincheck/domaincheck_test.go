package domaincheck

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/miekg/dns"

	"tlsbrief/tlsrpt"
)

// stall says nothing until the other side goes.
func stall(conn net.Conn) { conn.Read(make([]byte, 1)) }

// drip sends a byte of a greeting now and then.
func drip(conn net.Conn) {
	for {
		if _, err := conn.Write([]byte("2")); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond) // the pace is the fault
	}
}

func TestEachFaultHasItsFinding(t *testing.T) {
	t.Parallel()
	year := time.Now().AddDate(1, 0, 0)
	policy := func(change ...string) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.policy = serve(strings.NewReplacer(change...).Replace(goodPolicy)) }
	}
	text := func(name string, records ...string) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.dns.SetTXT(name+".healthy.example", records...) }
	}
	const report, sts = "_smtp._tls", "_mta-sts"
	tests := []struct {
		name  string
		fault func(*testing.T, *rig)
		want  string // "code severity result-type", each finding
	}{
		{"a healthy domain has none", func(*testing.T, *rig) {}, ""},
		{"healthy, with DANE", func(_ *testing.T, r *rig) { r.tlsa(r.leaf, true) }, ""},
		{"healthy, with a tag in rua", text(report, "v=TLSRPTv1; rua=mailto:Reports+tls@healthy.example,https://r.example/"), ""},
		{"truncated to TCP", func(_ *testing.T, r *rig) { r.dns.Truncate("_smtp._tls.healthy.example") }, ""},

		{"no TLS-RPT record", text(report), "tlsrpt-missing error"},
		{"TLS-RPT at a wrong name", func(_ *testing.T, r *rig) {
			r.dns.SetTXT("_smtp._tls.healthy.example")
			r.dns.SetTXT("_tls._smtp.healthy.example", "v=TLSRPTv1; rua=mailto:a@healthy.example")
		}, "tlsrpt-wrong-name error"},
		{"several TLS-RPT records", text(report, "v=TLSRPTv1; rua=mailto:a@healthy.example", "v=TLSRPTv1; rua=mailto:b@healthy.example"), "tlsrpt-several error"},
		{"TLS-RPT without rua", text(report, "v=TLSRPTv1;"), "tlsrpt-syntax error"},
		{"another version", text(report, "v=TLSRPT1; rua=mailto:a@healthy.example"), "tlsrpt-syntax error"},
		{"rua elsewhere", text(report, "v=TLSRPTv1; rua=mailto:x@healthy.example"), "tlsrpt-rua-not-ours warning"},
		{"rua that takes no mail", text(report, "v=TLSRPTv1; rua=mailto:reports@healthy.example,mailto:x@gone.example"), "tlsrpt-rua-no-mail error"},

		{"no MTA-STS", text(sts), "mta-sts-missing warning"},
		{"several MTA-STS records", text(sts, "v=STSv1; id=1", "v=STSv1; id=2"), "mta-sts-several error"},
		{"MTA-STS without id", text(sts, "v=STSv1;"), "mta-sts-syntax error"},
		{"no policy host", func(_ *testing.T, r *rig) { r.dns.Set("mta-sts.healthy.example") }, "mta-sts-fetch error sts-policy-fetch-error"},
		{"policy not found", func(_ *testing.T, r *rig) { r.policy = http.NotFound }, "mta-sts-status error sts-policy-fetch-error"},
		{"policy redirected", func(_ *testing.T, r *rig) {
			r.policy = func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/other", http.StatusFound) }
		}, "mta-sts-redirect error sts-policy-fetch-error"},
		{"policy as HTML", func(_ *testing.T, r *rig) {
			r.policy = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, goodPolicy)
			}
		}, "mta-sts-type warning sts-policy-fetch-error"},
		{"policy too large", policy("mode", strings.Repeat("x", maxPolicy)+": y\r\nmode"), "mta-sts-size error sts-policy-fetch-error"},
		{"policy for another name", func(t *testing.T, r *rig) { r.web = issue(t, r.root, false, year, "other.example") }, "mta-sts-certificate error sts-webpki-invalid"},
		{"policy without version", policy("version", "verison"), "mta-sts-policy error sts-policy-invalid"},
		{"testing", policy("enforce", "testing"), "mta-sts-mode info"},
		{"short max_age", policy("604800", "60"), "mta-sts-max-age warning"},
		{"MX not in the policy", policy("mx.healthy", "other.healthy"), "mta-sts-mx-unmatched error validation-failure, mta-sts-mx-unused info"},
		{"MX not in a testing policy", policy("mx.healthy", "*.other.healthy", "enforce", "testing"), "mta-sts-mode info, mta-sts-mx-unmatched warning validation-failure, mta-sts-mx-unused info"},

		{"no such domain", func(_ *testing.T, r *rig) { r.domain.Name = "absent.example" }, "domain-missing error"},
		{"SERVFAIL", func(_ *testing.T, r *rig) { r.dns.Fail("healthy.example", dns.RcodeServerFailure) }, "dns-failed error"},
		{"lame", func(_ *testing.T, r *rig) { r.dns.Fail("healthy.example", dns.RcodeRefused) }, "dns-failed error"},
		{"null MX", func(_ *testing.T, r *rig) { r.dns.Set("healthy.example", "MX 0 .") }, "mx-null info"},
		{"null MX and another", func(_ *testing.T, r *rig) { r.dns.Set("healthy.example", "MX 0 .", "MX 10 mx.healthy.example.") }, "mx-null-mixed error"},
		{"no MX", func(_ *testing.T, r *rig) { r.dns.Set("healthy.example") }, "mx-missing warning, mx-no-address error, tlsrpt-rua-no-mail error, mta-sts-mx-unmatched error validation-failure, mta-sts-mx-unused info"},
		{"MX is an alias", func(_ *testing.T, r *rig) {
			r.dns.SetCNAME("mx.healthy.example", "real.healthy.example")
			r.dns.Set("real.healthy.example", "A 127.0.0.1")
		}, "mx-cname warning"},
		{"MX without address", func(_ *testing.T, r *rig) { r.dns.Set("mx.healthy.example") }, "mx-no-address error"},
		{"only reports name it, and it is no mail domain", func(_ *testing.T, r *rig) { r.domain = Domain{Name: "mx.healthy.example", Reported: true} }, "domain-no-mail info"},
		{"only reports name it", func(_ *testing.T, r *rig) { r.domain.Reported = true }, "mx-private info, mta-sts-fetch error sts-policy-fetch-error"},

		{"TLSA without AD", func(_ *testing.T, r *rig) { r.tlsa(r.leaf, false) }, "dane-unsigned warning"},
		{"TLSA with wrong signatures", func(_ *testing.T, r *rig) { r.tlsa(r.leaf, true); r.dns.Bogus("_25._tcp.mx.healthy.example") }, "dane-bogus error dnssec-invalid"},
		{"TLSA of a usage that SMTP has not", func(_ *testing.T, r *rig) {
			r.dns.Set("_25._tcp.mx.healthy.example", "TLSA 1 1 1 "+strings.Repeat("00", 32))
			r.dns.Secure("_25._tcp.mx.healthy.example")
		}, "dane-usage warning"},
		{"TLSA of another key", func(_ *testing.T, r *rig) { r.tlsa(r.root, true) }, "dane-mismatch error tlsa-invalid"},

		{"port closed", func(_ *testing.T, r *rig) { r.closed = true }, "probe-port-closed info"},
		{"no STARTTLS", func(_ *testing.T, r *rig) { r.noSTARTTLS = true }, "probe-no-starttls error starttls-not-supported"},
		{"never answers", func(_ *testing.T, r *rig) { r.session, r.options.StepTimeout = stall, time.Second }, "probe-silent warning"},
		{"a byte now and then", func(_ *testing.T, r *rig) { r.session, r.options.StepTimeout = drip, time.Second }, "probe-silent warning"},
		{"refuses", func(_ *testing.T, r *rig) { r.session = func(c net.Conn) { fmt.Fprint(c, "554 no\r\n") } }, "probe-refused warning"},
		{"not probed", func(_ *testing.T, r *rig) { r.noSTARTTLS, r.options.NoProbe = true, true }, ""},
		{"TLS 1.0 only", func(_ *testing.T, r *rig) { r.tls.MinVersion, r.tls.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }, "probe-old-tls error validation-failure"},
		{"expired", func(t *testing.T, r *rig) {
			r.leaf = issue(t, r.middle, false, time.Now().Add(-time.Hour), "mx.healthy.example")
		}, "cert-expired error certificate-expired"},
		{"expires soon", func(t *testing.T, r *rig) {
			r.leaf = issue(t, r.middle, false, time.Now().Add(time.Hour), "mx.healthy.example")
		}, "cert-expiring warning"},
		{"wrong name", func(t *testing.T, r *rig) { r.leaf = issue(t, r.middle, false, year, "other.example") }, "cert-name error certificate-host-mismatch"},
		{"self-signed", func(t *testing.T, r *rig) { r.leaf, r.chain = issue(t, nil, false, year, "mx.healthy.example"), nil }, "cert-self-signed error certificate-not-trusted"},
		{"without its intermediate", func(_ *testing.T, r *rig) { r.chain = nil }, "cert-chain error certificate-not-trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tt.fault(t, r)
			result := r.checker(t).Check(t.Context(), r.domain)
			var got []string
			verdict := OK
			for _, f := range result.Findings {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Code, f.Severity, f.ResultType)))
				if f.Severity == Error || f.Severity == Warning && verdict == OK {
					verdict = f.Severity
				}
				if f.Message == "" || strings.ContainsFunc(f.Message+f.Fix, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("the message %q is no line of text", f.Message)
				}
			}
			if s := strings.Join(got, ", "); s != tt.want || result.Verdict != verdict {
				t.Errorf("findings %q, verdict %s; want %q\n%+v", s, result.Verdict, tt.want, result.Findings)
			}
		})
	}
}

// One that never answers delays none of the others.
func TestManyDomainsBesideOneThatNeverAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dns.Exist("silent.example")
	release := r.dns.Hold("silent.example")
	defer release()
	r.options.Concurrency = 4
	c := r.checker(t)
	domains := []Domain{{Name: "silent.example"}}
	for range 40 {
		domains = append(domains, r.domain)
	}
	done := 0
	results, err := c.CheckAll(t.Context(), domains, func(got Result) {
		if done++; done == len(domains)-1 {
			release() // all others are through while it still waits
		}
		if got.Domain == "silent.example" && done < len(domains) {
			t.Errorf("the silent domain was done as number %d", done)
		}
	})
	if err != nil || done != len(domains) {
		t.Fatalf("%d of %d domains done, %v", done, len(domains), err)
	}
	for i, got := range results[1:] {
		if got.Domain != "healthy.example" || len(got.Findings) > 0 {
			t.Errorf("result %d: %+v", i+1, got)
		}
	}
}

func TestADomainHasItsDeadline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	release := r.dns.Hold("healthy.example")
	defer release()
	r.options.Timeout = 100 * time.Millisecond
	result := r.checker(t).Check(t.Context(), r.domain)
	last := result.Findings[len(result.Findings)-1]
	if last.Code != Timeout || result.Answered {
		t.Errorf("findings %+v, answered %v; want a timeout and no answer", result.Findings, result.Answered)
	}
}

func TestTheDocumentationHasEveryCode(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	for code, k := range kinds() {
		if !strings.Contains(string(data), "| `"+string(code)+"` | "+string(k.severity)+" |") {
			t.Errorf("docs/check.md has no row for %s, %s", code, k.severity)
		}
		if k.result != "" && !k.result.Known() {
			t.Errorf("%s has the unknown result type %q", code, k.result)
		}
	}
}

func FuzzReportRecord(f *testing.F) {
	f.Add("v=TLSRPTv1; rua=mailto:a@b.example, https://c.example/d")
	f.Fuzz(func(t *testing.T, s string) {
		rua, err := parseReportRecord(s)
		if (err == nil) != (len(rua) > 0) || len(rua) > maxRua {
			t.Errorf("%d rua with error %v", len(rua), err)
		}
		checkLine(t, err)
		for _, uri := range rua {
			if clean(uri, len(uri)+1) != uri {
				t.Errorf("rua %q does not print", uri)
			}
		}
	})
}

func FuzzSTSRecord(f *testing.F) {
	f.Add("v=STSv1; id=20260101;")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := parseSTSRecord(s)
		if err == nil && (id == "" || len(id) > 32 || !strings.Contains(s, id)) {
			t.Errorf("id %q", id)
		}
		checkLine(t, err)
	})
}

func FuzzPolicy(f *testing.F) {
	f.Add(goodPolicy)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePolicy(s)
		checkLine(t, err)
		if err != nil {
			return
		}
		if p.mode != tlsrpt.ModeNone && len(p.mx) == 0 || len(p.mx) > maxMX || p.maxAge < 0 || p.maxAge > maxMaxAge*time.Second {
			t.Errorf("policy %+v", p)
		}
		for _, pattern := range p.mx {
			if host := strings.Replace(pattern, "*", "x", 1); !p.covers(host) {
				t.Errorf("%q does not cover %q", pattern, host)
			}
		}
	})
}

// checkLine holds an error to be what a finding can show.
func checkLine(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 2000) {
		t.Errorf("the error %q is no line of text", err)
	}
}
