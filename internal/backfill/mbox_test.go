package backfill

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const postmark = "From a@example.com Sun Mar  1 10:20:30 2026\n"

// all reads an mbox to its end; a mail over the bound is "!".
func all(r *bufio.Reader, most int64) ([]string, error) {
	m := newMboxReader(r, most)
	var mails []string
	for {
		data, _, err := m.next()
		switch {
		case err == nil:
			mails = append(mails, string(data))
		case errors.Is(err, errOverBound):
			mails = append(mails, "!")
		case errors.Is(err, io.EOF):
			return mails, nil
		default:
			return mails, err
		}
	}
}

func TestMboxReader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		want       []string
	}{
		{"one mail", postmark + "a: b\n\nx\n", []string{"a: b\n\nx\n"}},
		{"the separator's empty line is no part of the mail", postmark + "x\n\n" + postmark + "y\n\n\n", []string{"x\n", "y\n\n"}},
		{"CRLF stays", postmark + "x\r\n\r\n" + postmark + "y\r\n", []string{"x\r\n", "y\r\n"}},
		{"no empty line before the next", postmark + "x\n" + postmark + "y\n", []string{"x\n", "y\n"}},
		{"no line end at the end", postmark + "x", []string{"x"}},
		{"a mail without a byte", postmark + postmark, []string{"", ""}},
		{"quoted From_ lines", postmark + "\n>From here\n>>From there\n> From\n>Fromage\n", []string{"\nFrom here\n>From there\n> From\n>Fromage\n"}},
		{"a line of text that begins with From", postmark + "\nFrom here on, at 10:20 there is none\n", []string{"\nFrom here on, at 10:20 there is none\n"}},
		{"over the bound, then the next", postmark + strings.Repeat("x", 101) + "\n\n" + postmark + "y\n", []string{"!", "y\n"}},
		{"a long line that begins like a From_ line", postmark + strings.TrimSuffix(postmark, "\n") + strings.Repeat(" ", 300) + "\n\n" + postmark + "y\n", []string{"!", "y\n"}},
		{"the end of a long line that looks like a From_ line", postmark + strings.Repeat("x", 256) + postmark + "\n" + postmark + "y\n", []string{"!", "y\n"}},
		{"text before the first", "nonsense\n" + postmark + "y\n", []string{"y\n"}},
		{"text before the first, a long line of it ending like a From_ line", strings.Repeat("x", 256) + postmark + "y\n", nil},
		{"nothing", "", nil},
		{"no From_ line", "x\ny\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := all(bufio.NewReaderSize(strings.NewReader(tt.file), 256), 100)
			if err != nil {
				t.Fatalf("reading: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("mails (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMboxReaderTellsAnErrorFromTheEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	r := io.MultiReader(strings.NewReader(postmark+"x\n\n"+postmark+"half a ma"), failing{broken})
	got, err := all(bufio.NewReaderSize(r, 256), 100)
	if !errors.Is(err, broken) || !cmp.Equal(got, []string{"x\n"}) {
		t.Errorf("mails = %q, %v; want the whole one and the error", got, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPostmark(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
	tests := []struct {
		name, line string
		is         bool
		want       time.Time
	}{
		{"RFC 4155", "From a@example.com Sun Mar  1 10:20:30 2026", true, at},
		{"Thunderbird", "From - Sun Mar 01 10:20:30 2026\r\n", true, at},
		{"an offset before the year", "From 1@xxx Sun Mar 01 12:20:30 +0200 2026", true, at},
		{"an offset after the year", "From a@example.com Sun Mar  1 12:20:30 2026 +0200", true, at},
		{"a zone by name", "From a@example.com Sun Mar  1 10:20:30 UTC 2026", true, at},
		{"no seconds", "From a@example.com Sun Mar  1 10:20 2026", true, at.Truncate(time.Minute)},
		{"as in a Date field", "From a@example.com Sun, 1 Mar 2026 10:20:30 +0000", true, at},
		{"a form nobody knows", "From a@example.com 1.3.2026 10:20:30 2026", true, time.Time{}},
		{"no date", "From a@example.com", false, time.Time{}},
		{"text", "From 2026 on", false, time.Time{}},
		{"a header field", "From: a@example.com Sun Mar  1 10:20:30 2026", false, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := isPostmark([]byte(tt.line)); got != tt.is {
				t.Errorf("isPostmark(%q) = %t, want %t", tt.line, got, tt.is)
			}
			if got := postmarkTime([]byte(tt.line)); tt.is && !got.Equal(tt.want) {
				t.Errorf("postmarkTime(%q) = %v, want %v", tt.line, got, tt.want)
			}
		})
	}
}

func FuzzMboxReader(f *testing.F) {
	for _, seed := range []string{
		"", postmark, postmark + "a: b\n\nx\n\n" + postmark + ">From y\n", strings.Repeat(postmark, 5), "x\n" + postmark + strings.Repeat("x", 300),
		strings.ReplaceAll(postmark+"x\n\n"+postmark, "\n", "\r\n"), postmark + strings.Repeat("x", 128) + postmark,
	} {
		f.Add([]byte(seed), 50)
	}
	f.Fuzz(func(t *testing.T, file []byte, most int) {
		const buffer = 128
		if most < 0 || most > 1<<20 {
			return
		}
		separators, rest := 0, 0
		for line := range bytes.Lines(file) {
			// A last line that just fills the buffer could go on, for all that the
			// reader knows.
			fits := len(line) < buffer || len(line) == buffer && line[len(line)-1] == '\n'
			if fits && isPostmark(line) {
				separators++
			} else {
				rest += len(line)
			}
		}
		mails, err := all(bufio.NewReaderSize(bytes.NewReader(file), buffer), int64(most))
		if err != nil {
			t.Fatalf("reading from memory: %v", err)
		}
		if len(mails) != separators {
			t.Errorf("%d mails, %d From_ lines", len(mails), separators)
		}
		total := 0
		for _, m := range mails {
			if m == "!" {
				continue
			}
			if total += len(m); len(m) > most {
				t.Errorf("a mail of %d bytes, the bound is %d", len(m), most)
			}
		}
		if total > rest {
			t.Errorf("%d bytes of mail out of %d between From_ lines", total, rest)
		}
	})
}
