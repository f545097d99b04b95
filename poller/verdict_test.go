package poller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/poller"
)

// corpusMails returns the collected mails that stand beside the project, where they
// are present.
func corpusMails(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("TLSBRIEF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 && os.Getenv("TLSBRIEF_REQUIRE_CORPUS") != "" {
		t.Fatalf("TLSBRIEF_REQUIRE_CORPUS is set, and there are no mails in %s", dir)
	}
	mails := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Base(file); name {
		case "mail__dmarc-failure_linkedin_crlf.eml", "mime__bad-header-start.eml":
			// The memory server gives neither their headers nor their bodies.
		default:
			mails["corpus "+name] = data
		}
	}
	return mails
}

// encodedForward is a mail that forwards another as a part in a transfer encoding,
// which RFC 2046, section 5.2.1, forbids.
func encodedForward(encoding, content string) []byte {
	return []byte(head(1, "alex@example.com", "Fwd: what is this?") + "Content-Type: multipart/mixed; boundary=\"fwd\"\r\n\r\n" +
		"--fwd\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n" +
		"--fwd\r\nContent-Type: message/rfc822; name=\"r.eml\"\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + content + "\r\n--fwd--\r\n")
}

// quoted is text in quoted-printable, its line ends as they are.
func quoted(text []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(text) {
		column := 0
		for _, c := range bytes.TrimRight(line, "\r\n") {
			if column > 70 {
				b.WriteString("=\r\n")
				column = 0
			}
			if c == '=' || c < ' ' || c > '~' {
				fmt.Fprintf(&b, "=%02X", c)
				column += 3
				continue
			}
			b.WriteByte(c)
			column++
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// stripped claims to be a report, and holds something else.
func stripped(n int, typ, parts string) []byte {
	return []byte(head(n, "tls@sender.example", "Report Domain: example.com Submitter: sender.example Report-ID: <x>") +
		"TLS-Report-Domain: example.com\r\nTLS-Report-Submitter: sender.example\r\n" +
		"Content-Type: " + typ + "; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nreport\r\n" + parts + "--b--\r\n")
}

// ninth puts eight parts before those of a mail.
func ninth(mail []byte) []byte {
	return bytes.Replace(mail, []byte("--m\r\n"), []byte(strings.Repeat("--m\r\nContent-Type: text/plain\r\n\r\nx\r\n", 8)+"--m\r\n"), 1)
}

// sampleMails returns mails of every kind that this package's tests have, by name.
func sampleMails(t *testing.T) map[string][]byte {
	t.Helper()
	removed := "--b\r\nContent-Type: text/plain; name=\"" + reportName(1) + ".txt\"\r\nContent-Disposition: attachment\r\n\r\nThe attachment was removed.\r\n"
	winmail := "--b\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgAAAAAAAAAA\r\n"
	mails := map[string][]byte{
		"a report": newReport(10), "a report in a mixed mail": mixedReport(11), "a report alone": loneReport(12),
		"a report forwarded": forwarded(newReport(13)), "forwarded twice": forwarded(forwarded(newReport(14))), "forwarded without a hint": forwarded(mixedReport(15)),
		"M-A9: forwarded in base64":                      encodedForward("base64", wrapped(newReport(16))),
		"M-A9: forwarded in quoted-printable":            encodedForward("quoted-printable", quoted(newReport(17))),
		"M-A9: labelled base64, but it is not":           encodedForward("BASE64", string(newReport(18))),
		"M-A9: labelled quoted-printable, but it is not": encodedForward("quoted-printable", string(newReport(19))),
		"M-A9: forwarded twice, in base64 each":          encodedForward("base64", wrapped(encodedForward("base64", wrapped(newReport(20))))),
		"M-A9: a letter forwarded in base64":             encodedForward("base64", wrapped(letter(21))),
		"M-A14: the attachment removed":                  stripped(22, `multipart/report; report-type="tlsrpt"`, removed),
		"M-A14: winmail.dat":                             stripped(23, "multipart/mixed", winmail),
		"M-A14: nothing but text":                        stripped(24, "multipart/alternative", ""),
		"M-A14: fields, and a letter":                    bytes.Replace(letter(25), []byte("MIME-Version"), []byte("TLS-Report-Domain: example.com\r\nMIME-Version"), 1),
		"M-A14: forwarded":                               forwarded(stripped(26, "multipart/mixed", removed)),
		"a report that nothing names":                    bytes.ReplaceAll(mixedReport(29), []byte(reportName(29)), []byte("data.bin")), "a ninth part": ninth(mixedReport(28)),
		"parts without their boundary": bytes.Replace(letter(27), []byte("text/plain"), []byte("multipart/mixed; boundary=\"gone\""), 1),
		"a letter":                     letter(30), "a scan": withAttachment(31, 10_000), "poison": poison(32), "poison in a part": poisonMixed(33),
		"no JSON": reportOf(34, "{"), "another JSON": reportOf(35, `{"a":1}`), "a day to come": reportOf(36, strings.ReplaceAll(reportJSON(36, "example.com"), "2020-", "2999-")),
		"a day of 1970":               reportOf(37, strings.ReplaceAll(reportJSON(37, "example.com"), "2020-", "1970-")),
		"report with another content": reportOf(10, strings.Replace(reportJSON(10, "example.com"), `session-count":0`, `session-count":5`, 1)),
		"report again":                newReport(10),
	}
	if testing.Short() {
		return mails
	}
	mailbox, err := samples.Mailbox(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), samples.Unsigned)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range mailbox {
		mails[fmt.Sprintf("sample %03d %s", i, m.Name)] = m.Data
	}
	maps.Copy(mails, corpusMails(t))
	return mails
}

// A verdict is what became of one mail.
type verdict struct {
	Totals   ingest.Totals
	Rejected []string
	Reports  []string
}

// verdictOn returns what a run did with a mail, and what is new in the database.
func (r *rig) verdictOn(known *verdict, result ingest.Result) verdict {
	r.t.Helper()
	v := verdict{Totals: result.Totals}
	all := verdict{}
	for _, m := range r.rejected() {
		all.Rejected = append(all.Rejected, m.MessageID+" "+m.From+" "+m.Subject+": "+m.Text)
	}
	err := r.db.EachPolicy(context.Background(), report.Filter{}, func(row *report.PolicyRow) error {
		all.Reports = append(all.Reports, fmt.Sprintf("%s %s of %s from %s in %s, %v", row.Report.ReportID, row.Policy.Domain, row.Report.Day(), row.Submitter, row.MessageID, row.Report.Deviations))
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	v.Rejected, v.Reports = added(known.Rejected, all.Rejected), added(known.Reports, all.Reports)
	*known = all
	return v
}

// added returns what all has beyond known, each as often.
func added(known, all []string) []string {
	left := append([]string{}, all...)
	for _, s := range known {
		if i := slices.Index(left, s); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return left
}

// P8: a poll, a backfill of the mailbox and a backfill of the file give one verdict on
// a mail.
func TestEveryWayGivesTheSameVerdict(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"a report": "recorded", "a letter": "ignored", "no JSON": "rejected", "report again": "duplicate", "report with another content": "rejected", "a report that nothing names": "ignored",
		"M-A9: forwarded in base64": "recorded", "M-A9: forwarded in quoted-printable": "recorded",
		"M-A9: labelled base64, but it is not": "recorded", "M-A9: labelled quoted-printable, but it is not": "recorded",
		"M-A9: forwarded twice, in base64 each": "recorded", "M-A9: a letter forwarded in base64": "ignored",
		"M-A14: the attachment removed": "rejected", "M-A14: winmail.dat": "rejected", "M-A14: nothing but text": "rejected",
		"M-A14: fields, and a letter": "rejected", "M-A14: forwarded": "ignored",
	}
	got := sameVerdicts(t, sampleMails(t))
	for name, outcome := range want {
		if got[name].outcome() != outcome {
			t.Errorf("%s: %+v, want it %s", name, got[name], outcome)
		}
		if strings.HasPrefix(name, "M-A14") && outcome == "rejected" && !strings.Contains(strings.Join(got[name].Rejected, ""), "says that it is a TLS report, but holds none: the attachment may have been removed") {
			t.Errorf("%s: rejected for %q", name, got[name].Rejected)
		}
	}
}

// P8: the same of mails over the limit, which no way reads whole.
func TestEveryWayGivesTheSameVerdictOnMailsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	large := func(mail []byte) []byte { return append(mail, strings.Repeat("x\r\n", 2000)...) }
	got := sameVerdicts(t, map[string][]byte{
		"a report": large(newReport(1)), "a report in a mixed mail": large(mixedReport(2)), "a letter": large(letter(3)),
		"a scan": large(withAttachment(4, 10_000)), "a report within the limit": newReport(5),
	}, maxMessage(6000))
	for name, want := range map[string]string{
		"a report": "rejected", "a report in a mixed mail": "rejected", "a letter": "ignored", "a scan": "ignored", "a report within the limit": "recorded",
	} {
		if got[name].outcome() != want {
			t.Errorf("%s: %+v, want it %s", name, got[name], want)
		}
	}
}

// sameVerdicts reads each mail in three ways, wants the same of all, and returns it.
func sameVerdicts(t *testing.T, mails map[string][]byte, change ...func(*options)) map[string]verdict {
	t.Helper()
	s := imaptest.Memory(t)
	polled, backfilled, files := newRig(t, s, change...), newRig(t, s, change...), newRig(t, s, change...)
	verdicts := map[string]verdict{}
	var known [3]verdict
	for i, name := range slices.Sorted(maps.Keys(mails)) {
		data := bytes.ReplaceAll(bytes.ReplaceAll(mails[name], []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		folder := fmt.Sprintf("f%03d", i)
		s.CreateFolder(t, folder)
		deliver(t, s, folder, data)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "mail.eml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		polled.change(folders(folder))
		backfilled.change(folders(folder))
		poll, err := polled.p.Poll(t.Context(), "")
		backfill, err2 := backfilled.p.Backfill(t.Context(), poller.Backfill{})
		file, err3 := files.backfillFiles([]string{dir})
		if err := errors.Join(err, err2, err3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := polled.verdictOn(&known[0], poll)
		if diff := cmp.Diff(got, backfilled.verdictOn(&known[1], backfill)); diff != "" {
			t.Errorf("%s: the backfill of the mailbox differs (-poll +it):\n%s", name, diff)
		}
		if diff := cmp.Diff(got, files.verdictOn(&known[2], file)); diff != "" {
			t.Errorf("%s: the backfill of the file differs (-poll +it):\n%s", name, diff)
		}
		verdicts[name] = got
	}
	return verdicts
}

// outcome returns what became of the mail, in a word.
func (v verdict) outcome() string {
	switch v.Totals {
	case ingest.Totals{Examined: 1, Recorded: 1}:
		return "recorded"
	case ingest.Totals{Examined: 1, Duplicate: 1}:
		return "duplicate"
	case ingest.Totals{Examined: 1, Rejected: 1}:
		return "rejected"
	case ingest.Totals{Examined: 1, Ignored: 1}:
		return "ignored"
	}
	return "unclear"
}
