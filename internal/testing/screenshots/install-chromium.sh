#!/bin/sh
# Installs Debian's Chromium where there is none, for "make screenshots".
set -eu
if command -v chromium >/dev/null; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "make screenshots needs chromium: install it with your package manager" >&2
	exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
