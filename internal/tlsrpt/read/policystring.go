package read

import (
	"encoding/json"
	"strings"
)

// splitPolicy takes a policy that is one string apart. MTA-STS policies have a
// line each for their fields (RFC 8461, section 3.2); some writers join lines,
// or TLSA records, by semicolons.
func splitPolicy(list []string) []string {
	if len(list) != 1 || strings.HasPrefix(strings.TrimSpace(list[0]), "[") {
		return list
	}
	return strings.FieldsFunc(list[0], func(r rune) bool { return r == '\n' || r == ';' })
}

// policyLines brings policy-string into the form that RFC 8460, section 4.4,
// asks for: a line, or the RDATA of a TLSA record, each.
func (d *decoder) policyLines(list []string) []string {
	const field = "policy.policy-string"
	nested, multi, cr := false, false, false
	var lines []string
	add := func(s string) {
		cr = cr || strings.HasSuffix(s, "\r")
		s = strings.TrimSpace(s)
		multi = multi || strings.Contains(s, "\n")
		for line := range strings.SplitSeq(s, "\n") {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if len(lines) > maxElements {
				return // one more shows that there are too many
			}
			lines = append(lines, d.shortened(field, line, maxText))
		}
	}
	for _, s := range list {
		inner, ok := jsonList(s)
		if nested = nested || ok; !ok {
			inner = []string{s}
		}
		for _, s := range inner {
			add(s)
		}
	}
	if nested {
		d.note(field, ruleSchema+", Q2", "a list written as text inside a string; read as the list")
	}
	if multi {
		d.note(field, ruleSchema, "several lines in one string")
	}
	if cr {
		d.note(field, ruleSchema+", Q33", "carriage returns at line ends; removed")
	}
	return d.firstElements(field, lines)
}

// jsonList reads a string that holds the text of a JSON array of strings.
func jsonList(s string) ([]string, bool) {
	if s = strings.TrimSpace(s); !strings.HasPrefix(s, "[") {
		return nil, false
	}
	var list []string
	if err := json.Unmarshal([]byte(s), &list); err != nil {
		return nil, false
	}
	return list, true
}
