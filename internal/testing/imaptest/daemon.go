package imaptest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/testing/ports"
)

// daemonWait bounds the start of a server.
const daemonWait = time.Minute

// A daemon is a server in a process of its own, with children.
type daemon struct {
	cmd    *exec.Cmd
	exited chan struct{}
	output strings.Builder // complete once it has exited
}

// A proof tells the server that a test started from one that others started: by
// whoever has a port first, a client is greeted as well.
type proof struct {
	greeting string // stands in the greeting of no other server
	leaf     []byte // its certificate
}

// newProof makes a greeting that can be part of a host name.
func newProof(c tls.Certificate) proof {
	return proof{greeting: "imaptest-" + strings.ToLower(rand.Text()), leaf: c.Certificate[0]}
}

// startDaemon starts a server on two ports, one for plain text and one for TLS,
// which port chooses; command makes the process. If somebody else has one of the
// ports, others are tried. log is asked for when it fails.
func startDaemon(t testing.TB, name string, port func(testing.TB) int, own proof, command func(plain, tls int) *exec.Cmd, log func() string) {
	t.Helper()
	const tries = 5
	for range tries {
		plain, tls := port(t), port(t)
		d := &daemon{cmd: command(plain, tls), exited: make(chan struct{})}
		// Should the test be killed, the server goes with it.
		if d.cmd.SysProcAttr == nil {
			d.cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		d.cmd.SysProcAttr.Pdeathsig, d.cmd.SysProcAttr.Setpgid = syscall.SIGTERM, true
		d.cmd.Stdout, d.cmd.Stderr = &d.output, &d.output
		if err := d.cmd.Start(); err != nil {
			t.Fatalf("starting %s: %v", name, err)
		}
		go func() {
			_ = d.cmd.Wait() // how it ended is in its log
			close(d.exited)
		}()
		err := d.await(func() error { return own.greets(plain) })
		if err == nil {
			err = d.await(func() error { return own.shows(tls) })
		}
		if err == nil {
			t.Cleanup(func() {
				d.stop(t, name)
				if t.Failed() {
					t.Logf("%s's log:\n%s", name, log())
				}
			})
			return
		}
		_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		<-d.exited
		if !errors.Is(err, errStranger) && ports.Free(plain) && ports.Free(tls) {
			t.Fatalf("%s did not start: %v\n%s%s", name, err, d.output.String(), log())
		}
	}
	t.Fatalf("%s found no free port in %d tries:\n%s", name, tries, log())
}

// errStranger says that a server answered which is not the daemon.
var errStranger = errors.New("the port is another server's")

// await repeats a check until it passes or finds a stranger, the process ends or
// time runs out.
func (d *daemon) await(check func() error) error {
	deadline := time.NewTimer(daemonWait)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil || errors.Is(err, errStranger) {
			return err
		}
		select {
		case <-d.exited:
			return fmt.Errorf("it ended; %w", err)
		case <-deadline.C:
			return fmt.Errorf("after %s: %w", daemonWait, err)
		case <-tick.C:
		}
	}
}

// greets checks that the server greets on a port for plain text.
func (p proof) greets(port int) error {
	conn, err := dialLoopback(port)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "* OK") || !strings.Contains(line, p.greeting) {
		return errStranger
	}
	return nil
}

// shows checks that the server shows its certificate on a port for TLS. A server
// that asks for a client's certificate need not let a client in.
func (p proof) shows(port int) error {
	conn, err := dialLoopback(port)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var shown []byte
	err = tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, // it may have expired, which the test is about
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			shown = chain[0]
			return nil
		},
	}).Handshake()
	var notTLS tls.RecordHeaderError
	if shown != nil && !bytes.Equal(shown, p.leaf) || errors.As(err, &notTLS) {
		return errStranger
	}
	if shown != nil {
		return nil
	}
	return err
}

// dialLoopback connects for long enough to be greeted, but not for ever: somebody
// else's server may say nothing at all.
func dialLoopback(port int) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), daemonWait)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(daemonWait / 4))
}

// stop kills the server with all its children. Asked politely, it takes a second
// about it, and there is nothing worth saving.
func (d *daemon) stop(t testing.TB, name string) {
	if err := syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Errorf("stopping %s: %v", name, err)
	}
	<-d.exited
}
