package imapbox

import "time"

// SetTimeouts changes the waits of a session that is open, so that a test may log
// in at leisure and then wait out a short timeout: for the next bytes, and for a
// whole command.
func SetTimeouts(s *Session, next, command time.Duration) {
	s.wait, s.limit = next, command
}
