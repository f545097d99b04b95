package db

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"tlsbrief/internal/report"

	"github.com/pressly/goose/v3"
)

// TestAReleasedMigrationIsNeverEdited: a database that has run it would be left
// without the change. Add another migration, and its hash here.
func TestAReleasedMigrationIsNeverEdited(t *testing.T) {
	t.Parallel()
	released := map[string]string{
		"0001_reports.sql":       "88019f607685e807",
		"0002_digests.sql":       "721d903eb64ac2a0",
		"0003_about.sql":         "a20c81e04fb53f47",
		"0004_only_when.sql":     "78539481b89bf4e7",
		"0005_heard.sql":         "767963803e6122e7",
		"0006_untold.sql":        "221285ed137376ec",
		"0007_domain_checks.sql": "972baae3114f302e",
		"0008_unfetched.sql":     "283ef2f91f89aab0",
		"0009_kept.sql":          "2219e365040ae615",
		"0010_folder_counts.sql": "e213e22a9f8e25a7",
		"0011_moments.sql":       "b429fb6cb13232ed",
		"0012_faults.sql":        "f7a93ae53440969c",
	}
	entries, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(released) {
		t.Errorf("%d migrations, but %d hashes", len(entries), len(released))
	}
	before := ""
	for _, e := range entries {
		data, err := fs.ReadFile(migrations, "migrations/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:8]); got != released[e.Name()] {
			t.Errorf("%s has hash %s, want %q", e.Name(), got, released[e.Name()])
		}
		if number := e.Name()[:4]; number <= before || e.Name()[4] != '_' {
			t.Errorf("%s does not begin with a number of four digits above %q: a database that has run the newest runs no older one any more", e.Name(), before)
		}
		before = e.Name()[:4]
	}
}

