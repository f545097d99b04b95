package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/netclient"

	"github.com/robfig/cron/v3"
	"golang.org/x/net/idna"
)

// FuzzLoad holds what Load makes of any bytes to its promises: a fault is told
// in full and prints plainly; a Config that passes obeys every rule that its
// users rely on.
func FuzzLoad(f *testing.F) {
	for _, glob := range []string{"testdata/*.toml", "testdata/full/*.toml", "../../config.toml.example"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			f.Fatalf("Glob(%s) = %v, %v", glob, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 16<<10 {
			return // large documents cost time and show nothing new
		}
		cfg, err := parse("config.toml", "/etc/tlsbrief", data)
		if err != nil {
			if cfg != nil {
				t.Error("a Config beside an error")
			}
			checkError(t, err)
			return
		}
		checkConfig(t, cfg)
	})
}

// checkConfig holds a Config to what its doc comments promise.
func checkConfig(t *testing.T, cfg *Config) {
	t.Helper()
	if cfg.Schedule.Timezone == nil {
		t.Error("no time zone")
	}
	for _, spec := range []string{cfg.Schedule.Poll, cfg.Schedule.Digest, cfg.Schedule.Check} {
		checkCron(t, spec)
	}
	if n := times(t, cfg.Schedule.Digest); n > 1 {
		t.Errorf("Schedule.Digest = %q comes %d times a day", cfg.Schedule.Digest, n)
	}
	if k := cfg.Database.Keep; k != 0 && (k < 30*24*time.Hour || k > maxKeep) {
		t.Errorf("Database.Keep = %v", k)
	}
	if !filepath.IsAbs(cfg.Database.Path) {
		t.Errorf("Database.Path = %q, want it absolute", cfg.Database.Path)
	}
	names := map[string]bool{"files": true}
	for _, m := range cfg.Mailboxes {
		checkMailbox(t, m, names)
	}
	if cfg.SMTP.Host != "" {
		checkSMTP(t, cfg.SMTP)
	}
	names = map[string]bool{"fallback": true}
	for _, d := range cfg.Digests {
		checkDigest(t, d, names)
	}
	checkDomains(t, cfg.Reports.Domains)
	checkDomains(t, cfg.Reports.IgnoreSigners)
	r := cfg.Reports
	if r.MaxMessage < 1<<10 || r.MaxReport < 1<<10 || r.MaxMessage > 1<<30 || r.MaxReport > 1<<30 || r.MaxPolicies < 1 || r.MaxFailures < 1 || r.MaxUnknown < 1<<10 || r.MaxUnknown > 1<<30 {
		t.Errorf("bounds of reports: %+v", r)
	}
	if !slices.Contains([]string{"flag", "require", "off"}, r.Authenticity) {
		t.Errorf("Reports.Authenticity = %q", r.Authenticity)
	}
}

func checkCron(t *testing.T, spec string) {
	t.Helper()
	if err := cronFault(spec); err != nil || strings.Contains(spec, "=") {
		t.Errorf("cron expression %q: %v", spec, err)
	}
}

// times counts how often a cron expression comes on the first day that it does.
func times(t *testing.T, spec string) int {
	t.Helper()
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	first := schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Minute))
	for at := first; at.YearDay() == first.YearDay() && at.Year() == first.Year(); at = schedule.Next(at) {
		n++
	}
	return n
}

func checkMailbox(t *testing.T, m Mailbox, names map[string]bool) {
	t.Helper()
	if m.Name == "" || names[m.Name] || clean(m.Name) != m.Name {
		t.Errorf("Mailbox.Name = %q: empty, taken or unprintable", m.Name)
	}
	names[m.Name] = true
	checkServer(t, m.Host, m.Port, m.TLS)
	if m.Username == "" || sources(m.Password) != 1 {
		t.Errorf("mailbox %q: username %q, %d password sources", m.Name, m.Username, sources(m.Password))
	}
	if len(m.Folders) == 0 || slices.Contains(m.Folders, "") || len(unique(slices.Clone(m.Folders))) != len(m.Folders) {
		t.Errorf("mailbox %q: folders %q", m.Name, m.Folders)
	}
	if (m.After == "move") != (m.MoveTo != "") || slices.Contains(m.Folders, m.MoveTo) {
		t.Errorf("mailbox %q: after %q, move to %q, folders %q", m.Name, m.After, m.MoveTo, m.Folders)
	}
	if m.Keyword == "" || strings.ContainsAny(m.Keyword, "(){%*\"\\] \r\n") {
		t.Errorf("mailbox %q: keyword %q", m.Name, m.Keyword)
	}
}

func checkServer(t *testing.T, host string, port int, mode netclient.TLSMode) {
	t.Helper()
	if host == "" || strings.ContainsAny(host, " /[]@\r\n") || port < 1 || port > 65535 {
		t.Errorf("server %q port %d", host, port)
	}
	if !mode.Valid() || mode == "none" && elsewhere(host) {
		t.Errorf("server %q with tls %q", host, mode)
	}
}

func sources(p PasswordSource) (n int) {
	for _, set := range []bool{p.File != "", p.Env != "", len(p.Command) > 0} {
		if set {
			n++
		}
	}
	return n
}

func checkSMTP(t *testing.T, s SMTP) {
	t.Helper()
	checkServer(t, s.Host, s.Port, s.TLS)
	if sources(s.Password) > 1 || (s.Username == "") != s.Password.IsZero() {
		t.Errorf("SMTP username %q with %d password sources", s.Username, sources(s.Password))
	}
	if s.From == nil || len(s.To) == 0 {
		t.Fatalf("SMTP from %v to %q", s.From, s.To)
	}
	checkAddresses(t, append([]string{s.From.Address}, s.To...))
	if clean(s.From.Name) != s.From.Name {
		t.Errorf("SMTP.From.Name = %q", s.From.Name)
	}
}

func checkAddresses(t *testing.T, addresses []string) {
	t.Helper()
	for _, a := range addresses {
		again, err := address(a)
		if err != nil || again.Address != a || strings.ContainsAny(a, " <>\r\n") {
			t.Errorf("address %q: reads again as %v, %v", a, again, err)
		}
	}
}

func checkDigest(t *testing.T, d Digest, names map[string]bool) {
	t.Helper()
	if d.Name == "" || names[d.Name] || clean(d.Name) != d.Name {
		t.Errorf("Digest.Name = %q: empty, taken or unprintable", d.Name)
	}
	names[d.Name] = true
	if len(d.Domains) == 0 {
		t.Errorf("digest %q has no domains", d.Name)
	}
	checkDomains(t, d.Domains)
	checkAddresses(t, d.To)
	if !slices.Contains([]string{"daily", "weekly", "monthly"}, d.Schedule) {
		checkCron(t, d.Schedule)
	}
}

func checkDomains(t *testing.T, domains []string) {
	t.Helper()
	for _, d := range domains {
		again, err := pattern(d)
		if err != nil || again != d || strings.HasSuffix(d, ".") || strings.ToLower(d) != d {
			t.Errorf("domain %q: reads again as %q, %v", d, again, err)
		}
		if a, err := idna.Punycode.ToASCII(d); err != nil || a != d {
			t.Errorf("domain %q is not in A-labels: %q, %v", d, a, err)
		}
	}
}
