#!/bin/bash
# SPDX-License-Identifier: MIT
# Every committed seed once through its fuzz target: those beside this file, and those that each protocol of the list
# must have. With arguments only the latter, of other sources and targets (tests/proto/add.sh).
#
#	run-seeds.sh [SOURCES TARGETS]
set -u
src=${1:-$top_srcdir/src}
targets=${2:-$top_builddir/tests/fuzz}
status=0
run() # TARGET FOLDER
{
	echo "fuzz-$1:"
	"$targets/fuzz-$1" "$2"/* || status=1
}
if [ $# -eq 0 ]; then
	for seeds in "$top_srcdir"/tests/fuzz/seeds-*; do
		run "${seeds##*/seeds-}" "$seeds"
	done
fi
while read -r _ name; do
	seeds=$src/proto/$name/seeds
	[ -n "$(ls "$seeds/fuzz-$name" 2>/dev/null)" ] || {
		echo "FAIL: the protocol $name has no seeds: there is none in $seeds/fuzz-$name"
		status=1
	}
	for folder in "$seeds"/fuzz-*; do
		[ -d "$folder" ] && run "${folder##*/fuzz-}" "$folder"
	done
done < <("$top_srcdir/src/proto/list.sh" "$src")
exit $status
