package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
)

// A forged report with a real sender's organization and id, arriving first,
// changes neither verdict nor totals, and the real one is recorded when it
// comes.
func TestForgedReportNeitherCountsNorBlocks(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s *imaptest.Server) {
		keys := dnstest.New(t)
		key, err := samples.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		sign := func(domain string, message []byte, sent time.Time) ([]byte, error) {
			keys.SetTXT("s._domainkey."+domain, key.Record(""))
			return key.Sign(message, samples.Signature{Domain: domain, Selector: "s", At: sent})
		}
		genuine, err := samples.Mailbox(time.Now(), sign)
		if err != nil {
			t.Fatal(err)
		}
		last := lastReportOf(t, genuine, "comcast.net")
		r := newRig(t, s, fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))

		// Forgeries: the same organization and id, other figures; one without a
		// signature, one signed by a stranger under its own name.
		unsigned := forgery(t, 1_000_000)
		s.Append(t, "INBOX", nil, unsigned.Date, unsigned.Data)
		other := forgery(t, 2_000_000)
		strange, err := sign("evil.test", other.Data, other.Date)
		if err != nil {
			t.Fatal(err)
		}
		s.Append(t, "INBOX", nil, other.Date, strange)
		r.poll(t, "poll")
		if f := facts(t, r); f.Verdict != "silent" || f.Sessions.Failed != 0 || f.Sessions.Successful != 0 {
			t.Errorf("with forgeries alone: %+v, want silent and no sessions", f)
		}

		s.Append(t, "INBOX", nil, last.Date, last.Data)
		if got := r.poll(t, "poll"); got.Recorded != 1 {
			t.Errorf("%+v, want the genuine report recorded beside the forged ones", got)
		}
		f := facts(t, r)
		if f.Verdict != "action" || f.Sessions.Failed != 5 || len(f.Reporters) != 1 || f.Reporters[0].Domain != "comcast.net" {
			t.Errorf("with the genuine report: %+v, want its 5 failures alone, reported by comcast.net", f)
		}
		// Of the forgeries, which are of equal standing, the second conflicts.
		if f.Unverified != 1 || f.Rejected != 1 {
			t.Errorf("%d unverified and %d rejected, want one forgery each", f.Unverified, f.Rejected)
		}
	})
}

func forgery(t *testing.T, failed int) samples.Mail {
	t.Helper()
	m, err := samples.Forgery(time.Now(), failed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func lastReportOf(t *testing.T, mails []samples.Mail, sender string) (last samples.Mail) {
	t.Helper()
	for _, m := range mails {
		if m.Report && bytes.Contains(m.Data, []byte("TLS-Report-Submitter: "+sender)) {
			last = m
		}
	}
	if last.Data == nil {
		t.Fatalf("no report of %s", sender)
	}
	return last
}

// digestFacts are what `digest --preview --format json` prints, in part.
type digestFacts struct {
	Verdict  string
	Sessions struct{ Successful, Failed int64 }

	Reporters            []struct{ Domain string }
	Unverified, Rejected int
}

func facts(t *testing.T, r *rig) digestFacts {
	t.Helper()
	var f digestFacts
	out := r.must(t, "digest", "--preview", "--format", "json")
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return f
}
