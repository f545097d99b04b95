package poller_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/tlsrpt/read"
)

// M-E7: a stranger has mail that a reporter's domain signed, but for Content-Type,
// adds signatures until the trusted server looks at no more of them, and below
// these one of the same d= and s= that claims to cover Content-Type.
func TestTheWordOfATrustedServerIsAboutTheSignatureThatItChecked(t *testing.T) {
	t.Parallel()
	z := newSignedZone(t)
	forged := reportJSON(1, "example.com")
	text := "Content-Type: text/plain\r\n"
	note := "You are invited. A note by the organizer:\r\n--x\r\nContent-Type: application/tlsrpt+json\r\n\r\n" + forged + "\r\n--x--\r\n"
	signed := z.sign("sender.example", theirHead+text+"\r\n"+note, googlesFields()...)
	field, _, _ := strings.Cut(signed, theirHead)
	bodyHash := regexp.MustCompile(`(?s)bh=([^;]*);`).FindStringSubmatch(field)[1]
	value := regexp.MustCompile(`(?s)[ \t;]b=(.*)$`).FindStringSubmatch(field)[1]
	value = strings.Join(strings.Fields(value), "")
	strangers := ""
	for _, d := range []string{"a", "b", "c", "d"} {
		strangers += "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=" + d + ".test; s=s1; h=from; bh=" + bodyHash + "; b=AAAAAAAAAAAA\r\n"
	}
	fields := "h=from:content-type:content-transfer-encoding:mime-version;"
	added := func(b string) string {
		return "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=sender.example; s=s1; " + fields + " bh=" + bodyHash + "; b=" + b + "\r\n"
	}
	rest := "Content-Type: multipart/report; report-type=tlsrpt; boundary=x\r\n" + strings.Replace(strings.TrimPrefix(signed, field), text, "", 1)
	others := "; dkim=fail header.d=a.test; dkim=fail header.d=b.test; dkim=fail header.d=c.test; dkim=fail header.d=d.test"
	trusted := func(result string) string { return "Authentication-Results: mx.example.com" + result + others + "\r\n" }
	garbage := strings.Repeat("Z", 86) + "=="

	for _, tt := range []struct{ name, mail, want string }{
		{"by header.b of the genuine one", trusted("; dkim=pass header.d=sender.example header.s=s1 header.b="+value[:8]) + field + strangers + added(garbage) + rest, "fail"},
		{"without header.b", trusted("; dkim=pass header.d=sender.example header.s=s1") + field + strangers + added(garbage) + rest, "fail"},
		{"without header.b and header.s", trusted("; dkim=pass header.d=sender.example") + field + strangers + added(garbage) + rest, "fail"},
		{"by header.b, and b= that begins alike", trusted("; dkim=pass header.d=sender.example header.s=s1 header.b="+value[:8]) + field + strangers + added(value[:8]+garbage[8:]) + rest, "fail"},
		{"the added one on top", trusted("; dkim=pass header.d=sender.example header.s=s1") + added(garbage) + field + strangers + rest, "fail"},
		{"beyond all that are looked at", trusted("; dkim=pass header.d=sender.example header.s=s1") + added(garbage) + strangers + strangers + field + rest, "fail"},
		{"the added one alone, that the server did pass", trusted("; dkim=pass header.d=sender.example header.s=s1 header.b=ZZZZZZZZ") + added(garbage) + rest, "pass authentication-results"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := read.NewReader(read.DefaultLimits()).ReadMail([]byte(tt.mail))
			if err != nil || len(m.Found) != 1 {
				t.Fatalf("%d reports, %v: the forgery is not even read", len(m.Found), err)
			}
			a, _ := ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}.Examine(m.Found[0], time.Now().Add(time.Hour)).
				Judge(func(name string) ([]string, error) { return z.lookup(t.Context(), name) })
			if got := strings.TrimSpace(string(a.Result) + " " + string(a.Reason)); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
