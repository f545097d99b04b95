package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/testing/imaptest"
)

// watched makes a rig whose domain, example.com, is on servers of the test. It
// returns what opens a further one: the same day is digested once.
func watched(t *testing.T, w *domaintest.World, extra string) *rig {
	t.Helper()
	r := newRig(t, imaptest.Memory(t), fmt.Sprintf(`[reports]
authenticity = "off"
domains = ["example.com"]
[dns]
server = %q
[check]
smtp_port = %d
https_port = %d
ca_file = "root.pem"
timeout = 300
addresses = ["reports@example.com"]
%s`, w.DNS.Addr(), w.SMTPPort, w.HTTPSPort, extra))
	r.write(t, "root.pem", w.Root.PEM())
	return r
}

// daemon makes what the worker works with, which logs to a test. Its database is to
// be closed.
func (r *rig) daemon(t *testing.T, log io.Writer) *daemon {
	t.Helper()
	c, err := config.Load(filepath.Join(r.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), c.Database.Path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{log: slog.New(slog.NewTextHandler(log, nil))}
	return &daemon{a: a, c: c, db: d, watcher: a.newWatcher(c, d)}
}

// checks reads what is kept of the domains.
func (r *rig) checks(t *testing.T) map[string]report.DomainCheck {
	t.Helper()
	w := r.daemon(t, io.Discard)
	defer w.db.Close()
	checks, err := w.db.DomainChecks(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

// report records one of yesterday, in which the certificate of the domain's mail
// server has expired.
func (r *rig) report(t *testing.T, failed int) {
	t.Helper()
	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	r.write(t, "yesterday.json", fmt.Sprintf(`{"organization-name":"Google Inc.","date-range":{"start-datetime":"%[1]sT00:00:00Z","end-datetime":"%[1]sT23:59:59Z"},
"contact-info":"tls@google.com","report-id":"%[1]s_example.com","policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce","mx: mx.example.com","max_age: 604800"],"policy-domain":"example.com"},
"summary":{"total-successful-session-count":10,"total-failure-session-count":%[2]d},"failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.example.com","failed-session-count":%[2]d}]}]}`, day, failed))
	r.must(t, "backfill", filepath.Join(r.dir, "yesterday.json"))
}

// digestText sends the digest and returns its subject and text, blanks squeezed.
func (r *rig) digestText(t *testing.T) string {
	t.Helper()
	before := len(r.smtp.Mails())
	r.must(t, "digest")
	mails := r.smtp.Mails()
	if len(mails) != before+1 {
		t.Fatalf("%d mails, want one more than %d", len(mails), before)
	}
	m, err := mail.ReadMessage(bytes.NewReader(mails[before].Data))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// A failure is looked at just before the digest is sent: it is still so, it is
// gone, or it cannot be looked at.
func TestDigestSaysWhatItSeesItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		world  func(*domaintest.World, *domaintest.Domain)
		config string
		says   string
		not    string
	}{
		{"still expired", func(w *domaintest.World, d *domaintest.Domain) {
			w.Renew(d.MX, domaintest.Template{Until: time.Now().Add(-49 * time.Hour)})
		}, "", "Confirmed by a look from here just now: The certificate of mx.example.com (127.0.0.1) expired 2 days ago, on ", "Not seen"},
		{"mended", func(*domaintest.World, *domaintest.Domain) {}, "", "Not seen by a look from here just now: it may be mended, or lie between the sender and you.", "Confirmed by"},
		{"port closed", func(_ *domaintest.World, d *domaintest.Domain) { d.MX.Close() }, "", "Whether it is still so could not be seen from here. None of the mail servers could be connected to on port ", "Confirmed by"},
		{"not wanted", func(*domaintest.World, *domaintest.Domain) {}, "confirm = false\n", "Expired certificate on mx.example.com", "just now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := domaintest.New(t)
			tt.world(w, w.Domain("example.com"))
			r := watched(t, w, tt.config)
			r.report(t, 43)
			text := r.digestText(t)
			if !strings.Contains(text, tt.says) || strings.Contains(text, tt.not) || !strings.Contains(text, "ACTION NEEDED. 43 of 53 delivery attempts") {
				t.Errorf("the digest is to say %q, and not %q:\n%s", tt.says, tt.not, text)
			}
			if strings.Count(text, "The MTA-STS policy of example.com is in enforce mode, and reports tell of failures under it") != 1 {
				t.Errorf("what must not wait is missing:\n%s", text)
			}
		})
	}
}

// The daily look keeps what it saw; the digest says what changed, and why no
// reports come any more. None of it changes the verdict.
func TestDailyCheckTellsWhatChanged(t *testing.T) {
	t.Parallel()
	w := domaintest.New(t)
	domain := w.Domain("example.com")
	r := watched(t, w, "")
	look := func() {
		t.Helper()
		worker := r.daemon(t, io.Discard)
		defer worker.db.Close()
		worker.checkDomains(t.Context())
		if due := worker.watcher.Due(t.Context()); due {
			t.Error("the check is due although it was made just now")
		}
	}
	look()
	r.report(t, 0)
	if text := r.digestText(t); strings.Contains(text, "What changed") || strings.Contains(text, "What the domain check found") || !strings.Contains(text, "ALL CLEAR") {
		t.Errorf("nothing changed, and all is well:\n%s", text)
	}
	w.Change(func() {
		w.DNS.SetTXT("_smtp._tls.example.com")
		w.DNS.Set("example.com", "MX 10 mx.example.com.", "MX 20 mx2.example.com.")
		w.DNS.Set("mx2.example.com", "A "+domain.MX.Address)
	})
	look()
	o := r.try(t, "check", "example.com")
	for _, want := range []string{"tlsrpt-missing", "mta-sts-mx-unmatched"} {
		if o.code != 3 || !strings.Contains(o.stdout, want) {
			t.Errorf("check: exit status %d, want %s in\n%s", o.code, want, o.stdout)
		}
	}
	r.must(t, "poll")
	preview := strings.Join(strings.Fields(r.must(t, "digest", "--preview")), " ")
	for _, want := range []string{
		"NO REPORTS", "The most likely reason, found just now: There is no TLS-RPT record at _smtp._tls.example.com",
		`so no sender reports on this domain. Until `, `it was "v=TLSRPTv1; rua=mailto:reports@example.com".`,
		"The MX host mx2.example.com is new.", "What the domain check found on ",
	} {
		if !strings.Contains(preview, want) {
			t.Errorf("the preview does not say %q:\n%s", want, preview)
		}
	}
}

// Where DNS answers nothing, or the database fails, that is said, and nothing of
// the domains.
func TestDailyCheckThatCannotLookSaysNothingOfTheDomains(t *testing.T) {
	t.Parallel()
	w := domaintest.New(t)
	w.Domain("example.com")
	r := watched(t, w, "")
	var log bytes.Buffer
	worker := r.daemon(t, &log)
	c, d := worker.c, worker.db
	defer d.Close()
	worker.checkDomains(t.Context())
	before, err := d.DomainChecks(t.Context(), nil)
	if err != nil || len(before) != 1 {
		t.Fatalf("%+v, %v; %s", before, err, log.String())
	}
	for _, tt := range []struct {
		says string
		make func()
	}{
		{"DNS answered for none of the domains", func() {
			c.DNS.Server = "127.255.255.254:9" // nobody listens there
		}},
		{"database is closed", func() { d.Close() }},
	} {
		tt.make()
		log.Reset()
		if worker.checkDomains(t.Context()); !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), tt.says) || strings.Contains(log.String(), "no domain to check") {
			t.Errorf("want an error that says %q:\n%s", tt.says, log.String())
		}
		if diff := cmp.Diff(before, r.checks(t)); diff != "" {
			t.Errorf("what is kept of the domains (-before +after):\n%s", diff)
		}
	}
}

// The worker looks at the domains at once where they were not looked at for a day.
func TestWorkerChecksTheDomainsAtOnce(t *testing.T) {
	t.Parallel()
	w := domaintest.New(t)
	w.Domain("example.com")
	r := watched(t, w, "")
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	worker := r.command(ctx, "run")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = worker.Wait() }()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			t.Fatal("the domains were not looked at")
		case <-tick.C:
		}
		if c, ok := r.checks(t)["example.com"]; ok {
			if c.Mode != "enforce" || len(c.Findings) > 0 {
				t.Errorf("the look found %+v", c)
			}
			return
		}
	}
}
