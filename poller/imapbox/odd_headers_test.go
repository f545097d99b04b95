package imapbox_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// An itemServer has messages 1 to 3 and answers each item of UID FETCH as section
// does: with a literal, or with the other words that it returns. refuse, where set,
// gives what is said to a whole command in its place.
type itemServer struct {
	section func(uid int, item string) string
	refuse  func(uids []int, args string) string
	fetches atomic.Int32
}

// items are those that a UID FETCH asks for, with their brackets.
func items(args string) []string {
	var all []string
	for _, part := range strings.Split(args, "BODY.PEEK[")[1:] {
		name, rest, _ := strings.Cut(part, "]")
		offset := ""
		if strings.HasPrefix(rest, "<0.") {
			offset = "<0>"
		}
		all = append(all, "BODY["+name+"]"+offset)
	}
	return all
}

func (s *itemServer) start(t *testing.T) *imaptest.Server {
	p := (&partialServer{}).messages(3)
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				set, _, _ := strings.Cut(strings.TrimPrefix(cmd.Args, "UID "), " ")
				c.Send("* SEARCH " + strings.Trim(fmt.Sprint(p.inSet(set)), "[]"))
				c.OK(cmd)
			},
			"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				s.fetches.Add(1)
				set, args, _ := strings.Cut(cmd.Args, " ")
				uids := p.inSet(set)
				if s.refuse != nil {
					if no := s.refuse(uids, args); no != "" {
						c.Send(cmd.Tag + " " + no)
						return
					}
				}
				for _, uid := range uids {
					line := fmt.Sprintf("* %d FETCH (UID %d RFC822.SIZE 500", uid, uid)
					for _, item := range items(args) {
						line += " " + item + " " + s.section(uid, item)
					}
					c.Send(line + ")")
				}
				c.OK(cmd)
			},
		}})
	})
}

func headerOf(uid int) string {
	return imaptest.Literal(fmt.Sprintf("Subject: report %d\r\nFrom: a@b.example\r\n\r\n", uid))
}

func TestHeadersThatAreNone(t *testing.T) {
	t.Parallel()
	isWhole := func(item string) bool { return strings.HasPrefix(item, "BODY[HEADER]") }
	var first, batches atomic.Int32
	for name, s := range map[string]*itemServer{
		"M-A2: names in quotes find no field": {section: func(uid int, item string) string {
			if strings.Contains(item, `"`) {
				return imaptest.Literal("\r\n")
			}
			return headerOf(uid)
		}},
		"M-A2: no fields, whatever the names": {section: func(uid int, item string) string {
			if !isWhole(item) {
				return imaptest.Literal("\r\n")
			}
			return headerOf(uid)
		}},
		"M-A2: other fields than were asked for": {section: func(uid int, item string) string {
			if !isWhole(item) {
				return imaptest.Literal("Received: from x\r\n\r\n")
			}
			return headerOf(uid)
		}},
		"M-A8: no octets at the first question": {section: func(uid int, _ string) string {
			if first.Add(1) <= 3 {
				return imaptest.Literal("")
			}
			return headerOf(uid)
		}},
		"M-A8: no octets but alone": {
			refuse: func(uids []int, _ string) string { batches.Store(int32(len(uids))); return "" },
			section: func(uid int, _ string) string {
				if batches.Load() > 1 {
					return imaptest.Literal("")
				}
				return headerOf(uid)
			},
		},
		"NIL": {section: func(uid int, item string) string {
			if !isWhole(item) {
				return "NIL"
			}
			return headerOf(uid)
		}},
		"HEADER.FIELDS is BAD": {
			refuse: func(_ []int, args string) string {
				if strings.Contains(args, "HEADER.FIELDS") {
					return "BAD unknown section"
				}
				return ""
			},
			section: func(uid int, _ string) string { return headerOf(uid) },
		},
		"partial questions are BAD": {
			refuse: func(_ []int, args string) string {
				if strings.Contains(args, "]<") {
					return "BAD unknown item"
				}
				return ""
			},
			section: func(uid int, _ string) string { return headerOf(uid) },
		},
		"both are NO": {
			refuse: func(_ []int, args string) string {
				if strings.Contains(args, "]<") || strings.Contains(args, "FIELDS") {
					return "NO not implemented"
				}
				return ""
			},
			section: func(uid int, _ string) string { return headerOf(uid) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := open(t, s.start(t))
			examine(t, session, "INBOX")
			for range 2 { // what was learned holds
				headers, err := session.Headers(t.Context(), []uint32{1, 2, 3})
				if err != nil {
					t.Fatal(err)
				}
				for uid := uint32(1); uid <= 3; uid++ {
					if got, want := headers[uid].Fields.Get("Subject"), fmt.Sprint("report ", uid); got != want || headers[uid].Size != 500 {
						t.Errorf("header of %d: %+v, want %q", uid, headers[uid], want)
					}
				}
			}
			if got := s.fetches.Load(); got > 12 {
				t.Errorf("%d fetches for the headers of three messages", got)
			}
		})
	}
}

