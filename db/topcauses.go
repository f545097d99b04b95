package db

import (
	"cmp"
	"maps"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// mostFailureDays is how many causes FailureDays tells apart in all.
const mostFailureDays = 200_000

// A failureGroup is what FailureDays is bounded by.
type failureGroup struct {
	day    int64
	domain string
	kind   tlsrpt.PolicyType
}

// A failureCause is what is told apart in a group.
type failureCause struct {
	result tlsrpt.ResultType
	mx     string
}

// other returns the cause that stands for more than are told apart.
func (c failureCause) other() failureCause {
	if c.result != "" && !c.result.Known() {
		c.result = report.OtherResults
	}
	return failureCause{c.result, report.OtherHosts}
}

// failureSums adds up failures while they are read. What a group holds meanwhile
// is a few times what it will keep, so only more causes than that can make it
// take another for one of the largest.
type failureSums struct {
	groups map[failureGroup]map[failureCause]tlsrpt.Sessions
	held   int // causes of all groups
}

// add counts the sessions of one failure detail.
func (s *failureSums) add(g failureGroup, c failureCause, n tlsrpt.Sessions) {
	c = failureCause{tlsrpt.ResultType(report.ShortName(string(c.result))), report.ShortName(c.mx)}
	causes := s.groups[g]
	if causes == nil {
		causes = map[failureCause]tlsrpt.Sessions{}
		s.groups[g] = causes
	}
	if _, known := causes[c]; !known {
		if len(causes) >= 4*report.MostCauses {
			s.shrink(causes)
		}
		if s.held >= mostFailureDays {
			c = c.other()
		}
	}
	before := len(causes)
	causes[c] = causes[c].Plus(n)
	s.held += len(causes) - before
}

// shrink keeps the largest causes of a group, and adds up the others.
func (s *failureSums) shrink(causes map[failureCause]tlsrpt.Sessions) {
	before := len(causes)
	list := slices.SortedFunc(maps.Keys(causes), func(a, b failureCause) int {
		return cmp.Or(cmp.Compare(causes[b], causes[a]), cmp.Compare(a.result, b.result), cmp.Compare(a.mx, b.mx))
	})
	list = slices.DeleteFunc(list, func(c failureCause) bool { return c.mx == report.OtherHosts })
	for _, c := range list[min(report.MostCauses, len(list)):] {
		causes[c.other()] = causes[c.other()].Plus(causes[c])
		delete(causes, c)
	}
	s.held += len(causes) - before
}

// days returns what was added up, in order.
func (s *failureSums) days() []report.FailureDay {
	var days []report.FailureDay
	for g, causes := range s.groups {
		s.shrink(causes)
		for c, n := range causes {
			days = append(days, report.FailureDay{Day: dayTime(g.day), Domain: g.domain, Type: g.kind, ResultType: c.result, MX: c.mx, Sessions: n})
		}
	}
	slices.SortFunc(days, func(a, b report.FailureDay) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Type, b.Type),
			cmp.Compare(a.ResultType, b.ResultType), cmp.Compare(a.MX, b.MX))
	})
	return days
}
