package read

import (
	"strings"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// policies reads the list of policies. One policy that is not in a list is read
// as a list of one.
func (d *decoder) policies() error {
	d.report.Policies, d.indexes = nil, nil // of a key that is there twice, the last counts
	switch kind := d.json.PeekKind(); kind {
	case '[':
	case '{':
		d.note("policies", ruleSchema+", R13", "an object where a list is due; read as a list of one")
		d.policy = 0
		defer func() { d.policy = -1 }()
		return d.entry()
	default:
		if kind != 'n' && kind != 0 {
			d.note("policies", ruleSchema+", R13", kindName(kind)+" where a list is due; ignored")
		}
		return d.skip()
	}
	if _, err := d.token(); err != nil {
		return err
	}
	defer func() { d.policy = -1 }()
	for d.policy = 0; d.json.PeekKind() != ']'; d.policy++ {
		if d.policy >= d.left.policies {
			d.policy = -1
			return fault("policies", ruleBounds, "more than %d in one message or file, the limit reports.max_policies", d.limits.MaxPolicies)
		}
		if kind := d.json.PeekKind(); kind != '{' {
			if err := d.skip(); err != nil {
				return err
			}
			d.setAside(d.fail("policy", ruleSchema, "%s where a policy is due", kindName(kind)))
			continue
		}
		if err := d.entry(); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// An entry is one element of policies as it is read.
type entry struct {
	tlsrpt.Policy
	successful, failed count
	largest            tlsrpt.Sessions // of the details
	details            int             // read, whether kept or not
	full               bool            // some were not kept
}

// entry reads one element of policies and keeps it, or sets it aside.
func (d *decoder) entry() error {
	var e entry
	err := d.object("", entryKey, func(key string) error {
		switch {
		case key == "failure-details":
			return d.failures(&e)
		case d.json.PeekKind() != '{':
			if kind := d.json.PeekKind(); kind != 'n' && kind != 0 {
				d.note(key, ruleSchema, kindName(kind)+" where an object is due; ignored")
			}
			return d.skip()
		case key == "policy":
			return d.object("policy.", policyKey, func(key string) error { return d.policyField(&e.Policy, key) })
		default:
			return d.object("summary.", summaryKey, func(key string) (err error) {
				if key == "total-successful-session-count" {
					e.successful, err = d.count("summary."+key, ruleSuccess)
				} else {
					e.failed, err = d.count("summary."+key, ruleFailure)
				}
				return err
			})
		}
	})
	if err != nil {
		return err
	}
	if fault := d.totals(&e); fault != nil {
		d.setAside(fault)
		return nil
	}
	if e.details == len(e.Failures) {
		d.inferCounts(&e.Policy)
	}
	d.judgeType(&e.Policy)
	e.Strings = d.policyLines(e.Strings)
	e.Mode = tlsrpt.ModeOf(e.Type, e.Strings)
	d.keepsLists(&e.Policy)
	d.report.Policies = append(d.report.Policies, e.Policy)
	d.indexes = append(d.indexes, d.policy)
	return nil
}

// totals settles the totals of a policy, or says what is wrong with them.
func (d *decoder) totals(e *entry) *tlsrpt.FieldError {
	const successful, failed = "summary.total-successful-session-count", "summary.total-failure-session-count"
	switch {
	case e.successful.err != nil:
		return e.successful.err
	case e.failed.err != nil:
		return e.failed.err
	case !e.successful.given && !e.failed.given && e.details == 0:
		return d.fail("summary", ruleSuccess, "no session counts at all")
	}
	e.Successful, e.Failed = e.successful.n, e.failed.n
	if !e.successful.given {
		d.note(successful, ruleSuccess, "missing; read as 0")
	}
	switch {
	case e.failed.given && e.largest > e.Failed:
		d.note(failed, ruleFailure, "less than its largest failure detail; kept as sent")
	case e.failed.given:
	case len(e.Failures) > 0 || e.full:
		e.Failed = e.largest
		d.note(failed, ruleFailure+", Q20", "missing beside failure details; read as the largest of them")
	case e.details > 0:
		return d.fail(failed, ruleFailure, "missing, and no failure detail can be read")
	default:
		d.note(failed, ruleFailure+", Q20", "missing, and there are no failure details; read as 0")
	}
	return nil
}

// policyField reads one field of a policy object.
func (d *decoder) policyField(p *tlsrpt.Policy, key string) (err error) {
	field := "policy." + key
	switch key {
	case "policy-type":
		var s string
		if s, err = d.text(field, maxName); err == nil {
			p.Type = tlsrpt.PolicyType(d.word(field, s, func(w string) bool { return tlsrpt.PolicyType(w).Known() }))
		}
	case "policy-domain":
		p.Domain, err = d.domain(field)
	case "mx-host":
		p.MXHosts, err = d.mxHosts(field)
	case "policy-string":
		var single bool
		if p.Strings, single, err = d.list(field); err == nil && single {
			p.Strings = splitPolicy(p.Strings)
		}
	}
	return err
}

// word reads a value out of a registry: lower case, with hyphens where that
// makes it a known one. Others are kept, in lower case (R17).
func (d *decoder) word(field, sent string, known func(string) bool) string {
	w := strings.ToLower(strings.TrimSpace(sent))
	if hyphened := strings.ReplaceAll(w, "_", "-"); known(hyphened) {
		w = hyphened
	}
	if w != sent {
		d.note(field, ruleSchema+", Q21", "written as "+quoted(sent))
	}
	if w != "" && !known(w) {
		d.note(field, ruleResults+", Q20", quoted(w)+" is not known to RFC 8460; kept")
	}
	return w
}

// judgeType notes a missing policy-type, and infers it where the policy itself
// shows it.
func (d *decoder) judgeType(p *tlsrpt.Policy) {
	if p.Type != "" {
		return
	}
	for _, line := range p.Strings {
		key, value, _ := strings.Cut(strings.ToLower(line), ":")
		if strings.TrimSpace(key) == "version" && strings.TrimSpace(value) == "stsv1" {
			p.Type = tlsrpt.STS
		}
	}
	if p.Type != "" {
		d.note("policy.policy-type", ruleSchema, "missing; sts, by its policy-string")
		return
	}
	d.note("policy.policy-type", ruleSchema, "missing; counted under no known type")
}

// mxHosts reads mx-host: patterns, normalized.
func (d *decoder) mxHosts(field string) ([]string, error) {
	list, single, err := d.list(field)
	if err != nil {
		return nil, err
	}
	prefixed, split := false, false
	hosts := list[:0:0]
	for _, s := range list {
		s = strings.TrimSpace(s)
		if len(s) > 3 && strings.EqualFold(s[:3], "mx:") {
			s, prefixed = strings.TrimSpace(s[3:]), true
		}
		names := []string{s}
		if single && strings.ContainsAny(s, ", \t\r\n") {
			names = strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
			split = true
		}
		for _, name := range names {
			host, change := hostname.Normalize(name)
			if change != hostname.Unchanged {
				d.note(field, ruleSchema+", Q21", changeNote(change))
			}
			if host == "" {
				continue
			}
			if len(hosts) <= maxElements {
				hosts = append(hosts, d.shortened(field, host, maxName))
			}
		}
	}
	if prefixed {
		d.note(field, ruleSchema+", Q10", `"mx:" before the name; removed`)
	}
	if split {
		d.note(field, ruleSchema+", Q12", "several names in one string")
	}
	return d.firstElements(field, hosts), nil
}
