#!/bin/bash
# SPDX-License-Identifier: MIT
# Each key of the model, its words and its bounds are in the manual, and each key of the manual is in the model.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
python3 -B "$top_srcdir/tests/model/keys.py" "$top_builddir/zonectl" "$top_srcdir/src" "$dir/man"
