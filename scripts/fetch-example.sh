#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts three files of Debian's packages side by side into a directory: a python that has its library inside, the same
# library as a shared object, and what both need. Nothing is installed and nothing of it is run.
#
#   fetch-example.sh DIRECTORY
#
# What is there already is kept. The exit status is 1 where the packages cannot be had.
set -eu
. "$(dirname "$0")/common.sh"

packages='python3.11-minimal libpython3.11 libexpat1'
directory=${1:?usage: fetch-example.sh DIRECTORY}

[ ! -f "$directory/version" ] || exit 0
for tool in apt-get dpkg dpkg-deb; do
	have $tool || {
		say "the example is taken from Debian's packages, and there is no $tool here"
		exit 1
	}
done
say "fetching python3.11 and libpython3.11 into $directory (4 MB, once; nothing of it is installed or run)"
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
unfinished=$directory/unfinished
rm -rf "$unfinished"
mkdir "$unfinished"
cd "$unfinished"

# The words of $packages are packages.
# shellcheck disable=SC2086
download() {
	apt-get -qq -o APT::Sandbox::User= download $packages >/dev/null 2>"$unfinished/messages" </dev/null
}

if ! download; then
	as_root=$(become_root)
	[ -z "$as_root" ] || apt update || true
	download || {
		cat messages >&2
		say "these packages could not be downloaded: $packages"
		exit 1
	}
fi
for package in *.deb; do
	dpkg -x "$package" tree
done
dpkg-deb --field python3.11-minimal_*.deb Version >version
cp tree/usr/bin/python3.11 tree/usr/lib/*/libpython3.11.so.1.0 "$directory"
cp -L "$(find tree -name libexpat.so.1)" "$directory"
# Last of all, for it says that the rest is there.
mv version "$directory"
rm -rf "$unfinished"
