package dkim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, list string
		want       [][2]string // nil for an error
	}{
		{"plain", "v=1;a=b", [][2]string{{"v", "1"}, {"a", "b"}}},
		{"a semicolon at the end", "v=1;", [][2]string{{"v", "1"}}},
		{"empty entries are passed over", ";; v=1;\r\n ;", [][2]string{{"v", "1"}}},
		{"white space around names and values", " v = 1 ;\r\n\ta\t=\tb ", [][2]string{{"v", "1"}, {"a", "b"}}},
		{"white space inside a value stays", "h=From : To", [][2]string{{"h", "From : To"}}},
		{"an equals sign in a value", "b=ab==", [][2]string{{"b", "ab=="}}},
		{"an empty value", "p=", [][2]string{{"p", ""}}},
		{"names are case-sensitive", "B=1;b=2", [][2]string{{"B", "1"}, {"b", "2"}}},
		{"underscores and digits in a name", "x_1=y", [][2]string{{"x_1", "y"}}},
		{"8-bit in a value", "n=\xff\u00e9", [][2]string{{"n", "\xff\u00e9"}}},
		{"a name twice", "b=1; b=2", nil},
		{"no equals sign", "v=1; foo", nil},
		{"no name", "=1", nil},
		{"a name that begins with a digit", "1a=1", nil},
		{"a name with a space", "a b=1", nil},
		{"too many", manyTags(maxTags + 1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list, err := parseTags(tt.list)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("parseTags(%q) error = %v, want error %v", tt.list, err, tt.want == nil)
			}
			var got [][2]string
			for _, tag := range list {
				got = append(got, [2]string{tag.name, tag.value})
				if raw := tt.list[tag.start:tag.end]; strings.Trim(raw, fws) != tag.value {
					t.Errorf("the value %q of %s= is said to stand at %q", tag.value, tag.name, raw)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parseTags(%q) (-want +got):\n%s", tt.list, diff)
			}
		})
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("b" + strings.Repeat("x", i) + "=1;")
	}
	return b.String()
}

func TestSplitList(t *testing.T) {
	t.Parallel()
	want := []string{"from", "to", "", "x\u00a0y"}
	if diff := cmp.Diff(want, splitList("From :\r\n\tTO::x\u00a0y ")); diff != "" {
		t.Errorf("splitList (-want +got):\n%s", diff)
	}
}
