package wire

import (
	"strings"
	"testing"
)

func TestNamesAreEncodedWhereverACommandIsCut(t *testing.T) {
	t.Parallel()
	const (
		command = "T1 UID MOVE 1 \"R&-D/报告 & 日本語/Böse/😀\"\r\n"
		want    = "T1 UID MOVE 1 \"R&-D/&YqVUSg- & &ZeVnLIqe-/B&APY-se/&2D3eAA-\"\r\n"
	)
	for first := range len(command) + 1 {
		for second := first; second <= len(command); second++ {
			var sent strings.Builder
			var rest []byte
			for _, part := range []string{command[:first], command[first:second], command[second:]} {
				var encoded []byte
				encoded, rest = modifiedUTF7(append(rest, part...))
				sent.Write(encoded)
			}
			if sent.String() != want || len(rest) > 0 {
				t.Fatalf("cut at %d and %d: sent %q and kept %q, want %q", first, second, sent.String(), rest, want)
			}
		}
	}
}
