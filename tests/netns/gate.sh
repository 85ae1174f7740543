#!/bin/bash
# SPDX-License-Identifier: MIT
# The gate between a real client and a real libmodbus server: without it the
# write reaches the device; with it reads pass, the write does not, a mixed
# session over one connection loses no read, and inspectors killed under load
# are back within a second.
set -u
[ "$(id -u)" = 0 ] || exit 77
for c in ip mbpoll; do command -v $c >/dev/null || { echo "needs $c"; exit 77; }; done
bin=$top_builddir/tests/netns
c=zc$$ g=zg$$ s=zs$$ dir=$(mktemp -d) pids=()
down() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done
	for p in $c $g $s; do ip netns del $p 2>/dev/null; done
	rm -rf "$dir"
}
trap down EXIT
fail() { echo "FAIL: $*"; cut -c1-300 "$dir/zoned.err" | tail -5; exit 1; }
for n in $c $g $s; do ip netns add $n || exit 77; ip -n $n link set lo up; done
side() {
	ip link add "$2" netns $g type veth peer name e0 netns "$1"
	ip -n "$1" addr add "10.10.$3.$4/24" dev e0
	ip -n $g addr add "10.10.$3.1/24" dev "$2"
	ip -n "$1" link set e0 up && ip -n $g link set "$2" up
	ip -n "$1" route add default via "10.10.$3.1"
}
side $c eth1 1 10
side $s eth2 2 20
ip netns exec $g sysctl -qw net.ipv4.ip_forward=1
ip netns exec $s "$bin/mbserver" 502 "$dir/device" & pids+=($!)
sleep 0.5
poll() { ip netns exec $c timeout 5 mbpoll -m tcp -a 1 -o 0.5 -1 -r 11 "$@" 10.10.2.20; }
write() { ip netns exec $c timeout 5 mbpoll -m tcp -a 1 -o 0.5 -r 11 10.10.2.20 "$1"; }
reg() { poll -c 1 | sed -n 's/^\[11\]:[ \t]*//p'; }
was=$(reg)
write 77 | grep -q 'Written 1' || fail "without the gate the write does not reach the device"
[ "$(reg)" = 77 ] || fail "without the gate the register did not change"
write "$was" >/dev/null
ip netns exec $g "$top_builddir/zoned" -d -f "$top_srcdir/conf/zoned.conf" -R "$top_srcdir/rules" -u nobody \
	2>"$dir/zoned.err" & z=$!; pids+=($z)
for i in {1..50}; do grep -q 'in force' "$dir/zoned.err" && break; sleep 0.1; done
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
