#!/bin/bash
# SPDX-License-Identifier: MIT
# Where model and machine do not fit: ports of a bridge, between which packets pass that no rule sees, interfaces that
# are not there, by another name, or of no zone. zonectl check --here says it with the model's line, zoned at its
# start, at a reload, and once when it becomes so while it runs, and when it is so no more.
. "$(dirname "$0")/lab.sh"
lab_need ping
lab_up
model=$lab_dir/model.conf
found=event=misfit-found gone=event=misfit-gone
ctl=$top_builddir/zonectl
lab_l=zl$$ lab_r=zr$$
lab_more="$lab_l $lab_r"

bridge_model()	# bridge_model LEFT'S-KEYS RIGHT'S-KEYS [DAEMON'S-KEYS]
{
	lab_model daemon="${3:-}" | sed "s/^zones = (/&\\n  { name = \"left\"; type = \"control\"; networks = [ \"10.10.8.0\\/25\", \"fd00:10:8::1:0\\/112\" ];\\
    $1 },\\n  { name = \"right\"; type = \"control\"; networks = [ \"10.10.8.128\\/25\", \"fd00:10:8::2:0\\/112\" ];\\n    $2 },/"
}

here()	# here STATUS [TEXT...]: what check --here ends with and says
{
	local want=$1 rc text
	shift
	in_g env ZONED_RULES="$top_srcdir/rules" "$ctl" check --here "$model" >"$lab_dir/out" 2>"$lab_dir/err"
	rc=$?
	for text; do
		grep -qF "$text" "$lab_dir/out" "$lab_dir/err" || lab_fail "check --here does not say: $text: $(cat "$lab_dir/err")"
	done
	expect "check --here" "$rc" "$want"
}

line_of() { grep -nF "$1" "$model" | sed 's/:.*//'; }

misfits()	# as status has them
{
	ZONED_CONTROL=$lab_dir/control "$ctl" status --json | "$python" -c "import json,sys; print('\n'.join(json.load(sys.stdin)['misfits']))"
}

said_times()
{
	[ "$(grep -cF "$1" "$lab_dir/zoned.err")" -ge "$2" ]
}

said()	# said EVENT WHAT [TIMES]: by now so often, once if not given, and in status if it was found
{
	lab_wait 15 said_times "$1 $2" "${3:-1}" || lab_fail "not said: $1 $2: $(cat "$lab_dir/zoned.err")"
	sleep 0.6
	expect "$1 $2" "$(grep -cF "$1 $2" "$lab_dir/zoned.err")" "${3:-1}"
	[ "$1" = "$gone" ] || misfits | grep -xF "$2" >"$lab_dir/one" || lab_fail "status does not have $2: $(misfits)"
	[ "$1" = "$gone" ] || ZONED_CONTROL=$lab_dir/control "$ctl" status | grep '^misfits .*: ' >/dev/null || lab_fail "status has no words for $2"
}

over()	# over the bridge, from left to right: "yes", "no", by IPv4 and IPv6
{
	local v
	for v in "$lab_l" "$lab_r"; do	# who did not answer just now is asked again
		ip -n "$v" neigh flush dev eth0
	done
	for v in 10.10.8.130 fd00:10:8::2:2; do
		ip netns exec "$lab_l" ping -q -c 2 -i 0.1 -W 1 "$v" >/dev/null && echo -n "yes " || echo -n "no "
	done
}

side()	# side NETNS INTERFACE IPV4 IPV6
{
	ip netns add "$1"
	ip netns exec "$1" sysctl -qw net.ipv6.conf.default.accept_dad=0
	ip -n "$lab_g" link add "$2" type veth peer name eth0 netns "$1"
	ip -n "$1" addr add "$3/24" dev eth0
	ip -n "$1" addr add "$4/64" dev eth0 nodad
	ip -n "$1" link set eth0 up
	ip -n "$lab_g" link set "$2" up
}

routes()	# to both sides, which have no addresses in common with the gateway
{
	in_g ip route replace 10.10.8.0/25 dev b1 && in_g ip route replace 10.10.8.128/25 dev b2 &&
		in_g ip -6 route replace fd00:10:8::1:0/112 dev b1 && in_g ip -6 route replace fd00:10:8::2:0/112 dev b2 ||
		lab_fail "routes"
}

bridge()	# bridge ASKS: between left and right; 1: it shows its packets to netfilter
{
	in_g ip link show br0 >/dev/null 2>&1 || in_g ip link add br0 type bridge || lab_skip "no bridges here"
	in_g sysctl -qw net.bridge.bridge-nf-call-iptables="$1" net.bridge.bridge-nf-call-ip6tables="$1" 2>/dev/null ||
		[ "$1" = 0 ] || return 1
	in_g ip link set b1 master br0 && in_g ip link set b2 master br0 && in_g ip link set br0 up
}

side "$lab_l" b1 10.10.8.2 fd00:10:8::1:2
side "$lab_r" b2 10.10.8.130 fd00:10:8::2:2
routes
bridge_model 'interfaces = [ "b1" ];' 'interfaces = [ "b2" ];' >"$model"
here 0 "fits this machine"
[ ! -s "$lab_dir/err" ] || lab_fail "it says $(cat "$lab_dir/err")"
lab_gate "$model"
expect "misfits at first" "$(misfits)" ""
lab_said "$found" && lab_fail "it says something of a machine that fits"

