package mailer

import (
	"context"
	"errors"
)

// A Step is one step of a Check.
type Step struct {
	Name   string // one of the Step constants
	Detail string // what was found, in one printable line; may be empty
	Err    error  // nil: it went well; else an *Error
}

// Check does all that Send does up to the recipients, and takes it back: no
// mail is sent. It returns the steps it came to, in order, the failed ones with
// their errors, and these errors joined, nil if there are none.
func (m *Mailer) Check(ctx context.Context, from string, to []string) ([]Step, error) {
	t := &transaction{from: from, results: make([]Result, len(to))}
	for i, address := range to {
		t.results[i].Address = address
	}
	s, err := m.open(ctx)
	if err == nil {
		s.check(ctx, t)
	}
	var errs []error
	for _, step := range s.steps {
		errs = append(errs, step.Err)
	}
	return s.steps, errors.Join(errs...)
}

// check does what comes after the log-in; what failed is noted among the steps.
func (s *session) check(ctx context.Context, t *transaction) {
	defer s.close()
	defer s.quit(ctx)
	if s.prepare(t) != nil || s.mail(ctx, t) != nil {
		return
	}
	s.recipients(ctx, t)
	if s.broken {
		return
	}
	if s.step(ctx, StepReset, "", func(context.Context) error { return s.client.Reset() }) == nil {
		s.addPassedStep(StepReset, "")
	}
}
