package imapbox

import "tlsbrief/internal/netclient"

// secrets are what a server has been sent to log in. No error is to spread them.
type secrets struct{ filter netclient.Secrets }

// password adds a password or a token.
func (s *secrets) password(p string) { s.filter.Add(p) }

// answer adds what was sent in a SASL exchange.
func (s *secrets) answer(b []byte) { s.filter.AddAnswer(b) }

// hide takes the secrets out of what a server said. It must come before the text
// is cut or made printable, which could leave a part that is not recognized.
func (s *secrets) hide(text string) string { return s.filter.Hide(text) }
