package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/testing/imaptest"
)

// A checkRig is an installation whose configuration leads to domains on loopback:
// its resolver, the ports, and whose certificates are good.
type checkRig struct {
	*rig
	world   *domaintest.World
	healthy *domaintest.Domain // healthy.example, which the configuration names
	expired *domaintest.Domain // expired.example, which it does not
}

func newCheckRig(t *testing.T) *checkRig {
	t.Helper()
	w := domaintest.New(t)
	r := &checkRig{world: w, healthy: w.Domain("healthy.example"), expired: w.Domain("expired.example")}
	w.Renew(r.expired.MX, domaintest.Template{Until: time.Now().Add(-49 * time.Hour)})
	r.rig = newRig(t, imaptest.Memory(t), r.settings(w.DNS.Addr(), `addresses = ["reports@healthy.example", "reports@expired.example"]`))
	r.write(t, "roots.pem", w.Root.PEM())
	return r
}

// settings is all of the configuration that check looks at.
func (r *checkRig) settings(dns, more string) string {
	return fmt.Sprintf(`
[[digest]]
name = "healthy"
domains = ["healthy.example", "*.below.example"]
[reports]
authenticity = "off"
[dns]
server = %q
[check]
ca_file = "roots.pem"
smtp_port = %d
https_port = %d
%s`, dns, r.world.SMTPPort, r.world.HTTPSPort, more)
}

// A checked is a domain as check --json prints it.
type checked struct {
	Domain, Verdict string
	Findings        []struct{ Code, Severity, Message string }
	Servers         []map[string]any
}

// codes are those of a domain's findings.
func (c checked) codes() (codes []string) {
	for _, f := range c.Findings {
		codes = append(codes, f.Code)
	}
	return codes
}

// look runs check with --json.
func (r *checkRig) look(t *testing.T, status int, args ...string) (domains []checked) {
	t.Helper()
	o := r.try(t, append([]string{"check", "--json"}, args...)...)
	if o.code != status {
		t.Fatalf("check %v: exit status %d, want %d: %s%s", args, o.code, status, o.stdout, o.stderr)
	}
	return decodeChecks(t, o.stdout)
}

func decodeChecks(t *testing.T, out string) []checked {
	t.Helper()
	var all struct{ Domains []checked }
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return all.Domains
}

// What was found decides the exit status, and is what there is now.
func TestCheckLooksAtWhatIsThere(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	if o := r.try(t, "check", "healthy.example"); o.code != 0 || !strings.HasPrefix(o.stdout, "ok       healthy.example\n") ||
		!strings.Contains(o.stdout, "TLS 1.3, TLS_") || !strings.Contains(o.stdout, "expires in 36") || o.stderr != "" {
		t.Errorf("healthy: exit status %d, %q, %q", o.code, o.stdout, o.stderr)
	}
	if o := r.try(t, "check", "expired.example"); o.code != 3 || !strings.Contains(o.stdout, "; the certificate has expired\n") {
		t.Errorf("expired: exit status %d, %q", o.code, o.stdout)
	}
	got := r.look(t, 3, "expired.example", "healthy.example")
	if len(got) != 2 || got[0].Verdict != "error" || !slices.Equal(got[0].codes(), []string{"cert-expired"}) || !strings.Contains(got[0].Findings[0].Message, "expired 2 days ago") || got[1].Verdict != "ok" {
		t.Errorf("expired: %+v", got)
	}
	r.world.Renew(r.expired.MX, domaintest.Template{Until: time.Now().Add(80*24*time.Hour + time.Hour)})
	got = r.look(t, 0, "expired.example")
	want := map[string]any{
		"mx_host": "mx.expired.example", "address": r.expired.MX.Address, "tls_version": "TLS 1.3", "cipher_suite": got[0].Servers[0]["cipher_suite"],
		"certificate_expires": r.expired.MX.Leaf.X509.NotAfter.Format(time.RFC3339), "certificate_days": 80.0,
	}
	if diff := cmp.Diff(want, got[0].Servers[0]); diff != "" || len(got[0].Servers) != 1 || !strings.HasPrefix(fmt.Sprint(want["cipher_suite"]), "TLS_") {
		t.Errorf("mended (-want +got):\n%s", diff)
	}
}

func TestCheckDoesNotProbeWhereItMayNot(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	connected := make(chan struct{}, 10)
	r.world.Change(func() { r.expired.MX.Session = func(net.Conn) { connected <- struct{}{} } })
	if got := r.look(t, 0, "--no-probe", "expired.example"); len(got[0].Findings) > 0 || got[0].Servers == nil || len(got[0].Servers) > 0 {
		t.Errorf("not probed: %+v", got)
	}
	if len(connected) > 0 {
		t.Error("the mail server was connected to all the same")
	}
	r.expired.MX.Close()
	if got := r.look(t, 0, "expired.example"); !slices.Equal(got[0].codes(), []string{"probe-port-closed"}) || got[0].Servers[0]["certificate_days"] != nil {
		t.Errorf("port closed: %+v", got)
	}
}

