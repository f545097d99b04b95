package config

import "time"

// A Check says how domains are examined.
type Check struct {
	Addresses    []string      // that lead to the mailboxes, beside their usernames
	Concurrency  int           // domains at once
	Timeout      time.Duration // for one domain
	SMTPPort     int           // of MX hosts
	HTTPSPort    int           // of hosts with an MTA-STS policy
	CAFile       string        // PEM; empty: the system's. Not opened by Load
	EHLO         string        // how to name oneself to MX hosts
	Confirm      bool          // look at what reports tell of before a digest is sent
	AllowPrivate bool          // connect to private addresses also for domains that only reports name
}

type fileCheck struct {
	Addresses    listKey   `toml:"addresses"`
	Concurrency  numberKey `toml:"concurrency" default:"32"`
	Timeout      numberKey `toml:"timeout" default:"60"`
	SMTPPort     numberKey `toml:"smtp_port" default:"25"`
	HTTPSPort    numberKey `toml:"https_port" default:"443"`
	CAFile       textKey   `toml:"ca_file"`
	EHLO         textKey   `toml:"ehlo" default:"localhost"`
	Confirm      truthKey  `toml:"confirm" default:"true"`
	AllowPrivate truthKey  `toml:"allow_private" default:"false"`
}

// Domain judges a domain name and gives it in lower case, as A-labels (RFC 5890,
// section 2.3.2.1), without a trailing dot.
func Domain(s string) (string, error) { return domainName(s) }

// domainCheck judges [check].
func (c *checker) domainCheck(f *fileCheck) Check {
	k := Check{
		Addresses:    c.addresses(f.Addresses),
		Concurrency:  int(c.between(f.Concurrency, 1, 256)),
		Timeout:      time.Duration(c.between(f.Timeout, 1, 3600)) * time.Second,
		SMTPPort:     int(c.between(f.SMTPPort, 1, 65535)),
		HTTPSPort:    int(c.between(f.HTTPSPort, 1, 65535)),
		CAFile:       c.path(f.CAFile),
		Confirm:      f.Confirm.value,
		AllowPrivate: f.AllowPrivate.value,
	}
	if !f.EHLO.bad {
		name, err := domainName(f.EHLO.value)
		if err != nil {
			c.fault(f.EHLO.key, "%v", err)
		}
		k.EHLO = name
	}
	return k
}
