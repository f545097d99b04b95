package db_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

func TestEveryFieldComesBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := &tlsrpt.Report{
		OrganizationName: "Sender \"Inc.\" \u202e", ContactInfo: "not an address", ReportID: "id\nwith a line",
		Start: time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), End: time.Date(1970, 1, 1, 22, 59, 59, 0, time.UTC),
		Deviations: []tlsrpt.Deviation{{Path: "policies[0]", What: "a string", Rule: "RFC 8460 section 4.4"}, {Path: "gzip", What: "trailing"}},
		JSON:       []byte("{}"),
		Policies: []tlsrpt.Policy{
			{
				Type: tlsrpt.TLSA, Domain: "b.example", Strings: []string{"3 1 1 ab", "<&>"}, MXHosts: []string{"mx.b.example"},
				Successful: 5, Failed: tlsrpt.MaxSessions,
				Failures: []tlsrpt.Failure{
					{ResultType: tlsrpt.TLSAInvalid, SendingMTAIP: "192.0.2.1", ReceivingMXHostname: "mx.b.example", ReceivingMXHELO: "mx", ReceivingIP: "2001:db8::1",
						Sessions: 3, AdditionalInformation: "https://sender.example/x", ReasonCode: "X_Y"},
					{ResultType: "never-heard-of"},
				},
			},
			{Type: tlsrpt.STS, Domain: "a.example", Mode: tlsrpt.ModeTesting},
		},
	}
	m := f.message(db.Report{Report: want, Auth: db.Authenticity{Result: db.AuthFail, Domain: "other.example", Reason: "not-aligned"}})
	if got := f.record(m); !slices.Equal(got, []db.Outcome{db.Recorded}) {
		t.Fatalf("Record = %v, want recorded", got)
	}
	rows := f.rows(db.Filter{})
	if len(rows) != 2 {
		t.Fatalf("%d policy rows, want 2", len(rows))
	}
	row := db.PolicyRow{
		News: 1, Via: db.ViaPoll, ReportRow: rows[0].ReportRow, Report: *want,
		Auth:      db.Authenticity{Result: db.AuthFail, Domain: "other.example", Reason: "not-aligned"},
		Submitter: "mx.sender.example", Source: "reports/INBOX", MessageID: "1@sender.example", ReceivedAt: m.ReceivedAt, RecordedAt: noon,
	}
	row.Report.Policies, row.Report.JSON = nil, nil
	for i, got := range rows {
		row.Policy = want.Policies[i]
		if diff := cmp.Diff(&row, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestADuplicateIsKnown(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.message(report("a"))
	again := f.message(report("a"))
	if got, want := f.record(first, again, first), []db.Outcome{db.Recorded, db.Duplicate, db.Duplicate}; !slices.Equal(got, want) {
		t.Fatalf("Record = %v, want %v", got, want)
	}
	if n := len(f.rows(db.Filter{})); n != 1 {
		t.Errorf("%d policy rows, want 1", n)
	}
	folder := must(f.Folder(f.ctx, "reports", "INBOX"))(t)
	if folder.Recorded != 1 || folder.Rejected != 0 {
		t.Errorf("Folder counts %d recorded, %d rejected; want 1, 0", folder.Recorded, folder.Rejected)
	}
}
