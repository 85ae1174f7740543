#!/bin/bash
# SPDX-License-Identifier: MIT
# Real packets through the ruleset: client - router - server, three network
# namespaces of our own. No daemon runs, so what is inspected has no reader.
set -u
tool=${top_builddir:-.}/tests/ruleset/commit-tool
talk=${top_srcdir:-.}/tests/ruleset/talk.py
forge=${top_srcdir:-.}/tests/netns/forge.py
export ZONED_RULES=${top_srcdir:-.}/rules
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
for need in ip nft conntrack ping /usr/bin/python3; do
	command -v $need >/dev/null || { echo "SKIP: needs $need"; exit 77; }
done
c=zrc$$ r=zrr$$ s=zrs$$
tmp=$(mktemp -d) || exit 1
pids=
cleanup() {
	[ -n "$pids" ] && kill $pids 2>/dev/null
	for n in $c $r $s; do ip netns del $n 2>/dev/null; done
	rm -rf "$tmp"
}
trap cleanup EXIT
fails=0

for n in $c $r $s; do
	ip netns add $n || { echo "SKIP: no network namespaces"; exit 77; }
	ip -n $n link set lo up
done
link() {	# link NS INTERFACE-OF-ROUTER NET
	ip link add "$2" netns $r type veth peer name eth0 netns $1
	ip -n $r addr add 10.9.$3.1/24 dev "$2"; ip -n $r addr add fd09:$3::1/64 dev "$2" nodad
	ip -n $1 addr add 10.9.$3.2/24 dev eth0; ip -n $1 addr add fd09:$3::2/64 dev eth0 nodad
	ip -n $r link set "$2" up; ip -n $1 link set eth0 up
	ip -n $1 route add default via 10.9.$3.1; ip -n $1 -6 route add default via fd09:$3::1
}
link $c ra 1
link $s rb 2
ip netns exec $r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \
	net.ipv4.conf.ra.rp_filter=0

model() {	# model FLOWS [CONDUIT-KEYS] > file
	cat <<-END
	system = { name = "traffic"; };
	zones = (
	  { name = "a"; type = "control"; interfaces = [ "ra" ]; networks = [ "10.9.1.0/24", "fd09:1::/64" ]; sl_t = 1; },
	  { name = "b"; type = "control"; interfaces = [ "rb" ]; networks = [ "10.9.2.0/24", "fd09:2::/64" ]; sl_t = 1; } );
	conduits = ( { name = "ab"; from = "a"; to = "b"; ${2:-} flows = ( $1 ); } );
	policies = {
	@include "modbus-read-only.conf"
	};
	END
}
web='{ transport = "tcp"; ports = [ 8080 ]; }'
alt='{ transport = "tcp"; ports = [ 9090 ]; }'
other='{ transport = "tcp"; ports = [ 7 ]; }'
dns='{ service = "ping"; }, { transport = "udp"; ports = [ 53 ]; }'
plc='{ protocol = "modbus"; policy = "modbus-read-only"; }'
model "$alt, $web, $dns, $plc" >"$tmp/full.conf"
model "$other, $web, $dns" >"$tmp/less.conf"		# the other service takes the id of what was removed
model "$web" >"$tmp/one.conf"
sed -i '/name = "a"/c { name = "all"; type = "control"; interfaces = [ "ra", "rb" ]; sl_t = 1; networks = [ "10.9.0.0/16", "fd09:1::/64", "fd09:2::/64" ]; } );
	/name = "b"/d; s/^conduits = .*/conduits = ();/' "$tmp/one.conf"
model "$plc" 'fail = "open"; fail_reason = "test";' >"$tmp/open.conf"

