package poller

import (
	"context"
	"errors"
	"fmt"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// A leftOver is a message that an earlier poll could not finish with.
type leftOver struct {
	retry   report.Retry
	refused bool // by an older reader: to be looked at again once (DESIGN 6)
}

// leftOver returns the messages of the folder that are to be asked for again.
func (f *folder) leftOver(ctx context.Context) ([]leftOver, error) {
	var all []leftOver
	for _, list := range []struct {
		messages func(ctx context.Context, mailbox, folder string) ([]report.Retry, error)
		refused  bool
	}{{f.store.PendingMessages, false}, {f.store.RejectedBefore, true}} {
		retries, err := list.messages(ctx, f.config.Name, f.name)
		if err != nil {
			return nil, fmt.Errorf("reading which messages are to be asked for again: %w", err)
		}
		for _, r := range retries {
			all = append(all, leftOver{r, list.refused})
		}
	}
	return all, nil
}

// retry asks again for what earlier polls left over. The folder may have been
// renumbered since, so it is opened and its UIDVALIDITY compared.
func (f *folder) retry(ctx context.Context, left []leftOver) error {
	if len(left) == 0 {
		return nil
	}
	r, err := f.newRetrier(ctx)
	if err != nil {
		return err
	}
	defer r.access.inHand.letGo(ctx, false)
	return askEach(ctx, left, r.retry)
}

// askEach asks for messages one by one, unless connections in a row break.
func askEach(ctx context.Context, left []leftOver, ask func(context.Context, leftOver) (came bool, err error)) error {
	for barren := 0; len(left) > 0 && barren < maxBarren; left = left[1:] {
		came, err := ask(ctx, left[0])
		if err != nil {
			return fmt.Errorf("UID %d: %w", left[0].retry.UID, err)
		}
		if barren++; came {
			barren = 0
		}
	}
	return nil
}

// A retrier asks for single messages of a folder again.
type retrier struct {
	folder *folder
	store  Store
	access *access
}

// newRetrier opens the folder.
func (f *folder) newRetrier(ctx context.Context) (*retrier, error) {
	if err := f.conn.connect(ctx); err != nil {
		return nil, err
	}
	st, err := f.conn.session.Examine(ctx, f.name)
	if err != nil {
		return nil, err
	}
	// Whether a mark is owed was decided when the message was first recorded:
	// one that a backfill found is to keep its flags.
	a := f.access(report.ViaPoll, st.UIDValidity, false)
	a.fetcher.breaks = 1
	return &retrier{folder: f, store: f.store, access: a}, a.inHand.load(ctx)
}

// retry asks once more for one message. came is false where that broke the connection.
func (r *retrier) retry(ctx context.Context, left leftOver) (came bool, err error) {
	switch deadly := r.access.inHand.deadly(left.retry.UID) && left.retry.UIDValidity == r.access.fetcher.validity; {
	case deadly && left.refused:
		return true, r.store.StaysRejected(detached(ctx), left.retry.ID)
	case deadly:
		return true, r.store.Quarantine(detached(ctx), left.retry.ID, errDeadly.Error())
	}
	return r.askAgain(ctx, left, r.failed)
}

// askAgain asks for one message and records what became of it, or has failed note that it
// did not come. came is false where that broke the connection.
func (r *retrier) askAgain(ctx context.Context, left leftOver, failed func(ctx context.Context, left leftOver, reason string) error) (came bool, err error) {
	if left.retry.UIDValidity != r.access.fetcher.validity {
		known, err := r.store.Folder(ctx, r.folder.config.Name, r.folder.name)
		if err != nil || known.Poll == nil || known.Poll.UIDValidity != r.access.fetcher.validity {
			return true, err // a poll has yet to look for it under its new UID
		}
		return true, r.forget(ctx, left)
	}
	if err := r.access.fetcher.connect(ctx); err != nil {
		return true, err
	}
	m, err := r.again(ctx, left.retry.UID)
	switch {
	case errors.Is(err, errGone), err == nil && m == nil:
		return true, r.forget(ctx, left)
	case isLost(err):
		return !broke(err), failed(ctx, left, err.Error())
	case err != nil:
		return true, err
	case m.Pending != "":
		return true, failed(ctx, left, m.Pending)
	}
	o, err := r.store.Resolve(detached(ctx), left.retry.ID, *m)
	r.folder.counts.Count(o)
	return true, err
}

// forget removes what is known of a message that turned out to be none of our
// business, or that is gone: it is not to be named in a digest.
func (r *retrier) forget(ctx context.Context, left leftOver) error {
	if left.refused {
		return r.store.StaysRejected(detached(ctx), left.retry.ID) // it was named already
	}
	r.folder.counts.Ignored++
	return r.store.Forget(detached(ctx), left.retry.ID)
}

// failed notes that nothing came of asking again, where the server gives others: else
// that says nothing of the message.
func (r *retrier) failed(ctx context.Context, left leftOver, reason string) error {
	if !r.givesOthers(ctx, left.retry.UID) {
		return nil
	}
	if r.folder.retried == nil {
		r.folder.retried = map[int64]bool{}
	}
	r.folder.retried[left.retry.ID] = true
	return r.store.PendingFailed(detached(ctx), left.retry.ID, reason)
}

// givesOthers reports whether the server gave a message since the poll of the folder
// began, or gives one now.
func (r *retrier) givesOthers(ctx context.Context, but uint32) bool {
	gave := &r.folder.gave
	gave.body = gave.body || r.access.fetcher.connect(ctx) == nil && r.access.fetcher.canary.folderReadable(ctx, []uint32{but}, true)
	return gave.body
}

// again looks once more at one message. It returns nil where that turns out to be none
// of our business; the error is errGone where it is not there.
func (r *retrier) again(ctx context.Context, uid uint32) (m *report.Message, err error) {
	gave := r.folder.gave
	defer func() { // a part of the message is no other message
		if err != nil || m != nil && m.Pending != "" {
			r.folder.gave = gave
		}
	}()
	found := r.access.fetcher.headers(ctx, []uint32{uid})
	h, known := found.headers[uid]
	c := candidate{header: imapbox.Header{UID: uid}, lost: found.lost[uid]}
	switch {
	case found.err != nil:
		return nil, found.err
	case c.lost != nil:
		return r.access.read.pending(c, c.lost), nil
	case !known:
		return nil, errGone
	}
	parts, _, err := r.access.classifier.outerParts(ctx, found.headers, func(imapbox.Header) bool { return true })
	if err != nil {
		return nil, err
	}
	c, err = r.access.classifier.candidate(ctx, h, parts[uid])
	limit := r.access.read.most()
	switch {
	case err != nil:
		return nil, err
	case c.lost != nil:
		return r.access.read.pending(c, c.lost), nil
	case !c.fetch, h.Size > limit && !c.claimed:
		return nil, nil
	case h.Size > limit:
		return r.access.read.tooLarge(c), nil
	}
	id, err := r.access.inHand.take(ctx, report.UIDRange{First: uid, Last: uid})
	if err != nil {
		return nil, err
	}
	_, err = r.access.fetcher.bodies(limit, func(b imapbox.Body, refused error) (err error) {
		if errors.Is(refused, errGone) {
			return errGone
		}
		m, err = r.access.read.message(ctx, c, b, refused)
		return err
	}).run(ctx, []imapbox.Header{h})
	return m, errors.Join(err, r.store.PutDown(detached(ctx), id))
}
