package poller

import (
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller/imapbox"
)

// A candidate is a message with what its header says it may be.
type candidate struct {
	header     imapbox.Header
	likelihood read.Likelihood
	fetch      bool  // it can be a TLS report: to be fetched whole
	claimed    bool  // its header, or that of a part, says that it is one
	lost       error // why it is not known: to be asked for again at the next poll
}

// A classifier decides which messages can be TLS reports.
type classifier struct {
	fetcher *fetcher
	most    int // messages whose part headers are asked for together

	innerBreaks int // messages at whose inner parts the connection broke
}

// candidate decides from the header, and where that leaves it open from the
// headers of the parts, whether a message can be a TLS report (DESIGN 5).
func (k *classifier) candidate(ctx context.Context, h imapbox.Header, outer partIndex) (candidate, error) {
	c := candidate{header: h, likelihood: read.ClassifyHeader(h.Fields.Get)}
	switch c.likelihood {
	case read.Certain:
		c.fetch, c.claimed = true, true
	case read.Maybe:
		if err := k.lookInside(ctx, &c, outer); err != nil {
			return c, fmt.Errorf("looking at the parts of UID %d: %w", h.UID, err)
		}
	case read.No:
	}
	return c, nil
}

// A partIndex is what the server gave of the parts of a container.
type partIndex struct {
	parts []part // none: it gave none, though a container has at least one
	lost  error  // why it gave nothing
}

// A part is what a part's header says: of thousands of messages that is far less
// than the headers.
type part struct {
	path []int
	kind read.PartKind
}

func partsOf(headers []imapbox.PartHeader) []part {
	parts := make([]part, len(headers))
	for i, h := range headers {
		parts[i] = part{h.Path, read.ClassifyPart(h.Fields.Get)}
	}
	return parts
}

// outerParts asks for the headers of the outermost parts of all messages that are wanted and whose
// own header leaves open what they are, many at a time. With an error it returns the
// messages of which nothing is known.
func (k *classifier) outerParts(ctx context.Context, headers map[uint32]imapbox.Header, wanted func(imapbox.Header) bool) (all map[uint32]partIndex, rest []uint32, err error) {
	var open []uint32
	for uid, h := range headers {
		if wanted(h) && read.ClassifyHeader(h.Fields.Get) == read.Maybe {
			open = append(open, uid)
		}
	}
	slices.Sort(open)
	all = map[uint32]partIndex{}
	for done := 0; done < len(open); {
		some := open[done:min(done+k.most, len(open))]
		if rest, err = k.parts(ctx, some, all); err != nil {
			return all, append(rest, open[done+len(some):]...), err
		}
		done += len(some)
	}
	return all, nil, nil
}

// parts asks for the headers of the outermost parts of messages, ascending, and puts what
// it learns into all. With an error it returns the messages of which nothing is known.
func (k *classifier) parts(ctx context.Context, uids []uint32, all map[uint32]partIndex) (rest []uint32, err error) {
	s := k.fetcher.salvage(false)
	s.ask = func(ctx context.Context, uids []uint32) error {
		headers, err := k.fetcher.conn.session.PartHeadersOf(ctx, uids, nil)
		for uid, of := range headers {
			s.got(uid)
			all[uid] = partIndex{parts: partsOf(of.Headers)} // none where it was refused: the whole message decides
		}
		return err
	}
	err = s.run(ctx, uids)
	for uid, why := range s.lost {
		all[uid] = partIndex{lost: why}
	}
	if err == nil {
		return nil, nil
	}
	return s.unknown(), err
}

// lookInside looks for a part that is labelled as a report, descending into
// multiparts and forwarded messages, breadth first. Where the server gives no part of
// a container, only the whole message can tell.
func (k *classifier) lookInside(ctx context.Context, c *candidate, outer partIndex) error {
	queue := [][]int{nil}
	answer := outer
	for query := 0; len(queue) > 0 && query < ingest.PartContainers; query++ {
		path := queue[0]
		queue = queue[1:]
		if path != nil {
			var err error
			if answer, err = k.innerParts(ctx, c.header.UID, path); err != nil {
				return err
			}
		}
		if c.lost = answer.lost; c.lost != nil {
			return nil
		}
		if c.fetch = c.fetch || len(answer.parts) == 0; c.fetch {
			return nil
		}
		for _, p := range answer.parts {
			switch p.kind {
			case read.PartReport:
				c.fetch, c.claimed = true, true
				return nil
			case read.PartEncoded:
				c.fetch = true
			case read.PartContainer:
				if len(path) < ingest.PartDepth {
					queue = append(queue, p.path)
				}
			case read.PartOther:
			}
		}
	}
	if len(outer.parts) == 1 && !c.fetch && outer.parts[0].kind == read.PartOther {
		return k.lookForStandIn(ctx, c)
	}
	return nil
}

// maxInnerBreaks is how many messages may break the connection where it is asked for parts
// within parts, before such parts are not asked for any more: the whole message decides.
const maxInnerBreaks = 2

// innerParts asks for the headers of the parts of a container within a message.
func (k *classifier) innerParts(ctx context.Context, uid uint32, path []int) (partIndex, error) {
	if k.innerBreaks >= maxInnerBreaks {
		return partIndex{}, nil
	}
	found, err := k.fetcher.conn.session.PartHeaders(ctx, uid, path)
	switch {
	case broke(err):
		k.innerBreaks++
		return partIndex{lost: err}, k.fetcher.reconnect(ctx, err)
	case refusal(err):
		return partIndex{}, nil
	}
	return partIndex{parts: partsOf(found.Headers)}, err
}

// lookForStandIn looks at the beginning of a message that consists of one part although
// its header says otherwise: a stand-in may have been given for its parts alone. Where the
// beginning does not come, that says nothing of the message.
func (k *classifier) lookForStandIn(ctx context.Context, c *candidate) error {
	data, err := k.fetcher.conn.session.Peek(ctx, c.header.UID, canaryBytes)
	if env := read.EnvelopeOf(data); isStandIn(env.From, env.Subject) {
		c.lost = errStandIn
	}
	if broke(err) {
		c.lost = err
		return k.fetcher.reconnect(ctx, err)
	}
	if refusal(err) {
		return nil
	}
	return err
}
