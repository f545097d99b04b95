package mailer_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"

	"tlsbrief/internal/smtpsink"
	"tlsbrief/mailer"
)

func TestAuth(t *testing.T) {
	t.Parallel()
	bearer := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: user, Token: password})
	tests := []struct {
		name       string
		mechanisms []string
		given      mailer.Credentials
		want       string // mechanism
		says       string // or the error
	}{
		{name: "PLAIN is preferred", mechanisms: []string{"LOGIN", "PLAIN"}, given: mailer.Credentials{Username: user, Password: password}, want: "PLAIN"},
		{name: "LOGIN where it is all there is", mechanisms: []string{"LOGIN"}, given: mailer.Credentials{Username: user, Password: password}, want: "LOGIN"},
		{name: "neither", mechanisms: []string{"CRAM-MD5", "XOAUTH2"}, given: mailer.Credentials{Username: user, Password: password}, says: `"CRAM-MD5 XOAUTH2"`},
		{name: "a wrong password by PLAIN", given: mailer.Credentials{Username: user, Password: "wrong-wrong"}, says: "535"},
		{name: "a wrong password by LOGIN", mechanisms: []string{"LOGIN"}, given: mailer.Credentials{Username: user, Password: "wrong-wrong"}, says: "app password"},
		{name: "a mechanism of the caller's", given: mailer.Credentials{SASL: sasl.NewPlainClient("", user, password)}, want: "PLAIN"},
		{name: "a mechanism of the caller's that is not offered", given: mailer.Credentials{SASL: bearer}, says: "not OAUTHBEARER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: tt.mechanisms})
			o := options(sink, false)
			o.Auth = func(context.Context) (mailer.Credentials, error) { return tt.given, nil }
			if tt.want == "" {
				e := sendOne(t, o)
				if e.Step != mailer.StepAuth || !e.Temporary || !strings.Contains(e.Error(), tt.says) {
					t.Errorf("error = %v (step %s, temporary %t), want a temporary one at auth that says %q", e, e.Step, e.Temporary, tt.says)
				}
				return
			}
			results, err := mailer.New(o).Send(t.Context(), sender, []string{alice}, letter)
			if err != nil || results[0].Err != nil {
				t.Fatalf("Send = %v, %v", results, err)
			}
			if got := sink.Mails()[0]; got.Mechanism != tt.want || got.User != user {
				t.Errorf("logged in as %q by %s, want %q by %s", got.User, got.Mechanism, user, tt.want)
			}
		})
	}
}

func TestAuthThatTheServerDoesNotOffer(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	e := sendOne(t, options(sink, true))
	if e.Step != mailer.StepAuth || !e.Temporary || !strings.Contains(e.Hint, "remove username") {
		t.Errorf("error = %v (step %s, temporary %t), want one that says what to do", e, e.Step, e.Temporary)
	}
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d mails arrived without a log-in", n)
	}
}

// TestServerThatWantsALogIn: that none is configured is not the mail's fault.
func TestServerThatWantsALogIn(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password})
	e := sendOne(t, options(sink, false))
	if e.Step != mailer.StepMail || e.Code != 530 || !e.Temporary || !strings.Contains(e.Hint, "set username") {
		t.Errorf("error = %v (step %s, temporary %t), want a temporary one that says what to set", e, e.Step, e.Temporary)
	}
}

func TestNoPasswordToBeHad(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password})
	o := options(sink, false)
	locked := errors.New("the vault is locked")
	o.Auth = func(context.Context) (mailer.Credentials, error) { return mailer.Credentials{}, locked }
	if e := sendOne(t, o); e.Step != mailer.StepAuth || !e.Temporary || !errors.Is(e, locked) {
		t.Errorf("error = %v (step %s, temporary %t), want a temporary one that wraps the reason", e, e.Step, e.Temporary)
	}
}

