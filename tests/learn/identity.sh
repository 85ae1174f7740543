#!/bin/bash
# SPDX-License-Identifier: MIT
# What devices say of themselves in EtherNet/IP and S7 stands beside their assets; and as tshark reads it, where it is there.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
fail() { echo "FAIL: $*"; exit 1; }
python3 -B "$top_srcdir/tests/learn/identity_wire.py" pcap "$dir/devices.pcap"
"$ctl" learn "$dir/devices.pcap" >"$dir/learned.conf" 2>"$dir/err" || fail "learn: $(cat "$dir/err")"
"$ctl" check "$dir/learned.conf" >"$dir/said" 2>&1 && [ "$(wc -l <"$dir/said")" = 1 ] || fail "check: $(cat "$dir/said")"
tr -s '\n# ' ' ' <"$dir/learned.conf" >"$dir/words"
has() { grep -qF -- "$1" "$dir/words" || { cat "$dir/learned.conf"; fail "there is no $1"; }; }
has 'says of itself: "Rockwell Automation, CIP vendor 1, revision 20.13", "1769-L32E Logix5332E"; devices.pcap frame 5 { name = "station-10-2-0-9"; address = "10.2.0.9"; }'
has 'says of itself: "Omron, CIP vendor 47, revision 20.13", "NX102-9000"; devices.pcap frame 11 { name = "station-10-2-0-10"; address = "10.2.0.10"; }'
has 'says of itself: "6ES7 315-2EH14-0AB0", "PLC_1", "CPU 315-2 PN/DP"; devices.pcap frame 21 { name = "station-10-2-0-12"; address = "10.2.0.12"; }'
! grep -q 'NOT AN\|ROUND\|STATION"\|Copyright\|-10-2-0-11"' "$dir/words" || fail "something else is taken for an identity"
if command -v tshark >/dev/null; then
	tshark -r "$dir/devices.pcap" -T fields -e enip.lir.name -e cip.id.product_name -e s7comm.szl.0011.0001.mlfb -e s7comm.szl.001c.0000.text_0007 \
		>"$dir/tshark" 2>/dev/null || tshark -r "$dir/devices.pcap" -V >"$dir/tshark" 2>/dev/null
	for text in "1769-L32E Logix5332E" "NX102-9000"; do
		grep -qF "$text" "$dir/tshark" || tshark -r "$dir/devices.pcap" -V 2>/dev/null | grep -qF "$text" || fail "tshark does not read $text"
	done
	tshark -r "$dir/devices.pcap" -V 2>/dev/null >"$dir/tshark"
	for text in "6ES7 315-2EH14-0AB0" "CPU 315-2 PN/DP" "PLC_1"; do
		grep -qF "$text" "$dir/tshark" || fail "tshark does not read $text"
	done
	! grep -q "Malformed" "$dir/tshark" || fail "tshark: $(grep Malformed "$dir/tshark")"
fi
echo "ok"
