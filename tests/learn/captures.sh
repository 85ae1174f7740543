#!/bin/bash
# SPDX-License-Identifier: MIT
# Learn from every capture that there is: the result always checks without a warning. With all admitted, a capture in
# which every message is one that some policy permits is replayed without a refusal.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
fail() { echo "FAIL: $*"; exit 1; }
shared="$top_srcdir/../shared"
[ -d "$shared/traffic" ] || { echo "SKIP: $shared/traffic is not there"; exit 77; }
for link in ethernet vlan qinq cooked cooked2 raw null loop pcapng ipv6; do
	python3 -B "$top_srcdir/tests/pcap/make-case.py" "$dir/made-$link.pcap" "$link"
done
each=${ZONED_EACH:-1} # one in so many of the captures
# what was made on one machine, with its ends apart
n=0
for capture in "$shared"/traffic/*.pcap; do
	name=$(basename "$capture" .pcap)
	[ $# = 0 ] && case $name in dnp3__conformance__8.[12]*) continue ;; esac	# many, and much alike
	n=$((n + 1))
	[ $((n % each)) = 0 ] || continue
	python3 -B "$top_srcdir/tests/learn/apart.py" "$capture" "$dir/made-$name.pcap" 502 20000 4840 2404 || [ $? = 3 ]
done
n=0 clean=0
for capture in "$dir"/made-*.pcap "$shared"/traffic/[!d]*.pcap* "$shared"/traffic/dnp3__[!c]*.pcap* "$shared"/cases/*.pcap; do
	n=$((n + 1))
	[[ $capture = "$dir"/* ]] || [ $((n % each)) = 0 ] || continue
	for admit in none all; do
		options=
		[ $admit = all ] && options="--admit all"
		rc=0
		# shellcheck disable=SC2086	# these are words
		timeout 100 "$ctl" learn $options "$capture" >"$dir/model" 2>"$dir/err" || rc=$?
		if [ $rc = 1 ] && grep -q 'nothing to learn from' "$dir/err"; then
			continue 2
		fi
		[ $rc = 0 ] || grep -q "^zonectl: $capture: " "$dir/err" || fail "$capture: $rc $(cat "$dir/err")"
		"$ctl" check "$dir/model" >"$dir/said" 2>&1 || fail "$capture: $(cat "$dir/said")"
		[ "$(wc -l <"$dir/said")" = 1 ] || fail "$capture: $(cat "$dir/said")"
	done
	grep -q 'no policy permits\|does not learn\|was understood' "$dir/model" && continue
	clean=$((clean + 1))
	grep -q '^zonectl: the proposed model refuses 0 of [0-9]* messages, and 0 of ' "$dir/err" ||
		fail "$capture: $(cat "$dir/err")"
	"$ctl" replay -m "$dir/model" "$capture" >"$dir/replayed" 2>/dev/null || true
	! grep -E '^[0-9]+ (drop|reset)' "$dir/replayed" || fail "$capture: replay refuses what was learned"
done
[ $((clean * each)) -ge 60 ] || fail "only $clean of $n captures are clean"
echo "ok: $n captures, $clean of them clean"
