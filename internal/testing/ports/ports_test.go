package ports_test

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"tlsbrief/internal/testing/ports"
)

// A few processes, as those of go test ./..., reserve at the same time.
func TestNoPortIsReservedTwice(t *testing.T) {
	const reserve, done = "TLSBRIEF_RESERVE_PORTS", "done\n"
	if os.Getenv(reserve) != "" {
		for range 50 {
			os.Stdout.WriteString("port " + strconv.Itoa(ports.Reserve(t)) + "\n")
		}
		os.Stdout.WriteString(done)
		var b [1]byte
		os.Stdin.Read(b[:]) // it holds them until it is told to end
		return
	}
	seen := make(map[string]bool)
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoPortIsReservedTwice$")
		cmd.Env = append(os.Environ(), reserve+"=1")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close(); cmd.Wait() })
		var text strings.Builder
		for b := make([]byte, 4096); !strings.Contains(text.String(), done); {
			n, err := out.Read(b)
			if err != nil {
				t.Fatalf("after %q: %v", text.String(), err)
			}
			text.Write(b[:n])
		}
		for line := range strings.Lines(text.String()) {
			if port, ok := strings.CutPrefix(line, "port "); ok {
				if seen[port] {
					t.Errorf("%s was reserved twice", strings.TrimSpace(port))
				}
				seen[port] = true
			}
		}
	}
	if len(seen) != 150 {
		t.Errorf("%d ports were reserved, want 150", len(seen))
	}
}

func TestAPortInUseIsNotFree(t *testing.T) {
	t.Parallel()
	port := ports.Reserve(t)
	if !ports.Free(port) {
		t.Fatalf("port %d is reserved and in use", port)
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.3", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ports.Free(port) {
		t.Errorf("port %d is free, and somebody listens there", port)
	}
}
