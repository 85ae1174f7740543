#!/bin/bash
# SPDX-License-Identifier: MIT
# A site that is only watched (mode = "observe" of the whole model): connections that no conduit names, addresses of no
# zone, senders by the wrong interface, and a forbidden write go on working, and each has one record with exactly as
# many packets as were sent. Enforced first, the same are refused; enforced again, what is established ends.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

C4=10.10.1.10 C6=fd00:10:1::10 OTHER=192.0.2.7
model()	# model observe|enforce
{
	[ "$1" = enforce ] || echo 'mode = "observe";'
	lab_model daemon='fast_path = true;' | sed 's/mode = "enforce";//'
}

# recorded VERDICT REASON SRC DST: packets that records stand for
recorded()
{
	awk -v v="verdict=$1" -v reason="reason=$2" -v src="src=$3" -v dst="dst=$4" '
	/ event=refused-flow / {
		split("", has)
		for (i = 1; i <= NF; i++) has[$i]
		if (!(v in has) || !(reason in has) || !(src in has) || !(dst in has)) next
		if (match($0, / repeated=[0-9]+/)) n += substr($0, RSTART + 10, RLENGTH - 10)
		else n++
	}
	END { print n + 0 }' "$lab_dir/syslog"
}
recorded_is() { [ "$(recorded "${@:2}")" -eq "$1" ]; }

# echo_server FAMILY PORT: answers datagrams and lines of TCP, for as long as the lab is there
cat >"$lab_dir/echo.py" <<'END'
import select, socket
both, conns = [], []
for family, any_ in (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"):
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((any_, 4000))
        if kind == socket.SOCK_STREAM:
            s.listen(8)
        both.append(s)
while True:
    for s in select.select(both + conns, [], [])[0]:
        if s in conns:
            data = s.recv(4096)
            conns.remove(s) if not data else s.send(data)
        elif s.type == socket.SOCK_STREAM:
            conns.append(s.accept()[0])
        else:
            data, who = s.recvfrom(4096)
            s.sendto(data, who)
END
in_s "$python" "$lab_dir/echo.py" &
lab_pids+=($!)

# ask FAMILY TARGET COUNT [SOURCE]: datagrams from one port, each 10 ms; prints how many were answered
cat >"$lab_dir/ask.py" <<'END'
import socket, sys, time
family, target, count, source = (*sys.argv[1:], "")[:4]
s = socket.socket(socket.AF_INET if family == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((source, 0))
s.settimeout(0.5)
n = 0
for i in range(int(count)):
    s.sendto(b"%d" % i, (target, 4000))
    try:
        n += s.recv(100) == b"%d" % i
    except OSError:
        pass
    time.sleep(0.01)
print(n)
END
ask() { in_c "$python" "$lab_dir/ask.py" "$@"; }
# one connection that says a line whenever it is told to, by a file
cat >"$lab_dir/stay.py" <<'END'
import os, socket, sys, time
target, here = sys.argv[1:]
s = socket.create_connection((target, 4000), 2)
s.settimeout(1)
for i in range(1000):
    s.send(b"line %d" % i)
    try:
        if not s.recv(100):
            break
        open(here, "w").write(str(i + 1))
    except OSError:
        pass
    time.sleep(0.05)
END
goes_on()
{
	local n
	n=$(cat "$1" 2>/dev/null || echo 0)
	lab_wait 1 eval "[ \"\$(cat $1 2>/dev/null || echo 0)\" -gt $((n + 3)) ]"
}

ip -n "$lab_s" addr add $OTHER/32 dev lo
in_g ip route add $OTHER/32 via "$V4"
in_c ip addr add 10.10.2.99/32 dev lo	# of the server's zone, and on the client's wire
in_g sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0

# --- enforced: all of it is refused
model enforce >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
expect "enforced: datagrams of no conduit that are answered" "$(ask 4 "$V4" 2)" 0
expect "and of IPv6" "$(ask 6 "$V6" 1)" 0
expect "and to an address of no zone" "$(ask 4 $OTHER 1)" 0
lab_poll -r 10 -t 4 "$V4" 7 >/dev/null && lab_fail "a forbidden write is answered"
expect "writes that the device had" "$(lab_delivered writes)" 0
lab_said event=site-only-watched && lab_fail "a site that enforces is said to be watched"
status() { ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json | "$python" -c "import json,sys; print(json.load(sys.stdin)['mode'])"; }
expect "zonectl status" "$(status)" enforce

# --- watched: all of it goes on, with records
model observe >"$lab_dir/model.conf"
lab_reload
lab_said event=site-only-watched || lab_fail "nobody says that the site is only watched"
expect "zonectl status" "$(status)" observe
expect "watched: datagrams of no conduit that are answered" "$(ask 4 "$V4" 40)" 40
expect "and of IPv6" "$(ask 6 "$V6" 30)" 30
expect "and to an address of no zone" "$(ask 4 $OTHER 25)" 25
ask 4 "$V4" 6 10.10.2.99 >/dev/null
lab_poll -r 10 -t 4 "$V4" 7 >"$lab_dir/poll" || lab_fail "a write that is only watched fails: $(cat "$lab_dir/poll")"
expect "writes that the device had" "$(lab_delivered writes)" 1
lab_wait 5 grep -q "verdict=observed .*reason=function-not-allowed" "$lab_dir/syslog" || lab_fail "the write has no record"
in_c "$python" "$lab_dir/stay.py" "$V4" "$lab_dir/stay4" &
lab_pids+=($!)
in_c "$python" "$lab_dir/stay.py" "$V6" "$lab_dir/stay6" &
lab_pids+=($!)
goes_on "$lab_dir/stay4" || lab_fail "a connection of no conduit does not work where it is only watched"
goes_on "$lab_dir/stay6" || lab_fail "nor by IPv6"
# no inspector: what it would judge passes all the same
kill -KILL "$(lab_inspectors | head -n 1)"
lab_poll -r 10 -t 4 "$V4" 8 >/dev/null || lab_poll -r 10 -t 4 "$V4" 8 >/dev/null || lab_fail "an inspector died, and the plant stands"
# somebody else changes our table: it is put right, and nothing stops meanwhile
in_g nft add rule inet zoned forward counter 2>/dev/null && {
	goes_on "$lab_dir/stay4" || lab_fail "others touch the table, and forwarding stops"
	lab_said "dropped=0 result=restored" || lab_fail "not restored, or not without a loss: $(grep table-changed "$lab_dir/zoned.err")"
}

# --- enforced again: what is established ends
model enforce >"$lab_dir/model.conf"
lab_reload
sleep 0.3
goes_on "$lab_dir/stay4" && lab_fail "a connection of no conduit outlives the switch to enforcing"
goes_on "$lab_dir/stay6" && lab_fail "so does one of IPv6"
echo "ok: established connections of no conduit ended"
lab_poll -r 10 -t 4 "$V4" 9 >/dev/null && lab_fail "a forbidden write is answered after the switch"
for of in "no-conduit $C6 $V6 30" "unknown-zone $C4 $OTHER 25" "wrong-interface 10.10.2.99 $V4 6"; do
	read -r why src dst n <<<"$of"
	[ "$src" = "$C6" ] && continue # of the connection, too
	lab_wait 12 recorded_is "$n" observed "$why" "$src" "$dst" ||
		lab_fail "$of: $(recorded observed "$why" "$src" "$dst") are recorded"
	echo "ok: recorded, and passed: $of"
done

# --- and back
model observe >"$lab_dir/model.conf"
lab_reload
expect "watched again: datagrams that are answered" "$(ask 4 "$V4" 5)" 5
lab_gate_stop
exit 0
