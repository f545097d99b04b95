package imapbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// by makes options that log in by the given tokens, one after another, and notes
// what each was asked in place of.
func by(s *imaptest.Server, asked *[]string, tokens ...string) imapbox.Options {
	o := optionsFor(s)
	o.Auth = func(context.Context) (netclient.Credentials, error) {
		return netclient.Credentials{Username: s.Username}, nil
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

func TestLoginByToken(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"", "auth_mechanisms = plain xoauth2", "auth_mechanisms = plain oauthbearer"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"), imaptest.WithDovecotConfig(mechanism))
			good := s.AccessToken(t, s.Username, time.Now().Add(time.Hour))
			expired := s.AccessToken(t, s.Username, time.Now().Add(-time.Minute))
			for name, tt := range map[string]struct {
				tokens []string
				asked  []string
				err    error
			}{
				"a good one":                  {[]string{good}, []string{""}, nil},
				"one that expired, then good": {[]string{expired, good}, []string{"", expired}, nil},
				"refused twice":               {[]string{expired, expired, good}, []string{"", expired}, imapbox.ErrAuth},
			} {
				var asked []string
				session, err := imapbox.Open(t.Context(), by(s, &asked, tt.tokens...))
				if !errors.Is(err, tt.err) || !slices.Equal(asked, tt.asked) {
					t.Errorf("%s: Open: %v, want %v; asked for tokens %d times", name, err, tt.err, len(asked))
				}
				if err != nil {
					if strings.Contains(err.Error(), expired[:20]) || !strings.Contains(err.Error(), "no such token") {
						t.Errorf("%s: %v; want what to do, and no token", name, err)
					}
					continue
				}
				examine(t, session, "INBOX")
				if err := session.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A server takes a token for the mailbox of its user alone.
func TestTokenOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t, imaptest.WithTLS("implicit"))
	var asked []string
	other := s.AccessToken(t, "somebody@example.test", time.Now().Add(time.Hour))
	if _, err := imapbox.Open(t.Context(), by(s, &asked, other, other)); !errors.Is(err, imapbox.ErrAuth) {
		t.Errorf("Open: %v, want ErrAuth", err)
	}
}

func TestTokensAreNotSentWhereNoneAreTaken(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { heard <- cmd.Args; c.No(cmd, "no") },
		}})
	})
	var asked []string
	_, err := imapbox.Open(t.Context(), by(s, &asked, "t1"))
	if !errors.Is(err, netclient.ErrNoBearer) || !errors.Is(err, imapbox.ErrLoginDisabled) || !strings.Contains(err.Error(), "only PLAIN") {
		t.Errorf("Open: %v", err)
	}
	if len(heard) > 0 {
		t.Errorf("the server heard %q", <-heard)
	}
}

func TestNoTokenToBeHad(t *testing.T) {
	t.Parallel()
	var asked []string
	_, err := imapbox.Open(t.Context(), by(imaptest.Memory(t), &asked))
	if err == nil || err.Error() != `mailbox "box": credentials: no more tokens` {
		t.Errorf("Open: %v", err)
	}
}

// Each reason why somebody is not let in can be told from the others without its words.
func TestReasonsOfARefusedLoginAreTyped(t *testing.T) {
	t.Parallel()
	expired := &oauth.Error{Code: "invalid_grant", Expired: true}
	all := []error{imapbox.ErrPassword, imapbox.ErrToken, imapbox.ErrExpired, imapbox.ErrMayNotOpen, imapbox.ErrUnavailable}
	for _, tt := range []struct {
		name, reply string
		token       bool
		noToken     error
		want        []error
	}{
		{"a password", "NO [AUTHENTICATIONFAILED] x", false, nil, []error{imapbox.ErrPassword}},
		{"an expired password", "NO [EXPIRED] x", false, nil, []error{imapbox.ErrPassword, imapbox.ErrExpired}},
		{"a password without a right", "NO [AUTHORIZATIONFAILED] x", false, nil, []error{imapbox.ErrPassword, imapbox.ErrMayNotOpen}},
		{"a token", "NO [AUTHENTICATIONFAILED] x", true, nil, []error{imapbox.ErrToken}},
		{"an expired token", "NO [EXPIRED] x", true, nil, []error{imapbox.ErrToken, imapbox.ErrExpired}},
		{"a token without a right", "NO [AUTHORIZATIONFAILED] x", true, nil, []error{imapbox.ErrToken, imapbox.ErrMayNotOpen}},
		{"no token any more", "NO x", true, expired, []error{imapbox.ErrExpired}},
		{"nobody for now", "NO [UNAVAILABLE] x", true, nil, []error{imapbox.ErrUnavailable}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=OAUTHBEARER", On: map[string]func(*imaptest.Conn, imaptest.Command){
					"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " " + tt.reply) },
				}})
			})
			o := optionsFor(s)
			if tt.token {
				o.Token = func(context.Context, string) (string, error) { return "t1", tt.noToken }
			}
			_, err := imapbox.Open(t.Context(), o)
			for _, reason := range all {
				if errors.Is(err, reason) != slices.Contains(tt.want, reason) {
					t.Errorf("Open: %v; is %q: %t", err, reason, errors.Is(err, reason))
				}
			}
		})
	}
}
