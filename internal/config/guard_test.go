//go:build unix

package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretKeys are the keys that name files with secrets, and a mailbox of each.
func secretKeys() map[string]string {
	const client = "[mailbox.oauth2]\nprovider = \"microsoft365\"\ntenant = \"t.example\"\nclient_id = \"1\"\n"
	return map[string]string{
		"password_file":        "password_file = \"FILE\"\n",
		"client_key_file":      "password_env = \"P\"\nclient_cert_file = \"cert\"\nclient_key_file = \"FILE\"\n",
		"client_secret_file":   client + "grant = \"client_credentials\"\nclient_secret_file = \"FILE\"\n",
		"key_file":             client + "grant = \"client_credentials\"\ncertificate_file = \"cert\"\nkey_file = \"FILE\"\n",
		"refresh_token_file":   client + "grant = \"refresh_token\"\nrefresh_token_file = \"FILE\"\n",
		"service_account_file": "[mailbox.oauth2]\ngrant = \"service_account\"\nprovider = \"google\"\nservice_account_file = \"FILE\"\n",
	}
}

// publicKeys are those of files that hold no secret and decide whom to trust.
func publicKeys() map[string]string {
	return map[string]string{
		"ca_file":          "password_env = \"P\"\nca_file = \"FILE\"\n",
		"client_cert_file": "password_env = \"P\"\nclient_cert_file = \"FILE\"\nclient_key_file = \"key\"\n",
	}
}

// withFile lays out a configuration whose one mailbox names a file, with that mode,
// in a folder with that mode.
func withFile(t *testing.T, keys string, file, folder fs.FileMode) (path, named string) {
	t.Helper()
	dir := layOut(t, map[string]string{
		"config.toml": "[[mailbox]]\nname = \"a\"\nhost = \"imap.example.com\"\nusername = \"u\"\n" + strings.ReplaceAll(keys, "FILE", "files/named"),
		"files/named": "hunter2",
	})
	named = filepath.Join(dir, "files", "named")
	chmod(t, named, file)
	chmod(t, filepath.Dir(named), folder)
	return filepath.Join(dir, "config.toml"), named
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// give makes a file somebody else's.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	if err := os.Lchown(path, 54321, 54321); err != nil {
		t.Fatal(err)
	}
}

// refuses wants Load to refuse a configuration with all of these words.
func refuses(t *testing.T, path string, words ...string) {
	t.Helper()
	cfg, err := Load(path)
	if err == nil {
		t.Fatalf("Load took it: %+v", cfg)
	}
	checkError(t, err)
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("Load error %q lacks %q", err, w)
		}
	}
}

// M-I1: what others may change is refused, whichever file it is, with the command
// that mends it and the line that names it.
func TestFilesThatOthersMayChangeAreRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range []map[string]string{secretKeys(), publicKeys()} {
		for key, text := range keys {
			t.Run(key, func(t *testing.T) {
				t.Parallel()
				path, named := withFile(t, text, 0o602, 0o755)
				refuses(t, path, "config.toml:", key+": every user of this machine may write to "+named, "; chmod go-w "+named)
				path, named = withFile(t, text, 0o600, 0o777)
				refuses(t, path, key+": every user of this machine may write to the folder "+filepath.Dir(named), "; chmod go-w "+filepath.Dir(named))
				path, _ = withFile(t, text, 0o600, 0o777|fs.ModeSticky)
				if _, err := Load(path); err != nil {
					t.Errorf("in a folder with the sticky bit: %v", err)
				}
				path, named = withFile(t, text, 0o600, 0o755)
				give(t, named)
				refuses(t, path, key+": "+named+" belongs to uid 54321", "; chown root "+named)
			})
		}
	}
}

