#!/bin/bash
# SPDX-License-Identifier: MIT
# What zoned-peers(7) says of other programs on the gateway: an accept of theirs opens nothing, a drop of theirs is
# in no record, base chains that they delete cost a running session no answer, and it survives conntrack -F.
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
model=$lab_dir/model.conf
TURNS=${NEIGHBOUR_TURNS:-30}

# their CHAIN PRIORITY VERDICT: a table of another firewall
their()
{
	in_g nft "table inet their-$1 { chain c { type filter hook forward priority $2; policy $3; $3; }; }" ||
		lab_fail "nft"
}

# The client's own end: the device may still hold connections of clients that are gone.
connected()
{
	in_c ss -Htn state established "dport = :$PORT" | grep -q .
}

# beside WHAT LOST TURNS MS COMMAND...: a session under way while the command runs over and over; so many reads may have
# no answer within MS
beside()
{
	local what=$1 lost=$2 turns=$3 ms=$4 i client session
	shift 4
	ip netns exec "$lab_c" timeout 60 "$lab_bin/mbclient" -d 60 -T "$ms" "$V4" "$PORT" >"$lab_dir/session" 2>&1 &
	client=$!
	lab_pids+=("$client")
	lab_wait 5 connected || lab_fail "no session: $(cat "$lab_dir/session")"
	sleep 0.3
	for ((i = 0; i < turns; i++)); do
		"$@" >/dev/null 2>&1 || lab_fail "$what"
		sleep 0.02
	done
	kill -TERM "$client" || lab_fail "$what: the session ended: $(cat "$lab_dir/session")"
	wait "$client"
	session=$(cat "$lab_dir/session")
	expect_at_least "$what: reads" "$(lab_value "$session" reads)" 100
	expect "$what: wrong answers" "$(lab_value "$session" wrong)" 0
	expect_at_most "$what: reads without an answer" "$(lab_value "$session" lost)" "$lost"
}

base_chain()
{
	their gone 20 accept && in_g nft delete table inet their-gone
}

lab_model >"$model"
lab_gate "$model"

# --- an accept before and one behind zoned
their before -20 accept
their behind 20 accept
lab_poll -r 600 "$V4" 77 >/dev/null
expect "writes delivered beside two accepts" "$(lab_delivered writes)" 0
lab_wait 3 grep -q 'reason=function-not-allowed' "$lab_dir/syslog" || lab_fail "no record"
lab_poll -r 10 -c 1 "$V4" >/dev/null || lab_fail "a read is not answered"
in_g nft delete table inet their-before
in_g nft delete table inet their-behind

# --- a drop behind it: counted as permitted, and in no record
their last 20 drop
before=$(lab_counted conduit-hmi-to-cell)
records=$(lab_logged "event=")
lab_poll -r 10 -c 1 "$V4" >/dev/null && lab_fail "a read is answered through a drop"
expect_at_least "packets in the conduit's counter" $(($(lab_counted conduit-hmi-to-cell) - before)) 1
expect "records of it" $(($(lab_logged "event=") - records)) 0
in_g nft delete table inet their-last
lab_gate_stop

# --- base chains of others come and go: what waits in a queue is lost, and TCP sends it again
for path in true false; do
	lab_model daemon="fast_path = $path;" >"$model"
	lab_gate "$model"
	beside "base chains deleted, fast_path = $path" 0 "$TURNS" 8000 base_chain
	beside "connections forgotten, fast_path = $path" 10 10 1000 in_g conntrack -F
	lab_gate_stop
done

# --- others change their tables without a rest: what zoned reads meanwhile is read again, and nothing of it is left
# for its next request
for path in true false; do
	lab_model daemon="fast_path = $path;" >"$model"
	lab_gate "$model"
	for ((i = 0; i < 5; i++)); do
		in_g "$top_builddir/zonectl" probe >/dev/null || lab_fail "probe"
	done
	for ((i = 0; i < 300; i++)); do
		echo "add table inet their-$i"
		echo "add chain inet their-$i c"
		echo "delete table inet their-$i"
	done | in_g nft -i >/dev/null 2>&1 || lab_fail "nft -i"
	lab_reload
	lab_poll -r 10 -c 1 "$V4" >/dev/null || lab_fail "a read is not answered"
	expect "fast changes, fast_path = $path: reads that failed" "$(lab_logged "cannot be read")" 0
	expect "fast changes, fast_path = $path: repairs" "$(lab_logged "event=table-changed")" 0
	in_g nft "table inet their-late { chain c { type filter hook prerouting priority -300; notrack; }; }" || lab_fail "nft"
	lab_wait 10 grep -q 'event=bypass-found what="untracked connections by inet their-late' "$lab_dir/syslog" ||
		lab_fail "what others do is not seen any more"
	in_g nft delete table inet their-late
	lab_gate_stop
done