exec 8> >(exec ip netns exec $s /usr/bin/python3 "$talk" serve >"$tmp/ready")
pids="$pids $!"
mkfifo "$tmp/answers"
exec 7> >(exec ip netns exec $c /usr/bin/python3 "$talk" >"$tmp/answers")
pids="$pids $!"
exec 6<"$tmp/answers"
for _ in $(seq 50); do ip netns exec $c ping -6 -q -c 1 -W 1 fd09:2::2 >/dev/null 2>&1 && break; sleep 0.1; done
for _ in $(seq 50); do [ -s "$tmp/ready" ] && break; sleep 0.1; done

expect() {	# expect ANSWER WHAT COMMAND...
	local want=$1 what=$2 got=; shift 2
	echo "$*" >&7; read -r -t 5 got <&6
	result "$what" "$want" "$got"
}
result() {	# result WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: $3, expected $2"; fails=$((fails + 1)); fi
}
commit() { ip netns exec $r "$tool" commit "$tmp/$1.conf" "$2" || { echo "FAILED: commit $1 $2"; fails=$((fails + 1)); }; }
counter() { ip netns exec $r "$tool" counters | awk -v n="$1" '$1 == n { print $2 }'; }
more() {	# more COUNTER BEFORE: did it grow?
	[ "$(counter "$1")" -gt "$2" ] && echo yes || echo no
}
marks_of() {	# marks_of PORT: of the client's connections to it
	ip netns exec $r conntrack -L -p tcp --dport "$1" --state ESTABLISHED 2>/dev/null | grep -o 'mark=[0-9]*' | sort -u
}
flow_of() {	# flow_of PORT [6]: what connections to it are known as
	local name=known${2:-4}
	{ ip netns exec $r nft -n list map inet zoned "$name" 2>/dev/null ||
		ip netns exec $r nft -n list map inet zoned "$name-b"; } |
		grep -o "6 . [0-9]* . $1 [^:,]* : [0-9xa-f]*" | sed 's/.* : //' | sort -u
}
pings() { ip netns exec $c ping -q -c 2 -i 0.1 -W 1 "$@" >/dev/null 2>&1 && echo ok || echo lost; }

# what other software on the router does: marks that must survive
ip netns exec $r nft 'table inet theirs {
	counter kept { }
	counter lost { }
	chain pre { type filter hook prerouting priority mangle; meta mark set 0x77; }
	chain after { type filter hook forward priority 10; meta mark 0x77 counter name kept; meta mark != 0x77 counter name lost; }
	}'
theirs() { ip netns exec $r nft list counter inet theirs "$1" | awk '/packets/ { print $2 }'; }

commit full 1
expect open "permitted, IPv4" open w4 10.9.2.2 8080
expect ok "and it talks" say w4
expect open "permitted, IPv6" open w6 fd09:2::2 8080
expect ok "and it talks" say w6
expect timeout "not permitted, IPv4" open x 10.9.2.2 8081
expect timeout "not permitted, IPv6" open x fd09:2::2 8081
expect timeout "inspected, no inspector, fail closed" open m 10.9.2.2 502
result "ping, IPv4" ok "$(pings 10.9.2.2)"
result "ping, IPv6" ok "$(pings -6 fd09:2::2)"
expect refused "ICMP error of a permitted flow" ask 10.9.2.2 53
expect refused "ICMPv6 error of a permitted flow" ask fd09:2::2 53
expect timeout "no ICMP error where nothing is permitted" ask 10.9.2.2 54
result "not in the other direction" refused \
	"$(ip netns exec $s timeout 1 bash -c '</dev/tcp/10.9.1.2/8080' 2>/dev/null && echo open || echo refused)"
[ "$(ip netns exec $s ping -q -c 1 -W 1 10.9.1.2 >/dev/null 2>&1; echo $?)" = 0 ] && got=open || got=dropped
result "no ping in the other direction" dropped $got
n=$(counter no-conduit); result "refusals are counted" yes "$([ "$n" -gt 4 ] && echo yes || echo no)"
n=$(counter conduit-ab); result "the conduit's packets are counted" yes "$([ "$n" -gt 20 ] && echo yes || echo no)"
result "classified once, known by its ends" 0x40030000 "$(flow_of 8080)"
result "classified once, known by its ends, IPv6" 0x40030000 "$(flow_of 8080 6)"
result "and not by a mark" mark=0 "$(marks_of 8080)"

