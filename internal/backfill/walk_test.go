package backfill_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/backfill"
)

const (
	mail   = "Received: from a.example\r\nFrom: <a@example.com>\r\nSubject: one\r\n\r\nHello.\r\n"
	report = `{"organization-name":"Example","date-range":{},"policies":[]}`
	first  = "From: <a@example.com>\nSubject: one\n\nOne.\n"
	second = "From: <b@example.com>\nSubject: two\n\nTwo.\n"
	mbox   = "From a@example.com Sun Mar  1 10:20:30 2026\n" + first + "\nFrom b@example.com Mon Mar  2 10:20:30 2026\n" + second + "\n"
)

func gzipped(t *testing.T, data string) string {
	t.Helper()
	var b bytes.Buffer
	return packed(t, &b, gzip.NewWriter(&b), data)
}

func zlibbed(t *testing.T, data string) string {
	t.Helper()
	var b bytes.Buffer
	return packed(t, &b, zlib.NewWriter(&b), data)
}

func packed(t *testing.T, b *bytes.Buffer, w io.WriteCloser, data string) string {
	t.Helper()
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipped packs names and contents, in turns.
func zipped(t *testing.T, entries ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, entries[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// write makes the files, names and contents in turns, in a new folder and
// returns it. A name that ends in a slash is a folder.
func write(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(files[i], "/") {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// walk returns the items as tests compare them, "kind path: data" or "error path:
// text".
func walk(t *testing.T, dir string, o backfill.WalkOptions, paths ...string) ([]string, backfill.Tally) {
	t.Helper()
	for i := range paths {
		paths[i] = filepath.Join(dir, filepath.FromSlash(paths[i]))
	}
	var got []string
	tally, err := backfill.Walk(t.Context(), paths, o, func(i backfill.Item) error {
		path, ok := strings.CutPrefix(i.Path, dir+string(filepath.Separator))
		if !ok {
			t.Errorf("item's path %q is not below %q", i.Path, dir)
		}
		if !strings.HasPrefix(i.Path, i.Root) {
			t.Errorf("item's path %q is not below its root %q", i.Path, i.Root)
		}
		if i.Err != nil {
			if i.Data != nil && (i.Kind != backfill.Mail || !errors.Is(i.Err, backfill.ErrTooLarge) || !strings.HasPrefix(mail+longer, string(i.Data))) {
				t.Errorf("%s: %q beside an error, want nothing or a mail's beginning", path, i.Data)
			}
			text, ok := strings.CutPrefix(i.Err.Error(), i.Path+": ")
			if !ok || strings.Contains(text, i.Path) {
				t.Errorf("%s: the error %q does not name the path, once and first", path, i.Err)
			}
			got = append(got, fmt.Sprintf("error %s: %s", path, text))
			return nil
		}
		got = append(got, fmt.Sprintf("%s %s: %s", i.Kind, path, i.Data))
		return nil
	})
	if err != nil {
		t.Errorf("Walk: %v", err)
	}
	return got, tally
}

func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, data string
		want             string // in a folder; empty: ignored
		named            string // named itself; empty: as in a folder
	}{
		{name: "a mail", file: "a.eml", data: mail, want: "mail a.eml: " + mail},
		{name: "a mail by any name", file: "a", data: mail, want: "mail a: " + mail},
		{name: "one odd field, but the name says mail", file: "a.eml", data: "X: y\n\n", want: "mail a.eml: X: y\n\n"},
		{name: "an odd first line, but the name says mail", file: "a.eml", data: " x\nodd\n" + mail, want: "mail a.eml:  x\nodd\n" + mail},
		{name: "text with a colon", file: "notes.txt", data: "To: do\nbuy milk\n", named: "mail notes.txt: To: do\nbuy milk\n"},
		{name: "text", file: "README", data: "Read me.\n", named: "error README: neither a mail"},
		{name: "empty", file: "a.eml", data: "", named: "error a.eml: empty"},
		{name: "a report", file: "r.json", data: report, want: "report r.json: " + report},
		{name: "a report by any name", file: "r.txt", data: "\n " + report, want: "report r.txt: \n " + report},
		{name: "a report with a byte order mark", file: "r.json", data: "\ufeff" + report, want: "report r.json: \ufeff" + report},
		{name: "a report in UTF-16", file: "r.json", data: utf16(report), want: "report r.json: " + utf16(report)},
		{name: "other JSON", file: "package.json", data: `{"name":"x"}`, named: `report package.json: {"name":"x"}`},
		{name: "JSON named like a report", file: "a.example!b.example!1!2!x.json", data: `{}`, want: "report a.example!b.example!1!2!x.json: {}"},
		{name: "a packed report", file: "r.json.gz", data: gzipped(t, report), want: "report r.json.gz: " + gzipped(t, report)},
		{name: "a packed report by any name", file: "r", data: gzipped(t, report), want: "report r: " + gzipped(t, report)},
		{name: "a report in zlib", file: "r.json.gz", data: zlibbed(t, report), want: "report r.json.gz: " + zlibbed(t, report)},
		{name: "a packed report that ends early", file: "r.json.gz", data: gzipped(t, report)[:40], want: "report r.json.gz: " + gzipped(t, report)[:40]},
		{name: "a damaged packed report", file: "r.json.gz", data: "\x1f\x8b\x08", want: "report r.json.gz: \x1f\x8b\x08"},
		{name: "a report packed twice", file: "r.json.gz", data: gzipped(t, gzipped(t, report)), want: "report r.json.gz: " + gzipped(t, gzipped(t, report))},
		{name: "a report with underscores", file: "r.json", data: `{"policy_type":1}`, want: `report r.json: {"policy_type":1}`},
		{name: "a report in zip where gzip is due", file: "r.json.gz", data: zipped(t, "r.json", report), want: "report r.json.gz: " + zipped(t, "r.json", report)},
		{name: "other JSON, packed", file: "package.json.gz", data: gzipped(t, `{"name":"x"}`), named: "report package.json.gz: " + gzipped(t, `{"name":"x"}`)},
		{name: "another packed file", file: "dmarc.xml.gz", data: gzipped(t, "<feedback>"), named: "error dmarc.xml.gz: neither"},
		{name: "a packed mail", file: "a.eml.gz", data: gzipped(t, mail), want: "mail a.eml.gz: " + mail},
		{name: "an mbox", file: "Inbox", data: mbox, want: "mail Inbox:message 1: " + first + "|mail Inbox:message 2: " + second},
		{name: "a packed mbox", file: "all.mbox.gz", data: gzipped(t, mbox), want: "mail all.mbox.gz:message 1: " + first + "|mail all.mbox.gz:message 2: " + second},
		{name: "Outlook's own format", file: "a.msg", data: "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", want: "error a.msg: a message in Outlook's own format: save it as .eml"},
		{name: "Outlook's kind of file, but a table", file: "a.xls", data: "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", named: "error a.xls: a message in Outlook"},
		{name: "an archive", file: "all.zip", data: zipped(t, "in/a.eml", mail, "in/", "", "r.json.gz", gzipped(t, report), "note.txt", "hi", "m", mbox),
			want: "mail all.zip!in/a.eml: " + mail + "|report all.zip!r.json.gz: " + gzipped(t, report) +
				"|mail all.zip!m:message 1: " + first + "|mail all.zip!m:message 2: " + second},
		{name: "an archive with names that would be harmful as paths", file: "all.zip", data: zipped(t, "../../etc/a.eml", mail, "b\x1b[2J\n.eml", mail),
			want: "mail all.zip!../../etc/a.eml: " + mail + "|mail all.zip!b\ufffd[2J\ufffd.eml: " + mail},
		{name: "an empty archive", file: "all.zip", data: zipped(t)},
		{name: "what archivers add", file: "all.zip", data: zipped(t, "__MACOSX/a.eml", mail, "x/.DS_Store", mail)},
		{name: "a report's archive in an archive", file: "all.zip", data: zipped(t, "r.zip", zipped(t, "r.json", report)),
			want: "report all.zip!r.zip: " + zipped(t, "r.json", report)},
		{name: "another archive in an archive", file: "all.zip", data: zipped(t, "m.zip", zipped(t, "a.eml", mail), "a.eml", mail),
			want: "error all.zip!m.zip: an archive in an archive: unpack the outer one first|mail all.zip!a.eml: " + mail},
		{name: "a damaged archive", file: "all.zip", data: "PK\x03\x04 and no more", want: "error all.zip: opening the archive: zip: not a valid zip file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, tt.file, tt.data)
			check := func(what, want, path string) {
				got, _ := walk(t, dir, backfill.WalkOptions{}, path)
				joined := strings.Join(got, "|")
				if strings.HasPrefix(want, "error") && strings.HasPrefix(joined, want) {
					return // errors are given by their beginning
				}
				if diff := cmp.Diff(want, joined); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			check("in a folder", tt.want, ".")
			if tt.named == "" {
				tt.named = tt.want
			}
			check("named", tt.named, tt.file)
		})
	}
}

// utf16 writes ASCII in UTF-16, little end first.
func utf16(s string) string {
	b := "\xFF\xFE"
	for _, r := range s {
		b += string(r) + "\x00"
	}
	return b
}

func TestFolders(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"b/2.eml", mail, "b/1.eml", mail, "a.eml", mail, "c.txt", "nothing", ".hidden.eml", mail, ".git/x.eml", mail,
		"Maildir/cur/1700000000.M1.host:2,S", "X: y\n\n", "Maildir/new/1700000001.M2.host", mail, "Maildir/tmp/1700000002.M3.host", mail,
		"Maildir/dovecot-uidlist", "3 V1 N1\n", "Maildir/.Junk/cur/1700000003.M4.host:2,", gzipped(t, mail), "Maildir/.Junk/new/", "",
		"Maildir/.cache/x.eml", mail,
		"z/cur/text", "Read me.\n", // not a Maildir: no new
	)
	got, tally := walk(t, dir, backfill.WalkOptions{}, ".")
	want := []string{
		"mail Maildir/.Junk/cur/1700000003.M4.host:2,: " + mail,
		"mail Maildir/cur/1700000000.M1.host:2,S: X: y\n\n",
		"mail Maildir/new/1700000001.M2.host: " + mail,
		"mail a.eml: " + mail, "mail b/1.eml: " + mail, "mail b/2.eml: " + mail,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if want := (backfill.Tally{Files: 6, Ignored: 3}); tally != want {
		t.Errorf("tally = %+v, want %+v", tally, want)
	}
	if got, _ := walk(t, dir, backfill.WalkOptions{}, "Maildir/cur"); len(got) != 1 {
		t.Errorf("a Maildir's cur named itself: %q, want its one mail", got)
	}
	if got, _ := walk(t, dir, backfill.WalkOptions{}, ".hidden.eml", ".git"); len(got) != 2 {
		t.Errorf("what is hidden, named itself: %q, want both", got)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	dir := write(t, "d/a.eml", mail, "other/b.eml", mail)
	for link, to := range map[string]string{
		"d/up": "..", "d/self": ".", "d/other": "../other", "d/gone": "nowhere", "d/z.eml": "a.eml",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := walk(t, dir, backfill.WalkOptions{}, "d")
	want := []string{"mail d/a.eml: " + mail, "mail d/other/b.eml: " + mail, "mail d/z.eml: " + mail}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// What is printed is the error alone: it has to say which file it is about.
func TestErrorsSayWhichFile(t *testing.T) {
	t.Parallel()
	dir := write(t, "x.bin", "\x00\x01\x02", "none.eml", "")
	for name, want := range map[string]string{
		"nope.json": "no such file or directory",
		"x.bin":     "neither a mail, an mbox, a report nor an archive of these",
		"none.eml":  "empty",
	} {
		path := filepath.Join(dir, name)
		var got error
		if _, err := backfill.Walk(t.Context(), []string{path}, backfill.WalkOptions{}, func(i backfill.Item) error { got = i.Err; return nil }); err != nil {
			t.Fatal(err)
		}
		if got == nil || got.Error() != path+": "+want {
			t.Errorf("error = %v, want %q", got, path+": "+want)
		}
		if errors.Is(got, fs.ErrNotExist) != (name == "nope.json") {
			t.Errorf("%v is fs.ErrNotExist: %t", got, errors.Is(got, fs.ErrNotExist))
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := write(t, "a.eml", mail)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, tally := walk(t, dir, backfill.WalkOptions{}, "missing.eml", "pipe", "a.eml")
	want := []string{"error missing.eml: no such file or directory", "error pipe: not a regular file", "mail a.eml: " + mail}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if tally.Files != 3 {
		t.Errorf("tally = %+v, want 3 files", tally)
	}
	if got, _ := walk(t, dir, backfill.WalkOptions{}, "."); len(got) != 1 {
		t.Errorf("in a folder: %q, want the mail alone", got)
	}
}

// longer makes a mail too large.
const longer = "x"

func TestLimits(t *testing.T) {
	t.Parallel()
	small := backfill.Limits{MaxMessage: int64(len(mail)), MaxFile: int64(len(report)), MaxEntries: 3}
	longMail, longReport := mail+longer, report+" "
	tests := []struct {
		name, file, data string
		want             []string // beginnings
	}{
		{"at the bounds", "a.zip", zipped(t, "a.eml", mail, "r.json", report), []string{"mail a.zip!a.eml", "report a.zip!r.json"}},
		{"a mail", "a.eml", longMail, []string{"error a.eml: reading the mail: too large: over the bound of 73 bytes"}},
		{"a packed mail", "a.eml.gz", gzipped(t, longMail), []string{"error a.eml.gz: reading the mail: too large"}},
		{"a report", "r.json", longReport, []string{"error r.json: reading the report: too large"}},
		{"in an archive", "a.zip", zipped(t, "a.eml", longMail, "r.json", longReport, "b.eml", mail),
			[]string{"error a.zip!a.eml: reading the mail: too large", "error a.zip!r.json: reading the report: too large", "mail a.zip!b.eml"}},
		{"in an mbox, which goes on", "m", "From a Sun Mar  1 10:20:30 2026\n" + longMail + "\n" + mbox,
			[]string{"error m:message 1: reading the mail: over the bound for mails: too large", "mail m:message 2", "mail m:message 3"}},
		{"entries", "a.zip", zipped(t, "a", mail, "b", mail, "c", mail, "d", mail), []string{"error a.zip: too large: an archive of 4 entries"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := walk(t, write(t, tt.file, tt.data), backfill.WalkOptions{Limits: small}, ".")
			if len(got) != len(tt.want) {
				t.Fatalf("items = %q, want %d", got, len(tt.want))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("item %d = %q, want it to begin %q", i, got[i], tt.want[i])
				}
			}
		})
	}
}

// TestExpansion has files that are small only while they are packed.
func TestExpansion(t *testing.T) {
	t.Parallel()
	long := mbox + strings.Repeat(strings.Repeat("x", 63)+"\n", 4096)
	tests := []struct {
		name, file, data string
		want             []string // beginnings
	}{
		{"a packed mbox", "m.mbox.gz", gzipped(t, long), []string{
			"mail m.mbox.gz:message 1", "error m.mbox.gz:message 2: reading the mail: too large: it expands to more than mails do",
		}},
		{"an archive, all entries together", "a.zip", zipped(t, "a", mail, "m", long, "z", mail), []string{
			"mail a.zip!a", "mail a.zip!m:message 1", "error a.zip!m:message 2: reading the mail: too large: it expands",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := backfill.WalkOptions{Limits: backfill.Limits{MaxExpansion: 128 << 10}}
			got, _ := walk(t, write(t, tt.file, tt.data), o, ".")
			if len(got) != len(tt.want) {
				t.Fatalf("%d items, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("item %d = %.200q, want it to begin %q", i, got[i], tt.want[i])
				}
			}
		})
	}
}

func TestModTime(t *testing.T) {
	t.Parallel()
	dir := write(t, "a.eml", mail, "m", mbox)
	written := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "a.eml"), written, written); err != nil {
		t.Fatal(err)
	}
	var got []time.Time
	if _, err := backfill.Walk(t.Context(), []string{dir}, backfill.WalkOptions{}, func(i backfill.Item) error {
		got = append(got, i.ModTime)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []time.Time{written, time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC), time.Date(2026, 3, 2, 10, 20, 30, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	dir := write(t, "a.eml", mail, "m", mbox, "z.eml", mail)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tests := []struct {
		name string
		stop func() error
		want error
	}{
		{"at yield's error", func() error { return enough }, enough},
		{"at the end of ctx", func() error { cancel(); return nil }, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			_, err := backfill.Walk(ctx, []string{dir}, backfill.WalkOptions{}, func(i backfill.Item) error {
				if i.Err != nil {
					t.Errorf("%s: %v; stopping is no fault of the file", i.Path, i.Err)
				}
				if n++; n == 2 {
					return tt.stop()
				}
				return nil
			})
			if !errors.Is(err, tt.want) || n != 2 {
				t.Errorf("Walk = %v after %d items, want %v after 2", err, n, tt.want)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	dir := write(t, "a.eml", mail, "m", mbox, "n.txt", strings.Repeat("nothing ", 20000), "z.zip", zipped(t, "a.eml", mail), "sub/r.json", report)
	var size int64
	for _, name := range []string{"a.eml", "m", "n.txt", "z.zip", "sub/r.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	last := int64(-1)
	_, tally := walk(t, dir, backfill.WalkOptions{Progress: func(done, total int64) {
		if total != size || done < last || done > total {
			t.Errorf("progress: %d of %d after %d; the total is %d", done, total, last, size)
		}
		last = done
	}}, ".")
	if last != size {
		t.Errorf("the last progress was %d of %d", last, size)
	}
	if want := (backfill.Tally{Files: 5, Ignored: 1}); tally != want {
		t.Errorf("tally = %+v, want %+v", tally, want)
	}
}
