package config

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A file is config.toml as it stands there, before it is judged: every key
// there is, with its default in the tag. Lists in a tag are parted by commas.
// A default that depends on another key is given where that is judged.
type file struct {
	Include textKey `toml:"include"`

	Database struct {
		Path textKey   `toml:"path" default:"tlsrpt.db"`
		Keep amountKey `toml:"keep" default:"400d"`
	} `toml:"database"`

	Schedule struct {
		Timezone textKey `toml:"timezone" default:"UTC"`
		Poll     textKey `toml:"poll" default:"*/15 * * * *"`
		Digest   textKey `toml:"digest" default:"0 7 * * *"`
		Check    textKey `toml:"check" default:"30 5 * * *"`

		Parallel  numberKey `toml:"parallel" default:"4"`
		WarnAfter amountKey `toml:"warn_after" default:"24h"`
	} `toml:"schedule"`

	Mailboxes []fileMailbox `toml:"mailbox"`
	SMTP      fileSMTP      `toml:"smtp"`
	Digests   []fileDigest  `toml:"digest"`
	Accepts   []fileAccept  `toml:"accept"`
	Reports   fileReports   `toml:"reports"`

	DigestTemplates struct {
		Dir textKey `toml:"dir"`
	} `toml:"digest_templates"`

	DNS struct {
		Server textKey `toml:"server"`
	} `toml:"dns"`

	Check fileCheck `toml:"check"`
}

type fileMailbox struct {
	At key

	Name textKey `toml:"name"`
	fileServer
	Folders listKey `toml:"folders" default:"INBOX,\\Junk"`
	After   textKey `toml:"after" default:"seen"`
	Keyword textKey `toml:"keyword" default:"$TLSRPT"`
	MoveTo  textKey `toml:"move_to"`
	TLS     textKey `toml:"tls" default:"implicit"`
}

// A fileServer holds what an IMAP and an SMTP server have in common.
type fileServer struct {
	Host            textKey   `toml:"host"`
	Port            numberKey `toml:"port"`
	CAFile          textKey   `toml:"ca_file"`
	ServerName      textKey   `toml:"server_name"`
	ClientCertFile  textKey   `toml:"client_cert_file"`
	ClientKeyFile   textKey   `toml:"client_key_file"`
	Username        textKey   `toml:"username"`
	Password        rawKey    `toml:"password"`
	PasswordFile    textKey   `toml:"password_file"`
	PasswordEnv     textKey   `toml:"password_env"`
	PasswordCommand listKey   `toml:"password_command"`

	OAuth2 fileOAuth2 `toml:"oauth2"`
}

type fileSMTP struct {
	At key

	fileServer
	TLS           textKey `toml:"tls" default:"starttls"`
	From          textKey `toml:"from"`
	To            listKey `toml:"to"`
	SubjectPrefix textKey `toml:"subject_prefix" default:"[TLS]"`
}

type fileDigest struct {
	At key

	Name          textKey `toml:"name"`
	Domains       listKey `toml:"domains"`
	To            listKey `toml:"to"`
	Schedule      textKey `toml:"schedule" default:"daily"`
	Timezone      textKey `toml:"timezone"`
	OnlyWhen      textKey `toml:"only_when" default:"always"`
	SubjectPrefix textKey `toml:"subject_prefix"`
}

type fileAccept struct {
	At key

	ResultType textKey `toml:"result_type"`
	MX         textKey `toml:"mx"`
	Domain     textKey `toml:"domain"`
	Sender     textKey `toml:"sender"`
	Until      textKey `toml:"until"`
	Why        textKey `toml:"why"`
}

type fileReports struct {
	Domains           listKey   `toml:"domains"`
	Authenticity      textKey   `toml:"authenticity" default:"flag"`
	TrustedAuthservID listKey   `toml:"trusted_authserv_id"`
	TrustMicrosoft365 truthKey  `toml:"trusted_microsoft365" default:"false"`
	IgnoreSigners     listKey   `toml:"ignore_signers"`
	MaxMessage        amountKey `toml:"max_message" default:"10MiB"`
	MaxReport         amountKey `toml:"max_report" default:"64MiB"`
	MaxPolicies       numberKey `toml:"max_policies" default:"10000"`
	MaxFailures       numberKey `toml:"max_failures" default:"100000"`
	MaxUnknown        amountKey `toml:"max_unknown" default:"32MiB"`
}

