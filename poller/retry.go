package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tlsbrief/internal/report"
	"tlsbrief/poller/imapbox"
)

// A leftOver is a message that an earlier poll could not finish with.
type leftOver struct {
	report.Retry
	refused bool // by an older reader: to be looked at again once (DESIGN 6)
}

// leftOver returns the messages of the folder that are to be asked for again.
func (f *folder) leftOver(ctx context.Context) ([]leftOver, error) {
	var all []leftOver
	for _, list := range []struct {
		messages func(ctx context.Context, mailbox, folder string) ([]report.Retry, error)
		refused  bool
	}{{f.p.o.DB.PendingMessages, false}, {f.p.o.DB.RejectedBefore, true}} {
		retries, err := list.messages(ctx, f.box.Name, f.name)
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
	e, err := f.retrying(ctx)
	if err != nil {
		return err
	}
	defer e.letGo(ctx, false)
	return askEach(ctx, left, e.retry)
}

// askEach asks for messages one by one, unless connections in a row break.
func askEach(ctx context.Context, left []leftOver, ask func(context.Context, leftOver) (came bool, err error)) error {
	for barren := 0; len(left) > 0 && barren < maxBarren; left = left[1:] {
		came, err := ask(ctx, left[0])
		if err != nil {
			return fmt.Errorf("UID %d: %w", left[0].UID, err)
		}
		if barren++; came {
			barren = 0
		}
	}
	return nil
}

// retrying opens the folder to ask for single messages again.
func (f *folder) retrying(ctx context.Context) (*examination, error) {
	if err := f.connect(ctx); err != nil {
		return nil, err
	}
	st, err := f.session.Examine(ctx, f.name)
	if err != nil {
		return nil, err
	}
	// Whether a mark is owed was decided when the message was first recorded:
	// one that a backfill found is to keep its flags.
	e := &examination{folder: f, via: report.ViaPoll, validity: st.UIDValidity, breaks: 1}
	return e, e.prepare(ctx)
}

// retry asks once more for one message. came is false where that broke the connection.
func (e *examination) retry(ctx context.Context, r leftOver) (came bool, err error) {
	switch deadly := slices.Contains(e.suspects.Deadly, r.UID) && r.UIDValidity == e.validity; {
	case deadly && r.refused:
		return true, e.p.o.DB.StaysRejected(detached(ctx), r.ID)
	case deadly:
		return true, e.p.o.DB.Quarantine(detached(ctx), r.ID, errDeadly.Error())
	}
	return e.askAgain(ctx, r, e.failed)
}

// askAgain asks for one message and records what became of it, or has failed note that it
// did not come. came is false where that broke the connection.
func (e *examination) askAgain(ctx context.Context, r leftOver, failed func(ctx context.Context, r leftOver, reason string) error) (came bool, err error) {
	if r.UIDValidity != e.validity {
		known, err := e.p.o.DB.Folder(ctx, e.box.Name, e.name)
		if err != nil || known.Poll == nil || known.Poll.UIDValidity != e.validity {
			return true, err // a poll has yet to look for it under its new UID
		}
		return true, e.forget(ctx, r)
	}
	if err := e.open(ctx); err != nil {
		return true, err
	}
	m, err := e.again(ctx, r.UID)
	switch {
	case errors.Is(err, errGone), err == nil && m == nil:
		return true, e.forget(ctx, r)
	case isLost(err):
		return !broke(err), failed(ctx, r, err.Error())
	case err != nil:
		return true, err
	case m.Pending != "":
		return true, failed(ctx, r, m.Pending)
	}
	o, err := e.p.o.DB.Resolve(detached(ctx), r.ID, *m)
	e.counts.Count(o)
	return true, err
}

// forget removes what is known of a message that turned out to be none of our
// business, or that is gone: it is not to be named in a digest.
func (e *examination) forget(ctx context.Context, r leftOver) error {
	if r.refused {
		return e.p.o.DB.StaysRejected(detached(ctx), r.ID) // it was named already
	}
	e.counts.Ignored++
	return e.p.o.DB.Forget(detached(ctx), r.ID)
}

// failed notes that nothing came of asking again, where the server gives others: else
// that says nothing of the message.
func (e *examination) failed(ctx context.Context, r leftOver, reason string) error {
	if !e.givesOthers(ctx, r.UID) {
		return nil
	}
	if e.retried == nil {
		e.retried = map[int64]bool{}
	}
	e.retried[r.ID] = true
	return e.p.o.DB.PendingFailed(detached(ctx), r.ID, reason)
}

// givesOthers reports whether the server gave a message since the poll of the folder
// began, or gives one now.
func (e *examination) givesOthers(ctx context.Context, but uint32) bool {
	e.gaveBody = e.gaveBody || e.open(ctx) == nil && e.folderReadable(ctx, []uint32{but}, true)
	return e.gaveBody
}

// again looks once more at one message. It returns nil where that turns out to be none
// of our business; the error is errGone where it is not there.
func (e *examination) again(ctx context.Context, uid uint32) (m *report.Message, err error) {
	header, body := e.gaveHeader, e.gaveBody
	defer func() { // a part of the message is no other message
		if err != nil || m != nil && m.Pending != "" {
			e.gaveHeader, e.gaveBody = header, body
		}
	}()
	found := e.headers(ctx, []uint32{uid})
	h, known := found.headers[uid]
	c := candidate{header: imapbox.Header{UID: uid}, lost: found.lost[uid]}
	switch {
	case found.err != nil:
		return nil, found.err
	case c.lost != nil:
		return e.pending(c, c.lost), nil
	case !known:
		return nil, errGone
	}
	parts, _, err := e.outerParts(ctx, found.headers)
	if err != nil {
		return nil, err
	}
	c, err = e.candidate(ctx, h, parts[uid])
	limit := e.p.maxMessage()
	switch {
	case err != nil:
		return nil, err
	case c.lost != nil:
		return e.pending(c, c.lost), nil
	case !c.fetch, h.Size > limit && !c.claimed:
		return nil, nil
	case h.Size > limit:
		return e.tooLarge(c), nil
	}
	id, err := e.takeInHand(ctx, report.UIDRange{First: uid, Last: uid})
	if err != nil {
		return nil, err
	}
	_, err = e.bodies(ctx, []imapbox.Header{h}, func(b imapbox.Body, refused error) (err error) {
		if errors.Is(refused, errGone) {
			return errGone
		}
		m, err = e.take(ctx, c, b, refused)
		return err
	})
	return m, errors.Join(err, e.p.o.DB.PutDown(detached(ctx), id))
}
