#!/bin/bash
# SPDX-License-Identifier: MIT
# A connection that connection tracking forgets while its ends do not must not come back as one of the other
# direction, where a conduit without inspection is: its client has chosen that conduit's port for it. Packets
# that end at the gateway change nothing of what connection tracking knows.
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
model=$lab_dir/model.conf
PLAIN=1502	# a device whose conduit has no inspection

reverse_model()	# reverse_model MODE FAST-PATH
{
	lab_model mode="$1" daemon="fast_path = $2;" services="{ transport = \"tcp\"; ports = [ $PLAIN ]; },
		{ protocol = \"dnp3\"; transport = \"udp\"; policy = \"dnp3-read-only-master\"; }, { service = \"ping\"; }" |
		sed 's/^conduits = (/&\n  { name = "cell-to-hmi"; from = "cell"; to = "hmi"; flows = ( { service = "https"; },\
 { service = "syslog"; } ); },/; s/^policies = {/&\n  @include "dnp3-read-only-master.conf"/'
}

client()	# client tcp|udp ADDRESS PORT FROM-PORT
{
	client_end
	exec 8> >(exec ip netns exec "$lab_c" "$python" "$lab_src/reverse.py" "$@" >"$lab_dir/answers" 2>"$lab_dir/client.err")
	client=$!
	lab_pids+=("$client")
	exec 9<"$lab_dir/answers"
	local said=
	read -r -t 5 said <&9
	[ "$said" = open ] || lab_fail "the client is not open: $(cat "$lab_dir/client.err")"
}

client_end()
{
	[ -n "$client" ] || return 0
	exec 8>&- 9<&-
	lab_end "$client"
	client=
}

ask()	# ask WORDS...: what the client says to it
{
	local said=
	echo "$*" >&8
	read -r -t 3 said <&9
	echo "$said"
}

forget()	# the ways in which the gateway forgets the client's connection
{
	case $1 in
	rst)	ask forge 14 1 ;;
	fin)	ask forge 11 1 ;;
	delete)	in_g conntrack -D -p tcp --sport 443 ;;
	flush)	in_g conntrack -F ;;
	esac >/dev/null 2>&1
	sleep 2.2	# it has timed out, and the device has asked whether the client is alive
}

unjudged()
{
	in_g nft list chain inet tracking f | sed -n 's/.* counter packets \([0-9]*\) .*/\1/p'
}

station_has() { [ "$(cat "$lab_dir/station")" -ge "$1" ]; }
station_got()
{
	sleep 0.1
	cat "$lab_dir/station"
}

tracked()	# what connection tracking knows, but for the time that is left of it
{
	in_g conntrack -L 2>/dev/null | sed 's/^\([a-z]* *[0-9]*\) [0-9]* /\1 /; s/ use=[0-9]*//' | sort
}

client=
mkfifo "$lab_dir/answers"
in_s sysctl -qw net.ipv4.tcp_keepalive_time=1 net.ipv4.tcp_keepalive_intvl=1
quick='net.netfilter.nf_conntrack_tcp_timeout_close=1 net.netfilter.nf_conntrack_tcp_timeout_fin_wait=1
	net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=1'
in_g sysctl -qw $quick || lab_skip "the time-outs of connection tracking cannot be set"
in_g sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
lab_end "$lab_server_pid"
lab_server	# with the keep-alives of now
ip netns exec "$lab_s" "$lab_bin/mbserver" "$PLAIN" "$lab_dir/plain-device" 2>/dev/null &
lab_pids+=($!)
ip netns exec "$lab_s" "$python" "$lab_src/reverse.py" station 20000 "$lab_dir/station" 2>"$lab_dir/station.err" &
lab_pids+=($!)
lab_wait 5 test -s "$lab_dir/station" || lab_fail "the station did not start: $(cat "$lab_dir/station.err")"

# --- without the gate: a firewall of the usual kind, which marks by who opened the connection, is turned round
in_g nft 'table inet tracking { chain f { type filter hook forward priority 0; policy drop;
	ct state new iif eth2 th dport { 443, 514 } ct mark set 2
	ct state new iif eth1 th dport { 502, 20000 } ct mark set 1
	iif eth1 ct mark 2 meta length > 60 counter
	ct mark 1-2 accept; }; }'