// A key says where a setting stands.
type key struct {
	path string // such as "mailbox[0].host"
	line int    // of the value; of the table where the key is not in the file; else 0
	set  bool   // it is in the file
	bad  bool   // its type is wrong, which has been said: judge it no further
}

// A setting is a key that can be read from a value.
type setting interface {
	place(key)
	// fallback takes the default of the tag.
	fallback(def string)
	// read takes a value, or says what is wrong with its type.
	read(v *value) (problem string)
}

func (k *key) place(at key) { *k = at }

// A textKey is a string.
type textKey struct {
	key
	value string
}

func (k *textKey) fallback(def string) { k.value = def }

func (k *textKey) read(v *value) string {
	if v.kind != unstable.String {
		return "is " + describe(v) + ", but text belongs here; put it in quotes"
	}
	k.value = v.text
	return ""
}

// An amountKey is a string with a number and a unit; a bare number will do.
type amountKey struct {
	key
	value string
}

func (k *amountKey) fallback(def string) { k.value = def }

func (k *amountKey) read(v *value) string {
	if v.kind != unstable.String && v.kind != unstable.Integer {
		return "is " + describe(v) + `, but a number with its unit belongs here, in quotes, such as "` + k.value + `"`
	}
	k.value = v.text
	if n, err := strconv.ParseInt(v.text, 0, 64); v.kind == unstable.Integer && err == nil {
		k.value = strconv.FormatInt(n, 10) // 10_000 and 0x10 are numbers too
	}
	return ""
}

// A numberKey is a whole number.
type numberKey struct {
	key
	value int64
}

func (k *numberKey) fallback(def string) {
	if n, err := strconv.ParseInt(def, 10, 64); err == nil {
		k.value = n
	}
}

func (k *numberKey) read(v *value) string {
	n, err := strconv.ParseInt(v.text, 0, 64)
	if v.kind != unstable.Integer || err != nil {
		return "is " + describe(v) + ", but a whole number belongs here, without quotes"
	}
	k.value = n
	return ""
}

// A truthKey is true or false.
type truthKey struct {
	key
	value bool
}

func (k *truthKey) fallback(def string) { k.value = def == "true" }

func (k *truthKey) read(v *value) string {
	if v.kind != unstable.Bool {
		return "is " + describe(v) + ", but true or false belongs here, without quotes"
	}
	k.value = v.text == "true"
	return ""
}

// A listKey is a list of strings.
type listKey struct {
	key
	values []string
	lines  []int // of each value
}

func (k *listKey) fallback(def string) {
	if def != "" {
		k.values = strings.Split(def, ",")
		k.lines = make([]int, len(k.values))
	}
}

func (k *listKey) read(v *value) string {
	if v.kind != unstable.Array {
		return "is " + describe(v) + `, but a list belongs here; write it as ["…", "…"]`
	}
	k.values, k.lines = nil, nil
	for i, item := range v.items {
		if item.kind != unstable.String {
			k.line = item.line
			return "its item " + strconv.Itoa(i) + " is " + describe(item) + ", but text belongs there; put it in quotes"
		}
		k.values = append(k.values, item.text)
		k.lines = append(k.lines, item.line)
	}
	return ""
}

// at gives the place of one item of the list.
func (k *listKey) at(i int) key {
	return key{path: k.path + "[" + strconv.Itoa(i) + "]", line: k.lines[i], set: true}
}

// A rawKey is known only to be refused. What it holds is not looked at: it may
// be a secret.
type rawKey struct{ key }

func (k *rawKey) fallback(string)    {}
func (k *rawKey) read(*value) string { return "" }

// describe names the type of a value in a fault, never the value.
func describe(v *value) string {
	switch v.kind {
	case unstable.String:
		return "text"
	case unstable.Integer:
		return "a number"
	case unstable.Float:
		return "a number with a fraction"
	case unstable.Bool:
		return "true or false"
	case unstable.Array:
		return "a list"
	case unstable.Table:
		return "a table"
	default:
		return "a date or time"
	}
}
