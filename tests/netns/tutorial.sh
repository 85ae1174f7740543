#!/bin/bash
# SPDX-License-Identifier: MIT
# doc/tutorial.md, word for word: its commands, in its order, in the plant of plant.sh, print what it promises.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
here=$(dirname "$0")
page=${top_srcdir:-$here/../..}/doc/tutorial.md
python3 -B "$here/tutorial.py" script "$page" >"$dir/script" || exit 1
"$here/plant.sh" "$dir/script" >"$dir/printed" 2>&1
status=$?
[ "$status" = 77 ] && { cat "$dir/printed"; exit 77; }
python3 -B "$here/tutorial.py" compare "$page" "$dir/printed" && exit "$status"
exit 1
