package config

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a password or token that shows itself only when asked: however
// it is printed, logged or encoded, "<secret>" comes out. Two places are beyond
// its reach: fmt calls no methods of unexported fields, and encoding/json none
// of the keys of a map. Keep it out of both.
type Secret string

// hidden stands wherever a secret would.
const hidden = "<secret>"

// Reveal returns the secret itself, for the one place that sends it to a server.
func (s Secret) Reveal() string { return string(s) }

// String returns "<secret>".
func (s Secret) String() string { return hidden }

// GoString returns "<secret>", for %#v.
func (s Secret) GoString() string { return hidden }

// Format writes "<secret>" for every verb; %x and %d would not ask String.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText returns "<secret>", for XML, TOML and others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON returns "<secret>" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// LogValue returns "<secret>" to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Value refuses to put a secret into a database, where database/sql would
// otherwise store it as the string that it is.
func (s Secret) Value() (driver.Value, error) {
	return nil, errors.New("a secret does not go into a database")
}
