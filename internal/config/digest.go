package config

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"tlsbrief/internal/spelling"
)

// digest judges one [[digest]].
func (c *checker) digest(f *fileDigest, names map[string]place) Digest {
	d := Digest{
		Name: c.name(f.Name, "fallback", "what no digest claims", `name = "example.com"`, names),
		To:   c.addresses(f.To),
	}
	d.Domains = c.domains(f.Domains)
	if len(f.Domains.values) == 0 && !f.Domains.bad {
		c.fault(f.Domains.key, `lists no domain; set it, as in domains = ["example.com", "*.example.org"], or take out every [[digest]] for one digest of everything`)
	}
	d.Schedule = c.rhythm(f.Schedule)
	if f.Timezone.value != "" {
		d.Timezone = c.timezone(f.Timezone)
	}
	d.OnlyWhen = c.oneOf(f.OnlyWhen, "always", "failures", "changes")
	if f.SubjectPrefix.value != "" {
		d.SubjectPrefix = c.prefix(f.SubjectPrefix)
	}
	return d
}

// maxPrefix bounds what stands before a subject, in characters: a subject is to
// be read at a glance.
const maxPrefix = 30

// prefix judges what stands before a subject.
func (c *checker) prefix(k textKey) string {
	if !k.bad && (k.value == "" || !printable(k.value) || len([]rune(k.value)) > maxPrefix) {
		c.fault(k.key, `is empty, has characters that do not print or blanks at an end, or more than %d characters; write it as in "[TLS]"`, maxPrefix)
	}
	return k.value
}

// rhythm judges how often a digest is sent.
func (c *checker) rhythm(k textKey) string {
	words := []string{"daily", "monthly", "weekly"}
	for _, w := range words {
		if k.value == w {
			return w
		}
	}
	if strings.ContainsAny(k.value, " \t") || k.bad {
		return c.cron(k)
	}
	c.fault(k.key, `%s is neither daily, weekly, monthly nor a cron expression such as "0 7 * * 1"%s`, quote(k.value), spelling.Hint(k.value, words))
	return ""
}

// cron judges a cron expression.
func (c *checker) cron(k textKey) string {
	if k.bad {
		return ""
	}
	if err := cronFault(k.value); err != nil {
		c.fault(k.key, "%s cannot be used as a cron expression: %v; write minute, hour, day of month, month and day of week, as in \"0 7 * * *\"", quote(k.value), err)
	}
	return k.value
}

// timeOfDay judges a cron expression that stands for one time of day: what is
// daily must not come more often.
func (c *checker) timeOfDay(k textKey) string {
	spec := c.cron(k)
	if k.bad || cronFault(spec) != nil {
		return spec // which has been said
	}
	schedule, err := cron.ParseStandard(spec)
	if fields, ok := schedule.(*cron.SpecSchedule); ok && err == nil {
		const values = 1<<60 - 1 // the bits above them tell a star
		if bits.OnesCount64(fields.Minute&values) > 1 || bits.OnesCount64(fields.Hour&values) > 1 {
			c.fault(k.key, `%s comes more than once a day; write one minute and one hour, as in "0 7 * * *". A digest that is to come more often has a schedule of its own, in [[digest]]`, quote(spec))
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
