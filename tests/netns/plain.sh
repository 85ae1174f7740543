#!/bin/bash
# SPDX-License-Identifier: MIT
# Flows that no inspector sees, in the kernel: what is established goes by the in-kernel path, between the
# interfaces of its zones only; every packet is counted, and a reload, a new name of an interface or somebody
# else's mark leaves nothing open. The same for what is routed inside one zone.
. "$(dirname "$0")/lab.sh"
lab_need conntrack ping
lab_up
model=$lab_dir/model.conf
BULK=8022

bulk_model()	# with a conduit "bulk" beside
{
	lab_model | sed "s/^conduits = (/&\n  { name = \"bulk\"; from = \"hmi\"; to = \"cell\"; flows = (\
 { transport = \"tcp\"; ports = [ $BULK ]; }, { transport = \"udp\"; ports = [ $BULK ]; }, { service = \"ping\"; } ); },/
		s/, { service = \"ping\"; } ); }$/ ); }/"
}

inside_model()	# one zone of both networks, routed by the gateway
{
	cat <<-END
	system = { name = "lab"; };
	zones = ( { name = "all"; type = "control"; interfaces = [ "eth1", "eth2" ];
	            networks = [ "10.10.0.0/16", "fd00:10:1::/64", "fd00:10:2::/64" ]; } );
	conduits = ();
	daemon = { queues = 1; };
	END
}

forwarded()	# packets to and from the bulk port and pings, by somebody who counts all of them
{
	in_g nft list table inet seen | sed -n 's/.* packets \([0-9]*\) .*/\1/p' | awk '{ n += $1 } END { print n }'
}

arrived()
{
	sleep 0.1	# the file is written 20 times a second
	cat "$lab_dir/arrived"
}

goes_on()
{
	local before
	before=$(arrived)
	sleep 0.3
	[ "$(arrived)" -gt "$before" ]
}

stands()	# nothing arrives for longer than the client waits for an answer
{
	local before
	before=$(arrived)
	sleep 1.5
	[ "$(arrived)" -eq "$before" ]
}

in_kernel()	# does the kernel pass packets just now?
{
	local before
	before=$(lab_in_kernel uninspected)
	sleep 0.3
	[ "$(lab_in_kernel uninspected)" -gt "$before" ]
}

# The steady flow of this test, from now on: datagrams to and fro.
steady()
{
	[ -n "${flow:-}" ] && lab_end "$flow"
	ip netns exec "$lab_c" timeout 100 "$python" "$lab_src/stream.py" echo "$1" "$BULK" 90 >"$lab_dir/echo" 2>&1 &
	flow=$!
	lab_pids+=("$flow")
	lab_wait 5 goes_on || lab_fail "no datagrams to $1 arrive"
}

# forged NETNS KIND: ten packets as if of the steady flow, from there to the gateway. How many arrived.
#	datagram	its client's
#	error		about an answer to its client, from an address of the server's zone
forged()
{
	local sport gw=eth1 what
	[ "$1" = "$lab_s" ] && gw=eth2
	sport=$(in_c ss -Hnu dst "$V4" | sed -n 's/.*[0-9.]*:\([0-9]*\) .*:'"$BULK"'.*/\1/p')
	case $2 in
	datagram)	what="datagram 10.10.1.10 $sport $V4 $BULK" ;;
	error)		what="error 10.10.2.99 udp $V4 $BULK 10.10.1.10 $sport" ;;
	esac
	in_s nft 'table ip seen { counter f { }; chain in { type filter hook prerouting priority -400; ip ttl 76 counter name f; }; }'
	ip netns exec "$1" "$python" "$lab_src/forge.py" "$(in_g cat "/sys/class/net/$gw/address")" 10 $what || lab_fail "cannot forge"
	sleep 0.2
	in_s nft list table ip seen | awk '/packets/ { print $2 }'
	in_s nft delete table ip seen
}

# stray_out: the steady flow's way leads through another interface for a while. Packets that left there.
stray_out()
{
	local before
	before=$(in_g cat /sys/class/net/stray/statistics/tx_packets)
	in_g ip route add "$V4/32" dev stray
	sleep 0.3
	in_g ip route del "$V4/32" dev stray
	echo $(($(in_g cat /sys/class/net/stray/statistics/tx_packets) - before))
}

