package domaincheck

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A fault is a row of the table of all that can be wrong with a domain.
type fault struct {
	name string
	make func(*testing.T, *rig)
	want string // "code severity result-type", each finding; empty: healthy
	says string // stands in the message or the fix of one of them
}

// faults returns the table.
func faults() []fault {
	return slices.Concat(
		[]fault{{name: "a healthy domain has none", make: func(*testing.T, *rig) {}}},
		lookupFaults(), recordFaults(), policyFaults(), mxFaults(), daneFaults(), sessionFaults(), certificateFaults(),
	)
}

func TestEachFaultHasItsFinding(t *testing.T) {
	t.Parallel()
	for _, tt := range faults() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tt.make(t, r)
			result := r.look(t)
			var got []string
			verdict, words := OK, ""
			for _, f := range result.Findings {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Code, f.Severity, f.ResultType)))
				if f.Severity == Error || f.Severity == Warning && verdict == OK {
					verdict = f.Severity
				}
				if f.Message == "" || strings.ContainsFunc(f.Message+f.Fix, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("the message %q is no line of text", f.Message)
				}
				if f.Fix == "" && f.Severity != Info {
					t.Errorf("%s does not say what to do", f.Code)
				}
				words += f.Message + "\n" + f.Fix + "\n"
			}
			if s := strings.Join(got, ", "); s != tt.want || result.Verdict != verdict {
				t.Errorf("findings %q, verdict %s; want %q\n%+v", s, result.Verdict, tt.want, result.Findings)
			}
			if !strings.Contains(words, tt.says) {
				t.Errorf("%q is not said in\n%s", tt.says, words)
			}
		})
	}
}

// A new code needs a row above.
func TestEveryCodeIsSeen(t *testing.T) {
	t.Parallel()
	seen := map[Code]bool{}
	for _, f := range faults() {
		for finding := range strings.SplitSeq(f.want, ", ") {
			code, rest, _ := strings.Cut(finding, " ")
			_, result, _ := strings.Cut(rest, " ")
			k, known := kinds()[Code(code)]
			if f.want != "" && (!known || result != string(k.result)) {
				t.Errorf("the row %q expects %q, which there is not", f.name, finding)
			}
			seen[Code(code)] = true
		}
	}
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Code\s+= "(.+)"`).FindAllStringSubmatch(string(source), -1)
	for _, match := range codes {
		if code := Code(match[1]); !seen[code] || kinds()[code].check == "" {
			t.Errorf("no row of the table brings about %s, or kinds lacks it", code)
		}
	}
	if len(codes) != len(kinds()) {
		t.Errorf("%d codes are declared, and %d have a kind", len(codes), len(kinds()))
	}
}
