package db_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/report"
)

func (f *fixture) pending() []report.Retry {
	f.t.Helper()
	return must(f.PendingMessages(f.ctx, "reports", "INBOX"))(f.t)
}

func (f *fixture) unknown() []report.Retry {
	f.t.Helper()
	return must(f.UnknownMessages(f.ctx))(f.t)
}

func TestAPendingMessageIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.message()
	m.Pending = "the server sent no body"
	f.record(m, f.message(newReport("other")))

	got := f.pending()
	if diff := cmp.Diff([]report.Retry{{ID: got[0].ID, Place: m.Place, ReceivedAt: m.ReceivedAt, Attempts: 1}}, got); diff != "" {
		t.Fatalf("PendingMessages (-want +got):\n%s", diff)
	}
	check(t, f.PendingFailed(f.ctx, got[0].ID, "again none"))
	if got := f.pending(); len(got) != 1 || got[0].Attempts != 2 {
		t.Errorf("after a second poll: %+v, want one with 2 attempts", got)
	}
	if got := f.rejected(); len(got) != 0 {
		t.Errorf("a pending message is named as rejected: %+v", got)
	}
	check(t, f.PendingFailed(f.ctx, got[0].ID, "none in three polls"))
	if got := f.pending(); len(got) != 0 {
		t.Errorf("still asked for with the others after three polls: %+v", got)
	}
	if got := f.rejected(); len(got) != 0 {
		t.Errorf("rejected after three polls: %+v", got)
	}
}

// A quarantined message is rejected only after a week, and five tries alone while the
// server gave others; and only if it says of itself that it is a report.
func TestAQuarantinedMessageIsTriedAloneForAWeek(t *testing.T) {
	t.Parallel()
	for _, claimed := range []bool{true, false} {
		f := open(t)
		m := f.message()
		m.Pending, m.Claimed = "the server sent no body", claimed
		f.record(m)
		id := f.pending()[0].ID
		check(t, f.PendingFailed(f.ctx, id, "x"))
		check(t, f.PendingFailed(f.ctx, id, "x"))
		began, last := f.clock.now(), f.clock.now()
		tries, rejectedAfter := 0, time.Duration(0)
		for f.clock.now().Sub(began) < 30*24*time.Hour && rejectedAfter == 0 {
			f.clock.pass(30 * time.Minute)
			due := must(f.Quarantined(f.ctx, "reports", "INBOX"))(t)
			if len(due) == 0 {
				continue
			}
			if wait := f.clock.now().Sub(last); tries > 0 && wait < time.Hour {
				t.Errorf("asked for again after %s", wait)
			}
			last = f.clock.now()
			check(t, f.TryAlone(f.ctx, id))
			if again := must(f.Quarantined(f.ctx, "reports", "INBOX"))(t); len(again) != 0 {
				t.Fatal("what is being tried is still due: a process that dies of it would begin with it again")
			}
			tries++
			if must(f.AloneFailed(f.ctx, id, "none alone", "none alone at last"))(t) {
				rejectedAfter = f.clock.now().Sub(began)
			}
		}
		if claimed && (rejectedAfter < 7*24*time.Hour || rejectedAfter > 9*24*time.Hour || tries < 5) {
			t.Errorf("rejected after %s and %d tries", rejectedAfter, tries)
		}
		if !claimed && (rejectedAfter > 0 || tries < 5 || len(f.rejected()) > 0) {
			t.Errorf("a message of which nothing says that it is a report: rejected after %s, %d tries", rejectedAfter, tries)
		}
	}
}

