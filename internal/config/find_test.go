package config

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestFindLooksInThisOrder(t *testing.T) {
	t.Parallel()
	const here, etc = "./config.toml", "/etc/tlsbrief/config.toml"
	home := map[string]string{"HOME": "/home/me"}
	xdg := map[string]string{"HOME": "/home/me", "XDG_CONFIG_HOME": "/xdg"}
	tests := []struct {
		name     string
		explicit string
		env      map[string]string
		exists   []string
		want     string
	}{
		{name: "what --config says, there or not", explicit: "my.toml", exists: []string{here}, want: "my.toml"},
		{name: "here first", env: home, exists: []string{here, "/home/me/.config/tlsbrief/config.toml", etc}, want: here},
		{name: "home second", env: home, exists: []string{"/home/me/.config/tlsbrief/config.toml", etc}, want: "/home/me/.config/tlsbrief/config.toml"},
		{name: "XDG_CONFIG_HOME instead of ~/.config", env: xdg, exists: []string{"/xdg/tlsbrief/config.toml", "/home/me/.config/tlsbrief/config.toml"}, want: "/xdg/tlsbrief/config.toml"},
		{name: "no ~/.config beside XDG_CONFIG_HOME", env: xdg, exists: []string{"/home/me/.config/tlsbrief/config.toml", etc}, want: etc},
		{name: "a relative XDG_CONFIG_HOME is ignored", env: map[string]string{"HOME": "/home/me", "XDG_CONFIG_HOME": "xdg"}, exists: []string{"xdg/tlsbrief/config.toml", "/home/me/.config/tlsbrief/config.toml"}, want: "/home/me/.config/tlsbrief/config.toml"},
		{name: "/etc last", env: home, exists: []string{etc}, want: etc},
		{name: "/etc without a home", exists: []string{etc}, want: etc},
	}
	for _, tt := range tests {
		got, err := find(tt.explicit, lookup(tt.env), existing(tt.exists, fs.ErrNotExist))
		if err != nil || got != tt.want {
			t.Errorf("%s: find(%q) = %q, %v, want %q", tt.name, tt.explicit, got, err, tt.want)
		}
	}
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// existing is a stat that knows some paths and fails for all others.
func existing(paths []string, otherwise error) func(string) error {
	return func(path string) error {
		for _, p := range paths {
			if p == path {
				return nil
			}
		}
		return &fs.PathError{Op: "stat", Path: path, Err: otherwise}
	}
}

func TestFindTakesAFileThatItMayNotLookAt(t *testing.T) {
	t.Parallel()
	got, err := find("", lookup(nil), existing(nil, fs.ErrPermission))
	if err != nil || got != "./config.toml" {
		t.Errorf("find() = %q, %v, want ./config.toml: Load says what is wrong with it", got, err)
	}
}

func TestFindOfNothingSaysWhereItLooked(t *testing.T) {
	t.Parallel()
	_, err := find("", lookup(map[string]string{"HOME": "/home/me"}), existing(nil, fs.ErrNotExist))
	var e *Error
	if !errors.As(err, &e) || len(e.Faults) != 1 || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("find() error = %#v, want *Error with one fault that wraps fs.ErrNotExist", err)
	}
	want := "there is no configuration: looked for ./config.toml, /home/me/.config/tlsbrief/config.toml, /etc/tlsbrief/config.toml; copy config.toml.example to one of these and fill it in, or name a file with --config"
	if err.Error() != want {
		t.Errorf("find() error =\n%s\nwant\n%s", err, want)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Error("the error has more than one line")
	}
}

func TestFindTakesTheExplicitFile(t *testing.T) {
	t.Parallel()
	if got, err := Find("elsewhere.toml"); err != nil || got != "elsewhere.toml" {
		t.Errorf("Find(elsewhere.toml) = %q, %v", got, err)
	}
}
