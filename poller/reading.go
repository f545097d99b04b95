package poller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// Reading says how messages are read and which reports are taken.
type Reading struct {
	Limits tlsrpt.Limits

	// Authenticate judges the authenticity of each report. Nil switches the
	// check off: every report is recorded as unchecked and counts.
	Authenticate *Authenticator

	// Require rejects what Authenticate does not pass.
	Require bool

	Domains       []string // one's own, A-labels, "*." allowed; where set, a report about none of them nor of what is below them is rejected
	IgnoreSigners []string // signing domains whose reports are left out

	Now func() time.Time // time.Now if nil
}

// authMost bounds the messages inside one mail whose signatures are looked at.
const authMost = 32

// reasonTooMany stands with the reports of messages beyond authMost.
const reasonTooMany = "too-many-messages"

// Reports lie between these times: RFC 8460 is of 2018, and its drafts are not
// much older; a report on days to come is made up, and a digest that believed it
// would take it for the last there will ever be.
const futureSkew = 48 * time.Hour

func earliest() time.Time { return time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC) }

// holdsNone is why a message is rejected that holds no report, though its header says
// that it is one.
const holdsNone = "it says that it is a TLS report, but holds none: the attachment may have been removed or repacked on the way (by a mail gateway, or as winmail.dat)"

// An incoming message is what is known of one before it is read.
type incoming struct {
	place    report.Place
	data     []byte
	received time.Time // INTERNALDATE; zero for files
	certain  bool      // its header says that it is a TLS report
}

// read reads one message, as far as that goes without DNS.
func (rd Reading) read(r *tlsrpt.Reader, in incoming) (*draft, error) {
	d := &draft{rules: rd, message: report.Message{Place: in.place, ReceivedAt: in.received}}
	mail, err := r.ReadMail(in.data)
	describe(&d.message, mail.Envelope)
	if in.place.Mailbox == filesMailbox && !isCandidate(mail, in.data, false) {
		return d, nil
	}
	switch {
	case errors.Is(err, tlsrpt.ErrNoReport) && len(mail.Faults) == 0:
		d.message.Refused, d.ours = holdsNone, in.certain || mail.Likelihood == tlsrpt.Certain
		return d, nil
	case errors.Is(err, tlsrpt.ErrMalformed):
		d.message.Refused, d.ours = err.Error(), true
		return d, nil
	case err != nil:
		return nil, err
	}
	d.ours, d.faults = true, mail.Faults
	d.cases, d.of = rd.examine(mail.Found, d.message.ReceivedAt)
	for _, f := range mail.Found {
		d.message.Forwarded = d.message.Forwarded || f.Forwarded
		d.reports = append(d.reports, report.Report{Report: f.Report, Auth: report.Authenticity{Result: report.AuthUnchecked}})
	}
	return d, nil
}

// readFile reads a report file that lies without its mail: nothing vouches for
// what is in it.
func (rd Reading) readFile(r *tlsrpt.Reader, place report.Place, data []byte) (*draft, error) {
	d := &draft{rules: rd, message: report.Message{Place: place}}
	found, err := r.ReadFile(place.Folder, data)
	switch {
	case err == nil:
	case !errors.Is(err, tlsrpt.ErrMalformed):
		return nil, err
	case errors.Is(err, tlsrpt.ErrNoReport) && len(found) == 0:
		return d, nil
	default:
		d.faults = append(d.faults, err) // of an archive, some may be whole
	}
	auth := report.Authenticity{Result: report.AuthUnchecked}
	if rd.Authenticate != nil {
		auth.Result = report.AuthNone
	}
	d.ours = true
	for _, rep := range found {
		d.reports = append(d.reports, report.Report{Report: rep, Auth: auth})
	}
	return d, nil
}

// accept puts into m the reports that are to be taken, and why the others are not.
// It returns which of them are taken; ok is false where nothing is left to record.
func (rd Reading) accept(m *report.Message, reports []report.Report, faults []error) (taken []int, ok bool) {
	var refused []string
	left := 0
	for i, rep := range reports {
		switch reason := rd.refusal(rep); {
		case rd.ignores(rep.Auth):
			left++
		case reason != "":
			refused = append(refused, reason)
			if rd.ahead(rep) && (m.Again.IsZero() || rep.Start.Before(m.Again)) {
				m.Again = rep.Start
			}
		default:
			m.Reports = append(m.Reports, rep)
			taken = append(taken, i)
			rd.noteEarly(rep)
		}
	}
	for _, fault := range faults {
		refused = append(refused, fault.Error())
	}
	m.Refused = strings.Join(refused, "; ")
	return taken, len(m.Reports) > 0 || m.Refused != "" || left == 0
}

