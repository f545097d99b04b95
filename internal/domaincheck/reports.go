package domaincheck

import (
	"fmt"

	"tlsbrief/internal/tlsrpt"
)

// reports says what the reports mean for the policy as it is now.
func (l *run) reports(p *stsPolicy) {
	t := l.domain.Reports
	switch {
	case p.mode == tlsrpt.ModeEnforce && t.Failed > 0:
		l.add(STSUrgent, "", fmt.Sprintf("The MTA-STS policy is in mode enforce, and the reports of the last week tell of sessions that failed under it, %d in all: senders keep such mail back.", t.Failed),
			"Mend what the digest names. If that cannot be done today, write mode: testing into the policy, and change the id of the record.")
	case p.mode == tlsrpt.ModeTesting && t.Ready != "":
		l.add(STSReady, "", "The MTA-STS policy can be enforced: "+t.Ready, "Write mode: enforce into the policy, and change the id of the record.")
	}
}
