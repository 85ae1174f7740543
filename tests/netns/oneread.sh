#!/bin/bash
# SPDX-License-Identifier: MIT
# A device that takes one recv() for one message acts on a part of one. So nothing of a message goes
# on before it is whole and judged, and what was begun and never finished is recorded; but a sender
# that waits for acknowledgements is never kept waiting, wherever it cuts.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

LAX=1502
in_s "$python" "$lab_src/oneread.py" serve $LAX "$lab_dir/did" &
lab_pids+=($!)
lab_wait 5 test -e "$lab_dir/did" || lab_fail "the device did not start"
one() { in_c timeout 60 "$python" "$lab_src/oneread.py" "$1" "$2" $LAX "${@:3}"; }
did() { grep -c "^$1" "$lab_dir/did" || true; }
forget() { : >"$lab_dir/did"; }
# Records with these words, and the repetitions that each stands for.
records()
{
	awk -v words="$1" '$0 ~ words { n += match($0, / repeated=[0-9]+/) ? substr($0, RSTART + 10) + 0 : 1 } END { print n + 0 }' \
		"$lab_dir/syslog"
}

# Without the gate the device does switch.
for host in $V4 $V6; do
	one attack $host fin
	one stale $host
done
expect "without the gate, coils switched by a part of a write" "$(did 'coil 1 7 ff00')" 4
expect "without the gate, coils switched by a header" "$(did 'coil 2 7 ff00')" 2

model()
{
	lab_model "$@" policy=modbus-read-only services="{ protocol = \"modbus\"; policy = \"one-unit\"; ports = [ $LAX ]; }" |
		sed 's/^policies = {/&\n  one-unit = { protocol = "modbus"; allow = (\n    { functions = ( 5 ); units = "1"; addresses = "any"; values = "'"$values"'"; },\n    { functions = ( 3 ); units = "1"; addresses = "any"; } ); };/' \
		>"$lab_dir/model.conf"
}

# The write itself is refused (values), or permitted: its beginning is none in either case.
forget
values=0 model
lab_gate "$lab_dir/model.conf"
for host in $V4 $V6; do
	for how in wait fin rst; do
		one attack $host $how &
		waiting+=($!)
	done
	out=$(one patient $host 2>&1) || lab_fail "patient: $out"
	echo "ok: whole messages soon, cut anywhere: $out"
done
wait "${waiting[@]}"
expect "with the gate, coils switched" "$(did coil)" 0
lab_gate_stop
expect "records of unfinished messages, with their function" "$(records "verdict=reset reason=unfinished-message .* fc=5")" 6

forget
values=any model
lab_gate "$lab_dir/model.conf"
for host in $V4 $V6; do
	one attack $host fin
	one stale $host || lab_fail "the permitted write"
done
expect "a permitted write reached the device, once a try" "$(did 'coil 1 7 ff00')" 2
expect "coils of unit 2 switched by a header" "$(did 'coil 2')" 0
lab_gate_stop

# Observed: all of it goes on, and the record is there as well.
forget
values=0 model mode=observe
lab_gate "$lab_dir/model.conf"
for how in wait fin rst; do
	one attack $V4 $how &
	waiting+=($!)
done
wait "${waiting[@]}"
expect_at_least "observed only: coils switched" "$(did 'coil 1 7 ff00')" 3
lab_gate_stop
expect "observed: records" "$(records "verdict=observed reason=unfinished-message .* fc=5")" 3