// M-I1
func TestAConfigurationThatOthersMayChangeIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"all may write to it":         {func(t *testing.T, dir string) { chmod(t, dir+"/config.toml", 0o666) }, "; chmod go-w DIR/config.toml"},
		"all may write to its folder": {func(t *testing.T, dir string) { chmod(t, dir, 0o777) }, "the folder DIR; chmod go-w DIR"},
		"somebody else's":             {func(t *testing.T, dir string) { give(t, dir+"/config.toml") }, "; chown root DIR/config.toml"},
		"as an administrator finds it in a folder of everybody's": {func(t *testing.T, dir string) {
			give(t, dir+"/config.toml")
			chmod(t, dir+"/config.toml", 0o666)
			chmod(t, dir, 0o777)
		}, "; chmod go-w DIR"},
		"a group that is not ours": {func(t *testing.T, dir string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a file to another group")
			}
			if err := os.Chown(dir+"/config.toml", -1, 54321); err != nil {
				t.Fatal(err)
			}
			chmod(t, dir+"/config.toml", 0o660)
		}, "; chmod g-w DIR/config.toml"},
		"an included one":                 {func(t *testing.T, dir string) { chmod(t, dir+"/more/a.toml", 0o606) }, `including "more/a.toml": every user of this machine may write to DIR/more/a.toml; chmod go-w DIR/more/a.toml`},
		"the folder of an included one":   {func(t *testing.T, dir string) { chmod(t, dir+"/more", 0o777) }, `including "more/a.toml": every user of this machine may write to the folder DIR/more; chmod go-w DIR/more`},
		"a file named by an included one": {func(t *testing.T, dir string) { chmod(t, dir+"/more/secret", 0o666) }, "more/a.toml:5: mailbox[0].password_file: every user of this machine may write to DIR/more/secret; chmod go-w DIR/more/secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := layOut(t, map[string]string{"config.toml": "include = \"more/*.toml\"\n" + box("first"), "secret": "x", "more/a.toml": box("second"), "more/secret": "x"})
			if _, err := Load(filepath.Join(dir, "config.toml")); err != nil {
				t.Fatalf("before: %v", err)
			}
			tt.change(t, dir)
			refuses(t, filepath.Join(dir, "config.toml"), strings.ReplaceAll(tt.want, "DIR", dir))
		})
	}
}

// M-I2: a secret that every user may read is warned of, once, and is no fault.
func TestSecretsThatAllMayReadAreWarnedOfOnce(t *testing.T) {
	t.Parallel()
	for key, text := range secretKeys() {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			for mode, warns := range map[fs.FileMode]bool{0o600: false, 0o400: false, 0o440: false, 0o640: false, 0o644: true, 0o604: true} {
				path, named := withFile(t, text, mode, 0o755)
				cfg, err := Load(path)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				if warns {
					want = []string{key + ": every user of this machine may read " + named + "; chmod 600 " + named}
				}
				if got := strings.Join(cfg.Warnings, "\n"); got != strings.Join(want, "\n") {
					t.Errorf("mode %o: warnings %q, want %q", mode, got, want)
				}
			}
		})
	}
	for key, text := range publicKeys() {
		path, _ := withFile(t, text, 0o644, 0o755)
		if cfg, err := Load(path); err != nil || len(cfg.Warnings) > 0 {
			t.Errorf("%s that all may read: %v, %v; it is no secret", key, cfg, err)
		}
	}
	path, named := withFile(t, "password_file = \"FILE\"\n[[mailbox]]\nname = \"b\"\nhost = \"h.example\"\nusername = \"u\"\npassword_file = \"FILE\"\n", 0o644, 0o755)
	if cfg, err := Load(path); err != nil || len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0], named) {
		t.Errorf("two mailboxes with one file: %v, %v, want one warning", cfg, err)
	}
}

// M-I1: a file that was sound when the configuration was read is judged again at
// each log-in.
func TestAPasswordFileThatOthersCameToChangeIsNotRead(t *testing.T) {
	t.Parallel()
	source := PasswordSource{File: write(t, "hunter2", 0o600)}
	if _, err := source.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	chmod(t, source.File, 0o606)
	got, err := source.Read(t.Context())
	checkSecret(t, got, err, "", "password_file: every user of this machine may write to "+source.File+"; chmod go-w "+source.File)
}

func TestLoadSaysWhichFileItRead(t *testing.T) {
	t.Parallel()
	path, _ := withFile(t, secretKeys()["password_file"], 0o600, 0o755)
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Path != path {
		t.Errorf("Path = %q, want %q", cfg.Path, path)
	}
}
