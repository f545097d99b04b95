package ingest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest/authres"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt/read"
)

// judge takes the best of the signatures of a message with this claim.
func judge(signatures []dkim.Signature, c claim, vouched authres.Results) report.Authenticity {
	var all []authres.Signature
	for _, s := range signatures {
		all = append(all, named(s))
	}
	var of Case
	for _, s := range signatures {
		a := c.terms(s, vouched.Passed(named(s), all)).judge(s.Domain, s.Status, s.Reason, s.KeyServices)
		of.Signatures = append(of.Signatures, CaseSignature{Decided: &a})
	}
	best, _ := of.Judge(nil)
	return best
}

func TestAligned(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, signer, from, submitter string
		want                          bool
	}{
		{"the From domain itself", "sender.example", "sender.example", "", true},
		{"a subdomain signs", "mail.sender.example", "sender.example", "", true},
		{"the From domain is below the signer", "sender.example", "tls.sender.example", "", true},
		{"one organization, two subdomains", "a.sender.co.uk", "b.sender.co.uk", "", true},
		{"R4: the submitter's organization", "sender.example", "reports.esp.example", "mx.sender.example", true},
		{"R4: the submitter in capitals", "sender.example", "esp.example", "SENDER.EXAMPLE", true},
		{"neither", "evil.example", "sender.example", "other.example", false},
		{"a public suffix is no organization", "x.co.uk", "y.co.uk", "", false},
		{"a name that ends alike", "notsender.example", "sender.example", "", false},
		{"no From domain and no submitter", "sender.example", "", "", false},
		{"no signing domain", "", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := claim{
				envelope: read.Envelope{FromDomain: tt.from, Submitter: tt.submitter, SubmitterIn: "tls-report-submitter"},
				fields:   []string{"from", "tls-report-submitter"},
			}
			if got := c.aligned(dkim.Signature{Domain: tt.signer, Signed: c.fields}); got != tt.want {
				t.Errorf("aligned(%q, From %q, submitter %q) = %v, want %v", tt.signer, tt.from, tt.submitter, got, tt.want)
			}
		})
	}
}

