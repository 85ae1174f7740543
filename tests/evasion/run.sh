#!/bin/bash
# SPDX-License-Identifier: MIT
# Techniques from the literature to get a write past the gate, in three ways: without
# the gate, through the running gate, and from the capture of that through replay.
# EVASION_ROWS=PATTERN runs some rows only; EVASION_KEEP=DIR keeps what was recorded.
. "$(dirname "$0")/../netns/lab.sh"
lab_need
suite=$top_srcdir/tests/evasion/suite.py
lab_server() { :; }		# the suite is the device
export PYTHONDONTWRITEBYTECODE=1
lab_up

# Addresses that no kernel owns, more addresses of the device, a router behind the gate
# that drops what expires, and room for jumbo segments.
mac=$(in_c cat /sys/class/net/eth0/address)
{
	for i in {20..250}; do
		echo "neigh add 10.10.1.$i lladdr $mac nud permanent dev eth1"
		printf 'neigh add fd00:10:1::1:%x lladdr %s nud permanent dev eth1\n' $((i - 20)) "$mac"
	done
} | ip -n "$lab_g" -batch - || lab_fail "neighbours"
for i in 21 22; do
	ip -n "$lab_s" addr add 10.10.2.$i/24 dev eth0
	ip -n "$lab_s" addr add fd00:10:2::$i/64 dev eth0 nodad
done
in_s nft 'table inet hop { chain in { type filter hook input priority 0; ip ttl 1 drop; ip6 hoplimit 1 drop; }; }' ||
	lab_fail "the router behind the gate"
# A way from the device to one client that leaves out the gateway.
ip -n "$lab_c" link add around type veth peer name around netns "$lab_s"
ip -n "$lab_c" link set around up
ip -n "$lab_s" link set around up
ip -n "$lab_s" addr add 10.10.3.1/24 dev around
ip -n "$lab_s" route add 10.10.1.254/32 via 10.10.3.2
ip -n "$lab_s" neigh add 10.10.3.2 lladdr "$(in_c cat /sys/class/net/around/address)" nud permanent dev around
in_s sysctl -qw net.ipv4.tcp_fastopen=0x602	# a device that takes data in a SYN
for link in "$lab_c eth0" "$lab_g eth1" "$lab_g eth2" "$lab_s eth0"; do
	ip -n "${link% *}" link set "${link#* }" mtu 9000
done

timeout 120 "$python" "$suite" control "$lab_dir" $$ || lab_fail "control"

lab_model daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model.conf"
timeout 120 "$python" "$suite" inline "$lab_dir" $$ &
attack=$!
lab_wait 10 test -e "$lab_dir/opened" || lab_fail "the suite does not start"
lab_gate "$lab_dir/model.conf"
touch "$lab_dir/gate"
wait $attack || lab_fail "inline"
lab_gate_stop
grep -F "suppressed" "$lab_dir/json" "$lab_dir/syslog" && lab_fail "records were left out"

ZONED_RULES=$top_srcdir/rules "$top_builddir/tests/pcap/inline-gate" replay --checksums -m "$lab_dir/model.conf" "$lab_dir/capture.pcap" >"$lab_dir/replay" ||
	[ $? -eq 5 ] || lab_fail "replay"
[ -z "${EVASION_KEEP:-}" ] || cp -r "$lab_dir/." "$EVASION_KEEP"
"$python" "$suite" judge "$lab_dir"
