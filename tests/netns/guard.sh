#!/bin/bash
# SPDX-License-Identifier: MIT
# Other programs change zoned's table. Where the kernel can lock it, they cannot. Elsewhere
# (lock_table = false) nothing is forwarded until it is right again: each change is first
# made while zoned is stopped, which shows what it opens or closes.
#	GUARD_FLUSHES	how often to flush for the times, default 50
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
model=$lab_dir/model.conf
FORBIDDEN=9999
zonectl=$top_builddir/zonectl

status()	# status EXPRESSION: of what the status says about the table
{
	ZONED_CONTROL=$lab_dir/control "$zonectl" status --json | "$python" -c "import json,sys; t = json.load(sys.stdin)['table']; print($1)"
}

told()		# told TEXT...: is there one line about the table with all of these?
{
	local lines text
	lines=$(grep -F 'event=table-changed' "$lab_dir/zoned.err")
	for text in "$@"; do
		lines=$(grep -F -- "$text" <<<"$lines")
	done
	[ -n "$lines" ]
}

passes()	# passes: does a datagram get through that no conduit permits?
{
	local before after
	before=$(in_s cat /proc/net/snmp | awk '/^Udp:/ && $2 ~ /[0-9]/ { print $2 }')
	in_c timeout 20 "$python" "$lab_src/holes.py" send "$V4" "$FORBIDDEN" 0.05
	after=$(in_s cat /proc/net/snmp | awk '/^Udp:/ && $2 ~ /[0-9]/ { print $2 }')
	[ "$after" -gt "$before" ]
}

reads()		# is the conduit open?
{
	lab_poll -t 4 -r 10 "$V4" >/dev/null
}

writes()
{
	lab_poll -t 4 -r 600 "$V4" 17 >/dev/null
}

listing()	# of all that does not change by itself; chains that were made anew come in another order
{
	in_g nft list table inet zoned 2>/dev/null | sed -E 's/packets [0-9]+ bytes [0-9]+//; s/([a-z46])-b\b/\1/g; /expires/d' | sort
}

# --- without zoned all of it passes: what is tried below is something that arrives
ip netns exec "$lab_s" "$python" "$lab_src/holes.py" serve "$FORBIDDEN" "$lab_dir/first" &
sink=$!
lab_pids+=("$sink")
lab_wait 5 test -s "$lab_dir/first" || lab_fail "no sink"
passes || lab_fail "without zoned nothing arrives: the test is worth nothing"
writes || lab_fail "without zoned the device takes no write"
echo "ok: without zoned all passes"

# --- locked
if "$zonectl" probe | grep -q '^table-lock *present'; then
	lab_model >"$model"
	lab_gate "$model"
	expect "locked" "$(status 't["locked"]')" True
	before=$(listing)
	for change in 'flush ruleset' 'flush table inet zoned' 'delete table inet zoned' 'insert rule inet zoned forward accept' \
		'flush map inet zoned conduits' 'chain inet zoned forward { policy accept; }' 'add table inet zoned { flags dormant; }' \
		'rename chain inet zoned classify other' 'delete chain inet zoned errors' 'flush chain inet zoned source'; do
		in_g nft "$change" 2>/dev/null
		passes && lab_fail "after nft $change: what no conduit permits passes"
		reads || lab_fail "after nft $change: the conduit is closed"
	done
	expect "the table after ten tries to change it" "$(listing | sha256sum)" "$(sha256sum <<<"$before")"
	in_g "$top_builddir/zoned" --flush 2>"$lab_dir/flush.err" && lab_fail "zoned --flush beside a running zoned"
	grep -q "stop it first" "$lab_dir/flush.err" || lab_fail "zoned --flush says: $(cat "$lab_dir/flush.err")"
	told event && lab_fail "something was told that nobody could do: $(cat "$lab_dir/zoned.err")"
	# it dies: the table stays, and the next one has it
	kill -KILL "$lab_zoned"
	wait "$lab_zoned" 2>/dev/null
	passes && lab_fail "zoned was killed, and all passes"
	in_g nft list table inet zoned >/dev/null 2>&1 || lab_fail "the table went with zoned"
	lab_gate "$model"
	reads || lab_fail "after a restart the conduit is closed"
	in_g nft flush ruleset
	passes && lab_fail "after a restart the table is not locked"
	# a table without these flags, as the boot rules have it, is made anew at the start
	lab_end "$lab_zoned"
	in_g nft delete table inet zoned || lab_fail "stopped, the table cannot be deleted"
	in_g nft -f "$top_srcdir/systemd/zoned-boot.nft" || lab_fail "the boot rules"
	passes && lab_fail "the boot rules let something pass"
	lab_gate "$model"
	expect "locked after the boot rules" "$(status 't["locked"]')" True
	in_g nft flush ruleset
	passes && lab_fail "after the boot rules the table is not locked"
	reads || lab_fail "after the boot rules the conduit is closed"
	lab_end "$lab_zoned"
	in_g "$top_builddir/zoned" --flush || lab_fail "zoned --flush after zoned"
	echo "ok: locked, nobody changes the table"
