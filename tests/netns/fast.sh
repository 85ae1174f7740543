#!/bin/bash
# SPDX-License-Identifier: MIT
# The in-kernel path: most messages of a steady session never wake an inspector;
# what is refused is refused as ever, in the middle of a stream too; lost packets
# come again; a reload, the death of an inspector and a restart leave nothing open.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
lab_model >"$model"

# forged NETNS GO-ON [sum]: a request that is next in a connection in step is forged in this namespace
# (spoof.py); with GO-ON "after" the connection goes on
forged()
{
	ip netns exec "$1" timeout 20 "$python" "$lab_src/spoof.py" "$V4" "$PORT" $3 >"$lab_dir/spoof" 2>&1 &
	spoof=$!
	lab_pids+=("$spoof")
	lab_wait 5 grep -q ready "$lab_dir/spoof" || lab_fail "spoof.py: $(cat "$lab_dir/spoof")"
	in_c "$python" - "$V4" "$PORT" "$2" <<-'END' || lab_fail "reads around the forged request"
		import socket, sys, time
		s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
		s.settimeout(5)
		def read(n):
		    s.sendall(bytes([0, n, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]))
		    assert s.recv(300)[1] == n, n
		for n in range(20):
		    read(n)
		time.sleep(2.5)
		if sys.argv[3] == "after":
		    for n in range(20, 40):
		        read(n)
	END
	wait "$spoof" || lab_fail "spoof.py: $(cat "$lab_dir/spoof")"
	tail -1 "$lab_dir/spoof"
}

# from the client, but with a wrong check sum: how many came to the device
wrong_sum()
{
	in_s nft 'table ip seen { chain in { type filter hook prerouting priority -400; ip ttl 76 counter; }; }'
	(forged "$lab_c" after sum) >"$lab_dir/forged" || { cat "$lab_dir/forged"; exit 1; }
	in_s nft list table ip seen | awk '/packets/ { print $6 }'
	in_s nft delete table ip seen
}

expect "a spoofed request, without the gate" "$(forged "$lab_s" before)" arrived
expect "one with a wrong check sum, without the gate" "$(wrong_sum)" 1
lab_gate "$model"
lab_said "in-kernel path: up to" || lab_skip "$(grep -o 'no in-kernel path: [^;]*' "$lab_dir/zoned.err")"

# what the inspectors were given
queued()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
		"$python" -c "import json,sys; print(sum(i['packets'] for i in json.load(sys.stdin)['inspectors']))"
}

session()
{
	local out
	out=$(in_c timeout 60 "$lab_bin/mbclient" "$@" "$PORT") || lab_fail "session $*: $out"
	echo "$out"
}

in_background()
{
	ip netns exec "$lab_c" timeout 60 "$lab_bin/mbclient" "$@" "$V4" "$PORT" >"$lab_dir/session" 2>&1 &
	session=$!
	lab_pids+=("$session")
}

# passes_more N: has the kernel passed so many messages since there were $before?
passes_more()
{
	[ $(($(lab_in_kernel messages) - before)) -ge "$1" ]
}

end_session()
{
	kill -TERM "$session"
	wait "$session" || lab_fail "the session $1: $(cat "$lab_dir/session")"
	expect "connections opened again" "$(lab_value "$(cat "$lab_dir/session")" reconnects)" 0
}

# one transaction in forty is a function that the kernel leaves to the inspectors
for to in "$V4" "$V6"; do
	before=$(lab_in_kernel messages) packets=$(queued)
	session -n 2000 "$to" >/dev/null
	expect_at_least "messages of 4000 to $to that the kernel passed" "$(($(lab_in_kernel messages) - before))" 3600
	expect_at_most "packets for the inspectors" "$(($(queued) - packets))" 400
done
expect_at_least "the conduit's counter has them too" "$(lab_counted conduit-hmi-to-cell)" 8000
expect "how the program is asked" "$(lab_in_kernel asked)" first
in_g nft list chain inet zoned forward | grep -q "judged in the kernel" || lab_fail "the rule is not listed"

# the way in and out of a packet counts here as everywhere
expect "a spoofed request, with the gate" "$(forged "$lab_s" after)" lost
expect_at_least "packets from the wrong side" "$(lab_rules_counted wrong-interface)" 1

