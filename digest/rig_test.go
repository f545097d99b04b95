package digest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/emptydb"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/templates"
)

// A clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// at reads a time such as 2026-11-23T07:00:00Z, or a day.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if v, err := time.Parse(layout, s); err == nil {
			return v
		}
	}
	t.Fatalf("%q is neither a time nor a day", s)
	return time.Time{}
}

// A given is a report as a test writes it down, for one day or for each of
// several.
type given struct {
	From, To     string // days, both included; To may be left out
	Organization string
	Signer       string // empty: not signed
	Submitter    string
	Auth         report.AuthResult // empty: pass where there is a signer
	Reason       string
	Via          report.Via // empty: poll
	Received     string     // empty: six in the morning after the day
	ID           string     // distinguishes reports of one sender and day
	History      bool       // covered by an earlier digest
	Days         int        // that each report is about; 0: one
	NoArrival    bool       // nobody knows when it arrived, as of a file
	Policies     []givenPolicy
}

type givenPolicy struct {
	Type    tlsrpt.PolicyType
	Domain  string
	Mode    tlsrpt.Mode
	OK      int64
	Failed  int64
	Details []givenDetail
	Copies  int // so many such policies, a "#" in Domain replaced by their numbers; only in case files
}

type givenDetail struct {
	Result tlsrpt.ResultType
	MX     string
	N      int64
	Reason string
	Info   string
	IP     string
}

// json writes the report of one day as a sender would.
func (g *given) json(day time.Time) string {
	type object = map[string]any
	policies := []any{}
	for _, p := range g.Policies {
		policy := object{"policy-type": p.Type, "policy-domain": p.Domain}
		if p.Mode != "" {
			policy["policy-string"] = []string{"version: STSv1", "mode: " + string(p.Mode), "mx: *." + p.Domain, "max_age: 86400"}
		}
		details := []any{}
		for _, d := range p.Details {
			details = append(details, object{
				"result-type": d.Result, "receiving-mx-hostname": d.MX, "failed-session-count": d.N,
				"failure-reason-code": d.Reason, "additional-information": d.Info, "receiving-ip": d.IP,
			})
		}
		policies = append(policies, object{
			"policy":          policy,
			"summary":         object{"total-successful-session-count": p.OK, "total-failure-session-count": p.Failed},
			"failure-details": details,
		})
	}
	rep := object{
		"organization-name": g.Organization, "contact-info": "tls@" + g.Signer,
		"report-id":  day.Format(time.DateOnly) + "_" + g.Signer + g.Organization + g.ID,
		"date-range": object{"start-datetime": day.Format(time.RFC3339), "end-datetime": day.AddDate(0, 0, max(1, g.Days)).Add(-time.Second).Format(time.RFC3339)},
		"policies":   policies,
	}
	b, err := json.Marshal(rep)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return string(b)
}

// A rig is a database on disk, a digester, and what it sends.
type rig struct {
	t     testing.TB
	ctx   context.Context
	path  string
	db    *db.DB
	clock *clock
	uid   uint32

	mu   sync.Mutex
	sent []sentMail
	send digest.SendFunc // nil: everything is taken
}

type sentMail struct {
	From string
	To   []string
	Data string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), path: filepath.Join(t.TempDir(), "tlsrpt.db"), clock: &clock{t: at(t, "2026-11-23T07:00:00Z")}}
	empty.Put(t, r.path, createEmpty)
	r.open()
	return r
}

var empty emptydb.Empty

// createEmpty makes an empty database.
func createEmpty(path string) error {
	d, err := db.Open(context.Background(), path, db.Options{})
	if err != nil {
		return err
	}
	return d.Close()
}

func (r *rig) open() {
	r.t.Helper()
	d, err := db.Open(r.ctx, r.path, db.Options{Now: r.clock.now})
	if err != nil {
		r.t.Fatalf("opening the database: %v", err)
	}
	r.db = d
	r.t.Cleanup(func() { d.Close() })
}

// options returns options for a digester on the rig.
func (r *rig) options() digest.Options {
	r.t.Helper()
	set, err := templates.Load("")
	if err != nil {
		r.t.Fatalf("loading the templates: %v", err)
	}
	return digest.Options{
		DB: r.db, Templates: set, Send: r.take,
		From:     &mail.Address{Name: "TLS reports", Address: "reports@example.com"},
		Fallback: []string{"postmaster@example.com"},
		Version:  "1.0", Now: r.clock.now,
	}
}

