#!/bin/bash
# SPDX-License-Identifier: MIT
# The same over IPv6: neighbours are found, reads pass, writes do not.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

out=$(in_c "$lab_bin/mbclient" -n 200 -r 100 "$V6" "$PORT")
expect_at_least "without the gate writes are answered" "$(lab_value "$out" answered)" 5
writes=$(lab_delivered writes)

lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
# forget every neighbour, so that discovery has to work through the gate's rules
in_g ip -6 neigh flush all
in_c ip -6 neigh flush all

out=$(timeout 60 ip netns exec "$lab_c" "$lab_bin/mbclient" -n 2000 -r 20 "$V6" "$PORT") || lab_fail "session: $out"
echo "ok: $out"
expect "writes delivered with the gate" "$(lab_delivered writes)" "$writes"
expect_at_least "violations logged with IPv6 addresses" "$(lab_logged " src=fd00:10:1::10 ")" 1
in_c ping -6 -qc1 -W1 "$V6" >/dev/null || lab_fail "the permitted ping did not pass"
in_s ping -6 -qc1 -W1 fd00:10:1::10 >/dev/null && lab_fail "ping passed backwards"
echo "ok: ping only in the conduit's direction"

lab_gate_stop
