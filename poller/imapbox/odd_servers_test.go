package imapbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// handlers answer commands by name.
type handlers = map[string]func(*imaptest.Conn, imaptest.Command)

// saying answers a command with lines and OK.
func saying(lines ...string) func(*imaptest.Conn, imaptest.Command) {
	return func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send(lines...)
		c.OK(cmd)
	}
}

// ending answers a command with a tagged line.
func ending(lines ...string) func(*imaptest.Conn, imaptest.Command) {
	return func(c *imaptest.Conn, cmd imaptest.Command) {
		last := len(lines) - 1
		c.Send(append(slices.Clone(lines[:last]), cmd.Tag+" "+lines[last])...)
	}
}

// playing is a server with some capabilities, behind a proxy that sees the commands.
func playing(t *testing.T, capabilities string, on handlers) (*imaptest.Server, *imaptest.Proxy) {
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR " + capabilities, On: on})
	})
	proxy := imaptest.NewProxy(t, s)
	return s.Via(proxy), proxy
}

// sent returns the commands that begin with one of the names, without their tags.
func sent(proxy *imaptest.Proxy, names ...string) []string {
	var found []string
	for _, line := range proxy.Commands() {
		_, command, _ := strings.Cut(line, " ")
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(command, name) }) {
			found = append(found, command)
		}
	}
	return found
}

// M-B7, M-B8: what STATUS does not tell is in SELECT, and the other way round; a
// search tells the highest UID.
func TestFoldersOfWhichTheServerTellsLittle(t *testing.T) {
	t.Parallel()
	const noNumbers = `* STATUS "INBOX" ()`
	tests := []struct {
		name, status string
		open         []string
		search       func(args string) string
		want         imapbox.Status
		err          error
	}{
		{
			name: "M-B8: UIDNEXT in SELECT alone", status: "* STATUS INBOX (MESSAGES 22 UIDVALIDITY 1000)",
			open: []string{"* 22 EXISTS", "* OK [UIDVALIDITY 1000] x", "* OK [UIDNEXT 23] next"},
			want: imapbox.Status{UIDValidity: 1000, UIDNext: 23, Messages: 22},
		},
		{
			name: "UIDNEXT in STATUS alone", status: "* STATUS INBOX (UIDNEXT 23 MESSAGES 22)",
			open: []string{"* 22 EXISTS", "* OK [UIDVALIDITY 1000] x"},
			want: imapbox.Status{UIDValidity: 1000, UIDNext: 23, Messages: 22},
		},
		{
			name: "M-B7: UIDNEXT nowhere", status: noNumbers, open: []string{"* 2 EXISTS", "* OK [UIDVALIDITY 1] Ok"},
			search: func(string) string { return " 17" },
			want:   imapbox.Status{UIDValidity: 1, UIDNext: 18, Messages: 2, Estimated: true},
		},
		{
			name: "no search for *", status: noNumbers, open: []string{"* 2 EXISTS", "* OK [UIDVALIDITY 1] Ok"},
			search: func(args string) string {
				if strings.Contains(args, "*") {
					return ""
				}
				return " 5 17 8"
			},
			want: imapbox.Status{UIDValidity: 1, UIDNext: 18, Messages: 2, Estimated: true},
		},
		{
			name: "sequence numbers for *", status: noNumbers, open: []string{"* 3 EXISTS", "* OK [UIDVALIDITY 1] Ok"},
			search: func(args string) string {
				if strings.Contains(args, "*") {
					return " 1"
				}
				return " 5 17 8"
			},
			want: imapbox.Status{UIDValidity: 1, UIDNext: 18, Messages: 3, Estimated: true},
		},
		{
			name: "an empty folder", status: noNumbers, open: []string{"* 0 EXISTS", "* OK [UIDVALIDITY 1] Ok"},
			search: func(string) string { return "" },
			want:   imapbox.Status{UIDValidity: 1, UIDNext: 1, Estimated: true},
		},
		{
			name: "EXISTS is missing", status: noNumbers, open: []string{"* OK [UIDVALIDITY 1] Ok"},
			search: func(string) string { return " 17" },
			want:   imapbox.Status{UIDValidity: 1, UIDNext: 18, Estimated: true},
		},
		{
			name: "UIDNEXT is 0, and then too low", status: "* STATUS INBOX (UIDNEXT 0 UIDVALIDITY 0 MESSAGES 22)",
			open:   []string{"* 22 EXISTS", "* OK [UIDVALIDITY 1000] x", "* OK [UIDNEXT 1] next"},
			search: func(string) string { return " 40" },
			want:   imapbox.Status{UIDValidity: 1000, UIDNext: 41, Messages: 22, Estimated: true},
		},
		{name: "no UIDVALIDITY", status: noNumbers, open: []string{"* 2 EXISTS", "* OK [UIDNEXT 3] x"}, err: imapbox.ErrProtocol},
		{
			name: "messages, and none found", status: noNumbers, open: []string{"* 2 EXISTS", "* OK [UIDVALIDITY 1] Ok"},
			search: func(string) string { return "" }, err: imapbox.ErrProtocol,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := playing(t, "", handlers{
				"STATUS": saying(tt.status), "EXAMINE": saying(tt.open...), "SELECT": saying(tt.open...),
				"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
					c.Send("* SEARCH" + tt.search(cmd.Args))
					c.OK(cmd)
				},
			})
			session := openFor(t, s, "", testWait)
			for what, ask := range map[string]func() (imapbox.Status, error){
				"Status":  func() (imapbox.Status, error) { return session.Status(t.Context(), "INBOX") },
				"Examine": func() (imapbox.Status, error) { return session.Examine(t.Context(), "INBOX") },
				"Select": func() (imapbox.Status, error) {
					selected, err := session.Select(t.Context(), "INBOX")
					return selected.Status, err
				},
			} {
				got, err := ask()
				if diff := cmp.Diff(tt.want, got); !errors.Is(err, tt.err) || tt.err == nil && diff != "" {
					t.Errorf("%s: %v, want %v (-want +got):\n%s", what, err, tt.err, diff)
				}
			}
		})
	}
}

