#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds bindsim in build-test/, and passes all tests.
#
#   test.sh            everything: gcc, clang and sanitizer builds, all suites, the form of the sources, the demo
#   test.sh --quick    one build and all suites but the long ones
#   test.sh --exhaustive  the same with all that random cases there are, which takes twice as long
#   test.sh --foreign  one build, and what other machines' loaders say: installs their toolchains and emulators (1 GB)
set -eu
. "$(dirname "$0")/common.sh"

quick=false foreign=false left_out='--no-suite exhaustive'
for word; do
	case $word in
	--quick) quick=true ;;
	--exhaustive) left_out= ;;
	--foreign) quick=true foreign=true ;;
	*)
		say "unknown option $word; there are --quick, --exhaustive and --foreign"
		exit 2
		;;
	esac
done

# Documents of megabytes are validated within milliseconds by a package that Debian has not; where it cannot be had there
# is a slow one (tests/json/validation.py).
python_packages=$root/build-test/python
can_validate() {
	PYTHONPATH=$python_packages python3 -c 'import jsonschema_rs'
}
fetch_validator() {
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$python_packages" \
		--only-binary :all: jsonschema-rs
}

# DuckDB is asked about streams as docs/queries.md tells.
fetch_duckdb() {
	PYTHONPATH=$python_packages python3 -c 'import duckdb' 2>/dev/null ||
		python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$python_packages" \
			--only-binary :all: duckdb
}

need_for_build
need gcc have gcc
need binutils have readelf
need libcmocka-dev pkg-config --exists cmocka
need python3 'python3 -c "import sys; sys.exit(sys.version_info < (3, 10))"'
want python3-pip 'can_validate || python3 -m pip --version'
want jq have jq
want sqlite3 have sqlite3
want parallel have parallel
want clang have clang
want g++ have g++
want dwz have dwz
want xz-utils have xz
want lld have ld.lld
want man-db have man
want groff 'printf ".Dd\n" | groff -mdoc -Tutf8 -z'
want mandoc have mandoc
want bash-completion test -e /usr/share/bash-completion/bash_completion
want zsh have zsh
want fish have fish
want musl test -e /lib/ld-musl-x86_64.so.1
want musl-tools have musl-gcc
want gdb have gcore
want python3-yaml "python3 -c 'import yaml'"
want python3-dev 'ls /usr/include/python3*/Python.h'
if ! $quick; then
	want clang-format-14 have clang-format-14
	want valgrind have valgrind
	want faketime have faketime
	want libasan8 'printf "int main(void) { return 0; }" | gcc -fsanitize=address,undefined -x c - -o /dev/null'
	want graphviz have dot
	want chromium have chromium
	want chromium-driver have chromedriver
	want locales 'test -f /usr/share/i18n/locales/de_DE'
