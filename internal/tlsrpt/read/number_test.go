package read

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/tlsrpt"
)

func TestParseCount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in    string
		want  tlsrpt.Sessions
		plain bool
		err   error
	}{
		{"0", 0, true, nil},
		{"343", 343, true, nil},
		{"9007199254740991", tlsrpt.MaxSessions, true, nil},
		{"9007199254740992", 0, false, errTooMany},
		{"92233720368547758070", 0, false, errTooMany},
		{"343.0", 343, false, nil},
		{"3.43e2", 343, false, nil},
		{"34300E-2", 343, false, nil},
		{"0.5e1", 5, false, nil},
		{"0.0000001e7", 1, false, nil},
		{"1e15", 1_000_000_000_000_000, false, nil},
		{"1e16", 0, false, errTooMany},
		{"1e400", 0, false, errTooMany},
		{"1e99999999999999999999", 0, false, errTooMany},
		{"1e-99999999999999999999", 0, false, errFraction},
		{"0e99999999999999999999", 0, false, nil},
		{"-0", 0, false, nil},
		{"-0.0", 0, false, nil},
		{"-1", 0, false, errNegative},
		{"-1.5", 0, false, errNegative},
		{"1.5", 0, false, errFraction},
		{"5e-1", 0, false, errFraction},
		{"00000000000000000000012", 12, true, nil},
		{"+5", 5, false, nil},
		{"", 0, false, errNotNumber},
		{"-", 0, false, errNotNumber},
		{"1.", 0, false, errNotNumber},
		{".5", 0, false, errNotNumber},
		{"1e", 0, false, errNotNumber},
		{"1e+", 0, false, errNotNumber},
		{"0x10", 0, false, errNotNumber},
		{"1,000", 0, false, errNotNumber},
		{"NaN", 0, false, errNotNumber},
		{"１２", 0, false, errNotNumber},
	}
	for _, tt := range tests {
		got, plain, err := parseCount(tt.in)
		if got != tt.want || !errors.Is(err, tt.err) || err == nil && plain != tt.plain {
			t.Errorf("parseCount(%q) = %d, plain %v, %v; want %d, plain %v, %v", tt.in, got, plain, err, tt.want, tt.plain, tt.err)
		}
	}
}

// Whatever parseCount takes for a count, arbitrary precision does too.
func FuzzParseCount(f *testing.F) {
	for _, s := range []string{"1", "1e3", "-0.0e5", "12.50e1", "9007199254740991.0", "1e16"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, _, err := parseCount(s)
		if i := strings.IndexAny(s, "eE"); len(s) > 60 || i >= 0 && len(s)-i > 5 {
			return // too big for the comparison, not for parseCount
		}
		r, ok := new(big.Rat).SetString(s)
		if err != nil {
			if ok && !strings.ContainsAny(s, "_/xXoObBpP") && r.IsInt() && r.Sign() >= 0 && r.Cmp(new(big.Rat).SetInt64(int64(tlsrpt.MaxSessions))) <= 0 && !errors.Is(err, errNotNumber) {
				t.Errorf("parseCount(%q) = %v, but it is %s", s, err, r)
			}
			return
		}
		if !ok || r.Cmp(new(big.Rat).SetInt64(int64(n))) != 0 || n < 0 || n > tlsrpt.MaxSessions {
			t.Errorf("parseCount(%q) = %d, but it is %v", s, n, r)
		}
	})
}

