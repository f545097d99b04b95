package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is remembered comes back as it was, whatever strangers call themselves.
func TestWhatWasSaidComesBack(t *testing.T) {
	t.Parallel()
	want := Statements{
		NewTopic(AboutPolicy, "example.com", ""):                     "testing, ready",
		NewTopic(AboutFindings, "example.com", "sts"):                "0123456789abcdef",
		NewTopic(AboutStopped, "\x00Bücher \"&\" <Söhne>\n", ""):     "",
		NewTopic(AboutUncounted, "broken \xff\xfe", "fail \xc3 x"):   "",
		NewTopic(AboutUnread, "reports", "INBOX/\u202eliam"):         "",
		NewTopic(AboutSilence, "", ""):                               "",
		NewTopic(AboutUnverified, "", ""):                            "",
		NewTopic(AboutClaim, "google.com", "fail body-hash Google "): "",
	}
	got := ReadStatements(want.String())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if got.Began(want) || got.Ended(want) {
		t.Error("what was read back counts as a change")
	}
	if a, b := want.String(), got.String(); a != b {
		t.Errorf("written twice it is\n%s\nand\n%s", a, b)
	}
}

func TestWhatCannotBeReadIsNothingSaid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "{}", "[", "29afb9c13e4bc308", `[{"Kind":7}]`} {
		if got := ReadStatements(text); len(got) != 0 || got == nil {
			t.Errorf("readSaid(%q) = %v, want nothing said", text, got)
		}
	}
}

func TestBeganAndEnded(t *testing.T) {
	t.Parallel()
	policy, silence, stopped := NewTopic(AboutPolicy, "a.example", ""), NewTopic(AboutSilence, "a.example", ""), NewTopic(AboutStopped, "google.com", "")
	tests := []struct {
		name         string
		was, now     Statements
		kinds        []TopicKind
		began, ended bool
	}{
		{"the same", Statements{policy: "enforce"}, Statements{policy: "enforce"}, nil, false, false},
		{"something else of it", Statements{policy: "testing"}, Statements{policy: "enforce"}, nil, true, false},
		{"something new", Statements{}, Statements{silence: ""}, nil, true, false},
		{"something gone", Statements{silence: ""}, Statements{}, nil, false, true},
		{"who has stopped is new", Statements{}, Statements{stopped: ""}, nil, true, false},
		{"who has stopped is told of no more", Statements{stopped: ""}, Statements{}, nil, false, false},
		{"not of this kind", Statements{}, Statements{policy: "enforce"}, []TopicKind{AboutSilence}, false, false},
		{"gone, not of this kind", Statements{policy: "enforce"}, Statements{}, []TopicKind{AboutSilence}, false, false},
		{"of one of these kinds", Statements{}, Statements{silence: ""}, []TopicKind{AboutClaim, AboutSilence}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.now.Began(tt.was, tt.kinds...); got != tt.began {
				t.Errorf("began = %t, want %t", got, tt.began)
			}
			if got := tt.now.Ended(tt.was, tt.kinds...); got != tt.ended {
				t.Errorf("ended = %t, want %t", got, tt.ended)
			}
		})
	}
}

// A domain that the digest is not about any more is forgotten, a mailbox is not.
func TestAboutForgetsDomains(t *testing.T) {
	t.Parallel()
	here, gone, all := NewTopic(AboutPolicy, "a.example", ""), NewTopic(AboutFindings, "b.example", "sts"), NewTopic(AboutSilence, "", "")
	mailbox := NewTopic(AboutUnread, "b.example", "INBOX")
	got := Statements{here: "enforce", gone: "x", all: "", mailbox: ""}.About([]string{"a.example"})
	if diff := cmp.Diff(Statements{here: "enforce", all: "", mailbox: ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
