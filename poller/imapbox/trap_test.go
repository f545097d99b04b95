package imapbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// The traps are go-imap's and the servers'; each was seen to lose mail, or to
// stop a poll, before it had a guard.

// crlf makes a mail of lines as one writes them.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// poison is a message whose BODYSTRUCTURE makes go-imap give up the connection.
func poison() []byte {
	return crlf("Subject: poison\nContent-Type: text/plain; =x\n\nhello\n")
}

// forward is a report that somebody forwarded as an attachment, beside a part
// with a poisonous header.
func forward() []byte {
	return crlf("Subject: Fwd\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain; =x\n\nfyi\n" +
		"--b\nContent-Type: message/rfc822\n\n" +
		"Subject: inner\nContent-Type: multipart/report; boundary=c; report-type=tlsrpt\n\n" +
		"--c\nContent-Type: text/plain\n\nsee attachment\n" +
		"--c\nContent-Type: application/tlsrpt+gzip;\n name=\"a.gz\"\n\nxx\n--c--\n" +
		"--b--\n")
}

// bodiesOf fetches messages and returns them by UID; nil where none came.
func bodiesOf(t testing.TB, session *imapbox.Session, limit int64, uids ...uint32) map[uint32][]byte {
	t.Helper()
	got := make(map[uint32][]byte)
	err := session.Bodies(t.Context(), uids, limit, func(b imapbox.Body) error {
		if _, twice := got[b.UID]; twice {
			t.Errorf("Bodies called twice for UID %d", b.UID)
		}
		got[b.UID] = b.Data
		return nil
	})
	if err != nil {
		t.Fatalf("Bodies(%v): %v", uids, err)
	}
	return got
}

func TestTrap1PoisonMessageIsReadLikeAnyOther(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		first := s.Append(t, "INBOX", nil, time.Time{}, mail(1))
		bad := s.Append(t, "INBOX", nil, time.Time{}, poison())
		last := s.Append(t, "INBOX", nil, time.Time{}, mail(3))
		session := open(t, s)
		examine(t, session, "INBOX")
		headers, err := session.Headers(t.Context(), []uint32{first, bad, last})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := headers[bad].Fields.Get("Content-Type"), "text/plain; =x"; got != want {
			t.Errorf("Content-Type of the poison = %q, want %q", got, want)
		}
		parts, err := session.PartHeaders(t.Context(), bad, nil)
		if err != nil || len(parts.Headers) != 1 {
			t.Errorf("PartHeaders of the poison = %v, %v; want its one part", parts, err)
		}
		want := map[uint32][]byte{first: mail(1), bad: poison(), last: mail(3)}
		if diff := cmp.Diff(want, bodiesOf(t, session, 1<<20, first, bad, last)); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
	})
}

func TestTrap16PartHeadersOfANestedForward(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		uid := s.Append(t, "INBOX", nil, time.Time{}, forward())
		session := open(t, s)
		examine(t, session, "INBOX")
		var got []string
		for _, path := range [][]int{nil, {2}, {3}} {
			parts, err := session.PartHeaders(t.Context(), uid, path)
			if err != nil {
				t.Fatalf("PartHeaders(%v): %v", path, err)
			}
			for _, p := range parts.Headers {
				got = append(got, fmt.Sprint(p.Path, " ", p.Fields.Get("content-type")))
			}
		}
		want := []string{
			"[1] text/plain; =x", "[2] message/rfc822",
			"[2 1] text/plain", `[2 2] application/tlsrpt+gzip; name="a.gz"`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parts (-want +got):\n%s", diff)
		}
		if parts, err := session.PartHeaders(t.Context(), uid+1, nil); err != nil || parts.Told {
			t.Errorf("PartHeaders of no message = %v, %v; want none", parts, err)
		}
	})
}

