package config

import (
	"net/netip"
	"slices"
	"strings"

	"tlsbrief/internal/netclient"
)

// A Server is what an IMAP and an SMTP server have in common.
type Server struct {
	Host     string `toml:"host"`                   // a name or an IP address
	Port     int    `toml:"port" rule:"1..65535"`   // the usual one of TLS where the file has none
	CAFile   string `toml:"ca_file" rule:"guarded"` // PEM; empty: the system's. Not opened by Load
	Client   ClientTLS
	Username string         `toml:"username" rule:"line"`
	Password PasswordSource `prefix:"password"` // zero where OAuth2 has a grant
	OAuth2   OAuth2         `toml:"oauth2"`
}

// A ClientTLS is what a server is shown and held to in a TLS handshake.
type ClientTLS struct {
	ServerName string `toml:"server_name" rule:"host"`         // the name in its certificate; empty: the host
	CertFile   string `toml:"client_cert_file" rule:"guarded"` // PEM, with KeyFile; empty: none. Not opened by Load
	KeyFile    string `toml:"client_key_file" rule:"secret"`
}

// server judges what the rules of a server's keys leave open: how the keys go
// together. Without a port it takes the usual one.
func (c *checker) server(s *Server, tls key, ports map[netclient.TLSMode]int, example string) {
	mode := netclient.TLSMode(tls.text)
	if (s.Client.CertFile == "") != (s.Client.KeyFile == "") {
		c.fault(c.key(&s.Client.CertFile), "client_cert_file and client_key_file go together; set both")
	}
	c.refuse(&s.Password)
	c.oneSource(&s.Password)
	c.oauth2(s)
	if host := c.key(&s.Host); c.required(host, `host = "`+example+`"`) {
		if s.Host = named(hostName)(c, host); s.Host != "" && mode == netclient.TLSNone && elsewhere(s.Host) {
			c.fault(tls, `"none" is for a server on this machine only (localhost, 127.0.0.1, ::1), and %s is not; use "implicit" or "starttls"`, quote(s.Host))
		}
	}
	if !c.key(&s.Port).set {
		s.Port = ports[mode]
	}
}

// line judges text that goes to a server as it is.
func (c *checker) line(k key) string {
	if !printable(k.text) {
		c.fault(k, "has characters that do not print, or blanks at an end; write the name alone")
	}
	return k.text
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

// refuse notes a fault where a secret itself is in the file.
func (c *checker) refuse(p *PasswordSource) {
	if k := c.key(p); k.set {
		name := last(k.path)
		c.fault(k, "there is no such key, so that this file can be shown and copied without giving a secret away; use %s_file, %s_env or %s_command", name, name, name)
	}
}

// oneSource notes a fault where a secret has two sources. Whether there must be one
// depends on the server.
func (c *checker) oneSource(p *PasswordSource) {
	if first, second := c.firstTwo(p); second != nil {
		c.fault(*second, "%s is set as well; keep one of the two", last(first.path))
	}
}

// firstTwo returns the first two sources of a secret that are set, in the order of
// the file; nil where there are fewer.
func (c *checker) firstTwo(p *PasswordSource) (first, second *key) {
	var set []*key
	for _, field := range []any{&p.File, &p.Env, &p.Command} {
		if k := c.key(field); !k.empty() || k.bad {
			set = append(set, &k)
		}
	}
	slices.SortStableFunc(set, func(a, b *key) int { return a.line - b.line })
	set = append(set, nil, nil)
	return set[0], set[1]
}

// envName judges the name of an environment variable. A wrong one is not
// repeated: it may be the password, put in the wrong place.
func (c *checker) envName(k key) string {
	for i, r := range k.text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			c.fault(k, "is not the name of an environment variable; write the name, as in IMAP_PASSWORD, not the password")
			break
		}
	}
	return k.text
}

// command judges a program and its arguments.
func (c *checker) command(k key) []string {
	for i, arg := range k.items {
		switch {
		case i == 0 && arg.text == "":
			c.fault(k, `has no program; write it as ["/usr/bin/pass", "show", "imap"]`)
		case strings.ContainsRune(arg.text, 0):
			c.fault(k.at(i), "has a NUL character, which no argument has; take it out")
		}
	}
	return k.list()
}
