#!/bin/sh
# Unpacks the Cyrus IMAP server that the tests start, where it is missing and can
# be had. Debian's packages of Cyrus and Dovecot exclude each other: the files go
# into a folder of their own, and only the libraries that they need are installed.
# No user is made, nothing is started. Never fails: the tests that need it skip
# and say so.
dir=/opt/tlsbrief-test/cyrus
{ [ -x $dir/usr/lib/cyrus/bin/master ] || [ -x /usr/lib/cyrus/bin/master ]; } && exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"

unpack() {
	work=$1
	cd "$work" || return 1
	apt-get download -qq cyrus-common cyrus-imapd >/dev/null 2>&1 || {
		$as_root apt-get update -qq
		apt-get download -qq cyrus-common cyrus-imapd
	} >/dev/null 2>&1 || return 1
	libraries=$(for deb in ./*.deb; do
		dpkg-deb -x "$deb" root && dpkg-deb -f "$deb" Depends
	done | tr ',' '\n' | sed -n 's/^ *\(lib[^ |]*\).*/\1/p' | grep -v -e '^libclamav' -e '^libzephyr' | sort -u)
	# shellcheck disable=SC2086 # one word each
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $libraries >/dev/null 2>&1
	found=$(dirname root/usr/lib/*/libcyrus.so.0)
	if LD_LIBRARY_PATH=$work/$found ldd root/usr/lib/cyrus/bin/imapd | grep -q 'not found'; then
		return 1
	fi
	# Whole or not at all: another run may do the same.
	$as_root mkdir -p ${dir%/*}
	$as_root cp -r root $dir.$$ && $as_root chmod -R go+rX $dir.$$ && $as_root mv -T $dir.$$ $dir 2>/dev/null
	$as_root rm -rf $dir.$$
}

if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
	echo "unpacking cyrus-imapd for the tests"
	work=$(mktemp -d) && {
		(unpack "$work")
		rm -rf "$work"
	}
fi
[ -x $dir/usr/lib/cyrus/bin/master ] || echo "Cyrus (Debian: cyrus-imapd) is not here and cannot be unpacked: tests that need it are skipped"
exit 0
