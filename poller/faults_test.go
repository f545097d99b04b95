package poller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

func TestFaultOf(t *testing.T) {
	t.Parallel()
	at := func(step string, err error) error { return &imapbox.StepError{Step: step, Mailbox: "m", Err: err} }
	noHost := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "gone", IsNotFound: true}}
	for _, tt := range []struct {
		err  error
		want report.Fault
	}{
		{nil, ""},
		{at("login", fmt.Errorf("%w: no", imapbox.ErrPassword)), report.FaultAuth},
		{at("login", fmt.Errorf("%w: no", imapbox.ErrToken)), report.FaultToken},
		{at("login", fmt.Errorf("%w: %w: no", imapbox.ErrToken, imapbox.ErrMayNotOpen)), report.FaultNotAllowed},
		{at("login", fmt.Errorf("%w: no (%w)", imapbox.ErrPassword, &imapbox.Reply{Status: "NO", Code: "EXPIRED"})), report.FaultExpired},
		{at(imapbox.StepCredentials, imapbox.ErrExpired), report.FaultExpired},
		{at(imapbox.StepCredentials, errors.New("no such file")), report.FaultOther},
		{at(imapbox.StepCredentials, noHost), report.FaultOther},
		{at("connect", noHost), report.FaultDNS},
		{at("connect", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), report.FaultRefused},
		{at("connect", &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}), report.FaultTimeout},
		{at("search", imapbox.ErrTimeout), report.FaultTimeout},
		{at("search", context.DeadlineExceeded), report.FaultTimeout},
		{at("tls", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), report.FaultCertificate},
		{at("login", imapbox.ErrUnavailable), report.FaultUnavailable},
		{at("login", &imapbox.Reply{Status: "NO", Code: "LIMIT"}), report.FaultUnavailable},
		{at("status", imapbox.ErrNoFolder), report.FaultOther},
		{errors.New("a log-in refused, timeout, x509: no such host"), report.FaultOther},
	} {
		if got := faultOf(tt.err); got != tt.want {
			t.Errorf("faultOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}
