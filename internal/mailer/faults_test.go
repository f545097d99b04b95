package mailer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/smtpsink"
)

// TestFaultAtEveryStep lets every step fail in every way. Before MAIL nothing
// is the mail's fault; from there on 5yz is.
func TestFaultAtEveryStep(t *testing.T) {
	t.Parallel()
	steps := []struct {
		at           smtpsink.Step
		mode         smtpsink.Mode
		want         string
		aboutTheMail bool // whether a 5yz is permanent
		noAnswer     bool // whether there is none to give at this step
	}{
		{at: smtpsink.Greeting, mode: smtpsink.None, want: mailer.StepGreeting},
		{at: smtpsink.Greeting, mode: smtpsink.Implicit, want: mailer.StepGreeting},
		{at: smtpsink.EHLO, mode: smtpsink.None, want: mailer.StepEHLO},
		{at: smtpsink.EHLO, mode: smtpsink.STARTTLS, want: mailer.StepEHLO},
		{at: smtpsink.EHLO, mode: smtpsink.Implicit, want: mailer.StepEHLO},
		{at: smtpsink.StartTLS, mode: smtpsink.STARTTLS, want: mailer.StepStartTLS},
		{at: smtpsink.Handshake, mode: smtpsink.STARTTLS, want: mailer.StepTLS, noAnswer: true},
		{at: smtpsink.Handshake, mode: smtpsink.Implicit, want: mailer.StepTLS, noAnswer: true},
		{at: smtpsink.Auth, mode: smtpsink.None, want: mailer.StepAuth},
		{at: smtpsink.Auth, mode: smtpsink.Implicit, want: mailer.StepAuth},
		{at: smtpsink.MailFrom, mode: smtpsink.None, want: mailer.StepMail, aboutTheMail: true},
		{at: smtpsink.Rcpt, mode: smtpsink.None, want: mailer.StepRcpt, aboutTheMail: true},
		{at: smtpsink.Data, mode: smtpsink.None, want: mailer.StepData, aboutTheMail: true},
		{at: smtpsink.InBody, mode: smtpsink.None, want: mailer.StepData, aboutTheMail: true},
		{at: smtpsink.Body, mode: smtpsink.None, want: mailer.StepData, aboutTheMail: true},
		{at: smtpsink.Body, mode: smtpsink.STARTTLS, want: mailer.StepData, aboutTheMail: true},
		{at: smtpsink.Body, mode: smtpsink.Implicit, want: mailer.StepData, aboutTheMail: true},
	}
	ways := []struct {
		name  string
		fault smtpsink.Fault
	}{
		{"4yz", smtpsink.Fault{Code: 451, Text: "4.3.0 Try later"}},
		{"421 and gone", smtpsink.Fault{Code: 421, Text: "4.3.2 Going down", Do: smtpsink.DropAfter}},
		{"5yz", smtpsink.Fault{Code: 554, Text: "5.3.0 Never"}},
		{"gone", smtpsink.Fault{Do: smtpsink.Drop}},
		{"silent", smtpsink.Fault{Do: smtpsink.Stall}},
	}
	for _, step := range steps {
		for _, way := range ways {
			if step.noAnswer && way.fault.Code != 0 {
				continue // there is no such fault
			}
			t.Run(fmt.Sprintf("%s, %s: %s", step.at, step.mode, way.name), func(t *testing.T) {
				t.Parallel()
				fault := way.fault
				fault.Step = step.at
				sink := smtpsink.New(t, smtpsink.Options{Mode: step.mode, User: user, Password: password, Faults: []smtpsink.Fault{fault}})
				o := protected(sink, step.mode)
				if fault.Do == smtpsink.Stall {
					o.Timeout, o.DataTimeout = time.Second, time.Second
				}
				e := sendOne(t, o)
				// A busy machine may need longer than that to come as far as the fault.
				for ; sink.Struck(step.at) == 0 && o.Timeout < testTimeout; e = sendOne(t, o) {
					o.Timeout, o.DataTimeout = 4*o.Timeout, 4*o.Timeout
				}
				if e.Step != step.want {
					t.Errorf("error = %v: at step %s, want %s", e, e.Step, step.want)
				}
				if e.Code != fault.Code {
					t.Errorf("error = %v: code %d, want %d", e, e.Code, fault.Code)
				}
				if want := !step.aboutTheMail || fault.Code/100 != 5; e.Temporary != want {
					t.Errorf("error = %v: temporary %t, want %t", e, e.Temporary, want)
				}
				if n := len(sink.Mails()); n != 0 {
					t.Errorf("%d mails arrived", n)
				}
			})
		}
	}
}

