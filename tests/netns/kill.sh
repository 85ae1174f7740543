#!/bin/bash
# SPDX-License-Identifier: MIT
# Every inspector is killed (-9) under load, then the spawner. Good answers come again within one
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

# the spawner: no inspector can be replaced from then on, so zoned ends with 1 and its unit starts it again; the rules stay
kill -KILL "$(pgrep -P "$lab_zoned")"
lab_wait 5 eval '! kill -0 "$lab_zoned" 2>/dev/null' || lab_fail "zoned goes on without its spawner"
wait "$lab_zoned"
expect "exit status without a spawner" $? 1
lab_said "the spawner is gone; stopping, the rules stay" || lab_fail "nothing is said of it: $(tail -3 "$lab_dir/zoned.err")"
in_g nft list table inet zoned 2>/dev/null | grep -q 'map conduits' || lab_fail "the rules went with it"
expect "processes that are left" "$(ip netns pids "$lab_g" | wc -l)" 0
in_c timeout 2 mbpoll -m tcp -a 1 -0 -1 -o 0.5 -t 4 -r 10 "$V4" 7 >/dev/null 2>&1 && lab_fail "a write was answered"
expect "writes delivered" "$(lab_delivered writes)" 0
lab_gate "$lab_dir/model.conf"
lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "a read does not pass after the start"
lab_may_write no
lab_gate_stop
