package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

func TestVerifyWalksTheStepsAndSendsATestWhereAsked(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"))
	r := newRig(t, s, unchecked)
	out := r.must(t, "verify")
	for _, want := range []string{
		`ok    mailbox "reports", connect: 127.0.0.1:`,
		`ok    mailbox "reports", tls: TLS 1.3, certificate valid until `,
		`ok    mailbox "reports", log-in: reports@example.test by PLAIN`,
		`ok    mailbox "reports", folder "INBOX": 0 messages, can be marked`,
		"ok    smtp, rcpt",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("verify says\n%swant %q in it", out, want)
		}
	}
	if n := len(r.smtp.Mails()); n != 0 {
		t.Errorf("%d mails without --send-test", n)
	}
	out = r.must(t, "verify", "--send-test")
	mails := r.smtp.Mails()
	if !strings.Contains(out, "ok    test mail to <postmaster@example.com>") || len(mails) != 1 {
		t.Fatalf("%d mails\n%s", len(mails), out)
	}
	for _, want := range []string{"Subject: [TLS] a test of tlsbrief\r\n", "This is a test.", "Auto-Submitted: auto-generated"} {
		if !strings.Contains(string(mails[0].Data), want) {
			t.Errorf("the mail is\n%s\nwant %q in it", mails[0].Data, want)
		}
	}
}

func TestTestMailThatIsRefusedIsAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	if err := r.smtp.SetFaults(smtpsink.Fault{Step: smtpsink.Body, Code: 554, Text: "no"}); err != nil {
		t.Fatal(err)
	}
	if o := r.try(t, "verify", "--send-test"); o.code != 1 || !strings.Contains(o.stdout, "FAIL  test mail to <postmaster@example.com>") {
		t.Errorf("exit status %d\n%s", o.code, o.stdout)
	}
}

func TestVerifyNamesTheStepThatFails(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"), imaptest.WithCertificate(imaptest.Certificate{Expired: true}))
	r := newRig(t, s, unchecked)
	o := r.try(t, "verify")
	if o.code != 1 || !strings.Contains(o.stdout, `ok    mailbox "reports", connect`) || !strings.Contains(o.stdout, `FAIL  mailbox "reports", tls: `) {
		t.Errorf("exit status %d\n%s", o.code, o.stdout)
	}
}

func TestVerifyLooksUpTheServersName(t *testing.T) {
	t.Parallel()
	r := newRig(t, imaptest.Memory(t), unchecked)
	text, err := os.ReadFile(filepath.Join(r.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		host string
		code int
		want []string
	}{
		{"localhost", 0, []string{`ok    mailbox "reports", resolve: localhost is `, "ok    smtp, resolve: localhost is "}},
		{"no-such-host.invalid", 1, []string{
			`FAIL  mailbox "reports", resolve: lookup no-such-host.invalid`, "FAIL  smtp, resolve: lookup no-such-host.invalid", "check the spelling of host",
		}},
	} {
		config := strings.ReplaceAll(string(text), `host = "127.0.0.1"`, fmt.Sprintf("host = %q", tt.host))
		if tt.host != "localhost" {
			config = strings.ReplaceAll(config, `tls = "none"`, `tls = "implicit"`) // plain text is for this machine only
		}
		r.write(t, "config.toml", config)
		o := r.try(t, "verify")
		for _, want := range tt.want {
			if o.code != tt.code || !strings.Contains(o.stdout, want) {
				t.Errorf("host %s: exit status %d\n%swant %q in it", tt.host, o.code, o.stdout, want)
			}
		}
	}
}