# nor is a packet of a connection that connection tracking does not take for one
invalid=$(lab_rules_counted invalid)
for _ in 1 2 3; do	# on a busy machine the forger may come too late
	expect "one with a wrong check sum, with the gate" "$(wrong_sum)" 0
	[ "$(lab_rules_counted invalid)" -gt "$invalid" ] && break
done
expect_at_least "packets that are invalid" "$(($(lab_rules_counted invalid) - invalid))" 1

# a route through another interface: what goes fast does not follow it
in_g sysctl -qw net.ipv6.conf.default.disable_ipv6=1	# it sends nothing of its own
in_g ip link add stray type veth peer name stray-end
in_g ip link set stray up && in_g ip link set stray-end up || lab_fail "a pair of interfaces"
stray_before=$(in_g cat /sys/class/net/stray/statistics/tx_packets)
in_background -d 3
sleep 1
wrong=$(lab_rules_counted wrong-way-out)
in_g ip route add "$V4/32" dev stray
sleep 0.5
in_g ip route del "$V4/32" dev stray
wait "$session"
expect_at_least "packets on their way to the wrong interface" "$(($(lab_rules_counted wrong-way-out) - wrong))" 1
expect "packets that went there" "$(in_g cat /sys/class/net/stray/statistics/tx_packets)" "$stray_before"

# an interface changes under the connections that use it: they are asked about anew, and go on
in_background -d 50
sleep 1
packets=$(queued)
in_g ip link set eth2 alias changed
sleep 1
expect_at_least "packets for the inspectors when an interface changed" "$(($(queued) - packets))" 1
before=$(lab_in_kernel messages)
lab_wait 10 passes_more 100 || lab_fail "the kernel passes nothing after an interface changed"
end_session "over a changed interface"

# refused writes between reads of one connection; it is slow from the first one on
before=$(lab_in_kernel messages)
session -n 500 -r 20 "$V4" >/dev/null
expect "writes delivered" "$(lab_delivered writes)" 0
expect_at_least "messages that the kernel passed until then" "$(($(lab_in_kernel messages) - before))" 1

# what gets lost, mostly behind the gate, comes again and gets through; not a connection's
# beginning, for which the client has less patience
lossy()
{
	nft -f - <<-END
	table inet lossy {
		chain in { type filter hook input priority 0; tcp flags & syn == 0 numgen random mod 50 0 drop; }
		chain out { type filter hook output priority 0; tcp flags & syn == 0 numgen random mod 200 0 drop; }
	}
	END
}
export -f lossy
in_c bash -c lossy && in_s bash -c lossy || lab_fail "nft numgen"
before=$(lab_in_kernel messages) back=$(lab_in_kernel handed_back)
session -n 500 -T 10000 "$V4"
expect_at_least "messages that the kernel passed with losses" "$(($(lab_in_kernel messages) - before))" 500
expect_at_least "times a connection came back from the kernel" "$(($(lab_in_kernel handed_back) - back))" 15
in_c nft delete table inet lossy
in_s nft delete table inet lossy

# a reload under way: nothing is lost, and the new generation goes fast too
in_background -d 50
sleep 1
counted=$(lab_counted conduit-hmi-to-cell)
for g in 2 3 4; do
	lab_reload
	sleep 0.3
done
expect_at_least "the conduit's counter over three reloads" "$(lab_counted conduit-hmi-to-cell)" "$((counted + 1000))"
before=$(lab_in_kernel messages)
lab_wait 10 passes_more 1000 || lab_fail "the kernel passes nothing after three reloads"
end_session "over three reloads"

# the permitted write of a wider policy, on a connection that goes fast
lab_model policy=modbus-read-write >"$model"
lab_reload
before=$(lab_in_kernel messages)
in_c "$python" - "$V4" "$PORT" <<'END' || lab_fail "permitted writes"
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for i in range(100):
    adu = bytes([0, i, 0, 0, 0, 6, 1, 6, 2, 88, 0, i])     # register 600
    s.sendall(adu)
    assert s.recv(300) == adu, i
END
expect "writes delivered" "$(lab_delivered writes)" 100
expect_at_least "messages of 200 that the kernel passed" "$(($(lab_in_kernel messages) - before))" 180

