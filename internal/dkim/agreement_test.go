package dkim

import (
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/tlsrpt/read"
)

// checkAgreement checks that the reader of reports sees the fields and the body
// that a signature can cover, wherever a signature can hold at all.
func checkAgreement(t *testing.T, message []byte) {
	t.Helper()
	h := parseHeader(message)
	if h.err != nil {
		return
	}
	names, body := read.Fields(message)
	if ours := len(message) - len(h.body); body != ours {
		t.Fatalf("%q: the body begins at %d for the signature, at %d for the reader", message, ours, body)
	}
	var ours []string
	for _, f := range h.fields {
		// No other name can be asked for.
		if f.name != "" && len(f.name) <= maxName && strings.IndexFunc(f.name, func(c rune) bool { return c <= ' ' || c > '~' }) < 0 {
			ours = append(ours, f.name)
		}
	}
	if !slices.Equal(ours, names) {
		t.Fatalf("%q: the signature can cover %q, the reader sees %q", message, ours, names)
	}
}

// disagreements are headers that two readers may read in two ways.
func disagreements() []string {
	return []string{
		"A: b\r\n\r\r\nC: d\r\n\r\nbody", "A: b\n\r\r\n\r\nbody", "A: b\r\n\r", "A: b\r\r\n\r\nC: d", "\r\r\nA: b\r\n\r\n",
		"{\"a\":1}\r\nA: b\r\n\r\nbody", "no field\r\n\r\nbody", " A: b\r\nC: d\r\n\r\nbody", "\tA: b\r\n\r\n", ": b\r\nC: d\r\n\r\n",
		"A\x01: b\r\nx\r\nC: d\r\n\r\n", strings.Repeat("A", 129) + ": b\r\nx\r\nC: d\r\n\r\n", "x\r\nA: b\r\n\r\n",
		"A: b\r\nno field\r\n folded\r\nC: d\r\n\r\nbody", "A: b\r\n \r\n C\r\n\r\nbody", "A : b\r\nA\t: c\r\n\r\nbody", "A: b\n\nbody", "A: b", "\r\nbody", "\n", "",
		"A: b\r\n\x00\r\nB: c\r\n\r\n", "A: b\r\n\x0b\r\nB: c\r\n\r\n", "A: b\r\n\xa0\r\nB: c\r\n\r\n",
	}
}

func TestSignatureAndReaderSeeTheSameHeader(t *testing.T) {
	t.Parallel()
	for _, message := range disagreements() {
		checkAgreement(t, []byte(message))
	}
}

func FuzzSignatureAndReaderSeeTheSameHeader(f *testing.F) {
	for _, message := range disagreements() {
		f.Add([]byte(message))
	}
	f.Add([]byte(report()))
	f.Fuzz(checkAgreement)
}

// What stands above a signed mail can make the reader see another one, where the
// two end the header at different lines.
func TestSignatureFailsWhereTheHeaderHasTwoReadings(t *testing.T) {
	t.Parallel()
	const forged = "Content-Type: application/tlsrpt+json\r\n"
	signed := sign(t, report(), edTags, edKey())
	for name, mail := range map[string]string{
		"CR CR LF below forged fields":  forged + "\r\r\n{}\r\n" + signed,
		"a CR within a field":           "X-A: b\rc\r\n" + signed,
		"a CR that ends a field":        "X-A: b\r\r\n" + signed,
		"a first line that is no field": "{}\r\n" + signed,
		"a folded first line":           " X-A: b\r\n" + signed,
	} {
		if got := one(t, mail, arrived, keys(t)); got.Reason != ReasonSyntax {
			t.Errorf("%s: %q %q (%v), want %q", name, got.Status, got.Reason, got.Err, ReasonSyntax)
		}
	}
	if got := one(t, "X-A: b\r\n"+signed, arrived, keys(t)); got.Status != Pass {
		t.Errorf("with a plain field above: %q %q (%v), want a pass", got.Status, got.Reason, got.Err)
	}
}
