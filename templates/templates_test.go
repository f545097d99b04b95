package templates_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tlsbrief/templates"
)

func TestLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain text stays", "Google Inc.", "Google Inc."},
		{"so do letters of any script", "Bücher 書店", "Bücher 書店"},
		{"a line break cannot forge a header field", "x\r\nBcc: y", "x��Bcc: y"},
		{"a bidi override cannot turn text round", "a\u202eb\u2066c\u200fd", "a�b�c�d"},
		{"an escape cannot reach a terminal", "\x1b[31mred\x07", "�[31mred�"},
		{"a blank that is none is none", "a\u00a0b\u2028c", "a�b�c"},
		{"broken UTF-8", "a\xffb", "a�b"},
		{"200 characters stay", strings.Repeat("é", 200), strings.Repeat("é", 200)},
		{"201 are cut", strings.Repeat("é", 201), strings.Repeat("é", 199) + "…"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := templates.Line(tt.in); got != tt.want {
				t.Errorf("Line(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if once := templates.Line(tt.in); templates.Line(once) != once {
				t.Errorf("Line(Line(%q)) is not Line of it", tt.in)
			}
		})
	}
}

func FuzzLine(f *testing.F) {
	f.Add("x\r\ny", 3)
	f.Add(strings.Repeat("word ", 100), 0)
	f.Fuzz(func(t *testing.T, s string, indent int) {
		got := templates.Line(s)
		if strings.ContainsAny(got, "\r\n\t\x1b\u202e") || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 200 {
			t.Errorf("Line(%q) = %q", s, got)
		}
		indent = (indent%40 + 40) % 40
		wrapped := templates.Wrap(indent, s)
		for line := range strings.SplitSeq(wrapped, "\n") {
			if utf8.RuneCountInString(line) > templates.Width {
				t.Errorf("Wrap(%d, %q) has the line %q", indent, s, line)
			}
		}
		if squeeze(wrapped) != squeeze(s) {
			t.Errorf("Wrap(%d, %q) = %q has other words", indent, s, wrapped)
		}
	})
}

// squeeze takes all spaces away.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", 1<<63 - 1: "9,223,372,036,854,775,807"} {
		if got := templates.Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	for _, tt := range []struct {
		n          int64
		noun, want string
	}{{1, "session", "1 session"}, {0, "session", "0 sessions"}, {1260, "delivery attempt", "1,260 delivery attempts"}, {2, "day", "2 days"}, {2, "reply", "2 replies"}, {2, "mailbox", "2 mailboxes"}} {
		if got := templates.Plural(tt.n, tt.noun); got != tt.want {
			t.Errorf("Plural(%d, %s) = %s, want %s", tt.n, tt.noun, got, tt.want)
		}
	}
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 10, "0 %"}, {10, 10, "100 %"}, {1, 1260, "<0.1 %"}, {1259, 1260, ">99.9 %"}, {45, 1260, "3.6 %"}, {0, 0, "-"}, {5, 3, "100 %"}} {
		if got := templates.Percent(tt.part, tt.whole); got != tt.want {
			t.Errorf("Percent(%d, %d) = %s, want %s", tt.part, tt.whole, got, tt.want)
		}
	}
	for _, tt := range []struct {
		n, most int64
		want    string
	}{{0, 10, ""}, {1, 100000, "#"}, {10, 10, "##########"}, {5, 10, "#####"}, {20, 10, "##########"}, {1, 0, ""}} {
		if got := templates.Bar(tt.n, tt.most, 10); got != tt.want {
			t.Errorf("Bar(%d, %d) = %q, want %q", tt.n, tt.most, got, tt.want)
		}
	}
}

func TestDatesAreUTC(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 0, 30, 0, 0, time.FixedZone("", 3600))
	for got, want := range map[string]string{
		templates.Date(at): "2026-11-22", templates.ShortDay(at): "Sun 22 Nov", templates.LongDay(at): "Sunday 22 November 2026",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHangAndPad(t *testing.T) {
	t.Parallel()
	got := templates.Hang(2, 5, "1. "+strings.Repeat("word ", 20))
	want := "  1. " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n     " + strings.TrimSpace(strings.Repeat("word ", 6))
	if got != want {
		t.Errorf("Hang = %q, want %q", got, want)
	}
	if got := templates.Pad(4, "é") + "|" + templates.PadLeft(4, "é") + "|" + templates.Pad(1, "long"); got != "é   |   é|long" {
		t.Errorf("padded: %q", got)
	}
}

func TestPercentSignsStayWithTheirNumbers(t *testing.T) {
	t.Parallel()
	if got := templates.NoBreak("45 (3.9 %) of <0.1 %"); got != "45 (3.9\u00a0%) of <0.1\u00a0%" {
		t.Errorf("NoBreak = %q", got)
	}
	for n := range 80 {
		for line := range strings.SplitSeq(templates.Wrap(0, strings.Repeat("x", n)+" (3.9 %) failed"), "\n") {
			if strings.HasPrefix(line, "%") || utf8.RuneCountInString(line) > templates.Width {
				t.Errorf("after %d letters a line is %q", n, line)
			}
		}
	}
}

func TestOverriding(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, templates.Subject, "mine: {{line .Who}}")
	set, err := templates.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Render(templates.Subject, map[string]string{"Who": "a\nb"})
	if err != nil || got != "mine: a�b\n" {
		t.Errorf("Render = %q, %v", got, err)
	}
	if _, err := set.Render(templates.Subject, map[string]string{}); err == nil {
		t.Error("a name that the data lacks gave no error")
	}
	if _, err := set.Render("nothing.txt", nil); !errors.Is(err, templates.ErrUnknown) {
		t.Errorf("Render of nothing = %v, want ErrUnknown", err)
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, templates.HTML, `<p>{{.}}</p>`)
	set, err := templates.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := set.Render(templates.HTML, "<script>"); err != nil || got != "<p>&lt;script&gt;</p>" {
		t.Errorf("Render = %q, %v", got, err)
	}
}

func TestFaultyTemplatesAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, templates.Text, "{{range}}")
	write(t, dir, templates.HTML, "{{nosuchfunction}}")
	_, err := templates.Load(dir)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, templates.Text)) || !strings.Contains(err.Error(), filepath.Join(dir, templates.HTML)) {
		t.Errorf("Load = %v, want both files named", err)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, templates.Text, "\n\na  \n\n\n\nb\n-- \nc\n\n")
	set, err := templates.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := set.Render(templates.Text, nil); err != nil || got != "a\n\nb\n-- \nc\n" {
		t.Errorf("Render = %q, %v", got, err)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOutOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		width       int
		failed, all int64
		want        string
	}{
		{12, 0, 1260, "1,260"}, {12, 45, 1260, "45/1,260"}, {8, 45, 1260, "45/1,260"}, {7, 45, 1260, "45/1k"},
		{9, 0, 12_345_678, "12M"}, {10, 0, 12_345_678, "12,345,678"}, {9, 1 << 53, 1 << 53, "9P/9P"}, {9, 0, 0, "0"},
	} {
		if got := templates.OutOf(tt.width, tt.failed, tt.all); got != tt.want {
			t.Errorf("OutOf(%d, %d, %d) = %q, want %q", tt.width, tt.failed, tt.all, got, tt.want)
		}
	}
}
