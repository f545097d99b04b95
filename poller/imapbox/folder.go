package imapbox

import (
	"cmp"
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
	// Estimated: the server gives no UIDNEXT. UIDNext is one more than the highest UID,
	// and so becomes less when that message is removed, which does not mean that UIDs
	// are given out again.
	Estimated bool
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

// SpecialUse finds the folder with a special use, such as "\Junk". RFC 6154. Only
// folders with a special use are asked for (section 5.2 there), so that nothing
// depends on the names of the others. Servers that don't offer SPECIAL-USE, or refuse
// the request, are asked for a plain list, in which some give it all the same.
func (s *Session) SpecialUse(ctx context.Context, attr string) (folder string, found bool, err error) {
	listed := 0
	look := func(d *imap.ListData) {
		listed++
		if !found && slices.ContainsFunc(d.Attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), attr) }) {
			folder, found = d.Mailbox, true
		}
	}
	if s.Has("SPECIAL-USE") {
		err = s.list(ctx, "*", &imap.ListOptions{SelectSpecialUse: true}, look)
		if err != nil && !Refusal(err) || found || listed > 0 && err == nil {
			return folder, found, err
		}
	}
	if err = s.list(ctx, "*", nil, look); err != nil {
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
// amount of work, whatever the size of the folder. Where the server does not tell all
// of it so, the folder is opened as by Examine.
func (s *Session) Status(ctx context.Context, folder string) (Status, error) {
	folder = canonical(folder)
	status, err := s.askStatus(ctx, folder)
	var reply *Reply
	switch {
	case Refusal(err) && errors.As(err, &reply) && reply.Status == "BAD": // it does not know STATUS
	case err != nil:
		return Status{}, s.noFolder(ctx, folder, err)
	case status.UIDValidity > 0 && status.UIDNext > 0:
		return status, nil
	}
	selected, err := s.openFolder(ctx, "examine", folder, true, status)
	return selected.Status, err
}

// askStatus returns what STATUS gives; what it does not give is 0.
func (s *Session) askStatus(ctx context.Context, folder string) (Status, error) {
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
	return status.plausible(), err
}

// plausible drops a UIDNEXT that leaves no UIDs for the messages that there are.
func (st Status) plausible() Status {
	if st.UIDNext <= st.Messages {
		st.UIDNext = 0
	}
	return st
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
		step.Err = fmt.Errorf("%w; check folders%s (%w)", ErrNoFolder, similarNames(folder, all), reply)
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
	return s.openFolder(ctx, step, canonical(folder), readOnly, Status{})
}

// openFolder opens a folder and completes what the server gives of it: from known,
// which STATUS gave, from STATUS, and by a search.
func (s *Session) openFolder(ctx context.Context, step, folder string, readOnly bool, known Status) (Selected, error) {
	s.open = openedFolder{} // a failed SELECT leaves no folder open
	if err := s.mayName(step, folder); err != nil {
		return Selected{}, err
	}
	selected, err := s.askSelect(ctx, step, folder, readOnly)
	if s.wantsID(err) && s.identify(ctx) == nil {
		selected, err = s.askSelect(ctx, step, folder, readOnly)
	}
	if err != nil {
		return Selected{}, s.noFolder(ctx, folder, err)
	}
	st := &selected.Status
	if st.UIDNext == 0 || st.UIDValidity == 0 {
		if known == (Status{}) {
			// RFC 3501, section 6.3.1, has a client ask for a STATUS then.
			if known, err = s.askStatus(ctx, folder); err != nil && !Refusal(err) {
				return Selected{}, err
			}
		}
		st.UIDValidity, st.UIDNext = cmp.Or(st.UIDValidity, known.UIDValidity), cmp.Or(st.UIDNext, known.UIDNext)
		*st = st.plausible()
	}
	if st.UIDValidity == 0 {
		return Selected{}, s.stepError(step, folder, fmt.Errorf("the server gives no UIDVALIDITY (%w): it can't be told what is new", ErrProtocol))
	}
	s.open = openedFolder{folder: folder, writable: !selected.ReadOnly, permanent: selected.PermanentFlags}
	if st.UIDNext == 0 {
		highest, err := s.highest(ctx, st.Messages)
		if err != nil {
			s.open = openedFolder{}
			return Selected{}, err
		}
		st.UIDNext, st.Estimated = highest+1, true
	}
	return selected, nil
}

// askSelect opens a folder; what the server does not tell of it is 0.
func (s *Session) askSelect(ctx context.Context, step, folder string, readOnly bool) (Selected, error) {
	var selected Selected
	err := s.run(ctx, step, folder, maxReply, func() error {
		data, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		if err != nil {
			return err
		}
		selected.Status = Status{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext), Messages: data.NumMessages}.plausible()
		for _, flag := range data.PermanentFlags {
			selected.PermanentFlags = append(selected.PermanentFlags, string(flag))
		}
		return nil
	})
	if told, denied := s.permanentFlags(); err == nil && !told && !denied {
		selected.PermanentFlags = []string{string(imap.FlagWildcard)}
	}
	selected.ReadOnly = readOnly || len(selected.PermanentFlags) == 0
	return selected, err
}

// permanentFlags reports whether the last answer names the flags that are kept, and
// whether it says that the folder cannot be written. Where it does neither, all flags
// can be changed: RFC 3501, section 7.1.
func (s *Session) permanentFlags() (told, readOnly bool) {
	return s.conn.HasCode("PERMANENTFLAGS"), s.conn.TaggedCode() == "READ-ONLY"
}

// highest returns the highest UID in the open folder, which has so many messages at
// least; 0 if it is empty.
func (s *Session) highest(ctx context.Context, messages uint32) (uint32, error) {
	// The first question has a short answer, and some servers do not know "*".
	for _, criteria := range []*imap.SearchCriteria{{UID: []imap.UIDSet{{{}}}}, {}} {
		answer, err := s.searchTwice(ctx, criteria)
		if err != nil && !Refusal(err) {
			return 0, err
		}
		uid := uint32(0)
		for _, r := range answer.found {
			uid = max(uid, uint32(r.Start), uint32(r.Stop))
		}
		if uid == ^uint32(0) {
			uid-- // so that there is one after it
		}
		if uid > 0 && uid >= messages || err != nil && criteria.UID == nil {
			return uid, err
		}
	}
	if messages > 0 {
		return 0, s.stepError("search", s.open.folder, fmt.Errorf("the server gives no UIDNEXT and finds none of %d messages (%w): it can't be told what is new", messages, ErrProtocol))
	}
	return 0, nil
}

// create makes a folder that a message is to be moved to.
func (s *Session) create(ctx context.Context, folder string) error {
	return s.run(ctx, "create", folder, maxReply, func() error { return s.client.Create(folder, nil).Wait() })
}

// needFolder is the error of a method that needs an open folder.
func (s *Session) needFolder(step string) error {
	if s.open.folder == "" {
		return s.stepError(step, "", errNoneOpen)
	}
	return nil
}
