package imapbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		const limit = 10_000
		sized := func(n int) []byte {
			head := []byte("Subject: x\r\n\r\n")
			return append(head, bytes.Repeat([]byte("y"), n-len(head))...)
		}
		want := map[uint32]imapbox.Body{}
		for _, size := range []int{limit - 1, limit, limit + 1, 40 * limit} {
			uid := s.Append(t, "INBOX", nil, time.Time{}, sized(size))
			want[uid] = imapbox.Body{UID: uid, Data: sized(size)[:min(size, limit)], TooLarge: size > limit}
		}
		session := open(t, s)
		examine(t, session, "INBOX")
		before := session.BytesRead()
		got := map[uint32]imapbox.Body{}
		err := session.Bodies(t.Context(), []uint32{1, 2, 3, 4}, limit, func(b imapbox.Body) error {
			if b.InternalDate.IsZero() {
				t.Errorf("UID %d has no date", b.UID)
			}
			b.InternalDate = time.Time{}
			got[b.UID] = b
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
		if read := session.BytesRead() - before; read > 5*limit {
			t.Errorf("read %d bytes, want little more than four times %d", read, limit)
		}
	})
}

func TestBodiesOfAServerThatIgnoresBounds(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("z", 100_000)
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send("* 1 FETCH (UID 1 BODY[] " + imaptest.Literal(big) + ")")
		c.Send("* 2 FETCH (UID 2 BODY[] " + imaptest.Literal("small") + ")")
		c.OK(cmd)
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	got := bodiesOf(t, session, 1000, 1, 2)
	if len(got[1]) != 1000 || string(got[2]) != "small" {
		t.Errorf("bodies have %d and %d bytes, want 1000 and 5", len(got[1]), len(got[2]))
	}
}

func TestBodiesOfAServerThatSendsWithoutEnd(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, _ imaptest.Command) {
		c.Raw("* 1 FETCH (UID 1 BODY[]<0> {99999999999}\r\n")
		for {
			c.Raw(strings.Repeat("z", 64<<10))
		}
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	err := session.Bodies(t.Context(), []uint32{1}, 1000, func(imapbox.Body) error {
		t.Error("handed out a message that has no end")
		return nil
	})
	if !errors.Is(err, imapbox.ErrProtocol) || session.BytesRead() > 3<<20 {
		t.Errorf("Bodies: %v after %d bytes; want ErrProtocol soon", err, session.BytesRead())
	}
}

// A batch is cut to size by what the server says of sizes. This one lies, and
// the bound on memory holds all the same.
func TestBodiesArriveWhereSizesAreWrong(t *testing.T) {
	t.Parallel()
	const limit, messages = 6 << 20, 6
	big := strings.Repeat("z", limit)
	var downloads atomic.Int32
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH 1 2 3 4 5 6"); c.OK(cmd) },
			"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				set, items, _ := strings.Cut(cmd.Args, " ")
				var from, to int
				if n, _ := fmt.Sscanf(set, "%d:%d", &from, &to); n < 2 {
					to = from
				}
				for uid := from; uid <= to; uid++ {
					if strings.Contains(items, "RFC822.SIZE") {
						c.Send(fmt.Sprintf("* %d FETCH (UID %d RFC822.SIZE 10)", uid, uid))
					} else {
						c.Send(fmt.Sprintf("* %d FETCH (UID %d BODY[]<0> %s)", uid, uid, imaptest.Literal(big)))
					}
				}
				if strings.Contains(items, "BODY") {
					downloads.Add(1)
				}
				c.OK(cmd)
			},
		}})
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	calls := 0
	err := session.Bodies(t.Context(), []uint32{1, 2, 3, 4, 5, 6}, limit, func(b imapbox.Body) error {
		calls++
		if len(b.Data) != limit {
			t.Errorf("UID %d has %d bytes, want %d", b.UID, len(b.Data), limit)
		}
		return nil
	})
	if err != nil || calls != messages {
		t.Errorf("Bodies: %v after %d calls", err, calls)
	}
	// Two fit at once; the other four came one by one.
	if got := downloads.Load(); got != 5 {
		t.Errorf("%d downloads, want 5", got)
	}
}

func TestHeadersOfAMessageThatIsAllHeader(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		var b strings.Builder
		b.WriteString("Message-ID: <big@example.test>\r\nSubject: ")
		for range 20_000 {
			b.WriteString("a long subject\r\n ")
		}
		b.WriteString("end\r\nFrom: last@example.test\r\n\r\nbody\r\n")
		uid := s.Append(t, "INBOX", nil, time.Time{}, []byte(b.String()))
		next := s.Append(t, "INBOX", nil, time.Time{}, mail(2))
		session := open(t, s)
		examine(t, session, "INBOX")
		before := session.BytesRead()
		headers, err := session.Headers(t.Context(), []uint32{uid, next})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for name, value := range headers[uid].Fields.All() {
			total += len(name) + len(value)
		}
		if total == 0 || total > 64<<10 || session.BytesRead()-before > 70<<10 {
			t.Errorf("%d bytes of fields, %d bytes read; want at most 64 KiB", total, session.BytesRead()-before)
		}
		if headers[next].Fields.Get("Subject") != "mail 2" {
			t.Errorf("the message behind it = %+v", headers[next])
		}
	})
}

func TestOtherPeoplesMailIsNotDownloaded(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		const messages, size = 20, 100_000
		for n := range messages {
			s.Append(t, "INBOX", nil, time.Time{}, append(mail(n), bytes.Repeat([]byte("private "), size/8)...))
		}
		session := open(t, s)
		status := examine(t, session, "INBOX")
		unseen, err := session.Unseen(t.Context(), status.UIDNext)
		if err != nil {
			t.Fatal(err)
		}
		headers, err := session.Headers(t.Context(), unseen)
		if err != nil || len(headers) != messages {
			t.Fatalf("Headers: %d, %v", len(headers), err)
		}
		for _, h := range headers {
			if h.Size < size {
				t.Errorf("UID %d: size %d", h.UID, h.Size)
			}
		}
		if read := session.BytesRead(); read > messages*1000 {
			t.Errorf("read %d bytes to look at %d messages", read, messages)
		}
		for uid, flags := range s.Flags(t, "INBOX") {
			if len(flags) > 0 {
				t.Errorf("looking at UID %d set %v", uid, flags)
			}
		}
	})
}

// A colleague deletes a message after the folder was opened. The server may say
// NO to a FETCH for that; the other messages come all the same.
func TestMessagesThatAreDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for n := 1; n <= 3; n++ {
			s.Append(t, "INBOX", nil, time.Time{}, mail(n))
		}
		session := open(t, s)
		examine(t, session, "INBOX")
		s.Expunge(t, "INBOX", 2)
		headers, err := session.Headers(t.Context(), []uint32{1, 2, 3})
		if err != nil {
			t.Fatalf("Headers: %v", err)
		}
		if headers[1].Fields.Get("Subject") != "mail 1" || headers[3].Fields.Get("Subject") != "mail 3" {
			t.Errorf("headers = %+v", headers)
		}
		want := map[uint32][]byte{1: mail(1), 2: nil, 3: mail(3)}
		if diff := cmp.Diff(want, bodiesOf(t, session, 1<<20, 1, 2, 3)); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
		if parts, err := session.PartHeaders(t.Context(), 2, nil); err != nil || parts.Told {
			t.Errorf("PartHeaders = %v, %v", parts, err)
		}
	})
}