# and are refused again at once when the policy says so, on a connection that is open
lab_model >"$model"
lab_reload
in_background -d 3 -r 20
sleep 1
wait "$session" || lab_fail "the session after the policy was narrowed: $(cat "$lab_dir/session")"
expect "writes delivered" "$(lab_delivered writes)" 100

# an inspector dies: its connections are not left to the kernel
in_background -d 4
sleep 1
pid=$(lab_inspectors)
kill -KILL "$pid"
wait "$session"
out=$(cat "$lab_dir/session")
echo "$out"
expect "connections opened again" "$(lab_value "$out" reconnects)" 1
expect_at_most "longest time without a good answer (ms)" "$(lab_value "$out" gap_ms)" 999
before=$(lab_in_kernel messages)
session -n 200 "$V4" >/dev/null
expect_at_least "messages that the kernel passed after the death" "$(($(lab_in_kernel messages) - before))" 200

# zoned dies: the kernel goes on judging what it was given, and nothing else passes
in_background -d 5 -r 50
sleep 1
kill -KILL "$lab_zoned"
sleep 1
in_c timeout 5 "$lab_bin/mbclient" -n 1 -T 500 "$V4" "$PORT" >/dev/null 2>&1 && lab_fail "a new connection passed without zoned"
lab_gate "$model"
session -n 200 "$V4" >/dev/null
wait "$session"
expect "writes delivered" "$(lab_delivered writes)" 100
expect_at_least "messages that the kernel passed after the restart" "$(lab_in_kernel messages)" 200
lab_gate_stop

# a conduit that only observes: what is permitted goes fast, what is not is recorded and gets through
lab_model mode=observe >"$model"
lab_gate "$model"
before=$(lab_delivered writes)
out=$(session -n 2000 -r 100 "$V4")
writes=$(lab_value "$out" writes)
expect_at_least "writes that the policy does not allow" "$writes" 1
expect "those delivered" "$(($(lab_delivered writes) - before))" "$writes"
expect_at_least "kinds of them that are recorded" "$(lab_logged 'verdict=observed reason=function-not-allowed')" 4
# of its connections: to one of the session before, which was broken, the device may still say something
clients=$(sed -n 's/.* reason=function-not-allowed .* sport=\([0-9]*\) .*/dport=\1/p' "$lab_dir/syslog" | sort -u | paste -sd '|')
expect "responses that are recorded, which are as they should be" \
	"$(grep 'verdict=observed' "$lab_dir/syslog" | grep -cE "($clients) ")" 0
expect_at_least "messages that the kernel passed of a conduit that observes" "$(lab_in_kernel messages)" 2000
lab_gate_stop

# zones that name no interface
lab_model | sed 's/interfaces = [^;]*;//' >"$model"
lab_gate "$model"
session -n 500 "$V4" >/dev/null
expect_at_least "messages of 1000 that the kernel passed without interfaces in the model" "$(lab_in_kernel messages)" 800
lab_gate_stop

# somebody else's bits in the connection mark change nothing
lab_model >"$model"
lab_gate "$model"
in_g nft 'table inet other { chain f { type filter hook forward priority 10; ct mark set ct mark or 1; }; }'
session -n 500 "$V4" >/dev/null
expect_at_least "messages of 1000 that the kernel passed with a foreign mark" "$(lab_in_kernel messages)" 800
in_g nft delete table inet other
lab_gate_stop

# a kernel that does not say where it keeps a packet's way out: the program is asked after
# the anti-spoofing, and counts nothing of its own
lab_prefix=(unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh)
lab_gate "$model"
lab_prefix=()
session -n 500 "$V4" >/dev/null
expect "how the program is asked then" "$(lab_in_kernel asked)" late
expect_at_least "messages of 1000 that the kernel passed" "$(lab_in_kernel messages)" 900
expect_at_most "packets counted for the conduit, once each" "$(lab_counted conduit-hmi-to-cell)" 1100
expect_at_least "packets counted for the conduit" "$(lab_counted conduit-hmi-to-cell)" 1000
in_g nft list chain inet zoned fast-closed | grep -q "judged in the kernel" || lab_fail "the late rule is not listed"
lab_gate_stop

# switched off
lab_model daemon='fast_path = false;' >"$model"
lab_gate "$model"
session -n 100 "$V4" >/dev/null
expect "without it" "$(ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
	"$python" -c "import json,sys; print(json.load(sys.stdin)['in_kernel'])")" None
lab_gate_stop
