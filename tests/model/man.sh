#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual says what the program does: the examples of zoned-model(5) and zoned.conf(5) load,
# zoned-events(5) lists exactly the reasons of the table, pages are well formed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
sed -n '/^\.Bd/,/^\.Ed/p' "$top_srcdir/man/zoned-model.5" | grep -v '^\.' >"$dir/example.conf"
"$ctl" check "$dir/example.conf"
sed -n '/^\.Bd/,/^\.Ed/p' "$top_srcdir/man/zoned.conf.5" | grep -v '^\.' >"$dir/daemon.conf"
"$ctl" check "$dir/daemon.conf"
sed -n 's/^\.It Cm //p' "$top_srcdir/man/zoned-events.5" >"$dir/man"
"$ctl" reasons | sed 's/ .*//' >"$dir/table"
diff "$dir/table" "$dir/man"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$top_srcdir"/man/*.[58]
fi
