package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// EachPolicy calls fn for every policy row that the filter selects, by report
// day, report and position, and stops at the first error, which it returns. The
// row is fn's to keep. All rows are of one moment, however long fn takes and
// whatever is recorded meanwhile; fn may use the database.
//
// Only one report's failures are held at a time, and the numbers of the reports
// where the filter is by news or by a few domains.
func (d *DB) EachPolicy(ctx context.Context, f report.Filter, fn func(*report.PolicyRow) error) error {
	if f.Domains != nil && len(f.Domains) == 0 {
		return nil
	}
	const step = "reading policies"
	view, err := d.reader.BeginTx(ctx, nil)
	if err != nil {
		return d.fail(step, err)
	}
	defer view.Rollback() // nothing was written
	w := &policyWalk{ctx: ctx, view: view, fn: fn, own: f.PolicyDomains}
	if f.Domains != nil {
		w.only = make(map[string]bool, len(f.Domains))
		for _, name := range f.Domains {
			w.only[name] = true
		}
	}
	if err := w.prepare(); err != nil {
		return d.fail(step, err)
	}
	next := w.queryReports(f)
	for {
		ids, err := next()
		if err != nil {
			return d.fail(step, err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := w.reports(ids); err != nil {
			return d.fail(step, err)
		}
	}
}

// ReportJSON returns a recorded report's own text, by PolicyRow.ReportRow. Its
// error wraps ErrNotFound where there is none (any more).
func (d *DB) ReportJSON(ctx context.Context, reportRow int64) ([]byte, error) {
	var packed []byte
	err := d.reader.QueryRowContext(ctx, "SELECT json FROM report WHERE id = ?", reportRow).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("report row %d: %w", reportRow, ErrNotFound)
	}
	if err != nil {
		return nil, d.fail("reading a report", err)
	}
	text, err := unpack(packed)
	return text, d.fail("reading a report", err)
}

// A policyWalk is one run of EachPolicy.
type policyWalk struct {
	ctx  context.Context // of that one call
	view *sql.Tx
	fn   func(*report.PolicyRow) error
	only map[string]bool // domains; nil: all
	own  bool            // they may be a policy's own as well as what it is about

	report, policy, failure *sql.Stmt
}

func (w *policyWalk) prepare() (err error) {
	for _, s := range []struct {
		into  **sql.Stmt
		query string
	}{
		{&w.report, `SELECT r.id, r.news, r.via, r.recorded_at, r.starts_at, r.starts_nanos, r.ends_at, r.ends_nanos, r.organization, r.contact, r.report_id, r.deviations,
				r.auth, r.auth_domain, r.auth_reason, r.reporter, m.submitter, m.message_id, m.received_at, f.mailbox, f.folder
			FROM json_each(?) AS wanted CROSS JOIN report AS r ON r.id = wanted.value
				JOIN message AS m ON m.id = r.message JOIN folder AS f ON f.id = m.folder
			ORDER BY wanted.key`},
		{&w.policy, `SELECT p.position, d.name, a.name, p.type, p.overlap, p.successful, p.failed, p.failures, p.mode, p.strings, p.mx_hosts
			FROM policy AS p JOIN domain AS d ON d.id = p.domain JOIN domain AS a ON a.id = p.about WHERE p.report = ? ORDER BY p.position`},
		{&w.failure, `SELECT result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip, sessions, additional_information, reason_code
			FROM failure WHERE report = ? AND policy = ? ORDER BY position`},
	} {
		if *s.into, err = w.view.PrepareContext(w.ctx, s.query); err != nil { // closed with the transaction
			return err
		}
	}
	return nil
}

// reports calls fn for the policies of these reports.
func (w *policyWalk) reports(ids []int64) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	rows, err := w.report.QueryContext(w.ctx, string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		shared, err := scanReport(rows)
		if err != nil {
			return err
		}
		if err := w.policies(shared); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanReport reads what the policies of one report have in common.
func scanReport(rows *sql.Rows) (report.PolicyRow, error) {
	var p report.PolicyRow
	var recorded, start, startNanos, end, endNanos int64
	var received sql.NullInt64
	var deviations, mailbox, folder string
	err := rows.Scan(&p.ReportRow, &p.Seq, &p.Via, &recorded, &start, &startNanos, &end, &endNanos, &p.Report.OrganizationName, &p.Report.ContactInfo, &p.Report.ReportID, &deviations,
		&p.Auth.Result, &p.Auth.Domain, &p.Auth.Reason, &p.Reporter, &p.Submitter, &p.MessageID, &received, &mailbox, &folder)
	if err != nil {
		return p, err
	}
	p.Report.Start, p.Report.End = unix(start).Add(time.Duration(startNanos)), unix(end).Add(time.Duration(endNanos))
	p.RecordedAt, p.ReceivedAt = unix(recorded), timeOf(received)
	p.Source = source(mailbox, folder)
	if p.Report.Deviations, err = deviationsOf(deviations); err != nil {
		err = fmt.Errorf("deviations of report row %d: %w", p.ReportRow, err)
	}
	return p, err
}

// policies calls fn for the policies of one report.
func (w *policyWalk) policies(shared report.PolicyRow) error {
	rows, err := w.policy.QueryContext(w.ctx, shared.ReportRow)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row := shared
		p := &row.Policy
		var position, failures int64
		var lines, hosts string
		if err := rows.Scan(&position, &p.Domain, &row.About, &p.Type, &row.Overlap, &p.Successful, &p.Failed, &failures, &p.Mode, &lines, &hosts); err != nil {
			return err
		}
		if w.only != nil && !w.only[row.About] && !(w.own && w.only[p.Domain]) {
			continue
		}
		if p.Strings, err = listOf(lines); err != nil {
			return fmt.Errorf("policy strings of report row %d: %w", row.ReportRow, err)
		}
		if p.MXHosts, err = listOf(hosts); err != nil {
			return fmt.Errorf("mx hosts of report row %d: %w", row.ReportRow, err)
		}
		if failures > 0 {
			if p.Failures, err = w.failures(row.ReportRow, position, failures); err != nil {
				return err
			}
		}
		if err := w.fn(&row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w *policyWalk) failures(rep, policy, count int64) ([]tlsrpt.Failure, error) {
	rows, err := w.failure.QueryContext(w.ctx, rep, policy)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make([]tlsrpt.Failure, 0, count)
	for rows.Next() {
		var f tlsrpt.Failure
		if err := rows.Scan(&f.ResultType, &f.SendingMTAIP, &f.ReceivingMXHostname, &f.ReceivingMXHELO, &f.ReceivingIP,
			&f.Sessions, &f.AdditionalInformation, &f.ReasonCode); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}
