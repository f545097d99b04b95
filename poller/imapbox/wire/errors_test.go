package wire

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"plain", "plain"},
		{" Grüße\tan\r\nalle ", "Grüße an  alle"},
		{"\x1b[31mred\x00", "?[31mred?"},
		{"\u202eright to left", "?right to left"},
		{"\xff\xfe", "??"},
		{strings.Repeat("a", 1000), strings.Repeat("a", 300) + "…"},
	} {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("Printable(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
