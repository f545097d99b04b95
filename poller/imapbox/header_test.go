package imapbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// The headers of thousands of messages are held at a time: long ones must not fill
// the memory.
func TestManyLongHeadersAreHeldWithinBounds(t *testing.T) {
	t.Parallel()
	const mails, long, most = 200, 60 << 10, 9 << 20
	s := imaptest.Memory(t)
	s.Fill(t, "INBOX", mails, func(int) []byte {
		return []byte("Content-Type: multipart/report; report-type=tlsrpt; boundary=b\r\nSubject: " + strings.Repeat("x", long) + "\r\n\r\nbody\r\n")
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	var uids []uint32
	for uid := range uint32(mails) {
		uids = append(uids, uid+1)
	}
	headers, err := session.Headers(t.Context(), uids)
	if err != nil || len(headers) != mails {
		t.Fatalf("Headers: %d of %d, %v", len(headers), mails, err)
	}
	held := 0
	for uid, h := range headers {
		held += len(h.Fields.Get("Subject"))
		if got := h.Fields.Get("Content-Type"); !strings.HasPrefix(got, "multipart/report") {
			t.Errorf("Content-Type of %d is %q", uid, got)
		}
	}
	if held > most {
		t.Errorf("%d bytes of subjects are held, want at most %d", held, most)
	}
}

// A message without so many parts as were asked for is not where the server got
// stuck, if it said so.
func TestAMessageWithFewPartsIsNotTheOneTheServerHangsUpAt(t *testing.T) {
	t.Parallel()
	session := open(t, imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID FETCH": func(c *imaptest.Conn, _ imaptest.Command) {
				answer := "* 1 FETCH (UID 1 BODY[1.MIME]<0> " + imaptest.Literal("X: y\r\n\r\n")
				for n := 2; n <= 8; n++ {
					answer += fmt.Sprintf(" BODY[%d.MIME]<0> NIL", n)
				}
				c.Send(answer + ")")
				c.Close()
			},
		}})
	}))
	examine(t, session, "INBOX")
	_, err := session.PartHeadersOf(t.Context(), []uint32{1, 2, 3}, nil)
	var step *imapbox.StepError
	if !errors.As(err, &step) || step.Stuck != 2 {
		t.Errorf("PartHeadersOf: %v (%+v), want it stuck at 2", err, step)
	}
}

// Flags that a server tells of a message by the way are no answer about its parts: of
// one that is deleted at that moment nothing is known when the connection then ends.
func TestFlagsOfAMessageSayNothingOfItsParts(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Close() },
			"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				c.Send("* 1 FETCH (UID 1 BODY[1.MIME]<0> " + imaptest.Literal("Content-Type: text/plain\r\n\r\n") + ")")
				c.Send(`* 2 FETCH (UID 2 FLAGS (\Deleted))`)
				c.OK(cmd)
			},
		}})
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	parts, err := session.PartHeadersOf(t.Context(), []uint32{1, 2}, nil)
	if _, known := parts[2]; known || len(parts[1].Headers) != 1 || !errors.Is(err, imapbox.ErrLost) {
		t.Errorf("PartHeadersOf = %+v, %v; want message 1 alone, and ErrLost", parts, err)
	}
}
