package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/poller/imapbox"
)

// A mailbox is the work on one mailbox.
type mailbox struct {
	p       *Poller
	config  Mailbox
	polling bool // what goes wrong is remembered as a failed poll
	lookups *ingest.Lookups
	conn    *connection
	log     *slog.Logger
	started time.Time        // when the poll began
	counts  []*ingest.Counts // one a folder, in the order of work
}

func (p *Poller) newMailbox(config Mailbox, log *slog.Logger) *mailbox {
	return &mailbox{p: p, config: config, log: log, conn: &connection{mailbox: config.Name, options: config.IMAP, limiter: &p.limiter, log: log}}
}

// A folderWork is what is done on a folder.
type folderWork func(*folder, context.Context) error

// run does work on each folder, under the mailbox's lock, and goes on after one that
// failed; then, if there is more work, that on each that did not fail. A panic is an error.
func (m *mailbox) run(ctx context.Context, works ...folderWork) (err error) {
	defer m.recovered(ctx, &err)
	unlock, err := m.lock(ctx)
	if unlock == nil {
		return err
	}
	defer unlock()
	defer m.conn.close()
	if m.polling && !m.mayLogIn() {
		return nil
	}
	if err := m.conn.connect(ctx); err != nil {
		err = m.failed(ctx, err)
		m.noteLogin(ctx, true, err)
		return err
	}
	folders, errs := m.folders(ctx)
	for i, work := range works {
		for _, f := range folders {
			if i == 0 { // one that is not reached is not counted
				m.counts = append(m.counts, f.counts)
			}
			if f.counts.Error != "" {
				continue
			}
			if err := work(f, ctx); err != nil {
				err = located(err, m.config.Name, f.name)
				f.counts.Error = err.Error()
				errs = append(errs, err)
			}
			if ctx.Err() != nil {
				return errors.Join(errs...)
			}
		}
	}
	err = errors.Join(errs...)
	m.noteLogin(ctx, false, err)
	return err
}

// recovered makes a panic that is being recovered the error of the mailbox.
func (m *mailbox) recovered(ctx context.Context, err *error) {
	if fault := recover(); fault != nil {
		*err = m.failed(ctx, fmt.Errorf("mailbox %q: %w", m.config.Name, m.p.o.Ingest.Fault(fault)))
	}
}

// lock takes the mailbox's lock. unlock is nil where the mailbox cannot be worked on, or is
// passed over.
func (m *mailbox) lock(ctx context.Context) (unlock func(), err error) {
	if m.p.o.Lock == nil {
		return func() {}, nil
	}
	unlock, err = m.p.o.Lock(ctx, m.config.Name)
	switch {
	case m.polling && errors.Is(err, ErrBusy):
		m.log.Info("passed over: somebody else is at work on the mailbox", "err", err)
		return nil, nil
	case err != nil:
		return nil, m.failed(ctx, fmt.Errorf("mailbox %q: %w", m.config.Name, err))
	}
	return unlock, nil
}

// failed notes that the mailbox could not be read at all: in the counts and the
// record of each of its folders.
func (m *mailbox) failed(ctx context.Context, err error) error {
	errs := []error{err}
	for _, name := range m.knownFolders(ctx) {
		m.counts = append(m.counts, &ingest.Counts{Mailbox: m.config.Name, Folder: name, Error: err.Error()})
		errs = append(errs, m.polled(ctx, name, err))
	}
	return errors.Join(errs...)
}

// polled remembers how the poll of a folder ended. One that was stopped
// has not failed, and a backfill is no poll.
func (m *mailbox) polled(ctx context.Context, folder string, err error) error {
	if !m.polling || err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return m.p.o.Store.PollDone(detached(ctx), m.config.Name, folder, faultOf(err), err)
}

// located puts the mailbox and the folder in front of an error that does not
// name them yet.
func located(err error, mailbox, folder string) error {
	var named *imapbox.StepError
	switch {
	case errors.As(err, &named):
		return err
	case folder == "":
		return fmt.Errorf("mailbox %q: %w", mailbox, err)
	}
	return fmt.Errorf("mailbox %q: folder %q: %w", mailbox, folder, err)
}

// A connection is the one that a mailbox is read over. It is made anew where it broke.
type connection struct {
	mailbox string
	options imapbox.Options
	limiter *connLimiter
	log     *slog.Logger

	session *imapbox.Session // nil until connected for the first time; after close one that answers no more
	open    bool
}

// works reports whether there is a connection that works.
func (c *connection) works() bool { return c.open && !c.session.Broken() }

// connect opens a connection where there is none that works.
func (c *connection) connect(ctx context.Context) error {
	if c.works() {
		return nil
	}
	c.close()
	s, err := c.logIn(ctx)
	if err != nil {
		return located(err, c.mailbox, "")
	}
	c.session, c.open = s, true
	return nil
}

// close closes the connection.
func (c *connection) close() {
	if !c.open {
		return
	}
	c.open = false
	if err := c.session.Close(); err != nil {
		c.log.Debug("closing the connection", "err", err)
	}
	c.limiter.release(c.server())
}

// logIn opens a session. Where the server refuses it because it has enough of them from
// us, it is opened once one of the others is closed.
func (c *connection) logIn(ctx context.Context) (*imapbox.Session, error) {
	host := c.server()
	for {
		if err := c.limiter.acquire(ctx, host); err != nil {
			return nil, err
		}
		s, err := imapbox.Open(ctx, c.options)
		switch {
		case err == nil:
			return s, nil
		case !imapbox.Throttled(err):
			c.limiter.release(host)
			return nil, err
		case !c.limiter.shrink(host):
			return nil, err
		}
		c.log.Info("the server takes no more connections at a time: this mailbox waits for another to be done", "err", err)
	}
}

// server names the server that the mailbox lies on.
func (c *connection) server() string {
	return net.JoinHostPort(c.options.Host, strconv.Itoa(c.options.Port))
}
