#!/bin/bash
# SPDX-License-Identifier: MIT
# Every committed seed once through its fuzz target.
set -u
status=0
for seeds in "$top_srcdir"/tests/fuzz/seeds-*; do
	target=${seeds##*/seeds-}
	echo "fuzz-$target:"
	"$top_builddir/tests/fuzz/fuzz-$target" "$seeds"/* || status=1
done
exit $status
