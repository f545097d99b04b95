package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/hostname"
	"tlsbrief/internal/report"
)

// newExportCommand returns "tlsbrief export", which prints the recorded policies.
func newExportCommand(a *app) *cobra.Command {
	var format, from, to, domain string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print what is recorded, as JSON Lines or CSV",
		Long: `Prints one object, or one line, for each policy of each recorded report.
Days are UTC days, by what the reports cover; --to is included.

In CSV an apostrophe stands before whatever a spreadsheet could take for a
formula; lists are JSON, in which such a sign is escaped.`,
		Example: "  tlsbrief export --domain example.com --from 2026-11-22 --to 2026-11-22\n" +
			"  tlsbrief export --format csv >reports.csv",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--format", format, "jsonl", "csv"); err != nil {
				return err
			}
			filter, err := exportFilter(from, to, domain)
			if err != nil {
				return err
			}
			return a.withReadDB(cmd.Context(), func(_ *config.Config, d *db.DB) error {
				return export(cmd.Context(), a.stdout, d, filter, format)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.Flags().StringVar(&from, "from", "", "only reports about this UTC `day` or later")
	cmd.Flags().StringVar(&to, "to", "", "only reports about this UTC `day` or earlier")
	cmd.Flags().StringVar(&domain, "domain", "", "only policies of or about this `domain`")
	return cmd
}

func exportFilter(from, to, domain string) (report.Filter, error) {
	var f report.Filter
	var err error
	if f.From, err = utcDate("--from", from); err != nil {
		return f, err
	}
	if f.To, err = utcDate("--to", to); err != nil {
		return f, err
	}
	if !f.To.IsZero() {
		if f.To = f.To.AddDate(0, 0, 1); !f.From.Before(f.To) {
			return f, usage("--from %s is after --to %s", from, to)
		}
	}
	if domain != "" {
		name, err := hostname.Strict(domain, "")
		if err != nil {
			return f, usage("--domain %q is no domain: %v", domain, err)
		}
		f.Domains, f.PolicyDomains = []string{name}, true
	}
	return f, nil
}

// An exportRow is a policy as export prints it. Other programs depend on its keys and
// their order (DESIGN 8).
type exportRow struct {
	OrganizationName string          `json:"organization_name"`
	ContactInfo      string          `json:"contact_info"`
	ReportID         string          `json:"report_id"`
	Start            string          `json:"start_datetime"`
	End              string          `json:"end_datetime"`
	PolicyType       string          `json:"policy_type"`
	PolicyDomain     string          `json:"policy_domain"`
	PolicyString     []string        `json:"policy_string"`
	MXHost           []string        `json:"mx_host"`
	PolicyMode       string          `json:"policy_mode"`
	Successful       int64           `json:"total_successful_session_count"`
	Failed           int64           `json:"total_failure_session_count"`
	FailureDetails   []exportFailure `json:"failure_details"`
	ReceivedAt       string          `json:"received_at"`
	RecordedAt       string          `json:"recorded_at"`
	Source           string          `json:"source"`
	MessageID        string          `json:"message_id"`
	Submitter        string          `json:"submitter"`
	DKIM             string          `json:"dkim"`
	DKIMDomain       string          `json:"dkim_domain"`
	Deviations       []string        `json:"deviations"`
}

type exportFailure struct {
	ResultType            string `json:"result_type"`
	SendingMTAIP          string `json:"sending_mta_ip"`
	ReceivingMXHostname   string `json:"receiving_mx_hostname"`
	ReceivingMXHELO       string `json:"receiving_mx_helo"`
	ReceivingIP           string `json:"receiving_ip"`
	FailedSessionCount    int64  `json:"failed_session_count"`
	AdditionalInformation string `json:"additional_information"`
	FailureReasonCode     string `json:"failure_reason_code"`
}

func newExportRow(r *report.PolicyRow) exportRow {
	e := exportRow{
		OrganizationName: r.Report.OrganizationName, ContactInfo: r.Report.ContactInfo, ReportID: r.Report.ReportID,
		Start: timestampNano(r.Report.Start), End: timestampNano(r.Report.End),
		PolicyType: string(r.Policy.Type), PolicyDomain: r.Policy.Domain,
		PolicyString: notNil(r.Policy.Strings), MXHost: notNil(r.Policy.MXHosts), PolicyMode: string(r.Policy.Mode),
		Successful: int64(r.Policy.Successful), Failed: int64(r.Policy.Failed),
		FailureDetails: make([]exportFailure, 0, len(r.Policy.Failures)),
		ReceivedAt:     timestamp(r.ReceivedAt), RecordedAt: timestamp(r.RecordedAt),
		Source: r.Source, MessageID: r.MessageID, Submitter: r.Submitter,
		DKIM: string(r.Auth.Result), DKIMDomain: r.Auth.Domain,
		Deviations: make([]string, 0, len(r.Report.Deviations)),
	}
	for _, f := range r.Policy.Failures {
		e.FailureDetails = append(e.FailureDetails, exportFailure{
			ResultType: string(f.ResultType), SendingMTAIP: f.SendingMTAIP,
			ReceivingMXHostname: f.ReceivingMXHostname, ReceivingMXHELO: f.ReceivingMXHELO, ReceivingIP: f.ReceivingIP,
			FailedSessionCount: int64(f.Sessions), AdditionalInformation: f.AdditionalInformation, FailureReasonCode: f.ReasonCode,
		})
	}
	for _, d := range r.Report.Deviations {
		e.Deviations = append(e.Deviations, d.String())
	}
	return e
}

// timestamp returns t in RFC 3339 and UTC; empty if t is zero.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// timestampNano returns t like timestamp, with the fraction of its second: two reports
// may differ in that alone.
func timestampNano(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// notNil returns l, or an empty list for none: lists are never null in JSON.
func notNil(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func export(ctx context.Context, w io.Writer, d *db.DB, f report.Filter, format string) error {
	if format == "csv" {
		return exportCSV(ctx, w, d, f)
	}
	enc := newJSONEncoder(w)
	return d.EachPolicy(ctx, f, func(r *report.PolicyRow) error { return enc.Encode(newExportRow(r)) })
}

// exportCSV writes an [exportRow] a line; lists and failure details are JSON text.
func exportCSV(ctx context.Context, w io.Writer, d *db.DB, f report.Filter) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{
		"organization_name", "contact_info", "report_id", "start_datetime", "end_datetime", "policy_type", "policy_domain",
		"policy_string", "mx_host", "policy_mode", "total_successful_session_count", "total_failure_session_count",
		"failure_details", "received_at", "recorded_at", "source", "message_id", "submitter", "dkim", "dkim_domain", "deviations",
	}); err != nil {
		return err
	}
	err := d.EachPolicy(ctx, f, func(r *report.PolicyRow) error {
		e := newExportRow(r)
		row := []string{
			escapeCell(e.OrganizationName), escapeCell(e.ContactInfo), escapeCell(e.ReportID), e.Start, e.End, escapeCell(e.PolicyType), escapeCell(e.PolicyDomain),
			escapeJSONCell(jsonText(e.PolicyString)), escapeJSONCell(jsonText(e.MXHost)), escapeCell(e.PolicyMode),
			strconv.FormatInt(e.Successful, 10), strconv.FormatInt(e.Failed, 10),
			escapeJSONCell(jsonText(e.FailureDetails)), e.ReceivedAt, e.RecordedAt,
			escapeCell(e.Source), escapeCell(e.MessageID), escapeCell(e.Submitter), escapeCell(e.DKIM), escapeCell(e.DKIMDomain),
			escapeJSONCell(jsonText(e.Deviations)),
		}
		return out.Write(row)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // lists of strings and plain structs do not fail
	}
	return string(text)
}

// A spreadsheet takes a cell for a formula that begins with one of these signs, or
// with one in the fullwidth form that East Asian input methods write.
const formulaSigns = "=+-@\uff1d\uff0b\uff0d\uff20"

// beginsFormula reports whether a spreadsheet may take a cell that holds s for a
// formula. Some strip blanks or a quotation mark first.
func beginsFormula(s string) bool {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == '"' || !unicode.IsGraphic(r) || unicode.IsSpace(r) })
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune(formulaSigns, r)
}

