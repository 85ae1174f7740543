#!/bin/bash
# SPDX-License-Identifier: MIT
# ICMP errors about a permitted connection: from the other end's side only, by whomever; of the kinds, the size and
# the number that a path needs. And ping is echo, nothing else.
. "$(dirname "$0")/lab.sh"
lab_need conntrack ping
lab_up
model=$lab_dir/model.conf
UDP=5353

# a third network, whose zone has no conduit
lab_x=zx$$
ip netns add "$lab_x" || lab_skip "no network namespaces"
lab_more=$lab_x
lab_link "$lab_x" eth3 3 30

errors_model()
{
	lab_model services="{ transport = \"udp\"; ports = [ $UDP ]; }, { service = \"ping\"; }" |
		sed 's/^zones = (/&\n  { name = "other"; type = "control"; interfaces = [ "eth3" ];\
 networks = [ "10.10.3.0\/24", "fd00:10:3::\/64" ]; },/'
}

mac_of()
{
	in_g cat "/sys/class/net/$1/address"
}

# arrived NETNS ROUTER TYPE CODE SIZE FAMILY [COUNT]: how many errors, sent from there, come to the client
arrived()
{
	local gw v=$V4 c=10.10.1.10 count=${7:-1}
	case $1 in "$lab_c") gw=eth1 ;; "$lab_s") gw=eth2 ;; *) gw=eth3 ;; esac
	[ "$6" = 4 ] || v=$V6 c=fd00:10:1::10
	in_c nft 'table inet seen { counter f { }; chain in { type filter hook prerouting priority -400;
		ip ttl 76 counter name f; ip6 hoplimit 76 counter name f; }; }'
	ip netns exec "$1" "$python" "$lab_src/errors.py" "$(mac_of $gw)" "$count" "$2" "$3" "$4" "$5" udp "$c" 40010 "$v" "$UDP" ||
		lab_fail "cannot send"
	sleep 0.15
	in_c nft list table inet seen | awk '/packets/ { print $2 }'
	in_c nft delete table inet seen
}

# error_comes WANTED WHAT NETNS ROUTER TYPE CODE SIZE FAMILY: of one that is sent so, so many come
error_comes()
{
	expect "$2, IPv$8" "$(arrived "${@:3}")" "$1"
}

# The connections that the errors are about: datagrams from one port, to and fro.
talk()
{
	in_c timeout 60 "$python" -c "import socket, time
s = [socket.socket(f, 2) for f in (2, 10)]
s[1].setsockopt(41, 26, 1)
for x, a in zip(s, ('$V4', '$V6')):
    x.bind(('', 40010)); x.settimeout(0.1)
while True:
    for x, a in zip(s, ('$V4', '$V6')):
        try: x.sendto(b'x', (a, $UDP)); x.recv(9)
        except OSError: pass
    time.sleep(0.1)" &
	lab_pids+=($!)
}
in_s timeout 90 "$python" -c "import socket
s = socket.socket(10, 2); s.bind(('::', $UDP))
while True:
    d, a = s.recvfrom(9); s.sendto(d, a)" &
lab_pids+=($!)
sleep 0.5
talk
other=(10.10.3.30 fd00:10:3::30)
inside=(10.10.2.99 fd00:10:2::99)
router=(192.0.2.1 2001:db8::1)
unreachable=(3 1) large=(3 2) redirect=(5 137)

# --- without the gate: they come from anybody
in_g nft 'table inet tracking { chain f { type filter hook forward priority 0; ct state new accept; }; }'
sleep 0.5
for i in 0 1; do
	f=$((4 + 2 * i))
	error_comes 1 "without the gate: from a zone that has no part" "$lab_x" "${other[i]}" "${unreachable[i]}" 1 60 $f
	error_comes 1 "without the gate: with a good thousand octets" "$lab_x" "${other[i]}" "${unreachable[i]}" 1 1200 $f
done
error_comes 1 "without the gate: a source quench" "$lab_s" 10.10.2.99 4 0 60 4
in_g nft delete table inet tracking

