package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readOne feeds a response to a splitter and returns what it says of a message.
func readOne(t *testing.T, response string) (m *Message, err error) {
	t.Helper()
	a := NewAnswer(func(uid uint32) bool { return 1 <= uid && uid <= 10 }, 1, 1<<10, 1<<20)
	r := &command{hide: func(s string) string { return s }, answer: a}
	s := splitter{to: r}
	for _, b := range []byte(strings.ReplaceAll(response, "\n", "\r\n") + "\r\n") {
		s.feed([]byte{b}) // in the smallest pieces
	}
	if s.begun || len(s.out) > 0 || !r.names["FETCH"] {
		t.Fatalf("%q is not one FETCH response: out %q", response, s.out)
	}
	messages, faults := a.Result()
	for _, fault := range faults {
		err = fault
	}
	if len(messages) == 1 {
		m = messages[0]
	}
	return m, err
}

// Each line says of message 3 what the first one does.
func TestParseFetch(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 5, 0, 0, 0, time.UTC)
	whole := func(change func(*Message)) *Message {
		m := &Message{
			UID: 3, Size: 137, Flags: []string{`\Seen`}, HasFlags: true, Date: at, Answered: 1, fits: true,
			Sections: []Section{{kind: Header, Data: []byte("From: a@b\r\n\r\n")}},
		}
		if change != nil {
			change(m)
		}
		return m
	}
	const header = "{13}\nFrom: a@b\n\n"
	const date = `INTERNALDATE "27-Nov-2026 05:00:00 +0000"`
	undated := whole(func(m *Message) { m.Date = time.Time{} })
	strange := whole(func(m *Message) { m.unknownItems = true })
	for _, tt := range []struct {
		name, line string
		want       *Message
	}{
		{"by the book", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER.FIELDS (From)]<0> ` + header + `)`, whole(nil)},
		{"M-A4: the UID behind the literal", `* 3 FETCH (FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER.FIELDS (From)]<0> ` + header + ` UID 3)`, whole(nil)},
		{"M-A4: all behind the literal", `* 3 FETCH (BODY[HEADER.FIELDS (From)]<0> ` + header + ` RFC822.SIZE 137 FLAGS (\Seen) UID 3 ` + date + `)`, whole(nil)},
		{"small letters", `* 3 fetch (uid 3 flags (\Seen) rfc822.size 137 ` + strings.ToLower(date) + ` body[header.fields (from)]<0> ` + header + `)`, whole(nil)},
		{"M-D1: blanks and tabs", "*  3\tFETCH  (  UID  3  FLAGS  ( \\Seen )  RFC822.SIZE\t137  " + date + "  BODY[HEADER.FIELDS ( From )]<0>  " + header + "  ) ", whole(nil)},
		{"M-D4: the date is NIL", `* 3 FETCH (UID 3 INTERNALDATE NIL FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: by its zone's name", `* 3 FETCH (UID 3 INTERNALDATE "27-Nov-2026 05:00:00 GMT" FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: a day that cannot be", `* 3 FETCH (UID 3 INTERNALDATE "01-Jan-0000 00:00:00 +0000" FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: words", `* 3 FETCH (UID 3 INTERNALDATE "yesterday" FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: nothing", `* 3 FETCH (UID 3 INTERNALDATE "" FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: without quotes", `* 3 FETCH (UID 3 INTERNALDATE 27-Nov-2026 05:00:00 GMT FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: without its last quote", `* 3 FETCH (UID 3 INTERNALDATE "27-Nov-2026 05:00:00 +0000 FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER.FIELDS ("From")]<0> ` + header + `)`, undated},
		{"M-D4: a list", `* 3 FETCH (UID 3 INTERNALDATE (27 "Nov" 2026) FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`, undated},
		{"M-D4: a literal", "* 3 FETCH (UID 3 INTERNALDATE {3}\nnow FLAGS (\\Seen) RFC822.SIZE 137 BODY[HEADER]<0> " + header + `)`, undated},
		{"a day with a blank", `* 3 FETCH (UID 3 INTERNALDATE " 7-Nov-2026 05:00:00 +0000" FLAGS (\Seen) RFC822.SIZE 137 BODY[HEADER]<0> ` + header + `)`,
			whole(func(m *Message) { m.Date = at.AddDate(0, 0, -20) })},
		{"M-B5: a keyword with a bracket", `* 3 FETCH (UID 3 FLAGS (\Seen OIB-Seen-[Gmail]/Trash f(x) a{1} "to do") RFC822.SIZE 137 ` + date + ` BODY[HEADER] ` + header + `)`,
			whole(func(m *Message) { m.Flags = []string{`\Seen`, "OIB-Seen-[Gmail]/Trash", "f(x)", "a{1}", `"to do"`} })},
		{"M-B5: NIL for flags", `* 3 FETCH (UID 3 FLAGS NIL RFC822.SIZE 137 ` + date + ` BODY[HEADER] ` + header + `)`, whole(func(m *Message) { m.Flags = nil })},
		{"items of extensions", `* 3 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\Inbox" b) UID 3 MODSEQ (12111230047) EMAILID (M6d99ac3275bb4e) FLAGS (\Seen) RFC822.SIZE 137 ` +
			date + ` BODY[HEADER] ` + header + ` SAVEDATE NIL)`, strange},
		{"an unknown item with a literal", "* 3 FETCH (UID 3 XNOTE {4}\n)(\" FLAGS (\\Seen) RFC822.SIZE 137 " + date + " BODY[HEADER] " + header + `)`, strange},
		{"an unknown item with a section", "* 3 FETCH (UID 3 BINARY[1]<0> ~{4}\n)(\" FLAGS (\\Seen) RFC822.SIZE 137 " + date + " BODY[HEADER] " + header + `)`, whole(nil)},
		{"envelope and structure", `* 3 FETCH (UID 3 ENVELOPE (NIL "a)" NIL (("x" NIL "y" "z"))) BODYSTRUCTURE ("text" "plain" ("a" {1}` + "\n)" + `) NIL) BODY ("x") FLAGS (\Seen) RFC822.SIZE 137 ` +
			date + ` BODY[HEADER] ` + header + `)`, whole(nil)},
		{"names in quotes, with a bracket", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER.FIELDS ("Fr]om" "Subject")]<0> ` + header + `)`, whole(nil)},
		{"a section as it was asked for", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY.PEEK[HEADER]<0.65536> ` + header + `)`, whole(nil)},
		{"a literal of a client", "* 3 FETCH (UID 3 FLAGS (\\Seen) RFC822.SIZE 137 " + date + " BODY[HEADER] {13+}\nFrom: a@b\n\n)", whole(nil)},
		{"a section in quotes", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] "From: a@b` + "\n\n" + `")`, whole(nil)},
		{"octets in quotes", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] "` + "\xe4" + `\"")`,
			whole(func(m *Message) { m.Sections[0].Data = []byte("\xe4\"") })},
		{"numbers in quotes", `* 3 FETCH (UID "3" FLAGS (\Seen) RFC822.SIZE "137" ` + date + ` BODY[HEADER] ` + header + `)`, whole(nil)},
		{"NIL for the size", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE NIL ` + date + ` BODY[HEADER] ` + header + `)`, whole(func(m *Message) { m.Size = -1 })},
		{"NIL for the section", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] NIL)`, whole(func(m *Message) { m.Sections = nil })},
		{"an empty section", "* 3 FETCH (UID 3 FLAGS (\\Seen) RFC822.SIZE 137 " + date + " BODY[HEADER] {0}\n)", whole(func(m *Message) { m.Sections[0].Data = []byte{} })},
		{"no parenthesis at the end", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] ` + header, whole(nil)},
		{"two of them", `* 3 FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] ` + header + `))`, whole(nil)},
		{"no number", `* FETCH (UID 3 FLAGS (\Seen) RFC822.SIZE 137 ` + date + ` BODY[HEADER] ` + header + `)`, whole(nil)},
		{"a part", "* 3 FETCH (UID 3 BODY[1.2.MIME]<0> {2}\n\n)", &Message{
			UID: 3, Size: -1, Answered: 1, fits: true, Sections: []Section{{part: []int{1, 2}, kind: MIME, Data: []byte("\r\n")}},
		}},
		{"all of it", "* 3 FETCH (UID 3 BODY[] {2}\n\n)", &Message{UID: 3, Size: -1, Answered: 1, fits: true, Sections: []Section{{Data: []byte("\r\n")}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := readOne(t, strings.ReplaceAll(tt.line, "\r\n", "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Message{}, Section{})); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}

// A line that cannot be read costs its message, and says why.
func TestParseFetchOfALineThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, why string }{
		{"a size with letters", "* 3 FETCH (UID 3 RFC822.SIZE 1x BODY[] {2}\n\n)", `"1x" is no size`},
		{"less than nothing", "* 3 FETCH (UID 3 RFC822.SIZE -1 BODY[] {2}\n\n)", `"-1" is no size`},
		{"words", "* 3 FETCH (UID 3 four random words here BODY[] {2}\n\n)", `"four random words`},
		{"words alone", "* 3 FETCH (UID 3 some words)", `"some words)`},
		{"items that nobody asked for alone", "* 3 FETCH (UID 3 LOST FOUND)", "nobody asked for"},
		{"no UID", "* 3 FETCH (BODY[] {2}\n\n)", "no UID"},
		{"a UID that is none", "* 3 FETCH (UID x BODY[] {2}\n\n)", `"x" is no UID`},
		{"two UIDs", "* 3 FETCH (UID 3 BODY[] {2}\n\n UID 4)", "UIDs 3 and 4"},
		{"a section that is no string", "* 3 FETCH (UID 3 BODY[] lost)", "BODY[] is no string"},
		{"a section that is a list", "* 3 FETCH (UID 3 BODY[] (1 2))", "BODY[] is no string"},
		{"a quote that does not close", "* 3 FETCH (UID 3 BODY[HEADER.FIELDS (\"From)]<0> x", "BODY[HEADER"},
		{"no list", "* 3 FETCH UID 3", "no list"},
		{"half a literal", "* 1 FETCH (UID 1 BODY[]<0> 7", "no string"},
		{"an item without a value", "* 3 FETCH (UID 3 XNOTE RFC822.SIZE 5 BODY[] {2}\n\n)", "XNOTE has no value"},
		{"a number that is too large", "* 99999999999 FETCH (UID 3 BODY[] {2}\n\n)", "no number"},
		{"more behind its end", "* 3 FETCH (UID 3 BODY[] {2}\n\n) and more", "follows its end"},
		{"flags that are no list", "* 3 FETCH (UID 3 FLAGS lost BODY[] {2}\n\n)", "flags"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readOne(t, tt.line)
			if err == nil || !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), `came "* `) {
				t.Errorf("%q: %v; want the line and %q", tt.line, err, tt.why)
			}
		})
	}
}
