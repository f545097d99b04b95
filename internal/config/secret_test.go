package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASecretNeverPrints(t *testing.T) {
	t.Parallel()
	const plain = "hunter2"
	secret := Secret(plain)
	type holder struct {
		Password Secret
		Pointer  *Secret
		List     []Secret
		Map      map[string]Secret
	}
	hold := holder{secret, &secret, []Secret{secret}, map[string]Secret{"key": secret}}
	leaks := func(how, out string) {
		t.Helper()
		if strings.Contains(out, plain) || strings.Contains(out, fmt.Sprintf("%x", plain)) || strings.Contains(out, fmt.Sprintf("%X", plain)) {
			t.Errorf("%s printed the secret: %s", how, out)
		}
		if !strings.Contains(out, "<secret>") && !strings.Contains(out, `\u003csecret\u003e`) {
			t.Errorf("%s = %q, want <secret> in it", how, out)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%10.3s", "%-20v"} {
		leaks(verb, fmt.Sprintf(verb, secret))
		leaks(verb+" in a struct", fmt.Sprintf(verb, hold))
		leaks(verb+" in a list", fmt.Sprintf(verb, []Secret{secret}))
	}
	leaks("Sprint", fmt.Sprint(secret))
	leaks("String", secret.String())
	leaks("GoString", secret.GoString())
	leaks("Errorf", fmt.Errorf("login with %v: %w", secret, fmt.Errorf("%s", secret)).Error())

	encoded, err := json.Marshal(hold)
	if err != nil {
		t.Fatal(err)
	}
	leaks("json", string(encoded))
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	leaks("MarshalText", string(text))

	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		log.Reset()
		slog.New(h).Info("login", "password", secret)
		leaks(fmt.Sprintf("%T", h), log.String())
		log.Reset()
		slog.New(h).Info("login", "holder", hold)
		leaks(fmt.Sprintf("%T of a struct", h), log.String())
	}
	if v, err := secret.Value(); err == nil || v != nil {
		t.Errorf("Value() = %v, %v, want an error: a secret does not go into a database", v, err)
	}
	if got := secret.Reveal(); got != plain {
		t.Errorf("Reveal() = %q, want %q", got, plain)
	}
}
