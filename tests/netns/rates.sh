#!/bin/bash
# SPDX-License-Identifier: MIT
# max_requests_per_second holds over all inspectors and the in-kernel path together: what is
# more is refused with its reason; what is less passes, and in the kernel where that can.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_model queues=2 conduit='max_requests_per_second = 200;' >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
in_kernel=0
lab_said "in-kernel path: up to" && in_kernel=1

# two clients, one per address family, so that both inspectors may be busy
out6=$lab_dir/six
ip netns exec "$lab_c" timeout 30 "$lab_bin/mbclient" -d 4 -T 20 "$V6" "$PORT" >"$out6" & six=$!
lab_pids+=("$six")
out=$(in_c "$lab_bin/mbclient" -d 4 -T 20 "$V4" "$PORT")
wait "$six"
got=$(($(lab_value "$out" ok) + $(lab_value "$(cat "$out6")" ok)))
echo "ok: $got reads answered in four seconds under a limit of 200 a second"
# a burst of one second's worth, then the rate: 200 + 4 * 200
expect_at_most "reads answered" "$got" 1100
expect_at_least "reads answered" "$got" 300
lab_wait 3 grep -q 'reason=request-rate' "$lab_dir/syslog" || lab_fail "no record of the limit"
[ $in_kernel = 0 ] || expect_at_least "messages that the kernel passed until then" "$(lab_in_kernel messages)" 20
lab_gate_stop

# within the limits of both kinds it goes as fast as without: one transaction in forty is a
# function that the kernel leaves to the inspectors
: >"$lab_dir/syslog"
lab_model conduit='max_requests_per_second = 1000000; max_writes_per_second = 1;' >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
out=$(in_c timeout 60 "$lab_bin/mbclient" -n 2000 "$V4" "$PORT") || lab_fail "a session within the limits: $out"
[ $in_kernel = 0 ] || expect_at_least "messages of 4000 that the kernel passed" "$(lab_in_kernel messages)" 3600
expect "records of limits" "$(grep -c 'reason=.*-rate' "$lab_dir/syslog")" 0
lab_gate_stop
