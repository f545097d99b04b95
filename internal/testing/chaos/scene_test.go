package chaos

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
)

// archive is where the scenes with after = "move" have their reports moved to.
const archive = "Archive/TLS"

// A scene is a mailbox with reports and letters in it, a proxy in front of it, and
// a folder for the database. It knows what was mailed in.
type scene struct {
	imap   *imaptest.Server // without the proxy
	proxy  *imaptest.Proxy
	dir    string
	where  string // the database; empty: in dir
	after  string // the configuration's key
	folder string

	mailed  int
	reports map[uint32]int // by UID in the folder, their numbers
	letters []uint32
}

// newScene makes a scene with three reports, one of which does not say so in its
// header, and a letter.
func newScene(t *testing.T, s *imaptest.Server, after string) *scene {
	t.Helper()
	sc := emptyScene(t, s, after)
	sc.fill(t)
	return sc
}

// emptyScene makes a scene without any mail.
func emptyScene(t *testing.T, s *imaptest.Server, after string) *scene {
	t.Helper()
	return &scene{imap: s, proxy: imaptest.NewProxy(t, s), dir: t.TempDir(), after: after, folder: "INBOX", reports: map[uint32]int{}}
}

// fill delivers three reports, one of which does not say so in its header, and a
// letter.
func (sc *scene) fill(t *testing.T) {
	t.Helper()
	sc.report(t)
	sc.letter(t)
	sc.bundled(t)
	sc.report(t)
}

func (sc *scene) database() string {
	return cmp.Or(sc.where, filepath.Join(sc.dir, "tlsrpt.db"))
}

func (sc *scene) report(t *testing.T)  { sc.mail(t, samples.Report) }
func (sc *scene) bundled(t *testing.T) { sc.mail(t, samples.Bundled) }

func (sc *scene) mail(t *testing.T, write func(int, time.Time, string) (samples.Mail, error)) {
	t.Helper()
	sc.mailed++
	m, err := write(sc.mailed, time.Now(), "example.com")
	if err != nil {
		t.Fatal(err)
	}
	sc.reports[sc.imap.Append(t, sc.folder, nil, time.Time{}, m.Data)] = sc.mailed
}

func (sc *scene) letter(t *testing.T) {
	t.Helper()
	m := samples.Letter(len(sc.letters), time.Now())
	sc.letters = append(sc.letters, sc.imap.Append(t, sc.folder, nil, time.Time{}, m.Data))
}

// open opens the scene's database beside whoever else has it open.
func (sc *scene) open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), sc.database(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// recorded counts how often each numbered report is recorded.
func recorded(t *testing.T, d *db.DB) map[int]int {
	t.Helper()
	count := map[int]int{}
	err := d.EachPolicy(context.Background(), report.Filter{}, func(row *report.PolicyRow) error {
		n, err := strconv.Atoi(strings.TrimPrefix(row.Report.OrganizationName, "Sender "))
		count[n]++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

var senderNumber = regexp.MustCompile(`sender-([0-9]+)\.example`)

// moved counts the numbered reports in the archive.
func (sc *scene) moved(t *testing.T) map[int]int {
	t.Helper()
	count := map[int]int{}
	if sc.after != "move" {
		return count
	}
	sc.imap.EnsureFolder(t, archive)
	for uid, data := range sc.imap.Messages(t, archive) {
		found := senderNumber.FindSubmatch(data)
		if found == nil {
			t.Errorf("UID %d in %s is not a report", uid, archive)
			continue
		}
		n, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		count[n]++
	}
	return count
}

// checkMarks wants nothing to be marked that is not recorded.
func (sc *scene) checkMarks(t *testing.T, d *db.DB) {
	t.Helper()
	have := recorded(t, d)
	flags := sc.imap.Flags(t, sc.folder)
	for uid, n := range sc.reports {
		if len(flags[uid]) > 0 && have[n] == 0 {
			t.Errorf("UID %d has the flags %v and is not recorded", uid, flags[uid])
		}
	}
	for n := range sc.moved(t) {
		if have[n] == 0 {
			t.Errorf("report %d was moved and is not recorded", n)
		}
	}
}

// checkEnd wants everything to be as if nothing had ever gone wrong.
func (sc *scene) checkEnd(t *testing.T, d *db.DB) {
	t.Helper()
	have := recorded(t, d)
	for n := 1; n <= sc.mailed; n++ {
		if have[n] != 1 {
			t.Errorf("report %d is recorded %d times, want once", n, have[n])
		}
	}
	if len(have) != sc.mailed {
		t.Errorf("recorded are %v, want %d reports", slices.Sorted(maps.Keys(have)), sc.mailed)
	}
	flags := sc.imap.Flags(t, sc.folder)
	for _, uid := range sc.letters {
		if got, there := flags[uid]; !there || len(got) > 0 {
			t.Errorf("UID %d is a letter, and has the flags %v (there: %t)", uid, got, there)
		}
	}
	moved := sc.moved(t)
	for uid, n := range sc.reports {
		got, there := flags[uid]
		switch {
		case sc.after == "move" && (there || moved[n] != 1):
			t.Errorf("report %d is %d times in %s, and still in %s: %t", n, moved[n], archive, sc.folder, there)
		case sc.after != "move" && !slices.Equal(got, []string{`\Seen`}):
			t.Errorf("UID %d is a report and recorded, and its flags are %v", uid, got)
		}
	}
	if err := d.IntegrityCheck(context.Background()); err != nil {
		t.Error(err)
	}
}

// marking is what a client sends to change messages.
var marking = regexp.MustCompile(`^\S+ UID (?:STORE|MOVE|COPY) ([0-9:,]+) `)

// watchMarks has the proxy look, whenever messages are about to be marked, whether
// each of them is committed as recorded.
func (sc *scene) watchMarks(t *testing.T) {
	t.Helper()
	sc.proxy.OnCommand(func(line string) imaptest.Action {
		if found := marking.FindStringSubmatch(line); found != nil {
			if err := sc.committed(found[1]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
		return imaptest.Forward
	})
}

// committed looks into the file as another process would.
func (sc *scene) committed(set string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, sc.database(), db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	f, err := d.Folder(ctx, "reports", sc.folder)
	if err != nil || f.Poll == nil {
		return fmt.Errorf("messages are marked before there is a cursor: %w", err)
	}
	uids, err := d.RecordedUIDs(ctx, "reports", sc.folder, f.Poll.UIDValidity, 1_000_000)
	if err != nil {
		return err
	}
	members, err := imaptest.UIDs(set)
	if err != nil {
		return err
	}
	for _, uid := range members {
		if !slices.Contains(uids, uid) {
			return fmt.Errorf("UID %d is marked before it is recorded", uid)
		}
	}
	return nil
}
