package mailer_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/smtpsink"
)

const (
	sender = "reports@example.com"
	alice  = "alice@example.org"
	bob    = "bob@example.org"
	carol  = "carol@example.org"

	user     = "reports"
	password = "correct-horse-battery"
)

// letter is a mail as the digest makes them.
var letter = []byte("From: <reports@example.com>\r\nTo: <alice@example.org>\r\nSubject: all clear\r\n\r\nNothing failed.\r\n")

// testTimeout is far longer than a busy machine takes for a mail.
const testTimeout = time.Minute

// options returns what it takes to send to sink in plain text, logged in where
// it has a user.
func options(sink *smtpsink.Sink, loggedIn bool) mailer.Options {
	o := mailer.Options{Host: sink.Host(), Port: sink.Port(), TLS: netclient.TLSNone, HELO: "client.example.com", Timeout: testTimeout}
	if loggedIn {
		o.Auth = credentials(user, password)
	}
	return o
}

func credentials(user, password string) func(context.Context) (netclient.Credentials, error) {
	return func(context.Context) (netclient.Credentials, error) {
		return netclient.Credentials{Username: user, Password: password}, nil
	}
}

// asError returns err as the *mailer.Error it must be.
func asError(t *testing.T, err error) *mailer.Error {
	t.Helper()
	var e *mailer.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v (%T), want a *mailer.Error", err, err)
	}
	return e
}

func TestSendHandsInTheMail(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, MaxBytes: 1 << 20})
	results, err := mailer.New(options(sink, true)).Send(t.Context(), sender, []string{alice, bob}, letter)
	if err != nil {
		t.Fatalf("Send: %v", err)
	}
	if diff := cmp.Diff([]mailer.Result{{Address: alice}, {Address: bob}}, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	want := []smtpsink.Mail{{
		From: sender, To: []string{alice, bob}, Data: letter,
		HELO: "client.example.com", User: user, Mechanism: "PLAIN", Size: int64(len(letter)),
	}}
	if diff := cmp.Diff(want, sink.Mails()); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
}

func TestBytesArriveAsGiven(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	m := mailer.New(options(sink, false))
	header := "Subject: x\r\n\r\n"
	tests := []struct{ name, data string }{
		{"a line that is one dot", header + ".\r\nafter\r\n"},
		{"lines that begin with dots", header + "..\r\n.x\r\n...\r\n"},
		{"a dot first of all", ".\r\n" + header},
		{"empty lines at the end", header + "x\r\n\r\n\r\n"},
		{"longer than a block, a dot at its edge", header + strings.Repeat("x", 62) + "\r\n" + strings.Repeat(strings.Repeat(".", 62)+"\r\n", 4000)},
		{"tabs, and bytes beyond ASCII", header + "\tgr\xc3\xbc\xc3\x9fe \x01\r\n"},
	}
	for i, tt := range tests {
		// One after the other, for the order of what arrives.
		t.Run(tt.name, func(t *testing.T) {
			if _, err := m.Send(t.Context(), sender, []string{alice}, []byte(tt.data)); err != nil {
				t.Fatalf("Send: %v", err)
			}
			mails := sink.Mails()
			if len(mails) != i+1 {
				t.Fatalf("%d mails arrived, want %d", len(mails), i+1)
			}
			if got := mails[i].Data; !bytes.Equal(got, []byte(tt.data)) {
				t.Errorf("%d bytes arrived of %d (-want +got):\n%s", len(got), len(tt.data), cmp.Diff(tt.data, string(got)))
			}
		})
	}
}

