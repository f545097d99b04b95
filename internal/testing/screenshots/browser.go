package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A browser is a headless Chromium with one page open, controlled by the DevTools
// protocol through a pair of pipes.
type browser struct {
	cmd     *exec.Cmd
	profile string
	in      *os.File
	out     *bufio.Reader
	id      int
	session string
	asked   []string // the addresses requested since the page was shown
	loaded  bool     // the page has loaded
}

// startBrowser starts Chromium and opens a page. It ends with ctx.
func startBrowser(ctx context.Context) (*browser, error) {
	profile, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return nil, err
	}
	// Chromium reads commands from file descriptor 3 and answers on 4.
	commands, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, answers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	options := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
		"--host-resolver-rules=MAP * ~NOTFOUND", // a page that requests anything has a fault, and gets nothing
		"--remote-debugging-pipe", "--user-data-dir=" + profile}
	if os.Geteuid() == 0 {
		options = append(options, "--no-sandbox") // Chromium's sandbox is not for root
	}
	cmd := exec.CommandContext(ctx, "chromium", options...)
	cmd.ExtraFiles = []*os.File{commands, answers}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting chromium: %w", err)
	}
	commands.Close()
	answers.Close()
	b := &browser{cmd: cmd, profile: profile, in: in, out: bufio.NewReader(out)}
	var target struct{ TargetID string }
	if err := b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		b.close()
		return nil, err
	}
	var attached struct{ SessionID string }
	if err := b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		b.close()
		return nil, err
	}
	b.session = attached.SessionID
	for _, domain := range []string{"Page.enable", "Network.enable"} {
		if err := b.call(domain, nil, nil); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

// close ends Chromium and removes what it wrote.
func (b *browser) close() {
	b.session = ""
	if err := b.call("Browser.close", nil, nil); err != nil {
		_ = b.cmd.Process.Kill() // it may have ended
	}
	_ = b.cmd.Wait() // its exit status is of no use
	b.in.Close()
	if err := os.RemoveAll(b.profile); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
	}
}

// A message is an answer or an event of the DevTools protocol.
type message struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// call sends a command and waits for its answer.
func (b *browser) call(method string, params map[string]any, result any) error {
	b.id++
	command := map[string]any{"id": b.id, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	data, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for {
		m, err := b.read()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case m.ID != b.id:
			continue
		case m.Error != nil:
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

// read returns the next message, and records the requests of the page.
func (b *browser) read() (message, error) {
	var m message
	data, err := b.out.ReadBytes(0)
	if err != nil {
		return m, fmt.Errorf("chromium says no more: %w", err)
	}
	if err := json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m); err != nil {
		return m, err
	}
	b.loaded = b.loaded || m.Method == "Page.loadEventFired"
	if m.Method == "Network.requestWillBeSent" {
		var p struct{ Request struct{ URL string } }
		if err := json.Unmarshal(m.Params, &p); err != nil {
			return m, err
		}
		b.asked = append(b.asked, p.Request.URL)
	}
	return m, nil
}

// show opens a page in a window of a width, with a colour scheme, and waits until
// it has loaded.
func (b *browser) show(url string, width int, scheme string) error {
	b.asked, b.loaded = nil, false
	screen := map[string]any{"width": width, "height": 900, "screenWidth": width, "screenHeight": 900, "deviceScaleFactor": 1, "mobile": width < 600}
	if err := b.call("Emulation.setDeviceMetricsOverride", screen, nil); err != nil {
		return err
	}
	feature := []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}
	if err := b.call("Emulation.setEmulatedMedia", map[string]any{"features": feature}, nil); err != nil {
		return err
	}
	var navigated struct{ ErrorText string }
	if err := b.call("Page.navigate", map[string]any{"url": url}, &navigated); err != nil {
		return err
	}
	if navigated.ErrorText != "" {
		return fmt.Errorf("chromium cannot open it: %s", navigated.ErrorText)
	}
	for !b.loaded {
		if _, err := b.read(); err != nil {
			return err
		}
	}
	return nil
}

// requests returns the page's requests for anything but itself, as faults.
func (b *browser) requests(page string) (faults []string) {
	for _, url := range b.asked {
		if url != page && !strings.HasPrefix(url, "data:") { // the picture is inside the page, or inside Chromium's own
			faults = append(faults, "asks for "+url)
		}
	}
	return faults
}

// evaluate runs a script in the page and decodes the JSON that it returns.
func (b *browser) evaluate(script string, result any) error {
	var answer struct {
		Result           struct{ Value string }
		ExceptionDetails *struct{ Text string }
	}
	if err := b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &answer); err != nil {
		return err
	}
	if answer.ExceptionDetails != nil {
		return fmt.Errorf("the check of the page failed: %s", answer.ExceptionDetails.Text)
	}
	return json.Unmarshal([]byte(answer.Result.Value), result)
}

// picture returns the page as a PNG in base64.
func (b *browser) picture(width, height int) (string, error) {
	var answer struct{ Data string }
	clip := map[string]any{"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
	err := b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true, "clip": clip}, &answer)
	return answer.Data, err
}
