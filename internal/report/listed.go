package report

import (
	"strings"
	"time"

	"tlsbrief/internal/hostname"
)

// A Listed is the set of the reporters that are listed. It is for concurrent use.
type Listed struct {
	pairs     map[Reporter]bool
	domains   map[string]bool // whatever they sign
	addresses map[string]bool // signed by a domain of the same organization
}

// NewListed returns the built-in list with those that a configuration names: a domain
// stands for whatever it signs, an address for what comes from there and is signed by
// a domain of the same organization.
func NewListed(known []string) *Listed {
	l := &Listed{pairs: map[Reporter]bool{}, domains: map[string]bool{}, addresses: map[string]bool{}}
	for _, s := range LargeSenders() {
		l.pairs[ReporterBy(s.Domain, s.From)] = true
	}
	for _, k := range known {
		if strings.Contains(k, "@") {
			l.addresses[NormalizeFrom(k)] = true
		} else {
			l.domains[hostname.Comparable(k)] = true
		}
	}
	return l
}

// Has reports whether a reporter is listed. One whose signature was not checked never is.
func (l *Listed) Has(r Reporter) bool {
	switch {
	case r.Domain == "":
		return false
	case l.pairs[r], l.domains[r.Domain]:
		return true
	}
	// Another domain may sign what is from anybody if it is the submitter's. So the
	// address alone says nothing.
	return r.From != "" && l.addresses[r.From] && hostname.Organizational(r.Domain) == hostname.Organizational(r.FromDomain())
}

// Rank returns the rank of a reporter on a day, given the days on which it was heard.
func (l *Listed) Rank(r Reporter, heard []Heard, on time.Time) Rank {
	switch {
	case l.Has(r):
		return RankListed
	case Settled(heard, on):
		return RankSettled
	}
	return RankNew
}