func TestPartHeadersEndAtTheFirstPartThatIsAbsent(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		var b strings.Builder
		b.WriteString("Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n")
		for n := range 12 {
			fmt.Fprintf(&b, "--b\nX-Part: %d\n\ntext\n", n+1)
		}
		b.WriteString("--b--\n")
		many := s.Append(t, "INBOX", nil, time.Time{}, crlf(b.String()))
		bare := s.Append(t, "INBOX", nil, time.Time{}, crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nno header\n--b\nX-Part: 2\n\ntext\n--b--\n"))
		session := open(t, s)
		examine(t, session, "INBOX")
		parts, err := session.PartHeaders(t.Context(), many, nil)
		if err != nil || len(parts.Headers) != 8 || parts.Headers[7].Fields.Get("X-Part") != "8" {
			t.Errorf("PartHeaders of twelve parts = %v, %v; want the first eight", parts, err)
		}
		parts, err = session.PartHeaders(t.Context(), bare, nil)
		if err != nil || len(parts.Headers) != 2 || parts.Headers[1].Fields.Get("X-Part") != "2" {
			t.Errorf("PartHeaders = %v, %v; want two, the first without fields", parts, err)
		}
	})
}

// fetchScript answers UID FETCH with what answer sends, and says that UIDs 1 to
// 3 exist.
func fetchScript(t *testing.T, answer func(c *imaptest.Conn, cmd imaptest.Command)) *imaptest.Server {
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID FETCH": answer,
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				c.Send("* SEARCH 1 2 3")
				c.OK(cmd)
			},
		}})
	})
}

// Of an answer that was cut, what came whole is handed out, and nothing that did not.
func TestTrap2CutInALiteralHandsOutNothingShort(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send("* 1 FETCH (UID 1 BODY[]<0> " + imaptest.Literal("complete") + ")")
		c.Raw("* 2 FETCH (UID 2 BODY[]<0> {1000}\r\nshort")
		c.Close()
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	got := map[uint32]string{}
	err := session.Bodies(t.Context(), []uint32{1, 2}, 1<<20, func(b imapbox.Body) error {
		got[b.UID] = string(b.Data)
		return nil
	})
	if diff := cmp.Diff(map[uint32]string{1: "complete"}, got); diff != "" {
		t.Errorf("handed out of an answer that was cut (-want +got):\n%s", diff)
	}
	if !errors.Is(err, imapbox.ErrLost) || !imapbox.Temporary(err) {
		t.Errorf("Bodies: %v; want ErrLost, for now", err)
	}
	if !session.Broken() {
		t.Error("the session does not know that it is broken")
	}
}

func TestTrap2WithoutTheFinalOKTheAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		end   func(c *imaptest.Conn, cmd imaptest.Command)
		want  string
		whole bool // what came before is handed out
	}{
		{"closed", func(c *imaptest.Conn, _ imaptest.Command) { c.Close() }, "connection was lost", true},
		{"NO", func(c *imaptest.Conn, cmd imaptest.Command) { c.No(cmd, "[SERVERBUG] disk gone") }, "disk gone", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
				c.Send("* 1 FETCH (UID 1 BODY[]<0> " + imaptest.Literal("complete") + ")")
				tt.end(c, cmd)
			})
			session := open(t, s)
			examine(t, session, "INBOX")
			handed := 0
			err := session.Bodies(t.Context(), []uint32{1}, 1<<20, func(imapbox.Body) error {
				handed++
				return nil
			})
			if (handed > 0) != tt.whole {
				t.Errorf("%d messages handed out, want some: %v", handed, tt.whole)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Bodies: %v; want %q in it", err, tt.want)
			}
		})
	}
}

func TestTrap3CallbacksMayUseTheSession(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for n := range 5 {
			s.Append(t, "INBOX", nil, time.Time{}, mail(n))
		}
		session := open(t, s)
		examine(t, session, "INBOX")
		calls := 0
		err := session.Bodies(t.Context(), []uint32{1, 2, 3, 4, 5}, 1<<20, func(b imapbox.Body) error {
			calls++
			_, err := session.Status(t.Context(), "INBOX")
			return err
		})
		if err != nil || calls != 5 {
			t.Errorf("Bodies: %v after %d calls, want 5 calls", err, calls)
		}
	})
}

func TestTrap3LeavingBodiesEarlyLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for n := range 5 {
			s.Append(t, "INBOX", nil, time.Time{}, mail(n))
		}
		session := open(t, s)
		examine(t, session, "INBOX")
		enough := errors.New("enough")
		err := session.Bodies(t.Context(), []uint32{1, 2, 3, 4, 5}, 1<<20, func(imapbox.Body) error { return enough })
		if err != enough { //nolint:errorlint // it must come back untouched
			t.Errorf("Bodies: %v, want the callback's own error", err)
		}
		if _, err := session.Headers(t.Context(), []uint32{1, 5}); err != nil {
			t.Errorf("Headers afterwards: %v", err)
		}
	})
}