// What a process had in hand when it died is read one by one, and what it had in hand
// alone when it died again is deadly.
func TestWhatWasInHandAtADeath(t *testing.T) {
	t.Parallel()
	f := open(t)
	take := func(first, last uint32) int64 {
		return must(f.TakeInHand(f.ctx, "reports", "INBOX", 7, report.ViaPoll, report.UIDRange{First: first, Last: last}))(t)
	}
	suspects := func(validity uint32) report.Suspects {
		return must(f.Suspects(f.ctx, "reports", "INBOX", validity, report.ViaPoll))(t)
	}
	m := f.message(newReport("a"))
	_, err := f.Record(f.ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Via: report.ViaPoll, Messages: []report.Message{m}, InHand: take(1, 4)})
	check(t, err)
	take(5, 9) // and it dies
	if got := suspects(7); len(got.Ranges) != 1 || !got.Contains(5) || !got.Contains(9) || got.Contains(4) || len(got.Deadly) != 0 {
		t.Fatalf("after one death: %+v", got)
	}
	check(t, f.PutDown(f.ctx, take(5, 5)))
	take(6, 6) // and it dies again
	if got := suspects(7); len(got.Deadly) != 1 || got.Deadly[0] != 6 || !got.Contains(7) {
		t.Fatalf("after two deaths: %+v", got)
	}
	if got := must(f.Suspects(f.ctx, "reports", "INBOX", 7, report.ViaBackfill))(t); len(got.Ranges)+len(got.Deadly) != 0 {
		t.Errorf("a backfill suspects what a poll had in hand: %+v", got)
	}
	take(8, 8)
	check(t, f.LetGo(f.ctx, "reports", "INBOX", report.ViaPoll, false))
	if got := suspects(7); len(got.Deadly) != 0 || !got.Contains(8) {
		t.Errorf("what a living process let go is held against it: %+v", got)
	}
	check(t, f.LetGo(f.ctx, "reports", "INBOX", report.ViaPoll, true))
	if got := suspects(7); len(got.Ranges) != 0 {
		t.Errorf("once all was read: %+v", got)
	}
	take(3, 4)
	if got := suspects(8); len(got.Ranges) != 0 {
		t.Errorf("a renumbered folder: %+v", got)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestAPendingMessageIsResolved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		m    report.Message
		want report.Outcome
	}{
		{"by a new report", report.Message{Reports: []report.Report{newReport("new")}, MarkOwed: true}, report.Recorded},
		{"by a known report", report.Message{Reports: []report.Report{newReport("old")}, MarkOwed: true}, report.Duplicate},
		{"by a refusal", report.Message{Refused: "not a report", MarkOwed: true}, report.Rejected},
		{"by nothing yet", report.Message{Pending: "x"}, report.Pending},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			m := f.message()
			m.Pending = "x"
			f.recordVia(report.ViaBackfill, f.message(newReport("old")), m)
			got := must(f.Resolve(f.ctx, f.pending()[0].ID, tt.m))(t)
			if got != tt.want {
				t.Errorf("Resolve = %s, want %s", got, tt.want)
			}
			if n := len(f.pending()); n != 0 && tt.want != report.Pending {
				t.Errorf("%d messages are still pending", n)
			}
			marks := must(f.MarksOwed(f.ctx, "reports", "INBOX", 7))(t)
			if owed := len(marks) == 1 && marks[0].UID == m.UID; owed != (tt.want == report.Recorded || tt.want == report.Duplicate) {
				t.Errorf("marks owed: %+v", marks)
			}
			for _, r := range f.rows(report.Filter{}) {
				if r.Via != report.ViaBackfill || r.Source != "reports/INBOX" {
					t.Errorf("recorded via %s from %s, want as it was found", r.Via, r.Source)
				}
			}
		})
	}
}

func TestRowsThatAreNotThere(t *testing.T) {
	t.Parallel()
	f := open(t)
	_, err := f.Resolve(f.ctx, 99, report.Message{Refused: "x"})
	for name, err := range map[string]error{
		"Resolve":         err,
		"PendingFailed":   f.PendingFailed(f.ctx, 99, "x"),
		"Authenticated":   f.Authenticated(f.ctx, decision(99, nil)),
		"SaveAttempt":     f.SaveAttempt(f.ctx, 99, 1, noon, "", nil),
		"MailByMessageID": func() error { _, err := f.MailByMessageID(f.ctx, "x"); return err }(),
	} {
		if !errors.Is(err, db.ErrNotFound) {
			t.Errorf("%s = %v, want ErrNotFound", name, err)
		}
	}
	check(t, f.Marked(f.ctx, []int64{99})) // pruned meanwhile: nothing is owed
}

func TestPendingFailedLeavesTheRecordedAlone(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.message()
	m.Pending = "x"
	f.record(m)
	id := f.pending()[0].ID
	must(f.Resolve(f.ctx, id, report.Message{Reports: []report.Report{newReport("a")}}))(t)
	check(t, f.PendingFailed(f.ctx, id, "too late"))
	if got := f.rejected(); len(got) != 0 {
		t.Errorf("a recorded message was rejected: %+v", got)
	}
}

