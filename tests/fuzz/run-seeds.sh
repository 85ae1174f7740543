#!/bin/bash
# SPDX-License-Identifier: MIT
# Every committed seed once through its fuzz target.
set -u
status=0
for target in modbus inspect opcua opcua-flow; do
	echo "fuzz-$target:"
	"$top_builddir/tests/fuzz/fuzz-$target" "$top_srcdir/tests/fuzz/seeds-$target"/* || status=1
done
exit $status
