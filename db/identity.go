package db

import (
	"fmt"
	"slices"
	"time"
	"tlsbrief/internal/report"
)

// An identityRow is one row of the identity table: one report ever recorded.
type identityRow struct {
	identity   [32]byte
	standing   string // the signing domain where it passed, else empty
	content    [32]byte
	auth       report.AuthResult
	recordedAt int64
	report     int64 // its row, if it has not been pruned
}

// A delivery is one copy of a report on its way into the database.
type delivery struct {
	*report.Report
	via       report.Via
	message   int64 // the row of the message that brought it
	submitter string
}

// A verdict says what became of one copy of a report.
type verdict struct {
	identity, content [32]byte
	fresh             bool   // it was recorded
	conflict          string // what it conflicts with; empty if it is recorded, now or before
	retry             bool   // its authenticity is unknown, and would change something
}

// deliverAll delivers the reports of a message in their order.
func (t *tx) deliverAll(m *report.Message, via report.Via, message int64) ([]verdict, error) {
	verdicts := make([]verdict, len(m.Reports))
	for i := range m.Reports {
		if m.Reports[i].Report == nil {
			return nil, fmt.Errorf("report %d of the message is nil", i)
		}
		var err error
		verdicts[i], err = t.deliver(delivery{Report: &m.Reports[i], via: via, message: message, submitter: m.Submitter})
		if err != nil {
			return nil, fmt.Errorf("report %d of the message: %w", i, err)
		}
	}
	return verdicts, nil
}

// deliver applies the rules of DESIGN 5 to one copy of a report:
//
//   - The same content was recorded: it is the same report, and the better of
//     the two authentications counts. Of two signers, the one that the report
//     names as its own counts (ownSigner): what it says can be guessed, and sent
//     before it by somebody else.
//   - Other content was recorded under the same standing: the first stands, and
//     this one is in conflict with it.
//   - Otherwise it is recorded.
func (t *tx) deliver(c delivery) (verdict, error) {
	if err := t.db.prepare(c.Report); err != nil {
		return verdict{}, err
	}
	v := verdict{identity: c.Prepared.Identity, content: c.Prepared.Content}
	var err error
	// Most reports are new.
	if v.fresh, err = t.insertNew(c, v, insertFirstIdentity); v.fresh || err != nil {
		v.retry = c.Auth.Result == report.AuthUnknown
		return v, err
	}
	known, err := t.identities(v.identity)
	if err != nil {
		return v, err
	}
	unknown := c.Auth.Result == report.AuthUnknown
	for _, k := range known {
		if k.content == v.content {
			v.retry = unknown && (k.auth != report.AuthPass || !ownSigner(k.standing, c.ContactInfo, c.OrganizationName))
			return v, t.improve(k, known, c.Auth, c.via)
		}
	}
	v.retry = unknown
	for _, k := range known {
		if k.standing == c.Auth.Signer() {
			v.conflict, err = t.conflictWith(k, c)
			return v, err
		}
	}
	v.fresh, err = t.insertNew(c, v, insertIdentity)
	return v, err
}

// The two ways to remember a report's identity: where none of its copies is
// recorded, and beside others that stand apart.
const (
	identityColumns     = "INSERT INTO identity (identity, standing, content, auth, recorded_at, report) "
	insertIdentity      = identityColumns + "VALUES (?, ?, ?, ?, ?, ?)"
	insertFirstIdentity = identityColumns + "SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM identity WHERE identity = ?1)"
)

// insertNew records a report with its identity, if the statement for that finds
// that there is none.
func (t *tx) insertNew(c delivery, v verdict, identity string) (fresh bool, err error) {
	id, err := t.coming()
	if err != nil {
		return false, err
	}
	n, err := t.quick(identity, v.identity[:], c.Auth.Signer(), v.content[:], c.Auth.Result, t.now, id)
	if err != nil || n == 0 {
		return false, err
	}
	t.report = id
	return true, t.insertReport(id, c)
}