# anti-spoofing
ip -n $c addr add 10.9.2.77/32 dev eth0; ip -n $c addr add 192.0.2.1/32 dev eth0
n=$(counter wrong-interface); pings -I 10.9.2.77 10.9.2.2 >/dev/null
result "another zone's address" yes "$(more wrong-interface "$n")"
n=$(counter unknown-zone); pings -I 192.0.2.1 10.9.2.2 >/dev/null
result "an address of no zone" yes "$(more unknown-zone "$n")"

# reload
before=$(counter conduit-ab)
expect open "a second service" open alt 10.9.2.2 9090
expect ok "and it talks" say alt
expect open "one that will be idle" open idle 10.9.2.2 9090
commit less 2
result "the counter survives a reload" yes "$([ "$(counter conduit-ab)" -ge "$before" ] && echo yes || echo no)"
expect ok "reload: what is still permitted goes on" say w4
expect ok "reload: IPv6 too" say w6
expect timeout "reload: what is refused now is cut" say alt
commit less 3; commit less 4; commit less 5
expect timeout "idle until its generation number came round: still cut" say idle
expect ok "five reloads later" say w4

# marks of others
result "packet marks of others come through" 0 "$(theirs lost)"
result "and there were some" yes "$([ "$(theirs kept)" -gt 20 ] && echo yes || echo no)"
ip netns exec $r nft 'table inet theirs { chain mid { type filter hook prerouting priority mangle + 1; ct mark set ct mark | 0x5; }
	}'
expect ok "somebody marks an established connection" say w4
marks=$(ip netns exec $r conntrack -L -p tcp --dport 8080 2>/dev/null | grep 'src=10.9.1.2' | grep -o 'mark=[0-9]*' | sort -u)
result "their mark is there" "mark=5" "$marks"
commit full 6
expect ok "it goes on over a reload" say w4
expect open "and from the first" open marked 10.9.2.2 8080
expect timeout "refused as well" open x 10.9.2.2 8081
result "ping, marked by others" ok "$(pings 10.9.2.2)"
expect refused "ICMP error, marked by others" ask 10.9.2.2 53
result "packet marks still come through" 0 "$(theirs lost)"
commit less 7
expect ok "still permitted" say marked

ip netns exec $r nft delete table inet theirs
marked() {	# marked PORT MARK: a packet mark on the way in
	ip netns exec $r nft "table inet verdict { chain v { type filter hook prerouting priority 0; iifname ra tcp dport $1 meta mark set $2; }
		counter left { }
		chain p { type filter hook forward priority 1; meta mark & 0xffff0000 != 0 counter name left; }
		}"
}
marked 8080 0x00010000
expect ok "no mark blocks where there is no inspector" say marked
ip netns exec $r nft delete table inet verdict

expect ok "and other connections go on" say w6

# an established connection's packets: one look, at where they come and go
flush() {	# flush set|map NAME, by whichever of its two names it has now
	ip netns exec $r nft flush "$1" inet zoned "$2" 2>/dev/null || ip netns exec $r nft flush "$1" inet zoned "$2-b"
}
flush map zone6 || { echo "FAILED: flush zone6"; fails=$((fails + 1)); }
expect ok "its addresses are not looked up again" say w6
flush map ways || { echo "FAILED: flush ways"; fails=$((fails + 1)); }
n=$(counter unknown-zone)
expect timeout "they are, when it is not known to go that way" say w6
result "and found in no zone" yes "$(more unknown-zone "$n")"

# fail = open
commit open 8
expect open "inspected, no inspector, fail open" open m 10.9.2.2 502
expect ok "and it talks" say m

