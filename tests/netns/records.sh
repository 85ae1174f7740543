#!/bin/bash
# SPDX-License-Identifier: MIT
# Nobody's records are hidden by another's (zoned(8), "Shared places"): while one host has thousands
# of flows or messages refused, or a crowd of false senders has, another host's only one is in the
# log, over IPv4 and IPv6, enforcing and observing.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
PLAIN=80
ip -n "$lab_g" addr add fd00:10:11::1/64 dev eth1 nodad
hosts=0

# records WAY SOURCE HOST PORT RATE SECONDS: from the client's side
records() { ip netns exec "${records_at:-$lab_c}" timeout 60 "$python" "$lab_src/records.py" "$@"; }

# another_host FAMILY: one of its own in zone hmi, as no other trial has it
another_host()
{
	hosts=$((hosts + 1))
	other=10.10.1.$((20 + hosts))
	[ "$1" = 6 ] && other=fd00:10:11::$((20 + hosts))
	ip -n "$lab_c" addr add "$other/$([ "$1" = 6 ] && echo 64 || echo 24)" dev eth0 ${1/4/} 2>/dev/null ||
		ip -n "$lab_c" addr add "$other/$([ "$1" = 6 ] && echo 64 || echo 24)" dev eth0
}

# hidden_trial WHAT WAY FAMILY PORT RATE REASON
hidden_trial()
{
	local what="$1, IPv$3" greedy=10.10.1.10 server=$V4 many
	[ "$3" = 6 ] && greedy=fd00:10:1::10 server=$V6
	another_host "$3"
	records "$2" "$greedy" "$server" "$4" "$5" 5 >"$lab_dir/many" & many=$!
	lab_pids+=("$many")
	sleep 3
	records "$2" "$other" "$server" "$4" 0 0 >"$lab_dir/one" || lab_fail "$what: one of another host"
	wait "$many" || lab_fail "$what: those of the greedy one"
	expect_at_least "$what: of the greedy one" "$(sed 's/sent //' "$lab_dir/many")" 2000
	lab_wait 3 grep -q " reason=$6 .* src=$other " "$lab_dir/syslog" || lab_fail "$what: no record of $other"
	echo "ok: $what: $(grep -c " reason=$6 .* src=$greedy " "$lab_dir/syslog") lines of the greedy one, and one of $other"
}

# recorded SOURCE DESTINATION: that flow, as the model says
recorded() { grep " reason=no-conduit .* src=$1 " "$lab_dir/syslog" | grep -q " dst=$2 "; }

model()
{
	lab_model mode="$1" queues=1 services="{ transport = \"tcp\"; ports = [ $PLAIN ]; }" |
		sed 's|"fd00:10:1::/64"|"fd00:10:1::/64", "fd00:10:11::/64"|' >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
}

model enforce
for f in 4 6; do
	hidden_trial "no conduit" refused $f 20000 1500 no-conduit
	hidden_trial "no handshake" middle $f $PLAIN 1500 no-handshake
	hidden_trial "refused messages" messages $f "$PORT" 1000 function-not-allowed
done
lab_wait 3 grep -q 'suppressed=' "$lab_dir/syslog" || lab_fail "what is left out is not said"
grep -q 'conduit=hmi-to-cell src=10.10.1.10 suppressed=' "$lab_dir/syslog" || lab_fail "left out, and not said of whom"

# senders that are not there: those of another interface have its share
records crowd 10.10.1.10 "$V4" 20000 1500 5 >"$lab_dir/many" & many=$!
lab_pids+=("$many")
sleep 3
records_at=$lab_s records refused "$V4" 10.10.1.10 20000 0 0 >/dev/null
wait "$many" || lab_fail "a crowd of senders"
expect_at_least "a crowd of senders: sent" "$(sed 's/sent //' "$lab_dir/many")" 2000
expect_at_least "a crowd of senders: lines" "$(grep -c ' reason=no-conduit .* src=10.10.1.1[0-9][0-9] ' "$lab_dir/syslog")" 20
lab_wait 3 grep -q " reason=no-conduit .* src=$V4 " "$lab_dir/syslog" || lab_fail "a crowd of senders: no record of another interface's"
echo "ok: a crowd of false senders"

# one who sends under another's address, on another wire: its records are not that one's, nor of its flows
for f in 4 6; do
	host=10.10.2.31 inside=10.10.2.99 to=10.10.1.77 same=10.10.1.78 gateway=10.10.1.1
	[ $f = 6 ] && host=fd00:10:2::31 inside=fd00:10:2::99 to=fd00:10:1::77 same=fd00:10:1::78 gateway=fd00:10:1::1
	ip -n "$lab_s" addr add "$host/$([ $f = 6 ] && echo 64 || echo 24)" dev eth0
	ip -n "$lab_c" -$f route add "$same" via "$gateway"
	records refused "$host" "$same" 30000 0 0 >/dev/null	# the one flow is the other's, too
	records refused "$host" "$inside" 20000 1500 6 >"$lab_dir/many" & many=$!
	lab_pids+=("$many")
	sleep 3
	for there in $to $same; do
		records_at=$lab_s records refused "$host" "$there" 30000 0 0 >/dev/null
	done
	wait "$many" || lab_fail "IPv$f: a false sender"
	expect_at_least "IPv$f: a false sender: sent" "$(sed 's/sent //' "$lab_dir/many")" 2000
	lab_wait 3 grep -q " reason=wrong-interface .* src=$host " "$lab_dir/syslog" || lab_fail "IPv$f: no record of the false sender"
	for there in $to $same; do
		lab_wait 3 recorded "$host" "$there" || lab_fail "IPv$f: a false sender: no record of a flow to $there of whose address it is"
	done
	echo "ok: IPv$f: a false sender hides nothing of the true one"
done
lab_gate_stop

model observe
for f in 4 6; do
	hidden_trial "observed messages" messages $f "$PORT" 1000 function-not-allowed
done
lab_gate_stop
