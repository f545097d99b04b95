package bench

import (
	"testing"

	"tlsbrief/internal/tlsrpt/read"
)

// BenchmarkReadMail reads report mails, to be profiled.
func BenchmarkReadMail(b *testing.B) {
	all := make([][]byte, 2000)
	for n := range all {
		all[n] = report(b, n, nil)
	}
	reader := read.NewReader(read.DefaultLimits())
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := reader.ReadMail(all[n%len(all)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
