package imapbox_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// M-G5: a password that is right may be refused all the same.
func TestRefusedPasswordsAreToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	const webLogin = "https://accounts.example/continue?sarp=1&scc=1&plt=AKgnsbsFM3gNvHTKZK8l-P_vnGU6p5gqk5YX2fC5CzDcAfMPFLXI_nWPpAJD9PkC1YUvQAzzHLoGRR_tTFPXxTmPwzPtu3M6vn-J7DPYr3nmEkUnVGtIDbyHqU92jGy5"
	for _, tt := range []struct {
		name, host, before, reply string
		says                      []string
	}{
		{"an app password", "", "", "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
			[]string{"wants an app password", "https://support.google.com/accounts/answer/185833"}},
		{"an app password, told beside it", "", "* NO [ALERT] You need an app password, see https://help.example/app", "NO [AUTHENTICATIONFAILED] no",
			[]string{"wants an app password", "https://help.example/app"}},
		{"an app password, at another provider", "", "", "NO Please use the application password, not the main one",
			[]string{"wants an app password"}},
		{"a browser", "", "", "NO [WEBALERT https://accounts.example/x] Web login required.",
			[]string{"with a web browser at https://accounts.example/x and"}},
		{"a browser, in small letters", "", "", "no [webalert https://accounts.example/x] Web login required.",
			[]string{"with a web browser at https://accounts.example/x and"}},
		{"a browser, told beside it", "", "* NO [WEBALERT " + webLogin + "] Web login required.", "NO [ALERT] Please log in via your web browser: https://support.example/1 (Failure)",
			[]string{"with a web browser at " + webLogin + " and", "https://support.example/1"}},
		{"a browser, without an address", "", "", "NO [ALERT] Please log in via your web browser (Failure)",
			[]string{"with a web browser, as it says"}},
		{"an address that is none", "", "", "NO [WEBALERT javascript:alert(1)] Web login required.",
			[]string{"with a web browser, as it says"}},
		{"Microsoft 365", "outlook.office365.com", "", "NO LOGIN failed.", []string{"takes no password: use OAuth2"}},
		{"Microsoft 365 for a government", "outlook.office365.us", "", "NO AUTHENTICATE failed.", []string{"takes no password: use OAuth2"}},
		{"an Exchange somewhere", "", "", "NO LOGIN failed.", []string{"check username and password", "if this is Microsoft 365", "OAuth2"}},
		{"basic authentication is off", "", "", "NO [AUTHENTICATIONFAILED] Basic authentication is disabled.", []string{"use OAuth2"}},
		{"IMAP is off", "", "", "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page (Failure)", []string{"IMAP is switched off"}},
		{"Gmail", "imap.gmail.com", "", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", []string{"check username and password", "app password"}},
		{"anybody", "", "", "NO [AUTHENTICATIONFAILED] nope", []string{"check username and password (the server"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
					"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) {
						if tt.before != "" {
							c.Send(tt.before)
						}
						c.Send(cmd.Tag + " " + tt.reply)
					},
				}})
			})
			o := optionsFor(s)
			if tt.host != "" {
				o = at(o, tt.host)
			}
			_, err := imapbox.Open(t.Context(), o)
			if !errors.Is(err, imapbox.ErrPassword) || !errors.Is(err, imapbox.ErrAuth) || errors.Is(err, imapbox.ErrToken) || imapbox.Temporary(err) {
				t.Fatalf("Open: %v; want ErrPassword, for good", err)
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Open: %v; want %q in it", err, part)
				}
			}
			if strings.Contains(err.Error(), "javascript") || strings.Contains(err.Error(), "token") {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

// at makes the server that o reaches be called host.
func at(o imapbox.Options, host string) imapbox.Options {
	address := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	o.Host = host
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return o
}

// M-G8: a server that cannot judge a log-in says so, with a code or without.
func TestAServerThatTakesNoLogInsForNowIsTriedLater(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]bool{
		"NO Server Unavailable. 15":                                        true,
		"NO [UNAVAILABLE] auth backend down":                               true,
		"NO [ALERT] Temporary authentication failure":                      true,
		"NO Service temporarily unavailable, try again":                    true,
		"NO LOGIN failed: internal server error":                           true,
		"BAD Server Unavailable. 15":                                       true,
		"NO [AUTHENTICATIONFAILED] Authentication unavailable.":            false,
		"NO LOGIN failed.":                                                 false,
		"NO [ALERT] Please log in via your web browser and then try again": false,
	} {
		var asked []string
		_, err := imapbox.Open(t.Context(), by(refusingTokens(t, "", reply), &asked, "t1", "t2"))
		if errors.Is(err, imapbox.ErrUnavailable) != want || imapbox.Temporary(err) != want || errors.Is(err, imapbox.ErrAuth) == want {
			t.Errorf("%s: Open: %v (temporary: %t), want %t", reply, err, imapbox.Temporary(err), want)
		}
		if tokens := len(asked); want && (tokens != 1 || strings.Contains(err.Error(), "no such token")) || !want && tokens != 2 {
			t.Errorf("%s: Open: %v after %d tokens", reply, err, tokens)
		}
	}
}
