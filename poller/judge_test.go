package poller

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/dkim"
	"tlsbrief/poller/authres"
	"tlsbrief/tlsrpt"
)

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
			if got := aligned(tt.signer, tlsrpt.Envelope{FromDomain: tt.from, Submitter: tt.submitter}); got != tt.want {
				t.Errorf("aligned(%q, From %q, submitter %q) = %v, want %v", tt.signer, tt.from, tt.submitter, got, tt.want)
			}
		})
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
		want       db.Authenticity
	}{
		{"no signature", nil, db.Authenticity{Result: db.AuthNone}},
		{"R1: a valid signature of the sender", []dkim.Signature{pass(own)}, db.Authenticity{Result: db.AuthPass, Domain: own}},
		{"R2: one with l=", []dkim.Signature{short}, db.Authenticity{Result: db.AuthFail, Domain: own, Reason: ReasonLTag}},
		{"R2: l= does not wait for DNS", []dkim.Signature{shortUnknown}, db.Authenticity{Result: db.AuthFail, Domain: own, Reason: ReasonLTag}},
		{"R4: a valid signature of a stranger", []dkim.Signature{pass(stranger)}, db.Authenticity{Result: db.AuthFail, Domain: stranger, Reason: ReasonNotAligned}},
		{"a stranger's does not wait for DNS", []dkim.Signature{unknown(stranger)}, db.Authenticity{Result: db.AuthFail, Domain: stranger, Reason: ReasonNotAligned}},
		{"one that does not hold", []dkim.Signature{fail(own, dkim.ReasonBodyHash)}, db.Authenticity{Result: db.AuthFail, Domain: own, Reason: "body-hash"}},
		{"a key that is gone", []dkim.Signature{fail(own, dkim.ReasonKeyGone)}, db.Authenticity{Result: db.AuthFail, Domain: own, Reason: "key-gone"}},
		{"DNS did not answer", []dkim.Signature{unknown(own)}, db.Authenticity{Result: db.AuthUnknown, Domain: own, Reason: "dns"}},
		{"pass beats all, wherever it stands", []dkim.Signature{fail(own, dkim.ReasonBadSignature), unknown(own), pass(stranger), pass(own)},
			db.Authenticity{Result: db.AuthPass, Domain: own}},
		{"pass beats one with l=", []dkim.Signature{short, pass(own)}, db.Authenticity{Result: db.AuthPass, Domain: own}},
		{"unknown beats fail", []dkim.Signature{fail(own, dkim.ReasonKeyGone), unknown(own)}, db.Authenticity{Result: db.AuthUnknown, Domain: own, Reason: "dns"}},
		{"the sender's failure says more than a stranger's signature", []dkim.Signature{pass(stranger), fail(own, dkim.ReasonExpired)},
			db.Authenticity{Result: db.AuthFail, Domain: own, Reason: "expired"}},
		{"a key that is gone says more than one that is not read", []dkim.Signature{fail(own, dkim.ReasonAlgorithm), fail(own, dkim.ReasonKeyGone)},
			db.Authenticity{Result: db.AuthFail, Domain: own, Reason: "key-gone"}},
		{"the first of equals", []dkim.Signature{fail(own, dkim.ReasonBodyHash), fail("b."+own, dkim.ReasonExpired)},
			db.Authenticity{Result: db.AuthFail, Domain: own, Reason: "body-hash"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := judge(tt.signatures, tlsrpt.Envelope{FromDomain: own}, authres.Results{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("judge (-want +got):\n%s", diff)
			}
		})
	}
}
