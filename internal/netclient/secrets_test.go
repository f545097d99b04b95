package netclient_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"tlsbrief/internal/netclient"
)

// everyByte writes each byte of s in the given form.
func everyByte(form, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, form, s[i])
	}
	return b.String()
}

// everyRune writes each character of s in the given form.
func everyRune(form, s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, form, r)
	}
	return b.String()
}

func otherCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func reversed(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

func utf16Of(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// wrapped folds s into lines.
func wrapped(s string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(s), 10) {
		b.Write(chunk)
		b.WriteString("\r\n ")
	}
	return b.String()
}

// M-I4: a server repeats what it was sent, in any of the forms that mail software
// writes things in, alone or as a part of something longer.
func TestSecretsAreHiddenInEveryForm(t *testing.T) {
	t.Parallel()
	std := base64.StdEncoding.EncodeToString
	forms := map[string]func(string) string{
		"as it is":              func(s string) string { return s },
		"in other case":         otherCase,
		"in upper case":         strings.ToUpper,
		"backwards":             reversed,
		"base64":                func(s string) string { return std([]byte(s)) },
		"base64, no padding":    func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
		"base64url":             func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
		"base64, in upper case": func(s string) string { return strings.ToUpper(std([]byte("\x00me\x00" + s))) },
		"base64, in lower case": func(s string) string { return strings.ToLower(std([]byte("A1 LOGIN me " + s))) },
		"base64, wrapped":       func(s string) string { return wrapped(std([]byte(s))) },
		"base64 of base64":      func(s string) string { return std([]byte("AUTHENTICATE PLAIN " + std([]byte("\x00me\x00"+s)))) },
		"base64 of UTF-16":      func(s string) string { return std([]byte(utf16Of(s))) },
		"base64 of %":           func(s string) string { return std([]byte(url.QueryEscape(s))) },
		"base32":                func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) },
		"base32, small":         func(s string) string { return strings.ToLower(base32.StdEncoding.EncodeToString([]byte(s))) },
		"hex":                   func(s string) string { return hex.EncodeToString([]byte(s)) },
		"HEX":                   func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
		"hex with spaces":       func(s string) string { return everyByte("%02x ", s) },
		"hex with colons":       func(s string) string { return strings.TrimRight(everyByte("%02x:", s), ":") },
		"hex with 0x":           func(s string) string { return everyByte("0x%02x, ", s) },
		"%":                     func(s string) string { return everyByte("%%%02X", s) },
		"% of %":                func(s string) string { return everyByte("%%25%02X", s) },
		"a URL's query":         url.QueryEscape,
		"a URL's path":          url.PathEscape,
		"quoted-printable":      func(s string) string { return everyByte("=%02X", s) },
		"\\x":                   func(s string) string { return everyByte(`\x%02x`, s) },
		"\\ooo":                 func(s string) string { return everyByte(`\%03o`, s) },
		"\\u":                   func(s string) string { return everyRune(`\u%04x`, s) },
		"quoted":                func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) },
		"quoted by Go":          strconv.Quote,
		"quoted twice":          func(s string) string { return strconv.Quote(strconv.Quote(s)) },
		"quoted in ASCII":       func(s string) string { return strconv.QuoteToASCII(s) },
		"HTML":                  html.EscapeString,
		"HTML, numbers":         func(s string) string { return everyRune("&#%d;", s) },
		"in two lines":          func(s string) string { return s[:7] + "\r\n" + s[7:] },
		"its beginning":         func(s string) string { return s[:len(s)-3] },
		"base64, cut": func(s string) string {
			encoded := std([]byte("A1 LOGIN me " + s))
			return encoded[:len(encoded)-6]
		},
	}
	around := map[string]func(string) string{
		"%s":                            func(s string) string { return s },
		"cannot parse: %s":              func(s string) string { return "cannot parse: " + s },
		"base64(A1 LOGIN me %s)":        func(s string) string { return std([]byte("A1 LOGIN me " + s)) },
		"base64(A12 LOGIN me \"%s\")":   func(s string) string { return std([]byte(`A12 LOGIN me "` + s + `"`)) },
		"xbase64(A123 LOGIN me %s)":     func(s string) string { return "x" + std([]byte("A123 LOGIN me "+s)) },
		"hex(\\0me\\0%s)":               func(s string) string { return "got " + hex.EncodeToString([]byte("\x00me\x00"+s)) },
		"1000 bytes, then base64(%s)":   func(s string) string { return strings.Repeat("no ", 333) + std([]byte(s)) },
		"https://a.example/?p=base64()": func(s string) string { return "https://a.example/?p=" + std([]byte(s)) },
	}
	for _, password := range []string{`scripted "secret" with \ in it`, "Tr0ub4dor&3", "p%41ss+word=", "pässwörd", "correct horse battery staple"} {
		var secrets netclient.Secrets
		secrets.Add(password)
		for name, form := range forms {
			for place, put := range around {
				said := put(form(password))
				got := secrets.Hide(said)
				if !strings.Contains(got, "<secret>") {
					t.Errorf("%q %s, %s: Hide(%q) = %q", password, name, place, said, got)
				}
				// What is left of it must not give it away when it is decoded.
				for _, part := range []string{password[:5], std([]byte(password))[:6], hex.EncodeToString([]byte(password))[:8]} {
					if strings.Contains(strings.ToLower(got), strings.ToLower(part)) {
						t.Errorf("%q %s, %s: Hide(%q) = %q, which has %q", password, name, place, said, got, part)
					}
				}
			}
		}
	}
}

