// Package digest makes the mail that tells the owner of a domain what the TLS
// reports of the last days mean, and sees to it that the mail is sent.
//
// A digest is made in steps, each a package: facts reads what is recorded and adds
// it up, judge says what of it is wrong and which probes would confirm that, words
// puts it into sentences, and package templates shows them. The last three are pure,
// without a clock. This package says when, for whom and in which order.
//
// # Promises
//
// A digest covers every policy row that was recorded since it last ran: its
// watermark is a number that rises with every report, not a clock, so a late
// report is neither lost nor told twice. It is written to the outbox together
// with its new watermark before it is sent, and what is in the outbox is sent
// byte for byte until each recipient has it or has refused it for good.
//
// # Trust
//
// Reports whose signature was not verified are named, and never change a
// verdict. Every string of a report is a stranger's: it is cut, cleaned and
// escaped before it is shown, and never part of a command unless it is a plain
// host name.
package digest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"time"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/report"
	"tlsbrief/templates"
)

// The digests that nobody configures.
const (
	NameAll      = "all"      // of everything, where no digest is configured
	NameFallback = "fallback" // of what no configured digest claims
)

// ErrUnknownDigest is wrapped where a name is none of [Digester.Names].
var ErrUnknownDigest = errors.New("there is no digest of this name")

// SendFunc hands a mail to a server, as [mailer.Mailer.Send] does.
type SendFunc func(ctx context.Context, from string, to []string, data []byte) ([]mailer.Result, error)

// A Store is what digests are read from, and what remembers and sends them.
type Store interface {
	facts.Store
	outboxStore
	DigestState(ctx context.Context, name string) (report.DigestState, error)
	SaveDigestState(ctx context.Context, name string, s report.DigestState) error
}

// An outboxStore keeps mails until they are sent.
type outboxStore interface {
	Enqueue(context.Context, report.Mail, report.DigestState) (id int64, err error)
	Outbox(ctx context.Context, dueBy time.Time) ([]report.Mail, error)
	SaveAttempt(ctx context.Context, id int64, attempts int, next time.Time, lastErr string, recipients []report.Recipient) error
	LastMail(ctx context.Context, digest string) (messageID string, err error)
	MailByMessageID(ctx context.Context, id string) (report.Mail, error)
}

// What is chosen of a digest, of which package judge has the rules.
type (
	OnlyWhen = judge.OnlyWhen
	Waiver   = judge.Waiver
)

// Options say what to make digests of and for whom. DB, Templates, Send, From
// and Fallback must be set.
type Options struct {
	DB        Store
	Templates *templates.Set
	Send      SendFunc
	From      *mail.Address
	Fallback  []string // addresses that get the digest of everything, or of what nobody claims
	Digests   []Spec   // none: one daily digest of everything to Fallback

	Location *time.Location // of the schedules; nil: UTC
	Prefix   string         // of the subjects; empty: "[TLS]"
	Hour     string         // cron expression of the daily digests; empty: "0 7 * * *"

	// Probe, if set, answers by looks at the domains, just before a digest is made.
	// It must return in time to send: what is not answered is not told of.
	Probe func(ctx context.Context, probes []report.Probe) map[report.Probe]report.Answer

	// Overrun, if set, returns since when a poll has been running that takes longer
	// than its interval; zero where none does.
	Overrun func() time.Time

	Waivers         []Waiver      // failures that are known and put up with
	AuthenticityOff bool          // signatures are not checked, which every digest says
	Mailboxes       []string      // names of the mailboxes that reports come from
	WarnAfter       time.Duration // for how long one must have been unread for a digest to be blind; 0: a day
	Version         string        // of the program, for the last line
	Now             func() time.Time
	Log             *slog.Logger
}

// A Spec is one configured digest.
type Spec struct {
	Name     string
	Domains  []string // "example.com", or "*.example.org" for all below it
	To       []string
	Schedule string         // "daily" (and empty), "weekly", "monthly" or a cron expression
	Location *time.Location // of the schedule and the times shown; nil: that of the Options
	OnlyWhen OnlyWhen
	Prefix   string // of the subject; empty: that of the Options
}

// A kind tells the configured digests from the two others.
type kind int

const (
	kindConfigured kind = iota
	kindAll
	kindFallback
)

