package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller/imapbox"
)

// A Step is one thing that Verify tried.
type Step struct {
	Name   string    // such as "log-in" or `folder "INBOX"`
	Detail string    // what was found; empty where there is nothing to say
	Err    error     // why it does not work and what to do
	Newest time.Time // INTERNALDATE of the newest message that was looked at; zero if none was
}

// Verify tries what a poll of the mailbox needs, and changes nothing in it.
func (p *Poller) Verify(ctx context.Context, mailbox string) []Step {
	boxes, err := p.chosen(mailbox)
	if err != nil {
		return []Step{{Name: "configuration", Err: err}}
	}
	m := p.newMailbox(boxes[0], slog.New(slog.DiscardHandler))
	defer m.conn.close()
	var steps []Step
	m.conn.options.Passed = func(step, detail string) { steps = append(steps, Step{Name: step, Detail: detail}) }
	if err := m.conn.connect(ctx); err != nil {
		return append(steps, Step{Name: stepOf(err), Err: err})
	}
	m.conn.options.Passed = nil  // a connection that is made anew is no step
	folders, _ := m.folders(ctx) // verifyNames has those that cannot be looked up
	for _, f := range folders {
		steps = append(steps, f.verify(ctx))
	}
	return append(steps, m.verifyNames(ctx)...)
}

// stepOf names the step of logging in that failed.
func stepOf(err error) string {
	var step *imapbox.StepError
	if !errors.As(err, &step) {
		return "log-in"
	}
	switch step.Step {
	case "login", "capability":
		return "log-in"
	}
	return step.Step
}

// lastLooked is how many of a folder's newest messages verify looks at.
const lastLooked = 50

// recent returns a sentence on the TLS reports among the newest messages of the open
// folder, by their headers alone, and when the last of them arrived. It asks for them as
// a poll does, and fails where a poll would.
func (f *folder) recent(ctx context.Context, st imapbox.Status) (text string, newest time.Time, err error) {
	from := max(st.UIDNext, lastLooked+1) - lastLooked
	uids, err := f.conn.session.Range(ctx, from, st.UIDNext, lastLooked)
	if err != nil || len(uids) == 0 {
		return "", newest, err
	}
	found := f.access(report.ViaPoll, st.UIDValidity, false).fetcher.headers(ctx, uids)
	if found.err != nil {
		return "", newest, found.err
	}
	certain := 0
	for _, h := range found.headers {
		if h.InternalDate.After(newest) {
			newest = h.InternalDate
		}
		if read.ClassifyHeader(h.Fields.Get) == read.Certain {
			certain++
		}
	}
	text = fmt.Sprintf(", TLS reports among the last %d: %d", len(uids), certain)
	if certain == 0 {
		text = fmt.Sprintf(", no TLS report among the last %d", len(uids))
	}
	for uid, why := range found.lost {
		text += fmt.Sprintf("; the header of UID %d does not come (%v): a poll goes on without it and asks again", uid, why)
		break
	}
	if more := len(found.lost) - 1; more > 0 {
		text += fmt.Sprintf(", and of %d more", more)
	}
	return text, newest, nil
}

// verifyNames says what becomes of names in the configuration that the server
// does not know.
func (m *mailbox) verifyNames(ctx context.Context) []Step {
	if err := m.conn.connect(ctx); err != nil {
		return []Step{{Name: "log-in", Err: err}}
	}
	var steps []Step
	for _, name := range m.config.Folders {
		if isPattern(name) {
			s := Step{Name: fmt.Sprintf("folders %q", name)}
			found, err := m.matching(ctx, name)
			if s.Err = err; err == nil {
				s.Detail = fmt.Sprintf("%d match", len(found))
			}
			if err == nil && len(found) == 0 {
				s.Err = errors.New("no folder matches; check folders: * stands for anything, % for anything within one level")
			}
			steps = append(steps, s)
		}
		if !isSpecialUse(name) {
			continue
		}
		if _, ok, err := m.conn.session.SpecialUse(ctx, name); err != nil || !ok {
			steps = append(steps, Step{Name: fmt.Sprintf("folder %q", name), Detail: "the server names none for this use; it is passed over", Err: err})
		}
	}
	if m.config.After != AfterMove {
		return steps
	}
	s := Step{Name: fmt.Sprintf("move_to %q", m.config.MoveTo), Detail: "there"}
	if all, err := m.conn.session.Folders(ctx); err != nil {
		s.Err = err
	} else if !slices.Contains(all, m.config.MoveTo) {
		s.Detail = "not there yet; the first report that is moved makes it, and whether the server lets it be made is not known before that"
		if why := m.conn.session.Misplaced(ctx, m.config.MoveTo); why != "" {
			s.Detail, s.Err = "", errors.New("it is not there yet, and "+why)
		}
	}
	return append(steps, s)
}

// verify looks at one folder and at whether its messages can be marked.
func (f *folder) verify(ctx context.Context) (s Step) {
	s = Step{Name: fmt.Sprintf("folder %q", f.name)}
	if s.Err = f.conn.connect(ctx); s.Err != nil {
		return s
	}
	var sel imapbox.Selected
	if f.config.After == AfterNone {
		st, err := f.conn.session.Examine(ctx, f.name)
		sel.Status, s.Err = st, err
	} else {
		sel, s.Err = f.conn.session.Select(ctx, f.name)
	}
	if s.Err != nil {
		return s
	}
	s.Detail = fmt.Sprintf("%d messages", sel.Messages)
	if sel.Messages == 1 {
		s.Detail = "1 message"
	}
	if limit := f.conn.session.MessageLimit(); limit > 0 && sel.Messages > limit {
		s.Detail += fmt.Sprintf(" (the server answers for %d at a time: they are read in several steps)", limit)
	}
	found, newest, err := f.recent(ctx, sel.Status)
	s.Newest = newest
	if err != nil {
		s.Err = err
		return s
	}
	defer func() {
		if s.Err == nil {
			s.Detail += found
		}
	}()
	if f.config.After == AfterNone {
		return s
	}
	why := f.unmarkable(sel)
	if why == "" {
		why = f.lacks(ctx)
	}
	if why == "" {
		why = f.immovable(ctx)
	}
	if why != "" {
		s.Err = errors.New("it can be read, but recorded reports cannot be marked: " + why)
		return s
	}
	s.Detail += ", can be marked"
	return s
}

// immovable says why messages of the opened folder cannot be moved, where they are to
// be.
func (f *folder) immovable(ctx context.Context) string {
	if f.config.After != AfterMove || f.name == f.config.MoveTo {
		return ""
	}
	dest := f.config.MoveTo
	// Before the first report it may not be there, and any other shows as much.
	if all, err := f.conn.session.Folders(ctx); err == nil && !slices.Contains(all, dest) {
		all = slices.DeleteFunc(all, func(name string) bool { return name == f.name })
		if len(all) == 0 {
			all = append(all, f.name)
		}
		dest = all[0]
	}
	if err := f.conn.session.TryMove(ctx, dest); err != nil {
		return err.Error()
	}
	return ""
}
