package read

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// A report is kept as it was packed where that is it and nothing else.
func TestPackedIsTheReportAndNothingElse(t *testing.T) {
	t.Parallel()
	pack := func(text string, extra []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Extra = extra
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	clean := pack(minimal, nil)
	for _, tt := range []struct {
		name string
		data []byte
		want bool
	}{
		{"gzip", clean, true},
		{"two members", append(pack(minimal[:20], nil), pack(minimal[20:], nil)...), true},
		{"not packed", []byte(minimal), false},
		{"a byte order mark", pack("\xEF\xBB\xBF"+minimal, nil), false},
		{"a header that holds much", pack(minimal, make([]byte, 2000)), false},
		{"something behind it", append(bytes.Clone(clean), "junk"...), false},
		{"its end is missing", clean[:len(clean)-4], false},
		{"a list", pack("["+minimal+"]", nil), false},
	} {
		reports, err := NewReader(Limits{}).ReadFile("", tt.data)
		if err != nil || len(reports) != 1 {
			t.Fatalf("%s: %d reports, %v", tt.name, len(reports), err)
		}
		r := reports[0]
		if (r.Packed != nil) != tt.want {
			t.Errorf("%s: packed bytes are kept: %v, want %v", tt.name, r.Packed != nil, tt.want)
		}
		if r.Packed == nil {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(r.Packed))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || !bytes.Equal(text, r.JSON) {
			t.Errorf("%s: unpacks to %q, %v; want %q", tt.name, text, err, r.JSON)
		}
		if len(tt.data) > 0 && &r.Packed[0] == &tt.data[0] {
			t.Errorf("%s: what is kept holds on to the message", tt.name)
		}
	}
}
