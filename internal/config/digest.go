package config

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"tlsbrief/internal/spelling"
)

// A Digest is one recurring mail.
type Digest struct {
	Name          string         `toml:"name"`                                   // unique; never "fallback"
	Domains       []string       `toml:"domains" rule:"patterns"`                // exact, or "*.example.org" for every name below it; at least one
	To            []string       `toml:"to" rule:"addresses"`                    // addresses without names; SMTP.To where the file has none
	Schedule      string         `toml:"schedule" default:"daily" rule:"rhythm"` // "daily", "weekly", "monthly" or a cron expression of five fields
	Timezone      *time.Location `toml:"timezone"`                               // of Schedule; Schedule.Timezone where the file has none
	OnlyWhen      string         `toml:"only_when" default:"always" rule:"always|failures|changes"`
	SubjectPrefix string         `toml:"subject_prefix" rule:"prefix"` // SMTP.SubjectPrefix where the file has none
}

// digest judges one [[digest]].
func (c *checker) digest(d *Digest, names map[string]place) {
	c.name(c.key(&d.Name), "fallback", "what no digest claims", `name = "example.com"`, names)
	c.rules(d)
	if k := c.key(&d.Domains); k.empty() && !k.bad {
		c.fault(k, `lists no domain; set it, as in domains = ["example.com", "*.example.org"], or take out every [[digest]] for one digest of everything`)
	}
}

// maxPrefix bounds what stands before a subject, in characters: a subject is to
// be read at a glance.
const maxPrefix = 30

// prefix judges what stands before a subject.
func (c *checker) prefix(k key) string {
	if k.text == "" || !printable(k.text) || len([]rune(k.text)) > maxPrefix {
		c.fault(k, `is empty, has characters that do not print or blanks at an end, or more than %d characters; write it as in "[TLS]"`, maxPrefix)
	}
	return k.text
}

// rhythm judges how often a digest is sent.
func (c *checker) rhythm(k key) string {
	words := []string{"daily", "monthly", "weekly"}
	switch {
	case slices.Contains(words, k.text):
		return k.text
	case strings.ContainsAny(k.text, " \t"):
		return c.cron(k)
	}
	c.fault(k, `%s is neither daily, weekly, monthly nor a cron expression such as "0 7 * * 1"%s`, quote(k.text), spelling.Hint(k.text, words))
	return ""
}

// cron judges a cron expression.
func (c *checker) cron(k key) string {
	if err := cronFault(k.text); err != nil {
		c.fault(k, "%s cannot be used as a cron expression: %v; write minute, hour, day of month, month and day of week, as in \"0 7 * * *\"", quote(k.text), err)
	}
	return k.text
}

// timeOfDay judges a cron expression that stands for one time of day: what is
// daily must not come more often.
func (c *checker) timeOfDay(k key) string {
	spec := c.cron(k)
	if cronFault(spec) != nil {
		return spec // which has been said
	}
	schedule, err := cron.ParseStandard(spec)
	if fields, ok := schedule.(*cron.SpecSchedule); ok && err == nil {
		const values = 1<<60 - 1 // the bits above them tell a star
		if bits.OnesCount64(fields.Minute&values) > 1 || bits.OnesCount64(fields.Hour&values) > 1 {
			c.fault(k, `%s comes more than once a day; write one minute and one hour, as in "0 7 * * *". A digest that is to come more often has a schedule of its own, in [[digest]]`, quote(spec))
		}
	}
	return spec
}

// cronFault says what is wrong with a cron expression. What the library takes
// beyond the five fields is refused: a time zone has a key of its own (and the
// library panics at one that nothing follows), and "@every 1h" counts from the
// start of the process, which no time of day can be read from.
func cronFault(spec string) error {
	switch {
	case len(spec) > 200:
		return errors.New("it is too long")
	case strings.Contains(spec, "TZ="):
		return errors.New("the time zone is set by schedule.timezone")
	case strings.HasPrefix(spec, "@"):
		return errors.New("names such as @daily are not known here")
	case len(strings.Fields(spec)) != 5:
		return fmt.Errorf("it needs 5 fields and has %d", len(strings.Fields(spec)))
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return err
	}
	// The library looks five years ahead. Any start whose next leap day is
	// nearer than that will do.
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return errors.New("it names a day that never comes")
	}
	return nil
}
