#!/bin/bash
# SPDX-License-Identifier: MIT
# Floods do not stop the permitted ones. While a libmodbus client polls the device
# through the gate, an attacker in its zone drips bytes, leaves holes, sends what is
# refused, sends SYNs with false senders, and opens 100,000 connections
# (LAB_FLOOD_CONNECTIONS) from a hundred addresses, all to a second device
# (flooder.c). The client loses nothing and can always connect; the flow table and
# the memory stay within their bounds, and come back to what they were; every
# record is accounted for; what the kernel forgets, zoned forgets.
. "$(dirname "$0")/lab.sh"
lab_need conntrack
many=${LAB_FLOOD_CONNECTIONS:-100000}
flows=2048 share=300 queues=2
attacker=10.10.1.100 crowd=100 sink=10.10.2.66

# Addresses that no kernel owns: the gateway knows where they are.
flood_addresses()
{
	local mac_c mac_s i
	mac_c=$(in_c cat /sys/class/net/eth0/address)
	mac_s=$(in_s cat /sys/class/net/eth0/address)
	{
		echo "neigh replace $sink lladdr $mac_s dev eth2 nud permanent"
		for ((i = 0; i <= crowd; i++)); do
			echo "neigh replace 10.10.1.$((100 + i)) lladdr $mac_c dev eth1 nud permanent"
		done
	} | ip -n "$lab_g" -batch - || lab_fail "static neighbours"
	in_c sysctl -qw net.ipv4.ip_forward=0
	in_s sysctl -qw net.ipv4.ip_forward=0
}

# flood MODE [options]: from the client's zone; its result goes to a file of that name
flood()
{
	local mode=$1
	shift
	ip netns exec "$lab_c" timeout 60 "$lab_bin/flooder" "$mode" -a "$crowd" "$@" "$attacker" "$sink" "$PORT" \
		>"$lab_dir/flood-$mode" || lab_fail "flooder $mode"
	echo "ok: $(cat "$lab_dir/flood-$mode")"
}

# flood_stat NAME: of all inspectors together
flood_stat()
{
	"$top_builddir/zonectl" status --json | awk -v k="\"$1\":" '$1 == k { n += $2 } END { print n + 0 }'
}

# flood_kb FIELD PID: as in /proc/PID/status
flood_kb()
{
	sed -n "s/^$1:[^0-9]*\\([0-9]*\\) kB/\\1/p" "/proc/$2/status"
}

# Bytes that may become resident, in KB: of the rings between the parent and one
# inspector (ring.h), and of one flow (two buffers of 16 KB, and at most 4 KB beside them).
ring_kb=$((2 * 1024 * 11))
flow_kb=36
other_kb=6000

flood_table_is_bounded()
{
	"$top_builddir/zonectl" status --json | awk -v max="$flows" \
		'$1 == "\"flows\":" { seen++; if ($2 + 0 > max) bad = 1 } END { exit bad || !seen }' ||
		lab_fail "the flow table holds more than $flows: $("$top_builddir/zonectl" status --json)"
}

# A new connection of a permitted client: quick, and served.
flood_connects()
{
	local t0 t1 out
	t0=$(date +%s%3N)
	out=$(in_c timeout 10 "$lab_bin/mbclient" -n 5 "$V4" "$PORT") || lab_fail "a new connection $1: $out"
	t1=$(date +%s%3N)
	expect_at_most "ms for a new connection and five reads $1" $((t1 - t0)) 999
}

# Events that syslog accounts for: lines, repetitions, and what was too fast to be written.
flood_accounted()
{
	awk '/ event=/ { if (match($0, / repeated=[0-9]+/)) n += substr($0, RSTART + 10, RLENGTH - 10); else n++ }
	     match($0, / suppressed=[0-9]+/) { n += substr($0, RSTART + 12, RLENGTH - 12) }
	     END { print n + 0 }' "$lab_dir/syslog"
}

flood_all_accounted() { [ "$(flood_accounted)" -eq "$1" ]; }
flood_flows_at_most() { [ "$(flood_stat flows)" -le "$1" ]; }

