package main

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mime/quotedprintable"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

// A shared mailbox with 40 unread reports and 40 other messages, some of them
// poisonous: the main job from a poll to a digest, on every kind of server.
func TestMainJob(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s *imaptest.Server) {
		today := time.Now().UTC().Truncate(24 * time.Hour)
		reports, others := sampleMail(t, today, 40, 38)
		others = append(others, poison(), noise(11<<20))
		seenBefore := reports[:5]
		for _, m := range seenBefore { // read by somebody before the first poll
			s.Append(t, "INBOX", []string{`\Seen`}, m.Date, m.Data)
		}
		var foreign []uint32
		for i := range 40 {
			s.Append(t, "INBOX", nil, reports[5+i].Date, reports[5+i].Data)
			flags := [][]string{nil, {`\Seen`}, {`\Flagged`}}[i%3]
			foreign = append(foreign, s.Append(t, "INBOX", flags, others[i].Date, others[i].Data))
		}
		before := only(s.Flags(t, "INBOX"), foreign)
		r := newRig(t, s, unchecked)

		got := r.poll(t, "poll")
		if got.Recorded != 40 || got.Duplicate != 0 || got.Rejected != 0 {
			t.Errorf("first poll: %+v, want 40 recorded and nothing else", got)
		}
		if diff := cmp.Diff(before, only(s.Flags(t, "INBOX"), foreign)); diff != "" {
			t.Errorf("flags of other people's mail changed (-before +after):\n%s", diff)
		}
		if unmarked := unseenReports(t, s, foreign); unmarked != 0 {
			t.Errorf("%d recorded reports are not marked as seen", unmarked)
		}
		if got := r.poll(t, "poll"); got != (counts{}) {
			t.Errorf("second poll: %+v, want nothing examined", got)
		}

		r.must(t, "digest")
		checkDigest(t, r.smtp.Mails(), r)
		r.must(t, "digest")
		if n := len(r.smtp.Mails()); n != 1 {
			t.Errorf("%d mails after a second digest, want 1", n)
		}

		if got := r.poll(t, "backfill"); got.Recorded != len(seenBefore) || got.Duplicate != 40 {
			t.Errorf("backfill: %+v, want %d recorded and 40 duplicate", got, len(seenBefore))
		}
		if diff := cmp.Diff(before, only(s.Flags(t, "INBOX"), foreign)); diff != "" {
			t.Errorf("backfill changed flags (-before +after):\n%s", diff)
		}
		r.must(t, "digest")
		if n := len(r.smtp.Mails()); n != 1 {
			t.Errorf("%d mails after the backfill's digest, want 1: history is no news", n)
		}
		if rows := r.export(t); len(rows) < 45 {
			t.Errorf("export has %d rows, want one for each policy of 45 reports", len(rows))
		}
	})
}

// sampleMail returns so many reports and so many other messages, oldest first.
// The 5 oldest reports are more than is asked for, for use as history.
func sampleMail(t *testing.T, today time.Time, reports, others int) (r, o []samples.Mail) {
	t.Helper()
	mails, err := samples.Mailbox(today, samples.Unsigned)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if m.Report {
			r = append(r, m)
		} else {
			o = append(o, m)
		}
	}
	if len(r) < reports+5 {
		t.Fatalf("only %d sample reports", len(r))
	}
	r = append(slices.Clone(r[:5]), r[len(r)-reports:]...)
	for i := 0; len(o) < others; i++ {
		o = append(o, o[i])
	}
	return r, o[:others]
}

// poison kills go-imap's connection where BODYSTRUCTURE is asked for.
func poison() samples.Mail {
	return samples.Mail{Date: time.Now(), Name: "poison", Data: []byte("From: a@b.example\r\nSubject: hello\r\nContent-Type: text/plain; =x\r\n\r\nhello\r\n")}
}

// noise is a mail with an attachment of so many bytes.
func noise(size int) samples.Mail {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	return samples.Mail{Date: time.Now(), Name: "noise", Data: []byte("From: a@b.example\r\nSubject: photos\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, size/len(line)) + "--b--\r\n")}
}

func only(flags map[uint32][]string, uids []uint32) map[uint32][]string {
	maps.DeleteFunc(flags, func(uid uint32, _ []string) bool { return !slices.Contains(uids, uid) })
	return flags
}

func unseenReports(t *testing.T, s *imaptest.Server, foreign []uint32) int {
	n := 0
	for uid, flags := range s.Flags(t, "INBOX") {
		if !slices.Contains(foreign, uid) && !slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, `\Seen`) }) {
			n++
		}
	}
	return n
}

// checkDigest looks for each failing policy type, result type and MX host with
// its count in both parts of the one mail sent.
func checkDigest(t *testing.T, mails []smtpsink.Mail, r *rig) {
	t.Helper()
	if len(mails) != 1 {
		t.Fatalf("%d mails sent, want 1", len(mails))
	}
	text, html := parts(t, mails[0].Data)
	want := map[[4]string]float64{}
	for _, row := range r.export(t) {
		for _, f := range row["failure_details"].([]any) {
			f := f.(map[string]any)
			want[[4]string{row["policy_type"].(string), f["result_type"].(string), f["receiving_mx_hostname"].(string)}] += f["failed_session_count"].(float64)
		}
	}
	if len(want) < 4 {
		t.Fatalf("the sample mail has only %d causes: %v", len(want), want)
	}
	for cause, n := range want {
		for part, body := range map[string]string{"text": text, "HTML": html} {
			for _, s := range []string{cause[0], cause[1], cause[2], fmt.Sprint(n)} {
				if !strings.Contains(body, s) {
					t.Errorf("the %s part does not name %q of %v, %v sessions", part, s, cause, n)
				}
			}
		}
	}
}

// parts returns the text and the HTML of a digest.
func parts(t *testing.T, data []byte) (text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(b)
		} else {
			text = string(b)
		}
	}
}

// Reports that cannot be verified change no verdict, and are named all the same
// with what they claim.
func TestDigestOfUnverifiedReportsNamesWhatTheyClaim(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	reports, _ := sampleMail(t, time.Now(), 30, 0)
	for _, m := range reports {
		s.Append(t, "INBOX", nil, m.Date, m.Data)
	}
	r := newRig(t, s, "") // authenticity = "flag", and nothing is signed
	if got := r.poll(t, "poll"); got.Recorded != len(reports) {
		t.Fatalf("%+v, want %d recorded", got, len(reports))
	}
	if f := facts(t, r); f.Verdict != "silent" || f.Sessions.Failed != 0 || f.Unverified != len(reports) {
		t.Errorf("%+v, want silent, no failures and %d unverified", f, len(reports))
	}
	r.must(t, "digest")
	checkDigest(t, r.smtp.Mails(), r)
}
