package imapbox_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// Whatever byte of an answer is the last to arrive, no message is handed out that
// is not whole, and the error says that the connection was lost.
func TestTrap2ACutAtAnyByteHandsOutNothingShort(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	sent := make(map[uint32][]byte)
	for n := range 3 {
		msg := append(mail(n), bytes.Repeat([]byte("0123456789"), 20)...)
		sent[s.Append(t, "INBOX", nil, time.Time{}, msg)] = msg
	}
	proxy := imaptest.NewProxy(t, s)
	reached := false
	for at := int64(0); !reached; at += 13 {
		session, err := imapbox.Open(t.Context(), optionsFor(s.Via(proxy)))
		if err != nil {
			t.Fatal(err)
		}
		examine(t, session, "INBOX")
		proxy.CutAfter(at)
		cuts := proxy.Cuts()
		err = session.Bodies(t.Context(), []uint32{1, 2, 3}, 1<<20, func(b imapbox.Body) error {
			if !bytes.Equal(b.Data, sent[b.UID]) {
				t.Errorf("cut after %d bytes: UID %d came with %d bytes of %d", at, b.UID, len(b.Data), len(sent[b.UID]))
			}
			return nil
		})
		switch reached = err == nil; {
		case !reached && !errors.Is(err, imapbox.ErrLost):
			t.Errorf("cut after %d bytes: %v, want ErrLost", at, err)
		case reached && (proxy.Cuts() != cuts || at < 500):
			t.Errorf("cut after %d bytes: no error", at)
		}
		proxy.CutAfter(-1)
		_ = session.Close()
	}
}

// The server has done it, and the answer is lost: the mark is not believed, and
// made up for on the next connection.
func TestAMarkWhoseAnswerIsLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		uid := s.Append(t, "INBOX", nil, time.Time{}, mail(1))
		proxy := imaptest.NewProxy(t, s)
		proxy.OnCommand(func(line string) imaptest.Action {
			if strings.Contains(line, "UID STORE") {
				return imaptest.CutAfterReply
			}
			return imaptest.Forward
		})
		mark := func() (done, gone []uint32, err error) {
			session := open(t, s.Via(proxy))
			if _, err := session.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			return session.AddFlag(t.Context(), []uint32{uid}, `\Seen`)
		}
		if done, gone, err := mark(); !errors.Is(err, imapbox.ErrLost) || len(done)+len(gone) > 0 {
			t.Errorf("AddFlag = %v, %v, %v; want ErrLost and nothing done", done, gone, err)
		}
		if diff := cmp.Diff(map[uint32][]string{uid: {`\Seen`}}, s.Flags(t, "INBOX"), ignoreCase()); diff != "" {
			t.Errorf("flags (-want +got):\n%s", diff)
		}
		proxy.OnCommand(nil)
		if done, _, err := mark(); err != nil || len(done) != 1 {
			t.Errorf("AddFlag again = %v, %v; want it done", done, err)
		}
	})
}
