package memimap_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/memimap"
)

func start(t *testing.T, o memimap.Options) *memimap.Server {
	t.Helper()
	s, err := memimap.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// talk sends lines and returns all that the server says until it hangs up.
func talk(t *testing.T, s *memimap.Server, lines ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(strings.Join(append(lines, "z LOGOUT"), "\r\n") + "\r\n")); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	if _, err := bufio.NewReader(conn).WriteTo(&all); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestDeliveredMailCanBeFetched(t *testing.T) {
	t.Parallel()
	s := start(t, memimap.Options{Username: "u", Password: "p"})
	var uids []uint32
	for range 2 {
		uid, err := s.Append("INBOX", []string{`\Flagged`}, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), []byte("Subject: hello\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		uids = append(uids, uid)
	}
	if diff := cmp.Diff([]uint32{1, 2}, uids); diff != "" {
		t.Errorf("UIDs (-want +got):\n%s", diff)
	}
	said := talk(t, s, "a LOGIN u p", "b EXAMINE INBOX", "c UID FETCH 2 (FLAGS INTERNALDATE BODY.PEEK[])")
	for _, want := range []string{"* 2 EXISTS", "Subject: hello", `\flagged`, `" 1-Mar-2026 00:00:00 +0000"`} {
		if !strings.Contains(strings.ToLower(said), strings.ToLower(want)) {
			t.Errorf("the server said %q; want %q in it", said, want)
		}
	}
}

func TestWhoIsNotTheUserStaysOut(t *testing.T) {
	t.Parallel()
	s := start(t, memimap.Options{Username: "u", Password: "p"})
	if said := talk(t, s, "a LOGIN u x"); !strings.Contains(said, "a NO") {
		t.Errorf("the server said %q", said)
	}
}

func TestFoldersAndCapabilities(t *testing.T) {
	t.Parallel()
	s := start(t, memimap.Options{Username: "u", Password: "p", Capabilities: []string{"uidplus"}})
	if err := s.Create("Reports"); err != nil {
		t.Fatal(err)
	}
	if err := s.Create("Reports"); err == nil {
		t.Error("Create twice: no error")
	}
	if _, err := s.Append("None", nil, time.Time{}, nil); err == nil {
		t.Error("Append to no folder: no error")
	}
	said := talk(t, s, "a LOGIN u p", "b CAPABILITY", "c STATUS Reports (MESSAGES)")
	if !strings.Contains(said, "UIDPLUS") || strings.Contains(said, "MOVE") || !strings.Contains(said, "(MESSAGES 0)") {
		t.Errorf("the server said %q", said)
	}
}

func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	s, err := memimap.Start(memimap.Options{Username: "only-here", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	br := bufio.NewReader(conn)
	if _, err := br.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if line, err := br.ReadString('\n'); err == nil {
		t.Errorf("the server still says %q", line)
	}
	// The port may be somebody else's by now.
	if l, err := net.Listen("tcp", s.Addr()); err == nil {
		_ = l.Close()
	} else if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		_ = conn.Close()
		if said := talk(t, s, "a LOGIN only-here p"); strings.Contains(said, "a OK") {
			t.Errorf("the server still listens: %q", said)
		}
	}
	if s.Port() == 0 {
		t.Error("Port = 0")
	}
}