func TestAServerWithoutSTATUSIsAskedByEXAMINE(t *testing.T) {
	t.Parallel()
	s, _ := playing(t, "", handlers{"STATUS": ending("BAD unknown command")})
	got, err := openFor(t, s, "", testWait).Status(t.Context(), "INBOX")
	if diff := cmp.Diff(imapbox.Status{UIDValidity: 7, UIDNext: 4, Messages: 3}, got); err != nil || diff != "" {
		t.Errorf("Status, %v (-want +got):\n%s", err, diff)
	}
}

// M-F4: without PERMANENTFLAGS all flags can be changed (RFC 3501, section 7.1).
func TestFlagsThatAreKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		lines    []string
		keeps    bool
		readOnly bool
	}{
		{"not told", []string{"OK done"}, true, false},
		{"not told, to be written", []string{"OK [READ-WRITE] done"}, true, false},
		{"not told, to be read", []string{"OK [READ-ONLY] done"}, false, true},
		{"none", []string{"* OK [PERMANENTFLAGS ()] none", "OK [READ-WRITE] done"}, false, true},
		{"some", []string{`* OK [PERMANENTFLAGS (\Deleted)] some`, "OK [READ-WRITE] done"}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := playing(t, "", handlers{
				"SELECT":    ending(append([]string{"* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok"}, tt.lines...)...),
				"UID FETCH": saying(`* 1 FETCH (UID 1 FLAGS (\Seen))`),
			})
			session := openFor(t, s, "", testWait)
			selected, err := session.Select(t.Context(), "INBOX")
			if err != nil || selected.Keeps(`\Seen`) != tt.keeps || selected.ReadOnly != tt.readOnly {
				t.Fatalf("Select = %+v, %v; want Keeps %t, ReadOnly %t", selected, err, tt.keeps, tt.readOnly)
			}
			done, _, err := session.AddFlag(t.Context(), []uint32{1}, `\Seen`)
			if marked := err == nil && len(done) == 1; marked != tt.keeps || !tt.keeps && !errors.Is(err, imapbox.ErrReadOnly) {
				t.Errorf("AddFlag = %v, %v; want it marked: %t", done, err, tt.keeps)
			}
		})
	}
}

