#!/bin/bash
# SPDX-License-Identifier: MIT
# Conduits with offload = true. Their connections leave the forward chain once both
# ends have spoken, inspected ones never do; a reload judges all of them again. A
# kernel without flowtable forwards them as all else, and zoned says so.
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
model=$lab_dir/model.conf
BULK=8022

# The lab's model with a conduit "bulk" beside; with $1 as its offload.
bulk_model()
{
	lab_model "${@:2}" | sed "s/^conduits = (/&\n  { name = \"bulk\"; from = \"hmi\"; to = \"cell\"; offload = $1;\n    flows = (\
 { transport = \"tcp\"; ports = [ $BULK ]; }, { transport = \"udp\"; ports = [ $BULK ]; }, { service = \"ssh\"; } ); },/"
}

status()	# status EXPRESSION: of what the status says about offload
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
		"$python" -c "import json,sys; o = json.load(sys.stdin)['offload']; print($1)"
}

arrived()
{
	cat "$lab_dir/arrived"
}

arrives()	# does more than $1 arrive?
{
	[ "$(arrived)" -gt "$1" ]
}

offloaded()	# offloaded PROTOCOL PORT [FAMILY]: entries of connection tracking, open and offloaded
{
	in_g conntrack -L -f "${3:-ipv4}" -p "$1" --dport "$2" 2>/dev/null | grep -c '\[OFFLOAD\]'
}

is_offloaded()
{
	[ "$(offloaded "$@")" -ge 1 ]
}

send()		# send NAME HOST SECONDS [RATE]: in the background
{
	ip netns exec "$lab_c" timeout 120 "$python" "$lab_src/stream.py" send "$2" "$BULK" "${@:3}" 2>"$lab_dir/$1" &
	sender=$!
	lab_pids+=("$sender")
}

ip netns exec "$lab_s" "$python" "$lab_src/stream.py" serve "$BULK" "$lab_dir/arrived" 2>"$lab_dir/serve.err" &
lab_pids+=($!)
lab_wait 10 test -s "$lab_dir/arrived" || lab_fail "the server did not start: $(cat "$lab_dir/serve.err")"

bulk_model true >"$model"
lab_gate "$model"
expect "conduits with offload" "$(status 'o["conduits"]')" 1

if ! "$top_builddir/zonectl" probe | grep -q '^flowtable *present'; then
	lab_said "no offload: this kernel has no flowtable" || lab_fail "nothing says that there is no offload"
	expect "the kernel has it" "$(status 'o["kernel"]')" False
	send fallback "$V4" 1 100000
	wait "$sender" || lab_fail "without offload nothing passed: $(cat "$lab_dir/fallback")"
	expect_at_least "packets that the conduit counted" "$(lab_counted conduit-bulk)" 40
	lab_skip "this kernel has no flowtable; the conduit works without it, and that is said"
fi
lab_said "offload: 1 conduits, 2 interfaces" || lab_fail "the log does not tell the interfaces"
expect "interfaces" "$(status '(sorted(o["interfaces"]), o["missing"])')" "(['eth1', 'eth2'], [])"

# --- bulk: in the flowtable after the handshake, and the rules hardly see it
send bulk "$V4" 110 1000000
bulk=$sender
lab_wait 10 is_offloaded tcp "$BULK" || lab_fail "the connection is not offloaded: $(in_g conntrack -L 2>&1)"
packets=$(lab_rules_counted conduit-bulk) bytes=$(arrived)
sleep 3
expect_at_least "bytes that arrived meanwhile" "$(($(arrived) - bytes))" 500000
expect_at_most "packets that the conduit counted meanwhile" "$(($(lab_rules_counted conduit-bulk) - packets))" 20

# --- UDP, and IPv6
in_c "$python" "$lab_src/stream.py" echo "$V4" "$BULK" 1 >"$lab_dir/echo"
expect_at_least "datagrams that came back" "$(cat "$lab_dir/echo")" 20
is_offloaded udp "$BULK" || lab_fail "UDP is not offloaded"
send six "$V6" 4 100000
lab_wait 5 is_offloaded tcp "$BULK" ipv6 || lab_fail "IPv6 is not offloaded"
echo "ok: UDP and IPv6"

