package poller

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"tlsbrief/internal/ingest"
)

// folders returns the folders to read, special uses looked up and patterns matched. One
// that the server does not have is passed over (DESIGN 9), and what reports are moved to
// is not what a pattern means. A name that cannot be looked up is an error, and does not
// stop the others.
func (m *mailbox) folders(ctx context.Context) (all []*folder, errs []error) {
	known := map[string]bool{}
	for _, configured := range m.config.Folders {
		names, err := m.foldersNamed(ctx, configured)
		if err != nil {
			err = m.notFound(configured, err)
			errs = append(errs, err)
			for _, before := range m.knownFolders(ctx) {
				if !slices.Contains(m.config.Folders, before) {
					errs = append(errs, m.polled(ctx, before, err)) // which the name stood for
				}
			}
			m.counts = append(m.counts, &ingest.Counts{Mailbox: m.config.Name, Folder: configured, Error: err.Error()})
		}
		for _, name := range names {
			if known[name] {
				continue
			}
			known[name] = true
			all = append(all, m.newFolder(name))
		}
	}
	return all, errs
}

// notFound is the error that a configured name cannot be looked up.
func (m *mailbox) notFound(name string, err error) error {
	err = fmt.Errorf("mailbox %q: looking for the folder for %s: %w", m.config.Name, name, err)
	if isSpecialUse(name) {
		err = fmt.Errorf("%w; the other folders are read; name the folder itself in folders, or leave %s out", err, name)
	}
	return err
}

// foldersNamed returns the folders that a configured name stands for.
func (m *mailbox) foldersNamed(ctx context.Context, name string) ([]string, error) {
	switch {
	case isSpecialUse(name):
		if err := m.conn.connect(ctx); err != nil {
			return nil, err
		}
		found, ok, err := m.conn.session.SpecialUse(ctx, name)
		if err != nil || ok {
			return []string{found}[:min(1, len(found))], err
		}
		if m.p.logged.first(m.config.Name + "\x00" + name) {
			level := slog.LevelInfo
			if name == `\Junk` { // it is configured by default, so nobody may have meant it
				level = slog.LevelDebug
			}
			m.log.Log(ctx, level, "the server names no such folder; it is passed over", "folder", name)
		}
		return nil, nil
	case isPattern(name):
		if err := m.conn.connect(ctx); err != nil {
			return nil, err
		}
		found, err := m.matching(ctx, name)
		if err == nil && len(found) == 0 && m.p.logged.first(m.config.Name+"\x00"+name) {
			m.log.Warn("no folder matches; it is passed over", "folder", name)
		}
		return found, err
	}
	return []string{name}, nil
}

func (m *mailbox) matching(ctx context.Context, pattern string) ([]string, error) {
	found, err := m.conn.session.Match(ctx, pattern)
	return slices.DeleteFunc(found, func(name string) bool {
		return m.config.After == AfterMove && name == m.config.MoveTo
	}), err
}

// isPattern reports whether a name stands for all folders that match it.
func isPattern(name string) bool { return strings.ContainsAny(name, "*%") }

func isSpecialUse(name string) bool { return strings.HasPrefix(name, `\`) }

// knownFolders names the folders without asking the server: those configured by
// name, and those that a special use or a pattern was found to mean at an earlier
// poll.
func (m *mailbox) knownFolders(ctx context.Context) []string {
	var names []string
	special := ""
	for _, name := range m.config.Folders {
		if isSpecialUse(name) || isPattern(name) {
			special = name
		} else {
			names = append(names, name)
		}
	}
	if special == "" {
		return names
	}
	all, err := m.p.o.Store.Folders(detached(ctx))
	if err != nil {
		m.log.Error("reading what is known of the folders", "err", err)
	}
	for _, f := range all {
		if f.Mailbox == m.config.Name && !slices.Contains(names, f.Folder) {
			names = append(names, f.Folder)
		}
	}
	if len(names) == 0 {
		names = append(names, special)
	}
	return names
}
