package dkim

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkVerify verifies a report of the usual size and one of a few MB, with
// and without bare LF.
func BenchmarkVerify(b *testing.B) {
	line := strings.Repeat("H4sIAAAAAAAA/9xU3WrjPBC9tp", 3)[:76] + "\r\n"
	for _, n := range []int{50, 50_000} {
		mail := sign(b, report()+strings.Repeat(line, n), rsaTags, rsaKey())
		for _, ends := range []string{"CRLF", "LF"} {
			m := []byte(mail)
			if ends == "LF" {
				m = []byte(lf(mail))
			}
			b.Run(fmt.Sprintf("%dKiB/%s", len(mail)>>10, ends), func(b *testing.B) {
				z := keys(b)
				b.SetBytes(int64(len(m)))
				b.ReportAllocs()
				for b.Loop() {
					z.asked = z.asked[:0]
					if s := Verify(b.Context(), m, arrived, z.lookup, Options{}); len(s) != 1 || s[0].Status != Pass {
						b.Fatal(s)
					}
				}
			})
		}
	}
}
