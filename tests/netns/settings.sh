#!/bin/bash
# SPDX-License-Identifier: MIT
# Settings of the kernel and routes with which a gateway does not do what its model says: what becomes of packets, and
# that zoned says it when it becomes so while it runs, once, and again at a reload, and when it is so no more;
# zonectl check --here says it as well.
. "$(dirname "$0")/lab.sh"
lab_need ping
lab_up
model=$lab_dir/model.conf
ctl=$top_builddir/zonectl
found=event=misfit-found gone=event=misfit-gone

here()	# here [TEXT...]: that check --here is content, and says so much and no more
{
	local text
	in_g env ZONED_RULES="$top_srcdir/rules" "$ctl" check --here "$model" >"$lab_dir/out" 2>"$lab_dir/err" ||
		lab_fail "check --here: $(cat "$lab_dir/err")"
	for text; do
		grep -qF "$text" "$lab_dir/err" || lab_fail "check --here does not say: $text: $(cat "$lab_dir/err")"
	done
	expect "check --here: lines" "$(wc -l <"$lab_dir/err")" $#
}

misfits()	# as status has them
{
	ZONED_CONTROL=$lab_dir/control "$ctl" status --json | "$python" -c "import json,sys; print('\n'.join(json.load(sys.stdin)['misfits']))"
}

pings()	# pings ADDRESS...: "yes", "no" for each
{
	local v
	for v; do
		in_c ping -q -c 1 -W 0.3 "$v" >/dev/null && echo -n "yes " || echo -n "no "
	done
}

arrived()	# packets from the far network that the rules of others, which do nothing, have seen forwarded
{
	in_g nft list table inet theirs | awk '/saddr/ { for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'
}

from_far()	# how many of two packets from the far network come to the forwarding
{
	local before
	before=$(arrived)
	in_s ping -q -c 2 -i 0.1 -W 0.3 -I 10.77.0.1 10.10.1.10 >/dev/null
	echo $(($(arrived) - before))
}

look()	# a change of any interface has everything looked at
{
	in_g ip link set lo alias "$1"
}

said_times()	# said_times N TEXT
{
	[ "$(grep -cF -- "$2" "$lab_dir/zoned.err")" -eq "$1" ]
}

# --- what becomes of packets, without the gate
lab_model | sed 's/"10.10.2.0.24"/&, "10.77.0.0\/16", "fd00:77::\/64"/' >"$model"
ip -n "$lab_s" addr add 10.77.0.1/32 dev lo
ip -n "$lab_s" addr add fd00:77::1/128 dev lo
in_g ip route add 10.77.0.0/16 via "$V4" && in_g ip -6 route add fd00:77::/64 via "$V6" || lab_fail "routes"
in_g nft 'table inet theirs { chain f { type filter hook forward priority -10; ip saddr 10.77.0.0/16 counter; }; }'
in_g sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0
expect "at first" "$(pings "$V4" "$V6" 10.77.0.1 fd00:77::1) $(from_far)" "yes yes yes yes  2"
here
in_g sysctl -qw net.ipv4.conf.eth1.forwarding=0 net.ipv6.conf.eth1.forwarding=0
expect "an interface that does not forward" "$(pings "$V4" "$V6")" "no yes "
here 'zone "hmi": net.ipv4.conf.eth1.forwarding is 0: no IPv4 packet that comes by eth1 goes on'
in_g sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.eth1.forwarding=1 net.ipv6.conf.eth2.forwarding=1 net.ipv4.ip_forward=0
expect "no forwarding" "$(pings "$V4" "$V6")" "no no "
here "$model: warning: net.ipv4.ip_forward is 0" "$model: warning: net.ipv6.conf.all.forwarding is 0"
in_g sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# --- no route, another route: what comes from there is dropped where the kernel looks at senders
in_g sysctl -qw net.ipv4.conf.eth2.rp_filter=2
in_g ip route del 10.77.0.0/16
expect "from where no route leads, to whom asks for one" "$(from_far)" 0
here "there is no route to its network 10.77.0.0/16 (10.77.0.1): nothing goes there, and what comes from there is dropped by rp_filter of eth2"
in_g sysctl -qw net.ipv4.conf.eth2.rp_filter=0
expect "to whom does not ask" "$(from_far)" 2
here "there is no route to its network 10.77.0.0/16 (10.77.0.1): nothing goes there; add a route"
in_g ip route add 10.77.0.0/16 via 10.10.1.10 && in_g ip -6 route change fd00:77::/64 via fd00:10:1::10 || lab_fail "routes"
expect "by another interface than its route" "$(from_far)" 2
in_g sysctl -qw net.ipv4.conf.eth2.rp_filter=1
expect "the same, looked at" "$(from_far)" 0
at=$(grep -nF '"cell"; type' "$model" | sed 's/:.*//')
here "$model:$at: warning: zone \"cell\": 10.77.0.1 of its network 10.77.0.0/16 is routed by eth1, which is not its interface: what goes there is refused (wrong-way-out), and what comes from there is dropped by rp_filter of eth2" \
	"$model:$at: warning: zone \"cell\": fd00:77::1 of its network fd00:77::/64 is routed by eth1"
