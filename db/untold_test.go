package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

// What a digest said and what it has not told are remembered, and sending a mail
// changes neither.
func TestWhatADigestSaidIsRemembered(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := report.DigestState{
		Watermark: 9, LastRun: time.Unix(2000, 0).UTC(), Verdict: "clear", Said: "[]", Untold: `{"Reports":3}`,
	}
	check(t, f.SaveDigestState(f.ctx, "daily", want))
	got, err := f.DigestState(f.ctx, "daily")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("DigestState: %v (-want +got):\n%s", err, diff)
	}
	want.Watermark, want.Verdict, want.Untold = 12, "action", ""
	id := must(f.Enqueue(f.ctx, mail("1@example.com", "a@example.com"), want))(t)
	check(t, f.SaveAttempt(f.ctx, id, 1, noon, "", []report.Recipient{{Address: "a@example.com", State: report.DeliverySent}}))
	if got, err = f.DigestState(f.ctx, "daily"); err != nil || got.LastSent.IsZero() {
		t.Errorf("LastSent = %v, %v", got.LastSent, err)
	}
	want.LastSent = got.LastSent
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DigestState after sending (-want +got):\n%s", diff)
	}
	if last, err := f.LastMail(f.ctx, "daily"); err != nil || last != "1@example.com" {
		t.Errorf("LastMail = %q, %v", last, err)
	}
	if last, err := f.LastMail(f.ctx, "weekly"); err != nil || last != "" {
		t.Errorf("LastMail of a digest without mails = %q, %v", last, err)
	}
}
