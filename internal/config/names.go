package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"

	"tlsbrief/internal/hostname"
)

// hostName judges a name to connect to and returns it in lower case, as A-labels;
// an IP address as it is. Underscores are let through: networks of containers
// have them.
func hostName(s string) (string, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.String(), nil
	}
	switch {
	case strings.Contains(s, "://"):
		return "", fmt.Errorf("%s is a URL; write the host name alone", quote(s))
	case strings.HasPrefix(s, "["):
		return "", fmt.Errorf("%s has brackets; write an IPv6 address without them", quote(s))
	case strings.Contains(s, ":"):
		return "", fmt.Errorf("%s has a port in it; write the host name alone, and the port as port = 993 on a line of its own", quote(s))
	}
	name, err := hostname.Strict(s, "_")
	if err != nil {
		return "", fmt.Errorf("%s is not a host name; write it as in mail.example.com", quote(s))
	}
	return name, nil
}

// domainName judges a domain name and returns it in lower case, as A-labels,
// without a trailing dot.
func domainName(s string) (string, error) {
	if _, err := netip.ParseAddr(s); err == nil {
		return "", fmt.Errorf("%s is an IP address; write a domain, such as example.com", quote(s))
	}
	name, err := hostname.Strict(s, "")
	if err != nil {
		return "", fmt.Errorf("%s is not a domain; write it as in example.com", quote(s))
	}
	return name, nil
}

// pattern judges a domain or a wildcard such as "*.example.org".
func pattern(s string) (string, error) {
	rest, wild := strings.CutPrefix(s, "*.")
	if strings.Contains(rest, "*") {
		return "", fmt.Errorf("%s has a * in the wrong place; it stands for the front of a name, as in *.example.org", quote(s))
	}
	name, err := domainName(rest)
	if err != nil {
		return "", fmt.Errorf("%s is not a domain; write it as in example.com or *.example.org", quote(s))
	}
	if wild {
		name = "*." + name
	}
	return name, nil
}

// bareAddress judges a recipient and drops the name before the address.
func bareAddress(s string) (string, error) {
	a, err := address(s)
	if err != nil {
		return "", err
	}
	return a.Address, nil
}

// address judges a mail address, with or without a name before it (RFC 5322,
// section 3.4). It must be one that any SMTP server takes: the local part a
// dot-atom in ASCII, the domain a name.
func address(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("%s is not a mail address; write it as in reports@example.com or TLS reports <reports@example.com>", quote(s))
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	atext := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`()<>[]:;@\,"`, r) }
	if len(local) > 64 || strings.ContainsFunc(local, func(r rune) bool { return !atext(r) }) ||
		strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return nil, fmt.Errorf("%s has a part before the @ that not every mail server takes; use an address of plain ASCII letters, digits and dots", quote(s))
	}
	if domain, err = domainName(domain); err != nil {
		return nil, fmt.Errorf("%s has no domain name behind the @; write it as in reports@example.com", quote(s))
	}
	if !printable(a.Name) {
		return nil, fmt.Errorf("%s has a name with characters that do not print; use plain letters", quote(s))
	}
	return &mail.Address{Name: a.Name, Address: local + "@" + domain}, nil
}

// dnsServer judges the resolver to ask, and adds the port of DNS where there is
// none.
func (c *checker) dnsServer(k key) string {
	server, err := hostPort(k.text, 53)
	if err != nil {
		c.fault(k, "%s is not a DNS server: %v; write it as in 127.0.0.1, 127.0.0.1:5353 or [::1]:53", quote(k.text), err)
	}
	return server
}

// hostPort reads "host", "host:port", "[v6]:port", "[v6]" or a bare IPv6
// address.
func hostPort(s string, port uint64) (string, error) {
	host := s
	if _, err := netip.ParseAddr(s); err != nil && strings.Contains(s, ":") {
		if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			host = s[1 : len(s)-1]
		} else {
			var text string
			if host, text, err = net.SplitHostPort(s); err != nil {
				return "", errors.New("it is neither a host nor a host:port")
			}
			if port, err = strconv.ParseUint(text, 10, 16); err != nil || port == 0 {
				return "", errors.New("its port is not a number from 1 to 65535")
			}
		}
	}
	name, err := hostName(host)
	if err != nil {
		return "", errors.New("its host is neither a name nor an IP address")
	}
	return net.JoinHostPort(name, strconv.FormatUint(port, 10)), nil
}
