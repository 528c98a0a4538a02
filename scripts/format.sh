#!/bin/sh
# SPDX-License-Identifier: MIT
# Formats the C sources with the version of clang-format that .clang-format is written for.
#
#   format.sh            changes what is formatted otherwise
#   format.sh --check    changes nothing; the exit status says whether it would
set -eu
. "$(dirname "$0")/common.sh"

need clang-format-14 have clang-format-14
provide
cd "$root"
case ${1-} in
--check) set -- --dry-run --Werror ;;
*) set -- -i ;;
esac
find src include tests examples -name '*.[ch]' -exec clang-format-14 "$@" {} +
