#!/bin/bash
# SPDX-License-Identifier: MIT
# Every inspector is killed (-9) under load. Good answers come again within one
# second, nothing refused reaches the device, and zoned says what happened.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_model queues=2 >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

# four connections, so that both queues have some; each with refused writes
clients=()
for seed in 1 2 3 4; do
	ip netns exec "$lab_c" timeout 30 "$lab_bin/mbclient" -d 6 -r 20 -s "$seed" "$V4" "$PORT" >"$lab_dir/client.$seed" &
	clients+=($!)
	lab_pids+=($!)
done
sleep 2
pids=$(lab_inspectors)
expect "inspectors" "$(wc -w <<<"$pids")" 2
kill -KILL $pids
sleep 1.5
again=$(lab_inspectors)
expect "inspectors after the kill" "$(wc -w <<<"$again")" 2
for pid in $again; do
	grep -qw "$pid" <<<"$pids" && lab_fail "inspector $pid was not replaced"
done
wait "${clients[@]}"

for seed in 1 2 3 4; do
	out=$(cat "$lab_dir/client.$seed")
	echo "client $seed: $out"
	expect_at_most "longest time without a good answer (ms)" "$(lab_value "$out" gap_ms)" 999
	expect "answers that were wrong or lost, but for the broken connection" \
		"$(($(lab_value "$out" reads) - $(lab_value "$out" ok) <= 1))" 1
	expect "writes answered" "$(lab_value "$out" answered)" 0
done
expect "writes delivered" "$(lab_delivered writes)" 0
expect "deaths said in syslog" "$(lab_logged "died (signal 9)")" 2
lab_gate_stop
