#!/bin/bash
# SPDX-License-Identifier: MIT
# An inspector is gone and cannot be started again (its spawner is stopped):
# fail = "closed" lets nothing pass, fail = "open" lets pass unjudged, and when
# the inspector is back everything is judged again.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

# lab_without_inspector: kill it, hold the spawner, wait until that is noticed
lab_without_inspector()
{
	spawner=$(pgrep -P "$lab_zoned")
	kill -STOP "$spawner"
	kill -KILL "$(lab_inspectors)"
	lab_wait 6 lab_said "does not move" || lab_fail "a dead inspector was not noticed"
}

lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
lab_without_inspector
lab_poll -t 4 -r 600 "$V4" >/dev/null && lab_fail "closed: a read passed unjudged"
kill -CONT "$spawner"
lab_wait 4 lab_said "starting another" || lab_fail "no other inspector"
lab_wait 4 lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "closed: reads do not pass again"
echo "ok: closed"
lab_gate_stop

lab_model conduit='fail = "open"; fail_reason = "test";' >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "open: a write passed although it was judged"
before=$(lab_delivered writes)
lab_without_inspector
lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "open: the read did not pass"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null || lab_fail "open: the write did not pass"
expect "open: writes delivered unjudged" "$(lab_delivered writes)" $((before + 1))
kill -CONT "$spawner"
lab_wait 4 lab_said "starting another" || lab_fail "no other inspector"
lab_wait 4 lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "open: reads do not pass again"
lab_poll -t 4 -r 600 "$V4" 18 >/dev/null && lab_fail "open: a write passed when the inspector was back"
expect "open: writes delivered since" "$(lab_delivered writes)" $((before + 1))
echo "ok: open"
lab_gate_stop
