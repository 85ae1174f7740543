#!/bin/bash
# SPDX-License-Identifier: MIT
# A mirror of a plant's traffic that zoned does not forward: what is refused is recorded, and delivered; with
# enforce = "reactive" the connection ends and a second write on it does not arrive. Plain, in VXLAN, and with
# the interface away for a while.
#
#	client -- eth1 [router of the plant] eth2 -- server
#	                  | mirror of eth2   | way back
#	                eth3 [   zoned    ] eth0
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
ip -n "$tapped" addr add 10.10.3.2/24 dev eth0
for i in lo eth0 eth3; do ip -n "$tapped" link set "$i" up; done
ip -n "$tapped" route add default via 10.10.3.1
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

tap_model()	# tap_model INTERFACE MORE
{
	lab_model
	echo "interfaces = ( { name = \"$1\"; source = \"tap\"; $2 } );"
}

tap_status()	# tap_status KEY: of the one tap
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status |
		"$python" -c "import json,sys; t=json.load(sys.stdin)['taps'][0]
for k in '$1'.split('.'): t = t[k]
print(t)"
}

tap_is() { [ "$(tap_status "$1")" = "$2" ]; }

records()	# lines of records with this text
{
	sleep 0.3
	lab_logged "$1"
}

# Two writes on one connection, the second of them 0.1 seconds later.
two_writes()
{
	in_c "$python" - "$V4" "$PORT" <<-'END'
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
	        time.sleep(0.1)
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
tap_model eth3 'enforce = "reactive";' >"$model"
lab_gate "$model"
lab_wait 5 tap_is state reading || lab_fail "the tap is not read: $(tap_status why)"
before=$(lab_delivered 'fc 6')
expect "the connection ends after the write that was seen" "$(two_writes | cut -d' ' -f1)" reset
expect "the device has the first one only" "$(($(lab_delivered 'fc 6') - before))" 1
expect "the record says so" "$(records 'verdict=reset reason=function-not-allowed')" 1
expect "it is blocked in the kernel, both ways round" \
	"$(in_g nft list set inet zoned "$(lab_set_named blocked-tap4)" | grep -o "10.10.[12].[12]0 . 10.10" | wc -l)" 2
expect "connections blocked" "$(tap_status reactions.blocked)" 1
expect "resets that could not be sent" "$(tap_status reactions.resets_failed)" 0
# each write on a connection of its own; times from the wire (the kernel's time stamp) to the resets and the block
for i in {1..20}; do
	in_c "$python" -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.settimeout(1)
try:
    s.sendall(bytes([0, 1, 0, 0, 0, 6, 1, 6, 0, 1, 0, 1]))
    while s.recv(100): pass
except OSError: pass' "$V4" "$PORT"
done
lab_wait 3 tap_is reactions.blocked 21 || lab_fail "not all connections were blocked: $(tap_status reactions.blocked)"
sed -n 's/.*blocked and reset \([0-9]*\) us.*/\1/p' "$lab_dir/zoned.err" | sort -n | awk '
	{ v[NR] = $1 } END { print "reaction in us, of " NR ": median " v[int((NR + 1) / 2)] ", longest " v[NR] }'
lab_reload
expect "it stays blocked over a reload" \
	"$(in_g nft list set inet zoned "$(lab_set_named blocked-tap4)" | grep -o "10.10.[12].[12]0 . 10.10" | wc -l)" 42
lab_poll -t 4 -r 1 "$V4" >/dev/null || lab_fail "what is permitted does not pass"
lab_gate_stop

# the mirror in a tunnel, to the interface that is the way back as well
tap_model eth0 'enforce = "reactive"; filter = "udp port 4789 or ip proto 47";' >"$model"
lab_gate "$model"
lab_wait 5 tap_is state reading || lab_fail "the tap is not read: $(tap_status why)"
for how in vxlan erspan; do
	mirror_to $how 10.10.3.2
	before=$(lab_delivered 'fc 6')
	expect "in $how the connection ends" "$(two_writes | cut -d' ' -f1)" reset
	expect "the device has the first write only" "$(($(lab_delivered 'fc 6') - before))" 1
done
lab_gate_stop
