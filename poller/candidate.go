package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

// A candidate is a message with what its header says it may be.
type candidate struct {
	header     imapbox.Header
	likelihood tlsrpt.Likelihood
	fetch      bool  // it can be a TLS report: to be fetched whole
	lost       error // why there is no telling: to be asked for again at the next poll
}

const (
	partDepth   = 4  // how deep part headers are followed
	partQueries = 12 // how often they are asked for, a message
)

// candidate decides from the header, and where that leaves it open from the
// headers of the parts, whether a message can be a TLS report (DESIGN 5).
func (e *examination) candidate(ctx context.Context, h imapbox.Header, inside insides) (candidate, error) {
	c := candidate{header: h, likelihood: tlsrpt.ClassifyHeader(h.Fields.Get)}
	switch c.likelihood {
	case tlsrpt.Certain:
		c.fetch = true
	case tlsrpt.Maybe:
		var err error
		c.fetch, err = e.holdsReport(ctx, h.UID, inside)
		if jams(err) && !inside.jammed[h.UID] && e.suspect(ctx, err) { // once more, on a fresh connection
			c.fetch, err = e.holdsReport(ctx, h.UID, inside)
		}
		switch {
		case refusesParts(err):
			c.fetch = true // some servers give no part headers: the whole message tells
		case err != nil && e.suspect(ctx, err):
			lost := map[uint32]error{h.UID: err}
			e.quarantine(ctx, lost, false, false)
			c.lost = lost[h.UID]
		case err != nil:
			return c, fmt.Errorf("looking at the parts of UID %d: %w", h.UID, err)
		}
	case tlsrpt.No:
	}
	return c, nil
}

// insides are the outermost parts of messages, by UID, and at which messages asking
// for them jammed.
type insides struct {
	parts  map[uint32][]part
	jammed map[uint32]bool
}

// A part is what a part's header says: of thousands of messages that is far less
// than the headers.
type part struct {
	path []int
	kind tlsrpt.PartKind
}

func partsOf(headers []imapbox.PartHeader) []part {
	parts := make([]part, len(headers))
	for i, h := range headers {
		parts[i] = part{h.Path, tlsrpt.ClassifyPart(h.Fields.Get)}
	}
	return parts
}

const (
	// partsBatch is how many messages' part headers are asked for at a time.
	partsBatch = 250
	// maxPartJams is how often that may end the connection before they are asked for
	// one by one: to connect again, or to wait for a server that is silent, takes long.
	maxPartJams = 3
)

// inside asks for the headers of the outermost parts of all messages of which their
// own header does not tell what they are, many at a time. It leaves out those of
// which that fails: they are asked for one by one.
func (e *examination) inside(ctx context.Context, headers map[uint32]imapbox.Header) (insides, error) {
	var open []uint32
	for uid, h := range headers {
		if e.wanted(h) && tlsrpt.ClassifyHeader(h.Fields.Get) == tlsrpt.Maybe {
			open = append(open, uid)
		}
	}
	slices.Sort(open)
	all := insides{parts: map[uint32][]part{}, jammed: map[uint32]bool{}}
	for some := range slices.Chunk(open, partsBatch) {
		if e.partJams == maxPartJams {
			break
		}
		headers, err := e.session.PartHeadersOf(ctx, some, nil)
		switch {
		case err == nil:
			for uid, of := range headers {
				if of.Refused == nil {
					all.parts[uid] = partsOf(of.Headers)
				}
			}
		case refusesParts(err):
			return all, nil
		case !e.suspect(ctx, err):
			return all, fmt.Errorf("looking at the parts of messages: %w", err)
		}
		if err != nil {
			e.partJams++
		}
		if uid := stuckAt(err); uid != 0 {
			all.jammed[uid] = true
		}
	}
	return all, nil
}

// refusesParts tells whether a server does not give the headers of parts, and is
// otherwise well.
func refusesParts(err error) bool {
	var reply *imapbox.Reply
	return errors.As(err, &reply) && (reply.Status == "NO" || reply.Status == "BAD") && !imapbox.Temporary(err)
}

// holdsReport looks for a part that is labelled as a report, descending into
// multiparts and forwarded messages, breadth first.
func (e *examination) holdsReport(ctx context.Context, uid uint32, inside insides) (bool, error) {
	queue := [][]int{nil}
	for query := 0; len(queue) > 0 && query < partQueries; query++ {
		path := queue[0]
		queue = queue[1:]
		parts, known := inside.parts[uid]
		if path != nil || !known {
			headers, err := e.session.PartHeaders(ctx, uid, path)
			if err != nil {
				return false, err
			}
			parts = partsOf(headers.Headers)
		}
		if len(parts) == 0 {
			return true, nil // the server gives no headers of parts: the whole message tells
		}
		for _, p := range parts {
			switch p.kind {
			case tlsrpt.PartReport:
				return true, nil
			case tlsrpt.PartContainer:
				if len(path) < partDepth {
					queue = append(queue, p.path)
				}
			case tlsrpt.PartOther:
			}
		}
	}
	return false, nil
}
