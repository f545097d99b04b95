package digest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tlsbrief/digest"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
)

// A course is a digest that is run every morning from 2 November on.
type course struct {
	*rig
	t *testing.T
	d *digest.Digester
}

func newCourse(t *testing.T, when judge.OnlyWhen) *course {
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "example", Domains: []string{"example.com"}, To: []string{"owner@example.com"}, OnlyWhen: when}}
		o.Mailboxes = []string{"reports"}
	})
	return &course{r, t, d}
}

// morning records a report of the day before with so many failures (-1: no report
// at all), runs the digest, and returns the subjects of what was sent to the owner.
func (c *course) morning(day int, failed int64, details ...givenDetail) []string {
	c.t.Helper()
	now := time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC)
	c.clock.set(now)
	c.polled(now.Add(-time.Minute).Format(time.RFC3339), nil)
	if failed >= 0 {
		c.record(given{From: now.AddDate(0, 0, -1).Format(time.DateOnly), Organization: "Google Inc.", Signer: "google.com", Policies: []givenPolicy{{
			Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 100 - failed, Failed: failed, Details: details,
		}}})
	}
	if err := c.d.RunDue(c.ctx); err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, m := range c.taken() {
		if m.To[0] == "owner@example.com" {
			out = append(out, header(c.t, []byte(m.Data), "Subject"))
		}
	}
	return out
}

// expired are failures of one cause on a host.
func expired(host string, n int64) givenDetail {
	return givenDetail{Result: tlsrpt.CertificateExpired, MX: host, N: n}
}

func (c *course) want(day int, got []string, subject string) {
	c.t.Helper()
	switch {
	case subject == "" && len(got) > 0:
		c.t.Errorf("%d November: sent %q, want nothing", day, got)
	case subject != "" && (len(got) != 1 || !strings.Contains(got[0], subject)):
		c.t.Errorf("%d November: sent %q, want one that says %q", day, got, subject)
	}
}

func TestOnlyWhenFailures(t *testing.T) {
	t.Parallel()
	c := newCourse(t, judge.OnlyFailures)
	c.want(2, c.morning(2, 0), "all clear") // the first is always sent
	c.want(3, c.morning(3, 0), "")
	c.want(4, c.morning(4, 0), "")
	c.want(5, c.morning(5, 3, expired("mx1.example.com", 3)), "action needed - 3 of 100 delivery")
	c.want(6, c.morning(6, 2, expired("mx1.example.com", 2)), "action needed - 2 of 100 delivery")
	c.want(7, c.morning(7, 0), "all clear") // it is over
	c.want(8, c.morning(8, 0), "")
	c.want(9, c.morning(9, -1), "") // a day without a report
	c.want(10, c.morning(10, -1), "")
	c.want(11, c.morning(11, -1), "")
	c.want(12, c.morning(12, -1), "no reports after 7 Nov") // silence that means something
	c.want(13, c.morning(13, -1), "")
	c.want(14, c.morning(14, 0), "all clear")
}

func TestOnlyWhenChanges(t *testing.T) {
	t.Parallel()
	c := newCourse(t, judge.OnlyChanges)
	c.want(2, c.morning(2, 0), "all clear")
	c.want(3, c.morning(3, 0), "")
	c.want(4, c.morning(4, 3, expired("mx1.example.com", 3)), "action needed")
	c.want(5, c.morning(5, 9, expired("mx1.example.com", 9)), "") // the same, though more
	c.want(6, c.morning(6, 9, expired("mx1.example.com", 4), expired("mx2.example.com", 5)), "action needed")
	c.want(7, c.morning(7, 9, expired("mx1.example.com", 4), expired("mx2.example.com", 5)), "")
	c.want(8, c.morning(8, 0), "all clear")
}

func TestAlwaysIsAlways(t *testing.T) {
	t.Parallel()
	for _, when := range []judge.OnlyWhen{"", judge.OnlyAlways} {
		c := newCourse(t, when)
		c.want(2, c.morning(2, 0), "all clear")
		c.want(3, c.morning(3, 0), "all clear")
		c.want(4, c.morning(4, -1), "no reports")
	}
}

