#!/bin/bash
# SPDX-License-Identifier: MIT
# What leads packets past the rules: a flowtable of another table, rules that forward at the
# way in, tc and XDP programs; and rules that keep connections from being tracked. Each is first
# seen to do so, then said, shown in status, and a reason not to start when strict.
. "$(dirname "$0")/lab.sh"
lab_need conntrack tc
lab_up
model=$lab_dir/model.conf
FORBIDDEN=9999
mac=$(ip -n "$lab_s" -j link show eth0 | "$python" -c 'import json,sys; print(json.load(sys.stdin)[0]["address"])')

bypasses()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json | "$python" -c "import json,sys; print('\n'.join(json.load(sys.stdin)['bypasses']))"
}

received()
{
	in_s cat /proc/net/snmp | awk '/^Udp:/ && $2 ~ /[0-9]/ { print $2 }'
}

passes()	# does a datagram get through that no conduit permits?
{
	local before
	before=$(received)
	in_c timeout 20 "$python" "$lab_src/holes.py" send "$V4" "$FORBIDDEN" 0.05
	[ "$(received)" -gt "$before" ]
}

# found LEVEL-WORDS WHAT: said and in status; then gone again by the command that follows
found()
{
	local words=$1 what=$2
	shift 2
	lab_wait 8 lab_said "event=bypass-found what=\"$what\"" || lab_fail "nothing is said of $what: $(cat "$lab_dir/zoned.err")"
	grep -F "what=\"$what\"" "$lab_dir/zoned.err" | grep -qF "$words" || lab_fail "not as it should be said: $what"
	bypasses | grep -qxF "$what" || lab_fail "status does not have $what: $(bypasses)"
	"$@" || lab_fail "$*"
	lab_wait 8 lab_said "event=bypass-gone what=\"$what\"" || lab_fail "nothing is said when it is gone: $what"
	expect "in status after $what" "$(bypasses)" ""
}

ip netns exec "$lab_s" "$python" "$lab_src/holes.py" serve "$FORBIDDEN" "$lab_dir/holes" &
lab_pids+=($!)
lab_wait 20 test -s "$lab_dir/holes" || lab_fail "no sink"
passes || lab_fail "without zoned nothing arrives: the test is worth nothing"

in_g ip link add br9 type bridge && in_g ip link add member type veth peer name away && in_g ip link set member master br9 ||
	lab_skip "no bridges here"
lab_model | sed 's/interfaces = \[ "eth1" \]/interfaces = [ "eth1", "br9" ]/' >"$model"
lab_gate "$model"
expect "bypasses at first" "$(bypasses)" ""
passes && lab_fail "what no conduit permits passes"

# --- forwarded at the way in: the client takes the device's address for the gateway's
ip -n "$lab_c" neigh replace 10.10.1.1 lladdr "$mac" dev eth0 nud permanent
passes && lab_fail "it arrives without a rule"
if in_g nft 'table netdev theirs { chain in1 { type filter hook ingress device eth1 priority 0; fwd to "eth2"; }; }' 2>"$lab_dir/nft.err"; then
	passes || lab_fail "the rule leads nothing past ours, so the row shows nothing"
	found "unjudged and unrecorded" "forwarding rule in netdev theirs in1" in_g nft delete table netdev theirs
else
	echo "no forwarding rules here: $(cat "$lab_dir/nft.err")"
fi
if in_g tc qdisc add dev eth1 clsact 2>/dev/null &&
	in_g tc filter add dev eth1 ingress matchall action mirred egress redirect dev eth2 2>"$lab_dir/tc.err"; then
	passes || lab_fail "the tc filter leads nothing past us, so the row shows nothing"
	found "unjudged and unrecorded" "tc program at the way into eth1" in_g tc qdisc del dev eth1 clsact
else
	echo "no tc filters here: $(cat "$lab_dir/tc.err" 2>/dev/null)"
	in_g tc qdisc del dev eth1 clsact 2>/dev/null
fi
ip -n "$lab_c" neigh del 10.10.1.1 dev eth0

# --- an XDP program, here one that does nothing
printf '__attribute__((section("xdp"), used)) int p(void *c) { return 2; }\nchar l[] __attribute__((section("license"), used)) = "GPL";\n' \
	>"$lab_dir/xdp.c"
if clang -O2 -target bpf -c "$lab_dir/xdp.c" -o "$lab_dir/xdp.o" 2>/dev/null &&
	in_g ip link set eth2 xdpgeneric obj "$lab_dir/xdp.o" sec xdp 2>"$lab_dir/xdp.err"; then
	found "unjudged and unrecorded" "XDP program on eth2" in_g ip link set eth2 xdpgeneric off
	in_g ip link set member xdpgeneric obj "$lab_dir/xdp.o" sec xdp || lab_fail "an XDP program on a part of a zone's interface"
	found "unjudged and unrecorded" "XDP program on member" in_g ip link set member xdpgeneric off
else
	echo "no XDP program here: $(cat "$lab_dir/xdp.err" 2>/dev/null)"
fi

