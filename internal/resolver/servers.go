package resolver

import (
	"net"
	"sync"

	"github.com/miekg/dns"
)

// resolvConf is where Unix systems say which resolvers to ask.
const resolvConf = "/etc/resolv.conf"

// maxServers is how many of its lines count: resolv.conf(5).
const maxServers = 3

// servers returns how to get the addresses to ask: the configured one, or those
// of the file, which is read at the first query and never again. Without either,
// this machine is asked, as the C library does.
func servers(configured, file string) func() []string {
	if configured != "" {
		list := []string{withPort(configured)}
		return func() []string { return list }
	}
	return sync.OnceValue(func() []string {
		c, err := dns.ClientConfigFromFile(file)
		if err != nil || len(c.Servers) == 0 {
			return []string{"127.0.0.1:53"}
		}
		var list []string
		for _, s := range c.Servers[:min(len(c.Servers), maxServers)] {
			list = append(list, net.JoinHostPort(s, c.Port))
		}
		return list
	})
}

// withPort adds DNS's port to an address that has none.
func withPort(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	if n := len(server); n > 1 && server[0] == '[' && server[n-1] == ']' {
		server = server[1 : n-1]
	}
	return net.JoinHostPort(server, "53")
}
