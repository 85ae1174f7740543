#!/bin/bash
# SPDX-License-Identifier: MIT
# DNP3 with real TCP and UDP stacks at both ends of the gate: what the policy permits is
# answered; what it refuses never reaches the outstation, which has it all without the gate.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
in_s timeout 120 "$python" "$lab_src/dnp3-peer.py" outstation "$V4" 20000 "$lab_dir/station" 2>"$lab_dir/station.err" &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/station" || lab_fail "the outstation did not start: $(cat "$lab_dir/station.err")"

model()	# POLICY [CONDUIT]
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; ${2:-} flows = (
  { protocol = "dnp3"; policy = "$1"; }, { protocol = "dnp3"; transport = "udp"; policy = "$1"; } ); } );
policies = {
  @include "$1.conf"
};
daemon = { queues = 1; json_log = "$lab_dir/json"; };
END
}

turn_to()	# POLICY [CONDUIT]: in force
{
	generation=$((generation + 1))
	model "$@" >"$lab_dir/model.conf"
	kill -HUP "$lab_zoned"
	lab_wait 5 lab_said "generation $generation is in force" || lab_fail "the model was not taken"
}

# master TRANSPORT WANT ACTION...: WANT is the functions that came back, "none" where nothing did
master()
{
	local transport=$1 want=$2 got
	shift 2
	got=$(in_c timeout 30 "$python" "$lab_src/dnp3-peer.py" master "$transport" "$V4" 20000 "$@" 2>&1)
	expect "$transport: $*" "$(sed 's/.* //' <<<"$got" | tr '\n' ' ')" "$want "
}

taken() { grep -cw "^$1" "$lab_dir/station"; }	# fragments of a function that the outstation took
logged() { lab_wait 3 grep -qE -- "$1" "$lab_dir/syslog" || lab_fail "syslog has no line with $1"; echo "ok: logged: $1"; }

# without the gate: everything reaches it, but for the broken frame
for t in tcp udp; do
	master $t "129 129 129 129 129 129 none none" read select operate direct long restart dst=65535:restart bad:direct
done
master udp "129" apart:long
expect "direct operates without the gate" "$(taken 5)" 2
expect "restarts without the gate" "$(taken 13)" 4
expect "long reads without the gate" "$(taken 1)" 5

# one select, and the same operate twice: the outputs move twice
: >"$lab_dir/station"
for t in tcp udp; do
	master $t "129 129 129 129" select operate read operate
done
expect "times the outputs moved without the gate" "$(taken acted)" 4

install -m 666 /dev/null "$lab_dir/json"	# opened again at every reload
model dnp3-read-only-master >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
generation=1
: >"$lab_dir/station"
for t in tcp udp; do
	master $t "129 none 129 129 129 none none 129 129" read direct read clear long restart dst=65535:read time read
done
master tcp "129 129 none 129" slow:read slow:long bad:read read
master tcp "129 none 129" slow:read slow:direct read	# nothing of it is delivered before it is whole
master udp "129 none 129" read bad:read read
master udp "none 129" apart:long read	# the network may lose either
for f in 3 4 5 13; do
	expect "function $f delivered" "$(taken "$f")" 0
done
expect "reads delivered" "$(taken 1)" 16
expect "writes delivered" "$(taken 2)" 4
logged 'direct-operate refused from 10.10.1.10 .*reason=function-not-allowed .*proto=dnp3 .*link_src=1 link_dst=10 .*fc=5 function=direct-operate .*object=12.1 points=0-0 operation=pulse-on code=close'
logged 'cold-restart refused .*reason=function-not-allowed'
logged 'reason=broadcast-not-allowed .*link_dst=65535'
logged 'reason=bad-crc '
logged 'reason=not-in-one-datagram '

# a master that asks the same again and again: most of it never wakes an inspector, whose
# judgement of what comes between is the same as ever
if lab_said "in-kernel path: up to"; then
	before=$(lab_in_kernel messages)
	: >"$lab_dir/station"
	polls=$(printf 'read %.0s' {1..200})
	# shellcheck disable=SC2086
	master tcp "$(printf '129 %.0s' {1..200})none $(printf '129 %.0s' {1..200})none 129" $polls direct $polls restart clear
	expect "reads delivered" "$(taken 1)" 400
	expect "direct operates and restarts delivered" "$(($(taken 5) + $(taken 13)))" 0
	expect_at_least "messages that the kernel passed of 400 before the first refusal" "$(($(lab_in_kernel messages) - before))" 360
fi

# named relays, by select and operate only
turn_to dnp3-operate
: >"$lab_dir/station"
for t in tcp udp; do
	master $t "none 129 129 none 129" operate select operate direct read
done
expect "selects delivered" "$(taken 3)" 2
expect "operates delivered" "$(taken 4)" 2
expect "direct operates delivered" "$(taken 5)" 0
logged 'operate refused .*reason=not-selected '
# a select is used up by its operate, whatever comes between, and undone by any other request
: >"$lab_dir/station"
for t in tcp udp; do
	master $t "129 129 129 none 129 129 none" select operate read operate select read operate
done
expect "times the outputs moved" "$(taken acted)" 2
# requests before the answer, and such that ask for a confirmation
master tcp "none" "e0013c0206"
logged 'read refused .*reason=request-asks-confirmation '
: >"$lab_dir/station"
# relay 4 is not of the plan; nor is a pulse of an hour, nor another master's outstation
relay() { echo "c3 03 0c01 28 0100 $1 41 01 $2 00000000 00" | tr -d ' '; }
master tcp "129 none none none" "$(relay 0300 e8030000)" "$(relay 0400 e8030000)" "$(relay 0000 80ee3600)" "dst=11:select"
expect "selects delivered" "$(taken 3)" 1
logged 'reason=point-not-allowed .*points=4-4'
logged 'reason=control-not-allowed .*on_time=3600000'
logged 'reason=link-address-not-allowed .*link_dst=11'

# reset instead of drop: the connection ends at once
turn_to dnp3-read-only-master 'on_violation = "reset";'
master tcp "129 ended" read direct
expect "direct operates delivered" "$(taken 5)" 0
logged 'direct-operate refused and reset .*reason=function-not-allowed'

# everything, and the records say what it was
turn_to dnp3-all 'log = "all";'
master udp "129 none 129" direct dst=65535:restart read
expect "direct operates delivered" "$(taken 5)" 1
expect "restarts delivered" "$(taken 13)" 1
lab_wait 3 grep -q "\"function\":\"response\"" "$lab_dir/json"
"$python" - "$lab_dir/json" <<'END' || lab_fail "the JSON file: $(tail -c 600 "$lab_dir/json")"
import json
import sys
rows = [json.loads(line) for line in open(sys.argv[1])]
(v,) = [r for r in rows if r.get("function") == "direct-operate" and r["verdict"] == "accept"]
assert v["link_src"] == 1 and v["object"] == "12.1" and v["on_time"] == 1000 and v["operation"] == "pulse-on", v
assert any(r.get("function") == "response" and r["iin"] == "0000" for r in rows)
END
echo "ok: JSON"
lab_gate_stop
