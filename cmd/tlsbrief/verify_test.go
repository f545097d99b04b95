package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
)

// The line says which step failed; the error need not say it again.
func TestVerifyNamesAStepOnce(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s, unchecked)
	gone := *s
	gone.Port = 1 // nothing listens there
	r.configure(t, &gone, unchecked)
	config, err := os.ReadFile(filepath.Join(r.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "config.toml", strings.Replace(string(config), fmt.Sprintf("port = %d\n", r.smtp.Port()), "port = 1\n", 1))
	o := r.try(t, "verify")
	for _, step := range []string{`FAIL  mailbox "reports", connect: `, "FAIL  smtp, connect: "} {
		if _, rest, found := strings.Cut(o.stdout, step); !found || strings.HasPrefix(rest, "connect: ") {
			t.Errorf("verify is to say %q, and no more than once that it is connecting:\n%s", step, o.stdout)
		}
	}
	r.configure(t, s, unchecked)
	r.write(t, "password", "wrong")
	if o := r.try(t, "verify"); !strings.Contains(o.stdout, `FAIL  mailbox "reports", log-in: the server refused the login`) {
		t.Errorf("verify is to say once that it is logging in:\n%s", o.stdout)
	}
}
