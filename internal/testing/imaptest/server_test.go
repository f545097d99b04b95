package imaptest_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
)

// A client speaks IMAP by hand.
type client struct {
	t    *testing.T
	conn net.Conn
	br   *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn, br: bufio.NewReader(conn)}
}

// line reads one line; "" once the connection is over.
func (c *client) line() string {
	line, err := c.br.ReadString('\n')
	if err != nil {
		return strings.TrimRight(line, "\r\n")
	}
	return strings.TrimRight(line, "\r\n")
}

// command sends a command with the tag "a" and returns the lines up to its end.
func (c *client) command(text string) []string {
	c.t.Helper()
	if _, err := c.conn.Write([]byte("a " + text + "\r\n")); err != nil {
		c.t.Fatal(err)
	}
	var lines []string
	for {
		line := c.line()
		if line == "" {
			return lines
		}
		lines = append(lines, line)
		if strings.HasPrefix(line, "a ") {
			return lines
		}
	}
}

func (c *client) login(s *imaptest.Server) {
	c.t.Helper()
	lines := c.command(`LOGIN "` + s.Username + `" "` + s.Password + `"`)
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "a OK") {
		c.t.Fatalf("login: %q", lines)
	}
}

func TestMailboxFromOutside(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"none", "starttls", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			imaptest.Each(t, testMailbox, imaptest.WithTLS(mode))
		})
	}
}

func testMailbox(t *testing.T, s *imaptest.Server) {
	const folder = "A/Böse"
	one, two := []byte("Subject: one\r\n\r\nbody\r\n"), []byte("Subject: two\r\n\r\nbody\r\n")
	s.CreateFolder(t, folder)
	first := s.Append(t, folder, nil, time.Time{}, one)
	second := s.Append(t, folder, []string{`\Seen`}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), two)
	s.SetFlags(t, folder, first, `\Flagged`)
	want := map[uint32][]string{first: {`\Flagged`}, second: {`\Seen`}}
	if diff := cmp.Diff(want, s.Flags(t, folder)); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	s.Expunge(t, folder, first)
	if diff := cmp.Diff(map[uint32][]byte{second: two}, s.Messages(t, folder)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	s.Recreate(t, folder)
	if got := s.Messages(t, folder); len(got) != 0 {
		t.Errorf("messages in a new folder: %v", got)
	}
	if uid := s.Append(t, folder, nil, time.Time{}, one); uid != 1 {
		t.Errorf("the first UID in a new folder is %d", uid)
	}
	s.DeleteFolder(t, folder)
	pem, err := os.ReadFile(s.CAFile)
	if err != nil || !strings.Contains(string(pem), "BEGIN CERTIFICATE") {
		t.Errorf("CA file: %q, %v", pem, err)
	}
}

func TestFillNumbersMessagesInOrder(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Many")
		for _, folder := range []string{"INBOX", "Many"} {
			want := make(map[uint32][]byte)
			s.Fill(t, folder, 30, func(uid int) []byte {
				want[uint32(uid)] = fmt.Appendf(nil, "Subject: %d\r\n\r\nbody\r\n", uid)
				return want[uint32(uid)]
			})
			if diff := cmp.Diff(want, s.Messages(t, folder)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", folder, diff)
			}
		}
	})
}

func TestRecreateChangesUIDVALIDITY(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Box")
		c := dial(t, s.Addr)
		_ = c.line()
		c.login(s)
		status := func() string { return c.command("STATUS Box (UIDVALIDITY)")[0] }
		before := status()
		if again := status(); again != before || !strings.Contains(before, "UIDVALIDITY") {
			t.Errorf("STATUS = %q, then %q", before, again)
		}
		s.Recreate(t, "Box")
		if after := status(); after == before {
			t.Errorf("STATUS = %q before and after", after)
		}
	})
}

func TestRightsOfAFolder(t *testing.T) {
	t.Parallel()
	imaptest.EachInstalled(t, func(t *testing.T, s *imaptest.Server) {
		s.CreateFolder(t, "Shared/Box")
		s.SetRights(t, "Shared/Box", "lr")
		c := dial(t, s.Addr)
		_ = c.line()
		c.login(s)
		lines := c.command("SELECT Shared/Box")
		if last := lines[len(lines)-1]; !strings.Contains(last, "READ-ONLY") {
			t.Errorf("SELECT: %q, want READ-ONLY", last)
		}
	})
}

func TestCertificateOfTheServer(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		conn, err := tls.Dial("tcp", s.Addr, s.TLSConfig())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if _, err := tls.Dial("tcp", s.Addr, nil); err == nil {
			t.Error("the certificate is good without its CA")
		}
	}, imaptest.WithTLS("implicit"))
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		if _, err := tls.Dial("tcp", s.Addr, s.TLSConfig()); err == nil {
			t.Error("an expired certificate is good")
		}
		s.Append(t, "INBOX", nil, time.Time{}, []byte("Subject: x\r\n\r\n")) // others don't mind
	}, imaptest.WithTLS("implicit"), imaptest.WithCertificate(imaptest.Certificate{Expired: true}))
}