// M-A2, M-A8: a message of which no header is given is missing, and is not one without
// fields; a message that has no more than a stray field is believed.
func TestMessagesWithoutAnyHeaderAreMissing(t *testing.T) {
	t.Parallel()
	s := &itemServer{section: func(uid int, item string) string {
		switch {
		case uid == 1:
			return imaptest.Literal("")
		case uid == 2 && strings.HasPrefix(item, "BODY[HEADER]"):
			return imaptest.Literal("Received: from x\r\n\r\n")
		case uid == 2:
			return imaptest.Literal("\r\n")
		}
		return headerOf(uid)
	}}
	session := open(t, s.start(t))
	examine(t, session, "INBOX")
	headers, err := session.Headers(t.Context(), []uint32{1, 2, 3})
	if err != nil || len(headers) != 2 || headers[2].UID != 2 || headers[3].Fields.Get("Subject") != "report 3" {
		t.Errorf("Headers = %+v, %v; want those of 2 and 3", headers, err)
	}
}

// M-B2: BAD may be about one message as well as NO.
func TestMessagesThatAreRefusedAreMissing(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"BAD Command Error. 12", "NO FETCH Server error while fetching messages"} {
		for _, what := range []string{"HEADER", "BODY.PEEK[]", "MIME"} {
			t.Run(refusal+" to "+what, func(t *testing.T) {
				t.Parallel()
				s := &itemServer{
					refuse: func(uids []int, args string) string {
						for _, uid := range uids {
							if uid == 2 && strings.Contains(args, what) {
								return refusal
							}
						}
						return ""
					},
					section: func(uid int, item string) string {
						if strings.Contains(item, "[2.MIME]") {
							return "NIL"
						}
						return headerOf(uid)
					},
				}
				session := open(t, s.start(t))
				examine(t, session, "INBOX")
				headers, err := session.Headers(t.Context(), []uint32{1, 2, 3})
				if _, ok := headers[2]; err != nil || len(headers) < 2 || ok != (what != "HEADER") {
					t.Errorf("Headers = %v, %v", headers, err)
				}
				bodies := bodiesOf(t, session, 1<<20, 1, 2, 3)
				if got := bodies[2] != nil; len(bodies[1]) == 0 || len(bodies[3]) == 0 || got != (what != "BODY.PEEK[]") {
					t.Errorf("bodies = %v", bodies)
				}
				parts, err := session.PartHeadersOf(t.Context(), []uint32{1, 2, 3}, nil)
				if err != nil || !parts[1].Told || !parts[3].Told || (parts[2].Refused != nil) != (what == "MIME") {
					t.Errorf("PartHeadersOf = %+v, %v", parts, err)
				}
				if session.Broken() {
					t.Error("the session is broken")
				}
			})
		}
	}
}

