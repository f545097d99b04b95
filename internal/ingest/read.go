package ingest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/tlsrpt/read"
)

// authMost bounds the messages inside one mail whose signatures are looked at.
const authMost = 32

// holdsNone is why a message is rejected that holds no report, though its header says
// that it is one.
const holdsNone = "it says that it is a TLS report, but holds none: the attachment may have been removed or repacked on the way (by a mail gateway, or as winmail.dat)"

// A Reader reads messages for an Ingester, one at a time.
type Reader struct {
	in   *Ingester
	read *read.Reader
}

// NewReader returns a Reader.
func (in *Ingester) NewReader() *Reader { return &Reader{in, read.NewReader(in.o.Limits)} }

// Read reads bytes, as far as that goes without DNS. Where that panics, the message is
// refused, and the stack is in the log.
func (r *Reader) Read(data []byte, o Origin) (d *Draft, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			d, err = Decided(r.in.faulty(report.Message{Place: o.Place, ReceivedAt: o.Received}, fault)), nil
		}
	}()
	switch o.Kind {
	case Beginning:
		return r.beginning(data, o), nil
	case ReportFile:
		return r.reportFile(data, o)
	case Message, File:
	}
	return r.message(data, o)
}

func (r *Reader) message(data []byte, o Origin) (*Draft, error) {
	d := &Draft{Message: report.Message{Place: o.Place, ReceivedAt: o.Received}}
	mail, err := r.read.ReadMail(data)
	Describe(&d.Message, mail.Envelope)
	if o.Kind == File && !isCandidate(mail, data, false) {
		return d, nil
	}
	switch {
	case errors.Is(err, tlsrpt.ErrNoReport) && len(mail.Faults) == 0:
		d.Message.Refused, d.ours = holdsNone, o.Certain || mail.Likelihood == read.Certain
		return d, nil
	case errors.Is(err, tlsrpt.ErrMalformed):
		d.Message.Refused, d.Message.Reason, d.ours = err.Error(), reasonFor(err), true
		return d, nil
	case err != nil:
		return nil, err
	}
	d.ours, d.faults = true, mail.Faults
	d.cases, d.caseOf = r.in.examine(mail.Found, d.Message.ReceivedAt)
	for _, f := range mail.Found {
		d.Message.Forwarded = d.Message.Forwarded || f.Forwarded
		d.reports = append(d.reports, report.Report{Report: f.Report, Auth: report.Authenticity{Result: report.AuthUnchecked}})
	}
	return d, nil
}

func (r *Reader) reportFile(data []byte, o Origin) (*Draft, error) {
	d := &Draft{Message: report.Message{Place: o.Place}}
	found, err := r.read.ReadFile(o.Place.Folder, data)
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
	if r.in.o.Keys != nil {
		auth.Result = report.AuthNone
	}
	d.ours = true
	for _, rep := range found {
		d.reports = append(d.reports, report.Report{Report: rep, Auth: auth})
	}
	return d, nil
}

// beginning judges a message that is larger than Limits.MaxMessage.
func (r *Reader) beginning(data []byte, o Origin) *Draft {
	mail := r.read.ReadHeader(data)
	d := Decided(report.Message{Place: o.Place, Refused: r.in.TooLarge()})
	d.ours = isCandidate(mail, data, true)
	Describe(&d.Message, mail.Envelope)
	return d
}

// TooLarge returns why a message over Limits.MaxMessage is refused.
func (in *Ingester) TooLarge() string {
	return fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", in.o.Limits.MaxMessage)
}

// Describe takes over what a header says of its message.
func Describe(m *report.Message, env read.Envelope) {
	m.MessageID, m.From, m.Subject, m.Submitter = env.MessageID, env.From, env.Subject, env.Submitter
	if m.ReceivedAt.IsZero() {
		m.ReceivedAt = env.Received
	}
}

// examine returns the cases of the reports of a mail that arrived at the given
// time, and which of them each report belongs to: the reports of one message have
// one. There are none where authenticity is not checked.
func (in *Ingester) examine(found []read.Found, arrived time.Time) (cases []Case, of []int) {
	if in.o.Keys == nil {
		return nil, nil
	}
	of = make([]int, len(found))
	for i, f := range found {
		same := slices.IndexFunc(found[:i], func(earlier read.Found) bool { return sameMessage(earlier, f) })
		switch {
		case same >= 0:
			of[i] = of[same]
			continue
		case len(cases) == authMost:
			cases = append(cases, decided(report.Authenticity{Result: report.AuthFail, Reason: report.ReasonTooManyMessages}))
		case len(cases) < authMost:
			cases = append(cases, in.o.Examine(f, arrival(f, arrived)))
		}
		of[i] = len(cases) - 1 // beyond authMost it is the last for all
	}
	return cases, of
}

// sameMessage reports whether two reports lie in the same message of one mail.
func sameMessage(a, b read.Found) bool {
	return len(a.Message) == len(b.Message) && len(a.Message) > 0 && &a.Message[0] == &b.Message[0]
}

// arrival returns when a report's message arrived, in a mail that did so at the
// given time. A forwarded one was signed for an earlier arrival, which the mail
// inside has.
func arrival(f read.Found, arrived time.Time) time.Time {
	if inner := f.Envelope.Received; f.Forwarded && !inner.IsZero() && inner.Before(arrived) {
		return inner
	}
	return arrived
}