// splitsCell reports whether a spreadsheet may end a cell behind r, although the file
// separates cells by commas: in many countries it expects semicolons, pasted text has
// tabs, and a line end begins the next row.
func splitsCell(r rune) bool {
	return r == ';' || r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// escapeCell makes a stranger's string safe in a cell of CSV. It puts an apostrophe
// before what a spreadsheet may take for a formula, at the beginning and wherever the
// cell may be split, and removes what a terminal acts on.
func escapeCell(s string) string {
	var b strings.Builder
	if beginsFormula(s) {
		b.WriteByte('\'')
	}
	for i, r := range s {
		b.WriteRune(r)
		if splitsCell(r) && beginsFormula(s[i+utf8.RuneLen(r):]) {
			b.WriteByte('\'')
		}
	}
	return printable(b.String())
}

// escapeJSONCell does the same for JSON text, but escapes the sign of a formula as JSON
// does, so that the text decodes to the same value. JSON has semicolons in strings
// only, and no raw line ends or tabs in them.
func escapeJSONCell(text string) string {
	var b strings.Builder
	escape := false
	for i, r := range text {
		switch {
		case r == ';':
			escape = beginsFormula(text[i+1:])
		case escape && strings.ContainsRune(formulaSigns, r):
			escape = false
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return printable(b.String())
}
