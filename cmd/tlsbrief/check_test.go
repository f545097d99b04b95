package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
)

// What check finds decides the exit status; it needs no database and makes none.
func TestCheck(t *testing.T) {
	t.Parallel()
	s := dnstest.New(t)
	s.Set("null.example", "MX 0 .")
	s.Set("example.com", "MX 10 mx.example.com.")
	s.Exist("mx.example.com")
	r := newRig(t, imaptest.Memory(t), fmt.Sprintf("[dns]\nserver = %q\n[reports]\ndomains = [\"example.com\", \"*.example.org\"]\n", s.Addr()))
	r.write(t, "domains", "# mine\nnull.example\n\nExample.COM.\n")

	if o := r.try(t, "check", "null.example"); o.code != 0 || !strings.Contains(o.stdout, "mx-null") {
		t.Errorf("a domain with nothing to mend: exit status %d, %q", o.code, o.stdout)
	}
	o := r.try(t, "check", "--json", "@"+r.dir+"/domains")
	var got struct {
		Domains []struct {
			Domain, Verdict string
			Findings        []map[string]string
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.code != 3 || o.stderr != "tlsbrief: there is something to mend\n" && o.stderr != "" {
		t.Fatalf("exit status %d, want 3; %v in %q, %q", o.code, err, o.stdout, o.stderr)
	}
	if len(got.Domains) != 2 || got.Domains[0].Verdict != "ok" || got.Domains[1].Domain != "example.com" || got.Domains[1].Verdict != "error" {
		t.Fatalf("got %+v", got.Domains)
	}
	for _, key := range []string{"check", "code", "severity", "message", "fix", "result_type"} {
		if _, ok := got.Domains[1].Findings[0][key]; !ok || len(got.Domains[1].Findings[0]) != 6 {
			t.Errorf("a finding %v has no %s, or more", got.Domains[1].Findings[0], key)
		}
	}
	all := r.try(t, "check")
	if all.code != 3 || !strings.Contains(all.stdout, "error    example.com\n") || !strings.Contains(all.stdout, "mx-no-address") {
		t.Errorf("all domains: exit status %d, %q", all.code, all.stdout)
	}
	for line := range strings.Lines(all.stdout) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("%q is wider than 80 columns", line)
		}
	}
	for _, args := range [][]string{{"check", "a b"}, {"check", "@/nowhere"}, {"check", "--what"}} {
		if o := r.try(t, args...); o.code != 2 || o.stdout != "" {
			t.Errorf("%v: exit status %d, want 2", args, o.code)
		}
	}
}
