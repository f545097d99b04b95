package imapbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/netclient"
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
