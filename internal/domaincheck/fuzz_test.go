package domaincheck

import (
	"bufio"
	"strings"
	"testing"
	"time"
	"unicode"

	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/tlsrpt"
)

func FuzzReportRecord(f *testing.F) {
	f.Add("v=TLSRPTv1; rua=mailto:a@b.example, https://c.example/d")
	f.Add("v=TLSRPTv1;rua=mailto:a%2Bb@c.example?subject=x; ext=1;")
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

func FuzzReply(f *testing.F) {
	f.Add("220 mx.example ESMTP\r\n")
	f.Add("250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
	f.Add("250-\r\n250\r\n")
	f.Add("554 5.7.1 no\n")
	f.Fuzz(func(t *testing.T, s string) {
		r := bufio.NewReaderSize(strings.NewReader(s), maxLine)
		code, lines, err := exchange(nil, r, "")
		if err != nil {
			if code != 0 || lines != nil {
				t.Errorf("code %d and %d lines with error %v", code, len(lines), err)
			}
			return
		}
		if code < 200 || code > 599 || len(lines) > maxLines {
			t.Errorf("code %d, %d lines", code, len(lines))
		}
		for _, line := range lines {
			if len(line) > maxLine || strings.Contains(line, "\n") || !strings.Contains(s, line) {
				t.Errorf("line %q", line)
			}
		}
		if offersSTARTTLS(lines) && !strings.Contains(strings.ToUpper(s), "STARTTLS") {
			t.Errorf("STARTTLS is offered in %q", lines)
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
