package poller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller/imapbox"
)

// A headerFetch is what became of the headers that were asked for. A message that is in
// none of its fields has been deleted since it was listed.
type headerFetch struct {
	headers map[uint32]imapbox.Header
	lost    map[uint32]error // why the server does not give it, though the message is there
	rest    []uint32         // nothing is known of them, for the reason err
	err     error
}

// errNoHeaders is wrapped where a server gives none of the headers that it was asked for.
var errNoHeaders = errors.New("the server lists messages but gives no headers")

// headers asks for the headers of messages that were listed, ascending. A single bad
// message does not stop the others.
func (e *examination) headers(ctx context.Context, uids []uint32) headerFetch {
	f := headerFetch{headers: make(map[uint32]imapbox.Header, len(uids))}
	s := e.salvage(false)
	s.ask = func(ctx context.Context, uids []uint32) error {
		got, err := e.session.Headers(ctx, uids)
		maps.Copy(f.headers, got)
		for uid := range got {
			s.got(uid)
		}
		return err
	}
	f.err = s.run(ctx, uids)
	f.lost = s.lost
	if f.rest = s.unknown(); f.err == nil {
		f.rest, f.err = f.silent(ctx, e, f.rest)
	}
	e.gaveHeader = e.gaveHeader || len(f.headers) > 0
	for uid, h := range f.headers {
		if env := read.ReadEnvelope(h.Fields.Get); isStandIn(env.From, env.Subject) {
			f.lost[uid] = errStandIn
			delete(f.headers, uid)
		}
	}
	return f
}

// silent finds the messages of which the server told nothing although they are there.
// Where it gives no header at all, that is not about the messages. With an error it
// returns those of which nothing is known.
func (f *headerFetch) silent(ctx context.Context, e *examination, missing []uint32) (rest []uint32, err error) {
	if len(missing) == 0 {
		return nil, nil
	}
	there, err := e.existing(ctx, missing)
	if err == nil && len(there) > 0 {
		err = f.fromBeginnings(ctx, e, there)
		there = slices.DeleteFunc(there, func(uid uint32) bool { _, ok := f.headers[uid]; return ok })
	}
	switch {
	case err != nil:
		return missing, err
	case len(there) > 0 && len(f.headers) == 0 && len(f.lost) == 0 && !e.folderReadable(ctx, missing, false):
		return there, fmt.Errorf("%w of any of %d of them; nothing is taken for read", errNoHeaders, len(there))
	}
	for _, uid := range there {
		f.lost[uid] = cmp.Or(e.session.Unread(uid), errNoHeader)
	}
	return nil, nil
}

// beginningsAtOnce is how many messages are looked at themselves whose headers do not
// come: a server that gives no header at all is not to be asked for more.
const beginningsAtOnce = 50

// fromBeginnings takes headers from the beginnings of messages, where the server gives
// these in place of headers.
func (f *headerFetch) fromBeginnings(ctx context.Context, e *examination, uids []uint32) error {
	found, err := e.session.Beginnings(ctx, uids[:min(len(uids), beginningsAtOnce)])
	maps.Copy(f.headers, found)
	if refusal(err) || broke(err) {
		return nil // neither come; it is known which messages that is about
	}
	return err
}

// existing returns those of the messages that are in the folder, in their order.
func (e *examination) existing(ctx context.Context, uids []uint32) ([]uint32, error) {
	there, err := e.session.Existing(ctx, uids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool { return !there[uid] }), nil
}

// salvage returns a salvage over the folder's connections, to which ask is to be added;
// bodies says that it is for bodies.
func (e *examination) salvage(bodies bool) *salvage {
	return &salvage{
		ready: func(ctx context.Context) error {
			if e.connected && !e.session.Broken() {
				return nil
			}
			return e.open(ctx)
		},
		reopen: e.reopen,
		others: func(ctx context.Context, these []uint32) bool {
			return !bodies && e.gaveHeader || bodies && e.gaveBody || e.folderReadable(ctx, these, bodies)
		},
		exist:  e.existing,
		breaks: e.breaks, barren: &e.barren, single: &e.single,
	}
}

// reopen makes a new connection after one that broke, and opens the folder.
func (e *examination) reopen(ctx context.Context, cause error) error {
	e.log.Warn("the connection broke off while messages were asked for; the poll goes on over another", "uid", stuckAt(cause), "err", cause)
	return e.open(ctx)
}

// open opens the folder, over a new connection where the last one broke.
func (e *examination) open(ctx context.Context) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	st, err := e.session.Examine(ctx, e.name)
	if err == nil && st.UIDValidity != e.validity {
		e.hangUp() // what it has open now is another folder
		err = errors.New("the server renumbered the folder while it was read; the next poll reads it anew")
	}
	return err
}

// isStandIn reports whether a header is not a message's own but that of a notice which
// Exchange gives in its place, for as long as it cannot convert it.
func isStandIn(from, subject string) bool {
	return strings.Contains(from, "Microsoft Exchange Server") && strings.HasPrefix(subject, "Retrieval using the ") &&
		strings.Contains(subject, " protocol failed for the following message")
}
