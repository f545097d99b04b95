package facts

import (
	"cmp"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A UncountedTally adds up the reports that do not count, by who claims to have
// sent them and why they are not believed.
type UncountedTally struct {
	Reports map[int64]struct{}
	Senders map[UncountedSender]*UncountedReports
	causes  int // of all senders
	named   int // domains of all senders
}

// A UncountedSender tells groups of reports that do not count apart.
type UncountedSender struct {
	Result       report.AuthResult
	Reason       report.Reason
	Signer       string // may be empty: not signed
	Organization string
	File         bool // it came as a file of its own, which nothing can sign
	Others       bool // stands for more senders than are told apart; Organization is OtherSenders
}

// A UncountedCause is a cause in such a report, with the domain it is about.
type UncountedCause struct {
	Domain string
	Cause
}

// UncountedReports is what one such sender claims.
type UncountedReports struct {
	UncountedSender
	Reports map[int64]struct{}
	domains map[string]struct{}
	Claimed Totals
	causes  map[UncountedCause]tlsrpt.Sessions
}

func newUncountedTally() UncountedTally {
	return UncountedTally{Reports: map[int64]struct{}{}, Senders: map[UncountedSender]*UncountedReports{}}
}

// add counts a row of a report that does not count.
func (u *UncountedTally) add(row *report.PolicyRow) {
	u.Reports[row.ReportRow] = struct{}{}
	file := row.Auth.Result == report.AuthNone && row.MessageID == "" && row.ReceivedAt.IsZero()
	key := UncountedSender{row.Auth.Result, report.Reason(report.ShortName(string(row.Auth.Reason))), report.ShortName(row.Auth.Domain), report.ShortName(row.Report.OrganizationName), file, false}
	s := u.Senders[key]
	if s == nil && len(u.Senders) >= MaxSenders {
		key = UncountedSender{Result: key.Result, Organization: OtherSenders, File: file, Others: true}
		s = u.Senders[key]
	}
	if s == nil {
		s = &UncountedReports{
			UncountedSender: key,
			Reports:         map[int64]struct{}{},
			domains:         map[string]struct{}{},
			causes:          map[UncountedCause]tlsrpt.Sessions{},
		}
		u.Senders[key] = s
	}
	s.Reports[row.ReportRow] = struct{}{}
	if _, known := s.domains[row.Domain()]; !known && u.named < MaxDomains {
		s.domains[row.Domain()] = struct{}{}
		u.named++
	}
	if !row.Overlap {
		s.Claimed.Add(row.Policy.Successful, row.Policy.Failed)
	}
	shares := causesOf(row)
	for _, c := range largestFirst(shares) {
		k := u.keep(s, UncountedCause{row.Domain(), c})
		s.causes[k] = s.causes[k].Plus(shares[c].sessions)
	}
}

// keep returns the cause to count another under: that one while there is room.
func (u *UncountedTally) keep(s *UncountedReports, c UncountedCause) UncountedCause {
	if _, known := s.causes[c]; known {
		return c
	}
	if len(s.causes) >= MaxCauses || u.causes >= maxAllCauses {
		return UncountedCause{OtherDomains, Cause{MX: report.OtherHosts}}
	}
	u.causes++
	return c
}

// Domains returns the domains that such reports speak of.
func (u *UncountedTally) Domains() map[string]struct{} {
	out := map[string]struct{}{}
	for _, s := range u.Senders {
		for d := range s.domains {
			out[d] = struct{}{}
		}
	}
	return out
}

// Sorted returns the groups, those with the most claimed failures first.
func (u *UncountedTally) Sorted() []*UncountedReports {
	out := make([]*UncountedReports, 0, len(u.Senders))
	for _, s := range u.Senders {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *UncountedReports) int {
		return cmp.Or(
			cmp.Compare(b.Claimed.Failed, a.Claimed.Failed),
			cmp.Compare(a.Signer, b.Signer), cmp.Compare(a.Organization, b.Organization),
			cmp.Compare(a.Result, b.Result), cmp.Compare(a.Reason, b.Reason),
		)
	})
	return out
}

// A Claim is a cause with its claimed sessions, and who claims it.
type Claim struct {
	Domain string
	Cause
	Sessions  tlsrpt.Sessions
	Claimants []*UncountedReports
}

// Claims returns the causes that reports claim which do not count, those of all
// senders together, the largest first.
func Claims(all []*UncountedReports) []Claim {
	sums := map[UncountedCause]*Claim{}
	for _, s := range all {
		for c, n := range s.causes {
			f := sums[c]
			if f == nil {
				f = &Claim{Domain: c.Domain, Cause: c.Cause}
				sums[c] = f
			}
			f.Sessions = f.Sessions.Plus(n)
			f.Claimants = append(f.Claimants, s)
		}
	}
	out := make([]Claim, 0, len(sums))
	for _, f := range sums {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Claim) int {
		return cmp.Or(
			CompareOthers(a.Cause, b.Cause),
			cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Domain, b.Domain),
			CompareCauses(a.Cause, b.Cause),
		)
	})
	return out
}