fi
if $foreign; then
	for machine in aarch64:aarch64-linux-gnu:arm64 arm:arm-linux-gnueabihf:armhf riscv64:riscv64-linux-gnu:riscv64 \
		ppc64le:powerpc64le-linux-gnu:ppc64el s390x:s390x-linux-gnu:s390x mips64el:mips64el-linux-gnuabi64:mips64el \
		i386:i686-linux-gnu:i386 x32:x86_64-linux-gnux32:x32; do
		triplet=${machine#*:} debian=${machine##*:}
		triplet=${triplet%:*}
		want "gcc-$(printf %s "$triplet" | tr _ -)" have "$triplet-gcc"
		want "libc6-dev-$debian-cross" test -e "/usr/$triplet/include/dlfcn.h"
		want "libstdc++6-$debian-cross" "ls /usr/$triplet/lib*/libstdc++.so.6"
	done
	want qemu-user-static have qemu-aarch64-static
	want qemu-system-x86 have qemu-system-x86_64
	want qemu-system-arm have qemu-system-aarch64
fi
provide
cd "$root"
if ! can_validate 2>/dev/null && ! fetch_validator; then
	say 'no package jsonschema-rs: documents are validated slowly, the largest not at all'
	want python3-jsonschema "python3 -c 'import jsonschema'"
	provide
fi
fetch_duckdb || say 'no package duckdb: the queries for it are not run'

# Fixtures are kept between runs (tests/made.py), those that were not used for a week are not.
BINDSIM_FIXTURES=${BINDSIM_FIXTURES-$root/build-test/fixtures}
export BINDSIM_FIXTURES
[ ! -d "$BINDSIM_FIXTURES" ] || find "$BINDSIM_FIXTURES" -type f -mtime +7 -delete

# One more than there are processors: some tests wait.
processes=$(($(getconf _NPROCESSORS_ONLN) + 1))
passed=0 failed=0 skipped=0
failures=

# count WHAT PASSED FAILED SKIPPED
count() {
	passed=$((passed + $2))
	failed=$((failed + $3))
	skipped=$((skipped + $4))
	[ "$3" = 0 ] || failures="$failures
  $1"
}

# step WHAT COMMAND...: one thing that passes or fails.
step() {
	what=$1
	shift
	printf '\n== %s\n' "$what"
	if "$@"; then
		count "$what" 1 0 0
	else
		count "$what" 0 1 0
		return 1
	fi
}

skip() {
	printf '\n== %s: skipped, %s\n' "$1" "$2"
	count "$1" 0 0 1
}

# The number behind a word in the summary of meson test.
number() {
	sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$2" | tail -n 1 | grep . || echo 0
}

# suites WHAT DIRECTORY OPTION...: runs meson test; each of its tests counts.
suites() {
	what=$1 directory=$2
	shift 2
	printf '\n== %s\n' "$what"
	summary=$directory.summary
	status=0
	rm -f "$directory"/meson-logs/testlog*.txt
	meson test -C "$directory" --print-errorlogs --num-processes "$processes" "$@" >"$summary" 2>&1 </dev/null || status=$?
	cat "$summary"
	# How much was held against the real loader.
	grep -hE '^[0-9]+ .*(asked of| compared, )' "$directory"/meson-logs/testlog*.txt || true
	ok=$(number Ok "$summary")
	bad=$(($(number Fail "$summary") + $(number Timeout "$summary") + $(number 'Unexpected Pass' "$summary")))
	# A run that did not come to its summary has failed, and so has one of no tests.
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	[ "$ok" != 0 ] || [ "$bad" != 0 ] || bad=1
	count "$what" "$ok" "$bad" "$(number Skipped "$summary")"
}

# A locale that writes numbers and messages otherwise, in a directory of its own.
make_locale() {
	have localedef && [ -f /usr/share/i18n/locales/de_DE ] || return 1
	mkdir -p build-test/locale
	[ -d build-test/locale/de_DE.UTF-8 ] || localedef -i de_DE -f UTF-8 "$root/build-test/locale/de_DE.UTF-8"
}

can_validate 2>/dev/null || skip 'JSON of the scenarios' 'there is no jsonschema-rs'

# README's transcripts are about it. Without it they are skipped.
sh scripts/fetch-example.sh build-demo/example || true

if step 'build with gcc, warnings are errors' build build-test/gcc -Dwerror=true; then
	if $foreign; then
		suites "other machines' loaders" build-test/gcc --setup=full --suite foreign
	elif $quick; then
		suites 'all suites but the long ones' build-test/gcc
	else
		# shellcheck disable=SC2086
		suites 'all suites but foreign and corpus' build-test/gcc --setup=full --no-suite foreign --no-suite corpus $left_out
		printf "\n== other machines' loaders: left out; scripts/test.sh --foreign asks them\n"
	fi
fi

if ! $quick; then
	# One more run of the command line's tests, for two things that have nothing to do with each other.
	if make_locale; then
		LC_ALL=de_DE.UTF-8 LOCPATH=$root/build-test/locale
		export LC_ALL LOCPATH
	else
		skip 'command line in a German locale' 'there is no such locale'
	fi
	if have clang; then
		CC=clang
		export CC
		step 'build with clang, warnings are errors' build build-test/clang -Dwerror=true &&
			suites 'clang, in a German locale: unit and command line' build-test/clang --suite unit --suite cli &&
			suites 'clang: files that change between two reads' build-test/clang --setup full hostile-lies
		unset CC
	else
		skip 'build with clang' 'there is no clang'
		suites 'command line in a German locale' build-test/gcc --suite cli
	fi
	unset LC_ALL LOCPATH

	if step 'build with sanitizers' build build-test/sanitize --native-file dev.ini; then
		suites 'sanitizers: unit, command line, JSON, fuzz replay, hostile files, library, scenarios and random graphs' build-test/sanitize \
			--suite unit --suite cli --suite json --suite fuzz-replay --suite scenario --suite oracle --suite api --suite hostile --no-suite long --timeout-multiplier 3
	fi

	if have clang-format-14; then
		step 'form of the C sources' sh scripts/format.sh --check || true
	else
		skip 'form of the C sources' 'there is no clang-format-14'
	fi

	step 'the demonstration' sh scripts/demo.sh || true
fi

[ -z "$failures" ] || printf '\nfailed:%s\n' "$failures"
printf '\n%s passed, %s failed, %s skipped\n' $passed $failed $skipped
[ $failed = 0 ]
