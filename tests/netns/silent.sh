#!/bin/bash
# SPDX-License-Identifier: MIT
# One unit behind a gateway is dead, and broadcasts have no answers: neither keeps a living unit on
# the same connection from being asked.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

SERIAL=1502
in_s "$python" "$lab_src/silent.py" serve $SERIAL &
lab_pids+=($!)
lab_wait 5 in_c bash -c "exec 3<>/dev/tcp/$V4/$SERIAL" || lab_fail "the device did not start"
talk() { in_c timeout 60 "$python" "$lab_src/silent.py" "$1" "$2" $SERIAL "$3" 2>&1; }
# Units 1 and 2 in turn with mbpoll: how often unit 1 was read, and how often not.
poll()
{
	in_c timeout -s INT "$1" mbpoll -m tcp -p $SERIAL -a 1,2 -0 -r 0 -c 1 -o "$2" -l "$3" $V4 >"$lab_dir/poll" 2>&1
	awk '/^-- Polling unit 1|^-- Polling slave 1/ { one = 1 } /^-- Polling (unit|slave) 2/ { one = 0 }
	     one && /^\[/ { good++ } one && /failed/ { bad++ } END { print good + 0, bad + 0 }' "$lab_dir/poll"
}

gate()
{
	lab_model services="{ protocol = \"modbus\"; policy = \"modbus-read-write\"; ports = [ $SERIAL ]; }" "$@" |
		sed 's/^policies = {/&\n  @include "modbus-read-write.conf"/' >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
}

gate on_violation=reset
read -r good bad < <(poll 26 0.5 100)		# mbpoll's and libmodbus' own time-out
expect_at_least "unit 1 read beside a dead one, as mbpoll does by default" "$good" 34
expect "not read" "$bad" 0
for host in $V4 $V6; do
	out=$(talk broadcast $host 300) || lab_fail "broadcasts: $out"
	echo "ok: broadcasts: $out"
	out=$(talk flood $host 300) || lab_fail "requests to a dead unit: $out"
	echo "ok: requests to a dead unit: $out"
done
lab_gate_stop
gate mode=observe
out=$(talk broadcast $V4 300) && out=$(talk flood $V4 300) || lab_fail "observed: $out"
lab_gate_stop
expect "records" "$(lab_logged "event=violation")" 0
