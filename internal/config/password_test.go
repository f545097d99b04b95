package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write puts a file with that mode into a folder of the test.
func write(t *testing.T, content string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return path
}

func TestPasswordFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content, want, wantErr string
	}{
		{name: "as it is", content: "hunter2", want: "hunter2"},
		{name: "a newline at the end is not part of it", content: "hunter2\n", want: "hunter2"},
		{name: "nor is CRLF", content: "hunter2\r\n", want: "hunter2"},
		{name: "nor are empty lines", content: "hunter2\n\n", want: "hunter2"},
		{name: "blanks are part of it", content: " hunter 2 \n", want: " hunter 2 "},
		{name: "of the largest size", content: strings.Repeat("x", maxSecret), want: strings.Repeat("x", maxSecret)},
		{name: "empty", content: "", wantErr: "is empty"},
		{name: "a newline alone", content: "\n", wantErr: "is empty"},
		{name: "two lines", content: "hunter2\nhunter3\n", wantErr: "more than one line"},
		{name: "a NUL", content: "hunter2\x00", wantErr: "NUL"},
		{name: "a byte order mark", content: "\ufeffhunter2\n", wantErr: "begins with a byte order mark"},
		{name: "a byte order mark of UTF-16", content: "\xff\xfeh\x00u\x00", wantErr: "begins with a byte order mark"},
		{name: "and of the other UTF-16", content: "\xfe\xff\x00h\x00u", wantErr: "begins with a byte order mark"},
		{name: "U+FEFF further on", content: "hunter\ufeff2", want: "hunter\ufeff2"},
		{name: "too large", content: strings.Repeat("hunter2", maxSecret/7+1), wantErr: "larger than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := PasswordSource{File: write(t, tt.content, 0o600)}.Read(t.Context())
			checkSecret(t, got, err, tt.want, tt.wantErr)
		})
	}
}

// checkSecret compares a password, and holds errors to not repeating it.
func checkSecret(t *testing.T, got Secret, err error, want, wantErr string) {
	t.Helper()
	if wantErr == "" {
		if err != nil || got.Reveal() != want {
			t.Errorf("Read() = %q, %v, want %q", got.Reveal(), err, want)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), wantErr) {
		t.Fatalf("Read() error = %v, want one with %q", err, wantErr)
	}
	if strings.Contains(err.Error(), "hunter") {
		t.Errorf("the error repeats the secret: %v", err)
	}
	if clean(err.Error()) != err.Error() {
		t.Errorf("the error does not print plainly: %q", err)
	}
	if got != "" {
		t.Errorf("Read() = %q beside an error", got.Reveal())
	}
}

func TestAPasswordFileIsReadAnewEachTime(t *testing.T) {
	t.Parallel()
	source := PasswordSource{File: write(t, "old", 0o600)}
	if got, err := source.Read(t.Context()); err != nil || got.Reveal() != "old" {
		t.Fatalf("Read() = %q, %v, want old", got.Reveal(), err)
	}
	if err := os.WriteFile(source.File, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := source.Read(t.Context()); err != nil || got.Reveal() != "new" {
		t.Errorf("Read() after rotation = %q, %v, want new", got.Reveal(), err)
	}
}

func TestPasswordFilesThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := PasswordSource{File: filepath.Join(dir, "absent")}.Read(t.Context())
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: Read() error = %v, want fs.ErrNotExist", err)
	}
	_, err = PasswordSource{File: dir}.Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Errorf("a folder: Read() error = %v, want \"not a plain file\"", err)
	}
}

// Not parallel: the environment belongs to the process.
func TestPasswordsFromTheEnvironment(t *testing.T) {
	const name = "TLSBRIEF_TEST_PASSWORD"
	source := PasswordSource{Env: name}
	_, err := source.Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), name+" is not set") {
		t.Errorf("unset: Read() error = %v, want %q", err, name+" is not set")
	}
	for _, tt := range []struct{ value, want, wantErr string }{
		{value: "hunter2", want: "hunter2"},
		{value: "", wantErr: name + " is empty"},
		{value: "hunter2\n", wantErr: "more than one line"},
	} {
		t.Setenv(name, tt.value)
		got, err := source.Read(t.Context())
		checkSecret(t, got, err, tt.want, tt.wantErr)
	}
}

