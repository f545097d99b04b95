package imapbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// A partialServer has one folder and does each command for some of its messages at a
// time only, as RFC 9738 allows.
type partialServer struct {
	limit        int
	ascending    bool   // it begins with the lowest UID and not with the highest
	code         string // of the tagged OK where it was not all; LIMIT# stands for it, UID# for the last UID
	untagged     bool   // the code comes before
	refuses      bool   // STORE, COPY and MOVE of too many
	capabilities string

	mu    sync.Mutex
	flags map[int]string // by UID
	moved map[int]int    // how often, by UID
}

// messages fills the folder with UIDs 1 to n; every third is unseen.
func (p *partialServer) messages(n int) *partialServer {
	p.flags, p.moved = map[int]string{}, map[int]int{}
	for uid := 1; uid <= n; uid++ {
		p.flags[uid] = `\Seen`
		if uid%3 == 0 {
			p.flags[uid] = ""
		}
	}
	return p
}

func (p *partialServer) start(t *testing.T) *imaptest.Server {
	on := map[string]func(*imaptest.Conn, imaptest.Command){}
	for _, name := range []string{"UID SEARCH", "UID FETCH", "UID STORE", "UID COPY", "UID MOVE", "UID EXPUNGE"} {
		on[name] = p.answer
	}
	on["SELECT"] = p.open
	on["EXAMINE"] = p.open
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR " + p.capabilities, On: on})
	})
}

func (p *partialServer) open(c *imaptest.Conn, cmd imaptest.Command) {
	c.Send("* 99 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 1000] ok", `* OK [PERMANENTFLAGS (\Seen \Deleted \*)] ok`)
	c.OK(cmd)
}

// inSet returns the UIDs that are there, those first that the server begins with.
func (p *partialServer) inSet(set string) []int {
	var uids []int
	for uid := range p.flags {
		for _, part := range strings.Split(set, ",") {
			var from, to int
			if n, _ := fmt.Sscanf(part, "%d:%d", &from, &to); n == 1 {
				to = from
			}
			if from <= uid && uid <= to {
				uids = append(uids, uid)
			}
		}
	}
	slices.Sort(uids)
	if !p.ascending {
		slices.Reverse(uids)
	}
	return uids
}

func (p *partialServer) answer(c *imaptest.Conn, cmd imaptest.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(cmd.Args, "RETURN (ALL) "), "UID "), " ")
	uids := p.inSet(set)
	end := "OK done"
	if len(uids) > p.limit {
		if p.refuses && cmd.Name != "UID SEARCH" && cmd.Name != "UID FETCH" {
			c.No(cmd, fmt.Sprintf("[MESSAGELIMIT %d] too many", p.limit))
			return
		}
		uids = uids[:p.limit]
		code := strings.NewReplacer("LIMIT#", fmt.Sprint(p.limit), "UID#", fmt.Sprint(uids[len(uids)-1])).Replace(p.code)
		if end = "OK " + code + " done"; p.untagged {
			c.Send("* OK " + code + " there is more")
			end = "OK done"
		}
	}
	switch cmd.Name {
	case "UID SEARCH":
		line := "* SEARCH"
		for _, uid := range uids {
			if !strings.Contains(rest, "UNSEEN") || !strings.Contains(p.flags[uid], `\Seen`) {
				line += fmt.Sprint(" ", uid)
			}
		}
		c.Send(line)
	case "UID FETCH":
		for _, uid := range uids {
			c.Send(fmt.Sprintf("* %d FETCH (UID %d FLAGS (%s) BODY[HEADER.FIELDS (Subject)]<0> %s BODY[]<0> %s)", uid, uid, p.flags[uid],
				imaptest.Literal(fmt.Sprintf("Subject: %d\r\n\r\n", uid)), imaptest.Literal(fmt.Sprint("body ", uid))))
		}
	case "UID STORE":
		_, flags, _ := strings.Cut(rest, "(")
		for _, uid := range uids {
			p.flags[uid] += " " + strings.TrimSuffix(flags, ")")
		}
	case "UID EXPUNGE":
		for _, uid := range uids {
			if strings.Contains(p.flags[uid], `\Deleted`) {
				delete(p.flags, uid)
			}
		}
	case "UID MOVE", "UID COPY":
		names := strings.Trim(strings.ReplaceAll(fmt.Sprint(uids), " ", ","), "[]")
		c.Send("* OK [MESSAGELIMIT " + fmt.Sprint(p.limit) + "] is the limit")
		for _, uid := range uids {
			p.moved[uid]++
			if cmd.Name == "UID MOVE" {
				delete(p.flags, uid)
			}
		}
		if cmd.Name == "UID COPY" && len(uids) > 0 {
			c.Send(cmd.Tag + " OK [COPYUID 9 " + names + " " + names + "] copied")
			return
		}
	}
	c.Send(cmd.Tag + " " + end)
}

