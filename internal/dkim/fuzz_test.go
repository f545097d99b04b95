package dkim

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzMessageAndKey looks for panics and for results that contradict themselves, with
// any message and any key record. The key of the seeds is always the same, so
// that the fuzzer can keep signatures valid.
func FuzzMessageAndKey(f *testing.F) {
	ed, rsa := record(f, edKey(), ""), record(f, rsaKey(), "")
	f.Add([]byte(sign(f, report(), edTags, edKey())), ed)
	f.Add([]byte(sign(f, report(), strings.Replace(edTags, "relaxed/relaxed", "simple", 1)+"; l=3", edKey())), ed)
	f.Add([]byte(lf(sign(f, report(), edTags+":cc:from; i=a@b.sender.example", edKey()))), record(f, edKey(), "h=sha256; s=tlsrpt:email; t=s:y; "))
	f.Add([]byte(sign(f, sign(f, report(), rsaTags, rsaKey()), edTags, edKey())), rsa)
	f.Add([]byte(rfc8463), rfcZone["test._domainkey.football.example.com"][0])
	f.Fuzz(func(t *testing.T, message []byte, record string) {
		before := bytes.Clone(message)
		z := &zone{records: map[string][]string{
			"e._domainkey.sender.example":              {record},
			"r._domainkey.sender.example":              {record},
			"test._domainkey.football.example.com":     {record},
			"brisbane._domainkey.football.example.com": {record},
		}}
		all := Verify(t.Context(), message, arrived, z.lookup, Options{})
		checkInvariants(t, all)
		if len(all) > DefaultMaxSignatures || len(z.asked) > len(all) {
			t.Errorf("%d signatures and %d queries", len(all), len(z.asked))
		}
		if !bytes.Equal(before, message) {
			t.Error("the message was changed")
		}
		// Bare LF counts as CRLF, so the line ends must not matter.
		if !bytes.Contains(message, []byte("\r")) {
			crlf := bytes.ReplaceAll(message, []byte("\n"), []byte("\r\n"))
			if len(crlf) > maxSignatureField {
				return
			}
			for i, s := range Verify(t.Context(), crlf, arrived, z.lookup, Options{}) {
				if s.Status != all[i].Status || s.Reason != all[i].Reason {
					t.Errorf("with CRLF %q %q, with LF %q %q", s.Status, s.Reason, all[i].Status, all[i].Reason)
				}
			}
		}
	})
}