// protected returns options for a sink of the mode, trusting its CA, logged in.
func protected(sink *smtpsink.Sink, mode smtpsink.Mode) mailer.Options {
	o := options(sink, true)
	o.TLS = netclient.TLSMode(mode)
	o.TLSConfig = trusting(sink)
	return o
}

// sendOne sends to one recipient and returns the error there must be.
func sendOne(t *testing.T, o mailer.Options) *mailer.Error {
	t.Helper()
	results, err := mailer.New(o).Send(t.Context(), sender, []string{alice}, letter)
	e := asError(t, results[0].Err)
	if err != nil && asError(t, err) != e {
		t.Errorf("Send's error %v is not its only result's %v", err, e)
	}
	if mailer.Temporary(results[0].Err) != e.Temporary {
		t.Errorf("Temporary(%v) = %t", e, !e.Temporary)
	}
	return e
}

// TestLostAnswer is DESIGN 2, promise 4: a mail whose fate is not known is sent
// again with the same bytes, and what the server took counts as taken.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for _, mode := range []smtpsink.Mode{smtpsink.None, smtpsink.STARTTLS, smtpsink.Implicit} {
		t.Run("gone before the answer to the mail, "+string(mode), func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{Mode: mode, User: user, Password: password,
				Faults: []smtpsink.Fault{{Step: smtpsink.Body, Times: 1, Do: smtpsink.Drop, Keep: true}}})
			o := protected(sink, mode)
			if e := sendOne(t, o); !e.Temporary || e.Step != mailer.StepData {
				t.Fatalf("error = %v (step %s, temporary %t), want a temporary one at data", e, e.Step, e.Temporary)
			}
			if results, err := mailer.New(o).Send(t.Context(), sender, []string{alice}, letter); err != nil || results[0].Err != nil {
				t.Fatalf("second Send = %v, %v", results, err)
			}
			mails := sink.Mails()
			if len(mails) != 2 || string(mails[0].Data) != string(mails[1].Data) {
				t.Errorf("%d mails arrived, want the same twice", len(mails))
			}
		})
		t.Run("gone after the answer to the mail, "+string(mode), func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{Mode: mode, User: user, Password: password,
				Faults: []smtpsink.Fault{{Step: smtpsink.Body, Do: smtpsink.DropAfter}}})
			results, err := mailer.New(protected(sink, mode)).Send(t.Context(), sender, []string{alice}, letter)
			if err != nil || results[0].Err != nil {
				t.Fatalf("Send = %v, %v; the server took the mail before it went", results, err)
			}
			if n := len(sink.Mails()); n != 1 {
				t.Errorf("%d mails arrived, want 1", n)
			}
		})
	}
}

func TestCancelEndsTheConnection(t *testing.T) {
	t.Parallel()
	why := errors.New("the worker is stopping")
	tests := []struct {
		name string
		at   smtpsink.Step
		size int
		want []string
	}{
		// The server is reached before the client knows.
		{"while waiting for a greeting", smtpsink.Greeting, 100, []string{mailer.StepGreeting, mailer.StepConnect}},
		{"while waiting for an answer", smtpsink.MailFrom, 100, []string{mailer.StepMail}},
		{"in the middle of the mail", smtpsink.InBody, 16 << 20, []string{mailer.StepData}},
		{"while waiting for the last word", smtpsink.Body, 100, []string{mailer.StepData}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{Faults: []smtpsink.Fault{{Step: tt.at, Do: smtpsink.Stall}}})
			ctx, cancel := context.WithCancelCause(t.Context())
			o := options(sink, false)
			o.Timeout, o.DataTimeout = time.Hour, time.Hour
			done := make(chan []mailer.Result)
			go func() {
				data := []byte(strings.Repeat(strings.Repeat("x", 70)+"\r\n", tt.size/72+1))
				results, _ := mailer.New(o).Send(ctx, sender, []string{alice}, data)
				done <- results
			}()
			waitFor(t, func() bool { return sink.Struck(tt.at) > 0 })
			cancel(why)
			results := <-done
			e := asError(t, results[0].Err)
			if !slices.Contains(tt.want, e.Step) || !e.Temporary || !errors.Is(e, why) {
				t.Errorf("error = %v (step %s, temporary %t), want a temporary one at %s that wraps the cause", e, e.Step, e.Temporary, tt.want)
			}
		})
	}
}

