package read

import "strings"

// PartBounds says how far the parts of a message are looked at for the header of a
// report. No number may be 0.
type PartBounds struct {
	Depth      int // containers within containers
	Containers int // in all, the message itself included
	Parts      int // of one container, the first of them

	Cut bool // of the message there is but the beginning, so that parts may be missing
}

// ShowsReport reports whether a message that [ClassifyHeader] calls Maybe holds a
// report, by the headers of its parts alone: what an IMAP server shows of them. It
// descends into multiparts and messages, breadth first, as a poll does, so that a
// message in a file is judged by the same rule. Where the headers of the parts
// cannot tell it returns true: the whole message does.
func ShowsReport(message []byte, b PartBounds) bool {
	queue := []container{{body: trimEnvelopeLine(message)}}
	for n := 0; len(queue) > 0 && n < b.Containers; n++ {
		c := queue[0]
		queue = queue[1:]
		parts := c.parts(b.Parts)
		if len(parts) == 0 && !b.Cut {
			return true // no server shows parts here, but a tolerant reader may find some
		}
		for _, part := range parts {
			h, body := splitHeader(part)
			switch ClassifyPart(h.get) {
			case PartReport, PartEncoded:
				return true
			case PartContainer:
				if c.depth < b.Depth {
					queue = append(queue, newContainer(h, body, c.depth+1))
				}
			case PartOther:
			}
		}
	}
	return false
}

// A container is a multipart or a message, of which the parts are to be looked at.
type container struct {
	boundary string // of a multipart; a message has none
	body     []byte
	depth    int
}

func newContainer(h header, body []byte, depth int) container {
	t, params := mediaType(h.get("Content-Type"))
	if isMessageType(t) {
		return container{body: trimEnvelopeLine(body), depth: depth}
	}
	return container{boundary: params["boundary"], body: body, depth: depth}
}

// parts returns the first parts of a container, each with its header. A message that
// is no multipart has one, which has the message's own header (RFC 9051, section
// 6.4.5.1).
func (c container) parts(most int) [][]byte {
	if c.boundary != "" {
		parts, _ := splitMultipart(c.body, c.boundary, most)
		return parts
	}
	h, body := splitHeader(c.body)
	t, params := mediaType(h.get("Content-Type"))
	if !strings.HasPrefix(t, "multipart/") {
		return [][]byte{c.body}
	}
	parts, _ := splitMultipart(body, params["boundary"], most)
	return parts
}
