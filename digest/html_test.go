package digest_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxMailHTML is what Gmail shows of a mail before it cuts it off.
const maxMailHTML = 100_000

// checkHTML holds the HTML to what a mail may be: known tags and attributes
// only, nothing that acts, nothing from elsewhere, and not too large.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	if len(page) > maxMailHTML {
		t.Errorf("the HTML has %d bytes, more than %d", len(page), maxMailHTML)
	}
	tags := strings.Fields("html head meta title style body table tbody tr th td h1 h2 h3 h4 p ul ol li b span pre br")
	attributes := strings.Fields("lang charset name content style class role width height cellpadding cellspacing border align scope colspan")
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string
	level := 0 // of the last heading
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("the HTML leaves %q open", open)
			}
			return
		case html.StartTagToken:
			tok := z.Token()
			if !slices.Contains(tags, tok.Data) {
				t.Errorf("the HTML holds a <%s>", tok.Data)
			}
			if len(tok.Data) == 2 && tok.Data[0] == 'h' && tok.Data[1] >= '1' && tok.Data[1] <= '6' {
				if n := int(tok.Data[1] - '0'); n > level+1 {
					t.Errorf("<%s> follows a heading of level %d", tok.Data, level)
				}
				level = int(tok.Data[1] - '0')
			}
			for _, a := range tok.Attr {
				if !slices.Contains(attributes, a.Key) || strings.Contains(a.Val, "://") || strings.Contains(strings.ToLower(a.Val), "script") {
					t.Errorf("<%s> has the attribute %s=%q", tok.Data, a.Key, a.Val)
				}
				if a.Key == "style" && (strings.Contains(a.Val, "ZgotmplZ") || strings.Contains(a.Val, "url(")) {
					t.Errorf("<%s> has the style %q", tok.Data, a.Val)
				}
			}
			if tok.Data != "meta" && tok.Data != "br" {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Errorf("</%s> closes %q", tok.Data, open)
				return
			}
			open = open[:len(open)-1]
		case html.CommentToken:
			t.Errorf("the HTML holds a comment: %q", z.Token().Data)
		}
	}
}