// A task is a digest that is ready to be run.
type task struct {
	Spec
	kind     kind
	patterns *facts.Patterns
	schedule *schedule
}

// A Digester makes and sends digests. Calls that write must not overlap with
// those of another process on the same database.
type Digester struct {
	o     Options
	tasks []*task
}

// New checks the options and returns a Digester. The error tells all that is
// wrong with them.
func New(o Options) (*Digester, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Prefix == "" {
		o.Prefix = "[TLS]"
	}
	if o.Hour == "" {
		o.Hour = "0 7 * * *"
	}
	var faults []error
	if o.DB == nil || o.Templates == nil || o.Send == nil {
		faults = append(faults, errors.New("a digest needs a database, templates and a way to send"))
	}
	if o.From == nil {
		faults = append(faults, errors.New("a digest needs a sender; set smtp.from"))
	}
	d := &Digester{o: o}
	specs := slices.Clone(o.Digests)
	rest := Spec{Name: NameAll, To: o.Fallback}
	if len(specs) > 0 {
		rest.Name = NameFallback
	}
	var claimed []*facts.Patterns
	for _, s := range append(specs, rest) {
		t, err := d.newTask(s)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		d.tasks = append(d.tasks, t)
		claimed = append(claimed, t.patterns)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	last := d.tasks[len(d.tasks)-1]
	if len(specs) == 0 {
		last.kind, last.patterns = kindAll, &facts.Patterns{All: true}
	} else {
		last.kind, last.patterns = kindFallback, &facts.Patterns{Not: claimed[:len(claimed)-1]}
	}
	return d, nil
}

// newTask checks one digest.
func (d *Digester) newTask(s Spec) (*task, error) {
	if len(s.To) == 0 {
		return nil, fmt.Errorf("digest %q has no recipients; set its to, or smtp.to", s.Name)
	}
	if slices.ContainsFunc(d.tasks, func(t *task) bool { return t.Name == s.Name }) {
		return nil, fmt.Errorf("two digests are named %q; rename one", s.Name)
	}
	if s.Location == nil {
		s.Location = d.o.Location
	}
	s.Prefix = cmp.Or(s.Prefix, d.o.Prefix)
	sched, err := parseSchedule(s.Schedule, d.o.Hour, s.Location)
	if err != nil {
		return nil, fmt.Errorf("digest %q: %w", s.Name, err)
	}
	s.To = distinct(s.To)
	return &task{Spec: s, patterns: facts.NewPatterns(s.Domains), schedule: sched}, nil
}

// distinct returns the addresses without those that name a mailbox a second time.
// Domains are the same in either case; what stands before them is not (RFC 5321,
// section 2.4).
func distinct(addresses []string) []string {
	seen := map[string]struct{}{}
	out := make([]string, 0, len(addresses))
	for _, a := range addresses {
		at := strings.LastIndexByte(a, '@') + 1
		key := a[:at] + strings.ToLower(a[at:])
		if _, twice := seen[key]; !twice {
			seen[key] = struct{}{}
			out = append(out, a)
		}
	}
	return out
}

// Names returns the names of the digests, the configured ones in their order and
// then "fallback", or "all" where none is configured.
func (d *Digester) Names() []string {
	names := make([]string, 0, len(d.tasks))
	for _, t := range d.tasks {
		names = append(names, t.Name)
	}
	return names
}

// NextDue returns when a digest falls due next; for one that never ran, or whose
// time has passed, that is now or before. The error wraps [ErrUnknownDigest]
// where there is none of this name.
func (d *Digester) NextDue(ctx context.Context, name string) (time.Time, error) {
	t, err := d.task(name)
	if err != nil {
		return time.Time{}, err
	}
	state, err := d.o.DB.DigestState(ctx, name)
	if err != nil {
		return time.Time{}, fmt.Errorf("digest %q: reading when it last ran: %w", name, err)
	}
	if state.LastRun.IsZero() {
		return d.o.Now(), nil
	}
	return t.schedule.next(state.LastRun)
}

// task returns the digest of this name.
func (d *Digester) task(name string) (*task, error) {
	for _, t := range d.tasks {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("digest %q: %w; there are: %q", name, ErrUnknownDigest, d.Names())
}
