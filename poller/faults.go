package poller

import (
	"errors"

	"tlsbrief/poller/imapbox"
)

// Why a message is pending.
var (
	errNoHeader = errors.New("the server gives no header for it")
	errNoBody   = errors.New("the server gives no body for it")
	errStandIn  = errors.New("the server gives a stand-in for it: it says that it could not convert the message")
	errDeadly   = errors.New("tlsbrief ended twice while it read the message")
)

// refusal reports whether the server refused what it was asked for, and not to be asked
// at all: the connection holds, and asking later will not help.
func refusal(err error) bool {
	var reply *imapbox.Reply
	if !errors.As(err, &reply) || reply.Status != "NO" && reply.Status != "BAD" {
		return false
	}
	// SERVERBUG is what Dovecot says of a message that it cannot read.
	return reply.Code == "SERVERBUG" || !imapbox.Temporary(err) && !errors.Is(err, imapbox.ErrNoFolder)
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