func TestABodyIsAskedForWholeWherePartialQuestionsAreBAD(t *testing.T) {
	t.Parallel()
	s := &itemServer{
		refuse: func(_ []int, args string) string {
			if strings.Contains(args, "]<") {
				return "BAD unknown item"
			}
			return ""
		},
		section: func(uid int, _ string) string { return imaptest.Literal(strings.Repeat("x", 10*uid)) },
	}
	session := open(t, s.start(t))
	examine(t, session, "INBOX")
	sizes := map[uint32]string{}
	err := session.Bodies(t.Context(), []uint32{1, 2, 3}, 20, func(b imapbox.Body) error {
		sizes[b.UID] = fmt.Sprint(len(b.Data), b.TooLarge)
		return nil
	})
	if diff := cmp.Diff(map[uint32]string{1: "10 false", 2: "20 false", 3: "20 true"}, sizes); err != nil || diff != "" {
		t.Errorf("Bodies, %v; bytes, and whether there are more (-want +got):\n%s", err, diff)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	const noPart = "NO UID FETCH processing fetch attribute: requested part does not exist"
	counts := map[int]int{1: 2, 2: 3, 3: 1} // of parts, by UID
	number := func(item string) (n int) {
		_, _ = fmt.Sscanf(strings.TrimPrefix(item, "BODY["), "%d.MIME", &n)
		return n
	}
	there := func(uid int, item string) string {
		if n := number(item); n <= counts[uid] {
			return imaptest.Literal(fmt.Sprintf("X-Part: %d\r\n\r\n", n))
		}
		return "NIL"
	}
	lacking := func(uids []int, args string) bool {
		for _, uid := range uids {
			for _, item := range items(args) {
				if number(item) > counts[uid] {
					return true
				}
			}
		}
		return false
	}
	for _, tt := range []struct {
		name    string
		server  *itemServer
		want    map[uint32]int // parts told; -1: refused
		fetches int32
	}{
		{"by the book", &itemServer{section: there}, map[uint32]int{1: 2, 2: 3, 3: 1}, 1},
		{
			"M-C1: a part that is not there is NO", &itemServer{section: there, refuse: func(uids []int, args string) string {
				if lacking(uids, args) {
					return noPart
				}
				return ""
			}},
			map[uint32]int{1: 2, 2: 3, 3: 1}, 12,
		},
		{
			"M-C1: a part that is not there is BAD", &itemServer{section: there, refuse: func(uids []int, args string) string {
				if lacking(uids, args) {
					return "BAD no such part"
				}
				return ""
			}},
			map[uint32]int{1: 2, 2: 3, 3: 1}, 12,
		},
		{"M-A6: NIL for each part", &itemServer{section: func(int, string) string { return "NIL" }}, map[uint32]int{1: 0, 2: 0, 3: 0}, 1},
		{"M-A6: no octets for each part", &itemServer{section: func(int, string) string { return imaptest.Literal("") }}, map[uint32]int{1: 0, 2: 0, 3: 0}, 1},
		{"all refused", &itemServer{refuse: func([]int, string) string { return "BAD MIME" }}, map[uint32]int{1: -1, 2: -1, 3: -1}, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := open(t, tt.server.start(t))
			examine(t, session, "INBOX")
			parts, err := session.PartHeadersOf(t.Context(), []uint32{1, 2, 3}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for uid, want := range tt.want {
				got, ok := parts[uid]
				switch {
				case !ok, got.Told != (want > 0), (got.Refused != nil) != (want < 0), len(got.Headers) != max(want, 0):
					t.Errorf("parts of %d: %+v, want %d", uid, got, want)
				case want > 0 && got.Headers[want-1].Fields.Get("X-Part") != fmt.Sprint(want):
					t.Errorf("the last part of %d: %+v", uid, got.Headers)
				}
			}
			if got := tt.server.fetches.Load(); got > tt.fetches {
				t.Errorf("%d fetches, want at most %d", got, tt.fetches)
			}
			// M-C1: that parts have to be asked for one by one is remembered.
			before := tt.server.fetches.Load()
			one, err := session.PartHeaders(t.Context(), 1, nil)
			if reply := (*imapbox.Reply)(nil); tt.want[1] < 0 != errors.As(err, &reply) || len(one.Headers) != max(tt.want[1], 0) {
				t.Errorf("PartHeaders = %+v, %v", one, err)
			}
			if got := tt.server.fetches.Load() - before; got > 3 {
				t.Errorf("%d fetches for the parts of one message", got)
			}
		})
	}
}