// Who passes a signed mail on can add fields, but none that is covered.
func TestSubmitterCountsWhereItsFieldIsSigned(t *testing.T) {
	t.Parallel()
	const field = "tls-report-submitter"
	tests := []struct {
		name     string
		from, in string
		fields   []string
		signed   []string
		want     bool
	}{
		{"signed", "esp.example", field, []string{"from", field}, []string{"from", field}, true},
		{"not signed", "esp.example", field, []string{"from", field}, []string{"from"}, false},
		{"another above the signed one", "esp.example", field, []string{field, "from", field}, []string{"from", field}, false},
		{"twice, both signed", "esp.example", field, []string{field, "from", field}, []string{"from", field, field}, false},
		{"in the Subject, signed", "esp.example", "subject", []string{"from", "subject"}, []string{"subject", "from"}, true},
		{"in the Subject, not signed", "esp.example", "subject", []string{"from", "subject"}, []string{"from", field}, false},
		{"another Subject above", "esp.example", "subject", []string{"subject", "from", "subject"}, []string{"from", "subject"}, false},
		{"Q8: From counts whatever the submitter is", "tls.sender.example", field, []string{"from", field}, []string{"from"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := claim{envelope: read.Envelope{FromDomain: tt.from, Submitter: "sender.example", SubmitterIn: tt.in}, fields: tt.fields}
			if got := c.aligned(dkim.Signature{Domain: "sender.example", Signed: tt.signed}); got != tt.want {
				t.Errorf("aligned = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStructureIsTheSigners(t *testing.T) {
	t.Parallel()
	const ct, cte, version = "content-type", "content-transfer-encoding", "mime-version"
	tests := []struct {
		name                   string
		fields, relies, signed []string
		want                   bool
	}{
		{"shown by the body", []string{"from", ct, version}, nil, []string{"from"}, true},
		{"signed", []string{"from", ct}, []string{ct}, []string{"from", ct}, true},
		{"not signed", []string{"from", ct}, []string{ct}, []string{"from"}, false},
		{"absent, and signed as such", []string{"from"}, []string{ct}, []string{"from", ct}, true},
		{"absent", []string{"from"}, []string{ct}, []string{"from"}, false},
		{"another above the signed one", []string{ct, "from", ct}, nil, []string{"from", ct}, false},
		{"two, both signed", []string{ct, "from", ct}, []string{ct}, []string{"from", ct, ct}, true},
		{"two, though the body shows it", []string{ct, "from", ct}, nil, []string{"from"}, false},
		{"the transfer encoding not signed", []string{"from", ct, cte}, []string{cte}, []string{"from", ct}, false},
		{"the transfer encoding signed", []string{"from", ct, cte}, []string{cte}, []string{"from", cte}, true},
		{"MIME-Version twice", []string{"from", ct, version, version}, nil, []string{"from", ct}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := claim{envelope: read.Envelope{FromDomain: "sender.example"}, fields: tt.fields, relies: tt.relies}
			s := dkim.Signature{Domain: "sender.example", Selector: "s", Signed: tt.signed, Status: dkim.Pass}
			loose := report.Authenticity{Result: report.AuthFail, Domain: "sender.example", Reason: report.ReasonStructureUnsigned}
			if got := judge([]dkim.Signature{s}, c, authres.Results{}); (got.Result == report.AuthPass) != tt.want || !tt.want && got != loose {
				t.Errorf("judge of a pass = %+v, want a pass: %v", got, tt.want)
			}
			s.Status, s.Reason = dkim.Unknown, dkim.ReasonDNS
			if got := judge([]dkim.Signature{s}, c, authres.Results{}); (got.Result == report.AuthUnknown) != tt.want || !tt.want && got != loose {
				t.Errorf("judge of what DNS did not tell = %+v, want to wait: %v", got, tt.want)
			}
			s.Status, s.Reason = dkim.Fail, dkim.ReasonKeyGone
			vouched := authres.Results{DKIM: []authres.DKIM{{Result: "pass", Domain: "sender.example", Selector: "s"}}}
			if got := judge([]dkim.Signature{s}, c, vouched); (got.Result == report.AuthPass) != tt.want || !tt.want && got != loose {
				t.Errorf("judge of what a server vouches for = %+v, want a pass: %v", got, tt.want)
			}
			s.Reason = dkim.ReasonBodyHash
			if got := judge([]dkim.Signature{s}, c, authres.Results{}); got.Reason != "body-hash" {
				t.Errorf("judge of what fails anyway = %+v, want its own reason", got)
			}
		})
	}
}

func TestPassOfAKeyForEmailIsNoted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		services []string
		want     report.Reason
	}{
		{nil, ""}, {[]string{"*"}, ""}, {[]string{"tlsrpt"}, ""}, {[]string{"email", "tlsrpt"}, ""}, {[]string{"email"}, report.ReasonKeyForEmail},
	} {
		s := dkim.Signature{Domain: "sender.example", Status: dkim.Pass, KeyServices: tt.services}
		got := judge([]dkim.Signature{s}, claim{envelope: read.Envelope{FromDomain: "sender.example"}}, authres.Results{})
		if got.Result != report.AuthPass || got.Reason != tt.want {
			t.Errorf("key for %q: %+v, want a pass with the reason %q", tt.services, got, tt.want)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const own, stranger = "sender.example", "list.test"
	pass := func(domain string) dkim.Signature { return dkim.Signature{Domain: domain, Status: dkim.Pass} }
	fail := func(domain string, r dkim.Reason) dkim.Signature {
		return dkim.Signature{Domain: domain, Status: dkim.Fail, Reason: r}
	}
	unknown := func(domain string) dkim.Signature {
		return dkim.Signature{Domain: domain, Status: dkim.Unknown, Reason: dkim.ReasonDNS}
	}
	short := pass(own)
	short.BodyLength = true
	shortUnknown := unknown(own)
	shortUnknown.BodyLength = true

	tests := []struct {
		name       string
		signatures []dkim.Signature
		want       report.Authenticity
	}{
		{"no signature", nil, report.Authenticity{Result: report.AuthNone}},
		{"R1: a valid signature of the sender", []dkim.Signature{pass(own)}, report.Authenticity{Result: report.AuthPass, Domain: own}},
		{"R2: one with l=", []dkim.Signature{short}, report.Authenticity{Result: report.AuthFail, Domain: own, Reason: report.ReasonLTag}},
		{"R2: l= does not wait for DNS", []dkim.Signature{shortUnknown}, report.Authenticity{Result: report.AuthFail, Domain: own, Reason: report.ReasonLTag}},
		{"R4: a valid signature of a stranger", []dkim.Signature{pass(stranger)}, report.Authenticity{Result: report.AuthFail, Domain: stranger, Reason: report.ReasonNotAligned}},
		{"a stranger's does not wait for DNS", []dkim.Signature{unknown(stranger)}, report.Authenticity{Result: report.AuthFail, Domain: stranger, Reason: report.ReasonNotAligned}},
		{"one that does not hold", []dkim.Signature{fail(own, dkim.ReasonBodyHash)}, report.Authenticity{Result: report.AuthFail, Domain: own, Reason: "body-hash"}},
		{"a key that is gone", []dkim.Signature{fail(own, dkim.ReasonKeyGone)}, report.Authenticity{Result: report.AuthFail, Domain: own, Reason: "key-gone"}},
		{"DNS did not answer", []dkim.Signature{unknown(own)}, report.Authenticity{Result: report.AuthUnknown, Domain: own, Reason: "dns"}},
		{"pass beats all, wherever it stands", []dkim.Signature{fail(own, dkim.ReasonBadSignature), unknown(own), pass(stranger), pass(own)},
			report.Authenticity{Result: report.AuthPass, Domain: own}},
		{"pass beats one with l=", []dkim.Signature{short, pass(own)}, report.Authenticity{Result: report.AuthPass, Domain: own}},
		{"unknown beats fail", []dkim.Signature{fail(own, dkim.ReasonKeyGone), unknown(own)}, report.Authenticity{Result: report.AuthUnknown, Domain: own, Reason: "dns"}},
		{"the sender's failure says more than a stranger's signature", []dkim.Signature{pass(stranger), fail(own, dkim.ReasonExpired)},
			report.Authenticity{Result: report.AuthFail, Domain: own, Reason: "expired"}},
		{"a key that is gone says more than one that is not read", []dkim.Signature{fail(own, dkim.ReasonAlgorithm), fail(own, dkim.ReasonKeyGone)},
			report.Authenticity{Result: report.AuthFail, Domain: own, Reason: "key-gone"}},
		{"the first of equals", []dkim.Signature{fail(own, dkim.ReasonBodyHash), fail("b."+own, dkim.ReasonExpired)},
			report.Authenticity{Result: report.AuthFail, Domain: own, Reason: "body-hash"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := judge(tt.signatures, claim{envelope: read.Envelope{FromDomain: own}}, authres.Results{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("judge (-want +got):\n%s", diff)
			}
		})
	}
}
