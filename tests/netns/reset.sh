#!/bin/bash
# SPDX-License-Identifier: MIT
# on_violation = "reset": the refused write ends the connection for both ends,
# and what follows on it does not reach the device either.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

lab_model on_violation=reset >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

out=$(in_c "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "reads before: $out"
out=$(in_c timeout 20 "$python" "$lab_src/talk.py" reset "$V4" "$PORT" 2>&1) || lab_fail "client: $out"
echo "ok: client: $out"
expect "writes delivered" "$(lab_delivered writes)" 0
expect_at_least "violations logged as reset" "$(lab_logged " verdict=reset ")" 1
lab_wait 3 lab_no_connection || lab_fail "the device still holds the connection"
echo "ok: the device's end is closed too"

out=$(in_c "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "a new connection is not blocked: $out"
echo "ok: a new connection works: $out"

lab_gate_stop
