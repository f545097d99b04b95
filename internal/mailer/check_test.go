package mailer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/testing/smtpsink"
)

// names lists the steps, the failed ones with a "!".
func names(steps []mailer.Step) string {
	var all []string
	for _, s := range steps {
		name := s.Name
		if s.Err != nil {
			name += "!"
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options smtpsink.Options
		to      []string
		want    string
		errs    int
	}{
		{
			name: "plain text", to: []string{alice},
			want: "connect greeting ehlo auth mail rcpt rset quit",
		},
		{
			name: "STARTTLS", options: smtpsink.Options{Mode: smtpsink.STARTTLS}, to: []string{alice, bob},
			want: "connect greeting starttls tls ehlo auth mail rcpt rcpt rset quit",
		},
		{
			name: "TLS from the first byte", options: smtpsink.Options{Mode: smtpsink.Implicit}, to: []string{alice},
			want: "connect tls greeting ehlo auth mail rcpt rset quit",
		},
		{
			name: "no recipients", want: "connect greeting ehlo auth mail rset quit",
		},
		{
			name:    "a recipient refused, the next one still asked for",
			options: smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.Rcpt, Address: alice, Code: 550, Text: "5.1.1 No"}}},
			to:      []string{alice, bob},
			want:    "connect greeting ehlo auth mail rcpt! rcpt rset quit", errs: 1,
		},
		{
			name:    "log-in refused",
			options: smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.Auth, Code: 535, Text: "5.7.8 No"}}},
			to:      []string{alice},
			want:    "connect greeting ehlo auth! quit", errs: 1,
		},
		{
			name:    "sender refused",
			options: smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.MailFrom, Code: 550, Text: "5.7.1 No"}}},
			to:      []string{alice},
			want:    "connect greeting ehlo auth mail! quit", errs: 1,
		},
		{
			name: "an address that is none", to: []string{"alice", bob},
			want: "connect greeting ehlo auth envelope! mail rcpt rset quit", errs: 1,
		},
		{
			name:    "gone in the middle",
			options: smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.Rcpt, Address: alice, Do: smtpsink.Drop}}},
			to:      []string{alice, bob},
			want:    "connect greeting ehlo auth mail rcpt!", errs: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.User, tt.options.Password = user, password
			sink := smtpsink.New(t, tt.options)
			mode := tt.options.Mode
			if mode == "" {
				mode = smtpsink.None
			}
			steps, err := mailer.New(protected(sink, mode)).Check(t.Context(), sender, tt.to)
			if diff := cmp.Diff(tt.want, names(steps)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			failed := slices.DeleteFunc(slices.Clone(steps), func(s mailer.Step) bool { return s.Err == nil })
			if len(failed) != tt.errs || (err != nil) != (tt.errs > 0) {
				t.Errorf("%d steps failed, error = %v; want %d", len(failed), err, tt.errs)
			}
			for _, s := range failed {
				if !errors.Is(err, s.Err) {
					t.Errorf("error = %v does not hold %v", err, s.Err)
				}
			}
			if n := len(sink.Mails()); n != 0 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
}

func TestCheckTellsWhatItFound(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{Mode: smtpsink.STARTTLS, User: user, Password: password})
	steps, err := mailer.New(protected(sink, smtpsink.STARTTLS)).Check(t.Context(), sender, []string{alice})
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	want := map[string]string{
		mailer.StepGreeting: "sink.test",
		mailer.StepTLS:      "TLS 1.3, certificate valid until 2100-01-01",
		mailer.StepEHLO:     "client.example.com",
		mailer.StepAuth:     "PLAIN as " + user,
		mailer.StepMail:     sender,
		mailer.StepRcpt:     alice,
	}
	for _, s := range steps {
		if !strings.Contains(s.Detail, want[s.Name]) {
			t.Errorf("step %s: %q, want it to hold %q", s.Name, s.Detail, want[s.Name])
		}
		if strings.Contains(s.Detail, password) {
			t.Errorf("step %s: %q holds the password", s.Name, s.Detail)
		}
	}
}
