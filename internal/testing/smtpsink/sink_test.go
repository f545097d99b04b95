package smtpsink_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/smtpsink"
)

const body = "Subject: x\r\n\r\n.\r\n"

// dial connects to a sink as its mode asks for.
func dial(t *testing.T, s *smtpsink.Sink, mode smtpsink.Mode) *smtp.Client {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(s.Host(), fmt.Sprint(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if mode == smtpsink.None {
		return smtp.NewClient(conn)
	}
	config := &tls.Config{RootCAs: s.CA().Pool(), ServerName: "localhost"}
	if mode == smtpsink.Implicit {
		return smtp.NewClient(tls.Client(conn, config))
	}
	c, err := smtp.NewClientStartTLS(conn, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func send(c *smtp.Client, to ...string) error {
	return c.SendMail("from@example.com", to, strings.NewReader(body))
}

func TestEveryModeKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	for _, mode := range []smtpsink.Mode{smtpsink.None, smtpsink.STARTTLS, smtpsink.Implicit} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := smtpsink.New(t, smtpsink.Options{Mode: mode, User: "u", Password: "p"})
			c := dial(t, s, mode)
			if err := c.Auth(sasl.NewPlainClient("", "u", "p")); err != nil {
				t.Fatalf("AUTH: %v", err)
			}
			if err := send(c, "a@example.org", "b@example.org"); err != nil {
				t.Fatalf("sending: %v", err)
			}
			want := []smtpsink.Mail{{
				From: "from@example.com", To: []string{"a@example.org", "b@example.org"}, Data: []byte(body),
				HELO: "localhost", TLS: mode != smtpsink.None, User: "u", Mechanism: "PLAIN",
			}}
			if diff := cmp.Diff(want, s.Mails()); diff != "" {
				t.Errorf("mails (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	s := smtpsink.New(t, smtpsink.Options{User: "u", Password: "p"})
	var refused *smtp.SMTPError
	if err := dial(t, s, smtpsink.None).Auth(sasl.NewPlainClient("", "u", "q")); !errors.As(err, &refused) || refused.Code != 535 {
		t.Errorf("a wrong password: %v, want 535", err)
	}
	if err := send(dial(t, s, smtpsink.None), "a@example.org"); !errors.As(err, &refused) || refused.Code != 530 {
		t.Errorf("no password: %v, want 530", err)
	}
}

func TestFaultStrikesAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	s := smtpsink.New(t, smtpsink.Options{Faults: []smtpsink.Fault{
		{Step: smtpsink.Rcpt, Address: "A@example.org", Times: 2, Code: 451, Text: "4.7.1 Greylisted"},
	}})
	for i := range 3 {
		err := send(dial(t, s, smtpsink.None), "a@example.org")
		var refused *smtp.SMTPError
		if i < 2 {
			if !errors.As(err, &refused) || refused.Code != 451 || refused.Message != "Greylisted" || refused.EnhancedCode != (smtp.EnhancedCode{4, 7, 1}) {
				t.Errorf("try %d: %+v, want 451 4.7.1 Greylisted", i, err)
			}
		} else if err != nil {
			t.Errorf("try %d: %v", i, err)
		}
	}
	if got := s.Struck(smtpsink.Rcpt); got != 2 {
		t.Errorf("struck %d times, want 2", got)
	}
}

func TestBodyFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		fault    smtpsink.Fault
		accepted bool
		kept     int
	}{
		{"refused", smtpsink.Fault{Code: 554, Text: "5.6.0 No"}, false, 0},
		{"refused and kept", smtpsink.Fault{Code: 451, Text: "4.3.0 Later", Keep: true}, false, 1},
		{"gone before the answer", smtpsink.Fault{Do: smtpsink.Drop}, false, 0},
		{"gone before the answer, and kept", smtpsink.Fault{Do: smtpsink.Drop, Keep: true}, false, 1},
		{"gone after the answer", smtpsink.Fault{Do: smtpsink.DropAfter}, true, 1},
		{"gone after the answer, and kept", smtpsink.Fault{Do: smtpsink.DropAfter, Keep: true}, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Step = smtpsink.Body
			s := smtpsink.New(t, smtpsink.Options{Faults: []smtpsink.Fault{tt.fault}})
			c := dial(t, s, smtpsink.None)
			if err := send(c, "a@example.org"); (err == nil) != tt.accepted {
				t.Errorf("sending: %v, want accepted: %t", err, tt.accepted)
			}
			if got := len(s.Mails()); got != tt.kept {
				t.Errorf("%d mails kept, want %d", got, tt.kept)
			}
			gone := tt.fault.Do != ""
			if err := c.Noop(); (err != nil) != gone {
				t.Errorf("NOOP afterwards: %v, want gone: %t", err, gone)
			}
		})
	}
}

func TestFaultThatCouldNeverStrike(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		mode  smtpsink.Mode
		fault smtpsink.Fault
	}{
		{"DATA is hidden under TLS", smtpsink.Implicit, smtpsink.Fault{Step: smtpsink.Data, Code: 451}},
		{"no STARTTLS in plain text", smtpsink.None, smtpsink.Fault{Step: smtpsink.StartTLS, Code: 451}},
		{"no handshake in plain text", smtpsink.None, smtpsink.Fault{Step: smtpsink.Handshake, Do: smtpsink.Drop}},
		{"a handshake has no codes", smtpsink.Implicit, smtpsink.Fault{Step: smtpsink.Handshake, Code: 451}},
		{"an answer needs a code", smtpsink.None, smtpsink.Fault{Step: smtpsink.MailFrom}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if s, err := smtpsink.Start(smtpsink.Options{Mode: tt.mode, Faults: []smtpsink.Fault{tt.fault}}); err == nil {
				_ = s.Close()
				t.Error("Start: no error")
			}
			s := smtpsink.New(t, smtpsink.Options{Mode: tt.mode})
			if err := s.SetFaults(tt.fault); err == nil {
				t.Error("SetFaults: no error")
			}
		})
	}
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	s := smtpsink.New(t, smtpsink.Options{})
	got := make(chan error)
	go func() {
		_, err := s.WaitFor(t.Context(), 2)
		got <- err
	}()
	for range 2 {
		if err := send(dial(t, s, smtpsink.None), "a@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-got; err != nil {
		t.Errorf("WaitFor(2): %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if mails, err := s.WaitFor(ctx, 3); !errors.Is(err, context.Canceled) || len(mails) != 2 {
		t.Errorf("WaitFor(3), cancelled = %d mails, %v", len(mails), err)
	}
}

func TestCloseEndsWhatStalls(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.Start(smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.Greeting, Times: 1, Do: smtpsink.Stall}}})
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", net.JoinHostPort(s.Host(), fmt.Sprint(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	idle := dial(t, s, smtpsink.None)
	if err := idle.Hello("client"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if n, err := silent.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("reading from a stalled connection after Close = %d, %v; want its end", n, err)
	}
	if err := idle.Noop(); err == nil {
		t.Error("NOOP after Close: no error")
	}
	if got := s.Connections(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}
