package poller

import (
	"testing"
	"time"
)

func TestBackoffGrowsToAnHourAndForgets(t *testing.T) {
	t.Parallel()
	var b backoff
	now := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		want *= time.Minute
		wait := b.refused("a", now)
		if wait < want || wait > want+want/2 {
			t.Errorf("refusal %d: wait %s, want %s and up to half as much again", i+1, wait, want)
		}
		if b.ready("a", now.Add(wait-time.Second)) || !b.ready("a", now.Add(wait)) {
			t.Errorf("refusal %d: not ready exactly after %s", i+1, wait)
		}
	}
	if !b.ready("b", now) {
		t.Error("another mailbox has to wait too")
	}
	b.worked("a")
	if !b.ready("a", now) {
		t.Error("not ready after it worked")
	}
}
