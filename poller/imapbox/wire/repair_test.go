package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// A script is a connection on which a server greets, waits for a command, says
// something and hangs up.
type script struct {
	io.Reader
	sent chan struct{}
	once *sync.Once
}

func newScript(says []byte) *script {
	s := &script{sent: make(chan struct{}), once: new(sync.Once)}
	s.Reader = io.MultiReader(strings.NewReader("* OK [CAPABILITY IMAP4rev1] ready\r\n"), waiting{s.sent}, bytes.NewReader(says))
	return s
}

// waiting is a reader of nothing that takes until a channel is closed.
type waiting struct{ until <-chan struct{} }

func (w waiting) Read([]byte) (int, error) {
	<-w.until
	return 0, io.EOF
}

func (s *script) Write(b []byte) (int, error) {
	s.once.Do(func() { close(s.sent) })
	return len(b), nil
}
func (*script) Close() error                     { return nil }
func (*script) LocalAddr() net.Addr              { return nil }
func (*script) RemoteAddr() net.Addr             { return nil }
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// goIMAPReads reports whether go-imap reads a response to its end. T1 is the tag of
// a command that is outstanding.
func goIMAPReads(response []byte) bool {
	client := imapclient.New(newScript(response), nil)
	client.Noop()
	<-client.Closed()
	err := client.Close()
	return err == nil || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "unmatched continuation")
}

// A recorder is a handler that keeps what it gets.
type recorder struct {
	names   []string
	actions []action
	lines   []*Message
}

func (r *recorder) response(_ []byte, name string, act action) {
	r.names, r.actions = append(r.names, name), append(r.actions, act)
}
func (*recorder) literalRoom(size int64) (int64, bool) { return size, true }
func (r *recorder) fetchResponse(text []byte, literals []literal, _ bool) {
	m, _ := parseFetch(text, literals)
	r.names, r.lines = append(r.names, "FETCH"), append(r.lines, m)
}

// A repairTest is a line that a real server was seen to send, or is like one, and what
// go-imap gets to read in its place.
type repairTest struct {
	name, line string
	want       string // "=": as it is; "": nothing
	act        action
}