func TestTrap5ErrorsAfterACutTellTheCause(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Raw("* 1 FETCH (UID 1 BODY[]<0> {1000}\r\nshort")
		c.Close()
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	err := session.Bodies(t.Context(), []uint32{1}, 1<<20, func(imapbox.Body) error { return nil })
	want := `mailbox "box": folder "INBOX": fetch: the connection was lost: the server closed it`
	if err == nil || err.Error() != want {
		t.Errorf("Bodies: %v\nwant:   %s", err, want)
	}
	_, err = session.Status(t.Context(), "INBOX")
	if !errors.Is(err, imapbox.ErrLost) {
		t.Errorf("Status on a broken session: %v, want the first cause", err)
	}
}

func TestTheServersFarewellIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, last string
		throttled  bool
		says       string
	}{
		{"with a reason", "* BYE Autologout; idle for too long\r\n", false, "said goodbye: Autologout"},
		{"throttled", "* BYE [LIMIT] slow down\r\n", true, "said goodbye: [LIMIT] slow down"},
		{"in the middle of a body", "* 1 FETCH (UID 1 BODY[]<0> {1000}\r\n* BYE too many\r\nshort", false, "the server closed it"},
		{"none", "", false, "the server closed it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
				c.Raw(tt.last)
				c.Close()
			})
			session := open(t, s)
			examine(t, session, "INBOX")
			_, err := session.Headers(t.Context(), []uint32{1})
			if !errors.Is(err, imapbox.ErrLost) || !imapbox.Temporary(err) || imapbox.Throttled(err) != tt.throttled || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Headers: %v; want ErrLost with %q, throttled: %t", err, tt.says, tt.throttled)
			}
		})
	}
}

func TestTrap7UnaskedFlagsDoNotReplaceABody(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		if strings.HasPrefix(cmd.Args, "1:3 ") {
			// News of a colleague's change, and then the answer.
			c.Send(`* 2 FETCH (UID 2 FLAGS (\Seen))`)
			for uid := 1; uid <= 3; uid++ {
				c.Send(fmt.Sprintf("* %d FETCH (UID %d BODY[]<0> %s)", uid, uid, imaptest.Literal(fmt.Sprint("body ", uid))))
			}
		} else {
			c.Send("* 2 FETCH (UID 2 BODY[]<0> " + imaptest.Literal("body 2") + ")")
		}
		c.OK(cmd)
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	want := map[uint32][]byte{1: []byte("body 1"), 2: []byte("body 2"), 3: []byte("body 3")}
	if diff := cmp.Diff(want, bodiesOf(t, session, 1<<20, 1, 2, 3)); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestTrap7UnaskedFlagsDoNotReplaceAHeader(t *testing.T) {
	t.Parallel()
	const field = "Subject: x\r\n\r\n"
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		if strings.HasPrefix(cmd.Args, "1:2 ") {
			c.Send(`* 2 FETCH (UID 2 FLAGS (\Seen))`)
			c.Send("* 1 FETCH (UID 1 RFC822.SIZE 10 BODY[HEADER.FIELDS (Subject)]<0> " + imaptest.Literal(field) + ")")
		}
		c.Send("* 2 FETCH (UID 2 RFC822.SIZE 20 BODY[HEADER.FIELDS (Subject)]<0> " + imaptest.Literal(field) + ")")
		c.OK(cmd)
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	headers, err := session.Headers(t.Context(), []uint32{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if headers[1].Size != 10 || headers[2].Size != 20 || headers[2].Fields.Get("Subject") != "x" {
		t.Errorf("headers = %+v", headers)
	}
}

func TestTrap7BodiesThatNeverComeAreReported(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer string }{
		{"no UID", "* 1 FETCH (BODY[]<0> " + imaptest.Literal("text") + ")"},
		{"NIL", "* 1 FETCH (UID 1 BODY[]<0> NIL)"},
		{"flags only", `* 1 FETCH (UID 1 FLAGS (\Seen))`},
		{"another message", "* 9 FETCH (UID 9 BODY[]<0> " + imaptest.Literal("text") + ")"},
		{"nothing", "* OK still here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fetches := make(chan string, 10)
			s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
				fetches <- cmd.Args
				c.Send(tt.answer)
				c.OK(cmd)
			})
			session := open(t, s)
			examine(t, session, "INBOX")
			got := bodiesOf(t, session, 1<<20, 1)
			if data, called := got[1]; !called || data != nil || len(got) != 1 {
				t.Errorf("bodies = %v, want UID 1 reported without data", got)
			}
			if len(fetches) != 2 {
				t.Errorf("asked %d times for the body, want twice", len(fetches))
			}
		})
	}
}

