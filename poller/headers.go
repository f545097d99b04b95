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
	fetcher *fetcher
	headers map[uint32]imapbox.Header
	lost    map[uint32]error // why the server does not give it, though the message is there
	rest    []uint32         // nothing is known of them, for the reason err
	err     error
}

// errNoHeaders is wrapped where a server gives none of the headers that it was asked for.
var errNoHeaders = errors.New("the server lists messages but gives no headers")

// headers asks for the headers of messages that were listed, ascending. A single bad
// message does not stop the others.
func (f *fetcher) headers(ctx context.Context, uids []uint32) headerFetch {
	h := headerFetch{fetcher: f, headers: make(map[uint32]imapbox.Header, len(uids))}
	s := f.salvage(false)
	s.ask = func(ctx context.Context, uids []uint32) error {
		got, err := f.conn.session.Headers(ctx, uids)
		maps.Copy(h.headers, got)
		for uid := range got {
			s.got(uid)
		}
		return err
	}
	h.err = s.run(ctx, uids)
	h.lost = s.lost
	if h.rest = s.unknown(); h.err == nil {
		h.rest, h.err = h.silent(ctx, h.rest)
	}
	f.gave.header = f.gave.header || len(h.headers) > 0
	for uid, header := range h.headers {
		if env := read.ReadEnvelope(header.Fields.Get); isStandIn(env.From, env.Subject) {
			h.lost[uid] = errStandIn
			delete(h.headers, uid)
		}
	}
	return h
}

// silent finds the messages that are there although the server gives nothing of them.
// Where it gives no header at all, that is not about the messages. With an error it
// returns those of which nothing is known.
func (h *headerFetch) silent(ctx context.Context, missing []uint32) (rest []uint32, err error) {
	if len(missing) == 0 {
		return nil, nil
	}
	there, err := h.fetcher.existing(ctx, missing)
	if err == nil && len(there) > 0 {
		err = h.fromBeginnings(ctx, there)
		there = slices.DeleteFunc(there, func(uid uint32) bool { _, ok := h.headers[uid]; return ok })
	}
	switch {
	case err != nil:
		return missing, err
	case len(there) > 0 && len(h.headers) == 0 && len(h.lost) == 0 && !h.fetcher.canary.folderReadable(ctx, missing, false):
		return there, fmt.Errorf("%w of any of %d of them; nothing is taken for read", errNoHeaders, len(there))
	}
	for _, uid := range there {
		h.lost[uid] = cmp.Or(h.fetcher.conn.session.Unread(uid), errNoHeader)
	}
	return nil, nil
}

// beginningsAtOnce is how many messages are looked at themselves whose headers do not
// come: a server that gives no header at all is not to be asked for more.
const beginningsAtOnce = 50

// fromBeginnings takes headers from the beginnings of messages, where the server gives
// these in place of headers.
func (h *headerFetch) fromBeginnings(ctx context.Context, uids []uint32) error {
	found, err := h.fetcher.conn.session.Beginnings(ctx, uids[:min(len(uids), beginningsAtOnce)])
	maps.Copy(h.headers, found)
	if refusal(err) || broke(err) {
		return nil // neither come; it is known which messages that is about
	}
	return err
}

// isStandIn reports whether a header is not a message's own but that of a notice which
// Exchange gives in its place, for as long as it cannot convert it.
func isStandIn(from, subject string) bool {
	return strings.Contains(from, "Microsoft Exchange Server") && strings.HasPrefix(subject, "Retrieval using the ") &&
		strings.Contains(subject, " protocol failed for the following message")
}
