#!/bin/bash
# SPDX-License-Identifier: MIT
# Large messages, many of them on their way at a time: more than the gate keeps of a connection must
# not be sent, or the sender loses what is too much again and again and goes ahead at a crawl.
. "$(dirname "$0")/lab.sh"
lab_need nstat
lab_up
ip netns exec "$lab_s" "$python" "$lab_src/bulk.py" serve >"$lab_dir/bulk" 2>&1 &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/bulk" || lab_fail "bulk.py: $(cat "$lab_dir/bulk")"

# bulk HOST ANSWERS DEPTH: sets ms, and again: segments that were sent once more
bulk()
{
	local before
	before=$(in_s nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }')
	ms=$(in_c timeout 120 "$python" "$lab_src/bulk.py" read "$@") || lab_fail "reading from $1, $3 outstanding"
	again=$(($(in_s nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }') - before))
	echo "ok: $2 answers of 60 KB from $1, $3 outstanding, in $ms ms, $again segments sent again"
}

bulk "$V4" 400 16
lab_model services='{ protocol = "opcua"; policy = "opcua-read-only"; }' |
	sed 's/^policies = {/&\n  @include "opcua-read-only.conf"/' >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
for depth in 1 16; do
	for to in "$V4" "$V6"; do
		bulk "$to" 400 "$depth"
		# of about 17,000; with windows of any size it was 11,000, and 8 seconds instead of 0.3
		expect_at_most "segments sent again" "$again" 300
	done
done
lab_gate_stop
