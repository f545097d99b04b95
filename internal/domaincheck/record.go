package domaincheck

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Bounds of a record's parts.
const (
	maxFields = 64
	maxRua    = 32
)

// parseReportRecord reads a TLS-RPT record and returns where reports go to.
//
// RFC 8460, section 3.
func parseReportRecord(record string) (rua []string, err error) {
	values, err := fields(record, "v=TLSRPTv1")
	if err != nil {
		return nil, err
	}
	list, ok := values["rua"]
	if !ok {
		return nil, errors.New("it has no rua, so it names nobody to send reports to")
	}
	for uri := range strings.SplitSeq(list, ",") {
		uri = strings.TrimSpace(uri)
		if len(rua) == maxRua {
			return nil, fmt.Errorf("its rua lists more than %d addresses", maxRua)
		}
		if err := checkRua(uri); err != nil {
			return nil, err
		}
		rua = append(rua, uri)
	}
	return rua, nil
}

// checkRua judges one address of a rua.
func checkRua(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || uri == "" || clean(uri, len(uri)+1) != uri || strings.ContainsAny(uri, " !"):
		return fmt.Errorf("its rua %s is not an address; write it as in mailto:reports@example.com", quote(uri))
	case strings.EqualFold(u.Scheme, "mailto"):
		if _, domain, ok := mailAddress(uri); !ok || domain == "" {
			return fmt.Errorf("its rua %s is a mailto: without a mail address", quote(uri))
		}
	case !strings.EqualFold(u.Scheme, "https") || u.Host == "":
		return fmt.Errorf("its rua %s is neither a mailto: nor an https: address", quote(uri))
	}
	return nil
}

// mailAddress returns the address of a mailto: URI, in lower case, and its
// domain.
func mailAddress(uri string) (address, domain string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || !strings.EqualFold(u.Scheme, "mailto") {
		return "", "", false
	}
	if address, err = url.PathUnescape(u.Opaque); err != nil {
		return "", "", false
	}
	local, domain, ok := cutLast(strings.ToLower(address), "@")
	return strings.ToLower(address), domain, ok && local != "" && strings.Trim(domain, ".") != ""
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// parseSTSRecord reads an MTA-STS record and returns its id.
//
// RFC 8461, section 3.1.
func parseSTSRecord(record string) (id string, err error) {
	values, err := fields(record, "v=STSv1")
	if err != nil {
		return "", err
	}
	id, ok := values["id"]
	switch {
	case !ok:
		return "", errors.New("it has no id, by which senders tell a new policy")
	case len(id) == 0 || len(id) > 32 || strings.ContainsFunc(id, func(r rune) bool { return !alphanumeric(r) }):
		return "", fmt.Errorf("its id %s is not 1 to 32 letters and digits", quote(id))
	}
	return id, nil
}

// fields parts a record "v=…; name=value; …". What is there twice counts once,
// the first.
func fields(record, version string) (map[string]string, error) {
	first, rest, _ := strings.Cut(record, ";")
	if strings.TrimRight(first, " \t") != version {
		return nil, fmt.Errorf("it does not begin with %s;", version)
	}
	values := map[string]string{}
	parts := strings.Split(rest, ";")
	if len(parts) > maxFields {
		return nil, fmt.Errorf("it has more than %d fields", maxFields)
	}
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" && i == len(parts)-1 {
			break // a semicolon may stand at the end
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || !alphanumeric(rune(name[0])) || len(name) > 32 ||
			strings.ContainsFunc(name, func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("_-.", r) }) {
			return nil, fmt.Errorf("its part %s is not a name=value", quote(part))
		}
		if _, twice := values[name]; !twice {
			values[name] = strings.TrimSpace(value)
		}
	}
	return values, nil
}

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
