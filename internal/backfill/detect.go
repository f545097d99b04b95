package backfill

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"path"
	"regexp"
	"strings"
)

// A form is what the first bytes of a file make it out to be.
type form int

const (
	formOther   form = iota
	formMail         // RFC 5322
	formMbox         // RFC 4155
	formReport       // JSON, or JSON packed with gzip or zlib
	formGzip         // gzip of a mail or an mbox
	formZip          // a zip archive
	formOutlook      // Outlook's .msg
)

// headSize is how much of a file is looked at to tell what it is.
const headSize = 32 << 10

// A guess is what is known of a file before its content.
type guess struct {
	name  string // its last element, lower case
	named bool   // the user chose it, so that doubt is settled in its favour
	mail  bool   // it lies where only mails lie
}

func newGuess(name string, f file) guess {
	return guess{name: strings.ToLower(path.Base(name)), named: f.named, mail: f.mail}
}

// says reports whether the name ends in one of the suffixes.
func (g guess) says(suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(g.name, s) {
			return true
		}
	}
	return false
}

// reportName is the file name of RFC 8460 section 5.1.
var reportName = regexp.MustCompile(`^[^!]+![^!]+![0-9]+![0-9]+(![^!]+)?\.json(\.gz)?$`)

// detect returns what a file is that begins with head.
func detect(head []byte, g guess) form {
	switch {
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return formOutlook // [MS-CFB] section 2.2
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && g.says(".json", ".json.gz", ".json.zip"):
		return formReport // one sender's report, which the reader unpacks itself
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return formZip
	case bytes.HasPrefix(head, []byte("\x1F\x8B")): // RFC 1952 section 2.3.1
		if r, err := gzip.NewReader(bytes.NewReader(head)); err == nil {
			return detectPacked(r, g)
		}
		return detectPacked(strings.NewReader(""), g)
	case len(head) > 1 && head[0] == 0x78 && strings.IndexByte("\x01\x5E\x9C\xDA", head[1]) >= 0: // RFC 1950 section 2.2
		if r, err := zlib.NewReader(bytes.NewReader(head)); err == nil && detectPacked(r, g) == formReport {
			return formReport
		}
	}
	return detectPlain(head, g)
}

// detectPacked returns what a packed file is, by the beginning of what is in it.
// Of one that is damaged, or packed again, only the name can tell; the reader
// of reports then says what is wrong with it.
func detectPacked(r io.Reader, g guess) form {
	inner := make([]byte, headSize)
	n, _ := io.ReadFull(r, inner) // as much as there is, damaged or not
	switch detectPlain(inner[:n], guess{name: strings.TrimSuffix(g.name, ".gz"), named: g.named, mail: g.mail}) {
	case formReport:
		return formReport
	case formMail, formMbox:
		return formGzip
	}
	if g.says(".json.gz") && !isJSON(inner[:n]) {
		return formReport
	}
	return formOther
}

// detectPlain returns what an unpacked file is.
func detectPlain(head []byte, g guess) form {
	switch {
	case isPostmark(firstLine(head)):
		return formMbox
	case isJSON(head) && (g.named || reportName.MatchString(g.name) || looksLikeReport(head)):
		return formReport
	case isMail(head, g.named || g.mail || g.says(".eml", ".mail", ".mht")):
		return formMail
	}
	return formOther
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}

// isJSON reports whether b begins as a JSON object or array does, in UTF-16 too.
func isJSON(b []byte) bool {
	b = bytes.TrimLeft(b, "\xEF\xBB\xBF\xFE\xFF\x00 \t\r\n") // byte order marks, and half of UTF-16
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// looksLikeReport tells a report from the other JSON files that a folder may
// hold: it has one of the words that make a report of RFC 8460 section 4.4, which
// some write with underscores.
func looksLikeReport(head []byte) bool {
	text := strings.ToLower(strings.NewReplacer("\x00", "", "_", "-").Replace(string(head)))
	for _, word := range []string{"organization-name", "date-range", "report-id", "policy-type", "policy-domain"} {
		if strings.Contains(text, `"`+word+`"`) {
			return true
		}
	}
	return false
}

// field is a header field's beginning, RFC 5322 section 2.2.
var field = regexp.MustCompile(`^([!-9;-~]+)[ \t]*:`)

// mailFields are fields that mails have, and other files made of "name: value"
// lines seldom. From, To, Date and Subject alone could be anything.
var mailFields = regexp.MustCompile(`(?i)^(received|return-path|delivered-to|message-id|mime-version|dkim-signature|content-type|x-[a-z-]+|from|to|date|subject)$`)

// isMail reports whether head begins a mail: header fields and nothing else up to
// an empty line, at least two of them such as mails have. Where there is reason
// to expect a mail, one field is enough.
func isMail(head []byte, expected bool) bool {
	fields, known := 0, 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if fields > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		m := field.FindSubmatch(line)
		if m == nil {
			// The last line of head may be cut; and mails have odd lines, but
			// seldom as the first.
			if fields == 0 && !expected {
				return false
			}
			continue
		}
		fields++
		if mailFields.Match(m[1]) {
			known++
		}
	}
	return known >= 2 || expected && fields > 0
}
