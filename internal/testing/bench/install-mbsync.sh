#!/bin/sh
# Installs the mbsync that a backfill is measured against, where it is missing and
# can be installed. Never fails: the table then says what it could not compare.
command -v mbsync >/dev/null 2>&1 && exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
	echo "installing isync for the measurements"
	$as_root apt-get update -qq >/dev/null 2>&1
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends isync >/dev/null 2>&1
fi
command -v mbsync >/dev/null 2>&1 || echo "mbsync (Debian: isync) is not here and cannot be installed: nothing is compared with it"
exit 0
