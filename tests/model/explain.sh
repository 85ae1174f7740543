#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl explain: a table of questions of each protocol with what it must answer; each change that it proposes is
# pasted into the model, and then permits that message and not its neighbours, in an explanation and in a replay.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL="$dir/none"
python3 -B "$top_srcdir/tests/model/explain.py" "$top_builddir/zonectl" "$top_srcdir" "$dir"
python3 -B "$top_srcdir/tests/model/explain_keys.py" "$top_builddir/zonectl" "$top_srcdir" "$dir"

# Which conduit is closed, and when it is open.
gates="$top_srcdir/tests/model/good/gates.conf"
"$top_builddir/zonectl" explain -m "$gates" "10.1.0.5 -> 10.2.0.5 ssh" >"$dir/out" && exit 1
grep -q '^note: conduit default (.*gates.conf:7) has this, and is open: on grant$' "$dir/out" || { cat "$dir/out"; exit 1; }
grep -q '^could be permitted by: no change of the model' "$dir/out" || { cat "$dir/out"; exit 1; }