else
	echo "this kernel cannot lock a table"
fi

# --- not locked: what others change is put right
lab_model "daemon=lock_table = false;" >"$model"
lab_gate "$model"
expect "locked" "$(status 't["locked"]')" False
ZONED_CONTROL=$lab_dir/control "$zonectl" status | grep -q '^table  *not locked, touched [0-9]* times by others, [0-9]* repairs$' ||
	lab_fail "status as text"
before=$(listing | sha256sum)

# row NAME PARTS EFFECT COMMAND...: EFFECT is what the change does while zoned is stopped
row()
{
	local name=$1 parts=$2 effect=$3
	shift 3
	kill -STOP "$lab_zoned"
	in_g "$@" 2>"$lab_dir/nft.err" || lab_fail "$name: $(cat "$lab_dir/nft.err")"
	case $effect in
	open)
		passes || lab_fail "$name: opens nothing, so the row shows nothing" ;;
	closed)
		reads && lab_fail "$name: closes nothing, so the row shows nothing" ;;
	quiet) ;;
	esac
	: >"$lab_dir/zoned.err"
	kill -CONT "$lab_zoned"
	lab_wait 5 told "changed=$parts" "result=restored" "program=" ||
		lab_fail "$name: not told, or not restored: $(cat "$lab_dir/zoned.err")"
	passes && lab_fail "$name: what no conduit permits passes still"
	writes && lab_fail "$name: a write passes"
	reads || lab_fail "$name: the conduit is closed"
	expect "$name: the table is the same again" "$(listing | sha256sum)" "$before"
}

row "flush ruleset" removed open nft flush ruleset
row "delete table" removed open nft delete table inet zoned
row "flush table" rules closed nft flush table inet zoned
row "flush chain" rules closed nft flush chain inet zoned forward
row "flush map" elements closed nft flush map inet zoned "$(lab_set_named conduits)"
row "an inserted rule" rules open nft insert rule inet zoned forward accept
row "another policy" chains,rules open nft 'chain inet zoned forward { policy accept; }; flush chain inet zoned forward'
row "a dormant table" table open nft 'add table inet zoned { flags dormant; }'
mark_in()	# the first mark that a map gives
{
	in_g nft -n list map inet zoned "$(lab_set_named "$1")" 2>/dev/null | sed -n 's/.* : \(0x[0-9a-f]*\).*/\1/p' | head -1
}
row "an added element" elements open nft add element inet zoned "$(lab_set_named conduits)" \
	"{ 0x1 . 0x2 . 17 . $FORBIDDEN : $(mark_in conduits-icmp) }"
row "a deleted element" elements closed nft delete element inet zoned "$(lab_set_named conduits)" \
	"{ 0x1 . 0x2 . 6 . $PORT : $(mark_in conduits) }"
row "a renamed chain" chains,rules quiet nft rename chain inet zoned classify elsewhere
row "another counter" counters quiet nft add counter inet zoned another
row "a chain of others" chains,rules quiet nft 'table inet zoned { chain before { type filter hook forward priority -100; accept; }; }'
row "a set of others" sets quiet nft 'add set inet zoned theirs { type inet_service; }'

# of which flow a connection is: nothing in the table tells what packets put there from what others did
mkfifo "$lab_dir/go"
in_c timeout 60 "$python" "$lab_src/marks.py" "$V4" wait <"$lab_dir/go" >"$lab_dir/said" &
lab_pids+=($!)
exec 3>"$lab_dir/go"
talked()	# talked LINES TEXT [read]: another talk, the answer of which is line LINES, says TEXT
{
	echo "${3:-}" >&3
	lab_wait 10 bash -c "[ \$(wc -l <'$lab_dir/said') -ge $1 ]" || lab_fail "no answer of the connection"
	sed -n "$1p" "$lab_dir/said" | grep -q "$2"
}
talked 1 "reads 2 writes 0" read || lab_fail "the connection does not talk"
port=$(in_c ss -Hnt state established dst "$V4:$PORT" | awk '{ sub(/.*:/, "", $3); print $3; exit }')
known=$(lab_set_named known4)
ends="10.10.1.10 . $V4 . 6 . $port . $PORT"
in_g nft -n list map inet zoned "$known" | grep -q "$ends" || lab_fail "the connection is not known"
kill -STOP "$lab_zoned"
in_g nft "delete element inet zoned $known { $ends }; add element inet zoned $known { $ends : $(mark_in conduits-icmp) }" ||
	lab_fail "a connection cannot be made known as one without inspection"
