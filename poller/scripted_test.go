package poller_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/testing/imaptest"
)

// A scriptedBox is an IMAP server with one folder, which does everything by the
// book but for what a test has it do.
type scriptedBox struct {
	mu       sync.Mutex
	mails    [][]byte // UID n is mails[n-1]; nil: none
	flags    map[int]string
	handlers map[string]func(*imaptest.Conn, imaptest.Command) bool
	fetched  []string // what UID FETCH asked for
	commands map[string]int
}

// count returns how often a command came.
func (b *scriptedBox) count(command string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.commands[command]
}

func newScriptedBox(mails ...[]byte) *scriptedBox {
	return &scriptedBox{mails: mails, flags: map[int]string{}, commands: map[string]int{}, handlers: map[string]func(*imaptest.Conn, imaptest.Command) bool{}}
}

// on has f answer a command, unless it returns false; nil ends that.
func (b *scriptedBox) on(command string, f func(*imaptest.Conn, imaptest.Command) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handlers[command] = f
}

func (b *scriptedBox) flagsOf(uid int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flags[uid]
}

func (b *scriptedBox) start(t *testing.T) *imaptest.Server { return b.startWith(t, "", nil) }

// startWith is start for a server with other capabilities, whose log-in is judged
// by login.
func (b *scriptedBox) startWith(t *testing.T, capabilities string, login func(*imaptest.Conn, imaptest.Command)) *imaptest.Server {
	on := b.answers()
	if login != nil {
		on["AUTHENTICATE"] = login
	}
	return imaptest.Scripted(t, func(c *imaptest.Conn) { c.Play(imaptest.Play{Capabilities: capabilities, On: on}) })
}

// answers is what the box does by command.
func (b *scriptedBox) answers() map[string]func(*imaptest.Conn, imaptest.Command) {
	on := map[string]func(*imaptest.Conn, imaptest.Command){}
	for name, answer := range map[string]func(*imaptest.Conn, imaptest.Command){
		"SELECT": b.open, "EXAMINE": b.open, "STATUS": b.status, "UID SEARCH": b.search, "UID FETCH": b.fetch, "UID STORE": b.store,
		"LIST": (*imaptest.Conn).OK, "LOGOUT": b.logout,
	} {
		on[name] = func(c *imaptest.Conn, cmd imaptest.Command) {
			b.mu.Lock()
			handler := b.handlers[name]
			b.commands[name]++
			b.mu.Unlock()
			if handler == nil || !handler(c, cmd) {
				answer(c, cmd)
			}
		}
	}
	return on
}

// fromBase64 decodes the last word of what a client sent.
func fromBase64(t *testing.T, args string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(args[strings.LastIndexByte(args, ' ')+1:])
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

func (b *scriptedBox) open(c *imaptest.Conn, cmd imaptest.Command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.Send(fmt.Sprintf("* %d EXISTS", len(b.mails)), "* OK [UIDVALIDITY 7] ok", fmt.Sprintf("* OK [UIDNEXT %d] ok", len(b.mails)+1),
		`* OK [PERMANENTFLAGS (\Seen \Deleted \*)] ok`)
	c.OK(cmd)
}

func (b *scriptedBox) status(c *imaptest.Conn, cmd imaptest.Command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, _, _ := strings.Cut(cmd.Args, " ")
	c.Send(fmt.Sprintf("* STATUS %s (UIDVALIDITY 7 UIDNEXT %d MESSAGES %d)", name, len(b.mails)+1, len(b.mails)))
	c.OK(cmd)
}

// search answers the searches that the poller makes: by UID, and for what is
// unseen.
func (b *scriptedBox) search(c *imaptest.Conn, cmd imaptest.Command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, set, _ := strings.Cut(cmd.Args, "UID ")
	set, _, _ = strings.Cut(set, " ")
	line := "* SEARCH"
	for _, uid := range b.uids(set) {
		if !strings.Contains(cmd.Args, "UNSEEN") || !strings.Contains(b.flags[uid], `\Seen`) {
			line += fmt.Sprint(" ", uid)
		}
	}
	c.Send(line)
	c.OK(cmd)
}

// uids expands a set to those that there are.
func (b *scriptedBox) uids(set string) []int {
	var uids []int
	for _, part := range strings.Split(set, ",") {
		first, last, ranged := strings.Cut(part, ":")
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		if !ranged {
			to = from
		}
		for uid := max(from, 1); uid <= min(to, len(b.mails)); uid++ {
			if b.mails[uid-1] != nil {
				uids = append(uids, uid)
			}
		}
	}
	return uids
}

// wantedUIDs returns the UIDs that a UID FETCH is for.
func (b *scriptedBox) wantedUIDs(cmd imaptest.Command) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	set, _, _ := strings.Cut(cmd.Args, " ")
	return b.uids(set)
}

