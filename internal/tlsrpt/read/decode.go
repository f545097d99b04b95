package read

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// read reads the report's object and judges it as a whole.
func (d *decoder) read() error {
	switch kind := d.json.PeekKind(); kind {
	case '{':
	case '[':
		return fault("json", ruleSchema, "a list where a report is due")
	case 0:
		return d.skip() // which fails, and says why
	default:
		// A kind is told by its first letter: whatever begins with n would be null.
		if err := d.alone(); err != nil {
			return err
		}
		return fault("json", ruleSchema, "%s where a report is due", kindName(kind))
	}
	var dates dateRange
	err := d.object("", reportKey, func(key string) (err error) {
		d.known++
		switch key {
		case "organization-name":
			d.report.OrganizationName, err = d.text(key, maxName)
		case "contact-info":
			d.contact = true
			d.report.ContactInfo, err = d.text(key, maxName)
		case "report-id":
			d.report.ReportID, err = d.text(key, maxName)
		case "date-range":
			dates, err = d.dateRange()
		case "policies":
			err = d.policies()
		}
		return err
	})
	if err != nil {
		return err
	}
	if d.known == 0 {
		return &tlsrpt.FieldError{Path: "json", Rule: ruleSchema, Err: fmt.Errorf("%w: an object without any key of one", tlsrpt.ErrNoReport)}
	}
	if err := d.identity(); err != nil {
		return err
	}
	if err := d.dates(dates); err != nil {
		return err
	}
	return d.domains()
}

// alone reads over a string, number or literal that must be all there is, or
// fails and says why not.
func (d *decoder) alone() error {
	if err := d.skip(); err != nil {
		return err
	}
	if _, err := d.json.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
		return d.syntax(err)
	}
	return nil
}

// identity checks that the report says who sent it.
func (d *decoder) identity() error {
	r := d.report
	if r.OrganizationName == "" {
		if r.ContactInfo == "" && r.ReportID == "" {
			return fault("organization-name", ruleSchema, "missing, and so are contact-info and report-id: nothing says whose report it is")
		}
		d.note("organization-name", ruleSchema, "missing or empty")
	}
	if r.ContactInfo == "" && !d.contact {
		d.note("contact-info", ruleSchema, "missing")
	}
	if r.ReportID == "" {
		d.note("report-id", ruleSchema, "missing or empty")
	}
	return nil
}

// A dateRange is a date-range as sent, each end with what is odd about it.
type dateRange struct {
	given      bool
	start, end moment
}

type moment struct {
	sent, odd string
	t         time.Time
	err       error
}

func (d *decoder) dateRange() (r dateRange, err error) {
	if kind := d.json.PeekKind(); kind != '{' {
		if kind != 0 && kind != 'n' {
			return r, d.fail("date-range", ruleFrame, "%s where an object is due", kindName(kind))
		}
		return r, d.skip()
	}
	r.given = true
	err = d.object("date-range.", rangeKey, func(key string) (err error) {
		to := &r.start
		if key == "end-datetime" {
			to = &r.end
		}
		if to.sent, err = d.bareTime("date-range." + key); err != nil {
			return err
		}
		to.t, to.odd, to.err = parseTime(to.sent)
		return nil
	})
	return r, err
}

// bareTime reads what stands for a time; null and the like as "".
func (d *decoder) bareTime(field string) (string, error) {
	switch d.json.PeekKind() {
	case '"', '0':
		return d.bareText(field)
	}
	return "", d.skip()
}

// dates checks the date-range and takes it over.
func (d *decoder) dates(r dateRange) error {
	if !r.given {
		return fault("date-range", ruleFrame, "missing")
	}
	for _, m := range [...]struct {
		field string
		moment
	}{{"date-range.start-datetime", r.start}, {"date-range.end-datetime", r.end}} {
		switch {
		case m.sent == "":
			return fault(m.field, ruleFrame, "missing")
		case m.err != nil:
			return fault(m.field, ruleFrame, "%s %w", quoted(m.sent), m.err)
		case m.odd != "":
			d.note(m.field, ruleFrame+", Q1", m.odd)
		}
	}
	if r.end.t.Before(r.start.t) {
		return fault("date-range", ruleFrame, "ends %s, before it starts %s",
			r.end.t.Format(time.RFC3339), r.start.t.Format(time.RFC3339))
	}
	d.report.Start, d.report.End = r.start.t, r.end.t
	return nil
}

// domains gives policies without a domain the one that the report shows
// elsewhere, sets aside those for which it shows none, and checks that there is
// a policy left (DESIGN 6).
func (d *decoder) domains() error {
	kept := d.report.Policies[:0]
	for i, p := range d.report.Policies {
		if p.Domain == "" {
			domain, source := d.hints.domain(d.report.ReportID)
			d.policy = d.indexes[i]
			if domain == "" {
				d.setAside(d.fail("policy.policy-domain", ruleSchema+", Q11", "missing, and neither report-id nor Subject nor file name shows it"))
				continue
			}
			d.note("policy.policy-domain", ruleSchema+", Q11", "missing; "+domain+" is taken from the "+source)
			p.Domain, p.Hinted = domain, source != "report-id"
		}
		kept = append(kept, p)
	}
	d.policy = -1
	clear(d.report.Policies[len(kept):])
	d.report.Policies = kept
	switch {
	case len(kept) > 0:
		return nil
	case d.aside != nil:
		return fmt.Errorf("no policy is left: %w", d.aside)
	}
	return fault("policies", ruleSchema+", Q23", "missing or empty")
}

// setAside notes that the policy being read is set aside.
func (d *decoder) setAside(e *tlsrpt.FieldError) {
	d.aside = e
	d.noteAside(e, "the policy is set aside")
}

// ip reads an IP address; what is none is kept as sent.
func (d *decoder) ip(field string) (string, error) {
	s, err := d.text(field, maxName)
	if err != nil {
		return "", err
	}
	s = strings.TrimSpace(s)
	if _, bad := netip.ParseAddr(s); bad != nil {
		switch {
		case s == "":
			d.note(field, ruleSchema+", Q33", "empty where an IP address is due")
		default:
			d.note(field, ruleSchema, "not an IP address; kept as sent")
		}
	}
	return s, nil
}

// uri reads additional-information, which is kept whatever it is (R18).
func (d *decoder) uri(field string) (string, error) {
	s, err := d.text(field, maxText)
	if err != nil {
		return "", err
	}
	if s = strings.TrimSpace(s); s != "" {
		if u, bad := url.Parse(s); bad != nil || u.Scheme == "" || strings.ContainsAny(s, " \t\r\n") {
			d.note(field, ruleSchema, "not a URI; kept as sent")
		}
	}
	return s, nil
}

// domain reads a domain name, normalized.
func (d *decoder) domain(field string) (string, error) {
	s, err := d.text(field, maxName)
	if err != nil || s == "" {
		return "", err
	}
	domain, change := hostname.Normalize(s)
	if change != hostname.Unchanged {
		d.note(field, ruleSchema+", Q21", changeNote(change))
	}
	return domain, nil
}

// changeNote words what became of a name that is not in its normal form; empty
// for one that is.
func changeNote(c hostname.Change) string {
	return [...]string{
		hostname.DotRemoved: "a dot at the end; removed",
		hostname.Lowered:    "upper-case letters; read as lower case",
		hostname.Encoded:    "an internationalized name; read as its A-label",
		hostname.NotName:    "not a domain name; kept as sent",
	}[c]
}