lab_up
export ZONED_CONTROL=$lab_dir/control
lab_model queues=$queues daemon="max_connections = $flows; max_connections_per_source = $share;" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
flood_addresses
in_s timeout 100 "$lab_bin/flooder" sink -t 100 10.10.1.1 "$sink" "$PORT" >"$lab_dir/sink" &
lab_pids+=($!)
mapfile -t inspectors < <(lab_inspectors)
parent_kb=$(flood_kb VmRSS "$lab_zoned")
inspector_kb=$(flood_kb VmRSS "${inspectors[0]}")
in_c timeout 60 "$lab_bin/mbclient" -d 34 "$V4" "$PORT" >"$lab_dir/poll" & poll=$!
lab_pids+=("$poll")

# at once: bytes that drip, bytes behind holes, messages that are refused
flood drip -n 300 -r 2000 -p 20000 -t 13 & drip=$!
flood islands -n 1000 -r 5000 -p 30000 -t 6
flood garbage -n 200 -m 20000 -r 5000 -p 40000 -t 8
flood_table_is_bounded
flood_connects "while bytes drip"
wait "$drip" || lab_fail "drip"
# one that had none; a few are answered before their turn comes to be refused
crowd=1 attacker=10.10.1.200 flood open -n $((share + 100)) -r 2000 -p 50000 -t 3
expect_at_most "connections that one source opened" "$(lab_value "$(cat "$lab_dir/flood-open")" opened)" \
	$((share + 20))
flood syn -n 200000 -r 40000 -t 5
flood_table_is_bounded
flood_connects "after SYNs with false senders"
# as many as there is room for are opened and silent, slowly enough for a busy machine; then many at once
flood open -n 4000 -r 1500 -p 45000 -t 7
flood open -n "$many" -r 20000 -p 2000 -t 7
flood_table_is_bounded
flood_connects "when the table is full of silent connections"
kill -0 "$poll" 2>/dev/null || lab_fail "the client had ended before the floods did"

wait "$poll" || lab_fail "the permitted client: $(cat "$lab_dir/poll")"
out=$(cat "$lab_dir/poll")
echo "ok: $out"
expect "reads lost, wrong, and connections opened again" \
	"$(($(lab_value "$out" lost) + $(lab_value "$out" wrong) + $(lab_value "$out" reconnects)))" 0
expect_at_most "longest time without an answer, ms" "$(lab_value "$out" gap_ms)" 999

for reason in half-open-evicted idle-evicted source-limit unfinished-message function-not-allowed \
	bad-protocol-identifier; do
	grep -q " reason=$reason " "$lab_dir/syslog" || lab_fail "no record says $reason"
done
for name in no_room pushed_half pushed_idle; do
	expect_at_least "$name" "$(flood_stat $name)" 100
done
expect "connections left to the inspectors that were started" "$(flood_stat restarts)" 0

expect_at_most "parent's memory at its peak, KB" "$(flood_kb VmHWM "$lab_zoned")" \
	$((parent_kb + queues * ring_kb + other_kb))
for pid in "${inspectors[@]}"; do
	expect_at_most "inspector's memory at its peak, KB" "$(flood_kb VmHWM "$pid")" \
		$((inspector_kb + ring_kb + flows * flow_kb + other_kb))
done

# the kernel forgets all, in the gateway's own namespace, and so does zoned; more events than
# the kernel has room for are no reason to keep a flow; with the in-kernel path the list of
# connections is read every ten seconds
in_g conntrack -F 2>/dev/null
lab_wait 20 flood_flows_at_most 1 || lab_fail "flows outlive their connections: $(flood_stat flows)"
echo "ok: flows follow conntrack"
sleep 1		# a turn of the sweep
for pid in "${inspectors[@]}"; do
	expect_at_most "inspector's memory afterwards, KB" "$(flood_kb VmRSS "$pid")" \
		$((inspector_kb + ring_kb + flows * 4 + other_kb))
done
flood_connects "afterwards"

events=$("$top_builddir/zonectl" status --json | sed -n 's/.*"events": \([0-9]*\).*/\1/p')
lab_gate_stop
lab_wait 5 flood_all_accounted "$events" || lab_fail "$events events, accounted for: $(flood_accounted)"
echo "ok: every one of $events events is accounted for in $(wc -l <"$lab_dir/syslog") lines of syslog"
