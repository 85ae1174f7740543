#!/bin/bash
# SPDX-License-Identifier: MIT
# 100,000 transactions (LAB_TRANSACTIONS) of a libmodbus client, and mbpoll beside it, through an
# enforcing conduit: no permitted one is lost, no refused one is delivered. The
# client checks every answer, the device counts what reached it.
. "$(dirname "$0")/lab.sh"
n=${LAB_TRANSACTIONS:-100000}
lab_need
lab_up
lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

ip netns exec "$lab_c" timeout -s INT 5 mbpoll -m tcp -a 1 -0 -r 0 -c 20 -t 4 -l 50 "$V4" >"$lab_dir/mbpoll" 2>&1 &
mbpoll=$!
lab_pids+=("$mbpoll")

out=$(timeout 300 ip netns exec "$lab_c" "$lab_bin/mbclient" -n "$n" -r 10 -s 62443 "$V4" "$PORT") ||
	lab_fail "session: $out"
echo "ok: $out"
wait "$mbpoll"
expect "transactions" "$(lab_value "$out" sent)" "$n"
expect "reads without their right answer" "$(($(lab_value "$out" lost) + $(lab_value "$out" wrong)))" 0
expect_at_least "refused writes among them" "$(lab_value "$out" writes)" $((n / 200))
expect "connections opened again" "$(lab_value "$out" reconnects)" 0
expect "writes delivered" "$(lab_delivered writes)" 0

polls=$(sed -n 's/^\([0-9]*\) frames transmitted, \([0-9]*\) received, \([0-9]*\) errors.*/\1 \2 \3/p' "$lab_dir/mbpoll")
read -r sent received errors <<<"$polls"
[ -n "${errors:-}" ] || lab_fail "mbpoll: $(tail -n 3 "$lab_dir/mbpoll")"
expect_at_least "mbpoll's polls" "$sent" 50
expect "mbpoll's polls without answer" "$errors" 0
# mbpoll is ended by time, perhaps between its last poll and the answer
delivered=$(lab_delivered reads) reads=$(lab_value "$out" reads)
expect_at_least "reads delivered" "$delivered" $((reads + received))
expect_at_most "reads delivered" "$delivered" $((reads + sent))
lab_wait 15 lab_all_logged "$(lab_value "$out" writes)" || lab_fail "violation lines: $(lab_violations)"
echo "ok: every refused write is accounted for in syslog: $(lab_violations)"

# What mbpoll writes is refused as well.
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "mbpoll's write was answered"
expect "writes delivered" "$(lab_delivered writes)" 0
lab_gate_stop
