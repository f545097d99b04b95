package poller

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"tlsbrief/internal/report"
)

// A fetcher asks for messages of one folder, under one UIDVALIDITY, over connections that
// may break.
type fetcher struct {
	conn     *connection
	folder   string
	validity uint32
	log      *slog.Logger
	gave     *given
	canary   *canary

	breaks int // connections in a row that may break and bring nothing: see salvage
	barren int
	single single
}

// connect opens the folder, over a new connection where the last one broke.
func (f *fetcher) connect(ctx context.Context) error {
	if err := f.conn.connect(ctx); err != nil {
		return err
	}
	st, err := f.conn.session.Examine(ctx, f.folder)
	if err == nil && st.UIDValidity != f.validity {
		f.conn.close() // what it has open now is another folder
		err = errors.New("the server renumbered the folder while it was read; the next poll reads it anew")
	}
	return err
}

// ready opens the folder where there is no connection that works.
func (f *fetcher) ready(ctx context.Context) error {
	if f.conn.works() {
		return nil
	}
	return f.connect(ctx)
}

// reconnect makes a new connection after one that broke, and opens the folder.
func (f *fetcher) reconnect(ctx context.Context, cause error) error {
	f.log.Warn("the connection broke off while messages were asked for; the poll goes on over another", "uid", stuckAt(cause), "err", cause)
	return f.connect(ctx)
}

// existing returns those of the messages that are in the folder, in their order.
func (f *fetcher) existing(ctx context.Context, uids []uint32) ([]uint32, error) {
	there, err := f.conn.session.Existing(ctx, uids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { return !there[uid] }), nil
}

// salvage returns a salvage, to which ask is to be added; bodies says that it is for
// bodies.
func (f *fetcher) salvage(bodies bool) *salvage { return &salvage{fetcher: f, bodies: bodies} }

// givesOthers reports whether the server gave headers, or bodies, since the work on the
// folder began, or gives those of others than these now.
func (f *fetcher) givesOthers(ctx context.Context, these []uint32, bodies bool) bool {
	return !bodies && f.gave.header || bodies && f.gave.body || f.canary.folderReadable(ctx, these, bodies)
}

// An access is what it takes to ask for messages of a folder, and to read them.
type access struct {
	fetcher    *fetcher
	classifier *classifier
	inHand     *inHand
	read       *messageReader
}

func (f *folder) access(via report.Via, validity uint32, mark bool) *access {
	in := f.mailbox.p.o.Ingest
	hand := &inHand{store: f.store, mailbox: f.config.Name, folder: f.name, validity: validity, via: via, log: f.log}
	fetch := &fetcher{
		conn: f.conn, folder: f.name, validity: validity, log: f.log, gave: &f.gave,
		canary: &canary{store: f.store, conn: f.conn, mailbox: f.config.Name, folder: f.name, validity: validity, inHand: hand, log: f.log},
	}
	return &access{
		fetcher:    fetch,
		classifier: &classifier{fetcher: fetch, most: f.mailbox.p.o.Bounds.PartHeaders},
		inHand:     hand,
		read: &messageReader{
			ingest: in, reader: f.reader, lookups: f.mailbox.lookups, mark: mark,
			folder: report.Place{Mailbox: f.config.Name, Folder: f.name, UIDValidity: validity},
		},
	}
}
