#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages from what git tracks, in a clean copy, and tries them out.
#
#   package.sh [DIRECTORY]    the packages are left in DIRECTORY (build-package)
#
# Lintian must have nothing to say, and the tests of debian/tests must pass in a root of their own, into which the packages are
# installed. As root such a root is made with mmdebstrap, from the archive that apt is set up with; where that cannot be had
# they are unpacked beside each other, and the tool is asked there.
set -eu
. "$(dirname "$0")/common.sh"
directory=$(realpath -m "${1-$root/build-package}")

need_for_build
need debhelper have dh
need dpkg-dev have dpkg-buildpackage
need libarchive-dev pkg-config --exists libarchive
need libcmocka-dev pkg-config --exists cmocka
need libsqlite3-dev pkg-config --exists sqlite3
need lintian have lintian
need xz-utils have xz
want mmdebstrap have mmdebstrap
provide

cd "$root"
version=$(sed -n "s/^bindsim (\(.*\)-[^-]*) .*/\1/p" debian/changelog | head -n 1)
grep -q "version: '$version'" meson.build || {
	say "debian/changelog is of $version, which meson.build is not"
	exit 1
}
rm -rf "$directory"
mkdir -p "$directory/bindsim-$version"
git ls-files -z | grep -zv '^debian/' | tar -c --null -T - | tar -x -C "$directory/bindsim-$version"
epoch=$(git log -1 --format=%ct)
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$directory" "bindsim-$version" |
	xz -T1 >"$directory/bindsim_$version.orig.tar.xz"
git ls-files -z debian | tar -c --null -T - | tar -x -C "$directory/bindsim-$version"

say 'building'
(cd "$directory/bindsim-$version" && dpkg-buildpackage -us -uc ${DEB_BUILD_JOBS:+-j"$DEB_BUILD_JOBS"}) >"$directory/build.log" 2>&1 || {
	tail -n 60 "$directory/build.log" >&2
	say "the build failed: $directory/build.log"
	exit 1
}

say 'lintian'
lintian --allow-root -EviIL +pedantic --fail-on error,warning \
	"$directory"/bindsim_*.changes >"$directory/lintian.log" 2>&1 || {
	cat "$directory/lintian.log" >&2
	exit 1
}
grep -E '^[EWIP]:' "$directory/lintian.log" || say 'lintian has nothing to say'

# The packages in a root of their own; the tests of debian/tests run in it.
try_in_root() {
	tree=$directory/root
	mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,pkgconf,python3-minimal,python3,libelf1,libjansson4,libinih-dev \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$tree" >"$directory/root.log" 2>&1 || return 77
	mkdir "$tree/packages"
	cp "$directory"/*.deb "$tree/packages"
	rm -f "$tree"/packages/*-dbgsym_*
	chroot "$tree" sh -c 'dpkg -i /packages/*.deb' >>"$directory/root.log" 2>&1
	cp -r debian/tests "$tree/tests"
	for test in tool library; do
		mkdir "$tree/tmp/$test"
		chroot "$tree" env -i PATH=/usr/bin:/bin AUTOPKGTEST_TMP="/tmp/$test" "/tests/$test" || {
			say "debian/tests/$test failed"
			return 1
		}
		say "debian/tests/$test passed in a root of its own"
	done
	chroot "$tree" dpkg --purge libbindsim-dev libbindsim1 bindsim >>"$directory/root.log" 2>&1
	left=$(find "$tree/usr" -name '*bindsim*')
	[ -z "$left" ] || {
		say "the packages leave behind: $left"
		return 1
	}
	rm -rf "$tree"
}

# The same without a root: unpacked, and asked where they lie.
try_unpacked() {
	tree=$directory/unpacked
	mkdir -p "$tree"
	for package in "$directory"/*.deb; do
		dpkg-deb -x "$package" "$tree"
	done
	"$tree/usr/bin/bindsim" /bin/true
	say 'the tool answers where it was unpacked'
}

if [ "$(id -u)" = 0 ] && have mmdebstrap; then
	status=0
	try_in_root || status=$?
	[ $status = 77 ] || exit $status
	say 'no root could be made'
fi
try_unpacked
