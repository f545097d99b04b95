package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// golden compares with a file, or rewrites it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test ./config -update and read the diff)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestBrokenRules holds the whole error text to a file for every rule of the
// configuration: testdata/RULE.toml breaks it, testdata/RULE.txt is the error.
func TestBrokenRules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 60 {
		t.Fatalf("Glob(testdata/*.toml) = %d files, %v; there is one for each rule", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := parse(name+".toml", "/etc/tlsbrief", data)
			if err == nil {
				t.Fatalf("parse(%s) = %+v, want an error", file, cfg)
			}
			checkError(t, err)
			golden(t, strings.TrimSuffix(file, ".toml")+".txt", err.Error()+"\n")
		})
	}
}

// checkError holds an error of parse to its promises.
func checkError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T, want *Error: %v", err, err)
	}
	if len(e.Faults) == 0 {
		t.Fatal("an Error without a Fault")
	}
	for i, f := range e.Faults {
		if f.Line < 0 || i > 0 && f.Line < e.Faults[i-1].Line {
			t.Errorf("Faults[%d].Line = %d, want lines that rise from 0", i, f.Line)
		}
		if f.Problem == "" || clean(f.Problem) != f.Problem || clean(f.Key) != f.Key {
			t.Errorf("Faults[%d] = %+v, want a problem on one line, printable", i, f)
		}
	}
	if lines := strings.Split(e.Error(), "\n"); len(lines) != len(e.Faults) {
		t.Errorf("Error() has %d lines for %d faults", len(lines), len(e.Faults))
	}
}