// TestPoliciesRecordedBeforeAreAboutTheirOwnDomain: a database of before 0003_about
// keeps its policies and their failures, each under the domain that it was told of.
func TestPoliciesRecordedBeforeAreAboutTheirOwnDomain(t *testing.T) {
	t.Parallel()
	pool, p := olderDatabase(t, filepath.Join(t.TempDir(), "tlsrpt.db"), 2)
	for _, s := range []string{ // SQLite minds no references unless it is told to
		"INSERT INTO domain (id, name) VALUES (4, 'example.com'), (7, 'mx1.provider.example')",
		`INSERT INTO policy (report, position, domain, day, type, counts, overlap, successful, failed, failures, mode, strings, mx_hosts)
			VALUES (1, 0, 4, 100, 'sts', 1, 0, 10, 0, 0, '', '[]', '[]'), (1, 1, 7, 100, 'tlsa', 1, 0, 7, 3, 1, '', '[]', '[]')`,
		`INSERT INTO failure (report, policy, position, result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip,
			sessions, additional_information, reason_code) VALUES (1, 1, 0, 'tlsa-invalid', '', '', '', '', 3, '', '')`,
	} {
		if _, err := pool.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var policies, own, failures int
	err := pool.QueryRow(`SELECT count(*), sum(about = domain), (SELECT count(*) FROM failure) FROM policy`).Scan(&policies, &own, &failures)
	if err != nil || policies != 2 || own != 2 || failures != 1 {
		t.Errorf("%d policies, of which %d are about their own domain, and %d failures, %v; want 2, 2 and 1", policies, own, failures, err)
	}
}

// A message that was kept whole, by a version before, is kept on, counts for the
// bound on what is kept, and is kept in less once it has been tried again.
func TestMessagesKeptWholeAreKeptOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tlsrpt.db")
	old, _ := olderDatabase(t, path, 7)
	var p packer
	whole := bytes.Repeat([]byte("Subject: x\r\n"), 100)
	packed, err := p.pack(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		query string
		args  []any
	}{
		{fmt.Sprintf("PRAGMA application_id = %d", applicationID), nil},
		{"INSERT INTO folder (id, mailbox, folder) VALUES (1, 'box', 'INBOX')", nil},
		{`INSERT INTO message (id, folder, uid_validity, uid, message_id, sender, subject, submitter, recorded_at, via, forwarded, state, refused, conflict,
			attempts, reader_version, mark_owed, unknown, next_try) VALUES (1, 1, 7, 1, '', '', '', '', unixepoch(), 'poll', 0, 'recorded', '', '', 1, 1, 0, 1, 0)`, nil},
		{"INSERT INTO message_raw (message, data) VALUES (1, ?)", []any{packed}},
		{"INSERT INTO undecided (message, position, identity, content, conflict) VALUES (1, 0, zeroblob(32), zeroblob(32), '')", nil},
	} {
		if _, err := old.Exec(s.query, s.args...); err != nil {
			t.Fatalf("%s: %v", s.query, err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), path, Options{MaxKept: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	unknown, err := d.UnknownMessages(t.Context())
	if err != nil || len(unknown) != 1 || !bytes.Equal(unknown[0].Raw, whole) || len(unknown[0].Kept) != 0 || len(unknown[0].Reports) != 1 {
		t.Fatalf("UnknownMessages = %+v, %v; want the whole message and one report", unknown, err)
	}
	var size int
	if err := d.reader.QueryRow("SELECT size FROM message_kept").Scan(&size); err != nil || size != len(packed) {
		t.Errorf("size %d, %v; want %d", size, err, len(packed))
	}
	still := report.Decision{Message: 1, Answers: []report.ReportAnswer{{Auth: report.Authenticity{Result: report.AuthUnknown}}}, Kept: []byte("less")}
	if err := d.Authenticated(t.Context(), still); err != nil {
		t.Fatal(err)
	}
	unknown, err = d.UnknownMessages(t.Context())
	if err != nil || len(unknown) != 1 || len(unknown[0].Raw) != 0 || string(unknown[0].Kept) != "less" {
		t.Errorf("UnknownMessages = %+v, %v; want what was kept last", unknown, err)
	}
}

// olderDatabase makes a database as the migrations up to the given one left it.
func olderDatabase(t *testing.T, path string, version int64) (*sql.DB, *goose.Provider) {
	t.Helper()
	pool, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, folder, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return pool, p
}

// TestMessagesRecordedBeforeAreCounted: a database of before 0010_folder_counts shows
// the counts that it showed then (M-H1).
func TestMessagesRecordedBeforeAreCounted(t *testing.T) {
	t.Parallel()
	pool, p := olderDatabase(t, filepath.Join(t.TempDir(), "tlsrpt.db"), 7)
	for _, s := range []string{
		"INSERT INTO folder (id, mailbox, folder) VALUES (1, 'a', 'INBOX'), (2, 'a', 'empty')",
		`INSERT INTO message (id, folder, uid_validity, uid, message_id, sender, subject, submitter, recorded_at, via, forwarded,
			state, refused, conflict, attempts, news, reader_version, mark_owed, unknown) VALUES
			(1, 1, 7, 1, '', '', '', '', 1, 'poll', 0, 'recorded', '', '', 0, NULL, 1, 0, 0),
			(2, 1, 7, 2, '', '', '', '', 1, 'poll', 0, 'recorded', 'in part', '', 0, 1, 1, 0, 0),
			(3, 1, 7, 3, '', '', '', '', 1, 'poll', 0, 'rejected', 'whole', '', 0, 2, 1, 0, 0),
			(4, 1, 7, 4, '', '', '', '', 1, 'poll', 0, 'pending', 'no body', '', 1, NULL, 1, 0, 0)`,
	} {
		if _, err := pool.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := texts(pool.Query("SELECT id || ':' || recorded || ' ' || rejected || ' ' || named FROM folder ORDER BY id"))
	if want := []string{"1:2 1 2", "2:0 0 0"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("counts %q, %v; want %q", got, err, want)
	}
}

// TestFaultsRecordedBeforeHaveCodes: a database of before 0012_faults says as much of its
// faults as it did in words.
func TestFaultsRecordedBeforeHaveCodes(t *testing.T) {
	t.Parallel()
	texts := map[string]report.Fault{
		"": "",
		`mailbox "m": login: the server refused the login: check username and password (the server said NO)`:                          report.FaultAuth,
		`mailbox "m": login: the server said NO [AUTHENTICATIONFAILED] no`:                                                            report.FaultAuth,
		`mailbox "m": login: the server refused the access token: check scopes (the server said NO [AUTHENTICATIONFAILED] no)`:        report.FaultToken,
		`mailbox "m": login: the server refused the access token: this user may not use this mailbox: x`:                              report.FaultNotAllowed,
		`mailbox "m": credentials: no access token: login.example: invalid_grant: AADSTS70008 (log in anew)`:                          report.FaultExpired,
		`mailbox "m": credentials: no access token: login.example: lookup login.example: no such host`:                                report.FaultOther,
		`mailbox "m": connect: imap.example:993: lookup imap.example: no such host (check the host's spelling)`:                       report.FaultDNS,
		`mailbox "m": connect: imap.example:993: connection refused`:                                                                  report.FaultRefused,
		`mailbox "m": connect: imap.example:993: the server did not answer within 30s`:                                                report.FaultTimeout,
		`mailbox "m": tls: imap.example:993: the server's certificate is for a.example, not for imap.example`:                         report.FaultCertificate,
		`mailbox "m": login: the server takes no log-ins for now; nothing is wrong with the secret, and the next poll tries again ()`: report.FaultUnavailable,
		`mailbox "m": folder "x": status: no such folder`:                                                                             report.FaultOther,
	}
	pool, p := olderDatabase(t, filepath.Join(t.TempDir(), "tlsrpt.db"), 11)
	for text := range texts {
		if _, err := pool.Exec("INSERT INTO folder (mailbox, folder, last_error) VALUES ('m', ?, ?)", text, text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(`INSERT INTO message (id, folder, uid_validity, uid, message_id, sender, subject, submitter, recorded_at, via, forwarded,
			state, refused, conflict, attempts, news, reader_version, mark_owed, unknown) VALUES
			(1, 1, 7, 1, '', '', '', '', 1, 'poll', 0, 'rejected', 'gzip: unexpected EOF', '', 0, 1, 1, 0, 0),
			(2, 1, 7, 2, '', '', '', '', 1, 'poll', 0, 'rejected', 'it holds no report', '', 0, 2, 1, 0, 0)`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range texts {
		var got report.Fault
		if err := pool.QueryRow("SELECT fault FROM folder WHERE folder = ?", text).Scan(&got); err != nil || got != want {
			t.Errorf("%q has the fault %q, %v; want %q", text, got, err, want)
		}
	}
	var reasons string
	if err := pool.QueryRow("SELECT group_concat(reason, '/') FROM (SELECT reason FROM message ORDER BY id)").Scan(&reasons); err != nil || reasons != "cut-off/" {
		t.Errorf("reasons %q, %v", reasons, err)
	}
}
