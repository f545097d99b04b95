package imapbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// maxFolders bounds what Folders and SpecialUse hold.
const maxFolders = 100_000

// A Status is what a folder's cursor is judged by. RFC 9051, section 2.3.1.1.
type Status struct {
	UIDValidity uint32 // never 0
	UIDNext     uint32 // never 0
	Messages    uint32
}

// Selected is a folder opened for changes.
type Selected struct {
	Status
	// PermanentFlags are the flags that the server keeps; "\*" stands for new
	// keywords.
	PermanentFlags []string
	// ReadOnly: the server keeps no flag at all.
	ReadOnly bool
}

// Keeps reports whether the server says that it keeps a flag.
func (s Selected) Keeps(flag string) bool { return keeps(s.PermanentFlags, flag) }

// keeps looks a flag up in PERMANENTFLAGS. "\*" stands for keywords, yet servers
// that list it leave out system flags that they do keep; whether a flag was kept
// is seen afterwards.
func keeps(permanent []string, flag string) bool {
	return slices.ContainsFunc(permanent, func(p string) bool {
		return strings.EqualFold(p, flag) || p == string(imap.FlagWildcard)
	})
}

// Folders lists the folders that can be opened, sorted.
func (s *Session) Folders(ctx context.Context) ([]string, error) {
	var folders []string
	err := s.list(ctx, "*", nil, func(d *imap.ListData) { folders = append(folders, d.Mailbox) })
	slices.Sort(folders)
	return folders, err
}

// SpecialUse finds the folder with a special use, such as "\Junk". RFC 6154.
// Servers that don't offer SPECIAL-USE are asked for a plain list, in which some
// tell it all the same.
func (s *Session) SpecialUse(ctx context.Context, attr string) (folder string, found bool, err error) {
	var options *imap.ListOptions
	if s.Has("SPECIAL-USE") && s.Has("LIST-EXTENDED") {
		options = &imap.ListOptions{ReturnSpecialUse: true}
	}
	err = s.list(ctx, "*", options, func(d *imap.ListData) {
		if !found && slices.ContainsFunc(d.Attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), attr) }) {
			folder, found = d.Mailbox, true
		}
	})
	if err != nil {
		return "", false, err
	}
	return folder, found, nil
}

func (s *Session) list(ctx context.Context, pattern string, options *imap.ListOptions, each func(*imap.ListData)) error {
	return s.run(ctx, "list", "", maxListing, func() error {
		cmd := s.client.List("", pattern, options)
		for n := 0; ; n++ {
			data := cmd.Next()
			if data == nil {
				return cmd.Close()
			}
			closed := slices.ContainsFunc(data.Attrs, func(a imap.MailboxAttr) bool {
				return a == imap.MailboxAttrNoSelect || a == imap.MailboxAttrNonExistent
			})
			if !closed && n < maxFolders {
				each(data)
			}
		}
	})
}

// Status asks for a folder's state without opening it: a constant and small
// amount of work, whatever the size of the folder.
func (s *Session) Status(ctx context.Context, folder string) (Status, error) {
	folder = canonical(folder)
	if err := s.mayName("status", folder); err != nil {
		return Status{}, err
	}
	var status Status
	err := s.run(ctx, "status", folder, maxReply, func() error {
		data, err := s.client.Status(folder, &imap.StatusOptions{UIDNext: true, UIDValidity: true, NumMessages: true}).Wait()
		status = Status{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext)}
		if data.NumMessages != nil {
			status.Messages = *data.NumMessages
		}
		return err
	})
	switch {
	case err != nil:
		return Status{}, s.noFolder(ctx, folder, err)
	case status.UIDValidity == 0 || status.UIDNext == 0:
		return Status{}, s.stepError("status", folder, fmt.Errorf("the server gives no UIDVALIDITY or UIDNEXT (%w): it can't be told what is new", ErrProtocol))
	}
	return status, nil
}

// noFolder adds ErrNoFolder to a refusal that does not say why, as Dovecot's,
// where the folder is not in the list.
func (s *Session) noFolder(ctx context.Context, folder string, err error) error {
	if err = s.explainRefusal(ctx, folder, err); errors.Is(err, ErrMayNotOpen) {
		return err
	}
	var step *StepError
	var reply *Reply
	if !errors.As(err, &step) || !errors.As(err, &reply) || reply.Status != "NO" || reply.Code != "" {
		return err
	}
	found := false
	var all []string
	listErr := s.list(ctx, "*", nil, func(d *imap.ListData) {
		found = found || d.Mailbox == folder
		all = append(all, d.Mailbox)
	})
	if listErr == nil && !found {
		step.Err = fmt.Errorf("%w; check folders%s (%w)", ErrNoFolder, alike(folder, all), reply)
	}
	return err
}

// Examine opens a folder for reading only. The server changes nothing in it, not
// even \Recent.
func (s *Session) Examine(ctx context.Context, folder string) (Status, error) {
	selected, err := s.selectFolder(ctx, "examine", folder, true)
	return selected.Status, err
}

// Select opens a folder for AddFlag and Move.
func (s *Session) Select(ctx context.Context, folder string) (Selected, error) {
	return s.selectFolder(ctx, "select", folder, false)
}

func (s *Session) selectFolder(ctx context.Context, step, folder string, readOnly bool) (Selected, error) {
	folder = canonical(folder)
	s.open = opened{} // a failed SELECT leaves no folder open
	if err := s.mayName(step, folder); err != nil {
		return Selected{}, err
	}
	var selected Selected
	err := s.run(ctx, step, folder, maxReply, func() error {
		data, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		if err != nil {
			return err
		}
		selected.Status = Status{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext), Messages: data.NumMessages}
		for _, flag := range data.PermanentFlags {
			selected.PermanentFlags = append(selected.PermanentFlags, string(flag))
		}
		return nil
	})
	if err != nil {
		return Selected{}, s.noFolder(ctx, folder, err)
	}
	if selected.UIDNext == 0 || selected.UIDValidity == 0 {
		// Old servers leave it out here. RFC 3501, section 6.3.1, then asks for
		// a STATUS.
		status, err := s.Status(ctx, folder)
		if err != nil {
			return Selected{}, err
		}
		selected.Status = status
	}
	selected.ReadOnly = readOnly || len(selected.PermanentFlags) == 0
	s.open = opened{folder: folder, writable: !selected.ReadOnly, permanent: selected.PermanentFlags}
	return selected, nil
}

// create makes a folder that a message is to be moved to.
func (s *Session) create(ctx context.Context, folder string) error {
	return s.run(ctx, "create", folder, maxReply, func() error { return s.client.Create(folder, nil).Wait() })
}

// canonical spells INBOX, which is case-insensitive, the way go-imap does: it
// drops a STATUS answer whose name is not the one that it asked for.
func canonical(folder string) string {
	if strings.EqualFold(folder, "INBOX") {
		return "INBOX"
	}
	return folder
}

// needFolder is the error of a method that needs an open folder.
func (s *Session) needFolder(step string) error {
	if s.open.folder == "" {
		return s.stepError(step, "", errNoneOpen)
	}
	return nil
}
