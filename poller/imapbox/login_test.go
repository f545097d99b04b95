package imapbox_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		o := optionsFor(s)
		o.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: s.Username, Password: "guess"}, nil
		}
		_, err := imapbox.Open(t.Context(), o)
		if !errors.Is(err, imapbox.ErrAuth) || imapbox.Temporary(err) || imapbox.Throttled(err) {
			t.Errorf("Open: %v; want ErrAuth, for good", err)
		}
		if strings.Contains(err.Error(), "guess") {
			t.Errorf("the error spreads the password: %v", err)
		}
	})
}

// greetingFaults is what a server may say instead of letting one in.
func TestFaultsAtTheGreetingAndTheLogin(t *testing.T) {
	t.Parallel()
	refuse := func(reply string) func(*imaptest.Conn) {
		return func(c *imaptest.Conn) {
			c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
				"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " " + reply) },
			}})
		}
	}
	greet := func(line string) func(*imaptest.Conn) {
		return func(c *imaptest.Conn) { c.Send(line); c.Hang() }
	}
	for _, tt := range []struct {
		name                 string
		script               func(*imaptest.Conn)
		step                 string
		want                 error
		temporary, throttled bool
		says                 string
	}{
		{name: "PREAUTH", script: greet("* PREAUTH welcome"), step: "greeting", want: imapbox.ErrPreauth, says: "as whom is unknown"},
		{name: "BYE", script: greet("* BYE go away"), step: "greeting", says: "BYE go away"},
		{name: "BYE, for now", script: greet("* BYE [UNAVAILABLE] maintenance"), step: "greeting", temporary: true, says: "maintenance"},
		{name: "BYE, too many", script: greet("* BYE Too many connections from your IP"), step: "greeting", temporary: true, throttled: true, says: "Too many"},
		{name: "an SMTP server", script: greet("220 mx.example.test ESMTP"), step: "greeting", want: imapbox.ErrProtocol, says: "not an IMAP server"},
		{name: "a POP3 server", script: greet("+OK ready"), step: "greeting", want: imapbox.ErrProtocol, says: "not an IMAP server"},
		{name: "an unknown greeting", script: greet("* HELLO"), step: "greeting", want: imapbox.ErrProtocol, says: "HELLO"},
		{name: "an endless line", script: func(c *imaptest.Conn) {
			for {
				c.Raw(strings.Repeat("x", 1000))
			}
		}, step: "greeting", want: imapbox.ErrProtocol, says: "endless line"},
		{name: "hangs up", script: func(*imaptest.Conn) {}, step: "greeting", want: imapbox.ErrLost, temporary: true, says: "check that host, port and tls belong together"},
		{name: "wrong password", script: refuse("NO [AUTHENTICATIONFAILED] nope"), step: "login", want: imapbox.ErrAuth, says: "check username and password"},
		{name: "refusal without a code", script: refuse("NO nope"), step: "login", want: imapbox.ErrAuth, says: "nope"},
		{name: "not allowed", script: refuse("NO [AUTHORIZATIONFAILED] nope"), step: "login", want: imapbox.ErrAuth, says: "may not use this mailbox"},
		{name: "expired", script: refuse("NO [EXPIRED] nope"), step: "login", want: imapbox.ErrAuth, says: "password has expired"},
		{name: "needs TLS", script: refuse("NO [PRIVACYREQUIRED] nope"), step: "login", want: imapbox.ErrLoginDisabled, says: "set tls"},
		{name: "unavailable", script: refuse("NO [UNAVAILABLE] auth backend down"), step: "login", temporary: true, says: "auth backend down"},
		{name: "throttled by code", script: refuse("NO [LIMIT] later"), step: "login", temporary: true, throttled: true, says: "later"},
		{name: "throttled by words", script: refuse("NO Request is throttled. Suggested Backoff Time: 299961 milliseconds"), step: "login", temporary: true, throttled: true, says: "throttled"},
		{name: "BAD", script: refuse("BAD what?"), step: "login", says: "BAD what?"},
		{name: "hostile words", script: refuse("NO \x1b[2J\u202e" + strings.Repeat("y", 1000)), step: "login", want: imapbox.ErrAuth, says: "NO ?[2J?yyy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := imapbox.Open(t.Context(), optionsFor(imaptest.Scripted(t, tt.script)))
			var step *imapbox.StepError
			if !errors.As(err, &step) || step.Step != tt.step {
				t.Fatalf("Open: %v; want a StepError in %q", err, tt.step)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Open: %v; want %v", err, tt.want)
			}
			if got := imapbox.Temporary(err); got != tt.temporary {
				t.Errorf("Temporary(%v) = %t", err, got)
			}
			if got := imapbox.Throttled(err); got != tt.throttled {
				t.Errorf("Throttled(%v) = %t", err, got)
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), `mailbox "box": `+tt.step) {
				t.Errorf("Open: %v; want mailbox and step first, and %q", err, tt.says)
			}
			if len(err.Error()) > 700 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestErrorsBeforeTheGreeting(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	t.Run("no secret", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(s)
		missing := errors.New("no such file")
		o.Auth = func(context.Context) (netclient.Credentials, error) { return netclient.Credentials{}, missing }
		_, err := imapbox.Open(t.Context(), o)
		if !errors.Is(err, missing) || err.Error() != `mailbox "box": credentials: no such file` {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(s)
		o.Port = 1
		_, err := imapbox.Open(t.Context(), o)
		if !imapbox.Temporary(err) || !strings.HasPrefix(err.Error(), `mailbox "box": connect: `) {
			t.Errorf("Open: %v; want a connect error, for now", err)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(s)
		o.Host = "imap.invalid"
		_, err := imapbox.Open(t.Context(), o)
		if err == nil || !strings.HasPrefix(err.Error(), `mailbox "box": connect: `) {
			t.Errorf("Open: %v; want a connect error", err)
		}
	})
	t.Run("unknown TLS mode", func(t *testing.T) {
		t.Parallel()
		o := optionsFor(s)
		o.TLS = "ssl"
		_, err := imapbox.Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), `tls = "ssl": use "implicit"`) {
			t.Errorf("Open: %v", err)
		}
	})
}

