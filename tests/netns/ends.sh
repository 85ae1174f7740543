#!/bin/bash
# SPDX-License-Identifier: MIT
# What a conduit can join, with real clients over IPv4 and IPv6: lists of zones, all addresses that no zone has. Each client reads, writes, and talks
# to a service without inspection; what gets there without the gate gets there with it where the conduit says so.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_changes

# The client's addresses are 10.10.1.10 to .13, and the devices' 10.10.2.20 and .21: fd00:10:1::10 and so on.
for i in 11 12 13; do
	ip -n "$lab_c" addr add "10.10.1.$i/24" dev eth0 && ip -n "$lab_c" addr add "fd00:10:1::$i/64" dev eth0 nodad || lab_fail "addresses"
done
ip -n "$lab_s" addr add 10.10.2.21/24 dev eth0 && ip -n "$lab_s" addr add fd00:10:2::21/64 dev eth0 nodad || lab_fail "addresses"
# and somebody elsewhere, behind eth3
lab_w=zw$$ lab_more=$lab_more\ zw$$
ip netns add "$lab_w" && ip netns exec "$lab_w" sysctl -qw net.ipv6.conf.default.accept_dad=0 && lab_link "$lab_w" eth3 9 9 || lab_fail "another network"
in_w() { ip netns exec "$lab_w" "$@"; }
lab_echo

# ask HOST DEVICE...: "read write plain" of each device, over IPv4 and then IPv6, which must be the same
ask()
{
	local host=$1 v4 v6
	shift
	in_c "$python" -B "$lab_src/ends.py" ask "fd00:10:1::$host" "${@/#/fd00:10:2::}" >"$lab_dir/asked6" &
	v4=$(in_c "$python" -B "$lab_src/ends.py" ask "10.10.1.$host" "${@/#/10.10.2.}")
	wait $!
	v6=$(<"$lab_dir/asked6")
	[ "$v4" = "$v6" ] && echo "$v4" || echo "IPv4 $v4, IPv6 $v6"
}
recorded() { grep -c "event=$1 .*$2" "$lab_dir/syslog" || true; }

