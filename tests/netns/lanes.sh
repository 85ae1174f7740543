#!/bin/bash
# SPDX-License-Identifier: MIT
# A permitted host that sends far more than the inspector can judge fills a queue of its own: packets
# of hosts in other queues of the same inspector are not dropped, and are answered while it goes on,
# IPv4 and IPv6, enforcing and observing. Which queue the kernel's hash gives a pair of hosts is
# seen by its count.
. "$(dirname "$0")/lab.sh"
lab_need
. <(sed -n '/^flood_addresses()/,/^}/p' "$lab_src/flood.sh")
greedy=10.10.1.100 crowd=1 sink=10.10.2.66
lab_up
hosts=() served=() reading=()
for i in {1..4}; do
	hosts+=("10.10.1.$((20 + i))" "fd00:10:1::$((20 + i))")
	ip -n "$lab_c" addr add "10.10.1.$((20 + i))/24" dev eth0
	ip -n "$lab_c" addr add "fd00:10:1::$((20 + i))/64" dev eth0 nodad
	served+=("$V4" "$V6")
done

# lanes COLUMN: number of the queue, and that column
lanes() { in_g awk -v c="$1" '{ print $1, $c }' /proc/net/netfilter/nfnetlink_queue | sort; }
# reads SOURCE HOST EVERY COUNT
reads() { ip netns exec "$lab_c" timeout 30 "$python" "$lab_src/shares.py" seldom "$1" "$2" "$PORT" "$3" "$4"; }
# lane_of COMMAND...: the queue whose count goes on
lane_of()
{
	lanes 8 >"$lab_dir/before"
	"$@" >/dev/null || return 1
	lanes 8 | join "$lab_dir/before" - | awk '$3 > $2 + 2 { print $1 }'
}
flood() { ip netns exec "$lab_c" "$lab_bin/flooder" repeat -a 1 -n "$1" -m 1000000 -r "$2" -p "$3" -t "$4" "$greedy" "$sink" "$PORT"; }

for mode in enforce observe; do
	lab_model mode=$mode queues=1 daemon='fast_path = false;' >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
	flood_addresses
	in_s timeout 60 "$lab_bin/flooder" sink -t 60 10.10.1.1 "$sink" "$PORT" >"$lab_dir/sink" & sink_pid=$!
	lab_pids+=($sink_pid)
	its=$(lane_of flood 10 1000 20000 1) || lab_fail "a flood of a second"
	expect "$mode: queues of the greedy host" "$(wc -w <<<"$its")" 1
	others=()
	for i in "${!hosts[@]}"; do
		for _ in 1 2 3; do	# on a busy machine the host before it may not have ended
			lane=$(lane_of reads "${hosts[i]}" "${served[i]}" 0.05 5)
			[ "$(wc -w <<<"$lane")" = 1 ] && break
		done
		expect "$mode: queues of ${hosts[i]}" "$(wc -w <<<"$lane")" 1
		[ "$lane" = "$its" ] || others+=("$i $lane")
	done
	expect_at_least "$mode: of eight hosts, with another queue than the greedy one's" "${#others[@]}" 3

	for o in "${others[@]}"; do
		i=${o% *}
		reads "${hosts[i]}" "${served[i]}" 0.8 10 >"$lab_dir/reads.$i" &
		lab_pids+=($!)
		reading+=($!)
	done
	sleep 2
	flood 100 100000 40000 5 >"$lab_dir/flood" & flooding=$!
	lab_pids+=("$flooding")
	sleep 2
	inspector=$(lab_inspectors)
	kill -STOP "$inspector"		# nobody can judge as much as comes, on any machine
	sleep 0.5
	kill -CONT "$inspector"
	wait "$flooding" "${reading[@]}"
	reading=()
	dropped=$(lanes 6 | awk -v q="$its" '$1 == q { print $2 }')
	expect_at_least "$mode: dropped of the greedy host" "$dropped" 1000
	for o in "${others[@]}"; do
		i=${o% *}
		expect "$mode: dropped in the queue of ${hosts[i]}" "$(lanes 6 | awk -v q="${o#* }" '$1 == q { print $2 }')" 0
		expect_at_least "$mode: ${hosts[i]}: answers in time, of 10" "$(sed 's/.*answered //' "$lab_dir/reads.$i")" 7
	done
	lab_end "$sink_pid"
	lab_gate_stop
done