ip netns exec "$lab_s" "$python" "$lab_src/stream.py" serve "$BULK" "$lab_dir/arrived" 2>"$lab_dir/serve.err" &
lab_pids+=($!)
lab_wait 10 test -s "$lab_dir/arrived" || lab_fail "the server did not start: $(cat "$lab_dir/serve.err")"
in_g sysctl -qw net.ipv6.conf.default.disable_ipv6=1	# the interface that comes now sends nothing of its own
in_g ip link add stray type veth peer name stray-end
in_g ip link set stray up && in_g ip link set stray-end up || lab_fail "a pair of interfaces"
in_g ip neigh add "$V4" lladdr 02:00:00:00:00:01 dev stray nud permanent

# --- without the gate: connection tracking follows, and what is forged or goes astray arrives
in_g nft 'table inet tracking { chain f { type filter hook forward priority 0; ct state new accept; }; }'
steady "$V4"
expect "forged datagrams that arrive without the gate" "$(forged "$lab_s" datagram)" 10
expect "forged errors that arrive without the gate" "$(forged "$lab_c" error)" 10
expect_at_least "packets through another interface without the gate" "$(stray_out)" 1
lab_end "$flow"
flow=
in_g nft delete table inet tracking
in_g conntrack -F 2>/dev/null

bulk_model >"$model"
in_g nft "table inet seen { chain f { type filter hook forward priority -300; th dport $BULK counter; th sport $BULK counter;
	meta l4proto { icmp, icmpv6 } counter; }; }"
lab_gate "$model"
lab_said "in-kernel path: up to" || lab_skip "$(grep -o 'no in-kernel path: [^;]*' "$lab_dir/zoned.err")"
[ "$(lab_in_kernel asked)" = first ] || lab_skip "the program is asked late here"

# --- everything that is established goes there, whatever it is, and every packet is counted once
in_c "$python" "$lab_src/stream.py" send "$V4" "$BULK" 1 1000000 || lab_fail "TCP"
in_c "$python" "$lab_src/stream.py" send "$V6" "$BULK" 1 1000000 || lab_fail "TCP over IPv6"
in_c ping -q -c 20 -i 0.02 "$V4" >/dev/null && in_c ping -q -c 20 -i 0.02 "$V6" >/dev/null || lab_fail "pings"
in_c ping -q -c 5 -i 0.02 -s 4000 "$V4" >/dev/null || lab_fail "pings in fragments"
expect_at_least "datagrams that came back" "$(in_c "$python" "$lab_src/stream.py" echo "$V4" "$BULK" 1)" 100
expect_at_least "datagrams that came back over IPv6" "$(in_c "$python" "$lab_src/stream.py" echo "$V6" "$BULK" 1)" 100
sleep 0.3
expect "packets that the conduit counted" "$(lab_counted conduit-bulk)" "$(forwarded)"
expect_at_most "of them by the rules" "$(lab_rules_counted conduit-bulk)" 150
expect "of them in the kernel" "$(lab_in_kernel uninspected)" $(($(lab_counted conduit-bulk) - $(lab_rules_counted conduit-bulk)))

# --- between the interfaces of its zones only, both of them
steady "$V4"
lab_wait 5 in_kernel || lab_fail "the kernel does not pass it"
wrong=$(lab_rules_counted wrong-interface)
expect "forged datagrams that arrive" "$(forged "$lab_s" datagram)" 0
expect "forged errors that arrive" "$(forged "$lab_c" error)" 0
expect "packets refused for it" $(($(lab_rules_counted wrong-interface) - wrong)) 20
wrong=$(lab_rules_counted wrong-way-out)
expect "packets through another interface" "$(stray_out)" 0
expect_at_least "packets refused for it" "$(($(lab_rules_counted wrong-way-out) - wrong))" 1

# --- an interface by another name is another interface, and again the same when it has the old one
rename_eth1()	# rename_eth1 FROM TO
{
	in_g ip link set "$1" down && in_g ip link set "$1" name "$2" && in_g ip link set "$2" up &&
		in_g ip addr add fd00:10:1::1/64 dev "$2" nodad || lab_fail "rename"
}
rename_eth1 eth1 eth7
lab_wait 1 stands || lab_fail "packets pass by an interface that no zone names"
rename_eth1 eth7 eth1
lab_wait 5 goes_on || lab_fail "it does not go on"
lab_wait 5 in_kernel || lab_fail "the kernel does not pass it again"
echo "ok: an interface that had another name for a while"