// to returns the numbers from 1 to n.
func to(n uint32) []uint32 {
	var all []uint32
	for uid := range n {
		all = append(all, uid+1)
	}
	return all
}

// M-A1: none is passed over, whatever the server says of its limit, and however.
func TestAServerThatAnswersForSomeMessagesAtATime(t *testing.T) {
	t.Parallel()
	const rfc = "[MESSAGELIMIT LIMIT# UID#]"
	for name, p := range map[string]*partialServer{
		"RFC 9738":                {limit: 7, code: rfc},
		"one at a time":           {limit: 1, code: rfc},
		"announced":               {limit: 7, code: rfc, capabilities: "MESSAGELIMIT=7"},
		"with ESEARCH":            {limit: 7, code: rfc, capabilities: "ESEARCH"},
		"from the lowest":         {limit: 7, code: rfc, ascending: true},
		"without the UID":         {limit: 7, code: "[MESSAGELIMIT LIMIT#]"},
		"another code":            {limit: 7, code: "[SEARCHLIMIT]"},
		"words alone":             {limit: 7, code: "completed with LIMIT# partial results"},
		"unilateral":              {limit: 7, code: rfc, untagged: true},
		"a UID that is not asked": {limit: 7, code: "[MESSAGELIMIT LIMIT# 4000000000]"},
		"refuses to change":       {limit: 7, code: rfc, refuses: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 40
			session := openFor(t, p.messages(n).start(t), "UID STORE", testWait)
			wantUIDs := func(what string, want, got []uint32, err error) {
				t.Helper()
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%s, %v (-want +got):\n%s", what, err, diff)
				}
			}
			all, err := session.All(t.Context(), 1000)
			wantUIDs("All", to(n), all, err)
			unseen, err := session.Unseen(t.Context(), 1000)
			wantUIDs("Unseen", []uint32{3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39}, unseen, err)
			first, err := session.Range(t.Context(), 1, 1000, 10)
			wantUIDs("Range", to(10), first, err)
			exist, err := session.Existing(t.Context(), []uint32{1, 2, 3, 5, 8, 13, 21, 34, 40, 41, 55})
			if len(exist) != 9 || err != nil {
				t.Errorf("Existing = %v, %v; want nine", exist, err)
			}
			headers, err := session.Headers(t.Context(), to(n))
			if len(headers) != n || headers[1].Fields.Get("Subject") != "1" || err != nil {
				t.Errorf("Headers: %d, %v; want %d", len(headers), err, n)
			}
			if got := bodiesOf(t, session, 1<<20, to(n)...); len(got) != n || string(got[1]) != "body 1" {
				t.Errorf("%d bodies, want %d", len(got), n)
			}
			done, gone, err := session.AddFlag(t.Context(), to(n), `\Flagged`)
			slices.Sort(done)
			wantUIDs("AddFlag", to(n), done, err)
			wantUIDs("gone of AddFlag", nil, gone, nil)
		})
	}
}