// raw is a message whose reports' authenticity is unknown.
func (f *fixture) raw(reports ...report.Report) report.Message {
	m := f.message(reports...)
	m.Kept = bytes.Repeat([]byte("Subject: x\r\n"), 100)
	m.MarkOwed = true
	return m
}

func TestAnUnknownAuthenticityIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.raw(newReport("a", auth(report.AuthUnknown, "")), newReport("b"))
	f.record(m)
	got := f.unknown()
	if len(got) != 1 || !bytes.Equal(got[0].Kept, m.Kept) || got[0].Attempts != 1 || got[0].Place != m.Place {
		t.Fatalf("UnknownMessages = %+v, want the message", got)
	}
	a, b := newReport("a"), newReport("b")
	still := report.Authenticity{Result: report.AuthUnknown}
	check(t, f.Authenticated(f.ctx, decision(got[0].ID, append(answers(pass("sender.example"), b), answers(still, a)...)))) // in any order
	if got := f.unknown(); len(got) != 1 || got[0].Attempts != 2 || len(got[0].Kept) == 0 {
		t.Errorf("still unknown: %+v, want the message with 2 attempts", got)
	}
	if got := f.lastSeq(); got != 2 {
		t.Errorf("LastNews = %d, want 2: nothing is new", got)
	}
	check(t, f.Authenticated(f.ctx, decision(got[0].ID, answers(pass("sender.example"), a, b))))
	if got := f.unknown(); len(got) != 0 {
		t.Errorf("UnknownMessages = %+v after all passed", got)
	}
	if diff := cmp.Diff([]string{"100 pass sender.example", "100 pass sender.example"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if rows := f.rows(report.Filter{SeqAfter: 2}); len(rows) != 1 || rows[0].Report.ReportID != "a" {
		t.Errorf("news after it passed: %+v, want report a", rows)
	}
	check(t, f.Authenticated(f.ctx, decision(got[0].ID, nil))) // decided meanwhile, by another process
}

func TestWhatAnAnswerDoes(t *testing.T) {
	t.Parallel()
	passed := pass("s.example")
	tests := []struct {
		name   string
		before []report.Report // recorded first, verified or not
		answer report.Authenticity
		want   []string // in the order they were first recorded
		state  [2]int64 // messages recorded, rejected
		named  int      // rejected messages
		marks  int
	}{
		{"fail: known now, no news", nil,
			report.Authenticity{Result: report.AuthFail, Domain: "x.example", Reason: "key-gone"},
			[]string{"7 fail x.example key-gone"}, [2]int64{1, 0}, 0, 1},
		{"pass: stands under its signer", nil, passed,
			[]string{"7 pass s.example"}, [2]int64{1, 0}, 0, 1},
		{"pass of what the signer has otherwise: left as it is", []report.Report{newReport("r", content(1), auth(report.AuthPass, "s.example"))}, passed,
			[]string{"1 pass s.example", "7 fail s.example conflict"}, [2]int64{2, 0}, 0, 1},
		{"pass of a copy of what failed: lifts it", []report.Report{newReport("r", content(7), auth(report.AuthFail, "x.example"))}, passed,
			[]string{"7 pass s.example"}, [2]int64{1, 0}, 0, 1},
		{"fail of a copy of what was unsigned: says more", []report.Report{newReport("r", content(7), auth(report.AuthNone, ""))},
			report.Authenticity{Result: report.AuthFail, Domain: "x.example", Reason: "l-tag"},
			[]string{"7 fail x.example l-tag"}, [2]int64{1, 0}, 0, 1},
		{"pass of what was in conflict: recorded after all", []report.Report{newReport("r", content(1), auth(report.AuthNone, ""))}, passed,
			[]string{"1 none", "7 pass s.example"}, [2]int64{2, 0}, 0, 1},
		{"fail of what was in conflict: stays so", []report.Report{newReport("r", content(1), auth(report.AuthNone, ""))},
			report.Authenticity{Result: report.AuthFail}, []string{"1 none"}, [2]int64{1, 1}, 1, 0},
		{"pass of what was in conflict, and is so with the signer's: stays so",
			[]report.Report{newReport("r", content(1), auth(report.AuthNone, "")), newReport("r", content(2), auth(report.AuthPass, "s.example"))}, passed,
			[]string{"1 none", "2 pass s.example"}, [2]int64{2, 1}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			for _, r := range tt.before {
				f.record(f.message(r))
			}
			f.record(f.raw(newReport("r", content(7), auth(report.AuthUnknown, ""))))
			f.reopen(0)
			check(t, f.Authenticated(f.ctx, decision(f.unknown()[0].ID, answers(tt.answer, newReport("r", content(7))))))
			if diff := cmp.Diff(tt.want, f.standings()); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
			folder := must(f.Folder(f.ctx, "reports", "INBOX"))(t)
			if got := [2]int64{folder.Recorded, folder.Rejected}; got != tt.state {
				t.Errorf("messages recorded and rejected %v, want %v", got, tt.state)
			}
			if got := len(f.rejected()); got != tt.named {
				t.Errorf("%d rejected messages are named, want %d", got, tt.named)
			}
			if got := len(must(f.MarksOwed(f.ctx, "reports", "INBOX", 7))(t)); got != tt.marks {
				t.Errorf("%d marks owed, want %d", got, tt.marks)
			}
			if got := f.unknown(); len(got) != 0 {
				t.Errorf("still unknown: %+v", got)
			}
			check(t, f.IntegrityCheck(f.ctx))
		})
	}
}

