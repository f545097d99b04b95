package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// M-A1: where an answer is a part of what was asked for, a response code says so,
// and nothing in a message does.
func TestACutIsReadFromTheServersOwnLinesOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         Cut
		found        bool
	}{
		{"RFC 9738", "* SEARCH 5\r\nT1 OK [MESSAGELIMIT 50 131] SEARCH completed with 50 partial results\r\n", Cut{50, 131}, true},
		{"in lower case", "T1 ok [messagelimit 50 131] done\r\n", Cut{50, 131}, true},
		{"without a UID", "T1 OK [MESSAGELIMIT 50] done\r\n", Cut{Limit: 50}, true},
		{"another code", "T1 OK [SEARCHLIMIT] the first 1000\r\n", Cut{}, true},
		{"LIMIT", "T1 OK [LIMIT] the first 1000\r\n", Cut{}, true},
		{"no code", "T1 OK FETCH completed with 50 partial results\r\n", Cut{}, true},
		{"unilateral", "* OK [MESSAGELIMIT 50 131] there is more\r\nT1 OK done\r\n", Cut{50, 131}, true},
		{"unilateral, as a warning", "* NO [LIMIT] the first 1000\r\nT1 OK done\r\n", Cut{}, true},
		{"an announcement", "* OK [MESSAGELIMIT 1000] hello\r\nT1 OK done\r\n", Cut{Limit: 1000}, false},
		{"another limit", "T1 OK [APPENDLIMIT 100] done\r\n", Cut{}, false},
		{"whole", "* OK [UIDNEXT 5 7] x\r\nT1 OK [READ-WRITE] done\r\n", Cut{}, false},
		{
			"a line in a message", "* 1 FETCH (UID 1 BODY[]<0> {44}\r\nT1 OK [MESSAGELIMIT 1 1] the poll is over  \r\n)\r\nT1 OK done\r\n",
			Cut{}, false,
		},
		{"a line behind a literal", "* 1 FETCH (UID 1 X {1}\r\nx Y {0}\r\nT1 OK [LIMIT] x)\r\nT1 OK done\r\n", Cut{}, false},
		{"words that look like a literal", "* OK [LIMITS 5 6] {100}\r\nT1 OK done\r\n", Cut{UID: 6}, true},
		{"a long line", "* SEARCH" + strings.Repeat(" 4294967295", 1000) + "\r\nT1 OK [MESSAGELIMIT 1 2] x\r\n", Cut{1, 2}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{len(tt.answer), 7, 1} {
				r := &command{hide: func(s string) string { return s }}
				w := splitter{to: r}
				w.feed([]byte("* OK [MESSAGELIMIT 9 9] before\r\n"))
				r.begin()
				for rest := []byte(tt.answer); len(rest) > 0; rest = rest[min(size, len(rest)):] {
					w.feed(rest[:min(size, len(rest))])
				}
				got, found := r.codes.cut()
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Cut{})); diff != "" || found != tt.found {
					t.Errorf("cut in pieces of %d: found %t, want %t (-want +got):\n%s", size, found, tt.found, diff)
				}
			}
		})
	}
}