# --- two zones become ports of a bridge: what goes over it passes, and no rule has seen it
expect "from zone to zone before there is a bridge" "$(over)" "no no "
bridge 0
passes_over() { [ "$(over)" = "yes yes " ]; }
lab_wait 8 passes_over || lab_fail "the bridge leads nothing past the gate, so the test shows nothing"
expect "of that the rules have seen" "$(lab_counted no-conduit) $(lab_counted wrong-interface) $(lab_counted unknown-zone)" "0 0 0"
left='kind=bridge-port interface="b1" master="br0" zone="left"' right='kind=bridge-port interface="b2" master="br0" zone="right"'
said "$found" "$left"
said "$found" "$right"
lab_said "$model:$(line_of '"b1"'): warning: zone \"left\": b1 is a port of the bridge br0: what goes from one of its ports to another is neither judged nor recorded" ||
	lab_fail "not with the line: $(cat "$lab_dir/zoned.err")"
lab_wait 3 grep -qF "$left" "$lab_dir/syslog" || lab_fail "not in syslog"
here 5 "$model:$(line_of '"b1"'): error: zone \"left\": b1 is a port of the bridge br0" \
	"$model:$(line_of '"b2"'): error: zone \"right\": b2 is a port" "ip link set b1 nomaster"
lab_reload
said "$found" "$left" 2

# --- one bridge for a zone and its child
cp "$model" "$lab_dir/ports.conf"
bridge_model 'interfaces = [ "br0" ];' 'parent = "left";' >"$model"
here 5 "$model:$(line_of '"br0"'): error: zones \"left\" and \"right\" may both be behind the bridge br0"
lab_reload
said "$found" 'kind=shared-bridge interface="br0" zone="left" other_zone="right"'
said "$gone" "$left"
bridge_model '' '' >"$model"
here 5 'may both be behind the bridge br0' 'warning: zone "left" names no interfaces'
cp "$lab_dir/ports.conf" "$model"
lab_reload

# --- strict: no start beside it, and nothing is changed
lab_gate_stop
bridge_model 'interfaces = [ "b1" ];' 'interfaces = [ "b2" ];' "strict = true;" >"$model"
in_g "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -d -f "$model" -R "$top_srcdir/rules" -u nobody \
	-C "$lab_dir/control" -S "$lab_dir/state" 2>"$lab_dir/strict.err" && lab_fail "strict, and it started"
grep -qF "$found $left" "$lab_dir/strict.err" && grep -q "strict = true: not started" "$lab_dir/strict.err" ||
	lab_fail "$(cat "$lab_dir/strict.err")"
in_g nft list table inet zoned >/dev/null 2>&1 && lab_fail "it changed something"
echo "ok: strict"

# --- a bridge that shows its packets to netfilter: by its own name, so they are of no zone's interface
cp "$lab_dir/ports.conf" "$model"
lab_gate "$model"
said "$found" "$left"	# at the start
times=1
if bridge 1; then
	said "$gone" "$left"
	said "$found" 'kind=part interface="b1" master="br0" zone="left"'
	expect "from zone to zone, shown to the rules" "$(over)" "no no "
	here 5 "zone \"left\": b1 is part of bridge br0: packets come and go by br0, and are refused there"
	bridge 0
	times=2
	said "$found" "$left" $times
fi
in_g ip link del br0
said "$gone" "$left" $times
said "$gone" "$right" $times
here 0

# --- other names
in_g ip link set b1 down && in_g ip link set b1 name b7 && in_g ip link set b7 up || lab_fail "rename"
said "$found" 'kind=missing interface="b1" zone="left"'
said "$found" 'kind=no-zone interface="b7"'
here 5 "$model:$(line_of '"b1"'): error: zone \"left\": there is no interface b1" "$model: warning: b7 is up and of no zone"
if in_g ip link property add dev b7 altname b1 2>/dev/null; then
	said "$found" 'kind=other-name interface="b1" known_as="b7" zone="left"'
	here 5 'b1 is another name of b7, by which the rules know it; write "b7"'
	in_g ip link property del dev b7 altname b1
fi
in_g ip link set b7 down && in_g ip link set b7 name b1 && in_g ip link set b1 up || lab_fail "rename"
routes
said "$gone" 'kind=no-zone interface="b7"'
here 0

# --- an interface that comes: of no zone, whatever its name; many of them are counted
in_g ip link add 'x"1' type veth peer name x2 && in_g ip link set 'x"1' up || lab_fail "a pair of interfaces"
said "$found" 'kind=no-zone interface="x?1"'
here 0 "$model: warning: x\"1 is up and of no zone"
in_g ip link del 'x"1'
said "$gone" 'kind=no-zone interface="x?1"'
for i in {1..40}; do
	echo "link add many$i type veth peer name more$i"
	echo "link set many$i up"
	echo "link set more$i up"
done | in_g ip -batch - || lab_fail "many interfaces"
lab_wait 8 lab_said "more of these than are told one by one" || lab_fail "nothing is said of many interfaces"
expect "told one by one" "$(misfits | wc -l)" 64
here 0 "warning: 16 more of these"
