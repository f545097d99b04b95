package imapbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Misplaced says why a folder that is not there yet cannot be created under this
// name: on some servers the names of one's own folders begin with "INBOX."; empty
// if it can, or if the server does not tell. RFC 2342.
//
// go-imap gives up the connection where there are several namespaces of a kind:
// call it last.
func (s *Session) Misplaced(ctx context.Context, folder string) string {
	if !s.Has("NAMESPACE") || s.Broken() || canonical(folder) == "INBOX" {
		return ""
	}
	var spaces imap.NamespaceData
	err := s.run(ctx, "namespace", "", maxReply, func() error {
		data, err := s.client.Namespace().Wait()
		spaces = *data
		return err
	})
	if err != nil || len(spaces.Personal) == 0 {
		return ""
	}
	for _, space := range slices.Concat(spaces.Personal, spaces.Other, spaces.Shared) {
		if space.Prefix != "" && hasPrefixFold(folder, space.Prefix) {
			return ""
		}
	}
	own := spaces.Personal[0]
	if own.Prefix == "" {
		return ""
	}
	better := folder
	if own.Delim != 0 && !strings.ContainsRune(folder, own.Delim) {
		better = strings.ReplaceAll(folder, "/", string(own.Delim))
	}
	if !hasPrefixFold(better, own.Prefix) {
		better = own.Prefix + better
	}
	return fmt.Sprintf("the names of this account's folders begin with %q: %q can be created, %q cannot",
		printable(own.Prefix), printable(better), folder)
}

// hasPrefixFold is for a prefix that may be INBOX, in any case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
