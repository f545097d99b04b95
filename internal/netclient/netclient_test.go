package netclient_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tlsbrief/internal/netclient"
)

type addr struct{ network, text string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.text }

// M-I5: the address decides, whatever the name was.
func TestLocalIsJudgedByTheAddress(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	tcp := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 143} }
	for name, tt := range map[string]struct {
		addr net.Addr
		want bool
	}{
		"127.0.0.1":           {tcp("127.0.0.1"), true},
		"127.8.9.10":          {tcp("127.8.9.10"), true},
		"::1":                 {tcp("::1"), true},
		"::ffff:127.0.0.1":    {tcp("::ffff:127.0.0.1"), true},
		"192.0.2.1":           {tcp("192.0.2.1"), false},
		"0.0.0.0":             {tcp("0.0.0.0"), false},
		"::":                  {tcp("::"), false},
		"fe80::1":             {tcp("fe80::1"), false},
		"::ffff:192.0.2.1":    {tcp("::ffff:192.0.2.1"), false},
		"no address":          {&net.TCPAddr{}, false},
		"none":                {nil, false},
		"a socket":            {&net.UnixAddr{Name: "/run/imap", Net: "unix"}, true},
		"a pipe":              {ours.RemoteAddr(), true},
		"something by a name": {addr{"tcp", "localhost:143"}, false},
	} {
		if got := netclient.Local(tt.addr); got != tt.want {
			t.Errorf("%s: Local = %t", name, got)
		}
	}
}

func TestCheckPlainNamesTheAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := netclient.CheckPlain(conn); err != nil {
		t.Errorf("CheckPlain: %v", err)
	}
	var plain *netclient.PlainError
	err = netclient.CheckPlain(elsewhere{conn})
	if !errors.As(err, &plain) || !strings.Contains(err.Error(), "192.0.2.7 is not on it: nothing was sent") {
		t.Errorf("CheckPlain: %v", err)
	}
}

// elsewhere is a connection to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 143} }

func TestDialText(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for want, err := range map[string]error{
		"connection refused":                 dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)),
		"no route to host":                   fmt.Errorf("step: %w", dial(syscall.EHOSTUNREACH)),
		"lookup a.example: no such host":     dial(&net.DNSError{Err: "no such host", Name: "a.example", IsNotFound: true}),
		"context canceled":                   context.Canceled,
		"read tcp: connection reset by peer": &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
	} {
		if got := netclient.DialText(err); got != want {
			t.Errorf("DialText(%v) = %q, want %q", err, got, want)
		}
	}
}
