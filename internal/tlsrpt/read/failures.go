package read

import (
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// failures reads failure-details: a list, or one detail that is not in a list
// (Q15).
func (d *decoder) failures(e *entry) error {
	e.Failures, e.largest, e.details, e.full = nil, 0, 0, false
	switch kind := d.json.PeekKind(); kind {
	case '[':
	case '{':
		d.note("failure-details", ruleSchema+", Q15", "an object where a list is due; read as a list of one")
		return d.failureAt(e, 0)
	default:
		if kind != 0 {
			d.note("failure-details", ruleSchema, kindName(kind)+" where a list is due; read as empty")
		}
		return d.skip()
	}
	if _, err := d.token(); err != nil {
		return err
	}
	for i := 0; d.json.PeekKind() != ']'; i++ {
		if err := d.failureAt(e, i); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// failureAt reads one failure detail and keeps it, or sets it aside.
func (d *decoder) failureAt(e *entry, index int) error {
	if d.details++; d.details > d.left.details {
		return d.fail("failure-details", ruleBounds, "more than %d in one message or file, the limit reports.max_failures", d.limits.MaxFailures)
	}
	e.details++
	d.detail = index
	defer func() { d.detail = -1 }()
	if kind := d.json.PeekKind(); kind != '{' {
		if err := d.skip(); err != nil {
			return err
		}
		d.noteAside(d.fail("result-type", ruleResults, "%s where a failure detail is due", kindName(kind)), "the detail is set aside")
		return nil
	}
	var f tlsrpt.Failure
	var c count
	err := d.object("", failureKey, func(key string) (err error) {
		if key == "failed-session-count" {
			c, err = d.count(key, ruleSchema)
			return err
		}
		return d.failureField(&f, key)
	})
	switch {
	case err != nil:
		return err
	case c.err != nil:
		d.noteAside(c.err, "the detail is set aside")
		return nil
	case !c.given:
		d.note("failed-session-count", ruleSchema, "missing; read as 1, the least that a detail can stand for")
		c.n, f.Uncounted = 1, true
	}
	if f.ResultType == "" {
		d.note("result-type", ruleResults, "missing or empty")
	}
	f.Sessions = c.n
	e.largest = max(e.largest, c.n)
	switch {
	case d.keepsFailure(&f):
		e.Failures = append(e.Failures, f)
	case !e.full:
		e.full, d.detail = true, -1
		d.noteFull("failure-details")
	}
	return nil
}

// inferCounts counts the details of a policy none of which has a count, where all are
// of one cause: they stand for its total.
func (d *decoder) inferCounts(p *tlsrpt.Policy) {
	for i := range p.Failures {
		f, first := &p.Failures[i], &p.Failures[0]
		if !f.Uncounted || f.ResultType != first.ResultType || f.ReceivingMXHostname != first.ReceivingMXHostname {
			return
		}
	}
	if n := tlsrpt.Sessions(len(p.Failures)); n > 0 && p.Failed > n {
		p.Failures[0].Sessions += p.Failed - n
		d.note("failure-details", ruleSchema, "all of one cause, and without counts; read as the policy's total")
	}
}

// failureField reads one field of a failure detail.
func (d *decoder) failureField(f *tlsrpt.Failure, key string) (err error) {
	switch key {
	case "result-type":
		var s string
		if s, err = d.text(key, maxName); err == nil {
			f.ResultType = tlsrpt.ResultType(d.word(key, s, func(w string) bool { return tlsrpt.ResultType(w).Known() }))
		}
	case "sending-mta-ip":
		f.SendingMTAIP, err = d.ip(key)
	case "receiving-ip":
		f.ReceivingIP, err = d.ip(key)
	case "receiving-mx-hostname":
		f.ReceivingMXHostname, err = d.domain(key)
	case "receiving-mx-helo":
		if f.ReceivingMXHELO, err = d.text(key, maxText); strings.Contains(f.ReceivingMXHELO, "\n") {
			d.note(key, ruleSchema+", Q33", "several lines; kept as sent")
		}
	case "additional-information":
		f.AdditionalInformation, err = d.uri(key)
	case "failure-reason-code":
		f.ReasonCode, err = d.text(key, maxText)
	}
	return err
}