for v in "$V4" "$V6"; do
	client tcp "$v" 502 443
	expect "without the gate, $v: before" "$(ask read)" answered
	forget rst
	before=$(unjudged)
	expect "without the gate, $v: a write is answered by the device" "$(ask write 4711)" answered
	expect_at_least "without the gate, $v: as a packet of the device's own connection" $(($(unjudged) - before)) 1
	client udp "$v" 20000 514
	ask poll >/dev/null
	sleep 2.2
	before=$(unjudged) got=$(station_got)
	ask operate >/dev/null
	expect "without the gate, $v: the operate arrives" $(($(station_got) - got)) 1
	expect "without the gate, $v: as a packet of the station's own" $(($(unjudged) - before)) 1
done
lab_device
expect "without the gate the write changes the device" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1
client tcp "$V4" 502 40000
ask forge 14 1 >/dev/null
expect "without the gate a RST that ends at the gateway is believed" "$(tracked | grep -c 'CLOSE.*sport=40000')" 1
client_end
in_g nft delete table inet tracking
in_g conntrack -F 2>/dev/null
writes=$(lab_delivered writes)

# --- the same through the gate
turn_round()	# turn_round WHAT ADDRESS HOW...
{
	local what=$1 v=$2 how got
	shift 2
	for how in "$@"; do
		client tcp "$v" 502 443
		expect "$what, $v, $how: before" "$(ask read)" answered
		forget "$how"
		[ "$(ask write 17)" = answered ] && lab_fail "$what, $v, $how: the write was answered"
		expect "$what, $v, $how: writes delivered" "$(lab_delivered writes)" "$writes"
	done
	client udp "$v" 20000 514
	got=$(station_got)
	ask poll >/dev/null
	lab_wait 3 station_has $((got + 1))
	expect "$what, $v: a poll arrives" $(($(station_got) - got)) 1
	sleep 2.2
	ask operate >/dev/null
	expect "$what, $v: an operate does not" $(($(station_got) - got)) 1
}

recorded()	# recorded TEXT: a pattern of one line
{
	lab_wait 3 grep -q "$1" "$lab_dir/syslog" || lab_fail "no record: $1"
}

# What ends at the gateway changes nothing: no state, no time-out, no entry.
ends_here()	# ends_here ADDRESS
{
	local flags before got
	client tcp "$1" 502 40001
	expect "$1: before" "$(ask read)" answered
	before=$(tracked)
	for flags in 02 10 18 11 14; do
		ask forge "$flags" 1 >/dev/null
		expect "$1: nothing is different after flags $flags" "$(diff <(echo "$before") <(tracked))" ""
	done
	expect "$1: and the connection goes on" "$(ask read)" answered
	client udp "$1" 20000 40002
	ask hops 1 >/dev/null
	ask poll >/dev/null
	expect "$1: no entry of a datagram" "$(tracked | grep -c sport=40002)" 0
	ask hops 64 >/dev/null
	ask poll >/dev/null
	ask hops 1 >/dev/null
	for _ in 1 2 3 4 5 6; do
		ask poll >/dev/null
		sleep 0.25
	done
	expect "$1: nor does one keep it alive" "$(tracked | grep -c sport=40002)" 0
	in_c ping -t 1 -c 1 -W 1 "$1" | grep -qi "exceeded" || lab_fail "$1: no answer that the way is longer"
	echo "ok: $1: a path can be traced"
}

# A RST with data, too large for the next link and not to be cut, closes the connection for the gateway alone.
too_large()
{
	client tcp "$V4" 502 443
	expect "too large: before" "$(ask read)" answered
	in_g ip link set eth2 mtu 1300
	ask forge 14 64 1400 >/dev/null
	expect "too large: connection tracking believes it" "$(tracked | grep -c 'CLOSE.*sport=443')" 1
	sleep 2.2
	[ "$(ask write 17)" = answered ] && lab_fail "too large: the write was answered"
	in_g ip link set eth2 mtu 1500
	expect "too large: writes delivered" "$(lab_delivered writes)" "$writes"
}

