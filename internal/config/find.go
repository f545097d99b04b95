package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Find returns the path of the configuration file: the explicit one where there
// is one, else the first that exists of ./config.toml,
// $XDG_CONFIG_HOME/tlsbrief/config.toml (~/.config where that is not set) and
// /etc/tlsbrief/config.toml. A file that is there and may not be looked at is
// taken too, so that [Load] says so. The error is an [*Error] that wraps
// [fs.ErrNotExist].
func Find(explicit string) (string, error) {
	return find(explicit, os.Getenv, func(path string) error {
		_, err := os.Stat(path)
		return err
	})
}

func find(explicit string, env func(string) string, stat func(string) error) (string, error) {
	if explicit != "" {
		return explicit, nil
	}
	places := places(env)
	for _, path := range places {
		if err := stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", &Error{
		Faults: []Fault{{Problem: fmt.Sprintf(
			"there is no configuration: looked for %s; copy config.toml.example to one of these and fill it in, or name a file with --config",
			strings.Join(places, ", "))}},
		Err: fs.ErrNotExist,
	}
}

// places returns where a configuration may lie, in the order of looking. The XDG
// base directory specification has relative paths ignored.
func places(env func(string) string) []string {
	out := []string{"./config.toml"}
	base := env("XDG_CONFIG_HOME")
	if home := env("HOME"); !filepath.IsAbs(base) && filepath.IsAbs(home) {
		base = filepath.Join(home, ".config")
	}
	if filepath.IsAbs(base) {
		out = append(out, filepath.Join(base, "tlsbrief", "config.toml"))
	}
	return append(out, "/etc/tlsbrief/config.toml")
}
