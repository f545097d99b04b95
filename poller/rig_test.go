package poller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/backfill"
	"tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/emptydb"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

// testWait is long for a machine that is busy, and short for a test that hangs.
const testWait = 20 * time.Second

// A rig is a poller at work on one mailbox, with a database of its own.
type rig struct {
	t    *testing.T
	db   *db.DB
	path string // of the database
	log  *logBuffer
	skew atomic.Int64 // by which the database's clock is ahead
	o    options
	p    *poller.Poller
}

var empty emptydb.Empty

// createEmpty makes an empty database.
func createEmpty(path string) error {
	d, err := db.Open(context.Background(), path, db.Options{})
	if err != nil {
		return err
	}
	return d.Close()
}

// options are a rig's, which a test changes.
type options struct {
	poller.Options
	Reading ingest.Options
}

// newRig makes a rig for a server's mailbox, called "box": INBOX, after = "seen",
// authenticity off, unless change says otherwise.
func newRig(t *testing.T, s *imaptest.Server, change ...func(*options)) *rig {
	t.Helper()
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "test.db"), log: &logBuffer{}}
	empty.Put(t, r.path, createEmpty)
	var err error
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	if r.db, err = db.Open(t.Context(), r.path, db.Options{Log: logger, Now: r.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	})
	r.o = options{
		Options: poller.Options{Store: r.db, Log: logger, Mailboxes: []poller.Mailbox{mailboxOn(s, "box")}},
		Reading: ingest.Options{Recorder: r.db, Limits: read.DefaultLimits(), Log: logger},
	}
	r.change(change...)
	return r
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.skew.Load())) }

// reopen opens the database anew, as the next process does.
func (r *rig) reopen() {
	r.t.Helper()
	_ = r.db.Close()
	d, err := db.Open(r.t.Context(), r.path, db.Options{Log: r.o.Log, Now: r.now})
	if err != nil {
		r.t.Fatal(err)
	}
	r.db, r.o.Store, r.o.Reading.Recorder = d, d, d
	r.change()
}

// pass lets time pass for the database.
func (r *rig) pass(d time.Duration) { r.skew.Add(int64(d)) }