// waitFor polls until f holds.
func waitFor(t *testing.T, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("waited in vain")
		}
	}
}

func TestCancelledBeforehand(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mailer.New(options(sink, false)).Send(ctx, sender, []string{alice}, letter)
	if !errors.Is(err, context.Canceled) || !mailer.Temporary(err) {
		t.Errorf("Send = %v, want a temporary error that wraps context.Canceled", err)
	}
	if n := sink.Connections(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	// A port that was closed just now may be another test's by the time it is tried.
	const host, port = "127.255.255.254", 9
	e := sendOne(t, mailer.Options{Host: host, Port: port, TLS: netclient.TLSNone})
	if e.Step != mailer.StepConnect || !e.Temporary || !errors.Is(e, syscall.ECONNREFUSED) {
		t.Errorf("error = %v (step %s, temporary %t)", e, e.Step, e.Temporary)
	}
	// M-G13: server and cause, once.
	if want := fmt.Sprintf("%s:%d: connection refused (nothing listens there: check host and port %d)", host, port, port); e.Error() != want {
		t.Errorf("error = %q, want %q", e, want)
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	e := sendOne(t, mailer.Options{Host: "mail.invalid", Port: 25, TLS: netclient.TLSNone, Timeout: testTimeout})
	if e.Step != mailer.StepConnect || !e.Temporary || e.Hint == "" {
		t.Errorf("error = %v (step %s, temporary %t), want a temporary one with a hint at connect", e, e.Step, e.Temporary)
	}
}

func TestUnknownModeSendsNothing(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t, smtpsink.Options{})
	for _, mode := range []netclient.TLSMode{"", "TLS", "plain"} {
		o := options(sink, false)
		o.TLS = mode
		if e := sendOne(t, o); e.Step != mailer.StepConnect || !strings.Contains(e.Error(), "starttls") {
			t.Errorf("tls = %q: error = %v, want one that names the modes", mode, e)
		}
	}
	if n := sink.Connections(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
}

// TestServerThatNeverStopsTalking has a server whose greeting has no end.
func TestServerThatNeverStopsTalking(t *testing.T) {
	t.Parallel()
	port := serve(t, func(conn net.Conn) {
		for {
			if _, err := fmt.Fprintf(conn, "220-%s\r\n", strings.Repeat("bla ", 100)); err != nil {
				return
			}
		}
	})
	e := sendOne(t, mailer.Options{Host: "127.0.0.1", Port: port, TLS: netclient.TLSNone, Timeout: testTimeout})
	if e.Step != mailer.StepGreeting || !strings.Contains(e.Error(), "says more than") {
		t.Errorf("error = %v (step %s), want the bound to have struck at the greeting", e, e.Step)
	}
}

// serve runs f for the one connection to a port, which it returns.
func serve(t *testing.T, f func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		f(conn)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

func TestWordsOfTheServer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"are quoted with code and enhanced code", "5.7.1 Not as this sender", "the server answered 550 5.7.1 Not as this sender"},
		{"without an enhanced code", "Not as this sender", "the server answered 550 Not as this sender"},
		{"cannot act on a terminal", "5.7.1 a\x1b[2Jb\u202ec\td", "550 5.7.1 a [2Jb c d"},
		{"are bounded", "5.7.1 " + strings.Repeat("ä", 400), strings.Repeat("ä", 254) + "…"},
		{"broken UTF-8", "5.7.1 a\xff\xfeb", "5.7.1 a b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t, smtpsink.Options{Faults: []smtpsink.Fault{{Step: smtpsink.MailFrom, Code: 550, Text: tt.text}}})
			e := sendOne(t, options(sink, false))
			if !strings.Contains(e.Error(), tt.want) {
				t.Errorf("error = %q, want it to hold %q", e, tt.want)
			}
			var reply *mailer.Reply
			if !errors.As(e, &reply) || len(reply.Text) > 512 {
				t.Errorf("reply = %+v, want one of at most 512 bytes", reply)
			}
			if !strings.Contains(e.Error(), sender) || !strings.Contains(e.Error(), fmt.Sprint(sink.Port())) {
				t.Errorf("error = %q, want it to name the server and the sender", e)
			}
		})
	}
}
