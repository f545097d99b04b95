package db_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/report"
)

// TestManyAtOnce has two handles, as two processes would have, record the same
// reports at once while others read.
func TestManyAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many writers")
	}
	t.Parallel()
	f := open(t)
	second, err := db.Open(f.ctx, f.path, db.Options{Now: f.clock.now})
	check(t, err)
	t.Cleanup(func() { check(t, second.Close()) })

	const writers, batches, size = 4, 8, 10
	var recorded, duplicate atomic.Int64
	var working, reading sync.WaitGroup
	for w := range writers {
		d := []*db.DB{f.DB, second}[w%2]
		mailbox := fmt.Sprint("mailbox ", w)
		working.Go(func() {
			for n := range batches {
				b := report.Batch{Mailbox: mailbox, Folder: "INBOX", Via: report.ViaPoll, Cursor: &report.Cursor{UIDValidity: 1, LastUID: uint32((n + 1) * size)}}
				for i := range size {
					b.Messages = append(b.Messages, report.Message{
						Place:   report.Place{Mailbox: mailbox, Folder: "INBOX", UIDValidity: 1, UID: uint32(n*size + i + 1)},
						Reports: []report.Report{usual(n*size + i)},
					})
				}
				outcomes, err := d.Record(f.ctx, b)
				if err != nil {
					t.Errorf("Record: %v", err)
					return
				}
				for _, o := range outcomes {
					if o == report.Recorded {
						recorded.Add(1)
					} else {
						duplicate.Add(1)
					}
				}
				if err := d.PollDone(f.ctx, mailbox, "INBOX", report.FaultOther, errors.New("x")); err != nil {
					t.Errorf("PollDone: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	for _, d := range []*db.DB{f.DB, second, second} {
		reading.Go(func() {
			for {
				policies := map[int64]int{}
				if err := d.EachPolicy(f.ctx, report.Filter{}, func(p *report.PolicyRow) error {
					policies[p.ReportRow]++
					return nil
				}); err != nil {
					t.Errorf("EachPolicy: %v", err)
				}
				for row, n := range policies {
					if n != 2 {
						t.Errorf("report row %d was seen with %d policies of 2", row, n)
					}
				}
				if _, err := d.DayTotals(f.ctx, nil, time.Time{}, time.Time{}); err != nil {
					t.Errorf("DayTotals: %v", err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	working.Wait()
	close(done)
	reading.Wait()
	if recorded.Load() != batches*size || duplicate.Load() != (writers-1)*batches*size {
		t.Errorf("%d recorded, %d duplicate; want each of %d reports recorded once", recorded.Load(), duplicate.Load(), batches*size)
	}
	if got := f.lastSeq(); got != batches*size {
		t.Errorf("LastNews = %d, want %d", got, batches*size)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

// Whoever writes while the first batch has its statements prepared must not be
// waited for by it and wait for it.
func TestFirstBatchesBesideOtherWriters(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: twenty databases")
	}
	t.Parallel()
	for range 20 {
		f := open(t)
		var working sync.WaitGroup
		for w := range 6 {
			mailbox := fmt.Sprint("mailbox ", w)
			working.Go(func() {
				for range 5 {
					if err := f.PollDone(f.ctx, mailbox, "INBOX", "", nil); err != nil {
						t.Errorf("PollDone: %v", err)
					}
				}
			})
		}
		working.Go(func() {
			if _, err := f.Record(f.ctx, report.Batch{Mailbox: "mailbox", Folder: "INBOX", Via: report.ViaPoll, Messages: []report.Message{f.message(usual(1))}}); err != nil {
				t.Errorf("Record: %v", err)
			}
		})
		done := make(chan struct{})
		go func() {
			working.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Minute): // as if for ever; a busy machine takes some time, too
			t.Fatal("the writers wait for one another")
		}
	}
}