# blocking: as an inspector's verdict would
expect open "to be blocked" open victim 10.9.2.2 502
expect ok "talks" say victim
left() { ip netns exec $r nft list counter inet verdict left | awk '/packets/ { print $2 }'; }
marked 502 0x00010003
expect ok "our bits of a mark that is another one ask for nothing" say victim
ip netns exec $r nft delete table inet verdict
marked 502 0x00010000
expect reset "the verdict resets it" say victim
result "the verdict's mark goes no further" 0 "$(left)"
ip netns exec $r nft delete table inet verdict
result "blocked packets are counted" yes "$(more blocked 0)"
expect ok "other connections go on" say m
expect open "to be marked as blocked by somebody else" open theirs 10.9.2.2 502
expect ok "talks" say theirs
blocked=$(counter blocked)
for _ in 1 2 3 4 5 6; do	# the other end of what was reset may still say something
	sleep 0.3
	[ "$blocked" = "$(counter blocked)" ] && break
	blocked=$(counter blocked)
done
ip netns exec $r nft 'table inet verdict { chain v { type filter hook prerouting priority 0; tcp dport 502 ct mark set 0x00010007; }; }'
expect timeout "it is refused" say theirs
ip netns exec $r nft delete table inet verdict
result "and not as what an inspector had blocked" "yes no" "$(more blocked-mark 0) $(more blocked "$blocked")"

# inside one zone: its own flow, which is good between its interfaces only
commit one 9
expect open "inside a zone" open in4 10.9.2.2 8081
expect ok "and it talks" say in4
expect open "inside a zone, IPv6" open in6 fd09:2::2 8081
expect ok "and it talks" say in6
expect refused "ICMP error inside a zone" ask 10.9.2.2 54
result "known by its ends" 0x40020000 "$(flow_of 8081)"
n=$(counter inside)
flush map zone4; flush map zone6
expect ok "its addresses are not looked up again" say in4
expect ok "nor those of IPv6" say in6
result "and it is counted" yes "$(more inside "$n")"
flush set ways-inside
n=$(counter unknown-zone)
expect timeout "they are, when it is not known to go that way" say in4
result "and found in no zone" yes "$(more unknown-zone "$n")"
commit one 10
expect ok "goes on over a reload" say in6
result "with the new generation's number" 0x80020000 "$(flow_of 8081 6)"
ip netns exec $r nft 'table inet theirs { chain mid { type filter hook prerouting priority mangle + 1; ct mark set ct mark | 0x5; }
	}'
expect open "inside a zone, marked by others" open in4m 10.9.2.2 8081
expect ok "and it talks" say in4m
ip netns exec $r nft delete table inet theirs
commit full 11
expect timeout "no zone of both any more" say in6

# an error that stays inside a zone, about a connection that does not
expect open "between zones" open err 10.9.2.2 8080
ours=$(flow_of 8080)
n=$(counter inside)
port=$(ip netns exec $c ss -Hnt state established dst 10.9.2.2:8080 | awk '{ sub(/.*:/, "", $3); print $3 }' | sort -u)
for p in $port; do	# about each of the client's
	ip netns exec $c /usr/bin/python3 "$forge" "$(ip netns exec $r cat /sys/class/net/ra/address)" 1 \
		error 10.9.1.9 tcp 10.9.1.2 "$p" 10.9.2.2 8080
done
for _ in $(seq 20); do [ "$(counter inside)" -gt "$n" ] && break; sleep 0.1; done
result "it passed" yes "$(more inside "$n")"
result "and did not make it a connection inside" "$ours" "$(flow_of 8080)"

# leaving
ip netns exec $r "$tool" remove 0xffff0000
marks=$(ip netns exec $r conntrack -L 2>/dev/null | grep -o 'mark=[0-9]*' | cut -d= -f2 | awk '$1 >= 65536' | wc -l)
result "no mark of ours is left" 0 "$marks"
expect open "and nothing is in the way" open free 10.9.2.2 8081
[ $fails = 0 ]
