package mailer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/smtpsink"
)

// byTokens logs in by the given tokens, one after another.
func byTokens(o mailer.Options, asked *[]string, tokens ...string) mailer.Options {
	o.Auth = func(context.Context) (netclient.Credentials, error) {
		return netclient.Credentials{Username: user}, nil
	}
	o.Token = func(_ context.Context, refused string) (string, error) {
		*asked = append(*asked, refused)
		if len(*asked) > len(tokens) {
			return "", errors.New("no more tokens")
		}
		return tokens[len(*asked)-1], nil
	}
	return o
}

func TestAuthByToken(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"OAUTHBEARER", "XOAUTH2"} {
		for name, tt := range map[string]struct {
			tokens, asked []string
			says          string // empty: it is sent
		}{
			"a good one":           {[]string{password}, []string{""}, ""},
			"a stale, then a good": {[]string{"stale-token", password}, []string{"", "stale-token"}, ""},
			"refused twice":        {[]string{"stale-token", "stale-token", password}, []string{"", "stale-token"}, "SMTP.SendAsApp"},
			"none to be had":       {nil, []string{""}, "no more tokens"},
		} {
			t.Run(mechanism+", "+name, func(t *testing.T) {
				t.Parallel()
				sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: []string{"PLAIN", mechanism}})
				var asked []string
				m := mailer.New(byTokens(options(sink, false), &asked, tt.tokens...))
				_, err := m.Send(t.Context(), sender, []string{alice}, letter)
				if !slices.Equal(asked, tt.asked) {
					t.Errorf("asked for tokens in place of %q, want %q", asked, tt.asked)
				}
				if tt.says == "" {
					if err != nil || len(sink.Mails()) != 1 || sink.Mails()[0].Mechanism != mechanism {
						t.Errorf("Send: %v, mails %+v", err, sink.Mails())
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "stale-token") || !mailer.Temporary(err) {
					t.Errorf("Send: %v; want a temporary error that says %q and no token", err, tt.says)
				}
				if tt.says == "SMTP.SendAsApp" && !strings.Contains(err.Error(), "status 401") {
					t.Errorf("Send: %v; want what the challenge said", err)
				}
			})
		}
	}
}

func TestCheckByToken(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: []string{"XOAUTH2"}})
	var asked []string
	steps, err := mailer.New(byTokens(options(sink, false), &asked, "stale-token", password)).Check(t.Context(), sender, []string{alice})
	if err != nil || !slices.ContainsFunc(steps, func(s mailer.Step) bool { return s.Name == mailer.StepAuth && strings.HasPrefix(s.Detail, "XOAUTH2") }) {
		t.Errorf("Check = %+v, %v", steps, err)
	}
}

func TestTokenThatIsNotTakenIsNotSent(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password})
	var asked []string
	_, err := mailer.New(byTokens(options(sink, false), &asked, password)).Send(t.Context(), sender, []string{alice}, letter)
	if err == nil || !strings.Contains(err.Error(), "OAUTHBEARER") {
		t.Errorf("Send: %v", err)
	}
}
