// Package config reads config.toml into a [Config] that is typed, complete and
// checked: whoever uses it need not look for what may be missing or wrong.
//
// # Trust
//
// The file is the administrator's. Everything else that this package touches
// is checked as well: a password file is bounded, a password command has a
// deadline, and what it writes to its standard output appears in no error.
// A plain password in the file is refused, so that the file can be shown. A file
// that others than root and the running user may change is not used: what is
// configured runs commands and decides where secrets go.
//
// # Tolerance
//
// None: an unknown key, a wrong type, a missing key and a bad value are faults,
// and [Load] tells all of them at once, each with its line. A setting that is
// silently not what its author meant would show itself only as reports that do
// not come.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"time"
)

// A Config is a whole configuration. Relative paths in the file have become
// absolute, counted from the folder of the file; domains are in lower case, as
// A-labels (RFC 5890, section 2.3.2.1), and without a trailing dot.
type Config struct {
	Path     string   // of the file, absolute; set by Load
	Warnings []string // what is no fault and should be mended all the same, a sentence each; set by Load

	Database     Database
	Schedule     Schedule
	Mailboxes    []Mailbox // may be empty: backfill of files needs none
	SMTP         SMTP      // SMTP.Host is empty where the file has no [smtp]
	Digests      []Digest  // empty: one daily digest of everything to SMTP.To
	Accepts      []Accept  // failures that are known and put up with
	TemplatesDir string    // of one's own digest templates; empty: none
	Reports      Reports
	DNS          DNS
	Check        Check
}

// A Database says where reports are kept, and how long.
type Database struct {
	Path string
	Keep time.Duration // counted from when a report was recorded; 0 keeps for ever
}

// A Schedule says when the worker does what. Poll, Digest and Check are cron
// expressions of five fields, to be read in Timezone.
type Schedule struct {
	Timezone *time.Location
	Poll     string
	Digest   string // the time of day of daily, weekly and monthly digests
	Check    string // of the daily domain check

	Parallel  int           // mailboxes polled at a time, each over one connection
	WarnAfter time.Duration // for how long a mailbox is unread before a digest says that it is blind
}

// A Mailbox is one IMAP account.
type Mailbox struct {
	Name     string // unique; never "files"
	Host     string // a name or an IP address
	Port     int
	TLS      string // "implicit", "starttls" or "none"
	CAFile   string // PEM; empty: the system's. Not opened by Load
	Client   ClientTLS
	Username string
	Password PasswordSource // zero where OAuth2 has a grant
	OAuth2   OAuth2
	Folders  []string // at least one; special-use folders as in `\Junk` (RFC 6154)
	After    string   // "seen", "keyword", "move" or "none"
	Keyword  string   // an IMAP flag keyword
	MoveTo   string   // set where After is "move"
}

// An SMTP is the server that digests are handed to.
type SMTP struct {
	Host          string // a name or an IP address; empty: there is no SMTP server
	Port          int
	TLS           string // "implicit", "starttls" or "none"
	CAFile        string // PEM; empty: the system's. Not opened by Load
	Client        ClientTLS
	Username      string // empty: no AUTH
	Password      PasswordSource
	OAuth2        OAuth2
	From          *mail.Address
	To            []string // addresses without names; at least one
	SubjectPrefix string   // of the digests
}

// A Digest is one recurring mail.
type Digest struct {
	Name          string         // unique; never "fallback"
	Domains       []string       // exact, or "*.example.org" for every name below it; at least one
	To            []string       // addresses without names; SMTP.To where the file has none
	Schedule      string         // "daily", "weekly", "monthly" or a cron expression of five fields
	Timezone      *time.Location // of Schedule; Schedule.Timezone where the file has none
	OnlyWhen      string         // "always", "failures" or "changes"
	SubjectPrefix string         // SMTP.SubjectPrefix where the file has none
}

// An Accept is a failure that the owner knows of and puts up with for a time.
// Empty fields cover everything; one of ResultType, MX and Sender is set.
type Accept struct {
	ResultType string    // RFC 8460, section 4.3; lower case
	MX         string    // a receiving MX host, or "*.example.net"
	Domain     string    // a policy domain, or "*.example.org"
	Sender     string    // a signing domain
	Until      time.Time // the last UTC day that is covered
	Why        string    // one printable line
}

// Reports says which reports count, and bounds them.
type Reports struct {
	Domains           []string // as Digest.Domains; empty: whatever is reported on
	Authenticity      string   // "flag", "require" or "off"
	TrustedAuthservID []string // RFC 8601, section 2.5
	TrustMicrosoft365 bool     // the Authentication-Results without an authserv-id are Microsoft 365's
	IgnoreSigners     []string // signing domains, exact
	MaxMessage        int64    // bytes
	MaxReport         int64    // bytes, decompressed
	MaxPolicies       int
	MaxFailures       int
	MaxUnknown        int64 // bytes kept of messages whose signatures are to be checked again
}

// DNS says whom to ask.
type DNS struct {
	Server string // "host:port"; empty: the system's resolvers
}

// maxFile bounds the configuration file: ten thousand domains fit in.
const maxFile = 1 << 20

// Load reads and checks a configuration file, and who may change it and the files
// that it names. Every error is an [*Error].
func Load(path string) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, unreadable(path, err)
	}
	g := new(guard)
	if problem := g.problem(abs); problem != "" {
		return nil, &Error{File: path, Faults: []Fault{{Problem: clean("is not read: " + problem)}}}
	}
	data, err := readFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	cfg, err := parseGuarded(path, filepath.Dir(abs), data, g)
	if err != nil {
		return nil, err
	}
	cfg.Path, cfg.Warnings = abs, g.warnings
	return cfg, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes, which no configuration is", maxFile)
	}
	return data, nil
}

func unreadable(path string, err error) *Error {
	problem := "cannot be read: " + err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		problem = "there is no such file; copy config.toml.example to it, or name another with --config"
	case errors.Is(err, fs.ErrPermission):
		problem = "may not be read by this user; give it read permission"
	}
	return &Error{File: path, Faults: []Fault{{Problem: problem}}, Err: err}
}

// parse is Load without the file system: dir is where relative paths start.
func parse(name, dir string, data []byte) (*Config, error) {
	return parseGuarded(name, dir, data, nil)
}

func parseGuarded(name, dir string, data []byte, g *guard) (*Config, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors of Windows write one
	doc, syntax := readDocument(data)
	if syntax != nil {
		return nil, &Error{File: name, Faults: []Fault{*syntax}}
	}
	c := &checker{dir: dir, guard: g}
	f := c.decode(doc)
	cfg := c.config(f, c.include(f.Include))
	if err := c.err(name); err != nil {
		return nil, err
	}
	return cfg, nil
}
