#!/bin/bash
# SPDX-License-Identifier: MIT
# A mirror of a plant's traffic that zoned does not forward: what is refused is recorded, and delivered; with
# enforce = "reactive", with what the unit gives, the connection ends and a second write on it does not arrive, by IPv4
# and IPv6. Plain, in VXLAN, and with the interface away for a while.
#
#	client -- eth1 [router of the plant] eth2 -- server
#	                  | mirror of eth2   | way back
#	                eth3 [   zoned    ] eth0
#
# And zoned where the router is, with a mirror of eth1: what it forwards of a blocked connection is dropped by the kernel.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
router=$lab_g
tapped=zt$$
lab_more="$router $tapped"
ip netns add "$tapped"
ip -n "$router" link add mirror type veth peer name eth3 netns "$tapped"
ip -n "$router" link add back type veth peer name eth0 netns "$tapped"
ip -n "$router" addr add 10.10.3.1/24 dev back
ip -n "$router" link set mirror up
ip -n "$router" link set back up
ip -n "$router" addr add fd00:10:3::1/64 dev back nodad
ip -n "$tapped" addr add 10.10.3.2/24 dev eth0
ip -n "$tapped" addr add fd00:10:3::2/64 dev eth0 nodad
for i in lo eth0 eth3; do ip -n "$tapped" link set "$i" up; done
ip -n "$tapped" route add default via 10.10.3.1
ip -n "$tapped" -6 route add default via fd00:10:3::1
lab_g=$tapped

mirror_pid=
mirror_to()	# as mirror.py has it: both directions of what goes by eth2
{
	[ -n "$mirror_pid" ] && lab_end "$mirror_pid" KILL 2>/dev/null
	ip netns exec "$router" "$python" "$lab_src/mirror.py" eth2 "$@" >"$lab_dir/mirror" 2>&1 &
	mirror_pid=$!
	lab_pids+=("$mirror_pid")
	lab_wait 5 grep -q ready "$lab_dir/mirror" || lab_fail "no mirror: $(cat "$lab_dir/mirror")"
}

tap_model()	# tap_model INTERFACE MORE [MORE_TAPS]
{
	lab_model daemon='lock_table = false;'
	echo "interfaces = ( { name = \"$1\"; source = \"tap\"; $2 } $3 );"
}

tap_status()	# tap_status KEY: of the first tap
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
		sed -n '/^  "taps": \[/,/^  \]/{s/^ *"'"$1"'": "\{0,1\}\([^",]*\).*/\1/p}' | head -n 1
}

# as the unit with its drop-in for taps starts it: the user, and what they give
of_unit()
{
	sed -n "s/^$1=//p" "$top_builddir/systemd/zoned.service" "$top_srcdir/systemd/taps.conf" | paste -sd, |
		sed 's/CAP_/+/g; s/ /,/g' | tr '[:upper:]' '[:lower:]'
}
as_unit=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all,"$(of_unit AmbientCapabilities)"
	--ambient-caps=-all,"$(of_unit AmbientCapabilities)" --bounding-set=-all,"$(of_unit CapabilityBoundingSet)" --no-new-privs)
chmod 777 "$lab_dir"	# for the control socket

tap_is() { [ "$(tap_status "$1")" = "$2" ]; }

records()	# lines of records with this text
{
	sleep 0.3
	lab_logged "$1"
}

# Two writes on one connection, the second of them 0.1 seconds later.
two_writes()	# [ADDRESS]
{
	in_c "$python" - "${1:-$V4}" "$PORT" <<-'END'
	import socket, sys, time
	s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
	s.settimeout(3)
	write = lambda n: bytes([0, n, 0, 0, 0, 6, 1, 6, 0, 1, 0, n])
	try:
	    for n in 1, 2:
	        s.sendall(write(n))
	        if len(s.recv(100)) != 12:
	            print("ended after", n)
	            break
	        time.sleep(0.5)
	    else:
	        print("both answered")
	except OSError as e:
	    print("reset after", n, e.strerror)
	END
}