// digester returns a digester with the options changed by change.
func (r *rig) digester(change func(*digest.Options)) *digest.Digester {
	r.t.Helper()
	o := r.options()
	if change != nil {
		change(&o)
	}
	d, err := digest.New(o)
	if err != nil {
		r.t.Fatalf("digest.New: %v", err)
	}
	return d
}

// take stands for the server.
func (r *rig) take(ctx context.Context, from string, to []string, data []byte) ([]mailer.Result, error) {
	if r.send != nil {
		results, err := r.send(ctx, from, to, data)
		if err != nil {
			return results, err
		}
		r.keep(from, to, data)
		return results, nil
	}
	r.keep(from, to, data)
	var results []mailer.Result
	for _, a := range to {
		results = append(results, mailer.Result{Address: a})
	}
	return results, nil
}

func (r *rig) keep(from string, to []string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, sentMail{from, append([]string(nil), to...), string(data)})
}

// taken returns the mails handed over since the last call.
func (r *rig) taken() []sentMail {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sent
	r.sent = nil
	return s
}

// record records a report for each of its days.
func (r *rig) record(g given) {
	r.t.Helper()
	first, last := at(r.t, g.From), at(r.t, g.From)
	if g.To != "" {
		last = at(r.t, g.To)
	}
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		r.recordDay(g, day)
	}
}

func (r *rig) recordDay(g given, day time.Time) { r.t.Helper(); r.recordOn(g, day, report.Recorded) }

// recordAs records a report of one day and expects an outcome.
func (r *rig) recordAs(g given, want report.Outcome) {
	r.t.Helper()
	r.recordOn(g, at(r.t, g.From), want)
}

func (r *rig) recordOn(g given, day time.Time, want report.Outcome) {
	r.t.Helper()
	rep, err := read.NewReader(read.DefaultLimits()).Decode(strings.NewReader(g.json(day)))
	if err != nil {
		r.t.Fatalf("decoding the report of %s: %v", g.Organization, err)
	}
	auth := report.Authenticity{Result: g.Auth, Domain: g.Signer, Reason: report.Reason(g.Reason)}
	if auth.Result == "" {
		auth.Result = report.AuthPass
		if g.Signer == "" {
			auth.Result = report.AuthNone
		}
	}
	received := day.AddDate(0, 0, max(1, g.Days)).Add(6 * time.Hour)
	if g.Received != "" {
		received = at(r.t, g.Received)
	}
	if g.NoArrival {
		received = time.Time{}
	}
	via := g.Via
	if via == "" {
		via = report.ViaPoll
	}
	r.recordWant(via, want, report.Message{
		MessageID: fmt.Sprintf("%d@%s", r.uid, g.Signer), From: "reports@" + g.Signer, Submitter: g.Submitter,
		ReceivedAt: received, Reports: []report.Report{{Report: rep, Auth: auth}},
	})
}

// recordReport records a report as it is, signed by sender.example.
func (r *rig) recordReport(rep *tlsrpt.Report) {
	r.t.Helper()
	r.recordWant(report.ViaPoll, report.Recorded, report.Message{
		MessageID: fmt.Sprintf("%d@sender.example", r.uid), From: "tls@sender.example", ReceivedAt: rep.Over().Add(6 * time.Hour),
		Reports: []report.Report{{Report: rep, Auth: report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}}},
	})
}

// recordMessage records one message of mailbox "reports".
func (r *rig) recordMessage(via report.Via, m report.Message) {
	r.t.Helper()
	want := report.Recorded
	if m.Refused != "" {
		want = report.Rejected
	}
	r.recordWant(via, want, m)
}

func (r *rig) recordWant(via report.Via, want report.Outcome, m report.Message) {
	r.t.Helper()
	r.uid++
	m.Place = report.Place{Mailbox: "reports", Folder: "INBOX", UIDValidity: 1, UID: r.uid}
	outcomes, err := r.db.Record(r.ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Via: via, Messages: []report.Message{m}})
	if err != nil {
		r.t.Fatalf("recording: %v", err)
	}
	if outcomes[0] != want {
		r.t.Fatalf("recording message %d gave %q, want %q", r.uid, outcomes[0], want)
	}
}

// polled notes a poll of the mailbox "reports".
func (r *rig) polled(when string, err error) {
	r.t.Helper()
	r.failed(when, report.FaultOther, err)
}

// failed notes a poll of the mailbox "reports" with the code of its error.
func (r *rig) failed(when string, fault report.Fault, err error) {
	r.t.Helper()
	before := r.clock.now()
	r.clock.set(at(r.t, when))
	if err := r.db.PollDone(r.ctx, "reports", "INBOX", fault, err); err != nil {
		r.t.Fatal(err)
	}
	r.clock.set(before)
}
