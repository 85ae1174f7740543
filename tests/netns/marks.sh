#!/bin/bash
# SPDX-License-Identifier: MIT
# Others write marks: each number that our rules know, of any generation, as connection mark and as packet
# mark, from every hook, over IPv4 and IPv6; as conntrackd does with those of another box; and at any time.
# An inspected connection stays one: the read passes, the write is cut out and recorded.
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
PLAIN=8022

plain_model()
{
	lab_model services="{ transport = \"tcp\"; ports = [ $PLAIN ]; }, { service = \"ping\"; }" "$@"
}

talk() { in_c timeout 20 "$python" "$lab_src/marks.py" "$@"; }

# without the gate the write is there and answered, whatever the marks
in_g nft 'table inet theirs { chain c { type filter hook prerouting priority mangle; ct mark set 0x40030000; }; }'
expect "without the gate" "$(talk "$V4" 1 30000)" "reads 2 writes 1 refused 0"
expect "without the gate, IPv6" "$(talk "$V6" 1 30001)" "reads 2 writes 1 refused 0"
in_g nft delete table inet theirs
lab_poll -t 4 -r 600 "$V4" 4711 >/dev/null || lab_fail "a write without the gate"

plain_model daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

# the numbers of all flows, inspected or not, inside zones, in each generation; and what blocked connections had once
mapfile -t values < <({
	for map in conduits conduits-icmp inside; do
		in_g nft -n list map inet zoned "$map"
	done | grep -o ': 0x[0-9a-f]*' | while read -r _ v; do
		for generation in 0 1 2 3; do
			printf '0x%08x\n' $((v & 0x3fff0000 | generation << 30))
		done
	done
	printf '%s\n' 0x00010000 0x40010000 0xffff0000 0xffffffff 0x00000001
} | sort -u)
expect_at_least "numbers to be tried" "${#values[@]}" 25

# one for each of the client's ports, from $1 on
numbered()
{
	local i=$1 v
	for v in "${values[@]}"; do
		echo "$i : $v,"
		i=$((i + 1))
	done
}

writes=0 port=31000 n=${#values[@]}
for hook in "prerouting priority raw" "prerouting priority mangle" "forward priority mangle" "forward priority -6" \
	"forward priority 10" "postrouting priority mangle" "ingress devices = { eth1, eth2 } priority 0"; do
	for what in ct meta; do
		[[ "$hook $what" = @(prerouting priority raw|ingress*)" ct" ]] && continue	# there is no connection yet
		family=inet
		[[ $hook = ingress* ]] && family=netdev
		port=$((port + 200))
		in_g nft "table $family theirs { map m { type inet_service : mark; elements = {
				$(numbered $port) $(numbered $((port + 100))) }; }
			chain c { type filter hook $hook; tcp dport 502 $what mark set tcp sport map @m
				tcp sport 502 $what mark set tcp dport map @m; }; }" || lab_fail "nft: $hook $what"
		for address in "$V4" "$V6"; do
			from=$port
			[ "$address" = "$V6" ] && from=$((port + 100))
			expect "$what mark in $hook, $n numbers, to $address" "$(talk "$address" $n $from)" \
				"reads $((2 * n)) writes 0 refused 0"
			writes=$((writes + n))
		done
		in_g nft delete table "$family" theirs
	done
done

# every one of those writes was recorded, and the device has what it had
lab_end "$lab_zoned"	# tells what it has merged
lab_wait 15 lab_all_logged "$writes" || lab_fail "$(lab_violations) of $writes writes were recorded"
echo "ok: all $writes writes were recorded"
in_g nft delete table inet zoned
lab_poll -t 4 -r 600 "$V4" | grep -q 4711 || lab_fail "the device holds something else"

