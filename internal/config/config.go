// Package config reads config.toml into a [Config] that is typed, complete and
// checked: its users need not look for what may be missing or wrong.
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
// and [Load] returns all of them at once, each with its line. A setting that is
// silently not what its author meant would show itself only as reports that do
// not come.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"
)

// A Config is a whole configuration, and config.toml as it stands there: the tags of
// its structs name every key there is, with its default and the rule for its value.
// Relative paths in the file have become absolute, counted from the folder of the
// file; domains are in lower case, as A-labels (RFC 5890, section 2.3.2.1), and
// without a trailing dot.
type Config struct {
	Path     string   // of the file, absolute; set by Load
	Warnings []string // what is no fault and should be mended all the same, a sentence each; set by Load

	Include   string    `toml:"include"` // a pattern of files with more mailboxes, digests and accepts; empty: none
	Database  Database  `toml:"database"`
	Schedule  Schedule  `toml:"schedule"`
	Mailboxes []Mailbox `toml:"mailbox"` // may be empty: backfill of files needs none
	SMTP      SMTP      `toml:"smtp"`    // SMTP.Host is empty where the file has no [smtp]
	Digests   []Digest  `toml:"digest"`  // empty: one daily digest of everything to SMTP.To
	Accepts   []Accept  `toml:"accept"`  // failures that are known and put up with
	Reports   Reports   `toml:"reports"`
	Templates Templates `toml:"digest_templates"`
	DNS       DNS       `toml:"dns"`
	Check     Check     `toml:"check"`
}

// A Database says where reports are kept, and how long.
type Database struct {
	Path string        `toml:"path" default:"tlsrpt.db" rule:"path"`
	Keep time.Duration `toml:"keep" default:"400d" rule:"keep"` // counted from when a report was recorded; 0 keeps for ever
}

// A Schedule says when the worker does what. Poll, Digest and Check are cron
// expressions of five fields, to be read in Timezone.
type Schedule struct {
	Timezone  *time.Location `toml:"timezone" default:"UTC"`
	Poll      string         `toml:"poll" default:"*/15 * * * *" rule:"cron"`
	Digest    string         `toml:"digest" default:"0 7 * * *" rule:"time of day"` // of daily, weekly and monthly digests
	Check     string         `toml:"check" default:"30 5 * * *" rule:"cron"`        // of the daily domain check
	Parallel  int            `toml:"parallel" default:"4" rule:"1..100"`            // mailboxes polled at a time, each over one connection
	WarnAfter time.Duration  `toml:"warn_after" default:"24h" rule:"warn after"`    // for how long a mailbox is unread before a digest says that it is blind
}

// Reports says which reports count, and bounds them.
type Reports struct {
	Domains           []string `toml:"domains" rule:"patterns"` // as Digest.Domains; empty: whatever is reported on
	Authenticity      string   `toml:"authenticity" default:"flag" rule:"flag|require|off"`
	TrustedAuthservID []string `toml:"trusted_authserv_id" rule:"authserv-ids"` // RFC 8601, section 2.5
	TrustMicrosoft365 bool     `toml:"trusted_microsoft365" default:"false"`    // the Authentication-Results without an authserv-id are Microsoft 365's
	IgnoreSigners     []string `toml:"ignore_signers" rule:"domains"`           // signing domains, exact
	MaxMessage        int64    `toml:"max_message" default:"10MiB"`             // bytes
	MaxReport         int64    `toml:"max_report" default:"64MiB"`              // bytes, decompressed
	MaxPolicies       int      `toml:"max_policies" default:"10000" rule:"1..1000000"`
	MaxFailures       int      `toml:"max_failures" default:"100000" rule:"1..10000000"`
	MaxUnknown        int64    `toml:"max_unknown" default:"32MiB"` // bytes kept of messages whose signatures are to be checked again
}

// Templates says where digest templates of one's own are.
type Templates struct {
	Dir string `toml:"dir" rule:"path"` // empty: none
}

// DNS says whom to ask.
type DNS struct {
	Server string `toml:"server" rule:"resolver"` // "host:port"; empty: the system's resolvers
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
	c, cfg := newChecker(dir, "", g), new(Config)
	c.decode(doc, key{set: true}, reflect.ValueOf(cfg).Elem())
	cfg.Include = c.key(&cfg.Include).text
	c.config(cfg, c.include(c.key(&cfg.Include)))
	if err := c.err(name); err != nil {
		return nil, err
	}
	return cfg, nil
}
