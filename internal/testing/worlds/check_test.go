package worlds

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
)

// A state is what the database remembers, as export and status show it.
type state struct {
	folders  []report.Folder
	rows     map[int][]*report.PolicyRow // by the report's number
	rejected map[place]string            // with the reason
	pending  map[place]bool
}

func (p *player) state() state {
	ctx := context.Background()
	s := state{rows: map[int][]*report.PolicyRow{}, rejected: map[place]string{}, pending: map[place]bool{}}
	for i := range p.w.folders {
		name := folderNames()[i]
		f, err := p.db.Folder(ctx, box, name)
		if err != nil {
			p.t.Fatal(err)
		}
		s.folders = append(s.folders, f)
		pending, err := p.db.PendingMessages(ctx, box, name)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, m := range pending {
			s.pending[place{i, m.UID}] = true
		}
	}
	err := p.db.EachPolicy(ctx, report.Filter{}, func(row *report.PolicyRow) error {
		n, err := strconv.Atoi(strings.TrimPrefix(row.Report.OrganizationName, "Sender "))
		s.rows[n] = append(s.rows[n], row)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	rejected, err := p.db.RejectedMessages(ctx, 0, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range rejected {
		s.rejected[place{slices.Index(folderNames(), m.Folder), m.UID}] = m.Text
	}
	return s
}

// check holds what there is after a round against the model: what must hold whatever
// happened.
func (p *player) check() {
	s := p.now
	chances := p.reports()
	for n, rows := range s.rows {
		p.kept[n] = true
		if chances[n] == never {
			p.faulty("%s: report %d is recorded, and no mail with it was to be looked at", p.stage, n)
		}
		p.checkRow(n, rows)
	}
	if int64(len(s.rows)) != p.recorded {
		p.faulty("%s: %d reports are recorded, and the totals add up to %d", p.stage, len(s.rows), p.recorded)
	}
	for n := range p.kept {
		if len(s.rows[n]) == 0 {
			p.faulty("%s: report %d was recorded before, and is not any more", p.stage, n)
		}
	}
	for _, m := range p.messages {
		at := place{m.folder, m.uid}
		switch reason, named := s.rejected[at]; {
		case named && m.fate != rejected:
			p.faulty("%s: %s is rejected: %s", p.stage, m, reason)
		case named && m.looked == never:
			p.faulty("%s: %s is rejected, and was not to be looked at", p.stage, m)
		}
		if m.looked == surely && !s.deals(m, at) {
			p.faulty("%s: %s lies behind the cursor, and is neither recorded nor rejected nor pending", p.stage, m)
		}
	}
	p.checkFolders(s)
	p.checkFlags(s, false)
}

// deals says that the database knows of what was in a message.
func (s state) deals(m *message, at place) bool {
	_, named := s.rejected[at]
	return m.fate == ignored || s.pending[at] || named || m.fate == recorded && len(s.rows[m.mail.number]) > 0
}

// checkFolders holds the counts that status shows against the lists.
func (p *player) checkFolders(s state) {
	var sum int64
	for i, f := range s.folders {
		sum += f.Recorded
		var named int64
		for at := range s.rejected {
			if at.folder == i {
				named++
			}
		}
		if f.Rejected != named {
			p.faulty("%s: status counts %d rejected messages in %s, and names %d", p.stage, f.Rejected, folderNames()[i], named)
		}
	}
	if sum != int64(len(s.rows)) {
		p.faulty("%s: status counts %d messages with new reports, and %d reports are recorded", p.stage, sum, len(s.rows))
	}
}

// checkRow holds the export of a report against what was mailed in.
func (p *player) checkRow(n int, rows []*report.PolicyRow) {
	row := rows[0]
	got := fmt.Sprintf("%d times; %s, %s, %s %s, %d and %d sessions, from %s to %s", len(rows),
		row.Report.ReportID, row.Report.ContactInfo, row.Policy.Type, row.Policy.Domain, row.Policy.Successful, row.Policy.Failed,
		row.Report.Start.UTC().Format("2006-01-02T15:04:05Z"), row.Report.End.UTC().Format("2006-01-02T15:04:05Z"))
	want := fmt.Sprintf("1 times; 2026-03-01T00:00:00Z_%s, tls@sender-%d.example, sts %s, %d and 0 sessions, from 2026-03-01T00:00:00Z to 2026-03-01T23:59:59Z",
		domain, n, domain, 10+n%90)
	if got != want {
		p.faulty("%s: report %d is exported as %s; want %s", p.stage, n, got, want)
	}
	for _, m := range p.messages {
		if m.fate == recorded && m.mail.number == n && row.Source == box+"/"+folderNames()[m.folder] {
			return
		}
	}
	p.faulty("%s: report %d is said to be from %s, where no mail has it", p.stage, n, row.Source)
}

// checkAll wants everything to have come to its end: at last, the marks as well.
func (p *player) checkAll(last bool) {
	s := p.now
	for n, c := range p.reports() {
		if c == surely && len(s.rows[n]) == 0 {
			p.faulty("%s: report %d is not recorded", p.stage, n)
		}
	}
	for _, m := range p.messages {
		if _, named := s.rejected[place{m.folder, m.uid}]; !named && m.fate == rejected && m.looked == surely {
			p.faulty("%s: %s is not named as rejected", p.stage, m)
		}
	}
	for at := range s.pending {
		p.faulty("%s: folder %d, UID %d is still pending", p.stage, at.folder, at.uid)
	}
	for i, f := range s.folders {
		if uidOf(f.Poll) != int64(p.last(i)) {
			p.faulty("%s: the poll's cursor of %s stands at %d, and the last UID is %d", p.stage, f.Folder, uidOf(f.Poll), p.last(i))
		}
	}
	if !last {
		return
	}
	p.checkFlags(s, true)
	p.checkArchive()
	if err := p.db.IntegrityCheck(context.Background()); err != nil {
		p.faulty("%s: %v", p.stage, err)
	}
}

// checkTotals wants an undisturbed round to go well, and to count what it found.
func (p *player) checkTotals(r round, before state, got ingest.Totals, err error) {
	if err != nil {
		p.faulty("%s: nothing was in the way, and it failed: %v", p.stage, err)
		return
	}
	if len(before.pending) > 0 {
		return // they are looked at again, and count once that has ended
	}
	var want ingest.Totals
	known := map[int]bool{}
	for n := range before.rows {
		known[n] = true
	}
	for _, m := range p.messages {
		if !p.found(r, before, m) {
			continue
		}
		want.Examined++
		switch {
		case m.fate == ignored:
			want.Ignored++
		case m.fate == rejected:
			want.Rejected++
		case known[m.mail.number]:
			want.Duplicate++
		default:
			want.Recorded++
			known[m.mail.number] = true
		}
	}
	if got != want {
		p.faulty("%s: totals %+v, want %+v", p.stage, got, want)
	}
}

// found says that an undisturbed round looks at a message: one that was in its folder
// when the round began.
func (p *player) found(r round, before state, m *message) bool {
	f := before.folders[m.folder]
	cursor := f.Poll
	if r.backfill {
		cursor = f.Backfill
	}
	seen, there := p.lying[place{m.folder, m.uid}]
	return there && int64(m.uid) > uidOf(cursor) && (r.backfill || cursor != nil || !seen)
}
