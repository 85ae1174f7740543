#!/bin/bash
# SPDX-License-Identifier: MIT
# The gate between a real client and a real libmodbus server: without it the
# write reaches the device; with it reads pass, the write does not, a mixed
# session over one connection loses no read, and inspectors killed under load
# are back within a second.
set -u
[ "$(id -u)" = 0 ] || exit 77
for c in ip mbpoll; do command -v $c >/dev/null || { echo "needs $c"; exit 77; }; done
. "$top_srcdir/tests/netns/lab-small.sh"
was=$(reg)
write 77 | grep -q 'Written 1' || fail "without the gate the write does not reach the device"
[ "$(reg)" = 77 ] || fail "without the gate the register did not change"
write "$was" >/dev/null
start_gate
[ "$(reg)" = "$was" ] || fail "the read does not pass"
write 88 && fail "the write was answered"
[ "$(reg)" = "$was" ] || fail "the write reached the device"
grep 'write-single-register refused' "$dir/zoned.err" | grep 'reason=function-not-allowed' |
	grep -q 'conduit=hmi-to-cell.* fc=6 .*address=10-10' || fail "no violation line"
ip netns exec $c timeout 60 "$bin/mbclient" -n 10000 -r 5 -t 20 10.10.2.20 502 || fail "the mixed session"
ip netns exec $c timeout 20 "$bin/mbclient" -d 3 10.10.2.20 502 >"$dir/load" & load=$!
sleep 1
spawner=$(pgrep -P $z)
for p in $(pgrep -P "$spawner"); do kill -9 "$p"; done
sleep 1
[ "$(reg)" = "$was" ] || fail "traffic did not resume within a second"
wait $load
cat "$dir/load"
grep -q 'died (signal 9)' "$dir/zoned.err" || fail "the kill was not said"
