#!/bin/bash
# SPDX-License-Identifier: MIT
# Records of refused connections are exact: they and their `repeated` are as many as the packets that were refused,
# for each pair of ends and each reason, over a reload and at the end. And what they had is in them.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

# send NETNS FAMILY TARGET PORT COUNT [FIRST SOURCE PORT]: one datagram each 20 ms, from ports in a row
send()
{
	ip netns exec "$1" "$python" - "${@:2}" <<'END'
import socket, sys, time
family, target, port, count, first = (*sys.argv[1:], "0")[:5]
for i in range(int(count)):
    s = socket.socket(socket.AF_INET if family == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("", int(first) + i if int(first) else 0))
    s.sendto(b"x", (target, int(port)))
    s.close()
    time.sleep(0.02)
END
}

# refused REASON SRC DST: events that syslog has, with those that a record stands for
refused()
{
	awk -v reason="reason=$1" -v src="src=$2" -v dst="dst=$3" '
	/ event=refused-flow / {
		split("", has)
		for (i = 1; i <= NF; i++) has[$i]
		if (!(reason in has) || !(src in has) || !(dst in has)) next
		if (match($0, / repeated=[0-9]+/)) n += substr($0, RSTART + 10, RLENGTH - 10)
		else n++
	}
	END { print n + 0 }' "$lab_dir/syslog"
}

refused_is()
{
	[ "$(refused "$2" "$3" "$4")" -eq "$1" ]
}

# expect_refused N REASON SRC DST: before long, and no more
expect_refused()
{
	lab_wait 25 refused_is "$@" || lab_fail "$2 $3 > $4: $(refused "$2" "$3" "$4") recorded, $1 refused"
	echo "ok: $2 $3 > $4: $1"
}

C4=10.10.1.10 C6=fd00:10:1::10
lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

send "$lab_c" 4 "$V4" 4000 40 30000
send "$lab_c" 4 "$V4" 4001 3
send "$lab_c" 6 "$V6" 4000 30
send "$lab_s" 4 "$C4" 4000 20
send "$lab_c" 4 192.0.2.7 4000 0
in_g ip route add 192.0.2.0/24 via "$V4"
send "$lab_c" 4 192.0.2.7 4000 25
in_s ip addr add 10.10.1.77/32 dev lo
in_s "$python" - "$C4" <<'END' # from another wire than its zone's
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.10.1.77", 0))
for i in range(15):
    s.sendto(b"x", (sys.argv[1], 4000))
    time.sleep(0.02)
END
in_s ping -qc 10 -i 0.02 -W1 "$C4" >/dev/null

expect_refused 43 no-conduit "$C4" "$V4"
expect_refused 30 no-conduit "$C6" "$V6"
expect_refused 25 unknown-zone "$C4" 192.0.2.7
expect_refused 15 wrong-interface 10.10.1.77 "$C4"
expect_refused 30 no-conduit "$V4" "$C4" # 20 datagrams, 10 echo requests
expect "the counter of the rules" "$(lab_counted no-conduit)" 103
sleep 11 # two more readings count nothing twice
expect "nothing is told twice" "$(refused no-conduit "$C4" "$V4")" 43
line=$(grep "repeated=" "$lab_dir/syslog" | grep "src=$C4 .*dst=$V4 " | tail -n 1)
grep -q " dport_all=4000-4001" <<<"$line" || lab_fail "the ports are not in the record: $line"
echo "ok: $line"

# What is counted when other rules come is told, and so is what comes after.
send "$lab_c" 4 "$V4" 4000 12
lab_reload
send "$lab_c" 4 "$V4" 4000 9
expect_refused 64 no-conduit "$C4" "$V4"

# And when zoned stops.
send "$lab_c" 6 "$V6" 4000 14
sleep 0.2
lab_gate_stop
expect "all that there was, at the end" "$(refused no-conduit "$C6" "$V6")" 44
expect "and of IPv4" "$(refused no-conduit "$C4" "$V4")" 64
lab_said "no room" && lab_fail "no room: $(grep "no room" "$lab_dir/zoned.err")"
exit 0
