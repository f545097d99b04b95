package mailer_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/smtpsink"
)

func TestAuth(t *testing.T) {
	t.Parallel()
	bearer := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: user, Token: password})
	tests := []struct {
		name       string
		mechanisms []string
		given      netclient.Credentials
		want       string // mechanism
		says       string // or the error
	}{
		{name: "PLAIN is preferred", mechanisms: []string{"LOGIN", "PLAIN"}, given: netclient.Credentials{Username: user, Password: password}, want: "PLAIN"},
		{name: "LOGIN where it is all there is", mechanisms: []string{"LOGIN"}, given: netclient.Credentials{Username: user, Password: password}, want: "LOGIN"},
		{name: "neither", mechanisms: []string{"CRAM-MD5", "XOAUTH2"}, given: netclient.Credentials{Username: user, Password: password}, says: `"CRAM-MD5 XOAUTH2"`},
		{name: "a wrong password by PLAIN", given: netclient.Credentials{Username: user, Password: "wrong-wrong"}, says: "535"},
		{name: "a wrong password by LOGIN", mechanisms: []string{"LOGIN"}, given: netclient.Credentials{Username: user, Password: "wrong-wrong"}, says: "app password"},
		{name: "a mechanism of the caller's", given: netclient.Credentials{SASL: sasl.NewPlainClient("", user, password)}, want: "PLAIN"},
		{name: "a mechanism of the caller's that is not offered", given: netclient.Credentials{SASL: bearer}, says: "not OAUTHBEARER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: tt.mechanisms})
			o := options(sink, false)
			o.Auth = func(context.Context) (netclient.Credentials, error) { return tt.given, nil }
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
	o.Auth = func(context.Context) (netclient.Credentials, error) { return netclient.Credentials{}, locked }
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
	o.Auth = func(context.Context) (netclient.Credentials, error) {
		next := passwords[0]
		passwords = passwords[1:]
		return netclient.Credentials{Username: user, Password: next}, nil
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
// is not its loopback (M-I5): the address decides, and nothing at all is sent.
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
		Host: host, Port: l.Addr().(*net.TCPAddr).Port, TLS: netclient.TLSNone, HELO: "client.example.com",
		Auth: func(context.Context) (netclient.Credentials, error) {
			asked = true
			return netclient.Credentials{Username: user, Password: password}, nil
		},
	})
	_ = l.Close()
	var plain *netclient.PlainError
	if e.Step != mailer.StepConnect || !errors.As(e, &plain) || !strings.Contains(e.Error(), host+" is not on it: nothing was sent") || !strings.Contains(e.Hint, "starttls") || asked {
		t.Errorf("error = %v (step %s), password asked for: %t", e, e.Step, asked)
	}
	if got := <-heard; got != "" {
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
		// M-I4: in other forms, alone or in something longer.
		{"the line, encoded", "535 5.7.8 " + base64.StdEncoding.EncodeToString([]byte("AUTH PLAIN "+plain)) + " is wrong"},
		{"the line, encoded for a URL", "535 5.7.8 https://a.example/?line=" + base64.URLEncoding.EncodeToString([]byte("x"+password+"?"))},
		{"in hexadecimal", "535 5.7.8 " + hex.EncodeToString([]byte("\x00"+user+"\x00"+password))},
		{"in upper case", "535 5.7.8 " + strings.ToUpper(password) + " is wrong"},
		{"with percent signs", "535 5.7.8 " + url.QueryEscape(password) + " is wrong"},
		{"quoted", "535 5.7.8 " + strconv.Quote(password) + " is wrong"},
		{"in a word that is too long", "535 5.7.8 " + strings.Repeat("x", 600) + password},
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
					Host: "127.0.0.1", Port: port, TLS: netclient.TLSNone, HELO: "client.example.com", Auth: credentials(user, password),
				})
				if e.Step != mailer.StepAuth {
					t.Errorf("error = %v: at step %s, want auth", e, e.Step)
				}
				for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%v", e.Err), e.Hint} {
					for _, secret := range []string{
						password, encoded, plain, plain[:12], password[:6], hex.EncodeToString([]byte(password)), url.QueryEscape(password),
						base64.StdEncoding.EncodeToString([]byte(plain))[:12], base64.StdEncoding.EncodeToString([]byte(password[2:]))[:8],
					} {
						if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
							t.Errorf("error holds the password: %q", text)
						}
					}
				}
			})
		}
	}
}

