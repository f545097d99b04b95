package backfill

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// mbox gives the mails of an mbox, one by one.
func (w *walk) mbox(c content, r *bufio.Reader) error {
	m := newMboxReader(r, w.limits.MaxMessage)
	for n := 1; ; n++ {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		data, arrived, err := m.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		path := fmt.Sprintf("%s:message %d", c.path, n)
		if err == nil {
			err = w.give(Item{Path: path, Kind: Mail, Data: data, ModTime: arrived})
			if err != nil {
				return err
			}
			continue
		}
		if err := w.failWith(Item{Path: path, Kind: Mail, Data: data, ModTime: arrived}, fmt.Errorf("reading the mail: %w", err)); err != nil {
			return err
		}
		if !errors.Is(err, errOverBound) {
			return nil // the file cannot be read further
		}
	}
}

// errOverBound is for a mail that is too large, after which the next follows;
// other errors end the file.
var errOverBound = errors.New("over the bound for mails")

// An mboxReader splits an mbox, RFC 4155, at its From_ lines. It holds one mail
// at a time.
//
// A line ">From ", with any number of ">", loses one of them: the form called
// mboxrd. In mboxo a line that was ">From " before it was stored loses one too
// many; nothing in the file tells.
type mboxReader struct {
	r    *bufio.Reader
	max  int64
	from []byte // the From_ line that the next mail begins with; nil at the end
	err  error  // why there will be no more
}

func newMboxReader(r *bufio.Reader, most int64) *mboxReader {
	m := &mboxReader{r: r, max: most}
	// What stands before the first From_ line is no mail.
	begins := true // whether the next piece begins a line
	for m.from == nil && m.err == nil {
		line, whole := m.line()
		if begins && whole && isPostmark(line) {
			m.from = bytes.Clone(line)
		}
		begins = whole
	}
	return m
}

// line returns the next line with its end, or as much of it as the buffer takes;
// whole says that it is a line from its beginning to its end. At the file's end
// m.err is set, with what was left still returned.
func (m *mboxReader) line() (line []byte, whole bool) {
	line, err := m.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return line, false
	}
	m.err = err
	return line, true
}

// next returns the next mail and when it arrived, io.EOF after the last. Of one over
// the bound it returns the beginning, with an error.
func (m *mboxReader) next() ([]byte, time.Time, error) {
	if m.from == nil {
		if m.err == nil {
			m.err = io.EOF
		}
		return nil, time.Time{}, m.err
	}
	arrived := postmarkTime(m.from)
	m.from = nil
	var mail []byte
	over, begins := false, true // begins: the next piece begins a line
	for m.err == nil {
		line, whole := m.line()
		if begins && whole && isPostmark(line) {
			m.from = bytes.Clone(line)
			break
		}
		if begins {
			line = unquote(line)
		}
		begins = whole
		if over = over || int64(len(mail)+len(line)) > m.max; over {
			continue
		}
		mail = append(mail, line...)
	}
	switch {
	case m.err != nil && !errors.Is(m.err, io.EOF):
		return nil, arrived, m.err
	case over:
		return mail, arrived, fmt.Errorf("%w: %w", errOverBound, tooLarge(m.max))
	}
	return trimSeparator(mail), arrived, nil
}

// unquote takes one ">" off a quoted From_ line.
func unquote(line []byte) []byte {
	if len(line) > 0 && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
		return line[1:]
	}
	return line
}

// trimSeparator takes off the empty line that stands before a From_ line.
func trimSeparator(mail []byte) []byte {
	for _, end := range []string{"\r\n", "\n"} {
		if string(mail) == end || bytes.HasSuffix(mail, []byte("\n"+end)) {
			return mail[:len(mail)-len(end)]
		}
	}
	return mail
}

var (
	clock = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)
	year  = regexp.MustCompile(`^(19|20)\d{2}$`)
)

// isPostmark reports whether a line is a From_ line: a date stands in it. A line
// of text that begins with "From " has none, so that a writer who did not quote
// it is understood all the same.
func isPostmark(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("From "))
	if !ok {
		return false
	}
	hasClock, hasYear := false, false
	for _, word := range bytes.Fields(rest) {
		hasClock = hasClock || clock.Match(word)
		hasYear = hasYear || year.Match(word)
	}
	return hasClock && hasYear
}

// postmarkTime returns the date of a From_ line in UTC, in which RFC 4155 has
// it, unless it names a zone as some writers do. Zero if it is in no known form.
func postmarkTime(line []byte) time.Time {
	words := strings.Fields(string(line))
	for i, word := range words {
		if i < 1 || len(word) < 3 || !strings.Contains("Mon Tue Wed Thu Fri Sat Sun", word[:3]) {
			continue
		}
		date := strings.Join(words[i:], " ")
		for _, layout := range []string{
			"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04 2006",
			"Mon Jan 2 15:04:05 -0700 2006", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006 -0700",
			"Mon, 2 Jan 2006 15:04:05 -0700",
		} {
			if t, err := time.Parse(layout, date); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}
