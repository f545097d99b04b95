package domaincheck

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"tlsbrief/internal/domaintest"
	"tlsbrief/tlsrpt"
)

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
	f.Add(domaintest.GoodPolicy("healthy.example"))
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