// TestPasswordIsAskedForEachTime: a changed password is noticed.
func TestPasswordIsAskedForEachTime(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password})
	o := options(sink, false)
	passwords := []string{"an old one", password}
	o.Auth = func(context.Context) (mailer.Credentials, error) {
		next := passwords[0]
		passwords = passwords[1:]
		return mailer.Credentials{Username: user, Password: next}, nil
	}
	m := mailer.New(o)
	if _, err := m.Send(t.Context(), sender, []string{alice}, letter); err == nil {
		t.Fatal("Send with the old password: no error")
	}
	if _, err := m.Send(t.Context(), sender, []string{alice}, letter); err != nil {
		t.Fatalf("Send with the new password: %v", err)
	}
}

// TestPasswordStaysHomeInPlainText connects to an address of this machine that
// is not its loopback.
func TestPasswordStaysHomeInPlainText(t *testing.T) {
	t.Parallel()
	host := outwardAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			heard <- ""
			return
		}
		defer func() { _ = conn.Close() }()
		heard <- converse(conn, "250-mail.example.com\r\n250 AUTH PLAIN LOGIN\r\n", "235 2.0.0 In\r\n")
	}()
	asked := false
	e := sendOne(t, mailer.Options{
		Host: host, Port: l.Addr().(*net.TCPAddr).Port, TLS: mailer.TLSNone, HELO: "client.example.com",
		Auth: func(context.Context) (mailer.Credentials, error) {
			asked = true
			return mailer.Credentials{Username: user, Password: password}, nil
		},
	})
	_ = l.Close()
	if e.Step != mailer.StepAuth || !strings.Contains(e.Error(), "not encrypted") || asked {
		t.Errorf("error = %v (step %s), password asked for: %t", e, e.Step, asked)
	}
	if got := <-heard; strings.Contains(got, "AUTH") {
		t.Errorf("the server heard %q", got)
	}
}

// outwardAddress returns an address of this machine that is not loopback.
func outwardAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback, so that plain text cannot leave it")
	return ""
}

// converse greets, gives one answer to each line until they are used up, and
// returns the lines, QUIT apart.
func converse(conn net.Conn, answers ...string) string {
	r := bufio.NewReader(conn)
	_, _ = fmt.Fprint(conn, "220 mail.example.com\r\n")
	var heard strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "QUIT") {
			return heard.String()
		}
		heard.WriteString(line)
		answer := "500 5.5.2 What?\r\n"
		if len(answers) > 0 {
			answer, answers = answers[0], answers[1:]
		}
		_, _ = fmt.Fprint(conn, answer)
	}
}

// TestNoErrorHoldsThePassword has servers that repeat what they heard.
func TestNoErrorHoldsThePassword(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	tests := []struct{ name, answer string }{
		{"the password", "535 5.7.8 " + password + " is wrong"},
		{"the password, encoded", "535 5.7.8 " + encoded + " is wrong"},
		{"what AUTH PLAIN sent", "535 5.7.8 AUTH PLAIN " + plain + " is wrong"},
		{"in an answer that is none", password + " " + plain},
		{"in a second line", "535-5.7.8 No\r\n535 5.7.8 " + plain},
		{"in a challenge", "334 " + encoded},
		{"in a challenge that is not base64", "334 !" + password},
	}
	for _, tt := range tests {
		for _, mechanism := range []string{"PLAIN", "LOGIN"} {
			t.Run(tt.name+", "+mechanism, func(t *testing.T) {
				t.Parallel()
				port := serve(t, func(conn net.Conn) {
					answers := []string{"250-mail.example.com\r\n250 AUTH " + mechanism + "\r\n"}
					if mechanism == "LOGIN" {
						answers = append(answers, "334 \r\n", "334 \r\n")
					}
					_ = converse(conn, append(answers, tt.answer+"\r\n")...)
				})
				e := sendOne(t, mailer.Options{
					Host: "127.0.0.1", Port: port, TLS: mailer.TLSNone, HELO: "client.example.com", Auth: credentials(user, password),
				})
				if e.Step != mailer.StepAuth {
					t.Errorf("error = %v: at step %s, want auth", e, e.Step)
				}
				for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%v", e.Err), e.Hint} {
					for _, secret := range []string{password, encoded, plain} {
						if strings.Contains(text, secret) {
							t.Errorf("error holds the password: %q", text)
						}
					}
				}
			})
		}
	}
}
