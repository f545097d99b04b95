package authres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest/authres"
)

// fold joins the lines of a field as a server folds it.
func fold(lines ...string) string { return " " + strings.Join(lines, "\r\n\t") }

// A form is a field as some server writes it.
type form struct {
	name, value string
	want        authres.Results
	differs     string // where go-msgauth reads it otherwise: how
}

func forms() []form {
	return []form{
		{name: "Gmail: header.i only, dkim first", value: fold("mx.google.com;",
			"dkim=pass header.i=@reporter.example header.s=20230601 header.b=AbCdEfGh;",
			"spf=pass (google.com: domain of bounce@reporter.example designates 192.0.2.7 as permitted sender) smtp.mailfrom=bounce@reporter.example;",
			"dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=reporter.example"),
			want: authres.Results{AuthservID: "mx.google.com", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Identity: "@reporter.example", Selector: "20230601", Value: "AbCdEfGh"}}}},
		{name: "Microsoft 365: no authserv-id, no space behind semicolons", value: fold(
			"spf=pass (sender IP is 192.0.2.7)", "smtp.mailfrom=reporter.example; dkim=pass (signature was verified)",
			"header.d=reporter.example;dmarc=pass action=none", "header.from=reporter.example;compauth=pass reason=100"),
			want:    authres.Results{DKIM: []authres.DKIM{{Result: "pass", Domain: "reporter.example"}}},
			differs: "takes the first result for the authserv-id"},
		{name: "Microsoft 365 of old: the recipient's domain between results", value: fold(
			"spf=pass (sender IP is 192.0.2.7)", "smtp.mailfrom=reporter.example; contoso.example; dkim=fail",
			"(body hash did not verify)", "header.d=reporter.example;contoso.example; dmarc=none action=none", "header.from=reporter.example;"),
			want:    authres.Results{DKIM: []authres.DKIM{{Result: "fail", Domain: "reporter.example"}}},
			differs: "takes the first result for the authserv-id"},
		{name: "Fastmail: all properties, comment in front", value: fold("mx1.messagingengine.example;",
			"dkim=pass (2048-bit rsa key sha256) header.d=reporter.example", "  header.i=@reporter.example header.b=t0hmJ0p/ header.a=rsa-sha256",
			"  header.s=sel-1;", "dmarc=pass policy.published-domain-policy=reject", "  (p=reject,d=none,d.eval=none) header.from=reporter.example;"),
			want: authres.Results{AuthservID: "mx1.messagingengine.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Identity: "@reporter.example", Selector: "sel-1", Algorithm: "rsa-sha256", Value: "t0hmJ0p/"}}}},
		{name: "Fastmail: comments in a comment", value: fold("mx1.messagingengine.example;", "arc=fail",
			"  (as.1.relay.example=fail (bad RSA signature), ams.1.relay.example=fail (bad RSA signature))", "  smtp.remote-ip=192.0.2.7"),
			want: authres.Results{AuthservID: "mx1.messagingengine.example"}},
		{name: "OpenDKIM: semicolon in a comment", value: fold("mail.home.example;",
			"dkim=pass (2048-bit key; unprotected) header.d=reporter.example header.i=@reporter.example header.b=glE73hE7;", "dkim-atps=neutral"),
			want: authres.Results{AuthservID: "mail.home.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Identity: "@reporter.example", Value: "glE73hE7"}}},
			differs: "splits at the semicolon within the comment"},
		{name: "OpenDKIM: quoted reason and value", value: fold("mail.home.example; dkim=fail", `reason="signature verification failed; key too short" (1024-bit key) header.d=Reporter.Example`,
			`header.i=@reporter.example header.b="a/b+c="`),
			want: authres.Results{AuthservID: "mail.home.example", DKIM: []authres.DKIM{
				{Result: "fail", Domain: "reporter.example", Identity: "@reporter.example", Value: "a/b+c=", Reason: "signature verification failed; key too short"}}},
			differs: "splits at the semicolon within the quoted string"},
		{name: "rspamd: several signatures", value: fold("mail.home.example;",
			"dkim=pass header.d=reporter.example header.s=a header.b=AbCdEfGh;", "dkim=pass header.d=relay.example header.s=b header.b=IjKlMnOp;",
			"dmarc=pass (policy=reject) header.from=reporter.example;", "spf=pass (mail.home.example: domain of bounce@reporter.example designates 192.0.2.7 as permitted sender) smtp.mailfrom=bounce@reporter.example"),
			want: authres.Results{AuthservID: "mail.home.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Selector: "a", Value: "AbCdEfGh"}, {Result: "pass", Domain: "relay.example", Selector: "b", Value: "IjKlMnOp"}}}},
		{name: "Exim: iprev first", value: fold("mail.home.example;", "iprev=pass (mail.reporter.example) smtp.remote-ip=192.0.2.7;",
			"spf=pass smtp.mailfrom=reporter.example;", "dkim=pass header.d=reporter.example header.s=sel header.a=rsa-sha256;", "dmarc=pass header.from=reporter.example"),
			want: authres.Results{AuthservID: "mail.home.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Selector: "sel", Algorithm: "rsa-sha256"}}}},
		{name: "Yahoo: comment without space before it", value: fold("atlas-production.v2-mail-prod1-bf1.omega.yahoo.example;",
			"dkim=pass header.i=@reporter.example header.s=s1;", "spf=pass smtp.mailfrom=reporter.example;", "dmarc=success(p=REJECT) header.from=reporter.example;"),
			want: authres.Results{AuthservID: "atlas-production.v2-mail-prod1-bf1.omega.yahoo.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Identity: "@reporter.example", Selector: "s1"}}}},
		{name: "Yahoo of old: no semicolon behind the authserv-id", value: "mta1.mail.yahoo.example  from=reporter.example; domainkeys=neutral (no sig);  from=reporter.example; dkim=pass (ok)",
			want:    authres.Results{AuthservID: "mta1.mail.yahoo.example", DKIM: []authres.DKIM{{Result: "pass"}}},
			differs: "takes the first result for a version"},
		{name: "iCloud: a field for each method", value: fold("dkim-verifier.icloud.example;", "dkim=pass (2048-bit key) header.d=reporter.example header.i=@reporter.example header.b=Xy12AbCd"),
			want: authres.Results{AuthservID: "dkim-verifier.icloud.example", DKIM: []authres.DKIM{
				{Result: "pass", Domain: "reporter.example", Identity: "@reporter.example", Value: "Xy12AbCd"}}}},
		{name: "mail.ru: spf first", value: fold("mxs.mail.example; spf=pass (mx42.mail.example: domain of reporter.example designates 192.0.2.7 as permitted sender) smtp.mailfrom=bounce@reporter.example smtp.helo=out.reporter.example;",
			" dkim=pass header.d=reporter.example; dmarc=pass header.from=tls@reporter.example"),
			want: authres.Results{AuthservID: "mxs.mail.example", DKIM: []authres.DKIM{{Result: "pass", Domain: "reporter.example"}}}},
		{name: "an unsigned message", value: "MX.Example.ORG 1; dkim=none (message not signed) header.d=none",
			want: authres.Results{AuthservID: "mx.example.org", Version: "1", DKIM: []authres.DKIM{{Result: "none", Domain: "none"}}}},
		{name: "nothing checked", value: "mx.example.org 1; none",
			want: authres.Results{AuthservID: "mx.example.org", Version: "1", NoResult: true}},
		{name: "RFC 8601 appendix B.7: comments wherever they may stand", value: fold("foo.example.net (foobar) 1 (baz);",
			"dkim (Because I like it) / 1 (One yay) = (wait for it) fail", "policy (A dot can go here) . (like that) expired", "(this surprised me) = (as I wasn't expecting it) 1362471462"),
			want:    authres.Results{AuthservID: "foo.example.net", Version: "1", DKIM: []authres.DKIM{{Result: "fail"}}},
			differs: "knows no comments"},
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range forms() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := authres.Parse(tt.value)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.value, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.value, diff)
			}
		})
	}
}