func TestNoPasswordSource(t *testing.T) {
	t.Parallel()
	if !(PasswordSource{}).IsZero() || (PasswordSource{Env: "X"}).IsZero() || (PasswordSource{File: "x"}).IsZero() || (PasswordSource{Command: []string{"x"}}).IsZero() {
		t.Error("IsZero() must tell whether one of the three is set")
	}
	got, err := PasswordSource{}.Read(t.Context())
	checkSecret(t, got, err, "", "no password is configured")
}

func TestPasswordCommands(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		script        string // run by sh
		want, wantErr string
	}{
		{name: "its output", script: `printf hunter2`, want: "hunter2"},
		{name: "the first line of it", script: `printf 'hunter2\r\nuser: me\n'`, want: "hunter2"},
		{name: "standard error is no fault by itself", script: `echo careful >&2; echo hunter2`, want: "hunter2"},
		{name: "much more output is dropped", script: `echo hunter2; head -c 300000 /dev/zero`, want: "hunter2"},
		{name: "standard input is empty", script: `cat; echo hunter2`, want: "hunter2"},
		{name: "a child that lives on", script: `sleep 30 & echo hunter2`, want: "hunter2"},
		{name: "no output", script: `true`, wantErr: `"sh" prints is empty`},
		{name: "an empty first line", script: `echo; echo hunter2`, wantErr: "is empty"},
		{name: "a first line without end", script: `head -c 300000 /dev/zero | tr '\0' x`, wantErr: "first line of more than"},
		{name: "failure", script: `echo hunter2; echo 'no such  entry' >&2; exit 3`, wantErr: `exit status 3; it says: no such entry`},
		{name: "failure without words", script: `echo hunter2; exit 3`, wantErr: `exit status 3`},
		{name: "control characters in its words", script: `printf '\033[31mred\n\007bell' >&2; exit 1`, wantErr: "[31mred bell"},
		{name: "a trace that repeats the output", script: `set -x; echo hunter2; exit 1`, wantErr: "+ echo <secret>"},
		{name: "words without end", script: `head -c 300000 /dev/zero | tr '\0' x >&2; exit 1`, wantErr: strings.Repeat("x", maxComplaint)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := PasswordSource{Command: []string{"sh", "-c", tt.script}}.Read(t.Context())
			checkSecret(t, got, err, tt.want, tt.wantErr)
			if err != nil && len(err.Error()) > maxComplaint+200 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestPasswordCommandsRunWithoutAShell(t *testing.T) {
	t.Parallel()
	got, err := PasswordSource{Command: []string{"printf", "%s", "$HOME; `id` *"}}.Read(t.Context())
	checkSecret(t, got, err, "$HOME; `id` *", "")
}

func TestArgumentsOfAPasswordCommandAreInNoError(t *testing.T) {
	t.Parallel()
	got, err := PasswordSource{Command: []string{"sh", "-c", "exit 1", "hunter2"}}.Read(t.Context())
	checkSecret(t, got, err, "", `running "sh": exit status 1`)
}

func TestAPasswordCommandThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := PasswordSource{Command: []string{"tlsbrief-no-such-program"}}.Read(t.Context())
	if !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("Read() error = %v, want exec.ErrNotFound", err)
	}
}

func TestAPasswordCommandHasADeadline(t *testing.T) {
	t.Parallel()
	// The child of the shell keeps the pipes open past the kill.
	_, err := runPasswordCommand(t.Context(), "password_command", []string{"sh", "-c", "sleep 60; echo late"}, 50*time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("runPasswordCommand error = %v, want context.DeadlineExceeded", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = PasswordSource{Command: []string{"sleep", "60"}}.Read(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Read(cancelled) error = %v, want context.Canceled", err)
	}
}