var sectionAsked = regexp.MustCompile(`BODY\.PEEK\[([^\]]*)\]<0\.\d+>`)

func (b *scriptedBox) fetch(c *imaptest.Conn, cmd imaptest.Command) {
	uids := b.wantedUIDs(cmd)
	b.mu.Lock()
	b.fetched = append(b.fetched, cmd.Args)
	b.mu.Unlock()
	for _, uid := range uids {
		c.Raw(b.response(uid, cmd.Args, ""))
	}
	c.OK(cmd)
}

// response is the answer to FETCH for one message; sections of a kind ("BODY",
// "HEADER" or "MIME") can be left out.
func (b *scriptedBox) response(uid int, args, leaveOut string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	mail := b.mails[uid-1]
	var out strings.Builder
	fmt.Fprintf(&out, `* %d FETCH (UID %d FLAGS (%s) RFC822.SIZE %d INTERNALDATE "02-Mar-2026 04:00:00 +0000"`, uid, uid, b.flags[uid], len(mail))
	for _, asked := range sectionAsked.FindAllStringSubmatch(args, -1) {
		name, kind, data := asked[1], "BODY", string(mail)
		switch {
		case strings.HasPrefix(name, "HEADER"):
			kind = "HEADER"
			header, _, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
			data = string(header) + "\r\n\r\n"
		case strings.HasSuffix(name, "MIME"):
			kind, data = "MIME", ""
		}
		if !strings.Contains(leaveOut, kind) {
			fmt.Fprintf(&out, " BODY[%s]<0> %s", name, imaptest.Literal(data))
		}
	}
	return out.String() + ")\r\n"
}

func (b *scriptedBox) store(c *imaptest.Conn, cmd imaptest.Command) {
	uids := b.wantedUIDs(cmd)
	_, flags, _ := strings.Cut(cmd.Args, "(")
	b.mu.Lock()
	for _, uid := range uids {
		b.flags[uid] = strings.TrimSuffix(flags, ")")
	}
	b.mu.Unlock()
	c.OK(cmd)
}

func (*scriptedBox) logout(c *imaptest.Conn, cmd imaptest.Command) {
	c.Send("* BYE see you")
	c.OK(cmd)
}

// withholding answers UID FETCH, but leaves out sections of a kind for some
// UIDs.
func (b *scriptedBox) withholding(kind string, uids ...int) func(*imaptest.Conn, imaptest.Command) bool {
	return func(c *imaptest.Conn, cmd imaptest.Command) bool {
		for _, uid := range b.wantedUIDs(cmd) {
			leaveOut := ""
			if slices.Contains(uids, uid) {
				leaveOut = kind
			}
			c.Raw(b.response(uid, cmd.Args, leaveOut))
		}
		c.OK(cmd)
		return true
	}
}

// refusing answers UID FETCH with NO where it asks for a section of some UIDs
// that contains a word.
func (b *scriptedBox) refusing(word, text string, uids ...int) func(*imaptest.Conn, imaptest.Command) bool {
	return func(c *imaptest.Conn, cmd imaptest.Command) bool {
		if !strings.Contains(cmd.Args, word) {
			return false
		}
		for _, uid := range b.wantedUIDs(cmd) {
			if slices.Contains(uids, uid) {
				c.No(cmd, text)
				return true
			}
		}
		return false
	}
}
