package domaincheck

import (
	"crypto/tls"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"tlsbrief/internal/testing/domaintest"
)

// What does not hang on each other is looked up side by side: here no name server
// answers before all have been asked.
func TestLookUpsAreSideBySide(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, together := range [][]string{
		{"healthy.example", "_smtp._tls.healthy.example", "_mta-sts.healthy.example", "mta-sts.healthy.example"},
		{"mx.healthy.example", "_25._tcp.mx.healthy.example"},
	} {
		var asked sync.WaitGroup
		asked.Add(len(together))
		for _, name := range together {
			var first sync.Once
			r.DNS.Exist(name)
			r.DNS.Mangle(name, func(*dns.Msg) {
				first.Do(asked.Done)
				asked.Wait()
			})
		}
	}
	if got := r.look(t); len(got.Findings) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestADomainHasItsDeadline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	release := r.DNS.Hold("healthy.example")
	defer release()
	r.options.Timeout = 100 * time.Millisecond
	result := r.checker().Check(t.Context(), r.domain)
	last := result.Findings[len(result.Findings)-1]
	if last.Code != Timeout || result.Answered {
		t.Errorf("findings %+v, answered %v; want a timeout and no answer", result.Findings, result.Answered)
	}
}

func TestTheDocumentationHasEveryCode(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	for code, k := range kinds() {
		if !strings.Contains(string(data), "| `"+string(code)+"` | "+string(k.severity)+" |") {
			t.Errorf("docs/check.md has no row for %s, %s", code, k.severity)
		}
		if k.result != "" && !k.result.Known() {
			t.Errorf("%s has the unknown result type %q", code, k.result)
		}
	}
}

// What each address showed is told, whether or not anything is wrong with it.
func TestServersAreDescribed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	until := time.Now().Add(81*day + time.Hour).Truncate(time.Second).UTC()
	r.Renew(r.MX, domaintest.Template{Until: until})
	r.MX.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}
	old := r.World.Domain("old.example")
	r.Renew(old.MX, domaintest.Template{Until: time.Now().Add(-time.Hour)})
	r.DNS.Set("healthy.example", "MX 10 mx.old.example.", "MX 20 mx.healthy.example.")
	r.DNS.Set("mx.healthy.example", "A "+r.MX.Address, "A 127.255.255.1")

	got := r.checker().Check(t.Context(), r.domain).Servers
	days, gone := 81, -1
	want := []Server{
		{Host: "mx.healthy.example", Address: r.MX.Address, TLSVersion: "TLS 1.2", CipherSuite: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Expires: &until, Days: &days},
		{Host: "mx.healthy.example", Address: "127.255.255.1"},
		{Host: "mx.old.example", Address: old.MX.Address, TLSVersion: "TLS 1.3", CipherSuite: got[len(got)-1].CipherSuite, Expires: &old.MX.Leaf.X509.NotAfter, Days: &gone},
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(got[2].CipherSuite, "TLS_") {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	r.options.NoProbe = true
	if data, err := json.Marshal(r.checker().Check(t.Context(), r.domain)); err != nil || !strings.Contains(string(data), `"servers":[]`) {
		t.Errorf("not probed: %s, %v", data, err)
	}
}
