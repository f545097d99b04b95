package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The bounds of getting a password.
const (
	maxSecret      = 64 << 10
	maxComplaint   = 4 << 10 // of a command's standard error
	commandTimeout = 30 * time.Second
)

// A PasswordSource says where a password comes from: a file, an environment
// variable or a command. At most one is set. It holds no secret itself.
type PasswordSource struct {
	File    string   `toml:"file" rule:"secret"`     // an absolute path
	Env     string   `toml:"env" rule:"env"`         // the name of a variable
	Command []string `toml:"command" rule:"command"` // a program and its arguments, run without a shell
	Kind    string   // how the keys in the file begin; empty: "password"
}

// IsZero reports whether there is no password.
func (p PasswordSource) IsZero() bool { return p.File == "" && p.Env == "" && len(p.Command) == 0 }

// key returns the name of one of the keys, such as "password_file".
func (p PasswordSource) key(suffix string) string {
	if p.Kind == "" {
		return "password_" + suffix
	}
	return p.Kind + "_" + suffix
}

// Read gets the password, anew at each call, so that a changed one is used
// without a restart. It is never empty and never holds a line break. No error
// repeats any of it. A command has 30 seconds, or as long as ctx lasts.
func (p PasswordSource) Read(ctx context.Context) (Secret, error) {
	switch {
	case p.File != "":
		return readPasswordFile(p.key("file"), p.File)
	case p.Env != "":
		s, set := os.LookupEnv(p.Env)
		if !set {
			return "", fmt.Errorf("%s: the environment variable %s is not set; set it for this process", p.key("env"), p.Env)
		}
		return oneLine(s, p.key("env")+": the environment variable "+p.Env)
	case len(p.Command) > 0:
		return runPasswordCommand(ctx, p.key("command"), p.Command, commandTimeout)
	}
	return "", errors.New("no password is configured; set password_file, password_env or password_command")
}

// readPasswordFile reads a regular file: opening a pipe could wait for ever.
func readPasswordFile(key, path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w; check the path and its permissions", key, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %s is not a plain file; name one, or use password_command", key, path)
	}
	// It may have changed since the configuration was loaded.
	if problem := new(guard).problem(path); problem != "" {
		return "", fmt.Errorf("%s: %s", key, problem)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w; check the path and its permissions", key, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("%s: reading %s: %w", key, path, err)
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("%s: %s is larger than %d bytes; it must hold the password alone", key, path, maxSecret)
	}
	// Editors on Windows write them, and nobody sees them.
	for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(string(data), mark) {
			return "", fmt.Errorf("%s: %s begins with a byte order mark (BOM), which would be taken for part of the password; save it as UTF-8 without one", key, path)
		}
	}
	return oneLine(strings.TrimRight(string(data), "\r\n"), key+": "+path)
}

// oneLine holds a password to what IMAP and SMTP can carry.
func oneLine(s, source string) (Secret, error) {
	switch {
	case s == "":
		return "", fmt.Errorf("%s is empty; it must hold the password", source)
	case strings.ContainsAny(s, "\r\n\x00"):
		return "", fmt.Errorf("%s holds more than one line, or a NUL; it must hold the password alone", source)
	}
	return Secret(s), nil
}

// runPasswordCommand takes the first line that a program prints. Its arguments
// stay out of errors, since they may hold a secret too.
func runPasswordCommand(ctx context.Context, key string, argv []string, limit time.Duration) (Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stdout, stderr := &head{limit: maxSecret + 1}, &head{limit: maxComplaint}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // for children that keep the pipes open
	err := cmd.Run()
	first, _, _ := strings.Cut(string(stdout.kept), "\n")
	first = strings.TrimSuffix(first, "\r")
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // a child that lives on is no fault
		if ctxErr := ctx.Err(); ctxErr != nil {
			err = fmt.Errorf("it did not end in time: %w", ctxErr)
		}
		return "", fmt.Errorf("%s: running %s: %w%s", key, quote(argv[0]), err, complaint(string(stderr.kept), string(stdout.kept)))
	}
	source := key + ": what " + quote(argv[0]) + " prints"
	if len(first) > maxSecret {
		return "", fmt.Errorf("%s has a first line of more than %d bytes; that line must be the password alone", source, maxSecret)
	}
	return oneLine(first, source)
}

// complaint cleans what a command wrote to its standard error. A script that
// traces itself (sh -x) repeats there what it prints: those lines are hidden.
func complaint(stderr, stdout string) string {
	for line := range strings.SplitSeq(stdout, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			stderr = strings.ReplaceAll(stderr, line, hidden)
		}
	}
	says := strings.Join(strings.Fields(clean(stderr)), " ")
	if says == "" {
		return ""
	}
	return "; it says: " + says
}

// A head keeps the beginning of what is written to it and drops the rest, so
// that the writer is not held up.
type head struct {
	kept  []byte
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(h.limit-len(h.kept), len(p))]...)
	return len(p), nil
}
