package read

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/tlsrpt"
)

// corpusDir returns the folder of sample reports that stands beside the
// project. Where it must be there, its absence fails the test.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TLSBRIEF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("TLSBRIEF_REQUIRE_CORPUS") != "" {
			t.Fatalf("the corpus must be there: %v", err)
		}
		t.Skip("no corpus of sample reports on this machine; TLSBRIEF_CORPUS names its folder")
	}
	return dir
}

// readCorpus returns the files of the corpus by folder and name.
func readCorpus(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, folder := range []string{"reports", "messages", "adversarial"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[folder+"/"+e.Name()] = data
		}
	}
	return files
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	files, want := readCorpus(t, corpusDir(t)), corpusFiles()
	for name := range want {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is expected, but not there", name)
		}
	}
	rd := NewReader(Limits{})
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			exp, ok := want[name]
			if !ok {
				t.Fatal("not listed in corpusFiles: say there what reading it must give")
			}
			reports, err := readAny(t, rd, name, data, exp.likely)
			var policies []int
			for _, r := range reports {
				policies = append(policies, len(r.Policies))
				agree(t, r)
			}
			if !slices.Equal(policies, exp.policies) {
				t.Errorf("policies %v, want %v (error %v)", policies, exp.policies, err)
			}
			if (err != nil) != (exp.err != "") || err != nil && (!strings.Contains(err.Error(), exp.err) || !errors.Is(err, tlsrpt.ErrMalformed)) {
				t.Errorf("error %v, want %q", err, exp.err)
			}
			if len(reports) > 0 {
				dev := deviations(reports[0])
				for _, d := range strings.Split(exp.devs, "|") {
					if !strings.Contains(dev, d) {
						t.Errorf("deviations:\n%swant %q among them", dev, d)
					}
				}
				if exp.devs == "" && dev != "" {
					t.Errorf("deviations:\n%swant none", dev)
				}
			}
		})
	}
}

// readAny reads a mail or a file, and sees that a mail is classified as it must
// be.
func readAny(t *testing.T, rd *Reader, name string, data []byte, likely Likelihood) ([]*tlsrpt.Report, error) {
	t.Helper()
	if !strings.HasSuffix(name, ".eml") {
		return rd.ReadFile(path.Base(name), data)
	}
	if got := ClassifyHeader(headerOf(string(data))); got != likely {
		t.Errorf("ClassifyHeader = %v, want %v", got, likely)
	}
	m, err := rd.ReadMail(data)
	var reports []*tlsrpt.Report
	for _, f := range m.Found {
		reports = append(reports, f.Report)
	}
	if strings.HasPrefix(name, "adversarial/") != (len(reports) == 0) {
		t.Errorf("%d reports in it", len(reports))
	}
	return reports, err
}

// The bomb is a whole report, for whoever allows one so large.
func TestCorpusBombUnderALargerLimit(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(corpusDir(t), "adversarial", "derived__gzip-bomb-64MiB-valid-json.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if reports, err := NewReader(Limits{MaxReport: 65 << 20}).ReadFile("", data); err != nil || len(reports) != 1 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
}

// loose looks into JSON as the simplest of readers would, to hold ours to it.
type loose struct{ v any }

func (l loose) get(keys ...string) loose {
	for _, key := range keys {
		m, _ := l.v.(map[string]any)
		v, ok := m[key]
		for k := range m {
			if !ok && fold(k) == key {
				v = m[k]
			}
		}
		l = loose{v}
	}
	return l
}

func (l loose) list() []any {
	switch v := l.v.(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// text is empty for what is no string.
func (l loose) text() string {
	s, _ := l.v.(string)
	return s
}

// number is nil for what is no number.
func (l loose) number() *big.Rat {
	s := l.text()
	if n, ok := l.v.(json.Number); ok {
		s = n.String()
	}
	if r, ok := new(big.Rat).SetString(s); ok {
		return r
	}
	return nil
}

// agree compares a report with its own JSON, read by encoding/json into maps.
func agree(t *testing.T, r *tlsrpt.Report) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(r.JSON)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("encoding/json can't read Report.JSON: %v", err)
	}
	doc := loose{v}
	same := func(what, got string, l loose) {
		t.Helper()
		if s := l.text(); s != "" && !strings.EqualFold(s, got) && !strings.EqualFold(strings.TrimSuffix(s, "."), got) {
			t.Errorf("%s = %q, the JSON says %q", what, got, s)
		}
	}
	count := func(what string, got tlsrpt.Sessions, l loose) {
		t.Helper()
		if n := l.number(); n != nil && n.Cmp(new(big.Rat).SetInt64(int64(got))) != 0 {
			t.Errorf("%s = %d, the JSON says %s", what, got, n)
		}
	}
	same("organization-name", r.OrganizationName, doc.get("organization-name"))
	same("contact-info", r.ContactInfo, doc.get("contact-info"))
	same("report-id", r.ReportID, doc.get("report-id"))
	list := doc.get("policies").list()
	if aside := strings.Count(deviations(r), "the policy is set aside"); len(r.Policies)+aside != len(list) {
		t.Fatalf("%d policies and %d set aside, of %d", len(r.Policies), aside, len(list))
	}
	for i, p := range r.Policies { // what the corpus sets aside stands last
		entry := loose{list[i]}
		same("policy-type", string(p.Type), entry.get("policy", "policy-type"))
		same("policy-domain", p.Domain, entry.get("policy", "policy-domain"))
		count("successes", p.Successful, entry.get("summary", "total-successful-session-count"))
		count("failures", p.Failed, entry.get("summary", "total-failure-session-count"))
		if hosts := entry.get("policy", "mx-host").list(); len(hosts) != len(p.MXHosts) && entry.get("policy", "mx-host-pattern").v == nil {
			t.Errorf("%d mx-hosts, the JSON has %d", len(p.MXHosts), len(hosts))
		}
		details := entry.get("failure-details").list()
		if len(details) != len(p.Failures) {
			t.Fatalf("%d failure details, the JSON has %d", len(p.Failures), len(details))
		}
		for j, f := range p.Failures {
			d := loose{details[j]}
			count("failed-session-count", f.Sessions, d.get("failed-session-count"))
			same("result-type", string(f.ResultType), d.get("result-type"))
			same("sending-mta-ip", f.SendingMTAIP, d.get("sending-mta-ip"))
			same("receiving-ip", f.ReceivingIP, d.get("receiving-ip"))
			same("receiving-mx-hostname", f.ReceivingMXHostname, d.get("receiving-mx-hostname"))
			same("receiving-mx-helo", f.ReceivingMXHELO, d.get("receiving-mx-helo"))
			same("failure-reason-code", f.ReasonCode, d.get("failure-reason-code"))
		}
	}
}