func TestSessionsPlusStopsAtTheTop(t *testing.T) {
	t.Parallel()
	const top = tlsrpt.Sessions(1<<63 - 1)
	if got := top.Plus(1); got != top {
		t.Errorf("top.Plus(1) = %d, want %d", got, top)
	}
	if got := tlsrpt.Sessions(2).Plus(3); got != 5 {
		t.Errorf("2.Plus(3) = %d", got)
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	tests := []struct {
		in, want string // want "" is an error
		odd      string
	}{
		{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""},
		{"2026-03-01T00:00:00+00:00", "2026-03-01T00:00:00Z", ""},
		{"2026-03-01T23:59:59.999Z", "2026-03-01T23:59:59.999Z", ""},
		{"2026-03-01T02:00:00+02:00", "2026-03-01T00:00:00Z", ""},
		{"2023-01-10T00:00:00", "2023-01-10T00:00:00Z", "without zone"},
		{"2023-01-10T00:00:00.5", "2023-01-10T00:00:00.5Z", "without zone"},
		{"2023-01-10 00:00:00", "2023-01-10T00:00:00Z", "without zone"},
		{"2023-01-10 00:00:00 UTC", "2023-01-10T00:00:00Z", "without zone"},
		{"2023-01-10t00:00:00z", "2023-01-10T00:00:00Z", "RFC 3339"},
		{"2023-01-10 00:00:00 +0100", "2023-01-09T23:00:00Z", "RFC 3339"},
		{"2023-01-10T00:00Z", "2023-01-10T00:00:00Z", "seconds"},
		{"2023-01-10T00:00", "2023-01-10T00:00:00Z", "seconds"},
		{"2024-03-15", "2024-03-15T00:00:00Z", "without time"},
		{"2024-03-15T24:00:00Z", "2024-03-16T00:00:00Z", "RFC 3339"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "RFC 3339"},
		{"1663200000", "2022-09-15T00:00:00Z", "seconds since 1970"},
		{" 2026-03-01T00:00:00Z ", "2026-03-01T00:00:00Z", ""},
		{"", "", ""},
		{"yesterday", "", ""},
		{"2023-02-30T00:00:00Z", "", ""},
		{"2023-13-01", "", ""},
		{"0001-01-01T00:00:00Z", "", ""},
		{"1969-12-31T23:59:59Z", "", ""},
		{"9999-12-31T23:59:59-23:00", "", ""},
		{"15 Mar 2024", "", ""},
		{"166320000000", "", ""},
		{strings.Repeat("2", 100), "", ""},
	}
	for _, tt := range tests {
		got, odd, err := parseTime(tt.in)
		if tt.want == "" {
			if err == nil {
				t.Errorf("parseTime(%q) = %s, want an error", tt.in, got)
			}
			continue
		}
		if err != nil || !got.Equal(at(tt.want)) || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %s, %v, want %s", tt.in, got, err, tt.want)
		}
		if !strings.Contains(odd, tt.odd) || (odd == "") != (tt.odd == "") {
			t.Errorf("parseTime(%q) is odd in %q, want %q", tt.in, odd, tt.odd)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, id, subject, file string
		want, source            string
	}{
		{"report-id before all", "2022-09-15T00:00:00Z_a.example", "b.example", "s!c.example!1!2.json", "a.example", "report-id"},
		{"Subject before file name", "1", "b.example", "s!c.example!1!2.json", "b.example", "Subject"},
		{"file name last", "1", "", "/var/mail/S!C.example!1!2!x.JSON.GZ", "c.example", "file name"},
		{"nothing", "1", "", "report.json", "", ""},
		{"mox", "20240225.mail.a.example@s.example", "", "", "mail.a.example", "report-id"},
		{"a message-id is no domain", "3f1c.9@mail.example", "", "", "", ""},
		{"Stalwart's has none", "1768089600_5665667737528564296", "", "", "", ""},
		{"Microsoft's without domain", "133944884956529435+", "", "", "", ""},
		{"tlsrpt-reporter", "2025-09-20T00:00:00Z_idx1_a.example@s.example", "", "", "a.example", "report-id"},
		{"an underscore in the domain", "2025-09-20T00:00:00Z__x.a.example", "", "", "_x.a.example", "report-id"},
		{"what is no domain", "2025-09-20T00:00:00Z_<script>", "not one", "s!x!1!2.json", "", ""},
	}
	for _, tt := range tests {
		if got, source := (hints{subject: tt.subject, file: tt.file}).domain(tt.id); got != tt.want || source != tt.source {
			t.Errorf("%s: %q from %q, want %q from %q", tt.name, got, source, tt.want, tt.source)
		}
	}
}

func TestFileNameLooksLikeReport(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"mail.sender.example!example.com!1013662812!1013749130.json.gz": true,
		"google.com!test.example!1663200000!1663286399!001.json.gz":     true,
		"S!D!1!2.JSON":               true,
		`C:\reports\a!b!1!2.json`:    true,
		"../../etc/a!b!1!2!x!y.json": true,
		" a!b!1!2.json.gz ":          true,
		"a!b!1!2.xml.gz":             false,
		"a!b!1!2.zip":                false,
		"a!b!1!2.json.zip":           false,
		"a!b!1.json":                 false,
		"a!b!x!2.json":               false,
		"!b!1!2.json":                false,
		"a!!1!2.json":                false,
		"a!b!!2.json":                false,
		"report.json.gz":             false,
		".json":                      false,
		"":                           false,
	}
	for name, want := range tests {
		if got := FileNameLooksLikeReport(name); got != want {
			t.Errorf("FileNameLooksLikeReport(%q) = %v, want %v", name, got, want)
		}
	}
}
