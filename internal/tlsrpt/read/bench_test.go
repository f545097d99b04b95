package read

import (
	"bytes"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	rd := NewReader(Limits{})
	b.SetBytes(int64(len(minimal)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rd.Decode(bytes.NewReader([]byte(minimal))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadMail(b *testing.B) {
	rd := NewReader(Limits{})
	mail := []byte(rfcMail(b))
	b.SetBytes(int64(len(mail)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rd.ReadMail(mail); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClassifyHeader(b *testing.B) {
	header := headerOf(rfcMail(b))
	b.ReportAllocs()
	for b.Loop() {
		if ClassifyHeader(header) != Certain {
			b.Fatal("not certain")
		}
	}
}
