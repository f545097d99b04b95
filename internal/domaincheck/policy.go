package domaincheck

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// Bounds of a policy: RFC 8461, sections 3.2 and 3.3.
const (
	maxPolicy  = 64 << 10 // bytes
	maxMX      = 256
	maxMaxAge  = 31557600 // seconds
	soonMaxAge = 24 * time.Hour
)

// An stsPolicy is what an MTA-STS policy says.
type stsPolicy struct {
	mode   tlsrpt.Mode
	maxAge time.Duration
	mx     []string // in lower case; may begin with "*."
}

// parsePolicy reads a policy. Unknown fields are passed over, and of what is
// there twice the first counts.
//
// RFC 8461, section 3.2.
func parsePolicy(text string) (*stsPolicy, error) {
	if len(text) > maxPolicy {
		return nil, fmt.Errorf("it is larger than %d bytes", maxPolicy)
	}
	values := map[string]string{}
	p := new(stsPolicy)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimRight(key, " \t"), strings.Trim(value, " \t")
		if !ok || key == "" || strings.ContainsAny(line, "\r\x00") {
			return nil, fmt.Errorf("its line %d, %s, is not a name: value", i+1, quote(line))
		}
		if _, twice := values[key]; !twice && key != "mx" {
			values[key] = value
		}
		if key != "mx" {
			continue
		}
		pattern := hostname.Fold(value)
		if !hostname.Valid(strings.TrimPrefix(pattern, "*.")) {
			return nil, fmt.Errorf("its line %d, %s, does not name a mail server", i+1, quote(line))
		}
		if p.mx = append(p.mx, pattern); len(p.mx) > maxMX {
			return nil, fmt.Errorf("it lists more than %d mx", maxMX)
		}
	}
	return p, p.fill(values)
}

func (p *stsPolicy) fill(values map[string]string) error {
	if v := values["version"]; v != "STSv1" {
		return errors.New("it has no line version: STSv1")
	}
	switch p.mode = tlsrpt.Mode(values["mode"]); p.mode {
	case tlsrpt.ModeEnforce, tlsrpt.ModeTesting, tlsrpt.ModeNone:
	default:
		return errors.New("its mode is not enforce, testing or none")
	}
	n, err := strconv.ParseUint(values["max_age"], 10, 32)
	if err != nil || n > maxMaxAge {
		return fmt.Errorf("its max_age is not a number of seconds up to %d", maxMaxAge)
	}
	p.maxAge = time.Duration(n) * time.Second
	if len(p.mx) == 0 && p.mode != tlsrpt.ModeNone {
		return errors.New("it lists no mx")
	}
	return nil
}

// covers reports whether a policy lets mail go to a host.
func (p *stsPolicy) covers(host string) bool {
	for _, pattern := range p.mx {
		if tlsrpt.MatchesMX(pattern, host) {
			return true
		}
	}
	return false
}
