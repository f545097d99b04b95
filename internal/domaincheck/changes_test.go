package domaincheck

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/domaintest"
	"tlsbrief/internal/tlsrpt"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	day := func(n int) time.Time { return time.Date(2026, 11, n, 12, 0, 0, 0, time.UTC) }
	full := func(change func(*Seen)) *Seen {
		s := &Seen{
			At: day(19), Report: text("v=TLSRPTv1; rua=mailto:a@example.com"), PolicyID: text("1"), Policy: "p", Mode: tlsrpt.ModeTesting,
			Hosts: []string{"mx1.example.com", "mx2.example.com"},
			Certificates: map[string]Certificate{
				"mx1.example.com 192.0.2.1":   {Fingerprint: "a", Issuer: "CN=R1", Until: day(25)},
				"mx1.example.com 2001:db8::1": {Fingerprint: "a", Issuer: "CN=R1", Until: day(25)},
			},
		}
		if change != nil {
			change(s)
		}
		return s
	}
	for _, tt := range []struct {
		name   string
		before *Seen
		now    *Seen
		want   []string
	}{
		{"nothing", full(nil), full(func(s *Seen) { s.At = day(20) }), nil},
		{"what is not known now", full(nil), &Seen{At: day(20)}, nil},
		{"what was not known then", &Seen{At: day(18)}, full(nil), nil},
		{"the record is gone", full(nil), full(func(s *Seen) { s.Report = text("") }),
			[]string{`tlsrpt-gone: The TLS-RPT record at _smtp._tls.example.com is gone. Until 19 Nov 2026 it was "v=TLSRPTv1; rua=mailto:a@example.com". Put it back, or reports stop.`}},
		{"the record is new", full(func(s *Seen) { s.Report = text("") }), full(nil),
			[]string{`tlsrpt-new: There is a TLS-RPT record at _smtp._tls.example.com now: "v=TLSRPTv1; rua=mailto:a@example.com". `}},
		{"the record is another", full(nil), full(func(s *Seen) { s.Report = text("v=TLSRPTv1; rua=mailto:b@example.com\x1b[31m") }),
			[]string{`tlsrpt-changed: The TLS-RPT record at _smtp._tls.example.com is "v=TLSRPTv1; rua=mailto:b@example.com�[31m"; until 19 Nov 2026 it was "v=TLSRPTv1; rua=mailto:a@example.com". `}},
		{"a new id, and another mode", full(nil), full(func(s *Seen) { s.PolicyID, s.Mode = text("2"), tlsrpt.ModeEnforce }),
			[]string{`mta-sts-id-new: The id of the MTA-STS policy is "2"; until 19 Nov 2026 it was "1". `,
				"mta-sts-mode-new: The MTA-STS policy is in mode enforce; until 19 Nov 2026 it was in mode testing. "}},
		{"MTA-STS is gone", full(nil), full(func(s *Seen) { s.PolicyID, s.Policy, s.Mode = text(""), "", "" }),
			[]string{`mta-sts-gone: The MTA-STS record at _mta-sts.example.com is gone. Until 19 Nov 2026 its id was "1". Put it back; senders that have the policy go on using it until it runs out.`}},
		{"MTA-STS is new", full(func(s *Seen) { s.PolicyID, s.Policy, s.Mode = text(""), "", "" }), full(nil),
			[]string{`mta-sts-new: There is an MTA-STS record at _mta-sts.example.com now, with the id "1". `}},
		{"one host for another", full(nil), full(func(s *Seen) { s.Hosts = []string{"mx1.example.com", "mx3.example.com"} }),
			[]string{"mx-new: The MX host mx3.example.com is new. If nobody of you added it, see who did.", "mx-gone: mx2.example.com is no MX host any more. "}},
		{"a renewed certificate, at two addresses", full(nil), full(func(s *Seen) {
			for key := range s.Certificates {
				s.Certificates[key] = Certificate{Fingerprint: "b", Issuer: "CN=R1", Until: day(30)}
			}
		}), []string{"cert-renewed: The certificate of mx1.example.com is another: it holds until 30 Nov 2026; the one before until 25 Nov 2026. "}},
		{"an older certificate of another authority", full(nil), full(func(s *Seen) {
			s.Certificates["mx1.example.com 192.0.2.1"] = Certificate{Fingerprint: "b", Issuer: "CN=R2", Until: day(21)}
		}), []string{`cert-older: mx1.example.com shows a certificate that holds until 21 Nov 2026 and comes from "CN=R2" instead of "CN=R1"; the one before holds longer, until 25 Nov 2026. See whether an old certificate was put back by mistake.`}},
		{"a renewed certificate that was told of at the other address", full(func(s *Seen) {
			s.Certificates["mx1.example.com 192.0.2.1"] = Certificate{Fingerprint: "b", Issuer: "CN=R1", Until: day(30)}
		}), full(func(s *Seen) {
			for key := range s.Certificates {
				s.Certificates[key] = Certificate{Fingerprint: "b", Issuer: "CN=R1", Until: day(30)}
			}
		}), nil},
		{"an address more", full(nil), full(func(s *Seen) {
			s.Certificates["mx1.example.com 192.0.2.9"] = Certificate{Fingerprint: "c", Until: day(21)}
		}), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Changes("example.com", tt.before, tt.now) {
				got = append(got, string(c.Code)+": "+c.Message+" "+c.Fix)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A look that finds nothing out in between hides no change.
func TestALookWithoutAnAnswerHidesNoChange(t *testing.T) {
	t.Parallel()
	record, none, id := "v=TLSRPTv1; rua=mailto:a@example.com", "", "1"
	first := &Seen{
		At: time.Unix(0, 0), Report: &record, PolicyID: &id, Policy: "p", PolicyOfID: "o", Mode: tlsrpt.ModeEnforce, Hosts: []string{"mx1.example.com", "mx2.example.com"},
		Certificates: map[string]Certificate{"mx1.example.com 192.0.2.1": {Fingerprint: "a"}},
	}
	empty := Seen{At: time.Unix(1, 0)}
	kept := empty.over(first)
	if changes := Changes("example.com", first, &empty); len(changes) > 0 {
		t.Errorf("an answer that did not come is a change: %+v", changes)
	}
	want := *first
	want.At = empty.At
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
	now := Seen{Report: &none, Hosts: []string{"mx2.example.com"}, Certificates: map[string]Certificate{}}
	codes := []Code{}
	for _, c := range Changes("example.com", &kept, &now) {
		codes = append(codes, c.Code)
	}
	if diff := cmp.Diff([]Code{ReportGone, HostGone}, codes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if next := now.over(&kept); len(next.Certificates) > 0 || *next.Report != "" {
		t.Errorf("what has gone comes back: %+v", next)
	}
}

// What a look saw is written down, read and compared with the next look.
func TestALookIsComparedWithTheOneBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.checker().Check(t.Context(), r.domain)
	written, err := json.Marshal(first.Seen)
	if err != nil || len(first.Changes) > 0 || len(first.Seen.Certificates) != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	before := new(Seen)
	if err := json.Unmarshal(written, before); err != nil {
		t.Fatal(err)
	}
	r.domain.Before = before
	if again := r.checker().Check(t.Context(), r.domain); len(again.Changes)+len(again.Findings) > 0 {
		t.Errorf("nothing changed, and yet %+v, %+v", again.Changes, again.Findings)
	}
	r.Change(func() {
		r.Policy = domaintest.Serve(domaintest.GoodPolicy(r.Name) + "mx: more.healthy.example\r\n")
		r.DNS.SetTXT("_smtp._tls." + r.Name)
	})
	r.Renew(r.MX, domaintest.Template{Until: time.Now().AddDate(2, 0, 0)})
	now := r.checker().Check(t.Context(), r.domain)
	got := []Code{}
	for _, c := range now.Changes {
		got = append(got, c.Code)
	}
	if diff := cmp.Diff([]Code{ReportGone, CertificateNew}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s%+v", diff, now.Changes)
	}
	if _, ok := now.of(STSStaleID); !ok {
		t.Errorf("that the policy changed under its id is not found: %+v", now.Findings)
	}
	// It goes on being so, until the id is changed.
	r.domain.Before = &now.Seen
	if _, ok := r.checker().Check(t.Context(), r.domain).of(STSStaleID); !ok {
		t.Error("at the next look it is forgotten")
	}
	r.Change(func() { r.DNS.SetTXT("_mta-sts."+r.Name, "v=STSv1; id=20260202") })
	if f, ok := r.checker().Check(t.Context(), r.domain).of(STSStaleID); ok {
		t.Errorf("the id was changed, and yet %+v", f)
	}
}

// What a name server gives in turn has not changed, and is looked at alike.
func TestTheOrderOfRecordsIsNoChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	records := []string{"v=TLSRPTv1; rua=mailto:a@healthy.example", "v=TLSRPTv1; rua=mailto:b@healthy.example"}
	hosts := []string{}
	for n := range maxHosts + 5 {
		hosts = append(hosts, fmt.Sprintf("MX 10 mx%d.healthy.example.", n))
	}
	publish := func() {
		r.DNS.SetTXT("_smtp._tls."+r.Name, records...)
		r.DNS.Set(r.Name, hosts...)
	}
	publish()
	first := r.checker().Check(t.Context(), r.domain)
	slices.Reverse(records)
	slices.Reverse(hosts)
	publish()
	r.domain.Before = &first.Seen
	if again := r.checker().Check(t.Context(), r.domain); len(again.Changes) > 0 {
		t.Errorf("changes: %+v", again.Changes)
	}
}

// A host whose addresses are others at each look does not fill the database.
func TestCertificatesKeptAreBounded(t *testing.T) {
	t.Parallel()
	before := &Seen{}
	for n := range 3 * maxCertificates {
		now := Seen{Hosts: []string{"mx.example.com"}, Certificates: map[string]Certificate{fmt.Sprint("mx.example.com ", n): {Fingerprint: "a"}}}
		kept := now.over(before)
		before = &kept
		if _, ok := kept.Certificates[fmt.Sprint("mx.example.com ", n)]; !ok {
			t.Fatal("what was just seen is not kept")
		}
	}
	if n := len(before.Certificates); n > maxCertificates {
		t.Errorf("%d certificates are kept", n)
	}
}
