#!/bin/bash
# SPDX-License-Identifier: MIT
# TCP does not keep messages together: a write split byte by byte, messages
# sharing a segment, pipelined requests. Each message is judged by itself.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
for way in bytewise shared pipelined split; do
	out=$(in_c timeout 60 "$python" "$lab_src/talk.py" "$way" "$V4" "$PORT" 2>&1) || lab_fail "$way: $out"
	echo "ok: $way: $out"
done
expect "writes delivered" "$(lab_delivered writes)" 0
expect_at_least "reads delivered" "$(lab_delivered reads)" 37
lab_gate_stop
lab_wait 3 lab_all_logged 24 || lab_fail "violations in syslog: $(lab_violations), expected 24"
echo "ok: every refused write is in syslog, alone or counted: 24"
