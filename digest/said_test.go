package digest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is remembered comes back as it was, whatever strangers call themselves.
func TestWhatWasSaidComesBack(t *testing.T) {
	t.Parallel()
	want := said{
		newTopic(aboutPolicy, "example.com", ""):                     "testing, ready",
		newTopic(aboutFindings, "example.com", "sts"):                "0123456789abcdef",
		newTopic(aboutStopped, "\x00Bücher \"&\" <Söhne>\n", ""):     "",
		newTopic(aboutUncounted, "broken \xff\xfe", "fail \xc3 x"):   "",
		newTopic(aboutUnread, "reports", "INBOX/\u202eliam"):         "",
		newTopic(aboutSilence, "", ""):                               "",
		newTopic(aboutUnverified, "", ""):                            "",
		newTopic(aboutClaim, "google.com", "fail body-hash Google "): "",
	}
	got := readSaid(want.String())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if got.began(want) || got.ended(want) {
		t.Error("what was read back counts as a change")
	}
	if a, b := want.String(), got.String(); a != b {
		t.Errorf("written twice it is\n%s\nand\n%s", a, b)
	}
}

func TestWhatCannotBeReadIsNothingSaid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "{}", "[", "29afb9c13e4bc308", `[{"Kind":7}]`} {
		if got := readSaid(text); len(got) != 0 || got == nil {
			t.Errorf("readSaid(%q) = %v, want nothing said", text, got)
		}
	}
}

func TestBeganAndEnded(t *testing.T) {
	t.Parallel()
	policy, silence, stopped := newTopic(aboutPolicy, "a.example", ""), newTopic(aboutSilence, "a.example", ""), newTopic(aboutStopped, "google.com", "")
	tests := []struct {
		name         string
		was, now     said
		kinds        []topicKind
		began, ended bool
	}{
		{"the same", said{policy: "enforce"}, said{policy: "enforce"}, nil, false, false},
		{"something else of it", said{policy: "testing"}, said{policy: "enforce"}, nil, true, false},
		{"something new", said{}, said{silence: ""}, nil, true, false},
		{"something gone", said{silence: ""}, said{}, nil, false, true},
		{"who has stopped is new", said{}, said{stopped: ""}, nil, true, false},
		{"who has stopped is told of no more", said{stopped: ""}, said{}, nil, false, false},
		{"not of this kind", said{}, said{policy: "enforce"}, []topicKind{aboutSilence}, false, false},
		{"gone, not of this kind", said{policy: "enforce"}, said{}, []topicKind{aboutSilence}, false, false},
		{"of one of these kinds", said{}, said{silence: ""}, []topicKind{aboutClaim, aboutSilence}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.now.began(tt.was, tt.kinds...); got != tt.began {
				t.Errorf("began = %t, want %t", got, tt.began)
			}
			if got := tt.now.ended(tt.was, tt.kinds...); got != tt.ended {
				t.Errorf("ended = %t, want %t", got, tt.ended)
			}
		})
	}
}

// A domain that the digest is not about any more is forgotten, a mailbox is not.
func TestAboutForgetsDomains(t *testing.T) {
	t.Parallel()
	here, gone, all := newTopic(aboutPolicy, "a.example", ""), newTopic(aboutFindings, "b.example", "sts"), newTopic(aboutSilence, "", "")
	mailbox := newTopic(aboutUnread, "b.example", "INBOX")
	got := said{here: "enforce", gone: "x", all: "", mailbox: ""}.about([]string{"a.example"})
	if diff := cmp.Diff(said{here: "enforce", all: "", mailbox: ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
