#!/bin/bash
# SPDX-License-Identifier: MIT
# A conduit that observes: a connection from before the gate, and one of which a segment took another way, are judged
# again from the next message. One that enforces ends them.
. "$(dirname "$0")/lab.sh"
lab_need
export PYTHONDONTWRITEBYTECODE=1
lab_up
model=$lab_dir/model.conf

# A way from the client to the device that leaves out the gateway.
ip -n "$lab_c" link add around type veth peer name around netns "$lab_s"
ip -n "$lab_c" link set around up
ip -n "$lab_s" link set around up
ip -n "$lab_c" addr add 10.10.3.2/24 dev around
ip -n "$lab_s" addr add 10.10.3.1/24 dev around
in_s sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.around.rp_filter=0

# talk NAME: on one connection: a read, then behind the file "gate" a write, a write around the gate, a read and a
# write of several; how many of the five were answered is in NAME.
talk()
{
	rm -f "$lab_dir/opened" "$lab_dir/gate"
	ip netns exec "$lab_c" "$python" "$lab_src/gaps.py" "$V4" "$PORT" 10.10.3.1 "$lab_dir" >"$lab_dir/$1" &
	lab_talk=$!
	lab_wait 10 test -e "$lab_dir/opened" || lab_fail "no connection"
	lab_gate "$model"
	touch "$lab_dir/gate"
	wait "$lab_talk"
	sleep 1
	lab_gate_stop
}

lab_model mode=observe >"$model"
talk answers
expect "observed: answers" "$(cat "$lab_dir/answers")" 5
expect "writes at the device" "$(lab_delivered writes)" 3
observed="verdict=observed reason=function-not-allowed"
expect "of the connection from before, a write is recorded" "$(grep "$observed" "$lab_dir/syslog" | grep -c ' fc=6 ')" 1
expect "a write behind what went around is recorded" "$(grep "$observed" "$lab_dir/syslog" | grep -c ' fc=16 ')" 1
gaps=$(grep 'event=gap .*reason=stream-resumed' "$lab_dir/syslog")
expect "the connection is joined at a message" "$(grep -c ' unjudged=0' <<<"$gaps")" 1
expect "one request was not judged" "$(grep -c ' unjudged=12' <<<"$gaps")" 1
expect "nothing else is refused" "$(grep 'verdict=observed' "$lab_dir/syslog" | grep -v 'event=gap' | grep -vc "$observed")" 0

# The same where it is enforced: the connection ends, and no write arrives.
lab_model mode=enforce >"$model"
talk answers
expect "enforced: answers" "$(cat "$lab_dir/answers")" 1
expect "writes at the device, since" "$(($(lab_delivered writes) - 3))" 0
expect_at_least "said" "$(lab_logged 'reason=stream-not-in-step')" 1
expect "gaps" "$(grep -c 'event=gap' "$lab_dir/syslog")" "$(grep -c . <<<"$gaps")"
