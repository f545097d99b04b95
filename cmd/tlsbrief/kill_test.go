package main

import (
	"math/rand/v2"
	"net/mail"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/imaptest"
)

// However often poll, backfill and digest are killed at any moment, every report
// is recorded once, every one is marked in the end, nobody else's mail is
// touched, and a digest goes out with the same bytes or not at all.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		reports, others := sampleMail(t, time.Now(), 60, 20)
		r := newRig(t, s, unchecked)
		var ours, foreign []uint32
		deliver := func(n int) {
			for range min(n, len(reports)) {
				ours = append(ours, s.Append(t, "INBOX", nil, reports[0].Date, reports[0].Data))
				reports = reports[1:]
			}
			if len(others) > 0 {
				foreign = append(foreign, s.Append(t, "INBOX", nil, others[0].Date, others[0].Data))
				others = others[1:]
			}
		}
		deliver(15)
		before := len(foreign)
		took := timed(t, r, "poll", "--json") // what a poll takes, uninterrupted, on this machine
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d, an undisturbed poll takes %s", seed, took)
		random := rand.New(rand.NewPCG(seed, 1))
		killed := 0
		for round := 0; killed < 50 && round < 500; round++ {
			deliver(1)
			command := [][]string{{"poll"}, {"backfill", "--mark"}, {"digest"}, {"poll"}}[round%4]
			if killAfter(t, r, time.Duration(random.Int64N(int64(took*5/4))), command...) {
				killed++
			} else {
				took = took * 9 / 10 // the machine has become less busy, or there was little to do
			}
		}
		if killed < 50 {
			t.Fatalf("only %d processes were killed in time", killed)
		}
		deliver(1)
		total := len(ours)
		r.must(t, "poll")
		r.must(t, "backfill")
		r.must(t, "digest")

		seen := map[any]int{}
		for _, row := range r.export(t) {
			seen[row["message_id"]]++
		}
		if len(seen) != total {
			t.Errorf("%d reports recorded, want %d", len(seen), total)
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("the report of %v is recorded %d times", id, n)
			}
		}
		if n := unseenReports(t, s, foreign); n != 0 {
			t.Errorf("%d recorded reports are not marked", n)
		}
		for uid, flags := range only(s.Flags(t, "INBOX"), foreign) {
			if len(flags) > 0 {
				t.Errorf("UID %d is not ours, and got the flags %v", uid, flags)
			}
		}
		if len(foreign) <= before {
			t.Error("no other mail was delivered")
		}
		checkSentOnce(t, r)
		checkIntegrity(t, r)
	})
}

func timed(t *testing.T, r *rig, args ...string) time.Duration {
	t.Helper()
	start := time.Now()
	if out, err := r.command(t.Context(), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return time.Since(start)
}

// killAfter runs a command and kills it after a time; it tells whether it was
// killed before it was done.
func killAfter(t *testing.T, r *rig, after time.Duration, args ...string) bool {
	t.Helper()
	cmd := r.command(t.Context(), args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // fails where it has ended
	defer timer.Stop()
	err := cmd.Wait()
	return err != nil && strings.Contains(err.Error(), "killed")
}

// checkSentOnce wants each digest to have gone out once, or several times with
// the same bytes, and each report to stand in the news of one digest alone.
func checkSentOnce(t *testing.T, r *rig) {
	t.Helper()
	byID := map[string]string{}
	for _, m := range r.smtp.Mails() {
		parsed, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
		if err != nil {
			t.Fatal(err)
		}
		id := parsed.Header.Get("Message-Id")
		if was, again := byID[id]; again && was != string(m.Data) {
			t.Errorf("%s was sent with other bytes", id)
		}
		byID[id] = string(m.Data)
	}
	if len(byID) != 1 {
		t.Errorf("%d digests were sent within a day, want 1", len(byID))
	}
	out := r.must(t, "status", "--json")
	if !strings.Contains(out, `"outbox":[]`) {
		t.Errorf("something is left in the outbox: %s", out)
	}
}

func checkIntegrity(t *testing.T, r *rig) {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(r.dir, "tlsrpt.db"), db.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	folders, err := d.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(folders, func(f db.Folder) bool { return f.Folder == "INBOX" && f.Poll != nil }) {
		t.Errorf("no cursor for INBOX: %+v", folders)
	}
}
