package smtpsink

// TB is the part of testing.TB that New needs. It keeps package testing out of the
// program, which uses this package for the demo.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(func())
}

// New starts a server for a test and closes it at the test's end.
func New(t TB, o Options) *Sink {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatalf("starting an SMTP sink: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the SMTP sink: %v", err)
		}
	})
	return s
}
