package db_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

func mail(id string, to ...string) report.Mail {
	m := report.Mail{Digest: "daily", MessageID: id, From: "reports@example.com", Data: []byte("Subject: x\r\n\r\nbody\r\n"), CreatedAt: noon, NextAttempt: noon}
	for _, address := range to {
		m.Recipients = append(m.Recipients, report.Recipient{Address: address, State: report.DeliveryWaiting})
	}
	return m
}

func TestAMailComesBackAsItWas(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := mail("1@example.com", "b@example.com", "a@example.com")
	want.Data = make([]byte, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range want.Data {
		want.Data[i] = byte(rng.Uint32())
	}
	want.Recipients[0].State = "" // waits
	state := report.DigestState{Watermark: 12, LastRun: noon}
	id := must(f.Enqueue(f.ctx, want, state))(t)
	want.ID, want.Recipients[0].State = id, report.DeliveryWaiting
	f.reopen(0)
	got := must(f.MailByMessageID(f.ctx, "1@example.com"))(t)
	if !bytes.Equal(got.Data, want.Data) {
		t.Error("the bytes of the mail changed")
	}
	got.Data, want.Data = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MailByMessageID (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(state, must(f.DigestState(f.ctx, "daily"))(t)); diff != "" {
		t.Errorf("DigestState (-want +got):\n%s", diff)
	}
}

func TestEnqueueIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	before := report.DigestState{Watermark: 1, LastRun: noon}
	must(f.Enqueue(f.ctx, mail("1@example.com", "a@example.com"), before))(t)
	for name, m := range map[string]report.Mail{
		"a Message-ID used before": mail("1@example.com", "b@example.com"),
		"no Message-ID":            mail("", "b@example.com"),
		"no recipient":             mail("2@example.com"),
		"a recipient twice":        mail("3@example.com", "b@example.com", "b@example.com"),
	} {
		if _, err := f.Enqueue(f.ctx, m, report.DigestState{Watermark: 9, LastRun: noon.Add(time.Hour)}); err == nil {
			t.Errorf("%s: Enqueue did not fail", name)
		}
	}
	if diff := cmp.Diff(before, must(f.DigestState(f.ctx, "daily"))(t)); diff != "" {
		t.Errorf("the digest's state moved (-want +got):\n%s", diff)
	}
	if got := must(f.Outbox(f.ctx, time.Time{}))(t); len(got) != 1 {
		t.Errorf("%d mails wait, want 1", len(got))
	}
}

func TestTheOutboxGivesWhatIsDue(t *testing.T) {
	t.Parallel()
	f := open(t)
	for id, next := range map[string]time.Time{"now": noon, "later": noon.Add(time.Hour)} {
		m := mail(id, "a@example.com")
		m.NextAttempt = next
		must(f.Enqueue(f.ctx, m, report.DigestState{}))(t)
	}
	for _, tt := range []struct {
		name  string
		dueBy time.Time
		want  int
	}{
		{"before any", noon.Add(-time.Second), 0},
		{"at the moment of the first", noon, 1},
		{"after both", noon.Add(2 * time.Hour), 2},
		{"all that wait", time.Time{}, 2},
	} {
		if got := must(f.Outbox(f.ctx, tt.dueBy))(t); len(got) != tt.want {
			t.Errorf("%s: %d mails, want %d", tt.name, len(got), tt.want)
		}
	}
}

func TestAnAttemptIsKeptByRecipient(t *testing.T) {
	t.Parallel()
	f := open(t)
	must(f.Enqueue(f.ctx, mail("1@example.com", "a@example.com", "b@example.com", "c@example.com"), report.DigestState{Watermark: 4, LastRun: noon}))(t)
	m := must(f.MailByMessageID(f.ctx, "1@example.com"))(t)
	f.clock.pass(time.Minute)
	later := noon.Add(10 * time.Minute)
	check(t, f.SaveAttempt(f.ctx, m.ID, 1, later, "b: try later", []report.Recipient{
		{Address: "a@example.com", State: report.DeliverySent},
		{Address: "b@example.com", State: report.DeliveryWaiting, Error: "450 try later"},
		{Address: "c@example.com", State: report.DeliveryRefused, Error: "550 unknown"},
	}))
	m.Attempts, m.NextAttempt, m.LastError = 1, later, "b: try later"
	m.Recipients = []report.Recipient{
		{Address: "a@example.com", State: report.DeliverySent},
		{Address: "b@example.com", State: report.DeliveryWaiting, Error: "450 try later"},
		{Address: "c@example.com", State: report.DeliveryRefused, Error: "550 unknown"},
	}
	if diff := cmp.Diff([]report.Mail{m}, must(f.Outbox(f.ctx, later))(t)); diff != "" {
		t.Errorf("Outbox (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.Mail{m}, must(f.FailedMails(f.ctx))(t)); diff != "" {
		t.Errorf("FailedMails (-want +got):\n%s", diff)
	}
	want := report.DigestState{Watermark: 4, LastRun: noon, LastSent: noon.Add(time.Minute)}
	if diff := cmp.Diff(want, must(f.DigestState(f.ctx, "daily"))(t)); diff != "" {
		t.Errorf("DigestState (-want +got):\n%s", diff)
	}

	// The next attempt names only who waited. It does not reach anyone, so the
	// digest was last sent when it was.
	f.clock.pass(time.Hour)
	check(t, f.SaveAttempt(f.ctx, m.ID, 2, later, "", []report.Recipient{{Address: "b@example.com", State: report.DeliveryRefused}, {Address: "a@example.com", State: report.DeliverySent}}))
	if got := must(f.Outbox(f.ctx, time.Time{}))(t); len(got) != 0 {
		t.Errorf("mails wait for nobody: %+v", got)
	}
	if got := must(f.DigestState(f.ctx, "daily"))(t); !got.LastSent.Equal(want.LastSent) {
		t.Errorf("LastSent = %s, want %s", got.LastSent, want.LastSent)
	}
}

func TestAnAttemptForAStrangerIsAnError(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := must(f.Enqueue(f.ctx, mail("1@example.com", "a@example.com"), report.DigestState{}))(t)
	if err := f.SaveAttempt(f.ctx, id, 7, noon, "", []report.Recipient{{Address: "x@example.com", State: report.DeliverySent}}); err == nil {
		t.Error("SaveAttempt did not fail")
	}
	if got := must(f.Outbox(f.ctx, time.Time{}))(t); got[0].Attempts != 0 {
		t.Errorf("a failed SaveAttempt left %d attempts", got[0].Attempts)
	}
}

func TestLastSentNeverMovesBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	if diff := cmp.Diff(report.DigestState{}, must(f.DigestState(f.ctx, "daily"))(t)); diff != "" {
		t.Errorf("a digest that never ran has a state: %s", diff)
	}
	sent := report.DigestState{Watermark: 5, LastRun: noon, LastSent: noon}
	check(t, f.SaveDigestState(f.ctx, "daily", sent))
	// What a run read before another process sent does not undo it.
	check(t, f.SaveDigestState(f.ctx, "daily", report.DigestState{Watermark: 6, LastRun: noon.Add(time.Hour)}))
	want := report.DigestState{Watermark: 6, LastRun: noon.Add(time.Hour), LastSent: noon}
	if diff := cmp.Diff(want, must(f.DigestState(f.ctx, "daily"))(t)); diff != "" {
		t.Errorf("DigestState (-want +got):\n%s", diff)
	}
}
