#!/bin/bash
# SPDX-License-Identifier: MIT
# The gateway translates addresses both ways, as machine builders have it: the station knows the
# device by another address, and the device sees the gateway instead of the station. Zones, policies
# and records are about the real ends; and what goes in the kernel goes there all the same.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
known4=10.99.0.20 known6=fd00:10:99::20	# routed to the gateway, whose default route the station has
in_g nft -f - <<END || lab_skip "this kernel does not translate addresses (nft_nat, nft_masq)"
table inet builder {
	chain in {
		type nat hook prerouting priority dstnat;
		ip daddr $known4 dnat ip to $V4
		ip6 daddr $known6 dnat ip6 to $V6
	}
	chain out {
		type nat hook postrouting priority srcnat;
		oifname "eth2" masquerade
	}
}
END

lab_poll -t 4 -r 600 "$known4" 4711 >/dev/null || lab_fail "no path to the device without the gate"
lab_device
expect "without the gate the write changes the device" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1
writes=$(lab_delivered writes)

for on_violation in drop reset; do
	lab_model on_violation=$on_violation >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
	in_kernel=0
	lab_said "in-kernel path: up to" && in_kernel=1

	for to in "$known4" "$known6"; do
		before=0
		[ $in_kernel = 0 ] || before=$(lab_in_kernel messages)
		out=$(in_c timeout 60 "$lab_bin/mbclient" -n 1000 "$to" "$PORT") || lab_fail "reads of $to: $out"
		expect "reads of $to without an answer" "$(lab_value "$out" lost)" 0
		[ $in_kernel = 0 ] ||
			expect_at_least "messages of 2000 that the kernel passed" "$(($(lab_in_kernel messages) - before))" 1800
	done
	in_s ss -Htn "sport = :$PORT" | grep -q 10.10.1.10 && lab_fail "the device sees the station: nothing is translated"

	# a refused write between reads of one connection; then all that follows on it
	for to in "$known4" "$known6"; do
		in_c timeout 20 "$python" - "$to" "$PORT" "$on_violation" <<-'END' || lab_fail "a refused write to $to, $on_violation"
			import socket
			import struct
			import sys

			s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
			s.settimeout(3)

			def say(tid, pdu):
			    s.sendall(struct.pack("!HHHB", tid, 0, len(pdu) + 1, 1) + pdu)

			def read(tid):
			    say(tid, b"\3\0\0\0\1")
			    assert s.recv(300)[:2] == struct.pack("!H", tid), tid

			for tid in range(20):
			    read(tid)
			say(20, b"\6\2\x58\0\1")
			try:
			    for tid in range(21, 40):
			        read(tid)
			    end = "drop"
			except ConnectionResetError:
			    end = "reset"
			assert end == sys.argv[3], end
		END
	done
	expect "writes delivered, $on_violation" "$(lab_delivered writes)" "$writes"
	for ends in "src=10.10.1.10" "src=fd00:10:1::10"; do
		lab_wait 3 grep -q " verdict=$on_violation .* from_zone=hmi to_zone=cell $ends " "$lab_dir/syslog" ||
			lab_fail "no record that names the real ends ($ends)"
	done
	grep -q " dst=\($known4\|$known6\) " "$lab_dir/syslog" && lab_fail "a record names the address that the station knows"

	# a reload judges connections anew, and they go on
	ip netns exec "$lab_c" timeout 60 "$lab_bin/mbclient" -d 4 "$known4" "$PORT" >"$lab_dir/session" 2>&1 &
	session=$!
	lab_pids+=("$session")
	sleep 1
	kill -HUP "$lab_zoned"
	lab_wait 5 lab_said "generation 2 is in force" || lab_fail "generation 2"
	wait "$session" || lab_fail "the session over a reload: $(cat "$lab_dir/session")"
	expect "connections opened again" "$(lab_value "$(cat "$lab_dir/session")" reconnects)" 0
	lab_gate_stop
	: >"$lab_dir/syslog"
done
