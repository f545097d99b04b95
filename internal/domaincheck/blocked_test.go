package domaincheck

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Where the port is blocked, few domains are waited for at length; one server that
// answers shows that it is not.
func TestABlockedPortIsNotWaitedForAtEachDomain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	smtp := fmt.Sprint(":", r.SMTPPort)
	var failure error
	var short []bool // whether each connection was waited for no longer than blockedWait
	r.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, smtp) {
			deadline, _ := ctx.Deadline()
			short = append(short, time.Until(deadline) <= blockedWait)
			if failure != nil {
				return nil, failure
			}
			ctx = context.WithoutCancel(ctx) // a busy machine may need longer than that short time
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	c := r.checker()
	look := func(err error, times int, want bool) {
		t.Helper()
		failure = err
		for range times {
			c.Check(t.Context(), r.domain)
			if n := len(short); short[n-1] != want {
				t.Errorf("connection %d is waited for a short time: %v, want %v (%v)", n, !want, want, err)
			}
		}
	}
	look(syscall.ECONNREFUSED, 2*blockedAfter, false) // somebody answers
	look(context.DeadlineExceeded, blockedAfter, false)
	look(context.DeadlineExceeded, 2, true)
	look(syscall.ECONNREFUSED, 1, true)
	look(nil, 1, true)
	look(context.DeadlineExceeded, 2*blockedAfter, false)
}
