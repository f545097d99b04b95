package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// Reports lie between these times: RFC 8460 is of 2018, and its drafts are not
// much older; a report on days to come is made up, and a digest that believed it
// would take it for the last there will ever be.
const futureSkew = 48 * time.Hour

func earliest() time.Time { return time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC) }

// accept puts into m the reports that are to be taken, and why the others are not.
// It returns which of them are taken; ok is false where nothing is left to record.
func (in *Ingester) accept(m *report.Message, reports []report.Report, faults []error) (taken []int, ok bool) {
	var refused []string
	left := 0
	for i, rep := range reports {
		switch reason := in.refusal(rep); {
		case in.ignores(rep.Auth):
			left++
		case reason != "":
			refused = append(refused, reason)
			if in.ahead(rep) && (m.Again.IsZero() || rep.Start.Before(m.Again)) {
				m.Again = rep.Start
			}
		default:
			m.Reports = append(m.Reports, rep)
			taken = append(taken, i)
			in.noteEarly(rep)
		}
	}
	for _, fault := range faults {
		refused = append(refused, fault.Error())
		m.Reason = cmp.Or(m.Reason, reasonFor(fault))
	}
	m.Refused = strings.Join(refused, "; ")
	return taken, len(m.Reports) > 0 || m.Refused != "" || left == 0
}

// reasonFor returns the code for why a report could not be read, where there is one.
func reasonFor(err error) report.Reason {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return report.ReasonCutOff
	}
	return ""
}

// refusal says why a report that could be read, and arrived at the given time, is
// not taken; empty if it is.
func (in *Ingester) refusal(rep report.Report) string {
	if reason := in.untimely(rep); reason != "" {
		return reason
	}
	if in.o.Require && rep.Auth.Result != report.AuthPass && rep.Auth.Result != report.AuthUnknown {
		return notAuthentic(rep.Auth)
	}
	if len(in.o.Domains) == 0 {
		return ""
	}
	// A TLSA policy's domain is often an MX host's name (Q29): one below a domain
	// of one's own, or a provider's, which is about such a domain.
	about := rep.OwnerDomains()
	for i := range rep.Policies {
		if in.owns(rep.Policies[i].Domain) || in.owns(about[i]) {
			return ""
		}
	}
	return fmt.Sprintf("reports on %s, which is not among reports.domains", rep.Policies[0].Domain)
}

// owns reports whether a domain is among Domains or below one of them.
func (in *Ingester) owns(domain string) bool {
	for _, own := range in.o.Domains {
		own = strings.TrimPrefix(own, "*.")
		if domain == own || strings.HasSuffix(domain, "."+own) {
			return true
		}
	}
	return false
}

// untimely says what is wrong with the time that a report is about. It is held
// against the clock and not against the mail's arrival, which a server that was
// moved or misconfigured may have wrong.
func (in *Ingester) untimely(rep report.Report) string {
	latest := in.o.Now().Add(futureSkew)
	day := rep.Start.UTC().Format(time.DateOnly)
	switch {
	case in.ahead(rep):
		return "reports on " + day + ", which has not begun yet"
	case rep.End.After(latest.AddDate(0, 0, 1)): // it ends a day after it begins
		return "reports on the time up to " + rep.End.UTC().Format(time.DateOnly) + ", which is not over yet"
	case rep.Start.Before(earliest()):
		return "reports on " + day + ", when there were no TLS reports"
	}
	return ""
}

// ahead reports whether a report is about a day so far ahead that it is looked at
// again when the day has come (DESIGN 6).
func (in *Ingester) ahead(rep report.Report) bool { return rep.Start.After(in.o.Now().Add(futureSkew)) }

// noteEarly notes with a report that the days it is about are not over: a digest
// tells of it when they are (DESIGN 6).
func (in *Ingester) noteEarly(rep report.Report) {
	if over := rep.Over(); over.After(in.o.Now()) {
		rep.Deviations = append(rep.Deviations, tlsrpt.Deviation{
			Path: "date-range", What: "not over until " + over.Format(time.RFC3339) + "; told when it is", Rule: "RFC 8460 section 4.1",
		})
	}
}

func notAuthentic(a report.Authenticity) string {
	s := "not authenticated (dkim " + string(a.Result)
	if a.Reason != "" {
		s += ", " + string(a.Reason)
	}
	return s + `), and reports.authenticity is "require"`
}

// ignores reports whether the report's signer is to be left out.
func (in *Ingester) ignores(a report.Authenticity) bool {
	return a.Domain != "" && slices.Contains(in.o.IgnoreSigners, a.Domain)
}
