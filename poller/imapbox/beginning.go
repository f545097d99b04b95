package imapbox

import (
	"bytes"
	"context"
)

// maxBeginning is how many bytes of a message are read to find its header there.
const maxBeginning = 16 << 10

// Beginnings returns the headers of messages as they stand at the beginning of each, for
// servers that give no header where they are asked for one. Where a header does not end
// within 16 KiB it is missing in the result, as is one that does not come. What came
// before an error is returned with it. Sizes are not known.
func (s *Session) Beginnings(ctx context.Context, uids []uint32) (map[uint32]Header, error) {
	headers := make(map[uint32]Header, len(uids))
	err := s.Bodies(ctx, uids, maxBeginning, func(b Body) error {
		header, ended := beginning(b.Data)
		if len(b.Data) > 0 && (ended || !b.TooLarge) {
			headers[b.UID] = Header{UID: b.UID, Size: -1, InternalDate: b.InternalDate, Fields: Fields{header}.clipped(maxHeader)}
		}
		return nil
	})
	return headers, err
}

// beginning returns the header of a message, and whether the empty line that ends it was
// seen. RFC 5322, section 2.1.
func beginning(message []byte) (header []byte, ended bool) {
	rest := message
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
			return message[:len(message)-len(rest)], true
		}
		rest = after
	}
	return message, false
}
