#!/bin/bash
# SPDX-License-Identifier: MIT
# An inspector is gone and cannot be started again (its spawner is stopped):
# fail = "closed" lets nothing pass, fail = "open" lets pass unjudged, and when
# the inspector is back everything is judged again. An inspector that is only
# slow is not gone: what is too much for it waits, whatever fail says.
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

# zoned stops, its rules stay, and nobody is there to judge
lab_end "$lab_zoned"
in_g nft list table inet zoned >/dev/null 2>&1 || lab_fail "the rules went with zoned"
lab_said 'but for conduits with fail = "open"' || lab_fail "open: zoned did not say that packets pass while it is stopped"
lab_poll -t 4 -r 600 "$V4" 21 >/dev/null || lab_fail "open: the write did not pass while zoned was stopped"
expect "open: writes delivered while zoned was stopped" "$(lab_delivered writes)" $((before + 2))
lab_model >"$lab_dir/closed.conf"
lab_gate "$lab_dir/closed.conf"
lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "closed: the read did not pass"
lab_end "$lab_zoned"
lab_said 'an inspector is dropped' && ! lab_said 'but for conduits' || lab_fail "closed: what zoned said of its stop"
lab_poll -t 4 -r 600 "$V4" >/dev/null && lab_fail "closed: a read passed while zoned was stopped"
echo "ok: stopped"
lab_gate_stop

# more packets than the ring to a stopped inspector holds, then a write: it may wait or be lost
lab_gate "$lab_dir/model.conf"
before=$(lab_delivered writes)
inspector=$(lab_inspectors)
in_g ip neigh add 10.10.1.200 lladdr "$(in_c cat /sys/class/net/eth0/address)" dev eth1 nud permanent
kill -STOP "$inspector"
in_c timeout 5 "$lab_bin/flooder" syn -n 1500 -r 20000 -a 1 -t 2 10.10.1.200 "$V4" "$PORT" >"$lab_dir/flood" ||
	lab_fail "flooder: $(cat "$lab_dir/flood")"
lab_poll -t 4 -r 600 -o 0.5 "$V4" 19 >/dev/null && lab_fail "slow: a write passed unjudged"
expect "slow: writes delivered" "$(lab_delivered writes)" "$before"
kill -CONT "$inspector"
lab_wait 4 lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "slow: reads do not pass again"
lab_poll -t 4 -r 600 "$V4" 20 >/dev/null && lab_fail "slow: a write passed afterwards"
expect "slow: writes delivered" "$(lab_delivered writes)" "$before"
lab_said "died" && lab_fail "slow: the inspector was killed: this machine is too slow for the test"
echo "ok: slow"
lab_gate_stop
