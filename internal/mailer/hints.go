package mailer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"tlsbrief/internal/netclient"
)

// hint returns what to do about e; "" where there is nothing to say.
func (s *session) hint(e *Error) string {
	if e.Code != 0 {
		return s.replyHint(e)
	}
	switch e.Step {
	case StepConnect:
		return s.connectHint(e.Err)
	case StepTLS:
		return s.tlsHint(e.Err)
	case StepGreeting:
		if s.o.TLS != netclient.TLSImplicit && errors.Is(e.Err, errNoAnswer) {
			return `a port that speaks TLS from the first byte, such as 465, waits in silence: try tls = "implicit"`
		}
	}
	return ""
}

// connectHint is for a connection that did not come about.
func (s *session) connectHint(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens there: check host and port %d", s.o.Port)
	case errors.Is(err, errNoAnswer):
		return "check host, port and firewalls; many networks block port 25"
	}
	return netclient.ConnectHint(err)
}

// tlsHint is for a handshake that failed. What is wrong with a certificate is
// said by the error itself.
func (s *session) tlsHint(err error) string {
	var (
		noTLS tls.RecordHeaderError
		alert *net.OpError
	)
	switch {
	case errors.As(err, &noTLS) && s.o.TLS == netclient.TLSImplicit:
		return `use tls = "starttls" (port 587), or the port for TLS (465)`
	case errors.As(err, &alert) && alert.Op == "remote error": // crypto/tls's name for an alert
		return "the server broke off the handshake; it may not know TLS 1.2 or newer"
	}
	return ""
}

// replyHint is for a refusal.
func (s *session) replyHint(e *Error) string {
	text := e.Err.Error()
	switch {
	case e.Step == StepAuth && strings.Contains(text, "SmtpClientAuthentication is disabled"):
		return "switch authenticated SMTP on for this mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), and for the tenant where it is off there"
	case e.Enhanced == "5.7.60":
		return "this account may not send as the configured from address: give it the right (Add-RecipientPermission … -AccessRights SendAs), or set from to its own"
	case e.Step == StepAuth && s.token != "" && e.Code/100 == 5:
		return tokenHint(s.o.Grant)
	case e.Step == StepAuth && e.Code/100 == 5 && strings.Contains(strings.ToLower(text), "basic authentication is disabled"):
		return "this provider takes no password: use OAuth2 ([smtp.oauth2]; docs/mailboxes.md has it step by step)"
	case e.Step == StepAuth && e.Code == 535:
		return "check username and password; some providers want an app password, or have password log-in switched off"
	case e.Step == StepAuth && e.Code == 534:
		return "the provider wants another way to log in, such as an app password or OAuth2"
	case e.Step == StepAuth:
		return ""
	case e.Code == 530 && e.Enhanced == "5.7.0", wantsLogin(e.Code):
		return "the server wants a log-in: set username and password, and tls"
	case e.Step == StepGreeting && e.Code/100 == 5:
		return "the server takes no mail from this machine's address; is it the right one for submission?"
	case e.Code == 552 && e.Step != StepRcpt:
		return "the mail is larger than the server takes"
	case e.Step == StepMail && e.Code/100 == 5:
		return "check that this account may send as the configured from address"
	case e.Step == StepRcpt && e.Code/100 == 5 && (e.Enhanced == "5.7.1" || e.Code == 554):
		return "the server does not relay to this address for us: check log-in and from address"
	case e.Step == StepRcpt && e.Code/100 == 5:
		return "check the address"
	}
	return ""
}

// tokenHint is for a token that was refused. What to look at depends on how it was
// got.
func tokenHint(grant netclient.Grant) string {
	const rest = ", and that authenticated SMTP is switched on for it"
	switch grant {
	case netclient.GrantProgram:
		return "it takes no such token: check username, scopes (Microsoft 365: SMTP.SendAsApp), the app's right to the mailbox" + rest
	case netclient.GrantPerson:
		return "it takes no such token: check username, scopes (Microsoft 365: SMTP.Send), whether the person who logged in may send as it" + rest
	case netclient.GrantServiceAccount:
		return "it takes no such token: check that username is the mailbox that the token is made for (subject), and scopes (Google: https://mail.google.com/, in the domain-wide delegation too)"
	}
	return "it takes no such token: check username, scopes (Microsoft 365: SMTP.SendAsApp or SMTP.Send), the right to the mailbox" + rest
}