func TestLoginUsesWhatTheServerOffers(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	const user, password = "reports@example.test", "scripted secret"
	plain := encode("\x00" + user + "\x00" + password)
	for _, tt := range []struct {
		name, offers string
		want         []string // the client's lines, without tags
		err          error
	}{
		{name: "PLAIN at once", offers: "AUTH=PLAIN SASL-IR", want: []string{"AUTHENTICATE PLAIN " + plain}},
		{name: "PLAIN when asked", offers: "AUTH=PLAIN AUTH=LOGIN", want: []string{"AUTHENTICATE PLAIN", plain}},
		{name: "the LOGIN command", offers: "AUTH=LOGIN", want: []string{`LOGIN "` + user + `" "` + password + `"`}},
		{name: "nothing offered", offers: "IDLE", want: []string{`LOGIN "` + user + `" "` + password + `"`}},
		{name: "LOGINDISABLED, but AUTH=PLAIN", offers: "LOGINDISABLED AUTH=PLAIN SASL-IR", want: []string{"AUTHENTICATE PLAIN " + plain}},
		{name: "the LOGIN mechanism", offers: "LOGINDISABLED AUTH=LOGIN", want: []string{"AUTHENTICATE LOGIN", encode(user), encode(password)}},
		{name: "LOGINDISABLED", offers: "LOGINDISABLED STARTTLS", err: imapbox.ErrLoginDisabled},
		{name: "OAuth2 only", offers: "LOGINDISABLED AUTH=XOAUTH2", err: imapbox.ErrLoginDisabled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := make(chan string, 10)
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{
					Greeting: "* OK [CAPABILITY IMAP4rev1 " + tt.offers + "] ready",
					On: map[string]func(*imaptest.Conn, imaptest.Command){
						"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { acceptSASL(c, cmd, lines) },
						"LOGIN": func(c *imaptest.Conn, cmd imaptest.Command) {
							lines <- "LOGIN " + cmd.Args
							c.OK(cmd)
						},
					},
				})
			})
			session, err := imapbox.Open(t.Context(), optionsFor(s))
			if !errors.Is(err, tt.err) {
				t.Fatalf("Open: %v, want %v", err, tt.err)
			}
			if err == nil {
				defer func() { _ = session.Close() }()
			}
			close(lines)
			var got []string
			for line := range lines {
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// acceptSASL lets a client in by PLAIN or LOGIN and notes what it says.
func acceptSASL(c *imaptest.Conn, cmd imaptest.Command, lines chan<- string) {
	lines <- "AUTHENTICATE " + cmd.Args
	var questions []string
	switch cmd.Args {
	case "PLAIN":
		questions = []string{""}
	case "LOGIN":
		questions = []string{"User Name\x00", "Password\x00"} // not as in SMTP
	}
	for _, question := range questions {
		c.Send("+ " + base64.StdEncoding.EncodeToString([]byte(question)))
		lines <- c.Line()
	}
	c.OK(cmd)
}

func TestTrap9AnErrorChallengeOfOAuthIsAnswered(t *testing.T) {
	t.Parallel()
	const challenge = `{"status":"401","schemes":"bearer"}`
	answers := make(chan string, 1)
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{
			Capabilities: "IMAP4rev1 SASL-IR AUTH=OAUTHBEARER",
			On: map[string]func(*imaptest.Conn, imaptest.Command){
				"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) {
					c.Send("+ " + base64.StdEncoding.EncodeToString([]byte(challenge)))
					answers <- c.Line()
					c.No(cmd, "[AUTHENTICATIONFAILED] token expired")
				},
			},
		})
	})
	o := optionsFor(s)
	o.Auth = func(context.Context) (netclient.Credentials, error) {
		return netclient.Credentials{SASL: sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: s.Username, Token: "t0ken"})}, nil
	}
	_, err := imapbox.Open(t.Context(), o)
	if !errors.Is(err, imapbox.ErrAuth) || !strings.Contains(err.Error(), "token expired") || !strings.Contains(err.Error(), "401") {
		t.Errorf("Open: %v; want ErrAuth, the server's words and its challenge", err)
	}
	if got := <-answers; got != "AQ==" {
		t.Errorf("answer to the challenge = %q, want one byte", got)
	}
}

