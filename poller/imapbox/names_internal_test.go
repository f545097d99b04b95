package imapbox

import (
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		delim         rune
		want          bool
	}{
		{"Reports/*", "Reports/TLS", '/', true},
		{"Reports/*", "Reports/TLS/2026", '/', true},
		{"Reports/*", "Reports.TLS", '.', true},
		{"Reports/*", "Reports.TLS", '/', false},
		{"Reports/*", "Reports", '/', false},
		{"Reports*", "Reports", '/', true},
		{"Reports/%", "Reports/TLS", '/', true},
		{"Reports/%", "Reports/TLS/2026", '/', false},
		{"Reports/%/2026", "Reports/TLS/2026", '/', true},
		{"*/%", "a/b/c", '/', true},
		{"*%b", "a/xb", '/', true},
		{"%a*", "x/a", '/', false},
		{"*", "INBOX", '/', true},
		{"*TLS*", "Bücher/TLS-Berichte", '/', true},
		{"报告/*", "报告/TLS", '/', true},
		{"a/b", "a/b", 0, true},
		{"", "", '/', true},
		{"%", "", '/', true},
		{"a%", "a/", '/', false},
	} {
		if got := matches(tt.pattern, tt.name, tt.delim); got != tt.want {
			t.Errorf("matches(%q, %q, %q) = %t", tt.pattern, tt.name, tt.delim, got)
		}
	}
}

func TestMatchesTakesNoTimeWithManyWildcards(t *testing.T) {
	t.Parallel()
	start := time.Now()
	matches(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 5000), '/')
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestAlike(t *testing.T) {
	t.Parallel()
	all := []string{"INBOX", "Reports", "Reports/TLS", "Archive", "Spam", "Sent Items", "Drafts"}
	for name, want := range map[string]string{
		"Report":     `: is it "Reports" or "Reports/TLS"?`,
		"reports":    `: is it "Reports" or "Reports/TLS"?`,
		"SPAM":       `: is it "Spam"?`,
		"Sent-Items": `: is it "Sent Items"?`,
		"INBOX.Spam": `: is it "INBOX" or "Spam"?`,
		"Zebra":      "",
	} {
		if got := similarNames(name, all); got != want {
			t.Errorf("alike(%q) = %s, want %s", name, got, want)
		}
	}
	if got := similarNames("Zebra", all[:2]); got != `: there are "INBOX", "Reports"` {
		t.Errorf("alike of few = %s", got)
	}
	if got := similarNames("Zebra\x1b", []string{"Zebra\x1b[2J"}); strings.Contains(got, "\x1b") {
		t.Errorf("alike = %q", got)
	}
}
