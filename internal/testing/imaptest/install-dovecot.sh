#!/bin/sh
# Installs the Dovecot that the tests start, where it is missing and can be
# installed. Never fails: the tests that need it skip and say so.
command -v dovecot >/dev/null 2>&1 || [ -x /usr/sbin/dovecot ] && exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
	echo "installing dovecot-imapd for the tests"
	$as_root apt-get update -qq >/dev/null 2>&1
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends dovecot-imapd >/dev/null 2>&1
fi
[ -x /usr/sbin/dovecot ] || echo "Dovecot (Debian: dovecot-imapd) is not here and cannot be installed: tests that need it are skipped"
exit 0
