#!/bin/bash
# SPDX-License-Identifier: MIT
# An asset that is bound to its MAC address: packets with its address and another MAC are refused and recorded, over IPv4
# and IPv6, of new connections and of those that the in-kernel path passes; where the site is only watched they are recorded.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_changes
lab_echo
OWN=$(in_c cat /sys/class/net/eth0/address) OTHER=02:00:00:00:00:99
gw=$(in_g cat /sys/class/net/eth1/address)

# openings MAC: of ten openings of connections with the asset's addresses, sent with this MAC, how many get there: IPv4, IPv6
openings()
{
	in_s nft "table inet seen { chain c { type filter hook prerouting priority -300; ip saddr 10.10.1.10 tcp dport 8080 counter drop; ip6 saddr fd00:10:1::10 tcp dport 8080 counter drop; }; }"
	in_c "$python" -B "$lab_src/ends.py" false "$gw" 10.10.1.10 "$V4" fd00:10:1::10 "$V6" "$1" || lab_fail "cannot forge"
	sleep 0.2
	in_s nft list table inet seen | sed -n 's/.*packets \([0-9]*\) .*/\1/p' | paste -sd ' '
	in_s nft delete table inet seen
}
plant()	# plant [BIND]: the client's two addresses are assets
{
	lab_model services='{ transport = "tcp"; ports = [ 8080 ]; }' | sed "s|\"fd00:10:1::/64\" \];|& assets = ( { name = \"hmi-1\"; address = \"10.10.1.10\"; mac = \"$OWN\"; $1 }, { name = \"hmi-1-6\"; address = \"fd00:10:1::10\"; mac = \"$OWN\"; $1 } );|"
}
recorded() { grep -c "event=refused-flow .*verdict=$1 .*reason=wrong-mac .*src=$2 .*src_mac=$OTHER" "$lab_dir/syslog" || true; }

# --- without the gate, and where nothing is bound, both MAC addresses get there
expect "with its own MAC, without the gate" "$(openings "$OWN")" "5 5"
expect "with another one, without the gate" "$(openings "$OTHER")" "5 5"
plant >"$model"
lab_gate "$model"
expect "with another one, and nothing is bound" "$(openings "$OTHER")" "5 5"

# --- bound
plant 'bind = true;' >"$model"
lab_reload
expect "with its own" "$(openings "$OWN")" "5 5"
expect "with another one" "$(openings "$OTHER")" "0 0"
expect "counted" "$(lab_counted wrong-mac)" 10
for src in 10.10.1.10 fd00:10:1::10; do
	lab_wait 5 eval '[ "$(recorded drop $src)" -gt 0 ]' || lab_fail "no record with the other MAC address of $src"
done

# --- a connection that goes on: neither the inspectors nor the in-kernel path pass what comes with another MAC
ip netns exec "$lab_c" timeout -s INT 25 mbpoll -m tcp -a 1 -0 -r 0 -c 20 -t 4 -l 20 "$V4" >"$lab_dir/mbpoll" 2>&1 &
lab_pids+=($!)
reads() { local before; before=$(lab_delivered reads); sleep 1; echo $(($(lab_delivered reads) - before)); }
become() { in_c ip link set eth0 address "$1" && in_g ip neigh replace 10.10.1.10 lladdr "$1" dev eth1 && in_c ip route replace default via 10.10.1.1; }
lab_wait 5 eval '[ "$(reads)" -gt 5 ]' || lab_fail "the device is not read"
lab_said 'in-kernel path: up to' && expect_at_least "messages that the kernel passed" "$(lab_in_kernel messages)" 5
become "$OTHER" || lab_fail "another MAC address"
sleep 0.2
expect "reads that arrive with another MAC" "$(reads)" 0
become "$OWN" || lab_fail "its own MAC address"
lab_wait 8 eval '[ "$(reads)" -gt 2 ]' || lab_fail "it does not go on with its own"
echo "ok: it goes on with its own"

# --- only watched: it passes, with a record
{ echo 'mode = "observe";'; plant 'bind = true;' | sed 's/mode = "enforce";//'; } >"$model"
lab_reload
expect "with another one, only watched" "$(openings "$OTHER")" "5 5"
lab_wait 5 eval '[ "$(recorded observed 10.10.1.10)" -gt 0 ]' || lab_fail "no record where it is only watched"

# --- and its zone is isolated
"$ctl" isolate hmi >/dev/null || lab_fail isolate
expect "with another one, only watched, and the zone is isolated" "$(openings "$OTHER")" "0 0"
"$ctl" release hmi >/dev/null || lab_fail release
expect "and released" "$(openings "$OTHER")" "5 5"
