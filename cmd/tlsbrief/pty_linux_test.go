package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/rivo/uniseg"
)

// openTerminal opens a pseudo-terminal of some columns, and returns the side of the
// program and a function that closes it and returns what was shown.
func openTerminal(t *testing.T, columns uint16) (*os.File, func() string) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	control := func(request uintptr, arg unsafe.Pointer) {
		t.Helper()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	}
	var unlocked, number int32
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	size := [4]uint16{24, columns}
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(&shown, screen) // ends with an error once nobody has the other side open
	}()
	return program, func() string {
		program.Close()
		<-done
		return strings.ReplaceAll(shown.String(), "\r\n", "\n")
	}
}

// On a terminal there is a table of its width, with names as people write them; on a
// narrow one, the list that is printed elsewhere.
func TestCheckOnATerminal(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	r.world.Domain("xn--r8jz45g.example")
	for _, columns := range []uint16{100, 80, 0, 40} {
		terminal, shown := openTerminal(t, columns)
		cmd := r.command(t.Context(), "check", "expired.example", "例え.example")
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = terminal, &stderr
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
			t.Fatalf("%v: %s", err, &stderr)
		}
		out := shown()
		head, name, most := "Severity  Domain ", "例え.example ", int(columns)
		switch columns {
		case 40:
			head, name, most = "error    expired.example\n", " xn--r8jz45g.example\n", 80
		case 0:
			most = 80
		}
		if !strings.HasPrefix(out, head) || !strings.Contains(out, name) || !strings.Contains(out, "cert-expired") || strings.Contains(out, "\x1b") {
			t.Errorf("%d columns: %s", columns, out)
		}
		widest := 0
		for line := range strings.Lines(out) {
			widest = max(widest, uniseg.StringWidth(strings.TrimSuffix(line, "\n")))
		}
		if widest > most || columns != 40 && widest < most-20 {
			t.Errorf("%d columns: the widest line has %d", columns, widest)
		}
	}
}

// How far a check of many domains is, is shown on a terminal alone.
func TestCheckShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	r := newCheckRig(t)
	terminal, shown := openTerminal(t, 80)
	cmd := r.command(t.Context(), "check", "--json", "expired.example", "healthy.example")
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, terminal
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
		t.Fatal(err)
	}
	if bar := shown(); !strings.Contains(bar, "check") || !strings.Contains(bar, "(1/2)") {
		t.Errorf("on the terminal: %q", bar)
	}
	if got := decodeChecks(t, stdout.String()); len(got) != 2 {
		t.Errorf("on stdout: %s", &stdout)
	}
}
