package netclient_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/netclient"
)

func TestMechanismIsOneThatTheServerOffers(t *testing.T) {
	t.Parallel()
	server := netclient.Server{Host: "imap.example.com", Port: 993}
	credentials := netclient.Credentials{Username: "reports@example.com", Token: "t0k-en.~+/="}
	const (
		standard = "n,a=reports@example.com,\x01host=imap.example.com\x01port=993\x01auth=Bearer t0k-en.~+/=\x01\x01"
		older    = "user=reports@example.com\x01auth=Bearer t0k-en.~+/=\x01\x01"
	)
	for _, tt := range []struct {
		name    string
		offered []string
		want    string
		first   string
		err     error
	}{
		{"the standard's first", []string{"PLAIN", "XOAUTH2", "OAUTHBEARER"}, "OAUTHBEARER", standard, nil},
		{"the older where it is all there is", []string{"PLAIN", "XOAUTH2"}, "XOAUTH2", older, nil},
		{"neither", []string{"PLAIN", "LOGIN"}, "", "", netclient.ErrNoBearer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := server.Mechanism(credentials, func(m string) bool { return slices.Contains(tt.offered, m) })
			if !errors.Is(err, tt.err) {
				t.Fatalf("Mechanism: %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			name, first, err := client.Start()
			if name != tt.want || string(first) != tt.first || err != nil {
				t.Errorf("Start = %q, %q, %v; want %q, %q", name, first, err, tt.want, tt.first)
			}
		})
	}
}

func every(string) bool { return true }

// A name must not end its field: RFC 5801, section 4.
func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	client, err := netclient.Server{}.Mechanism(netclient.Credentials{Username: "a=b,c", Token: "t"}, every)
	if err != nil {
		t.Fatal(err)
	}
	if _, first, _ := client.Start(); string(first) != "n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01" {
		t.Errorf("Start = %q", first)
	}
}

func TestTokensThatWouldBreakOutAreRefused(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"a b", "secret\x01auth=Bearer other", "secret\r\nA1 LOGOUT", "sécret", "secret\x00"} {
		_, err := netclient.Server{}.Mechanism(netclient.Credentials{Username: "u", Token: token}, every)
		if err == nil {
			t.Errorf("Mechanism with token %q: no error", token)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error spreads the token: %v", err)
		}
	}
	_, err := netclient.Server{}.Mechanism(netclient.Credentials{Username: "u\x01auth=Bearer x", Token: "t"}, every)
	if err == nil {
		t.Error("Mechanism with a hostile name: no error")
	}
}

func TestRefusalIsInTheServersWords(t *testing.T) {
	t.Parallel()
	for challenge, want := range map[string]string{
		`{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}`: "the server refuses the token with status 401; it wants the scope https://mail.google.com/",
		`{"status":"invalid_token"}`: "the server refuses the token with status invalid_token",
		`go away`:                    "the server refuses the token: go away",
		`{"status":401}`:             `the server refuses the token: {"status":401}`,
	} {
		client, err := netclient.Server{}.Mechanism(netclient.Credentials{Username: "u", Token: "t"}, every)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Next([]byte(challenge))
		var refusal *netclient.TokenRefusal
		if !errors.As(err, &refusal) || err.Error() != want || refusal.Challenge != challenge {
			t.Errorf("Next(%s) = %v, want a TokenRefusal: %s", challenge, err, want)
		}
	}
}
