#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds bindsim in build-demo/, and asks it a question that is worth asking.
set -eu
. "$(dirname "$0")/common.sh"

need_for_build
provide
cd "$root"
say "building in build-demo/"
build build-demo/bindsim --buildtype=release -Dtests=false || exit 2
bindsim=$root/build-demo/bindsim/src/cli/bindsim

if ! sh scripts/fetch-example.sh build-demo/example; then
	say "without them, here is what a program of this system loads and binds"
	echo "\$ bindsim $(command -v sh)"
	exec "$bindsim" "$(command -v sh)"
fi
cd build-demo/example
out=$root/build-demo/output
mkdir -p "$out"

# ask FILE ARGUMENT...: the question, typed and put. What is printed is kept as FILE, too.
ask() {
	file=$out/$1
	shift
	echo "\$ bindsim $*"
	"$bindsim" "$@" >"$file" || {
		say "that is not what was expected: see $file"
		exit 1
	}
	cat "$file"
	echo
}

cat <<'END'

python3.11 has its whole library built in. Some program of it loads libpython3.11.so, too, as embedding
modules do. Which of the two copies will the library's own code use?

END
ask local --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:NOW,LOCAL
cat <<'END'
The library's code runs on the state and the types of the other copy. Why, for one of them?

END
ask explain explain --symbol PyLong_Type --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:NOW,LOCAL
cat <<'END'
With DEEPBIND they stay inside, and there are two interpreters in the process:

END
ask deepbind --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:NOW,LOCAL,DEEPBIND
if ! grep -q captured-references "$out/local" || grep -q captured-references "$out/deepbind"; then
	say "that is not what was expected: see $out"
	exit 1
fi
cat <<END
bindsim is build-demo/bindsim/src/cli/bindsim. Try it on a program of yours; --help lists the options.
END