mirror_to to mirror

tap_model eth3 "" >"$model"
lab_gate "$model"
lab_wait 5 tap_is state reading || lab_fail "the tap is not read: $(tap_status why)"
expect "two writes pass a tap" "$(two_writes)" "both answered"
expect "the device has both" "$(lab_delivered 'fc 6')" 2
expect "the record names the tap and says that nothing was dropped" \
	"$(records 'verdict=observed reason=function-not-allowed conduit=hmi-to-cell policy=modbus-read-only tap="eth3"')" 1
lab_wait 3 tap_is refused 2
expect "refused messages in status" "$(tap_status refused)" 2
expect "packets that the kernel dropped" "$(tap_status dropped)" 0

# the interface goes and comes
ip -n "$tapped" link set eth3 down
lab_wait 5 tap_is state down || lab_fail "an interface that is down is not told"
ip -n "$tapped" link set eth3 up
lab_wait 5 tap_is state reading || lab_fail "an interface that is up again is not told"
expect "writes after it" "$(two_writes)" "both answered"
lab_wait 3 tap_is refused 4 || lab_fail "nothing is judged after the interface was down: $(tap_status refused)"
lab_reload
expect "writes under the next generation" "$(two_writes)" "both answered"
lab_wait 3 tap_is refused 6 || lab_fail "nothing is judged after a reload: $(tap_status refused)"
ip -n "$router" link del mirror
lab_wait 5 lab_said "tap eth3: no such interface" || lab_fail "an interface that is gone is not told"
ip -n "$router" link add mirror type veth peer name eth3 netns "$tapped"
ip -n "$router" link set mirror up
ip -n "$tapped" link set eth3 up
mirror_to to mirror
lab_wait 5 tap_is state reading || lab_fail "an interface that was made again is not read"
lab_gate_stop

# reactive
blocked_in()	# FAMILY: elements of the set for it
{
	in_g nft list set inet zoned "$(lab_set_named "blocked-tap$1")" | grep -oE "(10.10.[12].[12]0|fd00:10:[12]::[12]0) \. (10.10|fd00)" | wc -l
}
tap_model eth3 'enforce = "reactive";' \
	', { name = "eth0"; source = "tap"; enforce = "reactive"; filter = "udp port 4789 or ip proto 47"; }' >"$model"
lab_become=("${as_unit[@]}")
lab_gate "$model"
lab_become=()
expect "the user that reads it" "$(stat -c %U "/proc/$lab_zoned")" nobody
lab_wait 5 tap_is state reading || lab_fail "the tap is not read: $(tap_status why)"
for at in "4 $V4" "6 $V6"; do
	read -r family address <<<"$at"
	before=$(lab_delivered 'fc 6')
	expect "IPv$family: the connection ends after the write that was seen" "$(two_writes "$address" | cut -d' ' -f1)" reset
	expect "IPv$family: the device has the first one only" "$(($(lab_delivered 'fc 6') - before))" 1
	expect "IPv$family: it is blocked in the kernel, both ways round" "$(blocked_in "$family")" 2
done
expect "the records say so" "$(records 'verdict=reset reason=function-not-allowed')" 2
expect "connections blocked" "$(tap_status blocked)" 2
expect "resets that could not be sent" "$(tap_status resets_failed)" 0
# each write on a connection of its own; times from the wire (the kernel's time stamp) to the resets and the block
in_c "$python" - "$V4" "$PORT" <<-'END'
	import socket, sys
	for i in range(20):
	    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
	    s.settimeout(1)
	    try:
	        s.sendall(bytes([0, 1, 0, 0, 0, 6, 1, 6, 0, 1, 0, 1]))
	        while s.recv(100): pass
	    except OSError: pass
END
lab_wait 3 tap_is blocked 22 || lab_fail "not all connections were blocked: $(tap_status blocked)"
sed -n 's/.*blocked and reset \([0-9]*\) us.*/\1/p' "$lab_dir/zoned.err" | sort -n | awk '
	{ v[NR] = $1 } END { print "reaction in us, of " NR ": median " v[int((NR + 1) / 2)] ", longest " v[NR] }'