talked 2 "reads 2 writes 1" || lab_fail "it makes no difference, so it shows nothing"
: >"$lab_dir/zoned.err"
kill -CONT "$lab_zoned"
lab_wait 5 told "changed=known" "result=restored" 'program="nft"' || lab_fail "not told: $(cat "$lab_dir/zoned.err")"
talked 3 "writes 0" || lab_fail "a write passes still"
exec 3>&-
reads || lab_fail "the conduit is closed"
echo "ok: a connection that somebody else makes known as one without inspection"

# what traffic changes by itself, and tables of others, are no change of ours
: >"$lab_dir/zoned.err"
in_g nft flush set inet zoned "$(lab_set_named refused4)" || lab_fail "flush of the log's memory"
in_g nft 'table ip theirs { set s { type ipv4_addr; }; chain c { type filter hook forward priority 0; policy accept; counter; }; }' ||
	lab_fail "a table of others"
in_g nft delete table ip theirs
passes && lab_fail "what no conduit permits passes"
sleep 1
told event && lab_fail "told without a change of ours: $(cat "$lab_dir/zoned.err")"

# zoned --flush beside a running zoned removes nothing for good, and says so
in_g "$top_builddir/zoned" --flush 2>"$lab_dir/flush.err" && lab_fail "zoned --flush beside a running zoned"
grep -q "stop it first" "$lab_dir/flush.err" || lab_fail "zoned --flush says: $(cat "$lab_dir/flush.err")"
lab_wait 5 told 'program="zoned"' || lab_fail "it is not told that this was a zoned"

# --- how long it is open, at the device's side: one datagram in 0.1 ms
cat >"$lab_dir/judge.py" <<'END'
import re, sys
flushes, holes, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
seen = sorted(float(line.split()[0]) for line in open(holes))
seen = [0.0] * (flushes - len(seen)) + seen
said = sorted(float(x) for x in re.findall(r"unfiltered_ms=([0-9.]+)", open(log).read()))
closed = sorted(float(x) for x in re.findall(r"closed_ms=([0-9.]+)", open(log).read()))
for name, v in (("open at the device", seen), ("open as told", said), ("closed after it", closed)):
    print("ms %s in %d flushes: median %.1f, worst %.1f" % (name, flushes, v[len(v) // 2], v[-1]))
sys.exit(not (len(seen) == flushes and seen[flushes // 2] < 15 and seen[-1] < 50))
END
lab_end "$sink"

told_all()	# so many flushes?
{
	[ "$(grep -c 'program="nft" .*changed=removed .*result=restored' "$lab_dir/zoned.err")" = "$1" ]
}

series()	# as many flushes as $1: true when none was open for too long
{
	local i sender
	rm -f "$lab_dir/holes"
	ip netns exec "$lab_s" "$python" "$lab_src/holes.py" serve "$FORBIDDEN" "$lab_dir/holes" &
	sink=$!
	lab_pids+=("$sink")
	lab_wait 5 test -s "$lab_dir/holes" || lab_fail "no sink"
	: >"$lab_dir/zoned.err"
	ip netns exec "$lab_c" "$python" "$lab_src/holes.py" send "$V4" "$FORBIDDEN" 300 &
	sender=$!
	lab_pids+=("$sender")
	sleep 0.5
	for ((i = 0; i < $1; i++)); do
		in_g nft flush ruleset
		sleep 0.3
	done
	lab_wait 5 told_all "$1" ||
		lab_fail "of $1 flushes only these were told: $(cat "$lab_dir/zoned.err")"
	lab_end "$sender"
	lab_end "$sink"
	"$python" "$lab_dir/judge.py" "$1" "$lab_dir/holes" "$lab_dir/zoned.err"
}

# a machine that has other work to do may keep zoned from a core for longer than that: three tries
flushes=${GUARD_FLUSHES:-50}
series "$flushes" || series "$flushes" || series "$flushes" || lab_fail "open for too long"
echo "ok: $flushes flushes"
