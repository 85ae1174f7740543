#!/bin/bash
# SPDX-License-Identifier: MIT
# What is inside one zone is not judged. A zone that names no interfaces has no wire of its own: whoever
# sits on another one and sends from an address of it would be inside, and a direct operate would move an
# output unjudged. So inside is only what leaves by the interface by which it came. Both paths, IPv4 and IPv6.
. "$(dirname "$0")/lab.sh"
lab_need conntrack ss
lab_up
model=$lab_dir/model.conf
DNP3=20000 BULK=8022
outside=(10.10.2.99 fd00:10:2::99)	# addresses of the device's network that nobody has
devices=("$V4" "$V6")
inside=(10.10.2.30 fd00:10:2::30)	# a host on the device's wire

roaming_model()	# roaming_model FAST-PATH [INTERFACES]: the device's zone; the sender is of no zone
{
	cat <<-END
	system = { name = "lab"; };
	zones = ( { name = "cell"; type = "control"; ${2:-}
	            networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; } );
	conduits = ();
	daemon = { queues = 1; fast_path = $1; };
	END
}

child_model()	# child_model FAST-PATH: the device's zone is a child of one with an interface
{
	roaming_model "$1" 'parent = "plant";' | sed 's/^zones = (/&\n  { name = "plant"; type = "control"; interfaces = [ "eth2" ];\
 networks = [ "10.10.9.0\/24" ]; },/'
}

moved()	# how often the device's output moved, over both, when it moves no more
{
	local now=-1 before
	for _ in {1..20}; do
		before=$now
		sleep 0.4
		now=$(cat "$lab_dir/station4" "$lab_dir/station6" | grep -c '^acted')
		[ "$now" = "$before" ] && break
	done
	echo "$now"
}

forged()	# forged NETNS: direct operates from there, as if of the device's zone: how many moved an output
{
	local before i
	before=$(moved)
	for i in 0 1; do
		ip netns exec "$1" timeout 10 "$python" "$lab_src/inside.py" "${outside[i]}" "$((30000 + RANDOM % 9999))" "${devices[i]}" "$DNP3" 5 ||
			lab_fail "cannot forge"
	done
	echo $(($(moved) - before))
}

continued()	# continued FAMILY: from the sender's wire, more of the steady flow that is inside
{
	ip netns exec "$lab_c" timeout 10 "$python" "$lab_src/inside.py" "${inside[$1]}" "$(cat "$lab_dir/port$1")" "${devices[$1]}" "$BULK" 10 ||
		lab_fail "cannot forge"
}

flow_port()	# flow_port FAMILY: the steady flow's port is known, and in a file
{
	ip netns exec "$lab_h" ss -Hnu state established | sed -n 's/.*:\([0-9]*\) .*:'"$BULK"'.*/\1/p' >"$lab_dir/port$1"
	[ -s "$lab_dir/port$1" ]
}

recorded()	# recorded SOURCE: refused, with the reason
{
	grep -F "reason=wrong-interface" "$lab_dir/syslog" | grep -F "src=$1 " | grep -q "from_zone=cell"
}

# --- a second host on the device's wire, whose way to the device is by the gateway, and back
lab_h=zh$$
lab_more=$lab_h
ip netns add "$lab_h"
for ns in "$lab_h" "$lab_s"; do
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_redirects=0 \
		net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.default.accept_redirects=0
done
in_g sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth2.send_redirects=0
in_s ip addr flush dev eth0 scope global
in_s ip link add wire type bridge
in_s ip link add port type veth peer name eth0 netns "$lab_h"
in_s ip link set eth0 master wire
in_s ip link set port master wire
in_s sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null
in_s ip link set port up && in_s ip link set wire up || lab_fail "a bridge"
at()	# at NETNS INTERFACE HOST OTHER: its addresses, and its way to the other
{
	ip -n "$1" addr add "10.10.2.$3/24" dev "$2"
	ip -n "$1" addr add "fd00:10:2::$3/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
	ip -n "$1" route replace default via 10.10.2.1
	ip -n "$1" -6 route replace default via fd00:10:2::1
	ip -n "$1" route add "10.10.2.$4/32" via 10.10.2.1
	ip -n "$1" -6 route add "fd00:10:2::$4/128" via fd00:10:2::1
}
at "$lab_s" wire 20 30
at "$lab_h" eth0 30 20
for i in 4 6; do
	address=$V4
	[ $i = 6 ] && address=$V6
	in_s timeout 200 "$python" "$lab_src/dnp3-peer.py" outstation "$address" "$DNP3" "$lab_dir/station$i" 2>"$lab_dir/station.err" &
	lab_pids+=($!)
	lab_wait 10 grep -q ready "$lab_dir/station$i" || lab_fail "the outstation did not start: $(cat "$lab_dir/station.err")"