// M-A8: a message without a single octet is none, whatever the server says.
func TestABodyInQuotesIsABodyAndOneWithoutBytesIsNot(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send(`* 1 FETCH (UID 1 BODY[] "quoted")`, "* 2 FETCH (UID 2 BODY[]<0> "+imaptest.Literal("")+")")
		c.OK(cmd)
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	want := map[uint32][]byte{1: []byte("quoted"), 2: nil}
	if diff := cmp.Diff(want, bodiesOf(t, session, 1<<20, 1, 2)); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

// M-D5: what cannot be mended is named, with the command and the line.
func TestTrap8ALineThatCannotBeMendedIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer, quoted string }{
		{"words", "* colourless green ideas sleep", `to UID FETCH came "* colourless green ideas sleep"`},
		{"no word", "* \x01 ((( this is not IMAP", `came "* \x01 ((( this is not IMAP"`},
		{"no star", "220 smtp.example.test ESMTP", `came "220 smtp.example.test ESMTP"`},
		{"a tag that was not sent", "T99999 OK done", `came "T99999 OK done"`},
		{"a continuation", "+ scripted secret", `came "+"`},
		{"the password", "* this is scripted secret indeed", `came "* this is <secret> indeed"`},
		{"an endless one", "* so many words " + strings.Repeat("word ", 10_000), `word…"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
				c.Send(tt.answer)
				c.OK(cmd)
			})
			session := open(t, s)
			examine(t, session, "INBOX")
			_, err := session.Headers(t.Context(), []uint32{1})
			var line *imapbox.LineError
			if !errors.Is(err, imapbox.ErrProtocol) || imapbox.Temporary(err) || !errors.As(err, &line) {
				t.Fatalf("Headers: %v; want a LineError, for good", err)
			}
			for _, want := range []string{`mailbox "box": folder "INBOX": fetch: the server's answer breaks the IMAP standard: to UID FETCH `, tt.quoted} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Headers: %v\nwant %q in it", err, want)
				}
			}
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), s.Password) {
				t.Errorf("Headers: %v; want it short and without the password", err)
			}
			if !session.Broken() {
				t.Error("the session does not know that it is broken")
			}
		})
	}
}

// M-D2, P6: what nobody waits for costs itself.
func TestLinesThatNobodyWaitsForArePassedOver(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"* NOOP", "* XFOO bar", "* VANISHED 1:2", "", "* -1 EXISTS", `* LIST () "/" Old Clients`, "* FLAGS lost", "* 4294967296 EXPUNGE"} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				on := map[string]func(*imaptest.Conn, imaptest.Command){
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send(line, "* SEARCH 1", line)
						c.OK(cmd)
					},
					"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send(line, `* 1 FETCH (UID 1 FLAGS (\Seen) BODY[]<0> `+imaptest.Literal("text")+")", line)
						c.OK(cmd)
					},
					"UID STORE": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send(line)
						c.OK(cmd)
					},
				}
				c.Play(imaptest.Play{On: on})
			})
			session := open(t, s)
			if _, err := session.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			got, err := session.Unseen(t.Context(), 10)
			if diff := cmp.Diff([]uint32{1}, got); err != nil || diff != "" {
				t.Errorf("Unseen: %v (-want +got):\n%s", err, diff)
			}
			if got := bodiesOf(t, session, 1<<20, 1); string(got[1]) != "text" {
				t.Errorf("body = %q", got[1])
			}
			done, _, err := session.AddFlag(t.Context(), []uint32{1}, `\Seen`)
			if diff := cmp.Diff([]uint32{1}, done); err != nil || diff != "" {
				t.Errorf("AddFlag: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// In place of the answer to a search, what is passed over is not taken for nothing
// found: that would hide messages.
func TestASearchIsNotAnsweredByALineThatIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"* XSEARCH 1 2", "* hello", "* SEARCHED 1"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			session := openFor(t, searchScript(t, "IMAP4rev1", answer), "UID SEARCH", testWait)
			got, err := session.Unseen(t.Context(), 10)
			if !errors.Is(err, imapbox.ErrProtocol) || !strings.Contains(err.Error(), answer) {
				t.Errorf("Unseen = %v, %v; want the line in an error", got, err)
			}
		})
	}
}

