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

# ask FLAGS: the question, typed and put.
ask() {
	echo "\$ bindsim --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:$1"
	"$bindsim" --library-path=. ./python3.11 --dlopen "libpython3.11.so.1.0:$1" >"$out/$1"
	# The library's own bindings: what step 1 is about.
	grep -- '^ *libpython3.* -> ' "$out/$1" >"$out/$1.bindings"
}

cat <<'END'

python3.11 has its whole library built in. Some program of it loads libpython3.11.so, too, as embedding
modules do. Which of the two copies will the library's own code use?

END
ask NOW,LOCAL
ask NOW,LOCAL,DEEPBIND
cat <<'END'

Who binds to whom, and how often:

END
{
	printf '   %-46s %s\n' NOW,LOCAL NOW,LOCAL,DEEPBIND
	paste -d '|' "$out/NOW,LOCAL.bindings" "$out/NOW,LOCAL,DEEPBIND.bindings" | while IFS='|' read -r left right; do
		printf '   %-46s %s\n' "$left" "$right"
	done
}
captured=$(sed -n 's/.* -> python3.11  *\([0-9]*\).*/\1/p' "$out/NOW,LOCAL.bindings")
inside=$(sed -n 's/.* -> itself  *\([0-9]*\).*/\1/p' "$out/NOW,LOCAL,DEEPBIND.bindings")
if [ -z "$captured" ] || [ -z "$inside" ]; then
	say "that is not what was expected: see $out"
	exit 1
fi
cat <<END

Opened as usual, $captured references of the library lead into the program, $inside of them to data that the library
has itself: its code runs on the state and the types of the other copy. With DEEPBIND they stay inside, and
there are two interpreters in the process.

Some of them, in the words that LD_DEBUG=bindings would use:

\$ bindsim --format=ld-debug --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:NOW,LOCAL |
      grep 'libpython.* to ./python'
END
"$bindsim" --format=ld-debug --library-path=. ./python3.11 --dlopen libpython3.11.so.1.0:NOW,LOCAL |
	grep 'libpython.* to ./python' >"$out/captured"
sed 5q "$out/captured"
echo "         ... and $(($(wc -l <"$out/captured") - 5)) more"
cat <<END

bindsim is build-demo/bindsim/src/cli/bindsim. Try it on a program of yours; --help lists the options.
END