// blanksWordsAndCodes are lines about M-D1, M-D2 and M-D3.
func blanksWordsAndCodes() []repairTest {
	return []repairTest{
		{"a greeting", "* OK ready", "=", pass},
		{"an answer to CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN", "=", pass},
		{"a tagged OK", "T1 OK [READ-WRITE] INBOX selected. (Success)", "=", pass},
		{"M-D6: a blank at the end (go-imap 540, 571)", "* SEARCH 1 2 ", "=", pass},
		{"M-D6: a blank at the end of CAPABILITY", "* CAPABILITY IMAP4rev1  IDLE ", "=", pass},
		{"M-D6: a continuation without a blank", "+", "=", pass},
		{"M-D6: no text", "T1 OK", "=", pass},

		{"M-D1: two blanks after the star (DavMail)", "*  2 EXISTS", "* 2 EXISTS", pass},
		{"M-D1: and before the name", "*  0   RECENT", "* 0 RECENT", pass},
		{"M-D1: a tab", "*\t2\tEXISTS", "* 2 EXISTS", pass},
		{"M-D1: two blanks at the end of SEARCH", "* SEARCH 1  2  ", "* SEARCH 1 2", pass},
		{"M-D1: two blanks before OK", "*  OK  [UIDVALIDITY  7]  ok", "* OK [UIDVALIDITY 7] ok", pass},
		{"M-D1: two blanks after the tag", "T1  OK  done", "T1 OK done", pass},
		{"M-D1: blanks in a list of flags", `* FLAGS  (  \Seen   \Deleted  ) `, `* FLAGS (\Seen \Deleted)`, pass},
		{"M-D1: blanks in LIST", `* LIST (\HasNoChildren )  "/"  "a  b"`, `* LIST (\HasNoChildren) "/" "a  b"`, pass},
		{"M-D1: blanks in STATUS", `* STATUS  INBOX  ( UIDNEXT  3 )  `, `* STATUS INBOX (UIDNEXT 3)`, pass},
		{"M-D1: blanks in ESEARCH", `* ESEARCH  (TAG "T1")  UID  ALL  1:3 `, `* ESEARCH (TAG "T1") UID ALL 1:3`, pass},
		{"M-D1: a blank before the star", " * 2 EXISTS", "* 2 EXISTS", pass},
		{"M-D1: no blank after the star", "*2 EXISTS", "* 2 EXISTS", pass},
		{"M-D1: an empty line", "", "", pass},
		{"M-D1: a line of blanks", "  ", "", pass},
		{"M-D1: two carriage returns", "* 2 EXISTS\r", "* 2 EXISTS", pass},
		{"M-D1: a blank at the end of a code", "* OK [CAPABILITY IMAP4rev1 IDLE ] ready", "* OK [CAPABILITY IMAP4rev1 IDLE] ready", pass},
		{"more after EXISTS", "* 2 EXISTS there", "* 2 EXISTS", pass},

		{"M-D2: NOOP (Zimbra)", "* NOOP", "", skipUnknown},
		{"M-D2: VANISHED", "* VANISHED 1:2", "", skipUnknown},
		{"M-D2: with a number", "* 3 XMODSEQ", "", skipUnknown},
		{"M-D2: an experiment", "* X-news of the day", "", skipUnknown},
		{"M-D2: LSUB", `* LSUB () "/" INBOX`, "", skipUnknown},
		{"M-D2: a single word", "* hello", "", skipUnknown},
		{"M-D2: NAMESPACE that is none", "* NAMESPACE lost", "", skipUnknown},

		{"M-D3: a code that is none (Microsoft 365)", `T1 OK [Error="x:Cross Server access" AuthResultFromPopImapEnd=0] AUTHENTICATE completed.`,
			`T1 OK  [Error="x:Cross Server access" AuthResultFromPopImapEnd=0] AUTHENTICATE completed.`, pass},
		{"M-D3: untagged", `* OK ["x"] hello`, `* OK  ["x"] hello`, pass},
		{"M-D3: without an end", "* OK [REFERRAL imap://x", "* OK  [REFERRAL imap://x", pass},
		{"M-D3: of a NO", "T1 NO [] refused", "T1 NO  [] refused", pass},
		{"M-D3: of a BAD", "T1 BAD [(] what", "T1 BAD  [(] what", pass},
		{"M-D3: of a BYE", "* BYE [{] bye", "* BYE  [{] bye", pass},
		{"M-D3: of a PREAUTH", "* PREAUTH [%] hi", "* PREAUTH  [%] hi", pass},
		{"M-D3: an argument that is none", "* OK [UIDNEXT soon] next", "* OK  [UIDNEXT soon] next", pass},
		{"M-D3: an argument in quotes", `* OK [UIDNEXT "3"] next`, "* OK [UIDNEXT 3] next", pass},
		{"M-D3: small letters", "* OK [uidvalidity 7] ok", "* OK [UIDVALIDITY 7] ok", pass},
		{"M-D3: a known code that is not closed", "T1 NO [AUTHENTICATIONFAILED wrong password", "T1 NO [AUTHENTICATIONFAILED] wrong password", pass},
		{"M-D3: a known code with blanks", "T1 NO [ UNAVAILABLE ] later", "T1 NO [UNAVAILABLE] later", pass},
		{"M-D3: an unknown code stays", "* OK [X-COOKIE 5 (a] b", "=", pass},
	}
}