check_errors()	# check_errors WHAT ROUTERS: do routers of no zone count?
{
	local i f
	for i in 0 1; do
		f=$((4 + 2 * i))
		error_comes 1 "$1: from the server's zone" "$lab_s" "${inside[i]}" "${unreachable[i]}" 1 60 $f
		error_comes 1 "$1: that its packets are too large" "$lab_s" "${inside[i]}" "${large[i]}" $((4 - 4 * i)) 60 $f
		error_comes "$2" "$1: from a router of no zone on its side" "$lab_s" "${router[i]}" "${large[i]}" $((4 - 4 * i)) 60 $f
		error_comes 0 "$1: from a zone that has no part" "$lab_x" "${other[i]}" "${unreachable[i]}" 1 60 $f
		error_comes 0 "$1: of no zone, from there" "$lab_x" "${router[i]}" "${unreachable[i]}" 1 60 $f
		error_comes 0 "$1: as the server's zone, from there" "$lab_x" "${inside[i]}" "${unreachable[i]}" 1 60 $f
		error_comes 0 "$1: as the third zone, from the server's side" "$lab_s" "${other[i]}" "${unreachable[i]}" 1 60 $f
	done
	error_comes 0 "$1: source quench" "$lab_s" 10.10.2.99 4 0 60 4
	error_comes 0 "$1: redirect" "$lab_s" 10.10.2.99 5 1 60 4
	error_comes 0 "$1: longer than routers make them" "$lab_s" 10.10.2.99 3 1 700 4
	error_comes 0 "$1: longer than routers make them" "$lab_s" fd00:10:2::99 1 1 1300 6
	error_comes 1 "$1: as long as they do" "$lab_s" fd00:10:2::99 2 0 1232 6
}

errors_model >"$model"
lab_gate "$model"
sleep 0.5
before=$(lab_counted icmp-error)
check_errors "enforced" 1
expect_at_least "refused and counted" $(($(lab_counted icmp-error) - before)) 4
lab_wait 3 grep -q 'reason=icmp-error' "$lab_dir/syslog" || lab_fail "no record"
# whoever tells very much leaves others their share
for i in 0 1; do
	f=$((4 + 2 * i)) v=$V4 c=10.10.1.10 ip=ip
	[ "$f" = 4 ] || v=$V6 c=fd00:10:1::10 ip=ip6
	in_c nft "table inet seen { counter many { }; counter few { }; chain in { type filter hook prerouting priority -400;
		$ip saddr ${inside[i]} counter name many; $ip saddr ${router[i]} counter name few; }; }"
	in_s timeout 4 "$python" "$lab_src/errors.py" "$(mac_of eth2)" 10000000 "${inside[i]}" "${unreachable[i]}" 1 60 udp \
		"$c" 40010 "$v" "$UDP" & greedy=$!
	lab_pids+=("$greedy")
	for k in 1 2 3; do
		sleep 1
		in_s "$python" "$lab_src/errors.py" "$(mac_of eth2)" 1 "${router[i]}" "${large[i]}" $((4 - 4 * i)) 60 udp \
			"$c" 40010 "$v" "$UDP" || lab_fail "cannot send"
	done
	wait "$greedy"
	expect_at_most "IPv$f: of very many of one source" "$(in_c nft list counter inet seen many | awk '/packets/ { print $2 }')" 75
	expect "IPv$f: of three of another meanwhile" "$(in_c nft list counter inet seen few | awk '/packets/ { print $2 }')" 3
	in_c nft delete table inet seen
done
sleep 3
expect_at_most "of three hundred at once" "$(arrived "$lab_s" 10.10.2.99 3 1 60 4 300)" 75
sleep 3
in_g nft 'table inet theirs { chain mid { type filter hook prerouting priority mangle; ct mark set ct mark | 0x5; }; }'
sleep 0.5
check_errors "marked by others" 1
in_g nft delete table inet theirs

# --- ping is echo
in_c ping -q -c 1 -W 1 "$V4" >/dev/null && in_c ping -q -c 1 -W 1 "$V6" >/dev/null || lab_fail "no ping"
stamp()	# a request for the time of day (type 13) to the device: arrived there?
{
	in_s nft 'table ip seen { counter f { }; chain in { type filter hook prerouting priority -400; icmp type timestamp-request counter name f; }; }'
	in_c "$python" -c "import socket, struct
s = socket.socket(2, 3, 1)
s.sendto(struct.pack('!BBHHHIII', 13, 0, 0xf2fd, 1, 1, 0, 0, 0), ('$V4', 0))"
	sleep 0.2
	in_s nft list table ip seen | awk '/packets/ { print $2 }'
	in_s nft delete table ip seen
}
expect "the gate's ping is no request for the time" "$(stamp)" 0
lab_gate_stop
expect "without the gate it arrives" "$(stamp)" 1

# --- zones without interfaces: by the zones of the ends
errors_model | sed 's/interfaces = \[[^]]*\];//' >"$model"
lab_gate "$model"
sleep 0.5
for i in 0 1; do
	f=$((4 + 2 * i))
	error_comes 1 "no interfaces: from the server's zone" "$lab_s" "${inside[i]}" "${unreachable[i]}" 1 60 $f
	error_comes 0 "no interfaces: from a zone that has no part" "$lab_x" "${other[i]}" "${unreachable[i]}" 1 60 $f
done
