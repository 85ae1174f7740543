#!/bin/bash
# SPDX-License-Identifier: MIT
# Datagrams that the next hop, the device's IP or its UDP may drop, before a real stack: without the
# gate (what does the stack take?), through it, and through it while it observes; IPv4 and IPv6. What
# goes on must be what a receiver reads, all else refused with its reason: otherwise a sender can make
# the gate and the device disagree about which datagrams there were.
. "$(dirname "$0")/../netns/lab.sh"
lab_need
lab_server() { :; }
suite=$top_srcdir/tests/evasion/datagrams.py
export PYTHONDONTWRITEBYTECODE=1
lab_up
mac=$(in_g cat /sys/class/net/eth1/address)
# a router between gate and device drops what expires
in_s nft 'table inet hop { chain in { type filter hook input priority 0; ip ttl 1 drop; ip6 hoplimit 1 drop; }; }' ||
	lab_fail "the router behind the gate"
in_g sysctl -qw net.ipv4.conf.all.accept_source_route=0
in_g ping -qc1 -W2 "$V4" >/dev/null	# neighbours, so that no datagram has to wait for them
in_g ping -qc1 -W2 "$V6" >/dev/null
in_s timeout 120 "$python" "$suite" device "$lab_dir/device.log" 2>"$lab_dir/device.err" &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/device.log" || lab_fail "the device did not start: $(cat "$lab_dir/device.err")"

phase()	# NAME PORT
{
	: >"$lab_dir/device.log"
	in_c timeout 60 "$python" "$suite" send "$mac" "$2" || lab_fail "$1: sending"
	sleep 0.5
}

judge() { "$python" "$suite" judge "$1" "$lab_dir/device.log" "$lab_dir/json" || lab_fail "$1"; }

model()	# MODE
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; mode = "$1"; flows = (
  { protocol = "dnp3"; transport = "udp"; policy = "dnp3-read-only-master"; } ); } );
policies = {
  @include "dnp3-read-only-master.conf"
};
daemon = { queues = 1; json_log = "$lab_dir/json"; };
END
}

phase control 30000
judge control

for mode in enforce observe; do
	install -m 666 /dev/null "$lab_dir/json"
	model "$mode" >"$lab_dir/model.conf"
	port=$((port ? 50000 : 40000))
	if [ "$mode" = enforce ]; then
		lab_gate "$lab_dir/model.conf"
	else
		kill -USR2 "$lab_zoned"	# the file of records is another one
		lab_reload
	fi
	phase "$mode" "$port"
	judge "$mode"
done