done
in_s timeout 200 "$python" "$lab_src/stream.py" serve "$BULK" "$lab_dir/arrived" 2>"$lab_dir/serve.err" &
lab_pids+=($!)
lab_wait 10 test -s "$lab_dir/arrived" || lab_fail "the server did not start: $(cat "$lab_dir/serve.err")"

for address in "$V4" "$V6"; do	# the bridge and its neighbours are new
	lab_wait 10 in_g ping -q -c 1 -W 1 "$address" || lab_fail "no way to $address"
done

# --- without the gate the forged operates move the output
expect "operates that move the output without the gate" "$(forged "$lab_c")" 10

for fast in true false; do
	roaming_model $fast >"$model"
	lab_gate "$model"
	lab_said 'event=misfit-found kind=no-zone interface="eth1" zone="cell"' || lab_fail "nothing is said of the other wire"
	before=$(lab_counted wrong-interface)
	expect "fast_path = $fast: operates from another wire that move it" "$(forged "$lab_c")" 0
	expect "fast_path = $fast: refused for it" "$(($(lab_counted wrong-interface) - before))" 10
	for i in 0 1; do
		lab_wait 5 recorded "${outside[i]}" || lab_fail "no record of ${outside[i]}"
	done
	# what goes back where it came from is inside, whatever it is: on that wire nobody needs the gateway
	expect_at_least "fast_path = $fast: operates of the device's own wire" "$(forged "$lab_h")" 10
	for i in 0 1; do
		ip netns exec "$lab_h" timeout 60 "$python" "$lab_src/stream.py" echo "${devices[i]}" "$BULK" 30 >"$lab_dir/echo" 2>&1 &
		flow=$!
		lab_pids+=("$flow")
		lab_wait 5 flow_port $i || lab_fail "no steady flow to ${devices[i]}: $(cat "$lab_dir/echo")"
		before=$(lab_counted inside)
		sleep 0.5
		expect_at_least "fast_path = $fast: packets of a steady flow inside, to ${devices[i]}" "$(($(lab_counted inside) - before))" 50
		before=$(lab_counted wrong-interface)
		continued $i
		expect "fast_path = $fast: more of it from another wire, refused" "$(($(lab_counted wrong-interface) - before))" 10
		lab_end "$flow"
	done
	# a zone of both wires, both named: inside, as the model says
	roaming_model $fast 'interfaces = [ "eth1", "eth2" ];' >"$model"
	lab_reload
	expect "fast_path = $fast: operates of another wire of the same zone" "$(forged "$lab_c")" 10
	# a child of a zone with interfaces has these, and no other wire
	child_model $fast >"$model"
	lab_reload
	expect "fast_path = $fast: operates from another wire into a child" "$(forged "$lab_c")" 0
	lab_gate_stop
	in_g conntrack -F 2>/dev/null
	: >"$lab_dir/syslog"
done

# --- another program says of two wires that they are one: first that it makes a difference, then that it is seen
roaming_model true | sed 's/daemon = {/& lock_table = false;/' >"$model"
lab_gate "$model"
expect "operates from another wire, before another program comes" "$(forged "$lab_c")" 0
same=$(lab_set_named same-interface)
kill -STOP "$lab_zoned"
in_g nft add element inet zoned "$same" '{ "eth1" . "eth2" }' || lab_fail "an element cannot be added"
expect "operates that move it, while zoned cannot see the element" "$(forged "$lab_c")" 10
: >"$lab_dir/zoned.err"
kill -CONT "$lab_zoned"
lab_wait 5 lab_said "changed=known" || lab_fail "the element is not told: $(cat "$lab_dir/zoned.err")"
expect "operates from another wire, after it was put right" "$(forged "$lab_c")" 0
lab_gate_stop