// M-A1: each message is moved once.
func TestMovingWhereTheServerDoesItForSomeMessagesAtATime(t *testing.T) {
	t.Parallel()
	const rfc = "[MESSAGELIMIT LIMIT# UID#]"
	for name, p := range map[string]*partialServer{
		"MOVE":              {limit: 7, code: rfc, capabilities: "MOVE UIDPLUS"},
		"COPY":              {limit: 7, code: rfc, capabilities: "UIDPLUS"},
		"MOVE, refused":     {limit: 7, code: rfc, capabilities: "MOVE UIDPLUS", refuses: true},
		"COPY, refused":     {limit: 7, code: rfc, capabilities: "UIDPLUS", refuses: true},
		"MOVE, without UID": {limit: 7, code: "[LIMIT]", capabilities: "MOVE UIDPLUS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 20
			session := openFor(t, p.messages(n).start(t), "UID STORE", testWait)
			done, gone, err := session.Move(t.Context(), to(n), "Done")
			if diff := cmp.Diff(to(n), done); err != nil || diff != "" || len(gone) > 0 {
				t.Errorf("Move: gone %v, %v; done (-want +got):\n%s", gone, err, diff)
			}
			for uid := 1; uid <= n; uid++ {
				if p.moved[uid] != 1 {
					t.Errorf("UID %d was moved %d times", uid, p.moved[uid])
				}
			}
			if len(p.flags) > 0 {
				t.Errorf("still there: %v", p.flags)
			}
		})
	}
}

// M-A1: what cannot be completed is an error that says so, and not a shorter answer.
func TestAPartOfAnAnswerThatCannotBeCompletedIsAnError(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH", cmd.Tag+" OK [LIMIT] no more today") },
			"UID FETCH":  func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " OK [LIMIT] no more today") },
			"UID STORE":  func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " OK [LIMIT] no more today") },
		}})
	})
	session := openFor(t, s, "UID STORE", testWait)
	_, searchErr := session.All(t.Context(), 4)
	_, fetchErr := session.Headers(t.Context(), []uint32{1, 2, 3})
	_, _, storeErr := session.AddFlag(t.Context(), []uint32{1}, `\Seen`)
	for what, err := range map[string]error{"All": searchErr, "Headers": fetchErr, "AddFlag": storeErr} {
		if !errors.Is(err, imapbox.ErrPartial) {
			t.Errorf("%s: %v, want ErrPartial", what, err)
		}
	}
	if session.Broken() {
		t.Error("the session is broken")
	}
}

// A UID outside of what was asked for shows a server that passes over the UIDs, or
// that means sequence numbers; what it leaves out is seen by a FETCH.
func TestSearchAnswersOutsideOfTheRangeAreCompletedByAFetch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, search string
		want         []uint32
	}{
		{"sequence numbers", "* SEARCH 1 2 3", []uint32{101, 102, 104}},
		{"all messages", "* SEARCH 1 2 3 101 102 104", []uint32{101, 102, 104}},
		{"the newest", "* SEARCH 99", []uint32{101, 102, 104}},
		{"none", "* SEARCH", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(tt.search); c.OK(cmd) },
					"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send("* 1 FETCH (UID 101 FLAGS ())", "* 2 FETCH (UID 102 FLAGS ())", `* 3 FETCH (UID 103 FLAGS (\Seen))`, "* 4 FETCH (UID 104 FLAGS ())")
						c.OK(cmd)
					},
				}})
			})
			session := openFor(t, s, "UID SEARCH", testWait)
			got, err := session.Unseen(t.Context(), 200)
			if tt.name != "none" {
				got, err = session.Range(t.Context(), 100, 200, 10)
				got = slices.DeleteFunc(got, func(uid uint32) bool { return uid == 103 })
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("found, %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A server may offer ESEARCH and not do it.
func TestESEARCHThatDoesNotAnswerIsDoneWithout(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`* ESEARCH (TAG "%s") UID COUNT 2`, `* ESEARCH (TAG "%s") UID MIN 2 MAX 3`, `* ESEARCH (TAG "%s") ALL 1:2`, "%s BAD RETURN", "%s NO RETURN",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: "IMAP4rev1 ESEARCH", On: map[string]func(*imaptest.Conn, imaptest.Command){
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						if !strings.HasPrefix(cmd.Args, "RETURN") {
							c.Send("* SEARCH 2 3")
							c.OK(cmd)
							return
						}
						c.Send(strings.ReplaceAll(answer, "%s", cmd.Tag))
						if strings.HasPrefix(answer, "*") {
							c.OK(cmd)
						}
					},
				}})
			})
			session := openFor(t, s, "UID SEARCH", testWait)
			got, err := session.All(t.Context(), 10)
			if diff := cmp.Diff([]uint32{2, 3}, got); err != nil || diff != "" {
				t.Errorf("All, %v (-want +got):\n%s", err, diff)
			}
		})
	}
}
