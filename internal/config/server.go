package config

import (
	"net/netip"
	"slices"
	"strings"
)

// The ways to speak TLS to a server. Without TLS the password and the reports
// can be read and changed on the way, so that is for this machine only.
const (
	tlsImplicit = "implicit"
	tlsSTARTTLS = "starttls"
	tlsNone     = "none"
)

// A server is what an IMAP and an SMTP server have in common, judged.
type server struct {
	host, tls, caFile, username string
	client                      ClientTLS
	port                        int
	password                    PasswordSource
	oauth2                      OAuth2
}

// server judges how to reach a server and log in there.
func (c *checker) server(f *fileServer, tls textKey, ports map[string]int, example string) server {
	s := server{
		tls:      c.oneOf(tls, tlsImplicit, tlsSTARTTLS, tlsNone),
		caFile:   c.guarded(f.CAFile),
		client:   c.clientTLS(f),
		username: f.Username.value,
		password: c.passwordSource(f),
		oauth2:   c.oauth2(f),
	}
	if c.required(f.Host, `host = "`+example+`"`) {
		name, err := hostName(f.Host.value)
		if err != nil {
			c.fault(f.Host.key, "%v", err)
		} else if s.host = name; s.tls == tlsNone && elsewhere(name) {
			c.fault(tls.key, `"none" is for a server on this machine only (localhost, 127.0.0.1, ::1), and %s is not; use "implicit" or "starttls"`, quote(name))
		}
	}
	s.port = ports[s.tls]
	if f.Port.set {
		s.port = int(c.between(f.Port, 1, 65535))
	}
	if !printable(s.username) {
		c.fault(f.Username.key, "has characters that do not print, or blanks at an end; write the name alone")
	}
	return s
}

// A ClientTLS is what a server is shown and held to in a TLS handshake.
type ClientTLS struct {
	ServerName string // the name in its certificate; empty: the host
	CertFile   string // PEM, with KeyFile; empty: none. Not opened by Load
	KeyFile    string
}

func (c *checker) clientTLS(f *fileServer) ClientTLS {
	t := ClientTLS{CertFile: c.guarded(f.ClientCertFile), KeyFile: c.secretFile(f.ClientKeyFile)}
	if f.ServerName.value != "" {
		name, err := hostName(f.ServerName.value)
		if err != nil {
			c.fault(f.ServerName.key, "%v", err)
		}
		t.ServerName = name
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		c.fault(f.ClientCertFile.key, "client_cert_file and client_key_file go together; set both")
	}
	return t
}

// elsewhere reports whether a host is plainly not this machine: an address that is
// not loopback, or a full domain name. Of other names DNS and /etc/hosts decide,
// "localhost" included, so the connection is judged by its address when it is made.
func elsewhere(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return !loopback(host)
	}
	return strings.Contains(host, ".") && !strings.HasSuffix(host, ".localhost") && host != "localhost.localdomain"
}

// loopback reports whether a host is called as this machine is, or is an address of
// it.
func loopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

// passwordSource takes the one source that is set. Whether there must be one
// depends on the server.
func (c *checker) passwordSource(f *fileServer) PasswordSource {
	p := PasswordSource{
		File:    c.secretFile(f.PasswordFile),
		Env:     c.envName(f.PasswordEnv),
		Command: c.command(f.PasswordCommand),
	}
	if f.Password.set {
		c.fault(f.Password.key, "there is no such key, so that this file can be shown and copied without giving a secret away; use password_file, password_env or password_command")
	}
	if first, second := firstTwo(f); second != nil {
		c.fault(*second, "%s is set as well; keep one of the two", last(first.path))
	}
	return p
}

// firstTwo gives the first two password sources that are set, in the order of
// the file; nil where there are fewer.
func firstTwo(f *fileServer) (first, second *key) {
	return firstTwoOf(&f.PasswordFile, &f.PasswordEnv, &f.PasswordCommand)
}

func firstTwoOf(file, env *textKey, command *listKey) (first, second *key) {
	var set []*key
	for _, k := range []*textKey{file, env} {
		if k.value != "" || k.bad {
			set = append(set, &k.key)
		}
	}
	if len(command.values) > 0 || command.bad {
		set = append(set, &command.key)
	}
	slices.SortStableFunc(set, func(a, b *key) int { return a.line - b.line })
	set = append(set, nil, nil)
	return set[0], set[1]
}

// envName judges the name of an environment variable. A wrong one is not
// repeated: it may be the password, put in the wrong place.
func (c *checker) envName(k textKey) string {
	for i, r := range k.value {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			c.fault(k.key, "is not the name of an environment variable; write the name, as in IMAP_PASSWORD, not the password")
			break
		}
	}
	return k.value
}

func (c *checker) command(k listKey) []string {
	for i, arg := range k.values {
		switch {
		case i == 0 && arg == "":
			c.fault(k.key, `has no program; write it as ["/usr/bin/pass", "show", "imap"]`)
		case strings.ContainsRune(arg, 0):
			c.fault(k.at(i), "has a NUL character, which no argument has; take it out")
		}
	}
	return k.values
}

// smtp judges [smtp]. A file without it has a zero SMTP.
func (c *checker) smtp(f *fileSMTP) SMTP {
	if !f.At.set || f.At.bad {
		return SMTP{}
	}
	ports := map[string]int{tlsImplicit: 465, tlsSTARTTLS: 587, tlsNone: 25}
	s := c.server(&f.fileServer, f.TLS, ports, "smtp.example.com")
	first, _ := firstTwo(&f.fileServer)
	switch {
	case s.username == "" && f.OAuth2.Grant.value != "" && !f.Username.bad:
		c.fault(f.Username.key, "missing; a token needs the username that it is for")
	case s.oauth2.Grant != "" || f.OAuth2.Grant.bad:
	case s.username != "" && first == nil && !f.Password.set:
		c.fault(f.PasswordFile.key, "missing; a username needs password_file, password_env or password_command, or take out the username where the server asks for no log-in")
	case s.username == "" && first != nil && !f.Username.bad:
		c.fault(f.Username.key, "missing; a password needs a username, or take out the password where the server asks for no log-in")
	}
	out := SMTP{
		Host: s.host, Port: s.port, TLS: s.tls, CAFile: s.caFile, Client: s.client,
		Username: s.username, Password: s.password, OAuth2: s.oauth2, To: c.addresses(f.To),
		SubjectPrefix: c.prefix(f.SubjectPrefix),
	}
	if c.required(f.From, `from = "TLS reports <reports@example.com>"`) {
		from, err := address(f.From.value)
		if err != nil {
			c.fault(f.From.key, "%v", err)
		}
		out.From = from
	}
	if len(f.To.values) == 0 && !f.To.bad {
		c.fault(f.To.key, `nobody would get the digests; set it, as in to = ["postmaster@example.com"]`)
	}
	return out
}
