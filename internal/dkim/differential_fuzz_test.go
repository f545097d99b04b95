package dkim_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"tlsbrief/internal/dkim"
)

// lenient reports whether go-msgauth is known to read a mail otherwise than RFC
// 5322 and RFC 6376 have it:
//   - it needs the empty line behind the header, and gives up without;
//   - a bare CR is white space to it in the relaxed form, and nothing at the end
//     of the body;
//   - a header may begin with a line that is no field;
//   - a line without a colon is a field of that name to it;
//   - white space and letters are Unicode's to it, in names and in base64;
//   - a field named DKIM-Signature in h= may be the signature itself to it;
//   - it takes any "b=" for the signature, not only the tag b=, and allows tags
//     with any name.
func lenient(mail []byte) bool {
	text := bytes.ReplaceAll(mail, []byte("\r\n"), []byte("\n"))
	head, _, ok := bytes.Cut(append([]byte("\n"), text...), []byte("\n\n"))
	if !ok || bytes.Contains(text, []byte("\r")) || !firstField.Match(text) {
		return true
	}
	for line := range bytes.Lines(head[min(1, len(head)):]) {
		if folded := line[0] == ' ' || line[0] == '\t'; !folded && !bytes.Contains(line, []byte(":")) {
			return true
		}
	}
	unfolded := bytes.ReplaceAll(bytes.ReplaceAll(head, []byte("\n "), []byte(" ")), []byte("\n\t"), []byte(" "))
	for line := range bytes.Lines(unfolded) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if notASCII.Match(name) {
			return true
		}
		if strings.EqualFold(string(bytes.TrimSpace(name)), "dkim-signature") && oddTag.Match(value) {
			return true
		}
	}
	return false
}

var (
	firstField = regexp.MustCompile(`^[!-9;-~]{1,128}[ \t]*:`)
	notASCII   = regexp.MustCompile(`[^\x20-\x7e\t\n]`)
	oddTag     = regexp.MustCompile(`[^\x20-\x7e\t\n]|[:=\s](?i:dkim-signature)|[^;\s]\s*b\s*=|;\s*=|;[^=;]*[^=;A-Za-z0-9_\s][^=;]*=|;\s*[0-9_]`)
)

// FuzzVerify holds us to go-msgauth with any mail: where it passes a signature,
// so do we; where we pass one that it refuses, the reason is known.
func FuzzVerify(f *testing.F) {
	zone := records(f)
	for i, m := range methods() {
		if m.sel == "e" { // the RSA key is another one in each process
			for _, s := range shapes()[:12] {
				mail := m.signed(f, s.mail)
				f.Add(mail)
				if i == 4 {
					f.Add(m.signed(f, string(mail)))
				}
			}
		}
	}
	f.Add(append([]byte(" \n"), methods()[0].signed(f, shapes()[0].mail)...))
	f.Fuzz(func(t *testing.T, mail []byte) {
		our := ours(t, mail, zone)
		their, err := theirs(mail, zone)
		if err != nil || lenient(mail) {
			return
		}
		if len(our) != len(their) {
			if len(our) > len(their) || len(their) < 20 {
				t.Fatalf("we see %d signatures, go-msgauth %d", len(our), len(their))
			}
		}
		for i, s := range our {
			switch {
			case (s.Status == dkim.Pass) == (their[i].Err == nil):
			case s.Status == dkim.Pass && s.BodyLength:
				// It refuses l= at once.
			default:
				t.Errorf("signature %d: we say %s %s (%v), go-msgauth %v", i, s.Status, s.Reason, s.Err, their[i].Err)
			}
		}
	})
}

// Were the exceptions too wide, nothing would be compared.
func TestSignedMailsAreCompared(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		for _, m := range methods() {
			if lenient(m.signed(t, s.mail)) {
				t.Errorf("%s, %s: passed over as a mail that go-msgauth reads otherwise", s.name, m.name)
			}
		}
	}
}
