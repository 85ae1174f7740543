#!/bin/bash
# SPDX-License-Identifier: MIT
# What is shared by sources is shared fairly (zoned(8), "Shared places"): 1,100 silent OPC UA
# connections of one host keep nobody out, and a permitted client that asks far more often than
# the conduit's limit permits leaves another one its share, over IPv4 and IPv6, enforcing and
# observing, in the kernel and by inspectors.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
OTHER=10.10.1.11
ip -n "$lab_c" addr add "$OTHER/24" dev eth0
in_c_shares() { ip netns exec "$lab_c" timeout 60 "$python" "$lab_src/shares.py" "$@"; }

# ---- OPC UA: large buffers ----
ua_model()
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; mode = "$1";
               flows = ( { protocol = "opcua"; policy = "opcua-read-only"; } ); } );
policies = {
  @include "opcua-read-only.conf"
};
daemon = { queues = 1; };
END
}

# background FILE WORD COMMAND...: until it has said the word
background()
{
	local said=$lab_dir/$1 word=$2
	shift 2
	"$@" >"$said" 2>&1 &
	lab_pids+=($!)
	lab_wait 30 grep -q "$word" "$said" || lab_fail "$*: $(cat "$said")"
	echo "ok: $(cat "$said")"
}

for host in "$V4" "$V6"; do
	background "server.$host" ready ip netns exec "$lab_s" "$python" "$lab_src/shares.py" ua-server "$host" 4840 60
done
for mode in enforce observe; do
	ua_model "$mode" >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
	background "idle.$mode" open ip netns exec "$lab_c" "$python" "$lab_src/shares.py" idle 10.10.1.10 "$V4" 4840 1100 20
	in_c_shares ua-hello "$OTHER" "$V4" 4840 || lab_fail "$mode: another host (IPv4) is locked out"
	in_c_shares ua-hello fd00:10:1::10 "$V6" 4840 || lab_fail "$mode: another host (IPv6) is locked out"
	echo "ok: $mode: others get through"
	expect "$mode: connections refused" "$(lab_logged 'reason=flow-table-full')" 0
	lab_end "${lab_pids[-1]}"
	lab_gate_stop
done

# ---- a conduit's limit ----
# rate_trial MODE FASTPATH GREEDY GREEDY_HOST SELDOM SELDOM_HOST
rate_trial()
{
	local what="$1, fast_path $2, $3 beside $5" out
	lab_model mode="$1" queues=2 conduit='max_requests_per_second = 20;' daemon="fast_path = $2;" >"$lab_dir/model.conf"
	lab_gate "$lab_dir/model.conf"
	: >"$lab_dir/syslog"
	in_c_shares greedy "$3" "$4" "$PORT" 400 12 >"$lab_dir/greedy" & greedy=$!
	lab_pids+=("$greedy")
	sleep 2
	out=$(in_c_shares seldom "$5" "$6" "$PORT" 0.9 10) || lab_fail "$what: $out"
	wait "$greedy"
	expect_at_least "$what: of 10 reads answered" "$(sed 's/.*answered //' <<<"$out")" 9
	if [ "$1" = enforce ]; then
		# a second's worth at once, and then the rate
		expect_at_most "$what: answers to the greedy one" "$(sed 's/.*answered //' "$lab_dir/greedy")" 270
		expect_at_least "$what: answers to the greedy one" "$(sed 's/.*answered //' "$lab_dir/greedy")" 100
	fi
	lab_wait 3 grep -q "reason=request-rate.* src=$3" "$lab_dir/syslog" || grep -q 'reason=request-rate' "$lab_dir/syslog" ||
		lab_fail "$what: no record of the limit"
	lab_gate_stop
}

rate_trial enforce true 10.10.1.10 "$V4" "$OTHER" "$V4"
rate_trial enforce false 10.10.1.10 "$V4" fd00:10:1::10 "$V6"
rate_trial enforce true fd00:10:1::10 "$V6" 10.10.1.10 "$V4"
rate_trial observe true 10.10.1.10 "$V4" "$OTHER" "$V4"
