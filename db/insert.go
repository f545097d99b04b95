package db

import "tlsbrief/internal/report"

// insertReport records a report that is new, whose identity is recorded already,
// with all that hangs on it.
func (t *tx) insertReport(id int64, c *report.Report, from origin) error {
	seq, err := t.nextSeq()
	if err != nil {
		return err
	}
	deviations, err := deviationsJSON(c.Deviations)
	if err != nil {
		return err
	}
	reporter := report.ReporterOf(c.Report, c.Auth, from.submitter)
	if reporter != c.OrganizationName {
		reporter = clip(reporter)
	}
	if err := t.reports.add(id, seq, from.message, t.now, from.via, dayOf(c.Start), c.Start.Unix(), c.End.Unix(), c.OrganizationName, c.ContactInfo, c.ReportID,
		reporter, c.Auth.Result, clip(c.Auth.Domain), clip(string(c.Auth.Reason)), c.Auth.Result.Counts(), deviations, c.Prepared.Packed,
		c.Start.Nanosecond(), c.End.Nanosecond()); err != nil {
		return err
	}
	return t.insertPolicies(id, c)
}

// insertPolicies records the policies of a report and their failures.
func (t *tx) insertPolicies(id int64, c *report.Report) error {
	about := c.OwnerDomains()
	overlaps := report.Overlaps(c.Policies, about)
	day, counts := dayOf(c.Start), c.Auth.Result.Counts()
	for i := range c.Policies {
		p := &c.Policies[i]
		domain, err := t.domainID(p.Domain)
		if err != nil {
			return err
		}
		owner, err := t.domainID(about[i])
		if err != nil {
			return err
		}
		lines, err := listJSON(p.Strings)
		if err != nil {
			return err
		}
		hosts, err := listJSON(p.MXHosts)
		if err != nil {
			return err
		}
		if err := t.policies.add(id, i, domain, owner, day, p.Type, counts, overlaps[i], p.Successful, p.Failed, len(p.Failures), p.Mode, lines, hosts); err != nil {
			return err
		}
	}
	for i := range c.Policies {
		for j := range c.Policies[i].Failures {
			f := &c.Policies[i].Failures[j]
			if err := t.failures.add(id, i, j, f.ResultType, f.SendingMTAIP, f.ReceivingMXHostname, f.ReceivingMXHELO,
				f.ReceivingIP, f.Sessions, f.AdditionalInformation, f.ReasonCode); err != nil {
				return err
			}
		}
	}
	return nil
}
