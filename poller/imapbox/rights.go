package imapbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// LacksToFlag returns which right (RFC 4314) the account lacks that it takes to set a
// flag in a folder; empty if none, or if the server does not tell.
func (s *Session) LacksToFlag(ctx context.Context, folder, flag string) string {
	switch {
	case strings.EqualFold(flag, string(imap.FlagSeen)):
		return s.missingRights(ctx, folder, "s")
	case strings.EqualFold(flag, string(imap.FlagDeleted)):
		return s.missingRights(ctx, folder, "t")
	}
	return s.missingRights(ctx, folder, "w")
}

// LacksToMove returns the same of moving messages from a folder to another, and of
// creating that one if it is not there. For MOVE, RFC 6851 asks for the right to
// set \Deleted as well; Dovecot and Cyrus do without.
func (s *Session) LacksToMove(ctx context.Context, folder, dest string) string {
	needed := "e"
	if !s.Has("MOVE") {
		needed = "te"
	}
	if why := s.missingRights(ctx, folder, needed); why != "" || !s.Has("ACL") {
		return why
	}
	dest = canonical(dest)
	names := make(map[string]rune) // with separators
	if s.list(ctx, "*", nil, func(d *imap.ListData) { names[d.Mailbox] = d.Delim }) != nil {
		return ""
	}
	if _, there := names[dest]; there {
		return s.missingRights(ctx, dest, "i")
	}
	// Whoever may create folders in the nearest one that is there may create it.
	parent := ""
	for name, delim := range names {
		if delim != 0 && strings.HasPrefix(dest, name+string(delim)) && len(name) > len(parent) {
			parent = name
		}
	}
	if parent == "" {
		return "" // at the top, of which no rights can be asked
	}
	return s.missingRights(ctx, parent, "k")
}

// missingRights asks for the account's rights to a folder, and returns which of those needed
// are not among them.
func (s *Session) missingRights(ctx context.Context, folder, needed string) string {
	if !s.Has("ACL") || s.Broken() {
		return ""
	}
	var have string
	err := s.run(ctx, "rights", folder, maxReply, func() error {
		data, err := s.client.MyRights(folder).Wait()
		have = string(data.Rights)
		return err
	})
	if err != nil || have == "" {
		return ""
	}
	all := have
	if !s.offers("RIGHTS=") {
		// RFC 2086 had one letter for two or three of today's.
		all = strings.NewReplacer("c", "ck", "d", "dte").Replace(have)
	}
	var lacking []string
	for _, letter := range needed {
		if !strings.ContainsRune(all, letter) {
			lacking = append(lacking, fmt.Sprintf("%q (%s)", string(letter), rightTo(letter)))
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	right := "the right "
	if len(lacking) > 1 {
		right = "the rights "
	}
	return fmt.Sprintf("the account lacks %s%s in folder %q, where it has %q", right, strings.Join(lacking, " and "), folder, wire.Printable(have))
}

// explainRefusal adds to the error of a folder that may not be opened which right is
// missing, and for whom. Other errors stay as they are.
func (s *Session) explainRefusal(ctx context.Context, folder string, err error) error {
	var step *StepError
	var reply *Reply
	if !errors.As(err, &step) || !errors.As(err, &reply) || !deniesRight(reply) {
		return err
	}
	user := wire.Printable(s.user)
	if step.Step == "select" { // it was opened for reading before
		step.Err = fmt.Errorf("%w for writing: to mark what was recorded, user %q needs the right \"s\" there (RFC 4314; \"w\" for after = \"keyword\", \"t\" and \"e\" for \"move\"): give it that, or set after = \"none\" (%w)",
			errFolderRights, user, reply)
		return step
	}
	lacks := s.missingRights(ctx, folder, "r")
	if lacks != "" {
		lacks = "; " + lacks
	}
	step.Err = fmt.Errorf("%w: user %q needs the right \"r\" there, to read (RFC 4314): give it that, or take the folder out of folders%s (%w)", errFolderRights, user, lacks, reply)
	return step
}

// deniesRight reports whether a server refuses for want of a right, by its code (RFC
// 5530) or in the words that servers without codes have for it.
func deniesRight(r *Reply) bool {
	return r.Status == "NO" && (r.Code == "NOPERM" || r.Code == "" && containsAny(r.Text, "permission denied", "access denied", "not permitted", "insufficient rights"))
}

// errFolderRights is ErrMayNotOpen for a folder.
var errFolderRights error = folderRights{}

type folderRights struct{}

func (folderRights) Error() string        { return "the server does not let this account open the folder" }
func (folderRights) Is(target error) bool { return target == ErrMayNotOpen }

// rightTo returns what a right allows. RFC 4314, section 2.1.
func rightTo(letter rune) string {
	switch letter {
	case 'r':
		return "to read"
	case 's':
		return `to set \Seen`
	case 't':
		return `to set \Deleted`
	case 'e':
		return "to expunge"
	case 'w':
		return "to set keywords"
	case 'i':
		return "to put messages there"
	case 'k':
		return "to create folders"
	}
	return "no right that is asked for here"
}
