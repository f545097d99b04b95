package config

import (
	"net/mail"

	"tlsbrief/internal/netclient"
)

// An SMTP is the server that digests are handed to. Without [smtp] it is zero.
// Without a username there is no AUTH.
type SMTP struct {
	Server
	TLS           netclient.TLSMode `toml:"tls" default:"starttls" rule:"implicit|starttls|none"`
	From          *mail.Address     `toml:"from"`
	To            []string          `toml:"to" rule:"addresses"`                          // addresses without names; at least one
	SubjectPrefix string            `toml:"subject_prefix" default:"[TLS]" rule:"prefix"` // of the digests
}

// smtp judges [smtp].
func (c *checker) smtp(s *SMTP) {
	if at := c.key(s); !at.set || at.bad {
		return
	}
	c.rules(s)
	c.server(&s.Server, c.key(&s.TLS), map[netclient.TLSMode]int{netclient.TLSImplicit: 465, netclient.TLSStartTLS: 587, netclient.TLSNone: 25}, "smtp.example.com")
	first, _ := c.firstTwo(&s.Password)
	grant, username := c.key(&s.OAuth2.Grant), c.key(&s.Username)
	switch {
	case s.Username == "" && grant.text != "" && !username.bad:
		c.fault(username, "missing; a token needs the username that it is for")
	case grant.text != "" || grant.bad:
	case s.Username != "" && first == nil && !c.key(&s.Password).set:
		c.fault(c.key(&s.Password.File), "missing; a username needs password_file, password_env or password_command, or take out the username where the server asks for no log-in")
	case s.Username == "" && first != nil && !username.bad:
		c.fault(username, "missing; a password needs a username, or take out the password where the server asks for no log-in")
	}
	if from := c.key(&s.From); c.required(from, `from = "TLS reports <reports@example.com>"`) {
		var err error
		if s.From, err = address(from.text); err != nil {
			c.fault(from, "%v", err)
		}
	}
	if to := c.key(&s.To); to.empty() && !to.bad {
		c.fault(to, `nobody would get the digests; set it, as in to = ["postmaster@example.com"]`)
	}
}