// TestOldFormOfAuth: M-G13. Before RFC 4954 there was an equals sign, which some
// servers still send, alone or beside the form of today.
func TestOldFormOfAuth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, offer string
		want        string // the command that is sent; empty: none
		says        string
	}{
		{"LOGIN", "250 AUTH=LOGIN", "AUTH LOGIN", ""},
		{"several", "250 AUTH=LOGIN PLAIN", "AUTH PLAIN", ""},
		{"with a blank", "250 AUTH= LOGIN", "AUTH LOGIN", ""},
		{"in small letters", "250 auth=login", "AUTH LOGIN", ""},
		{"both forms", "250-AUTH=LOGIN\r\n250 AUTH NTLM", "AUTH LOGIN", ""},
		{"none that is known", "250 AUTH=NTLM", "", `"NTLM"`},
		{"none", "250 AUTHENTIC", "", "offers none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			heard := make(chan string, 1)
			port := serve(t, func(conn net.Conn) {
				heard <- converse(conn, "250-mail.example.com\r\n"+tt.offer+"\r\n", "535 5.7.8 No\r\n")
			})
			e := sendOne(t, mailer.Options{
				Host: "127.0.0.1", Port: port, TLS: netclient.TLSNone, HELO: "client.example.com", Auth: credentials(user, password),
			})
			if got := <-heard; tt.want == "" && strings.Contains(got, "AUTH") || !strings.Contains(got, tt.want) {
				t.Errorf("the server heard %q, want %q", got, tt.want)
			}
			if e.Step != mailer.StepAuth || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("error = %v (step %s), want one that says %q", e, e.Step, tt.says)
			}
		})
	}
}

func TestARefusalSaysWhichSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer    string
		token           bool
		password, other bool // what errors.Is says of ErrPassword and ErrToken
		says            string
	}{
		{"a password", "535 5.7.8 no", false, true, false, "check username and password"},
		{"a password, for now", "454 4.7.0 later", false, false, false, "later"},
		{"a password where none is taken", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", false, true, false, "use OAuth2"},
		{"a token", "535 5.7.8 no", true, false, true, "no such token"},
		{"a token, for now", "454 4.7.0 later", true, false, false, "later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: []string{"PLAIN", "XOAUTH2"}, Faults: []smtpsink.Fault{
				{Step: smtpsink.Auth, Code: number(tt.answer), Text: tt.answer[4:]},
			}})
			o := options(sink, true)
			if tt.token {
				var asked []string
				o = byTokens(o, &asked, "t1-token", "t2-token")
			}
			e := sendOne(t, o)
			if errors.Is(e, mailer.ErrPassword) != tt.password || errors.Is(e, mailer.ErrToken) != tt.other || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("error = %v: ErrPassword %t, ErrToken %t; want %t, %t and %q in it",
					e, errors.Is(e, mailer.ErrPassword), errors.Is(e, mailer.ErrToken), tt.password, tt.other, tt.says)
			}
		})
	}
}

// number returns the code of an answer.
func number(answer string) int {
	n, err := strconv.Atoi(answer[:3])
	if err != nil {
		return 0
	}
	return n
}

// TestRefusedTokensAreToldByTheGrant: M-G7, for SMTP.
func TestRefusedTokensAreToldByTheGrant(t *testing.T) {
	t.Parallel()
	for grant, tt := range map[netclient.Grant]struct{ says, not string }{
		0:                             {"SMTP.SendAsApp or SMTP.Send", "the app's"},
		netclient.GrantProgram:        {"SMTP.SendAsApp", "SMTP.Send)"},
		netclient.GrantPerson:         {"SMTP.Send)", "SendAsApp"},
		netclient.GrantServiceAccount: {"subject", "SMTP.Send"},
	} {
		sink := smtpsink.New(t, smtpsink.Options{User: user, Password: password, Mechanisms: []string{"XOAUTH2"}})
		var asked []string
		o := byTokens(options(sink, false), &asked, "t1-token", "t2-token")
		o.Grant = grant
		if e := sendOne(t, o); !strings.Contains(e.Hint, tt.says) || strings.Contains(e.Hint, tt.not) {
			t.Errorf("grant %d: hint = %q, want %q in it and no %q", grant, e.Hint, tt.says, tt.not)
		}
	}
}
