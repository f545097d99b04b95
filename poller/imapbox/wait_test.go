package imapbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// Timeouts that a test waits out: soon where nothing else has to happen within
// it, later where a busy machine must get something done before.
const (
	soon  = 100 * time.Millisecond
	later = 2 * time.Second
)

// silentAt plays a server that stops speaking at one command, after saying
// before.
func silentAt(t *testing.T, name, before string) *imaptest.Server {
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			name: func(c *imaptest.Conn, _ imaptest.Command) {
				c.Raw(before)
				c.Hang()
			},
		}})
	})
}

// operations are all methods that speak to the server, by the command that they
// send first.
func operations(ctx context.Context, s *imapbox.Session) map[string]func() error {
	return map[string]func() error{
		"STATUS":     func() error { _, err := s.Status(ctx, "INBOX"); return err },
		"EXAMINE":    func() error { _, err := s.Examine(ctx, "INBOX"); return err },
		"SELECT":     func() error { _, err := s.Select(ctx, "INBOX"); return err },
		"LIST":       func() error { _, err := s.Folders(ctx); return err },
		"UID SEARCH": func() error { _, err := s.Unseen(ctx, 10); return err },
		"UID FETCH":  func() error { _, err := s.Headers(ctx, []uint32{1}); return err },
		"UID STORE":  func() error { _, _, err := s.AddFlag(ctx, []uint32{1}, `\Seen`); return err },
	}
}

func TestTrap4ASilentServerEndsInATimeout(t *testing.T) {
	t.Parallel()
	for name := range operations(t.Context(), nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := openFor(t, silentAt(t, name, ""), name, soon)
			err := operations(t.Context(), session)[name]()
			if !errors.Is(err, imapbox.ErrTimeout) || !imapbox.Temporary(err) || !session.Broken() {
				t.Errorf("%v; want ErrTimeout and a broken session", err)
			}
			if want := "the server did not answer within 100ms"; !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q: the limit of the whole command is another", err, want)
			}
			if err := session.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

func TestTrap4ASilentServerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for name := range operations(t.Context(), nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{})
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
					name: func(c *imaptest.Conn, _ imaptest.Command) {
						close(reached)
						c.Hang()
					},
				}})
			})
			session := openFor(t, s, name, testWait)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-reached
				cancel()
			}()
			err := operations(ctx, session)[name]()
			if !errors.Is(err, context.Canceled) || imapbox.Temporary(err) || !session.Broken() {
				t.Errorf("%v; want context.Canceled and a broken session", err)
			}
		})
	}
}

// openFor logs in, opens a folder unless that is what the test is about, and then
// sets the timeout.
func openFor(t *testing.T, s *imaptest.Server, command string, wait time.Duration) *imapbox.Session {
	t.Helper()
	session, err := imapbox.Open(t.Context(), optionsFor(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if strings.HasPrefix(command, "UID ") {
		if _, err := session.Select(t.Context(), "INBOX"); err != nil {
			t.Fatal(err)
		}
	}
	imapbox.SetTimeouts(session, wait, testWait)
	return session
}

func TestTrap4SilenceInTheMiddleOfAnAnswer(t *testing.T) {
	t.Parallel()
	for _, before := range []string{
		"* 1 FETCH (UID 1 FLAGS (",
		"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (Subject)]<0> {1000}\r\nSubject: ",
		"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (Subject)]<0> " + imaptest.Literal("Subject: x") + ")\r\n",
	} {
		t.Run(before, func(t *testing.T) {
			t.Parallel()
			session := openFor(t, silentAt(t, "UID FETCH", before), "UID FETCH", soon)
			if _, err := session.Headers(t.Context(), []uint32{1}); !errors.Is(err, imapbox.ErrTimeout) {
				t.Errorf("Headers: %v, want ErrTimeout", err)
			}
		})
	}
}

func TestTrap4AContextThatIsOverSendsNothing(t *testing.T) {
	t.Parallel()
	session := openFor(t, imaptest.Memory(t), "", testWait)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := session.Status(over, "INBOX"); !errors.Is(err, context.Canceled) {
		t.Errorf("Status: %v, want context.Canceled", err)
	}
	if session.Broken() {
		t.Error("a command that was not sent broke the session")
	}
	if _, err := session.Status(t.Context(), "INBOX"); err != nil {
		t.Errorf("Status afterwards: %v", err)
	}
}

func TestAServerThatDripsIsCutOffInTheEnd(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"STATUS": func(c *imaptest.Conn, _ imaptest.Command) {
				drip := time.NewTicker(time.Millisecond)
				defer drip.Stop()
				for range drip.C {
					c.Send("* OK still here")
				}
			},
		}})
	})
	session := openFor(t, s, "", testWait)
	imapbox.SetTimeouts(session, testWait, soon)
	_, err := session.Status(t.Context(), "INBOX")
	if !errors.Is(err, imapbox.ErrTimeout) || !strings.Contains(err.Error(), "did not finish within 100ms") {
		t.Errorf("Status: %v; want ErrTimeout for the whole command", err)
	}
}

func TestASessionMayRestLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.Append(t, "INBOX", nil, time.Time{}, mail(1))
	s.Append(t, "INBOX", nil, time.Time{}, mail(2))
	session := openFor(t, s, "", later)
	examine(t, session, "INBOX")
	err := session.Bodies(t.Context(), []uint32{1, 2}, 1<<20, func(imapbox.Body) error {
		rest := time.NewTimer(later + soon) // what a slow resolver takes
		<-rest.C
		return nil
	})
	if err != nil {
		t.Errorf("Bodies: %v", err)
	}
	if _, err := session.Status(t.Context(), "INBOX"); err != nil {
		t.Errorf("Status: %v", err)
	}
}

func TestTrap4OpeningNeverWaitsForEver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		tls    netclient.TLSMode
		step   string
		script func(c *imaptest.Conn)
	}{
		{"no greeting", netclient.TLSNone, "greeting", func(c *imaptest.Conn) { c.Hang() }},
		{"half a greeting", netclient.TLSNone, "greeting", func(c *imaptest.Conn) { c.Raw("* OK"); c.Hang() }},
		{"trap 10: no greeting before STARTTLS", netclient.TLSStartTLS, "greeting", func(c *imaptest.Conn) { c.Hang() }},
		{"trap 10: no answer to STARTTLS", netclient.TLSStartTLS, "starttls", func(c *imaptest.Conn) { c.Send("* OK ready"); c.Hang() }},
		{"trap 10: no handshake after STARTTLS", netclient.TLSStartTLS, "tls", func(c *imaptest.Conn) {
			c.Send("* OK ready")
			c.OK(c.Next())
			c.Hang()
		}},
		{"no capabilities", netclient.TLSNone, "greeting", func(c *imaptest.Conn) { c.Send("* OK ready"); c.Hang() }},
		{"no answer to the login", netclient.TLSNone, "login", func(c *imaptest.Conn) {
			c.Send("* OK [CAPABILITY IMAP4rev1] ready")
			c.Hang()
		}},
		{"no challenge", netclient.TLSNone, "login", func(c *imaptest.Conn) {
			c.Send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
			c.Hang()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := optionsFor(imaptest.Scripted(t, tt.script, imaptest.WithTLS(string(tt.tls))))
			o.Timeout = later
			_, err := imapbox.Open(t.Context(), o)
			var step *imapbox.StepError
			if !errors.As(err, &step) || step.Step != tt.step || !errors.Is(err, imapbox.ErrTimeout) || !imapbox.Temporary(err) {
				t.Errorf("Open: %v; want ErrTimeout in step %q", err, tt.step)
			}
		})
	}
}

func TestTrap4OpeningEndsWithTheContext(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	s := imaptest.Scripted(t, func(c *imaptest.Conn) { close(reached); c.Hang() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	if _, err := imapbox.Open(ctx, optionsFor(s)); !errors.Is(err, context.Canceled) || imapbox.Temporary(err) {
		t.Errorf("Open: %v, want context.Canceled", err)
	}
}

func TestCloseNeverHangs(t *testing.T) {
	t.Parallel()
	session := openFor(t, silentAt(t, "LOGOUT", ""), "", soon)
	if err := session.Close(); !errors.Is(err, imapbox.ErrTimeout) {
		t.Errorf("Close: %v, want ErrTimeout", err)
	}
	if err := session.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseDoesNotMindAServerThatJustHangsUp(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"LOGOUT": func(c *imaptest.Conn, _ imaptest.Command) { c.Send("* BYE"); c.Close() },
		}})
	})
	session := openFor(t, s, "", testWait)
	if err := session.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