# Whose beginning was not seen: reset, so that it is opened anew.
not_from_start()	# not_from_start ADDRESS
{
	local before
	client tcp "$1" "$PLAIN" 40003
	expect "$1: before" "$(ask read)" answered
	before=$(lab_counted no-handshake)
	in_g conntrack -F 2>/dev/null
	expect "$1: a connection without inspection that is forgotten" "$(ask read)" reset
	expect_at_least "$1: it is counted" "$(($(lab_counted no-handshake) - before))" 1
	client tcp "$1" "$PLAIN" 40003
	expect "$1: and its ports open another" "$(ask read)" answered
}

reverse_model enforce true >"$model"
lab_gate "$model"
turn_round "fast" "$V4" rst fin delete flush
turn_round "fast" "$V6" rst delete
recorded "reason=reversed-flow .*src=$V4 sport=502 dst=10.10.1.10 dport=443"
recorded "reason=reversed-flow .*src=$V6 sport=20000 .*dport=514"
recorded "reason=function-not-allowed"
ends_here "$V4"
ends_here "$V6"
too_large
not_from_start "$V4"
not_from_start "$V6"
recorded "reason=no-handshake .*src=10.10.1.10 sport=40003 dst=$V4 dport=$PLAIN"
in_g nft 'table inet theirs { chain mid { type filter hook prerouting priority mangle; ct mark set ct mark | 0x5; }; }'
turn_round "marked by others" "$V4" delete
not_from_start "$V4"
in_g nft delete table inet theirs
client_end
lab_gate_stop

# --- with what others set, and no in-kernel path
in_g sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1
reverse_model enforce false >"$model"
lab_gate "$model"
turn_round "liberal" "$V4" rst delete
turn_round "liberal" "$V6" rst
in_g sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=0 net.netfilter.nf_conntrack_tcp_loose=0
turn_round "not loose" "$V4" rst delete
client_end
lab_gate_stop
in_g sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1

# --- observed: what is turned round would be lost to the records
reverse_model observe true >"$model"
lab_gate "$model"
client tcp "$V4" 502 443
expect "observed: before" "$(ask read)" answered
forget delete
expect "observed: a write is answered" "$(ask write 18)" answered
recorded "verdict=observed reason=function-not-allowed"
client_end
lab_gate_stop

# --- a connection that belongs to another (here to one of FTP) has its mark, and not its conduit
related()	# related ADDRESS: what comes of the connection that the helper expects
{
	in_s timeout 10 "$python" -c "import socket,time
s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('', $PLAIN + 1)); s.listen(); c, _ = s.accept()
c.send(b'220 ready\r\n'); time.sleep(0.3); c.send(b'227 Entering Passive Mode (10,10,2,20,22,8).\r\n'); time.sleep(2)" &
	lab_pids+=($!)
	sleep 0.3
	in_c timeout 5 "$python" -c "import socket
a = socket.create_connection(('$V4', $PLAIN + 1)); a.recv(100); a.recv(100)
b = socket.socket(); b.settimeout(1)
try: b.connect(('$V4', 5640)); print('open')
except OSError: print('timeout')"
}
ip netns exec "$lab_s" "$lab_bin/mbserver" 5640 "$lab_dir/other-device" 2>/dev/null &
lab_pids+=($!)
in_g nft "table inet theirs { ct helper ftp { type \"ftp\" protocol tcp; }
	chain pre { type filter hook prerouting priority 0; tcp dport $((PLAIN + 1)) ct helper set \"ftp\"; }; }" ||
	lab_skip "no helper for FTP in this kernel; all before it passed"
in_g nft "table inet tracking { chain f { type filter hook forward priority 0; policy drop;
	ct state new iif eth1 tcp dport $((PLAIN + 1)) ct mark set 1
	ct mark 1 accept; }; }"
expect "without the gate: a port that a helper opens" "$(related)" open
in_g nft delete table inet tracking
in_g conntrack -F 2>/dev/null
reverse_model enforce true | sed "s/ports = \[ $PLAIN \]/ports = [ $PLAIN, $((PLAIN + 1)) ]/" >"$model"
lab_gate "$model"
expect "a port that a helper opens, and no conduit" "$(related)" timeout
recorded "reason=no-conduit .*dport=5640"
