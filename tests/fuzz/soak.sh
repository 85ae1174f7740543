#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fuzz every target for a given time, from the committed seeds.
#
#	tests/fuzz/soak.sh [SECONDS [DIR]]	default 600 s per target, /var/tmp/zoned-soak
#
# Builds with clang, libFuzzer and sanitizers in DIR/build. What is new is kept in
# DIR/corpus-TARGET, what crashes in DIR/crash-TARGET-*; the exit status is 1 then.
set -eu
seconds=${1:-600}
dir=${2:-/var/tmp/zoned-soak}
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$dir/build"
[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi >/dev/null)
cd "$dir/build"
[ -f Makefile ] || "$top/configure" -q CC=clang --enable-fuzzer --enable-sanitizers
corpora=$(cd "$top" && echo tests/fuzz/seeds-* src/proto/*/seeds/fuzz-*)
target_of() { printf '%s\n' "$@" | sed 's/.*\/\(seeds\|fuzz\)-//'; }
make -s -j2 $(printf 'tests/fuzz/fuzz-%s ' $(target_of $corpora)) >"$dir/build.log" 2>&1 ||
	{ tail -20 "$dir/build.log"; exit 1; }
status=0
for corpus in $corpora; do
	target=$(target_of "$corpus")
	mkdir -p "$dir/corpus-$target"
	log=$dir/$target.log
	timeout $((seconds + 60)) "tests/fuzz/fuzz-$target" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$dir/crash-$target-" "$dir/corpus-$target" "$top/$corpus" >"$log" 2>&1 ||
		{ status=1; tail -20 "$log"; }
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	echo "$target: ${runs:-0} runs, ${cover:-0} edges covered, $(find "$dir" -maxdepth 1 -name "crash-$target-*" | wc -l) crashes kept"
done
exit $status