func TestAConflictThatIsRecordedElsewhereMeanwhileIsADuplicate(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("r", content(1), auth(report.AuthNone, ""))))
	f.record(f.raw(newReport("r", content(7), auth(report.AuthUnknown, "")))) // in conflict
	id := f.unknown()[0].ID
	f.record(f.message(newReport("r", content(7)))) // a verified copy
	check(t, f.Authenticated(f.ctx, decision(id, answers(pass("sender.example"), newReport("r", content(7))))))
	if got := f.rejected(); len(got) != 0 {
		t.Errorf("rejected messages %+v, want none", got)
	}
	if diff := cmp.Diff([]string{"1 none", "7 pass sender.example"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestAnUnknownCopyOfWhatPassedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a")))
	f.record(f.raw(newReport("a", auth(report.AuthUnknown, ""))))
	if got := f.unknown(); len(got) != 0 {
		t.Errorf("UnknownMessages = %+v, want none", got)
	}
}

func TestAMessageExaminedAgainIsNoLongerUnknown(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.raw(newReport("a", auth(report.AuthUnknown, "")))
	f.record(m)
	f.record(m)
	if got := f.unknown(); len(got) != 1 || got[0].Attempts != 2 {
		t.Errorf("UnknownMessages = %+v, want one with 2 attempts", got)
	}
	m.Reports[0].Auth = report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}
	f.record(m)
	if got := f.unknown(); len(got) != 0 {
		t.Errorf("UnknownMessages = %+v, want none", got)
	}
	if diff := cmp.Diff([]string{"100 pass sender.example"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestARejectionByAnOlderReaderIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	before := func() []report.Retry {
		t.Helper()
		return must(f.RejectedBefore(f.ctx, "reports", "INBOX"))(t)
	}
	refused, gone, read := f.message(), f.message(), f.message()
	refused.Refused, gone.Refused, read.Refused = "x", "x", "x"
	f.record(refused, gone, read, f.message(newReport("r")), f.message(newReport("r", content(5)))) // the last is in conflict, which no reader cures
	if got := before(); len(got) != 0 {
		t.Fatalf("RejectedBefore = %+v, though this reader refused them", got)
	}
	behind(t, f.path, "UPDATE message SET reader_version = 0")
	got := before()
	if len(got) != 3 {
		t.Fatalf("RejectedBefore = %+v, want three", got)
	}
	if o := must(f.Resolve(f.ctx, got[0].ID, report.Message{Refused: "still"}))(t); o != report.Rejected {
		t.Errorf("Resolve = %s, want rejected", o)
	}
	check(t, f.StaysRejected(f.ctx, got[1].ID))
	if o := must(f.Resolve(f.ctx, got[2].ID, report.Message{Reports: []report.Report{newReport("new")}}))(t); o != report.Recorded {
		t.Errorf("Resolve = %s, want recorded", o)
	}
	if got := before(); len(got) != 0 {
		t.Errorf("RejectedBefore = %+v, want each only once", got)
	}
	var reasons []string
	for _, m := range f.rejected() {
		reasons = append(reasons, m.Text)
	}
	if len(reasons) != 3 || reasons[0] != "still" || reasons[1] != "x" {
		t.Errorf("rejected for %q, want \"still\", \"x\" and the conflict", reasons)
	}
}

func TestUnknownMessagesOfAllMailboxesAndFiles(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, path := range []string{"a.eml", "b.eml", "b.eml"} {
		m := f.raw(newReport(path, auth(report.AuthUnknown, "")))
		m.Place, m.MessageID = report.Place{Mailbox: "files", Folder: path}, path
		f.record(m)
	}
	f.record(f.raw(newReport("mailed", auth(report.AuthUnknown, ""))))
	got := must(f.UnknownMessages(f.ctx))(t)
	var places []report.Place
	for _, r := range got {
		places = append(places, r.Place)
		if len(r.Kept) == 0 {
			t.Errorf("%+v has no body", r.Place)
		}
	}
	want := []report.Place{{Mailbox: "files", Folder: "a.eml"}, {Mailbox: "files", Folder: "b.eml"}, {Mailbox: "reports", Folder: "INBOX", UIDValidity: 7, UID: f.uid}}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("UnknownMessages (-want +got):\n%s", diff)
	}
}

// A file whose report is known without a signature may be the one that shows who
// signed it, once DNS answers.
func TestAnUnknownFileOfAKnownReportIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.message(newReport("a", auth(report.AuthNone, ""))))
	m := f.raw(newReport("a", auth(report.AuthUnknown, "")))
	m.Place = report.Place{Mailbox: "files", Folder: "a.eml"}
	if got := f.record(m, m)[0]; got != report.Duplicate {
		t.Errorf("outcome %s, want duplicate", got)
	}
	got := f.unknown()
	if len(got) != 1 || len(got[0].Kept) == 0 {
		t.Fatalf("UnknownMessages = %+v, want the file, once", got)
	}
	check(t, f.Authenticated(f.ctx, decision(got[0].ID, answers(pass("sender.example"), newReport("a")))))
	if diff := cmp.Diff([]string{"100 pass sender.example"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestRetriesAreBoundedAndTakeTurns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many messages")
	}
	t.Parallel()
	f := open(t)
	var messages []report.Message
	for range 600 {
		m := f.message()
		m.Pending = "x"
		messages = append(messages, m)
	}
	f.record(messages...)
	first := f.pending()
	if len(first) != 500 {
		t.Fatalf("%d pending messages at once, want 500", len(first))
	}
	for _, r := range first {
		check(t, f.PendingFailed(f.ctx, r.ID, "x"))
	}
	second := f.pending()
	var uids []uint32
	for _, r := range second[:100] {
		uids = append(uids, r.UID)
	}
	if slices.Min(uids) != 501 || slices.Max(uids) != 600 {
		t.Errorf("the next to be tried are UIDs %d to %d, want 501 to 600", slices.Min(uids), slices.Max(uids))
	}
}

func TestWhatIsNoneOfOursIsForgotten(t *testing.T) {
	t.Parallel()
	f := open(t)
	pending, refused, recorded := f.message(), f.message(), f.message(newReport("r"))
	pending.Pending, refused.Refused = "x", "x"
	f.record(pending, refused, recorded, f.message(newReport("r", content(5)))) // the last is in conflict
	for id := range int64(5) {
		check(t, f.Forget(f.ctx, id))
	}
	if got := f.pending(); len(got) != 0 {
		t.Errorf("still pending: %+v", got)
	}
	if got := f.rejected(); len(got) != 1 || !strings.Contains(got[0].Text, "conflicts") {
		t.Errorf("rejected: %+v, want the conflict alone", got)
	}
	if n := len(f.rows(report.Filter{})); n != 1 {
		t.Errorf("%d policy rows, want 1", n)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestATimeThatIsNotKnownStaysSo(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.message()
	m.Pending, m.ReceivedAt = "x", time.Time{}
	f.record(m)
	if got := f.pending()[0].ReceivedAt; !got.IsZero() {
		t.Errorf("ReceivedAt = %s, want zero", got)
	}
}