// keywordsAndFolders are lines about M-B3 and M-B4.
func keywordsAndFolders() []repairTest {
	return []repairTest{
		{"M-B4: a keyword with a bracket (Gmail)", `* FLAGS (\Seen OIB-Seen-[Gmail]/Trash $Phishing)`, `* FLAGS (\Seen $Phishing)`, pass},
		{"M-B4: in PERMANENTFLAGS", `* OK [PERMANENTFLAGS (\Seen OIB-Seen-[Gmail]/Trash \*)] Flags permitted.`,
			`* OK [PERMANENTFLAGS (\Seen \*)] Flags permitted.`, pass},
		{"M-B4: css3-page", `* OK [PERMANENTFLAGS ([css3-page] \*)] ok`, `* OK [PERMANENTFLAGS (\*)] ok`, pass},
		{"M-B4: in quotes", `* FLAGS ("to do" \Seen)`, `* FLAGS (\Seen)`, pass},
		{"M-B4: with parentheses", `* FLAGS (a(b) \Seen c{d %)`, `* FLAGS (\Seen)`, pass},
		{"M-B4: NIL", "* OK [PERMANENTFLAGS NIL] none", "* OK [PERMANENTFLAGS ()] none", pass},
		{"M-B4: NIL for FLAGS", "* FLAGS NIL", "* FLAGS ()", pass},
		{"M-B4: no list at all", `* FLAGS \Seen`, "", skip},

		{"M-B3: a blank in a name without quotes", `* LIST (\HasNoChildren) "/" Old Clients`, "", skip},
		{"M-B3: a delimiter of two characters", `* LIST () "//" "x"`, "", skip},
		{"M-B3: a quote in quotes", `* LIST () "/" "a"b"`, "", skip},
		{"M-B3: a name that is not UTF-7", `* LIST () "/" "R&D"`, "", skip},
		{"M-B3: octets that are not UTF-8", "* LIST () \"/\" \"M\xe4rz\"", "", skip},
		{"M-B3: UTF-8", `* LIST () "/" "März"`, "=", pass},
		{"M-B3: no name", `* LIST () "/"`, "", skip},
		{"M-B3: NIL for attributes", `* LIST NIL "/" x`, `* LIST () "/" x`, pass},
		{"M-B3: an attribute that is none", `* LIST (\Junk [x]) "/" x`, `* LIST (\Junk) "/" x`, pass},
		{"M-B3: an empty delimiter", `* LIST () "" x`, `* LIST () NIL x`, pass},
		{"M-B3: nil in small letters", `* list () nil x`, `* LIST () NIL x`, pass},
		{"M-B3: a bare delimiter", `* LIST () / x`, `* LIST () "/" x`, pass},
		{"M-B3: a backslash", `* LIST () \ x`, `* LIST () "\\" x`, pass},
		{"M-B3: a literal", "* LIST () \"/\" {5}\r\na \"b\"", "=", pass},
		{"M-B3: a literal as a client writes it", "* LIST () \"/\" {5+}\r\na \"b\"", "* LIST () \"/\" {5}\r\na \"b\"", pass},
		{"M-B3: extended data that is none", `* LIST () "/" x ("CHILDINFO" 5)`, `* LIST () "/" x`, pass},
	}
}

// valuesAndGarbage are lines about numbers and the like, and about M-D5.
func valuesAndGarbage() []repairTest {
	return []repairTest{
		{"M-B7: STATUS without anything", `* STATUS "INBOX" ()`, "=", pass},
		{"a value that is none", "* STATUS INBOX (MESSAGES -1 UIDNEXT 3 UIDVALIDITY x)", "* STATUS INBOX (UIDNEXT 3)", pass},
		{"an item that go-imap does not know", "* STATUS INBOX (RECENT 0 UIDNEXT 3)", "* STATUS INBOX (UIDNEXT 3)", pass},
		{"a name with a blank", "* STATUS Old Clients (UIDNEXT 3)", `* STATUS "Old Clients" (UIDNEXT 3)`, pass},
		{"STATUS without a list", "* STATUS INBOX", "", skip},
		{"a capability that is none", `* CAPABILITY IMAP4rev1 "X" AUTH=PLAIN (`, "* CAPABILITY IMAP4rev1 AUTH=PLAIN", pass},
		{"ENABLED with two blanks", "* ENABLED  UTF8=ACCEPT  ]", "* ENABLED UTF8=ACCEPT", pass},
		{"EXISTS beyond 32 bits", "* 4294967296 EXISTS", "", skip},
		{"EXPUNGE of less than nothing", "* -1 EXPUNGE", "", skip},
		{"ESEARCH in small letters", `* esearch (tag "T1") uid all 1:3`, `* ESEARCH (TAG "T1") UID all 1:3`, pass},
		{"ESEARCH without a set", `* ESEARCH (TAG "T1") UID ALL`, `* ESEARCH (TAG "T1") UID`, pass},
		{"ESEARCH with NIL", `* ESEARCH (TAG "T1") UID ALL NIL COUNT 0`, `* ESEARCH (TAG "T1") UID COUNT 0`, pass},
		{"SEARCH with NIL", "* SEARCH NIL", "* SEARCH", pass},
		{"ID with NIL", `* ID ("name" "x" "version" NIL)`, `* ID ("name" "x" "version" "")`, pass},
		{"ID with nil", "* ID nil", "* ID NIL", pass},
		{"M-D6: a tagged BYE (wp.pl)", "T1 BYE logging out", "* BYE logging out", pass},
		{"a continuation without a blank", "+YWJj", "+ YWJj", pass},
		{"a carriage return in a text", "* OK a\rb", "* OK a b", pass},

		{"M-D5: no word", "* \x01 ((( this is not IMAP", "", stop},
		{"M-D5: words", "* four random words here", "", stop},
		{"M-D5: no star", "220 smtp.example.test ESMTP", "", stop},
		{"M-D5: text of a mail", "Subject: hello", "", stop},
		{"M-D5: SEARCH without numbers", "* SEARCH one", "", stop},
		{"M-D5: SEARCH beyond 32 bits", "* SEARCH 4294967296", "", stop},
		{"M-D5: ESEARCH with a star", `* ESEARCH (TAG "T1") UID ALL 1:*`, "", stop},
		{"M-D5: no state that ends a command", "T1 MAYBE", "", stop},
	}
}

