# SPDX-License-Identifier: MIT
# Sourced: three namespaces named after this shell's pid, a client (zone hmi of
# conf/zoned.conf), a gateway and a libmodbus server (zone cell); all is taken
# away again when the shell ends. Everything started is ended by its pid.
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

start_gate() {
	ip netns exec $g "$top_builddir/zoned" -d -f "$top_srcdir/conf/zoned.conf" -R "$top_srcdir/rules" -u nobody \
		2>"$dir/zoned.err" & z=$!; pids+=($z)
	for i in {1..50}; do grep -q 'in force' "$dir/zoned.err" && return; sleep 0.1; done
	fail "zoned did not start"
}
