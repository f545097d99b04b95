package db

import (
	"fmt"

	"tlsbrief/internal/report"
)

// An origin is where a report comes from.
type origin struct {
	via       report.Via
	message   int64 // the row of the message that brought it
	submitter string
}

// recordReports records the reports of a message in their order.
func (t *tx) recordReports(m *report.Message, via report.Via, message int64) ([]report.Verdict, error) {
	verdicts := make([]report.Verdict, len(m.Reports))
	for i := range m.Reports {
		if m.Reports[i].Report == nil {
			return nil, fmt.Errorf("report %d of the message is nil", i)
		}
		var err error
		verdicts[i], err = t.recordReport(&m.Reports[i], origin{via, message, m.Submitter})
		if err != nil {
			return nil, fmt.Errorf("report %d of the message: %w", i, err)
		}
	}
	return verdicts, nil
}

// recordReport loads the recorded copies of a report, and stores what [report.Decide]
// says of this one.
func (t *tx) recordReport(r *report.Report, from origin) (report.Verdict, error) {
	if err := t.db.prepare(r); err != nil {
		return report.Verdict{}, err
	}
	// Most reports are new: one statement finds that out and inserts the identity.
	if first, err := t.insertCopy(r, from, insertFirstIdentity); first || err != nil {
		return report.Decide(nil, r.Copy()), err
	}
	known, err := t.copies(r.Prepared.Identity)
	if err != nil {
		return report.Verdict{}, err
	}
	v := report.Decide(known, r.Copy())
	switch v.Kind {
	case report.VerdictNew:
		_, err = t.insertCopy(r, from, insertIdentity)
	case report.VerdictUpgrade:
		err = t.upgradeCopy(r.Prepared.Identity, known[v.Known], v, from.via)
	}
	return v, err
}

// The two ways to remember a report's identity: where none of its copies is
// recorded, and beside others that stand apart.
const (
	identityColumns     = "INSERT INTO identity (identity, standing, content, auth, recorded_at, report) "
	insertIdentity      = identityColumns + "VALUES (?, ?, ?, ?, ?, ?)"
	insertFirstIdentity = identityColumns + "SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM identity WHERE identity = ?1)"
)

// insertCopy records a report with its identity, unless the statement for that finds a
// recorded copy.
func (t *tx) insertCopy(r *report.Report, from origin, identity string) (inserted bool, err error) {
	id, err := t.peekReport()
	if err != nil {
		return false, err
	}
	n, err := t.execUnflushed(identity, r.Prepared.Identity[:], r.Auth.Signer(), r.Prepared.Content[:], r.Auth.Result, t.now, id)
	if err != nil || n == 0 {
		return false, err
	}
	t.report = id
	return true, t.insertReport(id, r, from)
}

// selectCopies reads the recorded copies of an identity. Of one whose report is pruned,
// the identity table alone knows.
const selectCopies = `SELECT i.content, i.auth, IIF(i.auth = 'pass', i.standing, COALESCE(r.auth_domain, '')), i.recorded_at, i.report,
	COALESCE(r.report_id, ''), COALESCE(r.organization, ''), COALESCE(r.contact, ''), COALESCE(m.sender, '')
	FROM identity AS i LEFT JOIN report AS r ON r.id = i.report LEFT JOIN message AS m ON m.id = r.message WHERE i.identity = ?`

// copies returns the recorded copies of an identity, one per signer.
func (t *tx) copies(identity [32]byte) ([]report.Copy, error) {
	rows, err := t.rows(selectCopies, identity[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var known []report.Copy
	for rows.Next() {
		var c report.Copy
		var content []byte
		var recordedAt int64
		if err := rows.Scan(&content, &c.Auth.Result, &c.Auth.Domain, &recordedAt, &c.ReportRow, &c.ID, &c.Organization, &c.Contact, &c.From); err != nil {
			return nil, err
		}
		copy(c.Content[:], content)
		c.RecordedAt = unix(recordedAt)
		known = append(known, c)
	}
	return known, rows.Err()
}

// upgradeCopy stores what is known from now on of the authenticity of a recorded copy.
func (t *tx) upgradeCopy(identity [32]byte, k report.Copy, v report.Verdict, via report.Via) error {
	a := v.Auth
	if _, err := t.exec("UPDATE identity SET standing = ?, auth = ? WHERE identity = ? AND standing = ?",
		a.Signer(), a.Result, identity[:], k.Auth.Signer()); err != nil {
		return err
	}
	if _, err := t.exec("UPDATE report SET auth = ?, counts = ?, auth_domain = ?, auth_reason = ? WHERE id = ?",
		a.Result, a.Result.Counts(), clip(a.Domain), clip(string(a.Reason)), k.ReportRow); err != nil {
		return err
	}
	if !v.NewSeq {
		return nil
	}
	seq, err := t.nextSeq()
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE report SET news = ?, via = ?, reporter = CASE WHEN ? <> '' THEN ? ELSE reporter END WHERE id = ?",
		seq, via, a.Signer(), a.Signer(), k.ReportRow); err != nil {
		return err
	}
	_, err = t.exec("UPDATE policy SET counts = ? WHERE report = ?", a.Result.Counts(), k.ReportRow)
	return err
}
