# SPDX-License-Identifier: MIT
# Read by the scripts here: what they need, where it is missing, and how it comes.
#
#   need PACKAGE COMMAND   PACKAGE is needed if COMMAND fails
#   want PACKAGE COMMAND   the same, but without it some things are left out
#   provide                installs what is missing, or names it

root=$(cd "$(dirname "$0")/.." && pwd)
needs='' wants=''

say() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# A row for each call; the command is read again by eval.
need() {
	needs="$needs
$*"
}

want() {
	wants="$wants
$*"
}

# The packages of the rows $1 whose check fails.
missing() {
	printf '%s\n' "$1" | while read -r package check; do
		[ -z "$package" ] || (eval "$check") >/dev/null 2>&1 </dev/null || printf ' %s' "$package"
	done
}

# How to be root, if there is a way that asks nobody.
become_root() {
	if [ "$(id -u)" = 0 ]; then
		echo env
	elif have sudo && sudo -n true 2>/dev/null; then
		echo sudo -n
	elif have sudo && [ -t 0 ]; then
		echo sudo
	fi
}

# apt-get with what every call of it has; it is heard only when it fails.
apt() {
	# The words of $as_root are a command.
	# shellcheck disable=SC2086
	messages=$($as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 "$@" 2>&1 </dev/null) || {
		printf '%s\n' "$messages" >&2
		return 1
	}
}

provide() {
	lacking="$(missing "$needs")$(missing "$wants")"
	as_root=$(become_root)
	if [ -n "$lacking" ] && have apt-get && [ -n "$as_root" ]; then
		say "installing$lacking"
		apt update || say "the lists of packages could not be renewed"
		# One that cannot be had must not keep the others away.
		# shellcheck disable=SC2086
		apt install -y --no-install-recommends $lacking ||
			for package in $lacking; do
				apt install -y --no-install-recommends "$package" || say "no package $package"
			done
	elif [ -n "$lacking" ]; then
		say "these packages, by their names in Debian, are wanted:$lacking"
	fi
	lacking=$(missing "$needs")
	if [ -n "$lacking" ]; then
		say "it does not go on without:$lacking"
		exit 2
	fi
	lacking=$(missing "$wants")
	[ -z "$lacking" ] || say "going on without:$lacking"
}

# What a build takes.
need_for_build() {
	need gcc 'have ${CC:-cc}'
	need libc6-dev 'printf "#include <stdio.h>\n" | ${CC:-cc} -E -'
	need meson have meson
	need ninja-build 'have ninja || have samu'
	need pkg-config have pkg-config
	need libelf-dev 'printf "#include <gelf.h>\n" | ${CC:-cc} -E -'
	need libdw-dev 'printf "#include <elfutils/libdw.h>\n" | ${CC:-cc} -E -'
	need libjansson-dev pkg-config --exists jansson
	need libinih-dev pkg-config --exists inih
	want libarchive-dev pkg-config --exists libarchive
	want libsqlite3-dev pkg-config --exists sqlite3
	# A header and a static library, with no file for pkg-config.
	need libiberty-dev 'printf "#include <libiberty/demangle.h>\nint main;" | ${CC:-cc} -w -x c - -liberty -o /dev/null'
}

# build DIRECTORY OPTION...: configures the first time, then compiles what changed.
build() {
	directory=$1
	shift
	mkdir -p "$(dirname "$directory")"
	if ! { [ -f "$directory/build.ninja" ] || meson setup "$directory" "$root" "$@"; } >"$directory.log" 2>&1 ||
		! meson compile -C "$directory" >>"$directory.log" 2>&1; then
		cat "$directory.log"
		say "the build in $directory failed"
		return 1
	fi
}