func TestUnaskedNewsIsPassedOver(t *testing.T) {
	t.Parallel()
	s := fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send("* 4 EXISTS", "* 0 RECENT", "* OK Still here", "* 1 EXPUNGE", `* FLAGS (\Seen)`, "* NO [ALERT] disk is getting full",
			"* CAPABILITY IMAP4rev1", `* 7 FETCH (FLAGS (\Seen))`, "* SEARCH 5", "* LIST () \"/\" x", `* STATUS x (UIDNEXT 1)`)
		c.Send("* 1 FETCH (UID 1 BODY[]<0> " + imaptest.Literal("text") + ")")
		c.OK(cmd)
	})
	session := open(t, s)
	examine(t, session, "INBOX")
	if got := bodiesOf(t, session, 1<<20, 1); string(got[1]) != "text" {
		t.Errorf("body = %q", got[1])
	}
}

// One damaged message must not keep the others from being read.
func TestAMessageThatTheServerRefusesIsPassedOver(t *testing.T) {
	t.Parallel()
	refusing := func(bad ...string) *imaptest.Server {
		return fetchScript(t, func(c *imaptest.Conn, cmd imaptest.Command) {
			set, _, _ := strings.Cut(cmd.Args, " ")
			for _, refuse := range bad {
				if set == refuse {
					c.No(cmd, "[SERVERBUG] cannot read that")
					return
				}
			}
			c.Send(fmt.Sprintf("* %s FETCH (UID %s BODY[]<0> %s)", set, set, imaptest.Literal("body "+set)))
			c.OK(cmd)
		})
	}
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		session := open(t, refusing("1:3", "2"))
		examine(t, session, "INBOX")
		want := map[uint32][]byte{1: []byte("body 1"), 2: nil, 3: []byte("body 3")}
		if diff := cmp.Diff(want, bodiesOf(t, session, 1<<20, 1, 2, 3)); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
	})
	for _, tt := range []struct {
		name string
		uids []uint32
	}{{"all", []uint32{1, 2, 3}}, {"alone", []uint32{2}}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := open(t, refusing("1:3", "1", "2", "3"))
			examine(t, session, "INBOX")
			err := session.Bodies(t.Context(), tt.uids, 1<<20, func(b imapbox.Body) error {
				t.Errorf("called for UID %d", b.UID)
				return nil
			})
			var step *imapbox.StepError
			if !errors.As(err, &step) || !imapbox.Temporary(err) || session.Broken() {
				t.Fatalf("Bodies: %v; want the server's refusal", err)
			}
			if diff := cmp.Diff(tt.uids, step.UIDs); diff != "" {
				t.Errorf("UIDs of the error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMessageThatMakesTheServerHangUpIsNamed(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	for n := 1; n <= 3; n++ {
		s.Append(t, "INBOX", nil, time.Time{}, mail(n))
	}
	s.Damage(t, "INBOX", "Subject: mail 2")
	fetch := func(uids ...uint32) (err error) {
		session := open(t, s)
		examine(t, session, "INBOX")
		return session.Bodies(t.Context(), uids, 1<<20, func(imapbox.Body) error { return nil })
	}
	err := fetch(1, 2, 3)
	var step *imapbox.StepError
	if !errors.As(err, &step) || !errors.Is(err, imapbox.ErrLost) {
		t.Fatalf("Bodies: %v, want ErrLost", err)
	}
	if diff := cmp.Diff([]uint32{1, 2, 3}, step.UIDs); diff != "" {
		t.Errorf("UIDs of the error (-want +got):\n%s", diff)
	}
	if step.Stuck != 2 {
		t.Errorf("Stuck = %d, want 2", step.Stuck)
	}
	var bad []uint32
	for _, uid := range step.UIDs {
		if err := fetch(uid); err != nil {
			bad = append(bad, uid)
		}
	}
	if diff := cmp.Diff([]uint32{2}, bad); diff != "" {
		t.Errorf("bad ones (-want +got):\n%s", diff)
	}
}
