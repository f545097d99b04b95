package tlsrpt_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every section of RFC 8460 that a comment or a deviation cites is there.
func TestCitedSectionsExist(t *testing.T) {
	t.Parallel()
	sections := strings.Fields(`1 1.1 2 3 4 4.1 4.2 4.2.1 4.2.2 4.3 4.3.1 4.3.2 4.3.2.1 4.3.2.2 4.3.3 4.3.4 4.4 4.5
		5 5.1 5.2 5.3 5.3.1 5.4 5.5 5.6 6 6.1 6.2 6.3 6.4 6.5 6.6 7 8`)
	cited := regexp.MustCompile(`RFC 8460,?\s+(?://\s+)?sections?\s+(\d[\d.]*\d|\d)(?:\s+(?:and|to)\s+(?://\s+)?(\d[\d.]*\d|\d))?`)
	var files []string
	for _, pattern := range []string{"*.go", "read/*.go", "../../digest/words/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	n := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range cited.FindAllStringSubmatch(string(src), -1) {
			for _, section := range m[1:] {
				if n++; section != "" && !slices.Contains(sections, section) {
					t.Errorf("%s cites section %s of RFC 8460, which has none", file, section)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d citations found: the pattern is wrong", n)
	}
}
