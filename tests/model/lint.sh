#!/bin/bash
# SPDX-License-Identifier: MIT
# The lints of zonectl check; see lint.py.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
mkdir "$dir/models"
python3 -B "$top_srcdir/tests/model/lint.py" "$top_builddir/zonectl" "$top_srcdir" "$dir/man" "$dir/models"