zones()	# three zones of clients on one wire, by a parent, and two of devices on another
{
	cat <<-END
	zones = (
	  { name = "west"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.128/25", "fd00:10:1::8000/113" ]; },
	  { name = "hmi"; type = "control"; parent = "west"; networks = [ "10.10.1.10/32", "fd00:10:1::10/128" ]; },
	  { name = "scada"; type = "control"; parent = "west"; networks = [ "10.10.1.11/32", "fd00:10:1::11/128" ]; },
	  { name = "guest"; type = "control"; parent = "west"; networks = [ "10.10.1.12/31", "fd00:10:1::12/127" ]; },
	  { name = "east"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.128/25", "fd00:10:2::8000/113" ]; },
	  { name = "cell-1"; type = "control"; parent = "east"; networks = [ "10.10.2.20/32", "fd00:10:2::20/128" ]; },
	  { name = "cell-2"; type = "control"; parent = "east"; networks = [ "10.10.2.21/32", "fd00:10:2::21/128" ]; }
	);
	daemon = { queues = 1; };
	policies = {
	  @include "modbus-read-only.conf"
	};
	END
}
READS='{ protocol = "modbus"; policy = "modbus-read-only"; }'
PLAIN='{ transport = "tcp"; ports = [ 8080 ]; }'

# --- without the gate everything gets there, and the device is changed
ALL="yes yes yes"
lab_wait 5 eval '[ "$(ask 10 20)" = "$ALL" ]' || lab_fail "the servers did not start"
before=$(lab_delivered writes)
for host in 10 11 12; do
	expect "host $host without the gate" "$(ask "$host" 20 21)" "$ALL | $ALL"
done
expect "writes that the device got" $(($(lab_delivered writes) - before)) 12

expect "from elsewhere without the gate" "$(in_w "$python" -B "$lab_src/ends.py" ask 10.10.9.9 "$V4") | $(in_w "$python" -B "$lab_src/ends.py" ask fd00:10:9::9 "$V6")" "$ALL | $ALL"
# false INTERFACE SENDER4 SENDER6: packets with these senders that come in there, and reach the devices' network
false()
{
	local ns=$lab_c gw
	[ "$1" = eth3 ] && ns=$lab_w
	gw=$(in_g cat "/sys/class/net/$1/address")
	in_s nft "table inet false { chain c { type filter hook prerouting priority -300; ip saddr $2 tcp dport 8080 counter drop; ip6 saddr $3 tcp dport 8080 counter drop; }; }"
	ip netns exec "$ns" "$python" -B "$lab_src/ends.py" false "$gw" "$2" "$V4" "$3" "$V6" || lab_fail "cannot forge"
	sleep 0.2
	in_s nft list table inet false | sed -n 's/.*packets \([0-9]*\) .*/\1/p' | paste -sd ' '
	in_s nft delete table inet false
}
in_g sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth3.rp_filter=0
expect "false senders without the gate" "$(false eth3 10.10.1.10 fd00:10:1::10), $(false eth1 198.51.100.7 2001:db8::7)" "5 5, 5 5"

# --- lists of zones: one conduit
{ zones; echo "conduits = ( { name = \"down\"; from = ( \"hmi\", \"scada\" ); to = ( \"cell-1\", \"cell-2\" ); flows = ( $READS, $PLAIN ); } );"; } >"$model"
lab_gate "$model"
before=$(lab_delivered writes)
READ="yes no yes" NONE="no no no"
lab_wait 5 eval '[ "$(ask 10 20)" = "$READ" ]' || lab_fail "the gate is in force, and nothing passes"
expect "a zone of the list" "$(ask 10 20 21)" "$READ | $READ"
expect "the other one" "$(ask 11 20 21)" "$READ | $READ"
expect "a zone that is in no list" "$(ask 12 20 21)" "$NONE | $NONE"
expect "writes that the device got" $(($(lab_delivered writes) - before)) 0
expect_at_least "packets that the conduit counted" "$(lab_counted conduit-down)" 48
for pair in "hmi to_zone=cell-1" "hmi to_zone=cell-2" "scada to_zone=cell-1" "scada to_zone=cell-2"; do
	lab_wait 12 eval '[ "$(recorded violation "conduit=down.*from_zone=$pair ")" -gt 0 ]' || lab_fail "no record of a write from $pair"
done
lab_wait 5 eval '[ "$(recorded refused-flow "from_zone=guest to_zone=cell-1 ")" -gt 0 ]' || lab_fail "no record of the zone that is in no list"
echo "ok: records name the zones of each"

# --- one zone of the list is isolated: the other goes on
"$ctl" isolate scada >/dev/null || lab_fail "isolate"
expect "the zone that is not isolated" "$(ask 10 20)" "$READ"
expect "the isolated one" "$(ask 11 20)" "$NONE"
"$ctl" release scada >/dev/null || lab_fail "release"
expect "released" "$(ask 11 20)" "$READ"
lab_generation=$(in_force)

# --- all addresses that no zone has, by interfaces of their own
{ zones | sed "s/^zones = (/&\n  { name = \"internet\"; type = \"external\"; interfaces = [ \"eth3\" ]; networks = \"any\"; },/"
	echo "conduits = ( { name = \"dmz\"; from = ( \"internet\", \"hmi\" ); to = \"cell-1\"; flows = ( $READS, $PLAIN ); } );"; } >"$model"
lab_reload
wrong=$(lab_rules_counted wrong-interface)
expect "an address that no zone has" "$(in_w "$python" -B "$lab_src/ends.py" ask 10.10.9.9 10.10.2.20 10.10.2.21)" "$READ | $NONE"
expect "over IPv6" "$(in_w "$python" -B "$lab_src/ends.py" ask fd00:10:9::9 fd00:10:2::20 fd00:10:2::21)" "$READ | $NONE"
expect "a named zone of the same conduit" "$(ask 10 20)" "$READ"
expect "refused for an interface so far" "$(($(lab_rules_counted wrong-interface) - wrong))" 0
expect "false senders: of a named zone, from elsewhere" "$(false eth3 10.10.1.10 fd00:10:1::10)" "0 0"
expect "false senders: of no zone, by a named zone's interface" "$(false eth1 198.51.100.7 2001:db8::7)" "0 0"
expect "refused for the interface" "$(($(lab_rules_counted wrong-interface) - wrong))" 20
lab_wait 12 eval '[ "$(recorded violation "conduit=dmz.*from_zone=internet to_zone=cell-1 ")" -gt 0 ]' || lab_fail "no record of a write from elsewhere"

# --- assets: rights of single hosts, and what names the ends most exactly counts
with_assets()	# with_assets CONDUITS: hosts 10 to 12 of one zone, 20 and 21 of another
{
	cat <<-END
	zones = (
	  { name = "west"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ];
	    assets = ( { name = "c10"; address = "10.10.1.10"; }, { name = "c10-6"; address = "fd00:10:1::10"; },
	               { name = "c11"; address = "10.10.1.11"; }, { name = "c11-6"; address = "fd00:10:1::11"; } ); },
	  { name = "east"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ];
	    assets = ( { name = "d20"; address = "10.10.2.20"; }, { name = "d20-6"; address = "fd00:10:2::20"; } ); }
	);
	asset_groups = ( { name = "panels"; assets = [ "c10", "c10-6" ]; }, { name = "plcs"; assets = [ "d20", "d20-6" ]; },
	  { name = "others"; assets = [ "c11", "c11-6" ]; } );
	daemon = { queues = 1; };
	policies = {
	  @include "modbus-read-only.conf"
	  writes = { protocol = "modbus"; allow = ( { functions = [ 3, 6 ]; units = "any"; addresses = "any"; values = "any"; } ); };
	};
	conduits = ( $1 );
	END
}
WRITES='{ protocol = "modbus"; policy = "writes"; }'
with_assets "{ name = \"panels\"; from = \"group:panels\"; to = \"group:plcs\"; flows = ( $READS, $PLAIN ); }" >"$model"
lab_reload
expect "an asset" "$(ask 10 20 21)" "$READ | $NONE"
expect "another host of its zone" "$(ask 11 20 21)" "$NONE | $NONE"
before=$(lab_delivered writes)
with_assets "{ name = \"all\"; from = \"west\"; to = \"east\"; flows = ( $WRITES, $PLAIN ); },
  { name = \"panels\"; from = \"group:panels\"; to = \"east\"; flows = ( $READS ); },
  { name = \"watched\"; from = \"group:others\"; to = \"group:plcs\"; mode = \"observe\"; flows = ( $READS ); }" >"$model"
lab_reload
expect "a zone may write" "$(ask 12 20 21)" "$ALL | $ALL"
expect "an asset of it may not, and has the rest of its zone" "$(ask 10 20 21)" "$READ | $READ"
expect "what is only observed passes" "$(ask 11 20 21)" "$ALL | $ALL"
expect "writes that the device got" $(($(lab_delivered writes) - before)) 8
lab_wait 12 eval '[ "$(recorded violation "verdict=observed.*conduit=watched.*from_zone=west to_zone=east ")" -gt 0 ]' || lab_fail "no record of what is observed"
lab_wait 12 eval '[ "$(recorded violation "verdict=drop.*conduit=panels.*from_zone=west to_zone=east ")" -gt 0 ]' || lab_fail "no record of a write by an asset"
"$ctl" explain -m "$model" 10.10.1.10 10.10.2.20 tcp 502 >"$lab_dir/explained"
grep -q '^conduit: *panels ' "$lab_dir/explained" && grep -q 'conduit all .* has this, too, and does not count' "$lab_dir/explained" ||
	lab_fail "explain: $(cat "$lab_dir/explained")"
echo "ok: explain says which conduit counts"
