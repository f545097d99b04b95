package config

import (
	"strings"
	"testing"
	"time"
)

func TestKeep(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "0d": 0, "30d": 30 * day, "720h": 30 * day, "400d": 400 * day, "52w": 364 * day, "5 w": 35 * day, "36500d": maxKeep,
	} {
		c := &checker{}
		if got := c.keep(key{text: text}); got != want || len(c.faults) > 0 {
			t.Errorf("keep(%q) = %v, %v, want %v", text, got, c.faults, want)
		}
	}
	for _, text := range []string{"", "d", "-400d", "29d", "719h", "1y", "400", "400D", "400d12h", "36501d", "9223372036854775807w", "99999999999999999999d", "4e2d"} {
		c := &checker{}
		if got := c.keep(key{text: text}); got != 0 || len(c.faults) != 1 {
			t.Errorf("keep(%q) = %v with %d faults, want one fault", text, got, len(c.faults))
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1024": 1024, "1024B": 1024, "1KiB": 1024, "2kB": 2000, "10MiB": 10 << 20, "10 MiB": 10 << 20, "10mib": 10 << 20,
		"3MB": 3_000_000, "1GB": 1_000_000_000, "1GiB": 1 << 30,
	} {
		c := &checker{}
		if got := c.size(key{text: text}); got != want || len(c.faults) > 0 {
			t.Errorf("size(%q) = %d, %v, want %d", text, got, c.faults, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1023", "10M", "1.5MiB", "2GiB", "1073741825", "9223372036854775807GiB", "99999999999999999999"} {
		c := &checker{}
		if c.size(key{text: text}); len(c.faults) != 1 {
			t.Errorf("size(%q) gives %d faults, want one", text, len(c.faults))
		}
	}
}

func TestBareNumbersOfAnAmount(t *testing.T) {
	t.Parallel()
	cfg := mustParse(t, "[database]\nkeep = 0\n[reports]\nmax_message = 1_048_576\nmax_report = 0x100000\n")
	if cfg.Database.Keep != 0 || cfg.Reports.MaxMessage != 1<<20 || cfg.Reports.MaxReport != 1<<20 {
		t.Errorf("keep %v, max_message %d, max_report %d, want 0, 1 MiB, 1 MiB", cfg.Database.Keep, cfg.Reports.MaxMessage, cfg.Reports.MaxReport)
	}
}

func TestCronFault(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"* * * * *", "*/15 * * * *", "0 7 * * 1-5", "0 7 1,15 * *", "30 5 29 2 *", "0 0 * jan sun", "  0  7 * * *"} {
		if err := cronFault(spec); err != nil {
			t.Errorf("cronFault(%q) = %v, want none", spec, err)
		}
	}
	for spec, want := range map[string]string{
		"":                        "has 0",
		"0 0 7 * * *":             "has 6",
		"60 * * * *":              "above maximum",
		"0 24 * * *":              "above maximum",
		"0 7 0 * *":               "below minimum",
		"x * * * *":               "parse int",
		"5-1 * * * *":             "beyond end",
		"*/0 * * * *":             "positive",
		"0 0 30 2 *":              "never comes",
		"@daily":                  "@daily",
		"TZ=UTC":                  "schedule.timezone",
		"TZ=":                     "schedule.timezone",
		"CRON_TZ=UTC * * * * *":   "schedule.timezone",
		strings.Repeat("* ", 200): "too long",
	} {
		if err := cronFault(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("cronFault(%q) = %v, want %q", spec, err, want)
		}
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"imap.example.com": "imap.example.com", "IMAP.Example.COM.": "imap.example.com", "mail_relay": "mail_relay",
		"bücher.example": "xn--bcher-kva.example", "127.0.0.1": "127.0.0.1", "::1": "::1", "2001:DB8::1": "2001:db8::1",
		"fe80::1%eth0": "fe80::1%eth0", "r3---sn.example": "r3---sn.example",
	} {
		if got, err := hostName(in); err != nil || got != want {
			t.Errorf("hostName(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", ".", "a..b", "a b", "-a.b", "a-.b", "a/b", "a:993", "[::1]", "imaps://a", "a@b", "*.a", "a\nb", "a\x00",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "ab", "xn--\u0080",
	} {
		if got, err := hostName(in); err == nil {
			t.Errorf("hostName(%q) = %q, want an error", in, got)
		}
	}
}

func TestHostPort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"127.0.0.1": "127.0.0.1:53", "127.0.0.1:5353": "127.0.0.1:5353", "::1": "[::1]:53", "[::1]": "[::1]:53",
		"[::1]:5353": "[::1]:5353", "unbound": "unbound:53", "DNS.example:53": "dns.example:53",
	} {
		if got, err := hostPort(in, 53); err != nil || got != want {
			t.Errorf("hostPort(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{":53", "a:", "a:0", "a:65536", "a:dns", "a:b:c", "[::1", "[]", "a b"} {
		if got, err := hostPort(in, 53); err == nil {
			t.Errorf("hostPort(%q) = %q, want an error", in, got)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a@example.com":                       "a@example.com",
		"Reports+TLS@EXAMPLE.com":             "Reports+TLS@example.com",
		"TLS reports <a@bücher.example>":      "a@xn--bcher-kva.example",
		`"TLS, reports" <a@example.com>`:      "a@example.com",
		"root@localhost":                      "root@localhost",
		"=?utf-8?q?B=C3=BCro?= <a@b.example>": "a@b.example",
	} {
		if got, err := address(in); err != nil || got.Address != want {
			t.Errorf("address(%q) = %v, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "a", "@example.com", "a@", "a@b@c", "a@b, c@d", "a@[192.0.2.1]", "a@192.0.2.1", `"a b"@example.com`, `".a"@example.com`,
		"jörg@example.com", "a@exa_mple.com", "a\r\nBcc: b@example.com", "=?utf-8?q?a=0Ab?= <a@example.com>",
		strings.Repeat("a", 65) + "@example.com",
	} {
		if got, err := address(in); err == nil {
			t.Errorf("address(%q) = %v, want an error", in, got)
		}
	}
}

func TestKeyword(t *testing.T) {
	t.Parallel()
	for _, k := range []string{"$TLSRPT", "tls-seen", "a.b_c", "}", "x+y"} {
		c := &checker{}
		if c.keyword(key{text: k}); len(c.faults) > 0 {
			t.Errorf("keyword(%q): %v", k, c.faults)
		}
	}
	for _, k := range []string{"", `\Seen`, "a b", "a(", "a)", "a{", "a%", "a*", `a"`, "a]", "ä", "a\n", "a\x7f"} {
		c := &checker{}
		if c.keyword(key{text: k}); len(c.faults) != 1 {
			t.Errorf("keyword(%q) gives %d faults, want one", k, len(c.faults))
		}
	}
}