# as conntrackd: marks of another box on connections that go on here, and entries before the first packet
in_g conntrack -F 2>/dev/null
lab_gate "$lab_dir/model.conf"
plain=$(in_g nft -n list map inet zoned conduits | grep -o "6 . $PLAIN [^:]*: 0x[0-9a-f]*" | sed 's/.*: //')
for address in "$V4" "$V6"; do
	mkfifo "$lab_dir/go.$address"
	in_c timeout 20 "$python" "$lab_src/marks.py" "$address" wait <"$lab_dir/go.$address" >"$lab_dir/said.$address" &
	lab_pids+=($!)
	exec 3>"$lab_dir/go.$address"
	echo >&3
	lab_wait 5 grep -q "reads 2 writes 0" "$lab_dir/said.$address" || lab_fail "a connection to $address"
	family=ipv4
	[ "$address" = "$V6" ] && family=ipv6
	for v in "$plain" 0x80030000 0x00010000 0xffffffff; do
		in_g conntrack -U -f "$family" -p tcp --dport 502 --mark "$v" >/dev/null 2>&1 || lab_fail "conntrack -U"
		in_g conntrack -L -f "$family" -p tcp --dport 502 2>/dev/null | grep -q "ESTABLISHED.* mark=$((v))" ||
			lab_fail "the mark is not there"
		before=$(wc -l <"$lab_dir/said.$address")
		echo >&3
		lab_wait 5 bash -c "[ \$(wc -l <'$lab_dir/said.$address') -gt $before ]" || lab_fail "no answer after $v"
		expect "a connection to $address, marked $v as by conntrackd" \
			"$(tail -n 1 "$lab_dir/said.$address")" "reads 2 writes 0"
	done
	exec 3>&-
done

# the numbers of this run. That of blocked connections in a packet's mark asks for nothing; in a connection's mark, where
# an inspector has not asked for it, it refuses, and that is recorded; the whole one that asks is nobody's by accident
rules=$(in_g nft -n list chain inet zoned inspect-closed)
blocked=$(grep -o 'ct mark 0x[0-9a-f]*/16' <<<"$rules" | grep -o '0x[0-9a-f]*' | head -1)
asked=$(grep -o 'meta mark 0x[0-9a-f]* ' <<<"$rules" | grep -o '0x[0-9a-f]*' | head -1)
echo "ok: numbers $asked and $blocked"
[ -n "$blocked" ] && [ -n "$asked" ] || lab_fail "the numbers of this run: $rules"
port=40000
for address in "$V4" "$V6"; do
	port=$((port + 20))
	in_g nft "table inet theirs { chain c { type filter hook prerouting priority mangle; tcp dport 502 meta mark set $((blocked | 1)); }
		chain f { type filter hook forward priority -6; tcp dport 502 meta mark set $((blocked | 1)); }; }"
	expect "packets to $address marked $blocked" "$(talk "$address" 5 $port)" "reads 10 writes 0 refused 0"
	in_g nft delete table inet theirs
	before=$(lab_logged "reason=blocked-mark")
	in_g nft "table inet theirs { chain c { type filter hook prerouting priority mangle; tcp dport 502 ct mark set $((blocked | 1)); }; }"
	expect "connections to $address marked $blocked" "$(talk "$address" 1 $((port + 10)))" "reads 0 writes 0 refused 0"
	in_g nft delete table inet theirs
	lab_wait 5 bash -c "[ \$(grep -cF 'reason=blocked-mark' '$lab_dir/syslog') -gt $before ]" ||
		lab_fail "refused without a record"
	echo "ok: and that is recorded"
done
in_g nft list set inet zoned blocked4 | grep -q elements && lab_fail "an inspector has blocked something"

# an uninspected flow's connection goes on, whatever it is marked with, and by the in-kernel path as before
in_s timeout 60 "$python" "$lab_src/stream.py" serve "$PLAIN" "$lab_dir/arrived" 2>"$lab_dir/serve.err" &
lab_pids+=($!)
lab_wait 10 test -s "$lab_dir/arrived" || lab_fail "the server did not start: $(cat "$lab_dir/serve.err")"
in_g nft 'table inet theirs { chain c { type filter hook prerouting priority mangle; ct mark set 0x40020000; }; }'
before=$(lab_in_kernel uninspected 2>/dev/null)
in_c "$python" "$lab_src/stream.py" send "$V4" "$PLAIN" 1 1000000 || lab_fail "what needs no inspection does not go on"
if [ "$(lab_in_kernel asked 2>/dev/null)" = first ]; then
	expect_at_least "packets that the kernel passed" "$(($(lab_in_kernel uninspected) - before))" 100
fi
in_g nft delete table inet theirs
