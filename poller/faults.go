package poller

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// Why a message is pending.
var (
	errNoHeader = errors.New("the server gives no header for it")
	errNoBody   = errors.New("the server gives no body for it")
	errStandIn  = errors.New("the server gives a stand-in for it: it says that it could not convert the message")
	errDeadly   = errors.New("tlsbrief ended twice while it read the message")
)

// faultOf returns the code for why a mailbox or a folder could not be read; empty for nil.
func faultOf(err error) report.Fault {
	var step *imapbox.StepError
	var dns *net.DNSError
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, imapbox.ErrMayNotOpen):
		return report.FaultNotAllowed
	case errors.Is(err, imapbox.ErrExpired):
		return report.FaultExpired
	case errors.Is(err, imapbox.ErrToken):
		return report.FaultToken
	case errors.Is(err, imapbox.ErrAuth):
		return report.FaultAuth
	case errors.As(err, &step) && step.Step == imapbox.StepCredentials: // below, it would be taken for the mail server's
		return report.FaultOther
	case errors.As(err, &certificate):
		return report.FaultCertificate
	case errors.As(err, &dns):
		return report.FaultDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return report.FaultRefused
	case errors.Is(err, imapbox.ErrUnavailable), imapbox.Throttled(err):
		return report.FaultUnavailable
	case errors.Is(err, imapbox.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return report.FaultTimeout
	}
	return report.FaultOther
}

// refusal reports whether the server refused what it was asked for, and not to be asked
// at all: the connection holds, and asking later will not help.
func refusal(err error) bool {
	return imapbox.Refusal(err) && !errors.Is(err, imapbox.ErrNoFolder)
}

// broke reports whether the connection ended while messages were asked for, and for no
// reason that the server gave.
func broke(err error) bool {
	var step *imapbox.StepError
	return errors.As(err, &step) && len(step.UIDs) > 0 && !imapbox.Throttled(err) &&
		(errors.Is(err, imapbox.ErrLost) || errors.Is(err, imapbox.ErrProtocol) || errors.Is(err, imapbox.ErrTimeout))
}

// stuckAt returns the message at which the server's answer broke off; 0 where that is
// not known, as where it refused.
func stuckAt(err error) uint32 {
	var step *imapbox.StepError
	if !broke(err) || !errors.As(err, &step) {
		return 0
	}
	return step.Stuck
}

// isLost reports whether an error may be about the one message that was asked for.
func isLost(err error) bool { return broke(err) || refusal(err) || errors.Is(err, errNoHeaders) }
