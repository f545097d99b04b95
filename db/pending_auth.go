package db

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/gob"
	"errors"
	"fmt"
	"strings"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// savePendingAuth keeps what is needed to try the authenticity of a message's
// reports again, and drops what was kept for the row before.
func (t *tx) savePendingAuth(row, was messageRow, verdicts []report.Verdict) error {
	if was.unknown {
		if err := t.dropPendingAuth(row.id); err != nil {
			return err
		}
	}
	if !row.unknown {
		return nil
	}
	for i, v := range verdicts {
		is := row.message.Reports[i].Prepared
		var held []byte
		if v.Kind == report.VerdictConflict && v.Pending {
			var err error
			if held, err = t.packReport(row.message.Reports[i].Report); err != nil {
				return err
			}
		}
		if _, err := t.exec("INSERT INTO undecided (message, position, identity, content, conflict, held) VALUES (?, ?, ?, ?, ?, ?)",
			row.id, i, is.Identity[:], is.Content[:], v.Conflict, held); err != nil {
			return err
		}
	}
	return t.keep(row.id, row.message.Kept)
}

// pendingAuthBytes is what a row of undecided takes beside the report that it holds.
const pendingAuthBytes = 100

// keep keeps what it takes to judge a message's reports later, in place of what
// was kept for it before.
func (t *tx) keep(message int64, kept []byte) error {
	if _, err := t.exec("DELETE FROM message_raw WHERE message = ?", message); err != nil {
		return err
	}
	packed, err := t.db.pack.pack(kept)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT OR REPLACE INTO message_kept (message, size, data)
		SELECT ?1, ?2 + COALESCE(SUM(?3 + COALESCE(length(held), 0)), 0), ?4 FROM undecided WHERE message = ?1`,
		message, len(packed), pendingAuthBytes, packed)
	return err
}

func (t *tx) dropPendingAuth(message int64) error {
	for _, query := range [...]string{
		"DELETE FROM undecided WHERE message = ?", "DELETE FROM message_kept WHERE message = ?", "DELETE FROM message_raw WHERE message = ?",
	} {
		if _, err := t.exec(query, message); err != nil {
			return err
		}
	}
	return nil
}

// packReport makes bytes of a report, to record it later.
func (t *tx) packReport(r *tlsrpt.Report) ([]byte, error) {
	kept := *r
	kept.Packed = nil // the same as JSON, once more
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&kept); err != nil {
		return nil, fmt.Errorf("keeping report %q: %w", r.ReportID, err)
	}
	return t.db.pack.pack(b.Bytes())
}

// unpackReport makes the report of what packReport made.
func unpackReport(held []byte) (*tlsrpt.Report, error) {
	data, err := unpack(held)
	if err != nil {
		return nil, err
	}
	r := new(tlsrpt.Report)
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(r); err != nil {
		return nil, fmt.Errorf("reading a kept report: %w", err)
	}
	return r, nil
}

// A pendingAuthRow is one report of a message whose authenticity is unknown.
type pendingAuthRow struct {
	position          int
	identity, content []byte
	conflict          string
	held              []byte
}

// Authenticated corrects the authenticity of the reports of messages that were
// among the UnknownMessages. A report that passes is news again; one that was set
// aside as a conflict and passes is recorded after all. One without an answer is
// not found in its message any more, and fails for that reason. What was kept to
// try again is dropped, unless an answer is still AuthUnknown, and not for longer
// than a week. A message that has been decided meanwhile, or is gone, is left
// alone.
func (d *DB) Authenticated(ctx context.Context, decisions ...report.Decision) error {
	return d.write(ctx, "recording an authenticity", func(t *tx) error {
		for _, one := range decisions {
			row, err := t.messageByID(one.Message)
			if errors.Is(err, ErrNotFound) && len(decisions) > 1 {
				continue // pruned meanwhile: the others are not to suffer from it
			}
			if err == nil && row.unknown {
				err = t.decide(row, one)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) pendingAuth(message int64) ([]pendingAuthRow, error) {
	rows, err := t.rows("SELECT position, identity, content, conflict, held FROM undecided WHERE message = ? ORDER BY position", message)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []pendingAuthRow
	for rows.Next() {
		var u pendingAuthRow
		if err := rows.Scan(&u.position, &u.identity, &u.content, &u.conflict, &u.held); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// find returns the answer that is about this report.
func (u pendingAuthRow) find(answers []report.ReportAnswer) report.Authenticity {
	for _, a := range answers {
		if a.Identity == [32]byte(u.identity) && a.Content == [32]byte(u.content) {
			return a.Auth
		}
	}
	return report.Authenticity{Result: report.AuthFail, Reason: report.ReasonNotFoundAgain}
}

// decide applies the answers, and brings the message's row in line with them.
func (t *tx) decide(row messageRow, d report.Decision) error {
	reports, err := t.pendingAuth(row.id)
	if err != nil {
		return err
	}
	var submitter string
	var recordedAt int64
	if _, err := t.get("SELECT submitter, recorded_at FROM message WHERE id = ?", []any{row.id}, &submitter, &recordedAt); err != nil {
		return err
	}
	late := time.Duration(t.now-recordedAt)*time.Second >= report.UnknownFor
	var conflicts []string
	again, fresh := false, false
	for i, u := range reports {
		auth := u.find(d.Answers)
		if auth.Result == report.AuthUnknown && late {
			auth.Result, auth.Reason = report.AuthFail, report.ReasonDNS
		}
		again = again || auth.Result == report.AuthUnknown
		v, err := t.answer(u, auth, origin{row.via, row.id, submitter})
		if err != nil {
			return fmt.Errorf("report %d of message row %d: %w", i, row.id, err)
		}
		fresh = fresh || v.Kind == report.VerdictNew
		if v.Conflict != "" {
			conflicts = append(conflicts, v.Conflict)
		}
		if v.Conflict != u.conflict {
			if _, err := t.exec("UPDATE undecided SET conflict = ?, held = NULL WHERE message = ? AND position = ?", v.Conflict, row.id, u.position); err != nil {
				return err
			}
		}
	}
	row.conflict = clip(strings.Join(conflicts, "; "))
	switch {
	case fresh:
		row.state = report.Recorded
	case row.state == report.Rejected && row.refused == "" && row.conflict == "":
		row.state = report.Duplicate
	}
	if err := t.assignSeq(&row); err != nil {
		return err
	}
	row.attempts++
	row.nextTry = sql.NullInt64{}
	if again {
		row.nextTry = after(t.now, report.UnknownWait(row.attempts))
	}
	if _, err := t.exec("UPDATE message SET state = ?, conflict = ?, news = ?, unknown = ?, attempts = ?, next_try = ? WHERE id = ?",
		row.state, row.conflict, row.seq, again, row.attempts, row.nextTry, row.id); err != nil {
		return err
	}
	switch {
	case !again:
		return t.dropPendingAuth(row.id)
	case d.Kept != nil:
		return t.keep(row.id, d.Kept)
	}
	return nil
}

// answer applies one answer to one report, which is recorded or held.
func (t *tx) answer(u pendingAuthRow, a report.Authenticity, from origin) (report.Verdict, error) {
	if u.held != nil {
		r, err := unpackReport(u.held)
		if err != nil {
			return report.Verdict{}, err
		}
		v, err := t.recordReport(&report.Report{Report: r, Auth: a}, from)
		if v.Kind == report.VerdictConflict {
			v.Conflict = u.conflict // in the words that a digest may have quoted
		}
		return v, err
	}
	known, err := t.copies([32]byte(u.identity))
	if err != nil {
		return report.Verdict{}, err
	}
	v := report.Decide(known, report.Copy{Content: [32]byte(u.content), Auth: a})
	if v.Kind == report.VerdictUpgrade {
		err = t.upgradeCopy([32]byte(u.identity), known[v.Known], v, from.via)
	}
	return report.Verdict{Kind: report.VerdictDuplicate, Conflict: u.conflict}, err // there is no report to record
}
