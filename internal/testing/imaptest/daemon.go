package imaptest

import (
	"bufio"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemonWait bounds the start of a server.
const daemonWait = time.Minute

// A daemon is a server in a process of its own, with children.
type daemon struct {
	cmd    *exec.Cmd
	exited chan struct{}
	output strings.Builder // complete once it has exited
}

// startDaemon starts a server on two free ports, one for plain text and one for
// TLS; command makes the process. Somebody else may take one of the ports between
// choosing and listening; then others are tried. log is asked for when it fails.
func startDaemon(t testing.TB, name string, command func(plain, tls int) *exec.Cmd, log func() string) {
	t.Helper()
	const tries = 5
	for range tries {
		plain, tls := freePorts(t)
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
		if d.answers(plain) {
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
		if said := d.output.String() + log(); !strings.Contains(said, "Address already in use") {
			t.Fatalf("%s did not start:\n%s", name, said)
		}
	}
	t.Fatalf("%s found no free port in %d tries", name, tries)
}

// answers waits for the greeting, and reports false if the process ended or time
// ran out.
func (d *daemon) answers(port int) bool {
	deadline := time.NewTimer(daemonWait)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-d.exited:
			return false
		case <-deadline.C:
			return false
		case <-tick.C:
		}
		if greets(port) {
			return true
		}
	}
}

func greets(port int) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(daemonWait)); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "* OK")
}

// stop kills the server with all its children. Asked politely, it takes a second
// about it, and there is nothing worth saving.
func (d *daemon) stop(t testing.TB, name string) {
	if err := syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Errorf("stopping %s: %v", name, err)
	}
	<-d.exited
}

// freePorts asks the system for two ports that nobody listens on.
func freePorts(t testing.TB) (int, int) {
	t.Helper()
	var ports [2]int
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // only once both are known: else they may be the same
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = portOf(t, port)
	}
	return ports[0], ports[1]
}
