package config

import "time"

// A Check says how domains are examined.
type Check struct {
	Addresses    []string      `toml:"addresses" rule:"addresses"`               // that lead to the mailboxes, beside their usernames
	Concurrency  int           `toml:"concurrency" default:"32" rule:"1..256"`   // domains at once
	Timeout      time.Duration `toml:"timeout" default:"60" rule:"1..3600"`      // for one domain; seconds in the file
	SMTPPort     int           `toml:"smtp_port" default:"25" rule:"1..65535"`   // of MX hosts
	HTTPSPort    int           `toml:"https_port" default:"443" rule:"1..65535"` // of hosts with an MTA-STS policy
	CAFile       string        `toml:"ca_file" rule:"path"`                      // PEM; empty: the system's. Not opened by Load
	EHLO         string        `toml:"ehlo" default:"localhost" rule:"domain"`   // how to name oneself to MX hosts
	Confirm      bool          `toml:"confirm" default:"true"`                   // look at what reports tell of before a digest is sent
	AllowPrivate bool          `toml:"allow_private" default:"false"`            // connect to private addresses also for domains that only reports name
}

// Domain judges a domain name and returns it in lower case, as A-labels (RFC 5890,
// section 2.3.2.1), without a trailing dot.
func Domain(s string) (string, error) { return domainName(s) }
