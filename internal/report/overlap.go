package report

import "tlsbrief/internal/tlsrpt"

// Overlaps marks the tlsa policies of a report whose sessions it counts under sts as
// well (Q31): about the same domain, equal counts. owners are the domains that the
// policies are about. Each sts policy explains at most one tlsa policy.
func Overlaps(policies []tlsrpt.Policy, owners []string) []bool {
	type counts struct {
		domain             string
		successful, failed tlsrpt.Sessions
	}
	marks := make([]bool, len(policies))
	if len(policies) < 2 {
		return marks
	}
	sts := map[counts]int{}
	for i := range policies {
		if p := &policies[i]; p.Type == tlsrpt.STS {
			sts[counts{owners[i], p.Successful, p.Failed}]++
		}
	}
	for i := range policies {
		p := &policies[i]
		if key := (counts{owners[i], p.Successful, p.Failed}); p.Type == tlsrpt.TLSA && sts[key] > 0 {
			sts[key]--
			marks[i] = true
		}
	}
	return marks
}
