package authres_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/ingest/authres"
)

// Lines of headers, without line ends. real is what the trusted server wrote,
// and forged what a stranger would like it to have written.
const (
	real      = "Authentication-Results: mx.example.org; dkim=pass header.d=real.example"
	forged    = "Authentication-Results: mx.example.org; dkim=pass header.d=forged.example"
	dmarcOnly = "Authentication-Results: mx.example.org; dmarc=fail header.from=forged.example"
	received  = "Received: from out.reporter.example by mx.example.org (Postfix) id 1; Mon, 2 Mar 2026 05:59:58 +0000"
	outlook   = "Received: from A.prod.outlook.example by B.prod.outlook.example with Microsoft SMTP Server id 15.20; Mon, 2 Mar 2026 05:59:59 +0000"
	microsoft = "Authentication-Results: spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=real.example; dkim=pass (signature was verified) header.d=real.example;compauth=pass reason=100"
	noID      = "Authentication-Results: dkim=pass header.d=forged.example"
)

func TestTrusted(t *testing.T) {
	t.Parallel()
	const none = "no field to trust"
	tests := []struct {
		name, header string
		want         string // domains that passed
	}{
		{"Postfix, rspamd: above its own Received", lines(real, received, "From: a@real.example"), "real.example"},
		{"Gmail: below its own Received", lines("Received: by 2002:a05:6402:1 with SMTP id x", received, "Received-SPF: pass", real, "DKIM-Signature: x", "Received: by reporter"), "real.example"},
		{"a later hop of another name above", lines("Authentication-Results: store.example.org; dkim=fail header.d=real.example", "Received: by store.example.org", real, received), "real.example"},
		{"iCloud: a name for each method", lines("Authentication-Results: dmarc.example.org; dmarc=pass", real, "Authentication-Results: spf.example.org; spf=pass", received), "real.example"},
		{"Fastmail, OpenDMARC: the DKIM results in a further field", lines(dmarcOnly, "Authentication-Results: mx.example.org; arc=none", "X-Filter: x", real, forged, received), "real.example"},
		{"in any case", lines(strings.Replace(real, "mx.example.org", "MX.Example.ORG", 1), received), "real.example"},
		{"the other named server", lines(strings.Replace(real, "mx.example.org", "mx2.example.org", 1), received), "real.example"},
		{"with version", lines(strings.Replace(real, ";", " 1;", 1), received), "real.example"},
		{"folded before the authserv-id", lines(strings.Replace(real, " mx", "\r\n mx", 1), received), "real.example"},

		{"a forged one below", lines(real, received, forged), "real.example"},
		{"a forged one right below", lines(real, forged, received), "real.example"},
		{"a forged one below a failure", lines("Authentication-Results: mx.example.org; dkim=fail header.d=forged.example", forged, received), ""},
		{"a forged one below an unsigned mail", lines("Authentication-Results: mx.example.org; dkim=none", received, forged), ""},
		{"a forged one below none", lines("Authentication-Results: mx.example.org; none", forged, received), ""},
		{"a forged none above a forged one", lines(dmarcOnly, "Authentication-Results: mx.example.org; none", forged, received), ""},
		{"a forged one behind a Received", lines(dmarcOnly, received, forged), ""},
		{"a forged one behind the field of another", lines(dmarcOnly, "Authentication-Results: store.example.org; spf=pass", forged), ""},
		{"a forged one of the other named server", lines(dmarcOnly, strings.Replace(forged, "mx.", "mx2.", 1)), ""},
		{"a forged one in odd spelling, further down", lines(dmarcOnly, strings.Replace(forged, "mx.example.org;", `"mx.example.org";`, 1)), ""},
		{"a damaged one further down", lines(dmarcOnly, forged+" (", forged), ""},
		{"a damaged one above a forged one", lines(real+" (", received, forged), none},
		{"one that cannot be read at all above a forged one", lines("Authentication-Results:", received, forged), none},
		{"one of another server, damaged, above", lines("Authentication-Results: store.example.org; spf=pass (", received, real), "real.example"},
		{"too large above a forged one", lines(real+strings.Repeat(" ", 65<<10), received, forged), none},
		{"another version above a forged one", lines(strings.Replace(real, ";", " 2;", 1), received, forged), none},

		{"not in quotes", lines(strings.Replace(real, "mx.example.org", `"mx.example.org"`, 1), received), none},
		{"not behind a comment", lines(strings.Replace(real, "mx", "(x) mx", 1), received), none},
		{"not before a comment", lines(strings.Replace(real, ";", "(x);", 1), received), none},
		{"not without semicolon", lines(strings.Replace(real, ";", "", 1), received), none},
		{"not with a trailing dot", lines(strings.Replace(real, ";", ".;", 1), received), none},
		{"not without authserv-id", lines(microsoft, received), none},
		{"not ARC", lines("ARC-"+strings.Replace(real, " mx", " i=1; mx", 1), received), none},
		{"not Microsoft's renamed field", lines(strings.Replace(real, ":", "-Original:", 1), received), none},
		{"not of a subdomain", lines(strings.Replace(real, "mx.", "a.mx.", 1), received), none},
		{"no field", lines(received), none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, ok := authres.Trusted([]byte(tt.header), []string{" mx.Example.org", "mx2.example.org", ""}, false)
			if got := passed(r); ok != (tt.want != none) || ok && got != tt.want {
				t.Errorf("Trusted = %+v, %t; want %s\n%s", r, ok, tt.want, tt.header)
			}
		})
	}
}