lab_reload
expect "it stays blocked over a reload" "$(blocked_in 4) $(blocked_in 6)" "42 2"
in_g nft delete table inet zoned || lab_fail "the table cannot be deleted"
lab_wait 5 lab_said "result=restored" || lab_fail "the table is not restored"
expect "and over the end of the table" "$(blocked_in 4) $(blocked_in 6)" "42 2"
lab_poll -t 4 -r 1 "$V4" >/dev/null || lab_fail "what is permitted does not pass"
# the mirror in a tunnel, to the interface that is the way back as well
for how in vxlan erspan; do
	mirror_to $how 10.10.3.2
	before=$(lab_delivered 'fc 6')
	expect "in $how the connection ends" "$(two_writes | cut -d' ' -f1)" reset
	expect "the device has the first write only" "$(($(lab_delivered 'fc 6') - before))" 1
done
lab_gate_stop

# zoned itself forwards the connection, and cuts the write out of it. Both ends are deaf to resets, so that nothing
# ends the connection but the rule that drops what a tap had blocked: without it the next read is answered.
lab_end "$mirror_pid" KILL 2>/dev/null
lab_g=$router
ip -n "$router" link add copies type veth peer name copied
ip -n "$router" link set copies up
ip -n "$router" link set copied up
ip netns exec "$router" "$python" "$lab_src/mirror.py" eth1 to copies >"$lab_dir/mirror" 2>&1 &
lab_pids+=($!)
for ns in "$lab_c" "$lab_s"; do
	ip netns exec "$ns" nft -f - <<-'END'
		table inet deaf {
			chain input {
				type filter hook input priority 0;
				meta nfproto ipv4 tcp flags rst counter drop
				meta nfproto ipv6 tcp flags rst counter drop
			}
		}
	END
done
resets_at()	# NAMESPACE FAMILY
{
	ip netns exec "$1" nft list table inet deaf | sed -n "s/.*nfproto ipv$2 .*packets \([0-9]*\).*/\1/p"
}
read_after_write()	# ADDRESS
{
	in_c "$python" - "$1" "$PORT" <<-'END'
	import socket, sys, time
	s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
	s.settimeout(1)
	ask = lambda n, code: bytes([0, n, 0, 0, 0, 6, 1, code, 0, 1, 0, 1])
	s.sendall(ask(1, 3))
	assert len(s.recv(100)) == 11
	s.sendall(ask(2, 6))
	time.sleep(0.2)
	s.sendall(ask(3, 3))
	try:
	    print("answered" if s.recv(100)[:2] == b"\0\3" else "something else")
	except OSError:
	    print("silent")
	END
}
counted=0
for enforce in none reactive; do
	tap_model copied "enforce = \"$enforce\";" >"$model"
	lab_gate "$model"
	lab_wait 5 tap_is state reading || lab_fail "the tap is not read: $(tap_status why)"
	for at in "4 $V4" "6 $V6"; do
		read -r family address <<<"$at"
		if [ "$enforce" = none ]; then
			expect "IPv$family: a read after a write that was cut out" "$(read_after_write "$address")" answered
			expect "IPv$family: packets of blocked connections" "$(lab_counted blocked)" 0
			expect "IPv$family: resets at the client, at the server" "$(resets_at "$lab_c" "$family") $(resets_at "$lab_s" "$family")" "0 0"
		else
			expect "IPv$family: the same read where the tap is reactive" "$(read_after_write "$address")" silent
			expect_at_least "IPv$family: packets that the kernel dropped of it" "$(($(lab_counted blocked) - counted))" 1
			counted=$(lab_counted blocked)
			expect_at_least "IPv$family: resets at the client" "$(resets_at "$lab_c" "$family")" 1
			expect_at_least "IPv$family: resets at the server" "$(resets_at "$lab_s" "$family")" 1
		fi
	done
	lab_gate_stop
done