func TestRepair(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(blanksWordsAndCodes(), keywordsAndFolders(), valuesAndGarbage()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			line := []byte(tt.line + "\r\n")
			got, act := repair(bytes.Clone(line))
			want := tt.want
			switch want {
			case "=":
				want = string(line)
			case "":
			default:
				want += "\r\n"
			}
			if string(got) != want || act != tt.act {
				t.Errorf("repair(%q) = %q, %d; want %q, %d", line, got, act, want, tt.act)
			}
			if len(got) > 0 && !goIMAPReads(got) {
				t.Errorf("go-imap does not read %q", got)
			}
			if again, _ := repair(bytes.Clone(got)); len(got) > 0 && !bytes.Equal(again, got) {
				t.Errorf("repair(%q) = %q: what was repaired changes again", got, again)
			}
		})
	}
}

// The tolerant wire never turns a well-formed line into another one, and go-imap
// reads whatever it lets pass.
func FuzzRepair(f *testing.F) {
	for _, line := range []string{
		"* OK [UIDNEXT 3] x", "* OK [PERMANENTFLAGS (\\Seen \\*)] x", "* OK [FOO bar] x", "* CAPABILITY IMAP4rev1", "* 3 EXISTS", "* FLAGS (\\Seen a)",
		"* LIST (\\Junk) \"/\" {3}\r\na b (\"OLDNAME\" (\"x\"))", "* STATUS INBOX (UIDNEXT 3 MESSAGES 2)", "* SEARCH 1 2 (MODSEQ 5)",
		"* ESEARCH (TAG \"T1\") UID ALL 1:3,5 COUNT 4", "T1 OK [COPYUID 1 2:3 4:5] done", "T1 NO [ALERT] no", "+ go on", "* ID (\"a\" \"b\")", "* ID NIL",
		"* NAMESPACE ((\"\" \"/\")) NIL NIL", "* MYRIGHTS INBOX lrs", "* BYE bye", "* ENABLED X", "* LIST () NIL INBOX", "* LIST () \"/\" &AOk-",
		"* OK [HIGHESTMODSEQ 5] x", "T1 BAD x", "* 5 OK x", "*  2 EXISTS", "* NOOP", "* FLAGS (a]b)", "* PREAUTH x", "T1 OK [APPENDUID 1 2] x",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		response := append(bytes.Clone(line), "\r\n"...)
		r := new(recorder)
		s := splitter{to: r}
		s.feed(response)
		name := responseName(response)
		if len(r.names) != 1 || s.begun || name == "FETCH" {
			return // more than one response, or less
		}
		if tag, _, _ := bytes.Cut(s.out, []byte(" ")); len(tag) > 0 && tag[0] != '*' && tag[0] != '+' && string(tag) != "T1" {
			return // in answer to no command
		}
		spins := (name == "CAPABILITY" || bytes.Contains(bytes.ToUpper(line), []byte("[CAPABILITY"))) && bytes.Contains(line, []byte("(")) ||
			name == "ENABLED" && bytes.Contains(line, []byte("("))
		if spins && !validResponse(response) {
			// go-imap would read a parenthesis there for ever.
			if len(s.out) > 0 && !validResponse(s.out) {
				t.Errorf("%q becomes %q, which is not valid", response, s.out)
			}
			return
		}
		if len(s.out) > 0 && !goIMAPReads(s.out) {
			t.Errorf("%q becomes %q, which go-imap does not read", response, s.out)
		}
		switch name {
		case "SORT", "THREAD", "METADATA", "QUOTA", "QUOTAROOT", "ACL", "STATUS":
			return // never asked for; and of STATUS, what is not known is left out
		}
		if goIMAPReads(response) && !bytes.EqualFold(s.out, response) {
			t.Errorf("%q becomes %q, though go-imap reads it", response, s.out)
		}
	})
}
