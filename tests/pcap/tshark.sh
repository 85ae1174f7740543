#!/bin/bash
# SPDX-License-Identifier: MIT
# Our own captures through tshark and through replay: the same messages.
set -eu
command -v tshark >/dev/null || { echo "tshark is not installed: skipped"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
for link in ethernet vlan qinq cooked cooked2 raw null loop pcapng ipv6; do
	python3 "$top_srcdir/tests/pcap/make-case.py" "$dir/c" "$link"
	# requests only for the address: in a response tshark prints that of its request
	tshark -r "$dir/c" -Y modbus -T fields -e frame.number -e tcp.srcport -e tcp.dstport -e mbtcp.trans_id \
		-e mbtcp.len -e mbtcp.unit_id -e modbus.func_code -e modbus.reference_num 2>/dev/null |
		awk -F'\t' -v OFS='\t' '$2 == 502 { $8 = "" } { print }' >"$dir/theirs"
	"$top_builddir/zonectl" replay --json "$dir/c" | python3 -c '
import json, sys
for m in map(json.loads, sys.stdin):
    print(*(str(m.get(k, "")).split("-")[0] for k in "frame sport dport tid length unit fc address".split()), sep="\t")' >"$dir/ours"
	[ "$(wc -l <"$dir/theirs")" = 3 ] || { echo "$link: tshark does not see three messages"; exit 1; }
	diff "$dir/theirs" "$dir/ours" || { echo "$link differs"; exit 1; }
	n=$((n + 1))
done
echo "$n captures, as tshark reads them"