func TestEveryRecipientHasItsResult(t *testing.T) {
	t.Parallel()
	type want struct {
		code      int
		temporary bool
	}
	refuse := func(address string, code int, text string) smtpsink.Fault {
		return smtpsink.Fault{Step: smtpsink.Rcpt, Address: address, Code: code, Text: text}
	}
	tests := []struct {
		name    string
		options smtpsink.Options
		faults  []smtpsink.Fault
		want    []want // of alice, bob, carol; code 0: sent
		arrives []string
	}{
		{
			name:    "one refused does not stop the others",
			faults:  []smtpsink.Fault{refuse(bob, 550, "5.1.1 No such user")},
			want:    []want{{}, {code: 550}, {}},
			arrives: []string{alice, carol},
		},
		{
			name:    "the first refused",
			faults:  []smtpsink.Fault{refuse(alice, 553, "5.1.3 Bad syntax")},
			want:    []want{{code: 553}, {}, {}},
			arrives: []string{bob, carol},
		},
		{
			name:    "greylisted",
			faults:  []smtpsink.Fault{refuse(carol, 451, "4.7.1 Greylisted")},
			want:    []want{{}, {}, {code: 451, temporary: true}},
			arrives: []string{alice, bob},
		},
		{
			name: "all refused: nothing is sent and each has its own reason",
			faults: []smtpsink.Fault{
				refuse(alice, 550, "5.1.1 No such user"), refuse(bob, 450, "4.2.1 Busy"), refuse(carol, 552, "5.2.2 Full"),
			},
			want: []want{{code: 550}, {code: 450, temporary: true}, {code: 552}},
		},
		{
			name:    "more than the server takes at once",
			options: smtpsink.Options{MaxRecipients: 2},
			want:    []want{{}, {}, {code: 452, temporary: true}},
			arrives: []string{alice, bob},
		},
		{
			name:   "the mail refused: for those who were accepted",
			faults: []smtpsink.Fault{refuse(bob, 450, "4.2.1 Busy"), {Step: smtpsink.Body, Code: 554, Text: "5.6.0 Not this"}},
			want:   []want{{code: 554}, {code: 450, temporary: true}, {code: 554}},
		},
		{
			name:   "the connection lost at the second: the first was not sent either",
			faults: []smtpsink.Fault{{Step: smtpsink.Rcpt, Address: bob, Do: smtpsink.Drop}},
			want:   []want{{code: -1, temporary: true}, {code: -1, temporary: true}, {code: -1, temporary: true}},
		},
		{
			name:   "the connection lost after a refusal: the refusal stands",
			faults: []smtpsink.Fault{refuse(alice, 550, "5.1.1 No such user"), {Step: smtpsink.Rcpt, Address: bob, Do: smtpsink.Drop}},
			want:   []want{{code: 550}, {code: -1, temporary: true}, {code: -1, temporary: true}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.Faults = tt.faults
			sink := smtpsink.New(t, tt.options)
			to := []string{alice, bob, carol}
			results, err := mailer.New(options(sink, false)).Send(t.Context(), sender, to, letter)
			if err != nil {
				t.Fatalf("Send: %v; the server let us come as far as a recipient", err)
			}
			for i, r := range results {
				if r.Address != to[i] {
					t.Errorf("result %d is of %s, want %s", i, r.Address, to[i])
				}
				w := tt.want[i]
				if w.code == 0 {
					if r.Err != nil {
						t.Errorf("%s: %v, want sent", r.Address, r.Err)
					}
					continue
				}
				e := asError(t, r.Err)
				if got := (want{e.Code, e.Temporary}); got != (want{max(w.code, 0), w.temporary}) {
					t.Errorf("%s: %v: code %d, temporary %t; want %d, %t", r.Address, e, e.Code, e.Temporary, w.code, w.temporary)
				}
			}
			var arrived []string
			for _, m := range sink.Mails() {
				arrived = append(arrived, m.To...)
			}
			if diff := cmp.Diff(tt.arrives, arrived); diff != "" {
				t.Errorf("who it arrived for (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsSentThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options smtpsink.Options
		from    string
		to      string
		size    int
		says    string // the error
		wireTo  string // instead of an error: what arrives
		utf8    bool
	}{
		{name: "larger than the server announces", options: smtpsink.Options{MaxBytes: 1000}, size: 1001, says: "at most 1000"},
		{name: "not larger than the server announces", options: smtpsink.Options{MaxBytes: 1000}, size: 999, wireTo: alice},
		{name: "a recipient beyond ASCII", to: "jürgen@example.org", says: "SMTPUTF8"},
		{name: "a recipient beyond ASCII, and a server that can", options: smtpsink.Options{SMTPUTF8: true}, to: "jürgen@example.org", wireTo: "jürgen@example.org", utf8: true},
		{name: "SMTPUTF8 only where it is needed", options: smtpsink.Options{SMTPUTF8: true}, wireTo: alice},
		{name: "a sender beyond ASCII", from: "jürgen@example.org", says: "SMTPUTF8"},
		{name: "a domain beyond ASCII has an ASCII form", to: "alice@bücher.example", wireTo: "alice@xn--bcher-kva.example"},
		{name: "a line break in an address", to: "alice@example.org>\r\nDATA\r\n", says: "not an address"},
		{name: "an address that goes on as a parameter", to: "alice@example.org> NOTIFY=NEVER", says: "not an address"},
		{name: "no domain", to: "alice", says: "name@domain"},
		{name: "a domain that is none", to: "alice@bü\u2028cher.example", says: "not a domain name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, tt.options)
			from, to, data := sender, alice, letter
			if tt.from != "" {
				from = tt.from
			}
			if tt.to != "" {
				to = tt.to
			}
			if tt.size > 0 {
				data = append([]byte(strings.Repeat("x", tt.size-2)), '\r', '\n')
			}
			results, _ := mailer.New(options(sink, false)).Send(t.Context(), from, []string{to}, data)
			if tt.says == "" {
				if results[0].Err != nil {
					t.Fatalf("Send: %v", results[0].Err)
				}
				m := sink.Mails()[0]
				if m.To[0] != tt.wireTo || m.UTF8 != tt.utf8 {
					t.Errorf("arrived for %q with SMTPUTF8 %t, want %q, %t", m.To[0], m.UTF8, tt.wireTo, tt.utf8)
				}
				return
			}
			e := asError(t, results[0].Err)
			if e.Step != mailer.StepEnvelope || e.Temporary || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("error = %v (step %s, temporary %t), want a permanent one at %s that says %q", e, e.Step, e.Temporary, mailer.StepEnvelope, tt.says)
			}
			if n := len(sink.Mails()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

func TestABadAddressDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	results, err := mailer.New(options(sink, false)).Send(t.Context(), sender, []string{"nobody", alice}, letter)
	if err != nil || results[0].Err == nil || results[1].Err != nil {
		t.Fatalf("Send = %v, %v; want the first alone to fail", results, err)
	}
	if got := sink.Mails()[0].To; !cmp.Equal(got, []string{alice}) {
		t.Errorf("arrived for %q, want %q", got, alice)
	}
}

func TestNoRecipientsIsAnError(t *testing.T) {
	t.Parallel()
	results, err := mailer.New(mailer.Options{Host: "127.0.0.1", Port: 1, TLS: netclient.TLSNone}).Send(t.Context(), sender, nil, letter)
	if err == nil || len(results) != 0 || mailer.Temporary(err) {
		t.Errorf("Send to nobody = %v, %v; want a permanent error", results, err)
	}
}

func TestTemporaryOfOtherErrors(t *testing.T) {
	t.Parallel()
	if mailer.Temporary(nil) {
		t.Error("Temporary(nil) = true")
	}
	if !mailer.Temporary(context.Canceled) {
		t.Error("Temporary(context.Canceled) = false, though nothing was said against the mail")
	}
}
