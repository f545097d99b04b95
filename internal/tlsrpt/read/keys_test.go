package read

import (
	"strconv"
	"strings"
	"testing"
)

// A stranger may fill a report with unknown keys: to look for what each may mean
// would take seconds.
func TestOnlyTheFirstUnknownKeysAreTakenForMisspelled(t *testing.T) {
	t.Parallel()
	read := func(unknown int) string {
		var keys strings.Builder
		for n := range unknown {
			keys.WriteString(`"x-unknown-` + strconv.Itoa(n) + `":0,`)
		}
		text := strings.Replace(minimal, "{", "{"+keys.String()+`"contect-info":"x",`, 1)
		r, err := NewReader(Limits{}).Decode(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, d := range r.Deviations {
			all.WriteString(d.What + "\n")
		}
		return all.String()
	}
	const named = `perhaps meant by "contect-info"`
	if got := read(maxUnknown - 1); !strings.Contains(got, named) {
		t.Errorf("after %d unknown keys: deviations %q, want %q among them", maxUnknown-1, got, named)
	}
	if got := read(maxUnknown); strings.Contains(got, named) {
		t.Errorf("after %d unknown keys: %q is still looked for", maxUnknown, named)
	}
}

func TestMisspelledKeys(t *testing.T) {
	t.Parallel()
	known := knownKeys()
	for sent, want := range map[string]string{
		"report-id": "report-id", "reprt-id": "report-id", "reportt-idd": "report-id", "report": "", "contact-inf": "contact-info",
		"total-succesful-sesion-count": "total-successful-session-count", "poli": "", "": "",
		strings.Repeat("x", longestKey): "", strings.Repeat("x", longestKey+1): "",
	} {
		if got := misspelled(sent, known); got != want {
			t.Errorf("misspelled(%q) = %q, want %q", sent, got, want)
		}
	}
	for _, k := range known {
		if len(k) > longestKey-2 {
			t.Errorf("the key %s is too long for longestKey", k)
		}
	}
}
