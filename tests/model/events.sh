#!/bin/bash
# SPDX-License-Identifier: MIT
# Each field of a record and of replay is in the manual, in its place, and each field of the manual is in one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
export ZONED_RULES="$top_srcdir/rules"
"$top_builddir/tests/model/event-walks" >"$dir/walks"
python3 -B "$top_srcdir/tests/model/events.py" "$top_builddir/zonectl" "$top_srcdir" "$dir"