// describe takes over what the header says of the message.
func describe(m *report.Message, env tlsrpt.Envelope) {
	m.MessageID, m.From, m.Subject, m.Submitter = env.MessageID, env.From, env.Subject, env.Submitter
	if m.ReceivedAt.IsZero() {
		m.ReceivedAt = env.Received
	}
}

// examine returns the cases of the reports of a mail that arrived at the given
// time, and which of them each report belongs to: the reports of one message have
// one. There are none where authenticity is not checked.
func (rd Reading) examine(found []tlsrpt.Found, arrived time.Time) (cases []Case, of []int) {
	if rd.Authenticate == nil {
		return nil, nil
	}
	of = make([]int, len(found))
	for i, f := range found {
		same := slices.IndexFunc(found[:i], func(earlier tlsrpt.Found) bool { return sameMessage(earlier, f) })
		switch {
		case same >= 0:
			of[i] = of[same]
			continue
		case len(cases) == authMost:
			cases = append(cases, decided(report.Authenticity{Result: report.AuthFail, Reason: reasonTooMany}))
		case len(cases) < authMost:
			cases = append(cases, rd.Authenticate.Examine(f, arrival(f, arrived)))
		}
		of[i] = len(cases) - 1 // beyond authMost it is the last for all
	}
	return cases, of
}

// sameMessage reports whether two reports lie in the same message of one mail.
func sameMessage(a, b tlsrpt.Found) bool {
	return len(a.Message) == len(b.Message) && len(a.Message) > 0 && &a.Message[0] == &b.Message[0]
}

// arrival returns when a report's message arrived, in a mail that did so at the
// given time. A forwarded one was signed for an earlier arrival, which the mail
// inside tells.
func arrival(f tlsrpt.Found, arrived time.Time) time.Time {
	if inner := f.Envelope.Received; f.Forwarded && !inner.IsZero() && inner.Before(arrived) {
		return inner
	}
	return arrived
}

// refusal says why a report that could be read, and arrived at the given time, is
// not taken; empty if it is.
func (rd Reading) refusal(rep report.Report) string {
	if reason := rd.untimely(rep); reason != "" {
		return reason
	}
	if rd.Require && rep.Auth.Result != report.AuthPass && rep.Auth.Result != report.AuthUnknown {
		return notAuthentic(rep.Auth)
	}
	if len(rd.Domains) == 0 {
		return ""
	}
	// A TLSA policy's domain is often an MX host's name (Q29): one below a domain
	// of one's own, or a provider's, which is about such a domain.
	about := rep.About()
	for i := range rep.Policies {
		if rd.owns(rep.Policies[i].Domain) || rd.owns(about[i]) {
			return ""
		}
	}
	return fmt.Sprintf("reports on %s, which is not among reports.domains", rep.Policies[0].Domain)
}

// owns reports whether a domain is among Domains or below one of them.
func (rd Reading) owns(domain string) bool {
	for _, own := range rd.Domains {
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
func (rd Reading) untimely(rep report.Report) string {
	latest := rd.now().Add(futureSkew)
	day := rep.Start.UTC().Format(time.DateOnly)
	switch {
	case rd.ahead(rep):
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
func (rd Reading) ahead(rep report.Report) bool { return rep.Start.After(rd.now().Add(futureSkew)) }

// noteEarly notes with a report that the days it is about are not over: a digest
// tells of it when they are (DESIGN 6).
func (rd Reading) noteEarly(rep report.Report) {
	if over := rep.Over(); over.After(rd.now()) {
		rep.Deviations = append(rep.Deviations, tlsrpt.Deviation{
			Path: "date-range", What: "not over until " + over.Format(time.RFC3339) + "; told when it is", Rule: "RFC 8460 section 4.1",
		})
	}
}

func (rd Reading) now() time.Time {
	if rd.Now != nil {
		return rd.Now()
	}
	return time.Now()
}

func notAuthentic(a report.Authenticity) string {
	s := "not authenticated (dkim " + string(a.Result)
	if a.Reason != "" {
		s += ", " + a.Reason
	}
	return s + `), and reports.authenticity is "require"`
}

// ignores reports whether the report's signer is to be left out.
func (rd Reading) ignores(a report.Authenticity) bool {
	return a.Domain != "" && slices.Contains(rd.IgnoreSigners, a.Domain)
}
