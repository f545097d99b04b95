package digest

import (
	"cmp"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// An uncountedTally adds up the reports that do not count, by who claims to have
// sent them and why they are not believed.
type uncountedTally struct {
	reports map[int64]struct{}
	senders map[uncountedSender]*uncountedReports
	causes  int // of all senders
	named   int // domains of all senders
}

// An uncountedSender tells groups of reports that do not count apart.
type uncountedSender struct {
	Result       report.AuthResult
	Reason       string
	Signer       string // may be empty: not signed
	Organization string
	File         bool // it came as a file of its own, which nothing can sign
}

// An uncountedCause is a cause in such a report, with the domain it is about.
type uncountedCause struct {
	Domain string
	cause
}

// uncountedReports is what one such sender claims.
type uncountedReports struct {
	uncountedSender
	reports map[int64]struct{}
	domains map[string]struct{}
	claimed totals
	causes  map[uncountedCause]tlsrpt.Sessions
}

func newUncountedTally() uncountedTally {
	return uncountedTally{reports: map[int64]struct{}{}, senders: map[uncountedSender]*uncountedReports{}}
}

// add counts a row of a report that does not count.
func (u *uncountedTally) add(row *report.PolicyRow) {
	u.reports[row.ReportRow] = struct{}{}
	file := row.Auth.Result == report.AuthNone && row.MessageID == "" && row.ReceivedAt.IsZero()
	key := uncountedSender{row.Auth.Result, report.ShortName(row.Auth.Reason), report.ShortName(row.Auth.Domain), report.ShortName(row.Report.OrganizationName), file}
	s := u.senders[key]
	if s == nil && len(u.senders) >= maxSenders {
		key = uncountedSender{Result: key.Result, Organization: otherSenders, File: file}
		s = u.senders[key]
	}
	if s == nil {
		s = &uncountedReports{
			uncountedSender: key,
			reports:         map[int64]struct{}{},
			domains:         map[string]struct{}{},
			causes:          map[uncountedCause]tlsrpt.Sessions{},
		}
		u.senders[key] = s
	}
	s.reports[row.ReportRow] = struct{}{}
	if _, known := s.domains[row.Domain()]; !known && u.named < maxDomains {
		s.domains[row.Domain()] = struct{}{}
		u.named++
	}
	if !row.Overlap {
		s.claimed.add(row.Policy.Successful, row.Policy.Failed)
	}
	shares := causesOf(row)
	for _, c := range largestFirst(shares) {
		k := u.keep(s, uncountedCause{row.Domain(), c})
		s.causes[k] = s.causes[k].Plus(shares[c].sessions)
	}
}

// keep returns the cause to count another under: that one while there is room.
func (u *uncountedTally) keep(s *uncountedReports, c uncountedCause) uncountedCause {
	if _, known := s.causes[c]; known {
		return c
	}
	if len(s.causes) >= maxCauses || u.causes >= maxAllCauses {
		return uncountedCause{otherDomains, cause{MX: report.OtherHosts}}
	}
	u.causes++
	return c
}

// domains returns the domains that such reports speak of.
func (u *uncountedTally) domains() map[string]struct{} {
	out := map[string]struct{}{}
	for _, s := range u.senders {
		for d := range s.domains {
			out[d] = struct{}{}
		}
	}
	return out
}

// sorted returns the groups, those with the most claimed failures first.
func (u *uncountedTally) sorted() []*uncountedReports {
	out := make([]*uncountedReports, 0, len(u.senders))
	for _, s := range u.senders {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *uncountedReports) int {
		return cmp.Or(
			cmp.Compare(b.claimed.Failed, a.claimed.Failed),
			cmp.Compare(a.Signer, b.Signer), cmp.Compare(a.Organization, b.Organization),
			cmp.Compare(a.Result, b.Result), cmp.Compare(a.Reason, b.Reason),
		)
	})
	return out
}

// An uncountedFailure is a cause with its claimed sessions, and who claims it.
type uncountedFailure struct {
	uncountedCause
	Sessions  tlsrpt.Sessions
	Claimants []string
}

// claimed returns the causes that reports claim which do not count, those of all
// senders together, the largest first.
func claimed(all []*uncountedReports) []uncountedFailure {
	sums := map[uncountedCause]*uncountedFailure{}
	for _, s := range all {
		name := quoted(cmp.Or(short(s.Organization), short(s.Signer), "an unnamed organization"))
		if s.Organization == otherSenders {
			name = "other senders"
		}
		for c, n := range s.causes {
			f := sums[c]
			if f == nil {
				f = &uncountedFailure{uncountedCause: c}
				sums[c] = f
			}
			f.Sessions = f.Sessions.Plus(n)
			if !slices.Contains(f.Claimants, name) {
				f.Claimants = append(f.Claimants, name)
			}
		}
	}
	out := make([]uncountedFailure, 0, len(sums))
	for _, f := range sums {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b uncountedFailure) int {
		return cmp.Or(
			compareOthers(a.cause, b.cause),
			cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Domain, b.Domain),
			compareCauses(a.cause, b.cause),
		)
	})
	return out
}