# --- an inspected connection of the same zones never is
ip netns exec "$lab_c" timeout 60 "$lab_bin/mbclient" -d 6 "$V4" "$PORT" >"$lab_dir/steady" 2>&1 &
steady=$!
lab_pids+=("$steady")
seen=0
for i in {1..10}; do
	sleep 0.3
	seen=$((seen + $(in_g conntrack -L -p tcp --dport "$PORT" 2>/dev/null | grep -c ESTABLISHED)))
	is_offloaded tcp "$PORT" && lab_fail "an inspected connection is offloaded"
done
expect_at_least "looks at an inspected connection that is not offloaded" "$seen" 3
wait "$steady" || lab_fail "the inspected session: $(cat "$lab_dir/steady")"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "a write passed beside"

# --- a reload that keeps the conduit: judged again by the new rules, and offloaded again
bulk_model true >"$model"
packets=$(lab_rules_counted conduit-bulk)
lab_reload
bytes=$(arrived)
lab_wait 5 arrives $((bytes + 300000)) || lab_fail "the connection did not outlive the reload"
expect_at_least "packets of it judged again" "$(($(lab_rules_counted conduit-bulk) - packets))" 1
lab_wait 5 is_offloaded tcp "$BULK" || lab_fail "not offloaded again"

# --- interfaces that come and go
bulk_model true | sed 's/\[ "eth1" \]/[ "eth1", "eth9" ]/' >"$model"
lab_reload
lab_said "offload: there is no interface eth9" || lab_fail "nothing says that an interface is missing"
expect "missing" "$(status 'o["missing"]')" "['eth9']"
ip -n "$lab_g" link add eth9 type veth peer name eth9p
lab_wait 15 lab_said "offload: interface eth9 is there now" || lab_fail "the new interface was not seen"
expect "interfaces when it has come" "$(status 'sorted(o["interfaces"])')" "['eth1', 'eth2', 'eth9']"
ip -n "$lab_g" link del eth9
expect "interfaces when it has gone" "$(status 'sorted(o["interfaces"])')" "['eth1', 'eth2']"
bytes=$(arrived)
lab_wait 5 arrives $((bytes + 300000)) || lab_fail "the connection did not go on"
lab_wait 5 is_offloaded tcp "$BULK" || lab_fail "the connection is not offloaded any more"

# --- a reload that drops the conduit ends what was offloaded
lab_model >"$model"
refused=$(lab_rules_counted no-conduit)
lab_reload
sleep 0.5	# what was under way at the switch
bytes=$(arrived)
sleep 2
expect "bytes that arrived after the conduit was dropped" "$(($(arrived) - bytes))" 0
expect_at_least "packets refused instead" "$(($(lab_rules_counted no-conduit) - refused))" 1
expect "offloaded still" "$(offloaded tcp "$BULK")" 0
expect "flowtables" "$(in_g nft list table inet zoned 2>/dev/null | grep -c flowtable)" 0
kill -0 "$bulk" || lab_fail "there was nothing left to drop: $(cat "$lab_dir/bulk")"
lab_end "$bulk"

# --- stopped, the rules stay, and what is offloaded with them
bulk_model true >"$model"
lab_reload
send stop "$V4" 30 1000000
lab_wait 10 is_offloaded tcp "$BULK" || lab_fail "the new connection is not offloaded"
lab_end "$lab_zoned"
bytes=$(arrived)
lab_wait 5 arrives $((bytes + 300000)) || lab_fail "the connection did not outlive zoned"
is_offloaded tcp "$BULK" || lab_fail "the connection is not offloaded after zoned"
lab_end "$sender"
in_g "$top_builddir/zoned" --flush || lab_fail "zoned --flush"
expect "offloaded after zoned --flush" "$(offloaded tcp "$BULK")" 0

# --- what it is worth, told and not judged: packets of one size, as fast as they go
command -v ethtool >/dev/null && in_c ethtool -K eth0 tso off gso off >/dev/null 2>&1
for offload in false true; do
	bulk_model $offload >"$model"
	lab_gate "$model"
	bytes=$(arrived)
	send rate "$V4" 5
	wait "$sender"
	echo "offload = $offload: $((($(arrived) - bytes) / 5000)) KB/s"
	lab_gate_stop
done
