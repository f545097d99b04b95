package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/idptest"
)

func TestLoginShowsACodeAndWaitsForThePerson(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	var shown oauth.Prompt
	got, err := oauth.Login(t.Context(), options(s, oauth.RefreshToken), func(p oauth.Prompt) error {
		shown = p
		s.Approve()
		return nil
	})
	if err != nil || got != s.Refresh() {
		t.Fatalf("Login = %q, %v; want %q", got, err, s.Refresh())
	}
	if shown.Code != "ABCD-EFGH" || shown.Address != s.HTTP.URL+"/devicelogin" || time.Until(shown.Until) < 10*time.Minute {
		t.Errorf("shown: %+v", shown)
	}
	if scope := s.Asked()[0].Get("scope"); scope != "mail more" {
		t.Errorf("scope = %q", scope)
	}
}

func TestLoginThatDoesNotComeAboutSaysWhy(t *testing.T) {
	t.Parallel()
	approve := func(s *idptest.Server) { s.Approve() }
	for name, tt := range map[string]struct {
		device string // the answer to the first request; empty: the usual
		before func(s *idptest.Server)
		says   string
	}{
		"no refresh token":         {before: approve, says: "offline_access"},
		"turned down":              {before: func(s *idptest.Server) { s.Answer(400, `{"error":"access_denied","error_description":"no"}`) }, says: "access_denied: no"},
		"in vain":                  {before: func(s *idptest.Server) { s.Answer(400, `{"error":"expired_token"}`) }, says: "run the command again"},
		"turned down at Microsoft": {before: func(s *idptest.Server) { s.Answer(400, `{"error":"authorization_declined"}`) }, says: "authorization_declined (the request was turned down"}, // M-G9
		"a code that is not known": {before: func(s *idptest.Server) { s.Answer(400, `{"error":"bad_verification_code"}`) }, says: "bad_verification_code (the token server does not know this login any more"},
		"an answer without codes":  {device: `{"verification_uri":"https://a.example/"}`, says: "no device_code"},
		"an address that is none":  {device: `{"device_code":"h1dden","user_code":"A","verification_uri":"javascript:alert(1)"}`, says: "names no address"},
		"time below zero":          {device: `{"device_code":"h1dden","user_code":"A","verification_uri":"https://a.example/","interval":-5,"expires_in":1}`, says: "expired_token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{NoRefresh: true})
			if tt.device != "" {
				s.Answer(200, tt.device)
			}
			_, err := oauth.Login(t.Context(), options(s, oauth.RefreshToken), func(oauth.Prompt) error {
				if tt.before != nil {
					tt.before(s)
				}
				return nil
			})
			var e *oauth.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "h1dden") {
				t.Errorf("Login: %v; want an Error that says %q", err, tt.says)
			}
		})
	}
}

// M-G9: a token server that is out of order for a moment does not end a login.
func TestLoginWaitsOutATokenServerThatIsBusy(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status int
		body   string
	}{
		{503, "<html>Service Unavailable</html>"},
		{503, `{"error":"temporarily_unavailable"}`},
		{429, ""},
		{200, "<html>Please accept the terms of this network</html>"},
	} {
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			got, err := oauth.Login(t.Context(), options(s, oauth.RefreshToken), func(oauth.Prompt) error {
				s.Answer(answer.status, answer.body)
				s.Approve()
				return nil
			})
			if err != nil || got != s.Refresh() {
				t.Errorf("Login = %q, %v; want %q", got, err, s.Refresh())
			}
			if n := len(s.Asked()); n != 3 {
				t.Errorf("the server was asked %d times, want for a code, in vain, and again", n)
			}
		})
	}
}

func TestLoginEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := oauth.Login(ctx, options(s, oauth.RefreshToken), func(oauth.Prompt) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Login: %v", err)
	}
}

func TestWhatIsShownIsPrintable(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.Answer(200, `{"device_code":"d","user_code":"\u001b[2JAB\u202eCD","verification_uri":"https://a.example/\u202e"}`)
	stop := errors.New("stop")
	_, err := oauth.Login(t.Context(), options(s, oauth.RefreshToken), func(p oauth.Prompt) error {
		if strings.ContainsAny(p.Code+p.Address, "\x1b\u202e") {
			t.Errorf("shown: %+q", p)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("Login: %v", err)
	}
}
