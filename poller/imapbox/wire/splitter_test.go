package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/google/go-cmp/cmp"
)

// In whatever pieces the bytes come, the same responses are made of them.
func TestSplitterInPieces(t *testing.T) {
	t.Parallel()
	const answer = "* OK hello {5}\r\n*  2 EXISTS\r\n* LIST () \"/\" {9}\r\na \"b\" * B\r\n* NOOP {3}\r\n\r\n*\r\n* 3 FETCH (BODY[] {12}\r\n* 4 EXISTS\r\n UID 3)\r\n\n" +
		"* 4 FETCH (UID 4 BODY[] \"a\r\n\\\" {2}\r\n\")\n* SEARCH 1  2 \r\nT1 OK [x] done {7}\r\n"
	want := "* OK hello {5}\r\n* 2 EXISTS\r\n* LIST () \"/\" {9}\r\na \"b\" * B\r\n* SEARCH 1 2\r\nT1 OK [x] done {7}\r\n"
	wantNames := []string{"OK", "EXISTS", "LIST", "NOOP", "FETCH", "", "FETCH", "SEARCH", ""}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		r := new(recorder)
		s := splitter{to: r}
		for rest := []byte(answer); len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 20))
			s.feed(rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, string(s.out)); diff != "" {
			t.Fatalf("out (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantNames, r.names); diff != "" {
			t.Fatalf("responses (-want +got):\n%s", diff)
		}
		if got := string(r.lines[0].Sections[0].Data) + string(r.lines[1].Sections[0].Data); got != "* 4 EXISTS\r\na\r\n\" {2}\r\n" {
			t.Fatalf("sections = %q", got)
		}
	}
}

// What a server sends without an end is not held without one.
func TestSplitterIsBounded(t *testing.T) {
	t.Parallel()
	piece := bytes.Repeat([]byte("x "), 8<<10)
	for _, tt := range []struct{ begins, ends string }{
		{"* OK ", "\r\n"}, {"T1 NO ", "\r\n"}, {"* LIST () \"/\" ", "\r\n"}, {"* 1 FETCH (UID 1 ", ")\r\n"}, {"* LIST () \"/\" {8388608}\r\n", "\r\n"},
		{"* 1 FETCH (UID 1 BODY[] {8388608}\r\n", ")\r\n"}, {"* NOOP {8388608}\r\n", "\r\n"}, {"* 1 FETCH (UID 1 BODY[] \"", "\")\r\n"},
	} {
		t.Run(tt.begins, func(t *testing.T) {
			t.Parallel()
			r := &command{hide: func(s string) string { return s }}
			s := splitter{to: r}
			s.feed([]byte(tt.begins))
			for range 8 << 20 / len(piece) {
				s.feed(piece)
				if held := cap(s.text) + cap(s.out) + cap(s.tail); held > 4*maxResponse {
					t.Fatalf("%d bytes are held", held)
				}
			}
			s.feed([]byte(tt.ends + "* 5 EXISTS\r\n"))
			if !bytes.HasSuffix(s.out, []byte("* 5 EXISTS\r\n")) {
				t.Errorf("the response behind it is lost: %.100q", s.out)
			}
		})
	}
}

// A search may find millions of messages.
func TestSplitterPassesALongSearchOn(t *testing.T) {
	t.Parallel()
	var line strings.Builder
	line.WriteString("* SEARCH")
	for n := range 200_000 {
		fmt.Fprintf(&line, " %d", n+1)
	}
	line.WriteString("\r\n* 5 EXISTS\r\n")
	r := &command{hide: func(s string) string { return s }}
	s := splitter{to: r}
	var got []byte
	for rest := []byte(line.String()); len(rest) > 0; {
		n := min(len(rest), readSize)
		s.feed(rest[:n])
		rest = rest[n:]
		got = append(got, s.out...)
		s.out = s.out[:0]
	}
	if string(got) != line.String() || !r.names["SEARCH"] || !r.names["EXISTS"] {
		t.Errorf("%d bytes of %d were passed on, of %v", len(got), line.Len(), r.names)
	}
}

// readByGoIMAP returns what go-imap reads of a FETCH response; nil if it does not.
func readByGoIMAP(response []byte) *Message {
	news := make(chan *Message, 1)
	client := imapclient.New(newScript(response), &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Fetch: func(data *imapclient.FetchMessageData) { news <- collected(data) },
	}})
	client.Noop()
	<-client.Closed()
	m := <-news
	if err := client.Close(); err != nil && !strings.Contains(err.Error(), "closed network") {
		return nil
	}
	return m
}

