package spelling_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/spelling"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"host", "port", "username", "password_file", "password_env", "folders", "move_to", "to"}
	for in, want := range map[string]string{
		"hots": "host", "Host": "host", "prot": "port", "user": "username", "folder": "folders", "move-to": "move_to",
		"moveto": "move_to", "pasword_file": "password_file", "passwordfile": "password_file", "zebra": "", "": "", "x": "",
		strings.Repeat("host", 20): "",
	} {
		if got := spelling.Nearest(in, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"host", "hots", 2}, {"x", long, 99}, {long, long, 0}} {
		if got := spelling.Distance([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := spelling.Distance([]rune(tt.a), []rune(tt.b)); got != tt.want {
			t.Errorf("Distance(%q, %q) of runes = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestDistanceOfRunesCountsCharacters(t *testing.T) {
	t.Parallel()
	if got := spelling.Distance([]rune("Entwürfe"), []rune("Entwurfe")); got != 1 {
		t.Errorf("Distance = %d, want 1", got)
	}
	if got := spelling.Distance([]byte("Entwürfe"), []byte("Entwurfe")); got != 2 {
		t.Errorf("Distance of bytes = %d, want 2", got)
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	words := []string{"weekly", "daily", "monthly"}
	if got, want := spelling.Hint("dayly", words), "; did you mean daily?"; got != want {
		t.Errorf("Hint = %q, want %q", got, want)
	}
	if got := spelling.Hint("zebra", words); got != "" || words[0] != "weekly" {
		t.Errorf("Hint = %q and the words are %q, want none and no change", got, words)
	}
}
