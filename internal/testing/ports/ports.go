// Package ports gives a test ports of loopback for servers that must be told where
// to listen, and for addresses where nobody listens.
//
// A port that the system chose and that was closed again belongs to whoever asks
// next. These are outside the range that the system chooses from, and a locked file
// keeps each from the other test processes of the same user.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Below the range that Linux chooses from (32768 to 60999), and above what servers
// of a machine usually have.
const (
	first = 20000
	count = 8000
)

// Reserve returns a port that nobody listens on, and that no other caller gets
// before the test ends. Who wants to listen on it may do so.
func Reserve(t testing.TB) int {
	t.Helper()
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("tlsbrief-test-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for range count {
		port := first + rand.IntN(count)
		// The file stays: were it removed, two could hold a lock of its name.
		lock, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil || !Free(port) {
			if err := errors.Join(ignoreHeld(err), lock.Close()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Cleanup(func() { _ = lock.Close() }) // which releases it
		return port
	}
	t.Fatalf("of the ports %d to %d none is free", first, first+count-1)
	return 0
}

func ignoreHeld(err error) error {
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	return err
}

// Free reports whether nobody listens on a port of any address of this machine.
func Free(port int) bool {
	l, err := net.Listen("tcp4", net.JoinHostPort("0.0.0.0", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
