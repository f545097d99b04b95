package digest

import (
	"encoding/json"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/templates"
)

// An untold is what runs covered that were not sent, summed up, so that nothing is
// lost to the reader of a digest that is sent only now and then. What failed of it
// stands in the mail before (OnlyChanges), or nothing did (OnlyFailures). Each run
// adds to it; it is never read again from the reports, which may be a year's.
type untold struct {
	totals
	Since       time.Time // when the last mail was made; zero: no run went unsent
	Reports     int
	Uncounted   int // reports that do not count
	First, Last day // that the reports are about

	ChangesAfter int64 // the watermark above which no change at a domain has been told of
}

// plus returns u with what another run covered that is not sent. before is what the
// run before it left, which was sent where nothing is untold yet.
func (u untold) plus(t *tally, before report.DigestState) untold {
	if u.Since.IsZero() {
		u.Since, u.ChangesAfter = before.LastRun, before.Watermark
	}
	if first, last, found := t.span(); found {
		if u.Reports == 0 {
			u.First, u.Last = first, last
		}
		u.First, u.Last = min(u.First, first), max(u.Last, last)
	}
	u.add(t.overall.Successful, t.overall.Failed)
	u.Reports += len(t.reports)
	u.Uncounted += len(t.uncounted.reports)
	return u
}

// String returns u as it is remembered.
func (u untold) String() string {
	b, err := json.Marshal(u)
	if err != nil {
		panic(err) // numbers and a time of this era always marshal
	}
	return string(b)
}

// readUntold reads what String wrote; what cannot be read, or was never written,
// is nothing.
func readUntold(text string) untold {
	var u untold
	if json.Unmarshal([]byte(text), &u) != nil {
		return untold{}
	}
	return u
}

// span returns the first and the last day that reports which count are about.
func (t *tally) span() (first, last day, found bool) {
	for _, d := range t.domains {
		for on, covered := range d.days {
			if !found || on < first {
				first = on
			}
			if !found || covered.until > last {
				last = covered.until
			}
			found = true
		}
	}
	return first, last, found
}

// sentence says what was not told, empty where that is nothing.
func (u untold) sentence(location *time.Location) string {
	if u.Since.IsZero() || u.Reports+u.Uncounted == 0 {
		return ""
	}
	if location == nil {
		location = time.UTC
	}
	s := fmt.Sprintf("The runs of this digest since its last mail, of %s, were not sent. They covered ", u.Since.In(location).Format("Mon 2 Jan 2006"))
	if u.Reports > 0 {
		s += fmt.Sprintf("%s on %s, %s (%s)", templates.Plural(int64(u.Reports), "report"),
			templates.Plural(int64(u.sessions()), "delivery attempt"), u.failed(), daySpan(u.First, u.Last))
	}
	if u.Reports > 0 && u.Uncounted > 0 {
		s += ", and "
	}
	if u.Uncounted > 0 {
		s += templates.Plural(int64(u.Uncounted), "report") + " that could not be verified"
	}
	return s + "."
}

// failed says how many of the delivery attempts failed.
func (u untold) failed() string {
	switch {
	case u.Failed == 0:
		return "none of which failed"
	case u.Successful == 0:
		return "all of which failed"
	}
	return templates.Count(int64(u.Failed)) + " of which failed"
}
