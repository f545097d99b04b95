package imapbox

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"tlsbrief/internal/netclient"
)

// Options say how to reach a mailbox and as whom.
type Options struct {
	// Name is what the configuration calls the mailbox; errors begin with it.
	Name string
	Host string
	Port int
	TLS  netclient.TLSMode
	// TLSConfig and Dial are those of [netclient.Server].
	TLSConfig *tls.Config
	Dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	// Auth yields the credentials at the moment of use, so that a rotated
	// secret or a fresh token is picked up.
	Auth func(ctx context.Context) (netclient.Credentials, error)
	// Token, if set, yields an OAuth2 access token that is used in place of the
	// password. refused, where not empty, is one that it gave and that the server
	// has just refused: another is tried, once.
	Token func(ctx context.Context, refused string) (string, error)
	// Grant is how Token gets its tokens, for advice on refused ones.
	Grant netclient.Grant
	// Timeout bounds each wait for the network: to connect, and for the next
	// bytes of an answer. Zero means a minute. A whole command may last twenty
	// times as long.
	Timeout time.Duration
	// Log gets what helps in finding a fault, at debug level, and the lines of a
	// server that were skipped, as warnings; nil discards both.
	Log *slog.Logger
	// Passed, if set, is called after each step of Open that went well, with what was
	// found, in one printable line.
	Passed func(step, detail string)

	quote func(string) string // makes what a server says before the login fit for an error
	// Version is the version of the program that is sent to a server that wants
	// to know its clients (ID, RFC 2971); the name is "tlsbrief". Empty: no version.
	Version string
	// Batches bound what one command asks for. They change the number of commands,
	// and no result.
	Batches Batches

	silent bool // ID is not sent
}

// Batches bound what one command asks for; zero stands for the default of each.
type Batches struct {
	// UIDs is how many messages a command names: 5,000, and never more.
	UIDs int
	// Few is how many messages are asked for together that a larger batch left out,
	// before each of them is asked for alone: 20.
	Few int
	// Bodies and Headers are how many bytes of them are held at once: 16 MiB, unless
	// a single message is larger, and 8 MiB.
	Bodies, Headers int64
}

func (b Batches) withDefaults() Batches {
	if b.UIDs <= 0 || b.UIDs > maxSetUIDs {
		b.UIDs = maxSetUIDs
	}
	if b.Few <= 0 {
		b.Few = 20
	}
	if b.Bodies <= 0 {
		b.Bodies = 16 << 20
	}
	if b.Headers <= 0 {
		b.Headers = 8 << 20
	}
	return b
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = defaultWait
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Passed == nil {
		o.Passed = func(string, string) {}
	}
	o.Batches = o.Batches.withDefaults()
	return o
}