// What could not be read is told whatever only_when says, and so is a mailbox that
// cannot be.
func TestOnlyWhenDoesNotHideWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, when := range []judge.OnlyWhen{judge.OnlyFailures, judge.OnlyChanges} {
		c := newCourse(t, when)
		c.want(2, c.morning(2, 0), "all clear")
		c.want(3, c.morning(3, 0), "")
		for _, at := range []string{"2026-11-03T08:00:00Z", "2026-11-04T06:59:00Z"} {
			c.polled(at, errors.New("connection refused"))
		}
		c.clock.set(time.Date(2026, 11, 4, 7, 0, 0, 0, time.UTC))
		if err := c.d.RunDue(c.ctx); err != nil {
			t.Fatal(err)
		}
		if sent := c.taken(); len(sent) == 0 || !strings.Contains(header(t, []byte(sent[0].Data), "Subject"), "reports not read") {
			t.Errorf("%s: %d mails, want one that says that reports are not read", when, len(sent))
		}
	}
}

// A run that is not sent still moves on: no report is told of twice, nor lost.
func TestARunThatIsNotSentHasRun(t *testing.T) {
	t.Parallel()
	c := newCourse(t, judge.OnlyFailures)
	c.morning(2, 0)
	c.want(3, c.morning(3, 0), "")
	next, err := c.d.NextDue(c.ctx, "example")
	if err != nil || !next.Equal(time.Date(2026, 11, 4, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("next due %v, %v", next, err)
	}
	c.want(4, c.morning(4, 5, expired("mx1.example.com", 5)), "5 of 100 delivery attempts")
	state, err := c.db.DigestState(c.ctx, "example")
	if err != nil || state.Verdict != "action" || state.Said == "" {
		t.Errorf("state %+v, %v", state, err)
	}
}

// Digests of one name stand in one thread.
func TestDigestsReferToTheOneBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	var last string
	for day := 22; day < 25; day++ {
		r.clock.set(time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC))
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		sent := r.taken()
		if len(sent) != 1 {
			t.Fatalf("%d mails on the %d.", len(sent), day)
		}
		for _, name := range []string{"References", "In-Reply-To"} {
			if got := header(t, []byte(sent[0].Data), name); got != last {
				t.Errorf("%s: %q, want %q", name, got, last)
			}
		}
		last = header(t, []byte(sent[0].Data), "Message-Id")
	}
}

// Each digest has its own clock and the beginning of its subjects.
func TestTimeZoneAndPrefixOfADigest(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Prefix = "[Mail]"
		o.Digests = []digest.Spec{
			{Name: "far", Domains: []string{"a.example"}, To: []string{"far@example.com"}, Location: tokyo, Prefix: "[Far]"},
			{Name: "near", Domains: []string{"b.example"}, To: []string{"near@example.com"}},
		}
	})
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ prefix, date, footer string }{
		{"[Far] ", "16:00:00 +0900", "23 November 2026 16:00 JST"}, {"[Mail] ", "07:00:00 +0000", "23 November 2026 07:00 UTC"},
	} {
		found := false
		for _, m := range r.mails() {
			if strings.HasPrefix(header(t, []byte(m.Data), "Subject"), tt.prefix) {
				found = true
				text := strings.ReplaceAll(m.Data, "=\r\n", "")
				if !strings.Contains(header(t, []byte(m.Data), "Date"), tt.date) || !strings.Contains(text, tt.footer) {
					t.Errorf("%s: Date %q, want %q; the footer must say %q", tt.prefix, header(t, []byte(m.Data), "Date"), tt.date, tt.footer)
				}
			}
		}
		if !found {
			t.Errorf("no subject begins with %q", tt.prefix)
		}
	}
	for name, want := range map[string]time.Time{"far": time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), "near": time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)} {
		if got, err := d.NextDue(r.ctx, name); err != nil || !got.Equal(want) {
			t.Errorf("%s is due at %v, %v, want %v", name, got.UTC(), err, want)
		}
	}
}

// mails returns what was handed over, without forgetting it.
func (r *rig) mails() []sentMail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]sentMail(nil), r.sent...)
}