in_g ip route change 10.77.0.0/16 via "$V4" && in_g ip -6 route change fd00:77::/64 via "$V6" || lab_fail "routes"

# --- it becomes so while zoned runs
lab_gate "$model"
expect "misfits at first" "$(misfits)" ""
in_g sysctl -qw net.ipv4.conf.eth1.forwarding=0 net.ipv6.conf.all.forwarding=0 net.netfilter.nf_conntrack_tcp_loose=0 \
	net.netfilter.nf_conntrack_checksum=0 net.netfilter.nf_conntrack_tcp_timeout_established=300
in_g ip route change 10.77.0.0/16 via 10.10.1.10 && in_g ip -6 route del fd00:77::/64 || lab_fail "routes"
all=(
	'kind=forwarding-off interface="eth1" zone="hmi"'
	'kind=forwarding-off setting="net.ipv6.conf.all.forwarding"'
	'kind=setting setting="net.netfilter.nf_conntrack_tcp_loose" value="0"'
	'kind=setting setting="net.netfilter.nf_conntrack_checksum" value="0"'
	'kind=setting setting="net.netfilter.nf_conntrack_tcp_timeout_established" value="300"'
	'kind=other-route address="10.77.0.1" interface="eth1" zone="cell"'
	'kind=no-route address="fd00:77::1" zone="cell"'
)
for what in "${all[@]}"; do
	lab_wait 8 said_times 1 "$found $what" || lab_fail "not said: $what: $(cat "$lab_dir/zoned.err")"
done
expect "in status" "$(misfits | sort)" "$(printf '%s\n' "${all[@]}" | sort)"
lab_wait 3 grep -qF "$found ${all[6]}" "$lab_dir/syslog" || lab_fail "not in syslog"
in_g env ZONED_CONTROL="$lab_dir/control" "$ctl" status | grep -qF "net.ipv4.conf.eth1.forwarding is 0: no IPv4 packet" || lab_fail "not in the text of status"
lab_reload
for what in "${all[@]}"; do
	lab_wait 3 said_times 2 "$found $what" || lab_fail "not said at a reload: $what"
done
expect "misfits in all" "$(grep -cF "$found" "$lab_dir/zoned.err")" 14
in_g sysctl -qw net.ipv4.conf.eth1.forwarding=1 net.ipv6.conf.all.forwarding=1 net.netfilter.nf_conntrack_tcp_loose=1 \
	net.netfilter.nf_conntrack_checksum=1 net.netfilter.nf_conntrack_tcp_timeout_established=432000
in_g ip route change 10.77.0.0/16 via "$V4" && in_g ip -6 route add fd00:77::/64 via "$V6" || lab_fail "routes"
look gone
for what in "${all[@]}"; do
	lab_wait 8 said_times 1 "$gone $what" || lab_fail "not said to be gone: $what: $(cat "$lab_dir/zoned.err")"
done
expect "misfits at the end" "$(misfits)" ""
lab_gate_stop

# --- without the in-kernel path the ends of connections come as events
lab_model daemon="fast_path = false;" >"$model"
flows()	# that the inspector keeps
{
	ZONED_CONTROL=$lab_dir/control "$ctl" status --json | "$python" -c "import json,sys; print(json.load(sys.stdin)['inspectors'][0]['flows'])"
}

come_and_go()	# three connections, and their entries
{
	local i
	for i in 1 2 3; do
		lab_poll -r 1 -c 1 "$V4" >/dev/null || lab_fail "a read"
	done
	lab_wait 3 flows_are 3 || lab_fail "connections: $(flows), expected 3"
	in_g conntrack -F 2>/dev/null
}
flows_are() { [ "$(flows)" = "$1" ]; }
command -v conntrack >/dev/null || lab_skip "needs conntrack; all before it passed"
lab_gate "$model"
come_and_go
lab_wait 3 flows_are 0 || lab_fail "places are kept in spite of events: $(flows)"
in_g sysctl -qw net.netfilter.nf_conntrack_events=0
come_and_go
sleep 1.5
expect "places that are kept without events" "$(flows)" 3
look events
lab_wait 6 said_times 1 "$found kind=setting setting=\"net.netfilter.nf_conntrack_events\" value=\"0\"" || lab_fail "not said: events"
here "$model: warning: net.netfilter.nf_conntrack_events is 0: without the in-kernel path"
