package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

// A process is tlsbrief as it is installed, at work on a scene, with an SMTP
// server and a proxy in front of that.
type process struct {
	*scene
	sink *smtpsink.Sink
	out  *imaptest.Proxy
}

// newProcess writes a configuration that goes through the proxies. extra is added
// to it.
func newProcess(t *testing.T, sc *scene, o smtpsink.Options, extra string) *process {
	t.Helper()
	p := &process{scene: sc, sink: smtpsink.New(t, o)}
	p.out = imaptest.NewSMTPProxy(t, fmt.Sprintf("127.0.0.1:%d", p.sink.Port()))
	p.write(t, "password", sc.imap.Password)
	p.write(t, "smtp-password", o.Password)
	mode := string(o.Mode)
	if mode == "" {
		mode = string(smtpsink.None)
	}
	port := p.out.Port
	if o.Mode == smtpsink.Implicit || o.Mode == smtpsink.STARTTLS {
		port = p.sink.Port() // the proxy reads lines
	}
	smtp := fmt.Sprintf("port = %d\ntls = %q\n", port, mode)
	if ca := p.sink.CA(); ca != nil {
		p.write(t, "smtp-ca.pem", string(ca.PEM()))
		smtp += "ca_file = \"smtp-ca.pem\"\n"
	}
	if o.User != "" {
		smtp += fmt.Sprintf("username = %q\npassword_file = \"smtp-password\"\n", o.User)
	}
	p.write(t, "config.toml", fmt.Sprintf(`
[database]
path = "tlsrpt.db"
[reports]
authenticity = "off"
[dns]
server = %q
[[mailbox]]
name = "reports"
host = "127.0.0.1"
port = %d
tls = "none"
username = %q
password_file = "password"
folders = [%q]
after = %q
move_to = %q
[smtp]
host = "127.0.0.1"
from = "TLS reports <reports@example.com>"
to = ["postmaster@example.com", "second@example.com", "third@example.com"]
%s%s`, dnstest.New(t).Addr(), sc.proxy.Port, sc.imap.Username, sc.folder, sc.after, map[bool]string{true: archive}[sc.after == "move"], smtp, extra))
	return p
}

func (p *process) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns the program, not yet started.
func (p *process) command(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	args = append([]string{"--config", filepath.Join(p.dir, "config.toml"), "--log-level", "warn"}, args...)
	return exec.CommandContext(ctx, program(t), args...)
}

// An outcome is what a run of the program gave.
type outcome struct {
	code           int // -1: killed
	stdout, stderr string
}

// try runs the program to its end.
func (p *process) try(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*testTimeout)
	defer cancel()
	return finish(t, p.command(ctx, t, args...))
}

// finish runs a command to its end.
func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs the program and expects it to succeed.
func (p *process) must(t *testing.T, args ...string) string {
	t.Helper()
	o := p.try(t, args...)
	if o.code != 0 {
		t.Fatalf("tlsbrief %s: exit status %d\n%s%s", strings.Join(args, " "), o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// killedAt runs the program with a fault injected into a conversation, at which it
// is killed: nothing of what it was about to do happens. It reports false where
// the fault's step was not reached, and the program came to its end.
func (p *process) killedAt(t *testing.T, through *imaptest.Proxy, f imaptest.Fault, args ...string) bool {
	t.Helper()
	cmd := p.command(t.Context(), t, args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	started, ended := make(chan struct{}), make(chan struct{})
	f.Call = func(imaptest.Step) {
		<-started
		_ = cmd.Process.Kill() // it cannot have ended: it waits for us
		<-ended
	}
	through.Inject(f)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	close(ended)
	through.Inject(imaptest.Fault{})
	switch killed := cmd.ProcessState.ExitCode() == -1; {
	case killed:
		return true
	case err != nil:
		t.Fatalf("tlsbrief %s: %v\n%s", strings.Join(args, " "), err, output.String())
	}
	return false
}