// pending returns the pending messages, as "UID reason", with "quarantined" before the
// reason where that is so, and without the reason where the message does not say that it
// is a report.
func (r *rig) pending() []string {
	r.t.Helper()
	all := []string{}
	err := r.db.EachPending(context.Background(), func(m report.PendingMessage) error {
		line := fmt.Sprint(m.UID)
		if !m.NextTry.IsZero() {
			line += " quarantined"
		}
		if m.From+m.Subject+m.MessageID != "" != m.Claimed {
			r.t.Errorf("pending %+v: only what says that it is a report is described", m)
		}
		if !m.Claimed {
			line += " (unknown)"
		}
		all = append(all, line+": "+m.Text)
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// wantPending wants pending messages that have these words each, in their order.
func (r *rig) wantPending(words ...string) {
	r.t.Helper()
	got := r.pending()
	ok := len(got) == len(words)
	for i := 0; ok && i < len(got); i++ {
		for _, word := range strings.Split(words[i], "…") {
			ok = ok && strings.Contains(got[i], word)
		}
	}
	if !ok {
		r.t.Fatalf("pending messages %q, want %q", got, words)
	}
}

// change restarts the poller with other options, as a new process would.
func (r *rig) change(change ...func(*options)) {
	for _, f := range change {
		f(&r.o)
	}
	r.o.Ingest = ingest.New(r.o.Reading)
	r.p = poller.New(r.o.Options)
}

// backfillFiles reads files.
func (r *rig) backfillFiles(paths []string) (ingest.Result, error) {
	return backfill.Files(r.t.Context(), paths, backfill.Options{Ingest: r.o.Ingest})
}

func mailboxOn(s *imaptest.Server, name string) poller.Mailbox {
	return poller.Mailbox{
		Name: name, Folders: []string{"INBOX"}, After: poller.AfterSeen,
		IMAP: imapbox.Options{
			Name: name, Host: s.Host, Port: s.Port, TLS: netclient.TLSMode(s.TLS), TLSConfig: s.TLSConfig(), Timeout: testWait,
			Auth: func(context.Context) (netclient.Credentials, error) {
				return netclient.Credentials{Username: s.Username, Password: s.Password}, nil
			},
		},
	}
}

// Changes of the options.
func folders(names ...string) func(*options) {
	return func(o *options) { o.Mailboxes[0].Folders = names }
}

func after(a poller.After, keyword, moveTo string) func(*options) {
	return func(o *options) {
		o.Mailboxes[0].After, o.Mailboxes[0].Keyword, o.Mailboxes[0].MoveTo = a, keyword, moveTo
	}
}

func timeout(d time.Duration) func(*options) {
	return func(o *options) { o.Mailboxes[0].IMAP.Timeout = d }
}

func maxMessage(n int64) func(*options) {
	return func(o *options) { o.Reading.Limits.MaxMessage = n }
}

func authenticate(keys dkim.Lookup, who ingest.Vouching) func(*options) {
	return func(o *options) { o.Reading.Keys, o.Reading.Examine = keys, who.Examine }
}

// judging authenticates by itself. What it does not know is left to a key that DNS does
// not give.
func judging(f func(read.Found) report.Authenticity) func(*options) {
	return func(o *options) {
		o.Reading.Keys = func(context.Context, string) ([]string, error) { return nil, errors.New("no answer") }
		o.Reading.Examine = func(found read.Found, _ time.Time) ingest.Case {
			a := f(found)
			s := ingest.CaseSignature{Decided: &a}
			if a.Result == report.AuthUnknown {
				s = ingest.CaseSignature{Open: &dkim.Open{Domain: a.Domain, Selector: "s"}}
			}
			return ingest.Case{Signatures: []ingest.CaseSignature{s}}
		}
	}
}

// poll polls and wants it to go well and to count so. Totals are Examined,
// Recorded, Duplicate, Rejected and Ignored.
func (r *rig) poll(want ingest.Totals) {
	r.t.Helper()
	result, err := r.p.Poll(r.t.Context(), "")
	if err != nil {
		r.t.Fatalf("Poll: %v\n%s", err, r.log)
	}
	if diff := cmp.Diff(want, result.Totals); diff != "" {
		r.t.Fatalf("totals of the poll (-want +got):\n%s\n%s", diff, r.log)
	}
}

// pollFails polls and wants an error that names all of the words.
func (r *rig) pollFails(words ...string) (ingest.Result, error) {
	r.t.Helper()
	result, err := r.p.Poll(r.t.Context(), "")
	if err == nil {
		r.t.Fatalf("Poll: no error, want one that says %q; result %+v", words, result)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			r.t.Errorf("Poll: %v; want %q in it", err, word)
		}
	}
	return result, err
}

// want compares what is recorded, as "report-id authenticity".
func (r *rig) want(reports ...string) {
	r.t.Helper()
	got := []string{}
	err := r.db.EachPolicy(context.Background(), report.Filter{}, func(row *report.PolicyRow) error {
		id := row.Report.ReportID
		if row.Auth.Result != report.AuthUnchecked {
			id += " " + string(row.Auth.Result)
		}
		got = append(got, id)
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(reports)
	if diff := cmp.Diff(reports, got); len(reports)+len(got) > 0 && diff != "" {
		r.t.Fatalf("recorded reports (-want +got):\n%s\n%s", diff, r.log)
	}
}

// rejected returns the messages that the digest would name.
func (r *rig) rejected() []report.RejectedMessage {
	r.t.Helper()
	all, err := r.db.RejectedMessages(context.Background(), 0, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// wantRejected wants one rejected message, and that its reason says so.
func (r *rig) wantRejected(uid uint32, reason string) {
	r.t.Helper()
	all := r.rejected()
	if len(all) != 1 || all[0].UID != uid || !strings.Contains(all[0].Text, reason) {
		r.t.Fatalf("rejected messages = %+v, want UID %d because of %q", all, uid, reason)
	}
}

func (r *rig) folder(name string) report.Folder {
	r.t.Helper()
	f, err := r.db.Folder(context.Background(), "box", name)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// wantCursor wants the poll's cursor of a folder to stand at a UID.
func (r *rig) wantCursor(folder string, last uint32) {
	r.t.Helper()
	if c := r.folder(folder).Poll; c == nil || c.LastUID != last {
		r.t.Errorf("poll cursor of %s = %+v, want UID %d", folder, c, last)
	}
}

// wantFlags compares the flags in a folder, ignoring case as IMAP does.
func wantFlags(t *testing.T, s *imaptest.Server, folder string, want map[uint32][]string) {
	t.Helper()
	got := s.Flags(t, folder)
	for _, flags := range got {
		for i := range flags {
			flags[i] = strings.ToLower(flags[i])
		}
		slices.Sort(flags)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flags in %s (-want +got):\n%s", folder, diff)
	}
}

// unseen and seen are flags as wantFlags has them.
func unseen() []string { return []string{} }
func seen() []string   { return []string{`\seen`} }

// deliver appends messages that arrive now, unseen.
func deliver(t *testing.T, s *imaptest.Server, folder string, mails ...[]byte) []uint32 {
	t.Helper()
	var uids []uint32
	for _, m := range mails {
		uids = append(uids, s.Append(t, folder, nil, time.Time{}, m))
	}
	return uids
}

// A logBuffer keeps the log for reading.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// names returns the names of the commands that went through a proxy, "UID FETCH"
// as one.
func names(commands []string) []string {
	var all []string
	for _, line := range commands {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "T") {
			continue // the continuation of a command
		}
		name := strings.ToUpper(fields[1])
		if name == "UID" && len(fields) > 2 {
			name += " " + strings.ToUpper(fields[2])
		}
		all = append(all, name)
	}
	return all
}

// once makes a proxy do an action at the first command that contains a word.
func once(word string, a imaptest.Action) func(string) imaptest.Action {
	var mu sync.Mutex
	done := false
	return func(line string) imaptest.Action {
		mu.Lock()
		defer mu.Unlock()
		if done || !strings.Contains(strings.ToUpper(line), word) {
			return imaptest.Forward
		}
		done = true
		return a
	}
}

// isCanceled reports whether an error is that of a context that was cancelled.
func isCanceled(err error) bool { return errors.Is(err, context.Canceled) }

// id is the report-id of the report numbered n.
func id(n int) string { return fmt.Sprintf("report-%d", n) }

// authenticity returns the authenticity of the one report recorded, as "result
// reason".
func (r *rig) authenticity() string {
	r.t.Helper()
	var all []string
	err := r.db.EachPolicy(context.Background(), report.Filter{}, func(row *report.PolicyRow) error {
		all = append(all, strings.TrimSpace(string(row.Auth.Result)+" "+string(row.Auth.Reason)))
		return nil
	})
	if err != nil || len(all) != 1 {
		r.t.Fatalf("%d policies recorded, want 1; %v\n%s", len(all), err, r.log)
	}
	return all[0]
}
