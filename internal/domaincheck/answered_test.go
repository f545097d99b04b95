package domaincheck

import (
	"testing"
	"time"
)

// The Date of a policy host is told, but not that of one whom only reports name: it is
// a stranger's.
func TestTheDateOfOnesOwnPolicyHostIsTold(t *testing.T) {
	t.Parallel()
	for _, reported := range []bool{false, true} {
		r := newRig(t)
		r.domain.Reported = reported
		r.options.Private = true // the rig's hosts are on this machine
		var hosts []string
		r.options.Answered = func(host string, date time.Time) {
			if date.IsZero() {
				t.Error("the answer has no Date")
			}
			hosts = append(hosts, host)
		}
		r.checker().Check(t.Context(), r.domain)
		if told := len(hosts) == 1 && hosts[0] == "mta-sts.healthy.example"; told == reported {
			t.Errorf("named by reports alone: %t; told of %q", reported, hosts)
		}
	}
}