func collected(data *imapclient.FetchMessageData) *Message {
	m := &Message{Size: -1, fits: true}
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = uint32(item.UID)
		case imapclient.FetchItemDataRFC822Size:
			m.Size = item.Size
		case imapclient.FetchItemDataInternalDate:
			m.Date = item.Time
		case imapclient.FetchItemDataFlags:
			m.HasFlags, m.Flags = true, nil
			for _, flag := range item.Flags {
				m.Flags = append(m.Flags, string(flag))
			}
		case imapclient.FetchItemDataBodySection:
			text := new(bytes.Buffer)
			if item.Literal != nil {
				_, _ = text.ReadFrom(item.Literal) // what is not there is seen in the end
			}
			if item.Section.Partial != nil && item.Section.Partial.Offset > 0 {
				continue // the middle of a section, which is never asked for
			}
			m.Answered++
			if item.Literal != nil {
				m.Sections = append(m.Sections, Section{part: item.Section.Part, kind: string(item.Section.Specifier), Data: append([]byte{}, text.Bytes()...)})
			}
		}
	}
	return m
}

// What go-imap reads of a FETCH response by the book is what is read here.
func FuzzParseFetch(f *testing.F) {
	for _, items := range []string{
		`UID 3 FLAGS (\Seen a) RFC822.SIZE 137 INTERNALDATE "27-Nov-2026 05:00:00 +0000"`, "UID 3 BODY[HEADER.FIELDS (\"From\" to)]<0> {5}\r\nab\r\n)",
		"BODY[1.2.MIME] NIL UID 3 BODY[] \"a\\\"b\"", `UID 3 MODSEQ (5) BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 5 1)`, "BODY[TEXT]<0> {0}\r\n UID 4294967295",
		`ENVELOPE (NIL "x)" NIL NIL NIL NIL NIL NIL NIL NIL) UID 3`, "UID 3 BINARY.SIZE[1] 5 BINARY[1] ~{2}\r\n)(", "FLAGS () UID 1",
		"BODY[]<2> {0}\r\n", "UID 3 BODY[TEXT]<7> {2}\r\nab BODY[]<0> {1}\r\na",
	} {
		f.Add([]byte(items))
	}
	f.Fuzz(func(t *testing.T, items []byte) {
		response := append(append([]byte("* 3 FETCH ("), items...), ")\r\n"...)
		r := new(recorder)
		s := splitter{to: r}
		s.feed(response)
		if len(r.lines) != 1 || len(r.names) != 1 || s.begun {
			return // more than one response, or less
		}
		want := readByGoIMAP(response)
		if want == nil || want.Date.Year() < 1970 && !want.Date.IsZero() || hasTwice(items) {
			return
		}
		got := r.lines[0]
		got.unknownItems = false
		if got.Date.Equal(want.Date) {
			got.Date = want.Date
		}
		got.Flags, want.Flags = lower(got.Flags), lower(want.Flags)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Message{}, Section{})); diff != "" {
			t.Errorf("%q (-go-imap +here):\n%s", response, diff)
		}
	})
}

func lower(words []string) []string {
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	return words
}

// hasTwice reports whether an item may be there twice: which of the two holds is
// not defined.
func hasTwice(items []byte) bool {
	for _, name := range []string{"UID", "FLAGS", "SIZE", "DATE"} {
		if bytes.Count(bytes.ToUpper(items), []byte(name)) > 1 {
			return true
		}
	}
	return false
}

// go-imap asks for capabilities on its own: the end of that answer is not the end of
// another one.
func TestTheEndOfAnotherAnswerIsNotTheEndOfThisOne(t *testing.T) {
	t.Parallel()
	r := &command{hide: func(s string) string { return s }}
	s := splitter{to: r}
	r.begin()
	r.sent([]byte("T1 CAPABILITY\r\n"))
	s.feed([]byte("T1 OK done\r\n"))
	r.sent([]byte("T2 UID SEARCH ALL\r\n"))
	r.sent([]byte("T3 CAPABILITY\r\n"))
	s.feed([]byte("T3 OK done\r\n* SEARCH 1\r\n"))
	if !r.names["SEARCH"] || r.name != "UID SEARCH" {
		t.Errorf("names = %v in answer to %s, want SEARCH in answer to UID SEARCH", r.names, r.name)
	}
	s.feed([]byte("T2 OK done\r\n* ESEARCH UID ALL 1\r\n"))
	if r.names["ESEARCH"] {
		t.Error("what comes behind its end counts for the answer")
	}
}