# --- somebody else's mark changes nothing
in_g nft 'table inet theirs { chain mid { type filter hook prerouting priority mangle; ct mark set ct mark | 0x5; }; }'
sleep 0.2
in_kernel || lab_fail "the kernel does not pass what somebody else has marked"
goes_on || lab_fail "what somebody else has marked does not go on"
in_g nft delete table inet theirs
echo "ok: somebody else's mark"

# --- a reload: judged anew, and counted on; without its conduit it ends
steady "$V6"
before=$(lab_counted conduit-bulk)
for i in 1 2 3 4 5; do
	lab_reload
	lab_wait 5 in_kernel || lab_fail "not in the kernel after reload $i"
done
expect_at_least "packets counted on" "$(lab_counted conduit-bulk)" "$((before + 500))"
lab_model >"$model"
lab_reload
lab_wait 1 stands || lab_fail "it goes on without its conduit"
in_kernel && lab_fail "the kernel passes it without its conduit"
bulk_model | sed 's/interfaces = \[ "eth1" \]/interfaces = [ "eth1", "b", "c", "d", "e" ]/' >"$model"
lab_reload
lab_wait 5 goes_on || lab_fail "it does not come back with its conduit"
in_kernel && lab_fail "five interfaces of a zone are more than the kernel knows"
echo "ok: a zone of five interfaces goes by the rules"

# --- inside one zone
inside_model >"$model"
lab_reload
steady "$V4"
lab_wait 5 in_kernel || lab_fail "the kernel does not pass what is inside one zone"
before=$(lab_counted inside) rules=$(lab_rules_counted inside)
sleep 1
expect_at_least "packets inside" "$(($(lab_counted inside) - before))" 500
expect "of them by the rules" $(($(lab_rules_counted inside) - rules)) 0
in_c "$python" "$lab_src/stream.py" send "$V6" "$BULK" 0.5 100000 || lab_fail "TCP over IPv6"
wrong=$(lab_rules_counted wrong-way-out)
expect "packets inside through another interface" "$(stray_out)" 0
expect_at_least "packets refused for it" "$(($(lab_rules_counted wrong-way-out) - wrong))" 1
inside_model | sed 's/"10.10.0.0\/16"/"10.10.1.0\/24"/' >"$model"
lab_reload
lab_wait 1 stands || lab_fail "it goes on when its server is in no zone"

# --- zones without interfaces: by any that no zone names, and no other
bulk_model | sed 's/interfaces = \[[^]]*\];//' >"$model"
lab_reload
lab_wait 5 goes_on && lab_wait 5 in_kernel || lab_fail "the kernel does not pass what is of zones without interfaces"
bulk_model | sed 's/interfaces = \[[^]]*\];//; s/^zones = (/&\n  { name = "else"; type = "control"; interfaces = [ "stray" ];\
 networks = [ "10.10.7.0\/24" ]; },/' >"$model"
lab_reload
lab_wait 5 goes_on && lab_wait 5 in_kernel || lab_fail "another zone has one"
expect "packets through an interface of another zone" "$(stray_out)" 0
sed -i 's/"stray"/"eth1"/' "$model"
lab_reload
lab_wait 1 stands || lab_fail "it passes by another zone's interface"
inside_model | sed 's/interfaces = \[[^]]*\];//' >"$model"
lab_reload
lab_wait 2 stands || lab_fail "inside a zone without interfaces it passes from one to another"
in_kernel && lab_fail "the kernel passes what is inside a zone without interfaces"

# --- nobody reads any more: stopped in order, all goes by the rules that stay
inside_model >"$model"
lab_reload
lab_wait 5 in_kernel || lab_fail "not in the kernel again"
lab_end "$lab_zoned"
goes_on || lab_fail "what needs no inspector ends with zoned"
expect "errors that zoned logged" "$(grep -c 'error\|cannot' "$lab_dir/zoned.err")" 0
