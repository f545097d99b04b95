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

// amend adds lines to the mailbox of a rig.
func (r *rig) amend(t *testing.T, lines string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "config.toml", strings.Replace(string(text), "folders =", lines+"\nfolders =", 1))
}

func TestServerNameIsTheNameThatTheCertificateMustBeFor(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"), imaptest.WithCertificate(imaptest.Certificate{Names: []string{"imap.example.test"}}))
	r := newRig(t, s, unchecked)
	if o := r.try(t, "poll"); o.code != 1 || !strings.Contains(o.stderr, "server_name") {
		t.Errorf("poll by the address: exit status %d\n%s", o.code, o.stderr)
	}
	r.amend(t, `server_name = "imap.example.test"`)
	r.must(t, "poll")
	r.configure(t, s, unchecked)
	r.amend(t, `server_name = "other.example.test"`)
	if o := r.try(t, "poll"); o.code != 1 || !strings.Contains(o.stderr, "not for other.example.test") {
		t.Errorf("poll by another name: exit status %d\n%s", o.code, o.stderr)
	}
}

func TestClientCertificateIsShownWhereTheServerAsks(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"),
		imaptest.WithDovecotConfig("ssl_verify_client_cert = yes\nauth_ssl_require_client_cert = yes"))
	r := newRig(t, s, unchecked)
	if o := r.try(t, "poll"); o.code != 1 {
		t.Errorf("poll without a certificate: exit status %d\n%s", o.code, o.stderr)
	}
	certificate, key := s.ClientCertificate(t, t.TempDir())
	r.amend(t, fmt.Sprintf("client_cert_file = %q\nclient_key_file = %q", certificate, key))
	r.must(t, "poll")
	if err := os.WriteFile(key, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := r.try(t, "poll"); o.code != 2 || !strings.Contains(o.stderr, "client_key_file") {
		t.Errorf("poll with a broken key: exit status %d\n%s", o.code, o.stderr)
	}
}

func TestClientCertificateIsShownToTheSMTPServer(t *testing.T) {
	t.Parallel()
	long(t)
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"))
	sink := smtpsink.New(t, smtpsink.Options{Mode: smtpsink.STARTTLS, ClientCAs: s.CA})
	r := newRig(t, s, unchecked)
	r.write(t, "smtp-ca.pem", string(sink.CA().PEM()))
	configure := func(client string) {
		t.Helper()
		r.write(t, "config.toml", fmt.Sprintf("%s[smtp]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"starttls\"\nca_file = \"smtp-ca.pem\"\n"+
			"from = \"reports@example.com\"\nto = [\"postmaster@example.com\"]\n%s", unchecked, sink.Port(), client))
	}
	configure("")
	if o := r.try(t, "verify", "--send-test"); !strings.Contains(o.stdout, "FAIL  smtp, ") {
		t.Errorf("verify without a certificate:\n%s", o.stdout)
	}
	certificate, key := s.ClientCertificate(t, t.TempDir())
	configure(fmt.Sprintf("client_cert_file = %q\nclient_key_file = %q\n", certificate, key))
	if o := r.try(t, "verify", "--send-test"); !strings.Contains(o.stdout, "ok    test mail to ") || len(sink.Mails()) != 1 {
		t.Errorf("verify with a certificate: %d mails\n%s", len(sink.Mails()), o.stdout)
	}
}