// Whatever a server says beside a secret stays, or nobody could tell what is wrong.
func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	var secrets netclient.Secrets
	secrets.Add("scripted secret")
	secrets.Add("eyJhbGciOiJSUzI1NiJ9xeyJzdWIiOiJ4In0xc2lnbmF0dXJl")
	secrets.AddAnswer([]byte("reports@example.test"))
	secrets.AddAnswer([]byte("\x00reports@example.test\x00scripted secret"))
	for _, said := range []string{
		"",
		"[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
		"LOGIN failed.",
		"AUTHENTICATE failed. reports@example.test is unknown",
		"Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
		"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [AM0PR10CA0001.EURPRD10.PROD.OUTLOOK.COM 2026-11-27T05:00:00.000Z 08DC0123456789AB]",
		"Gimap ready for requests from 192.0.2.1 ffacd0b85a97d-38f8f5c0e2fmb123456789f8f.12",
		"Passwort falsch für reports: größer 100% &amp; \\ = 0x",
		"https://accounts.example/" + strings.Repeat("x", 200),
	} {
		if got := secrets.Hide(said); got != said {
			t.Errorf("Hide(%q) = %q", said, got)
		}
	}
	const answer, want = "no: cmVwb3J0c0BleGFtcGxlLnRlc3Q=", "no: <secret>"
	if got := secrets.Hide(answer); got != want {
		t.Errorf("Hide(%q) = %q, want %q", answer, got, want)
	}
}

func TestSignedTokensAreHiddenThoughNobodySentThem(t *testing.T) {
	t.Parallel()
	var none netclient.Secrets
	const said, want = "I made eyJhbGci.eyJzdWIi.c2ln for you", "I made <secret> for you"
	if got := none.Hide(said); got != want {
		t.Errorf("Hide(%q) = %q, want %q", said, got, want)
	}
}

// M-I4: a form that nobody thought of is mostly one long word.
func TestOverlongWordsAreCut(t *testing.T) {
	t.Parallel()
	var secrets netclient.Secrets
	secrets.Add("scripted secret")
	long := strings.Repeat("ä?", 100)
	if got := secrets.Hide("it was " + long + "\tand more"); !strings.HasPrefix(got, "it was ä?ä?") || !strings.HasSuffix(got, "…\tand more") || len(got) > 60 {
		t.Errorf("Hide = %q", got)
	}
	var none netclient.Secrets
	if got := none.Hide(long); got != long {
		t.Errorf("Hide without secrets = %q", got)
	}
}

func TestShortSecretsAreHiddenWhereTheyStand(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"no: x1!":              "no: <secret>",
		"no: eDEhIGlzIHdyb25n": "no: <secret>", // base64 of "x1! is wrong"
		"no: X1! x1":           "no: X1! x1",
	} {
		var secrets netclient.Secrets
		secrets.Add("x1!")
		secrets.Add("")
		if got := secrets.Hide(said); got != want {
			t.Errorf("Hide(%q) = %q, want %q", said, got, want)
		}
	}
}

// A server may say a megabyte, and make it dear to search.
func TestHideIsBounded(t *testing.T) {
	t.Parallel()
	var secrets netclient.Secrets
	for i := range 20 {
		secrets.Add(strings.Repeat("ab", 2000) + strconv.Itoa(i))
	}
	nested := "scripted"
	for range 30 {
		nested = base64.StdEncoding.EncodeToString([]byte(nested))[:min(3000, 4*len(nested)/3)]
	}
	for name, said := range map[string]string{
		"long":    strings.Repeat("a", 1<<20),
		"words":   strings.Repeat("abab ", 1<<18),
		"nested":  nested,
		"escapes": strings.Repeat(`%25`, 2000),
	} {
		if got := secrets.Hide(said); len(got) > 5000 {
			t.Errorf("%s: Hide returns %d bytes", name, len(got))
		}
	}
}

func FuzzHide(f *testing.F) {
	f.Add("no: ", "secret word", " it is")
	f.Add("%", "A\\x41", "=")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if len(secret) < 4 || len(before)+len(secret) > 2000 {
			return
		}
		var secrets netclient.Secrets
		secrets.Add(secret)
		secrets.AddAnswer([]byte(before))
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
			if got := secrets.Hide(before + " " + form + " " + after); strings.Contains(got, form) {
				t.Errorf("Hide(%q + %q + %q) = %q", before, form, after, got)
			}
		}
	})
}