// identities returns what is recorded under an identity: one row per standing.
func (t *tx) identities(identity [32]byte) ([]identityRow, error) {
	rows, err := t.rows("SELECT standing, content, auth, recorded_at, report FROM identity WHERE identity = ?", identity[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var known []identityRow
	for rows.Next() {
		k := identityRow{identity: identity}
		var content []byte
		if err := rows.Scan(&k.standing, &content, &k.auth, &k.recordedAt, &k.report); err != nil {
			return nil, err
		}
		copy(k.content[:], content)
		known = append(known, k)
	}
	return known, rows.Err()
}

// improve raises the authentication of a recorded report to that of another
// copy, where it is worth more. A report that begins to count, or passes, is
// news again.
//
// Where it would have to stand under a signer who has other content recorded, it
// is left as it is, for the first stands; its reason says so.
func (t *tx) improve(k identityRow, known []identityRow, a report.Authenticity, via report.Via) error {
	if a.Result.Rank() <= k.auth.Rank() {
		if takes, err := t.takesOver(k, known, a); err != nil || !takes {
			return err
		}
	}
	for _, other := range known {
		if other.content != k.content && other.standing == a.Signer() && other.standing != k.standing {
			return t.leaveInConflict(k, a)
		}
	}
	if _, err := t.exec("UPDATE identity SET standing = ?, auth = ? WHERE identity = ? AND standing = ?",
		a.Signer(), a.Result, k.identity[:], k.standing); err != nil {
		return err
	}
	if _, err := t.exec("UPDATE report SET auth = ?, counts = ?, auth_domain = ?, auth_reason = ? WHERE id = ?",
		a.Result, a.Result.Counts(), clip(a.Domain), clip(a.Reason), k.report); err != nil {
		return err
	}
	if a.Result.Counts() == k.auth.Counts() && a.Result != report.AuthPass {
		return nil
	}
	return t.makeNews(k.report, a, via)
}

// takesOver reports whether a report that passed is to stand under the signer of
// another copy instead: the report's own, where the first was not.
func (t *tx) takesOver(k identityRow, known []identityRow, a report.Authenticity) (bool, error) {
	if k.auth != report.AuthPass || a.Result != report.AuthPass || a.Domain == k.standing ||
		slices.ContainsFunc(known, func(other identityRow) bool { return other.standing == a.Domain }) {
		return false, nil
	}
	var contact, organization string
	found, err := t.get("SELECT contact, organization FROM report WHERE id = ?", []any{k.report}, &contact, &organization)
	return found && !ownSigner(k.standing, contact, organization) && ownSigner(a.Domain, contact, organization), err
}

// reasonConflict is the reason of a report that would pass, but for another
// content under the same identity and signer.
const reasonConflict = "conflict"

// leaveInConflict notes that a report cannot stand under its signer.
func (t *tx) leaveInConflict(k identityRow, a report.Authenticity) error {
	if k.auth != report.AuthUnknown {
		_, err := t.exec("UPDATE report SET auth_reason = ? WHERE id = ?", reasonConflict, k.report)
		return err
	}
	// It is known now: it did not pass.
	if _, err := t.exec("UPDATE identity SET auth = ? WHERE identity = ? AND standing = ?", report.AuthFail, k.identity[:], k.standing); err != nil {
		return err
	}
	_, err := t.exec("UPDATE report SET auth = ?, auth_domain = ?, auth_reason = ? WHERE id = ?", report.AuthFail, clip(a.Domain), reasonConflict, k.report)
	return err
}

// makeNews gives a report a new number, and lets its policies count.
func (t *tx) makeNews(rep int64, a report.Authenticity, via report.Via) error {
	news, err := t.nextNews()
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE report SET news = ?, via = ?, reporter = CASE WHEN ? <> '' THEN ? ELSE reporter END WHERE id = ?",
		news, via, a.Signer(), a.Signer(), rep); err != nil {
		return err
	}
	_, err = t.exec("UPDATE policy SET counts = ? WHERE report = ?", a.Result.Counts(), rep)
	return err
}

// conflictWith says which recorded report a copy conflicts with.
func (t *tx) conflictWith(k identityRow, c delivery) (string, error) {
	from := k.standing
	if from == "" {
		_, err := t.get("SELECT message.sender FROM report JOIN message ON message.id = report.message WHERE report.id = ?",
			[]any{k.report}, &from)
		if err != nil {
			return "", err
		}
	}
	if from == "" {
		from = "an unknown sender"
	}
	return fmt.Sprintf("report %q of %q conflicts with the one recorded %s from %s: the same identity, other content",
		shorten(c.ReportID), shorten(c.OrganizationName),
		time.Unix(k.recordedAt, 0).UTC().Format("2006-01-02 15:04 MST"), shorten(from)), nil
}

// shorten cuts a name that stands in a sentence.
func shorten(s string) string {
	const enough = 100
	if r := []rune(s); len(r) > enough {
		return string(r[:enough]) + "…"
	}
	return s
}