// Domains come from arguments, files and standard input, each once, and without
// any from the configuration and the database.
func TestCheckTakesDomainsFromEverywhere(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	r.write(t, "domains", "# ours\r\nhealthy.example\r\n\r\n  EXPIRED.example. \r\n")
	names := func(domains []checked) (names []string) {
		for _, d := range domains {
			names = append(names, d.Domain)
		}
		return names
	}
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	cmd := r.command(ctx, "check", "--json", "--no-probe", "-", "xn--bcher-kva.example", "@"+r.dir+"/domains")
	cmd.Stdin = strings.NewReader("expired.example\nbücher.example\n")
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("check: %v, want exit status 3", err)
	}
	got := decodeChecks(t, stdout.String())
	if diff := cmp.Diff([]string{"expired.example", "xn--bcher-kva.example", "healthy.example"}, names(got)); diff != "" || !slices.Equal(got[1].codes(), []string{"domain-missing"}) {
		t.Errorf("named everywhere (-want +got):\n%s%+v", diff, got)
	}

	if diff := cmp.Diff([]string{"healthy.example"}, names(r.look(t, 0))); diff != "" {
		t.Errorf("without reports (-want +got):\n%s", diff)
	}
	report, _ := sampleMail(t, time.Now(), 1, 0)
	r.imap.Append(t, "INBOX", nil, report[0].Date, report[0].Data)
	if n := r.poll(t, "poll"); n.Recorded != 1 {
		t.Fatalf("recorded %+v", n)
	}
	// Of what only reports name, nothing private is connected to.
	r.world.Domain("example.com")
	got = r.look(t, 3)
	if diff := cmp.Diff([]string{"healthy.example", "example.com"}, names(got)); diff != "" || !slices.Equal(got[1].codes(), []string{"mx-private", "tlsrpt-rua-not-ours", "mta-sts-fetch"}) {
		t.Errorf("with a report (-want +got):\n%s%+v", diff, got)
	}
	r.configure(t, r.imap, strings.Replace(r.settings(r.world.DNS.Addr(), ""), "*.below.example", "*.com", 1))
	if got = r.look(t, 3, "--no-probe"); len(got) != 2 || !slices.Equal(got[1].codes(), []string{"tlsrpt-rua-not-ours"}) {
		t.Errorf("where a wildcard makes it ours: %+v", got)
	}
}

// What keeps check from looking at all is no finding: exit status 1, and 2 where the
// configuration is to blame.
func TestCheckThatCannotLook(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	// Nobody listens there, while a port that was closed just now may be another test's.
	r.configure(t, r.imap, r.settings("127.255.255.254:9", ""))
	o := r.try(t, "check", "--json", "healthy.example")
	if got := decodeChecks(t, o.stdout); o.code != 1 || !strings.Contains(o.stderr, "[dns] server") || !slices.Equal(got[0].codes(), []string{"dns-failed"}) {
		t.Errorf("no resolver: exit status %d, %q, %q", o.code, o.stdout, o.stderr)
	}

	r.configure(t, r.imap, r.settings(r.world.DNS.Addr(), ""))
	if err := os.Remove(r.dir + "/roots.pem"); err != nil {
		t.Fatal(err)
	}
	if o := r.try(t, "check", "healthy.example"); o.code != 2 || !strings.Contains(o.stderr, "roots.pem") || o.stdout != "" {
		t.Errorf("no ca_file: exit status %d, %q, %q", o.code, o.stdout, o.stderr)
	}
}

// One that is stopped says so, and does not wait for who does not answer.
func TestCheckThatIsStopped(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.world.Change(func() {
		r.healthy.MX.Session = func(conn net.Conn) { cancel(); domaintest.Stall(conn) }
	})
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"--config", r.dir + "/config.toml", "check", "healthy.example"}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "stopped") || stdout.Len() > 0 {
		t.Errorf("exit status %d, %q, %q", code, stdout.String(), stderr.String())
	}
}

// A mailbox whose user name is no address may be where reports go to.
func TestCheckKnowsWhoseAddressesItDoesNotKnow(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	r.world.DNS.SetTXT("_smtp._tls.expired.example", "v=TLSRPTv1; rua=mailto:reports@xn--bcher-kva.example")
	r.world.Domain("xn--bcher-kva.example")
	for _, tt := range []struct {
		name, user, addresses string
		status                int
		want                  []string
	}{
		{"another address", "someone@example.test", "", 3, []string{"tlsrpt-rua-not-ours"}},
		{"the address itself", "Reports@HEALTHY.example", "", 0, nil},
		{"no address", "reports", "", 0, []string{"tlsrpt-rua-unknown"}},
		{"no address, but it is said", "reports", `addresses = ["reports@healthy.example"]`, 0, nil},
		{"no address, and another is said", "reports", `addresses = ["tls@healthy.example"]`, 3, []string{"tlsrpt-rua-not-ours"}},
	} {
		other := imaptest.Server{Host: r.imap.Host, Port: r.imap.Port, TLS: r.imap.TLS, CAFile: r.imap.CAFile, Username: tt.user}
		r.configure(t, &other, r.settings(r.world.DNS.Addr(), tt.addresses))
		if got := r.look(t, tt.status, "--no-probe", "healthy.example"); !slices.Equal(got[0].codes(), tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got[0].codes(), tt.want)
		}
	}
	other := imaptest.Server{Host: r.imap.Host, Port: r.imap.Port, TLS: r.imap.TLS, CAFile: r.imap.CAFile, Username: "reports@bücher.example"}
	r.configure(t, &other, r.settings(r.world.DNS.Addr(), ""))
	if got := r.look(t, 0, "--no-probe", "expired.example"); len(got[0].Findings) > 0 {
		t.Errorf("an address as people write it: %v", got[0].codes())
	}
}
