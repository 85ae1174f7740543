#!/bin/bash
# SPDX-License-Identifier: MIT
# Taps and their ends: as many as a model may have, one of them down at the start, readers that are killed or do not
# move any more, and reloads at once one after the other. What ends is started again, counted and said; the others,
# and the gate, go on.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
N=8
{
	lab_model
	echo "interfaces = ("
	for ((i = 1; i <= N; i++)); do
		echo "  { name = \"t$i\"; source = \"tap\"; buffer = 1; }$([ $i = $N ] || echo ,)"
	done
	echo ");"
} >"$model"
for ((i = 1; i <= N; i++)); do
	ip -n "$lab_g" link add "m$i" type veth peer name "t$i"
	ip -n "$lab_g" link set "m$i" up
	[ $i = 3 ] || ip -n "$lab_g" link set "t$i" up
done

tap_of()	# tap_of N KEY
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
		sed -n '/"interface": "t'"$1"'"/,/^    }/{s/^ *"'"$2"'": "\{0,1\}\([^",]*\).*/\1/p}'
}
tap_is() { [ "$(tap_of "$1" "$2")" = "$3" ]; }
all_read()
{
	local i
	for ((i = 1; i <= N; i++)); do
		tap_is "$i" state reading || return 1
	done
}
another() { tap_is "$1" restarts "$2" && tap_is "$1" state reading; }
# a copy of a connection with a write that the model refuses, to a tap
send_to()
{
	in_g "$python" - "m$1" "$2" <<-'END'
	import socket, struct, sys
	to, port = sys.argv[1], int(sys.argv[2])
	c, s = socket.inet_aton("10.10.1.10"), socket.inet_aton("10.10.2.20")
	out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	out.bind((to, 0))
	def total(b):
	    n = sum(struct.unpack("!%dH" % (len(b) // 2), b))
	    n = (n >> 16) + (n & 0xffff)
	    return ~(n + (n >> 16)) & 0xffff
	def send(src, dst, sport, dport, seq, ack, flags, data=b""):
	    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 8192, 0, 0) + data
	    pseudo = src + dst + struct.pack("!HH", 6, len(tcp)) + tcp
	    tcp = tcp[:16] + struct.pack("!H", total(pseudo + b"\0" * (len(pseudo) % 2))) + tcp[18:]
	    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst
	    ip = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
	    out.send(b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + tcp)
	send(c, s, port, 502, 100, 0, 2)
	send(s, c, 502, port, 500, 101, 18)
	send(c, s, port, 502, 101, 501, 16)
	send(c, s, port, 502, 101, 501, 24, bytes([0, 1, 0, 0, 0, 6, 1, 6, 0, 1, 0, 1]))
	END
}

lab_gate "$model"
lab_wait 5 lab_said "tap t3: the interface is down" || lab_fail "an interface that is down at the start is not told"
expect "the tap of an interface that is down" "$(tap_of 3 state)" not-open
ip -n "$lab_g" link set t3 up
lab_wait 5 all_read || lab_fail "not all taps are read"
for i in 1 3 8; do
	send_to $i "4000$i"
	lab_wait 3 tap_is $i refused 1 || lab_fail "tap $i: the write is not seen: $(tap_of $i refused)"
done
echo "ok: writes on taps 1, 3 and 8 are seen"

# one that does not move is killed some seconds later; meanwhile another one is killed at once
stopped=$(tap_of 2 pid)
kill -STOP "$stopped"
killed=$(tap_of 1 pid)
kill -KILL "$killed"
lab_wait 5 lab_said "tap t1: its reader (pid $killed) ended (signal 9); another one is started" || lab_fail "a reader's end is not said"
lab_wait 5 another 1 1 || lab_fail "no other reader: $(tap_of 1 state), $(tap_of 1 restarts)"
send_to 1 40011
lab_wait 3 tap_is 1 refused 1 || lab_fail "the other reader sees nothing: $(tap_of 1 refused)"
expect "taps that go on" "$(tap_of 8 restarts) $(tap_of 8 pid | grep -c .)" "0 1"
lab_poll -t 4 -r 1 "$V4" >/dev/null || lab_fail "the gate does not go on"
lab_wait 14 lab_said "tap t2: its reader (pid $stopped) does not move; killing it" || lab_fail "a reader that does not move is not told"
lab_wait 5 another 2 1 || lab_fail "no other reader for it: $(tap_of 2 state), $(tap_of 2 restarts)"
send_to 2 40002
lab_wait 3 tap_is 2 refused 1 || lab_fail "that one sees nothing: $(tap_of 2 refused)"
echo "ok: readers that end or do not move are told, counted, and there again"

# reloads faster than a reader takes them: the last one counts
for i in {1..4}; do lab_reload; done
sed -i 's/modbus-read-only/modbus-read-write/' "$model"
lab_reload
sleep 0.6
send_to 8 40088
lab_wait 3 tap_is 8 messages 2 || lab_fail "the write is not seen: $(tap_of 8 messages)"
expect "of the last model it is none that is refused" "$(tap_of 8 refused)" 1
all_read || lab_fail "reloads ended a reader"
lab_gate_stop