// M-B3: the names of ordinary folders have no part in the search for a special one.
func TestSpecialUseIsAskedForAlone(t *testing.T) {
	t.Parallel()
	const junk = `* LIST (\HasNoChildren \Junk) "/" "Junk Email"`
	const odd = `* LIST (\HasNoChildren) "/" Old Clients`
	for _, tt := range []struct {
		name, capabilities string
		alone, plain       func(*imaptest.Conn, imaptest.Command)
		want               string
		questions          int
	}{
		{"offered", "SPECIAL-USE", saying(junk), saying(odd), "Junk Email", 1},
		{"offered, with others", "SPECIAL-USE LIST-EXTENDED", saying(`* LIST (\Sent) "/" Sent`, junk), saying(odd), "Junk Email", 1},
		{"offered, no such folder", "SPECIAL-USE", saying(`* LIST (\Sent) "/" Sent`), saying(odd), "", 1},
		{"offered and refused", "SPECIAL-USE", ending("BAD unknown option"), saying(junk), "Junk Email", 2},
		{"offered and refused by NO", "SPECIAL-USE", ending("NO unknown option"), saying(junk), "Junk Email", 2},
		{"offered, and none told", "SPECIAL-USE", saying(), saying(junk), "Junk Email", 2},
		{"not offered", "", ending("BAD unknown option"), saying(junk), "Junk Email", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, proxy := playing(t, tt.capabilities, handlers{"LIST": func(c *imaptest.Conn, cmd imaptest.Command) {
				if strings.HasPrefix(cmd.Args, "(SPECIAL-USE)") {
					tt.alone(c, cmd)
				} else {
					tt.plain(c, cmd)
				}
			}})
			session := open(t, s)
			folder, found, err := session.SpecialUse(t.Context(), `\Junk`)
			if folder != tt.want || found != (tt.want != "") || err != nil {
				t.Errorf("SpecialUse = %q, %t, %v; want %q", folder, found, err, tt.want)
			}
			if got := sent(proxy, "LIST"); len(got) != tt.questions {
				t.Errorf("asked %q, want %d questions", got, tt.questions)
			}
		})
	}
}

// M-B6: ID is sent where it is offered or asked for, with name and version alone, and
// nothing that comes of it stops the session.
func TestID(t *testing.T) {
	t.Parallel()
	const ours = `ID ("name" "tlsbrief" "version" "1.2")`
	unsafeLogin := func(c *imaptest.Conn, cmd imaptest.Command, identified bool) {
		if !identified {
			c.No(cmd, cmd.Name+" Unsafe Login. Please contact kefu@example.com for help")
			return
		}
		saying("* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok")(c, cmd)
	}
	for _, tt := range []struct {
		name, before, after string // capabilities, before and after the log-in
		answer              func(*imaptest.Conn, imaptest.Command)
		picky               bool // opens no folder before ID
		want                []string
		fails               bool
	}{
		{name: "offered and needed", before: "ID", after: "ID", answer: saying(`* ID ("name" "x")`), picky: true, want: []string{ours}},
		{name: "offered after the log-in", after: "ID", answer: saying(`* ID NIL`), picky: true, want: []string{ours}},
		{name: "offered before the log-in", before: "ID", answer: saying(`* ID NIL`), picky: true, want: []string{ours}},
		{name: "asked for and not offered", answer: saying(`* ID NIL`), picky: true, want: []string{ours}},
		{name: "not offered", answer: ending("BAD what"), want: nil},
		{name: "refused", before: "ID", after: "ID", answer: ending("NO not for you"), want: []string{ours}},
		{name: "BAD", before: "ID", after: "ID", answer: ending("BAD what"), want: []string{ours}},
		{name: "a value of NIL", before: "ID", after: "ID", answer: saying(`* ID ("name" "x" "version" NIL)`), want: []string{ours}},
		{name: "no list", before: "ID", after: "ID", answer: saying(`* ID hello there`), want: []string{ours}},
		{name: "no end", before: "ID", after: "ID", answer: saying("* ID (\"name\" {3}\r\nxyz"), want: []string{ours}},
		{name: "goodbye", before: "ID", after: "ID", answer: func(c *imaptest.Conn, _ imaptest.Command) { c.Close() }, want: []string{ours}},
		{name: "asked for in vain", answer: ending("BAD what"), picky: true, want: []string{ours}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				identified, in := !tt.picky, false
				open := func(c *imaptest.Conn, cmd imaptest.Command) { unsafeLogin(c, cmd, identified) }
				c.Play(imaptest.Play{On: handlers{
					"CAPABILITY": func(c *imaptest.Conn, cmd imaptest.Command) {
						more := tt.before
						if in {
							more = tt.after
						}
						saying("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR "+more)(c, cmd)
					},
					"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { in = true; c.OK(cmd) },
					"ID":           func(c *imaptest.Conn, cmd imaptest.Command) { identified = true; tt.answer(c, cmd) },
					"EXAMINE":      open, "SELECT": open,
				}})
			})
			proxy := imaptest.NewProxy(t, s)
			o := optionsFor(s.Via(proxy))
			o.Version = "1.2"
			session, err := imapbox.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = session.Close() }()
			if _, err := session.Examine(t.Context(), "INBOX"); (err != nil) != tt.fails {
				t.Errorf("Examine: %v, want it to fail: %t", err, tt.fails)
			}
			if diff := cmp.Diff(tt.want, sent(proxy, "ID")); diff != "" {
				t.Errorf("ID (-want +got):\n%s", diff)
			}
		})
	}
}