# --- untracked connections are refused, which an operator must be able to find
in_g nft "table ip theirs { chain early { type filter hook prerouting priority -300; tcp dport $PORT notrack; }; }" || lab_fail nft
lab_poll -t 4 -r 10 "$V4" >/dev/null && lab_fail "untracked and not refused"
found "or are refused" "untracked connections by ip theirs early" in_g nft delete table ip theirs
lab_poll -t 4 -r 10 "$V4" >/dev/null || lab_fail "the conduit is closed"

# --- strict: not beside one of them
lab_end "$lab_zoned"
in_g nft delete table inet zoned
in_g nft 'table ip theirs { chain early { type filter hook prerouting priority -300; tcp dport 9 notrack; }; }'
lab_model "daemon=strict = true;" >"$model"
in_g "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -d -f "$model" -R "$top_srcdir/rules" -u nobody \
	-C "$lab_dir/control" -S "$lab_dir/state" 2>"$lab_dir/strict.err" && lab_fail "strict, and it started"
grep -q 'what="untracked connections by ip theirs early"' "$lab_dir/strict.err" || lab_fail "$(cat "$lab_dir/strict.err")"
grep -q "strict = true: not started" "$lab_dir/strict.err" || lab_fail "$(cat "$lab_dir/strict.err")"
in_g nft list table inet zoned >/dev/null 2>&1 && lab_fail "it changed something"
in_g nft delete table ip theirs
lab_gate "$model"
echo "ok: strict"
lab_gate_stop

# --- a flowtable of another firewall
"$top_builddir/zonectl" probe | grep -q '^flowtable *present' || lab_skip "this kernel has no flowtable; the rest is as it should be"
cat >"$lab_dir/session.py" <<'END'
"""Reads on one connection until a file is there; then writes a register, and says what came of it."""
import os, socket, sys, time
host, port, go = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.create_connection((host, port), 10)
s.settimeout(5)
def ask(pdu):
    s.sendall(b"\0\1\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\1" + pdu)
    return s.recv(300)
try:
    n = 0
    while not os.path.exists(go):
        ask(b"\3\0\12\0\1")
        time.sleep(0.05)
        n += 1
        if n == 20:
            open(go + ".ready", "w").close()
    print("answer" if ask(b"\6\2\x58\0\x11")[7] == 6 else "exception")
except OSError as e:
    print("refused", e)
END
session()	# session HOST GO: in the background; its answer comes to $lab_dir/answer
{
	rm -f "$lab_dir/go" "$lab_dir/go.ready" "$lab_dir/answer"
	ip netns exec "$lab_c" timeout 100 "$python" "$lab_dir/session.py" "$1" "$PORT" "$lab_dir/go" >"$lab_dir/answer" &
	talker=$!
	lab_pids+=("$talker")
	lab_wait 30 test -e "$lab_dir/go.ready" || lab_fail "the conduit is closed: $(cat "$lab_dir/answer")"
}
write_refused()	# let it write: does it get no answer to that?
{
	touch "$lab_dir/go"
	wait "$talker"
	grep -q "^refused" "$lab_dir/answer"
}
offloaded()
{
	in_g conntrack -L -f "${1:-ipv4}" -p tcp --dport "$PORT" 2>/dev/null | grep -c '\[OFFLOAD\]'
}
foreign='table inet fw4 { flowtable ft { hook ingress priority 0; devices = { eth1, eth2 }; }
	chain forward { type filter hook forward priority filter; meta l4proto { tcp, udp } flow add @ft; }; }'
in_g nft "$foreign" || lab_fail "a flowtable of others"
session "$V4"
expect "offloaded without zoned" "$(offloaded)" 1
# it is in the flowtable when zoned starts
lab_model >"$model"
lab_gate "$model"
said="another program can lead packets past"
"$top_builddir/zonectl" probe | grep -q '^helper *present' && said="inspected connections are not led past our rules"
lab_said "event=bypass-found what=\"flowtable inet fw4 ft\"" || lab_fail "nothing is said of the flowtable: $(cat "$lab_dir/zoned.err")"
lab_said "$said" || lab_fail "not said as it is: $(cat "$lab_dir/zoned.err")"
"$top_builddir/zonectl" probe | grep -q '^helper *present' || lab_skip "without nfnetlink_cthelper a flowtable is only said"
sleep 3
write_refused || lab_fail "on a connection that was offloaded before the start a write has this answer: $(cat "$lab_dir/answer")"
writes=$(lab_delivered "fc 6")
for host in "$V4" "$V6"; do
	session "$host"
	expect "offloaded, to $host" "$(offloaded "$(grep -q : <<<"$host" && echo ipv6 || echo ipv4)")" 0
	write_refused || lab_fail "a write to $host has this answer: $(cat "$lab_dir/answer")"
	echo "ok: a write to $host: $(cat "$lab_dir/answer")"
done
expect "writes that reached the device" "$(lab_delivered "fc 6")" "$writes"
in_g conntrack -L -p tcp --dport "$PORT" 2>/dev/null | grep -q 'helper=zoned' || lab_fail "no helper: $(in_g conntrack -L 2>&1)"
# a reload, and the flowtable made anew
lab_reload
in_g nft delete table inet fw4
in_g nft "$foreign"
session "$V4"
expect "offloaded after a reload" "$(offloaded)" 0
write_refused || lab_fail "after a reload a write has this answer: $(cat "$lab_dir/answer")"
expect "writes that reached the device" "$(lab_delivered "fc 6")" "$writes"
