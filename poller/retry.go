package poller

import (
	"context"
	"fmt"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
)

// maxAttempts is how many polls try to get the body of a message before it is
// rejected (DESIGN 5).
const maxAttempts = 3

// A leftOver is a message that an earlier poll could not finish with.
type leftOver struct {
	db.Retry
	refused bool // by an older reader: to be looked at again once (DESIGN 6)
}

// leftOver returns the messages of the folder that are to be asked for again.
func (f *folder) leftOver(ctx context.Context) ([]leftOver, error) {
	var all []leftOver
	for _, list := range []struct {
		messages func(ctx context.Context, mailbox, folder string) ([]db.Retry, error)
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
	st, err := f.session.Examine(ctx, f.name)
	if err != nil {
		return err
	}
	// Whether a mark is owed was decided when the message was first recorded:
	// one that a backfill found is to keep its flags.
	e := examination{folder: f, via: db.ViaPoll, validity: st.UIDValidity}
	for _, r := range left {
		if err := e.retry(ctx, r); err != nil {
			return fmt.Errorf("UID %d: %w", r.UID, err)
		}
	}
	return nil
}

// retry asks once more for one message.
func (e *examination) retry(ctx context.Context, r leftOver) error {
	if r.UIDValidity != e.validity {
		return e.failed(ctx, r, "the folder was renumbered before its body could be read", true)
	}
	headers, lost, err := e.headers(ctx, []uint32{r.UID})
	if err != nil {
		return err
	}
	h, ok := headers[r.UID]
	switch why := lost[r.UID]; {
	case why != nil:
		return e.failed(ctx, r, why.Error(), isQuarantined(why))
	case !ok:
		return e.failed(ctx, r, "it was deleted before its body could be read", true)
	}
	m, ours, err := e.again(ctx, h)
	switch {
	case err != nil:
		return err
	case !ours:
		// Not to be recorded, and so not to be named in a digest: it is private.
		e.counts.Ignored++
		return e.p.o.DB.Forget(detached(ctx), r.ID)
	case m.Pending != "":
		return e.failed(ctx, r, m.Pending, false)
	}
	o, err := e.p.o.DB.Resolve(detached(ctx), r.ID, m)
	e.counts.count(o)
	return err
}

// again looks at a message whose header came this time. ours is false where it
// turns out to be none of our business.
func (e *examination) again(ctx context.Context, h imapbox.Header) (m db.Message, ours bool, err error) {
	c, err := e.candidate(ctx, h, insides{})
	limit := e.p.o.Reading.Limits.MaxMessage
	switch {
	case err != nil:
		return m, false, err
	case c.lost != nil:
		return e.unread(c, c.lost), true, nil
	case !c.fetch:
		return m, false, nil
	case h.Size > limit:
		return e.tooLarge(c, limit), true, nil
	}
	m, ours = e.pending(c, errNoBody), true
	err = e.bodies(ctx, []imapbox.Header{h}, func(b imapbox.Body, refused error) (err error) {
		m, ours, err = e.take(ctx, c, b, refused)
		return err
	})
	return m, ours, err
}

// failed notes that nothing came of asking again. The message is rejected with
// the reason if that was for good, or the last attempt.
func (e *examination) failed(ctx context.Context, r leftOver, reason string, forGood bool) error {
	attempts := r.Attempts + 1
	if !forGood {
		reason = fmt.Sprintf("%s (tried at %d polls)", reason, attempts)
	}
	giveUp := forGood || attempts >= maxAttempts
	if giveUp && !r.refused {
		e.counts.Rejected++
		e.p.logRejected(e.box.Name, e.name, db.Message{Place: r.Place, Refused: reason})
	}
	return e.p.o.DB.PendingFailed(detached(ctx), r.ID, reason, giveUp)
}
