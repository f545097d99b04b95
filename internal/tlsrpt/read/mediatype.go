package read

import (
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/emersion/go-message"
)

// mediaType returns the media type that a Content-Type names, in lower case, and
// its parameters. A field that is absent or has no type gives "". Where the
// field is malformed, what can be read of it counts: mail that mail programs
// display is not refused for a parameter.
func mediaType(value string) (string, map[string]string) {
	if value = unfold(value); value == "" {
		return "", nil
	}
	t, params, err := parseMediaType(value)
	if err == nil {
		if !strings.Contains(t, "/") {
			t = ""
		}
		return strings.ToLower(t), params
	}
	t, rest := value, ""
	if i := strings.IndexAny(value, "; \t"); i >= 0 {
		t, rest = value[:i], value[i:]
	}
	if !strings.Contains(t, "/") {
		return "", looseParams(rest)
	}
	return strings.ToLower(t), looseParams(rest)
}

// parseMediaType is go-message's, which for what has no encoded words in it does no
// more than the standard library.
func parseMediaType(value string) (string, map[string]string, error) {
	if !strings.Contains(value, "=?") {
		if t, params, err := mime.ParseMediaType(value); err == nil {
			return t, params, nil
		}
	}
	var h message.Header
	h.Set("Content-Type", value)
	return h.ContentType()
}

// looseParams reads parameters as well as they can be read.
func looseParams(s string) map[string]string {
	params := make(map[string]string)
	for s != "" {
		var item string
		item, s = cutParam(s)
		key, value, ok := strings.Cut(item, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if i := strings.LastIndexAny(key, " \t"); i >= 0 { // junk before it
			key = key[i+1:]
		}
		if _, taken := params[key]; !ok || key == "" || taken {
			continue
		}
		params[key] = unquoteParam(strings.TrimSpace(value))
	}
	joinParams(params, "name")
	joinParams(params, "filename")
	joinParams(params, "boundary")
	return params
}

// cutParam cuts at the first semicolon that is not inside quotes.
func cutParam(s string) (item, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func unquoteParam(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// joinParams puts together a parameter that RFC 2231 splits or encodes (Q18).
// The charset is taken for UTF-8: names of reports are ASCII.
func joinParams(params map[string]string, key string) {
	if _, ok := params[key]; ok {
		return
	}
	decode := func(s string) string {
		if p, err := url.PathUnescape(s); err == nil {
			return p
		}
		return s
	}
	afterCharset := func(s string) string {
		if parts := strings.SplitN(s, "'", 3); len(parts) == 3 {
			return parts[2]
		}
		return s
	}
	if v, ok := params[key+"*"]; ok {
		params[key] = decode(afterCharset(v))
		return
	}
	whole := ""
	for i := range 100 {
		n := key + "*" + strconv.Itoa(i)
		if v, ok := params[n]; ok {
			whole += v
			continue
		}
		v, ok := params[n+"*"]
		if !ok {
			break
		}
		if i == 0 {
			v = afterCharset(v)
		}
		whole += decode(v)
	}
	if whole != "" {
		params[key] = whole
	}
}

// partName returns the file name that a part has by Content-Disposition or
// Content-Type: of the two the one that has a report's form, else the first.
func partName(contentType, disposition string) string {
	var names [2]string
	for i, f := range [...]struct{ value, key string }{{disposition, "filename"}, {contentType, "name"}} {
		if !strings.Contains(strings.ToLower(f.value), "name") {
			continue
		}
		if _, params := mediaType(f.value); params[f.key] != "" {
			names[i] = params[f.key]
		} else {
			names[i] = looseParams(unfold(f.value))[f.key]
		}
		names[i] = decodeField(names[i])
		if FileNameLooksLikeReport(names[i]) {
			return names[i]
		}
	}
	if names[0] != "" {
		return names[0]
	}
	return names[1]
}

// token returns the first word of a parameter, in lower case: the value may
// have swallowed what follows where a semicolon is missing.
func token(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return strings.ToLower(f[0])
	}
	return ""
}
