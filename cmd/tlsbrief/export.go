package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/idna"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/report"
)

// newExportCommand returns "tlsbrief export": what is recorded, policy by policy.
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
			if err := chosen("--format", format, "jsonl", "csv"); err != nil {
				return err
			}
			filter, err := exportFilter(from, to, domain)
			if err != nil {
				return err
			}
			return a.looking(cmd.Context(), func(_ *config.Config, d *db.DB) error {
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
		name, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
		if err != nil {
			return f, usage("--domain %q is no domain: %v", domain, err)
		}
		f.Domains, f.PolicyDomains = []string{name}, true
	}
	return f, nil
}

// An exported policy: the keys and their order are DESIGN 8's, and other
// programs lean on them.
type exported struct {
	OrganizationName string            `json:"organization_name"`
	ContactInfo      string            `json:"contact_info"`
	ReportID         string            `json:"report_id"`
	Start            string            `json:"start_datetime"`
	End              string            `json:"end_datetime"`
	PolicyType       string            `json:"policy_type"`
	PolicyDomain     string            `json:"policy_domain"`
	PolicyString     []string          `json:"policy_string"`
	MXHost           []string          `json:"mx_host"`
	PolicyMode       string            `json:"policy_mode"`
	Successful       int64             `json:"total_successful_session_count"`
	Failed           int64             `json:"total_failure_session_count"`
	FailureDetails   []exportedFailure `json:"failure_details"`
	ReceivedAt       string            `json:"received_at"`
	RecordedAt       string            `json:"recorded_at"`
	Source           string            `json:"source"`
	MessageID        string            `json:"message_id"`
	Submitter        string            `json:"submitter"`
	DKIM             string            `json:"dkim"`
	DKIMDomain       string            `json:"dkim_domain"`
	Deviations       []string          `json:"deviations"`
}

type exportedFailure struct {
	ResultType            string `json:"result_type"`
	SendingMTAIP          string `json:"sending_mta_ip"`
	ReceivingMXHostname   string `json:"receiving_mx_hostname"`
	ReceivingMXHELO       string `json:"receiving_mx_helo"`
	ReceivingIP           string `json:"receiving_ip"`
	FailedSessionCount    int64  `json:"failed_session_count"`
	AdditionalInformation string `json:"additional_information"`
	FailureReasonCode     string `json:"failure_reason_code"`
}

func newExported(r *report.PolicyRow) exported {
	e := exported{
		OrganizationName: r.Report.OrganizationName, ContactInfo: r.Report.ContactInfo, ReportID: r.Report.ReportID,
		Start: moment(r.Report.Start), End: moment(r.Report.End),
		PolicyType: string(r.Policy.Type), PolicyDomain: r.Policy.Domain,
		PolicyString: list(r.Policy.Strings), MXHost: list(r.Policy.MXHosts), PolicyMode: string(r.Policy.Mode),
		Successful: int64(r.Policy.Successful), Failed: int64(r.Policy.Failed),
		FailureDetails: make([]exportedFailure, 0, len(r.Policy.Failures)),
		ReceivedAt:     timestamp(r.ReceivedAt), RecordedAt: timestamp(r.RecordedAt),
		Source: r.Source, MessageID: r.MessageID, Submitter: r.Submitter,
		DKIM: string(r.Auth.Result), DKIMDomain: r.Auth.Domain,
		Deviations: make([]string, 0, len(r.Report.Deviations)),
	}
	for _, f := range r.Policy.Failures {
		e.FailureDetails = append(e.FailureDetails, exportedFailure{
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

// timestamp returns t in RFC 3339 and UTC; empty where t is not known.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// moment returns t as timestamp does, with the fraction of the second where there is
// one: two reports may differ in nothing else.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// list returns l, or an empty list for none: lists are never null in JSON.
func list(l []string) []string {
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
	return d.EachPolicy(ctx, f, func(r *report.PolicyRow) error { return enc.Encode(newExported(r)) })
}

// exportCSV writes the same columns; lists and failure details are JSON text.
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
		e := newExported(r)
		row := []string{
			inertCell(e.OrganizationName), inertCell(e.ContactInfo), inertCell(e.ReportID), e.Start, e.End, inertCell(e.PolicyType), inertCell(e.PolicyDomain),
			inertJSONCell(jsonText(e.PolicyString)), inertJSONCell(jsonText(e.MXHost)), inertCell(e.PolicyMode),
			strconv.FormatInt(e.Successful, 10), strconv.FormatInt(e.Failed, 10),
			inertJSONCell(jsonText(e.FailureDetails)), e.ReceivedAt, e.RecordedAt,
			inertCell(e.Source), inertCell(e.MessageID), inertCell(e.Submitter), inertCell(e.DKIM), inertCell(e.DKIMDomain),
			inertJSONCell(jsonText(e.Deviations)),
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