func TestTrustedAtMicrosoft365(t *testing.T) {
	t.Parallel()
	const none = "no field to trust"
	tests := []struct {
		name, header string
		microsoft365 bool
		ids          []string
		want         string
	}{
		{"below its own Received", lines(outlook, outlook, microsoft, "Received-SPF: Pass", outlook, "DKIM-Signature: x"), true, nil, "real.example"},
		{"a stranger's below", lines(outlook, microsoft, outlook, noID), true, nil, "real.example"},
		{"a stranger's below an unsigned mail", lines(outlook, "Authentication-Results: dkim=none (message not signed) header.d=none;dmarc=none", noID), true, nil, ""},
		{"a stranger's below one without DKIM", lines(outlook, "Authentication-Results: spf=pass smtp.mailfrom=x.example", noID), true, nil, ""},
		{"a stranger's below that of another server", lines("Authentication-Results: store.example.org; spf=pass", outlook, noID), true, nil, none},
		{"a stranger's below a damaged one", lines(outlook, microsoft+" (", outlook, noID), true, nil, none},
		{"not where the caller does not say so", lines(outlook, microsoft), false, []string{""}, none},
		{"a named server behind it", lines("Authentication-Results: store.example.org; spf=pass", outlook, real), true, []string{"mx.example.org"}, "real.example"},
		{"before a named server", lines(outlook, microsoft, received, forged), true, []string{"mx.example.org"}, "real.example"},
		{"passed over where the mailbox is elsewhere", lines(outlook, microsoft, outlook, strings.ReplaceAll(real, "real", "named")), false, []string{"mx.example.org"}, "named.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, ok := authres.Trusted([]byte(tt.header), tt.ids, tt.microsoft365)
			if got := passed(r); ok != (tt.want != none) || ok && got != tt.want {
				t.Errorf("Trusted = %+v, %t; want %s\n%s", r, ok, tt.want, tt.header)
			}
		})
	}
}

// lines makes a header of its lines.
func lines(fields ...string) string { return strings.Join(fields, "\r\n") + "\r\n\r\n" }

// passed returns the domains whose signatures passed.
func passed(r authres.Results) string {
	var domains []string
	for _, d := range r.DKIM {
		if d.Result == "pass" {
			domains = append(domains, d.Domain)
		}
	}
	return strings.Join(domains, " ")
}