// M-I4: whatever a server repeats, and in whatever form.
func TestAServerThatRepeatsTheLoginDoesNotSpreadThePassword(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	long := strings.Repeat("x", 290) // an error has 300 bytes of the server's words
	type reply func(c *imaptest.Conn, cmd imaptest.Command, sent string)
	for name, answer := range map[string]reply{
		"NO":                  func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, "cannot parse: "+sent) },
		"NO, where it is cut": func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, long+sent) },
		"BAD":                 func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.Send(cmd.Tag + " BAD " + sent) },
		"a code":              func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, "[X-"+sent+"] no") },
		"NO, in base64":       func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, encode("A1 "+cmd.Name+" "+sent)) },
		"NO, in base64, at another place": func(c *imaptest.Conn, cmd imaptest.Command, sent string) {
			c.No(cmd, "you sent "+encode(cmd.Tag+" "+sent)+", didn't you?")
		},
		"NO, in hexadecimal": func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, hex.EncodeToString([]byte(sent))) },
		"NO, in upper case":  func(c *imaptest.Conn, cmd imaptest.Command, sent string) { c.No(cmd, strings.ToUpper(sent)) },
		"NO, in a URL": func(c *imaptest.Conn, cmd imaptest.Command, sent string) {
			c.No(cmd, "https://a.example/?line="+url.QueryEscape(sent))
		},
		"WEBALERT": func(c *imaptest.Conn, cmd imaptest.Command, sent string) {
			c.No(cmd, "[WEBALERT https://a.example/?line="+url.QueryEscape(sent)+"] no")
		},
		"beside the NO": func(c *imaptest.Conn, cmd imaptest.Command, sent string) {
			c.Send("* NO [ALERT] " + encode("x"+sent))
			c.No(cmd, "no")
		},
		"goodbye":              func(c *imaptest.Conn, _ imaptest.Command, sent string) { c.Send("* BYE " + sent); c.Close() },
		"goodbye, cut":         func(c *imaptest.Conn, _ imaptest.Command, sent string) { c.Send("* BYE " + long + sent); c.Close() },
		"what is not IMAP":     func(c *imaptest.Conn, _ imaptest.Command, sent string) { c.Send(sent + " what?"); c.Close() },
		"a response not known": func(c *imaptest.Conn, _ imaptest.Command, sent string) { c.Send("* " + sent); c.Close() },
		"a challenge": func(c *imaptest.Conn, cmd imaptest.Command, sent string) {
			c.Send("+ " + encode(sent))
			c.Line()
			c.No(cmd, "no")
		},
	} {
		for way, capabilities := range map[string]string{
			"PLAIN": "IMAP4rev1 AUTH=PLAIN SASL-IR", "LOGIN": "IMAP4rev1 LOGINDISABLED AUTH=LOGIN", "the command": "IMAP4rev1",
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				t.Parallel()
				const password = `scripted "secret" with \ in it`
				s := imaptest.Scripted(t, func(c *imaptest.Conn) {
					c.Play(imaptest.Play{Greeting: "* OK [CAPABILITY " + capabilities + "] ready", On: map[string]func(*imaptest.Conn, imaptest.Command){
						"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) {
							sent := cmd.Args
							if cmd.Args == "LOGIN" {
								c.Send("+ " + encode("User"))
								c.Line()
								c.Send("+ " + encode("Password"))
								sent = c.Line()
							}
							answer(c, cmd, sent+" "+password)
						},
						"LOGIN": func(c *imaptest.Conn, cmd imaptest.Command) { answer(c, cmd, cmd.Args) },
					}})
				})
				o := optionsFor(s)
				o.Auth = func(context.Context) (netclient.Credentials, error) {
					return netclient.Credentials{Username: s.Username, Password: password}, nil
				}
				_, err := imapbox.Open(t.Context(), o)
				if err == nil {
					t.Fatal("Open succeeded")
				}
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v", errors.Unwrap(err))} {
					// The beginning is enough to show that it is there.
					for _, secret := range []string{
						"scripted", encode("\x00" + s.Username + "\x00" + password)[:12], encode(password)[:10], encode("ripted \"s")[:10], encode("cripted \"s")[:10],
						hex.EncodeToString([]byte("scripted")), hex.EncodeToString([]byte(encode("\x00" + s.Username + "\x00" + password)[:12])),
					} {
						if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
							t.Errorf("the error has the password: %s", text)
						}
					}
				}
			})
		}
	}
}