// M-F1, M-F2, M-F3: what becomes of messages that are to be moved, and what is said
// where they cannot be.
func TestMovingWhereMOVEIsRefused(t *testing.T) {
	t.Parallel()
	const ways = `; use after = "seen" or "keyword", or a server that can`
	copied := []string{`UID MOVE 1:2 "Done"`, `UID COPY 1:2 "Done"`, `UID STORE 1:2 +FLAGS.SILENT (\Deleted tlsbrief-moved)`, "UID EXPUNGE 1:2"}
	for _, tt := range []struct {
		name, capabilities, move string // move: what the server says to MOVE
		changes                  []string
		canMove                  string // what CanMove says before; "" if nothing
		err                      string // and Move
	}{
		{"M-F1: BAD", "MOVE UIDPLUS", "BAD Command Error. 12", copied, "", ""},
		{"M-F2: NO", "MOVE UIDPLUS", "NO MOVE extension not supported", copied, "", ""},
		{"CANNOT", "MOVE UIDPLUS", "NO [CANNOT] move", copied, "", ""},
		{"a reason that holds for COPY as well", "MOVE UIDPLUS", "NO [OVERQUOTA] full", copied[:1], "", `to "Done": the server said NO [OVERQUOTA] full`},
		{"no right", "MOVE UIDPLUS", "NO [NOPERM] may not", copied[:1], "", "NOPERM"},
		{
			"M-F2: without UIDPLUS", "MOVE", "NO MOVE extension not supported", copied[:1], "",
			`move: the server can't move single messages: it offers MOVE and refuses it (the server said NO MOVE extension not supported), and does not offer UIDPLUS` + ways,
		},
		{
			"M-F3: neither", "", "BAD what", nil, "the server can't move single messages: it offers neither MOVE nor UIDPLUS" + ways,
			"move: the server can't move single messages: it offers neither MOVE nor UIDPLUS" + ways,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flags := map[int]string{1: "", 2: "", 3: ""}
			p := &partialServer{flags: flags, moved: map[int]int{}, limit: 99}
			on := handlers{"UID MOVE": ending(tt.move)}
			for _, name := range []string{"UID SEARCH", "UID FETCH", "UID STORE", "UID COPY", "UID EXPUNGE"} {
				on[name] = p.answer
			}
			s, proxy := playing(t, tt.capabilities, on)
			session := openFor(t, s, "UID STORE", testWait)
			if got := fmt.Sprint(session.CanMove()); got != tt.canMove && tt.canMove+got != "<nil>" {
				t.Errorf("CanMove: %s, want %q", got, tt.canMove)
			}
			done, _, err := session.Move(t.Context(), []uint32{1, 2}, "Done")
			switch {
			case tt.err == "" && (err != nil || len(done) != 2 || len(flags) != 1):
				t.Errorf("Move = %v, %v; left %v", done, err, flags)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || len(done) > 0 || len(flags) != 3):
				t.Errorf("Move = %v, %v; left %v; want %s", done, err, flags, tt.err)
			}
			if diff := cmp.Diff(tt.changes, sent(proxy, "UID MOVE", "UID COPY", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CLOSE")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// M-F2: whether there is a MOVE behind the offer shows without a message.
func TestTryMove(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		capabilities, move string
		fails              bool
		tries              int
	}{
		{"MOVE", "OK done", false, 1},
		{"MOVE", "NO MOVE extension not supported", true, 1},
		{"MOVE", "BAD Command Error. 12", true, 1},
		{"MOVE", "NO No matching messages", false, 1},
		{"MOVE", "NO [TRYCREATE] no such folder", false, 1},
		{"MOVE UIDPLUS", "BAD Command Error. 12", false, 0},
		{"", "BAD Command Error. 12", true, 0},
	} {
		t.Run(tt.capabilities+" "+tt.move, func(t *testing.T) {
			t.Parallel()
			s, proxy := playing(t, tt.capabilities, handlers{"UID MOVE": ending(tt.move)})
			session := openFor(t, s, "UID STORE", testWait)
			if err := session.TryMove(t.Context(), "Done"); errors.Is(err, imapbox.ErrNoMove) != tt.fails || err != nil && !tt.fails {
				t.Errorf("TryMove: %v, want it to fail: %t", err, tt.fails)
			}
			if got := sent(proxy, "UID MOVE"); len(got) != tt.tries || tt.tries > 0 && got[0] != `UID MOVE 4294967295 "Done"` {
				t.Errorf("sent %q", got)
			}
		})
	}
}