// M-I4: what a server was sent once it may repeat in the greeting of the next
// connection, before anything was sent there.
func TestAGreetingThatRepeatsThePasswordDoesNotSpreadIt(t *testing.T) {
	t.Parallel()
	const password = "scripted secret"
	encoded := base64.StdEncoding.EncodeToString([]byte("A1 LOGIN me " + password))
	for _, greeting := range []string{"* BYE " + password, "* BYE [X-" + encoded + "] " + encoded, "220 " + encoded, "* HELLO " + strings.ToUpper(password)} {
		s := imaptest.Scripted(t, func(c *imaptest.Conn) { c.Send(greeting) })
		o := optionsFor(s)
		o.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: s.Username, Password: password}, nil
		}
		_, err := imapbox.Open(t.Context(), o)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "<secret>") || strings.Contains(strings.ToLower(err.Error()), "scripted") || strings.Contains(err.Error(), encoded[:12]) {
			t.Errorf("greeting %q: Open: %v", greeting, err)
		}
	}
}

// Before the login a server may offer less than after it, and go-imap learns of
// the change at a moment of its own.
func TestCapabilitiesAreThoseAfterTheLogin(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := imaptest.Scripted(t, func(c *imaptest.Conn) {
			c.Play(imaptest.Play{
				Greeting:     "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready",
				Capabilities: "IMAP4rev1 MOVE UIDPLUS",
			})
		})
		session := open(t, s)
		if !session.Has("MOVE") || !session.Has("uidplus") || session.Has("ESEARCH") {
			t.Fatal("Has does not tell what the server offers after the login")
		}
	}
}

func TestAReplyOfTheServerKeepsTheSession(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		session := open(t, s)
		for name, call := range map[string]func() error{
			"Status":  func() error { _, err := session.Status(t.Context(), "None"); return err },
			"Examine": func() error { _, err := session.Examine(t.Context(), "None"); return err },
			"Select":  func() error { _, err := session.Select(t.Context(), "None"); return err },
		} {
			err := call()
			if !errors.Is(err, imapbox.ErrNoFolder) || imapbox.Temporary(err) || !strings.HasPrefix(err.Error(), `mailbox "box": folder "None": `) {
				t.Errorf("%s of no folder: %v; want ErrNoFolder with the folder's name", name, err)
			}
		}
		if session.Broken() {
			t.Error("a refusal broke the session")
		}
		if _, err := session.Unseen(t.Context(), 2); err == nil {
			t.Error("Unseen without an open folder: no error")
		}
		s.Append(t, "INBOX", nil, time.Time{}, mail(1))
		examine(t, session, "INBOX")
	})
}
