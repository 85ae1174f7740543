#!/bin/bash
# SPDX-License-Identifier: MIT
# IEC 60870-5-104 with real TCP stacks at both ends of the gate, over IPv4 and IPv6: what the policy permits is
# answered; what it refuses ends the connection, and no station executes it, though some do without the gate.
. "$(dirname "$0")/lab.sh"
lab_need
lab_server() { :; }
lab_up
ip -n "$lab_c" addr add 10.10.1.11/24 dev eth0
ip -n "$lab_c" addr add fd00:10:1::11/64 dev eth0 nodad preferred_lft 0	# never by itself
for n in 21 22 23; do
	ip -n "$lab_s" addr add 10.10.2.$n/24 dev eth0
	ip -n "$lab_s" addr add fd00:10:2::$n/64 dev eth0 nodad
done
in_s timeout 300 "$python" "$lab_src/iec104-peer.py" stations "$lab_dir/station" 2>"$lab_dir/station.err" &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/station" || lab_fail "the stations did not start: $(cat "$lab_dir/station.err")"

model()	# POLICY [CONDUIT]
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; ${2:-} flows = ( { protocol = "iec104"; policy = "$1"; } ); } );
policies = {
  @include "$1.conf"
};
daemon = { queues = 1; json_log = "$lab_dir/json"; };
END
}

turn_to()	# POLICY [CONDUIT]: in force
{
	model "$@" >"$lab_dir/model.conf"
	lab_reload
}

# master ADDRESS WANT ACTION...: WANT is what came back, word by word
master()
{
	local to=$1 want=$2 got
	shift 2
	got=$(in_c timeout 30 "$python" "$lab_src/iec104-peer.py" master "$to" "$@" 2>&1)
	expect "$to: $*" "$(sed 's/.* //' <<<"$got" | tr '\n' ' ')" "$want "
}

executed() { grep -c "^executed $1" "$lab_dir/station"; }
logged() { lab_wait 3 grep -qE -- "$1" "$lab_dir/syslog" || lab_fail "syslog has no line with $1"; echo "ok: logged: $1"; }

FAR=00680e000000002d010600010088130001	# an octet, then a command to point 5000

# Without the gate: what some station executes that it should not.
for at in 10.10.2. fd00:10:2::; do
	master ${at}20 "0b 45/7" mask far		# STARTDT by single bits
	master ${at}20 "0b 46/7" start select		# by a select
	master ${at}20 "0b 45/7" start two		# the first of two
	master ${at}20 "0b 45/7" start testbit
	master ${at}20 "0b 45/7" start ca9
	master ${at}21 "0b 45/7" start "raw:$FAR"	# behind an octet that is skipped
	master ${at}22 "45/7" far			# before STARTDT
	master ${at}22 "0b 45/7" start confirm		# a confirmation
	master ${at}22 "0b 46/7 46/7" start select off	# another state than was selected
done
expect "executed without the gate" "$(executed .)" 18
# Another master's STARTDT evicts the first.
for v in 4 6; do
	[ $v = 4 ] && to=10.10.2.22 second=10.10.1.11 || to=fd00:10:2::22 second=fd00:10:1::11
	master $to "0b 0b ended" start second=$second single
done
expect "evicted without the gate" "$(grep -c ^evicted "$lab_dir/station")" 2

model iec104-control >"$lab_dir/model.conf"
install -m 666 /dev/null "$lab_dir/json"
lab_gate "$lab_dir/model.conf"
: >"$lab_dir/station"
for at in 10.10.2. fd00:10:2::; do
	for n in 20 21 22; do
		# what the policy permits, and a refusal that ends it
		master $at$n "0b 100/7 103/7 45/7 46/7 46/7 83 23 0b 45/7 ended" start gi clock single select execute test stop start slow:single far
	done
	for n in 20 21 22; do
		master $at$n "ended" mask
		master $at$n "ended" far
		master $at$n "0b ended" start two
		master $at$n "0b ended" start execute
		master $at$n "0b 46/7 ended" start select off
		master $at$n "0b ended" start "raw:$FAR"
		master $at$n "0b ended" start ca9
		master $at$n "0b ended" start testbit
		master $at$n "0b ended" start confirm
		master $at$n "0b ended" start tail
		master $at$n "0b ended" start ns=1:single
		master $at$n "0b ended" start reset
	done
done
# single twice, execute, and where a select is executed two of these: 6 + 6 + 6, and 2 selects more at one station
expect "executed behind the gate: single commands" "$(executed '45 1 1100 05')" 12
expect "of any other point, station or type" "$(grep -c '^executed' "$lab_dir/station")" "$((12 + $(executed '46 1 1000')))"
expect "double commands: executes, and selects at the stations that execute them" "$(executed '46 1 1000 02')/$(executed '46 1 1000 82')" "6/4"
expect "executes of another state" "$(executed '46 1 1000 01')" 0
logged 'single command refused and reset .*reason=object-address-not-allowed .*proto=iec104 .*format=I ns=6 nr=[0-9]* type=45 type_name=C_SC_NA_1 cause=6 cause_name=act oa=0 ca=1 ioa=5000 n=1 phase=execute'
logged 'reason=bad-control-field .*proto=iec104 .*format=U'
logged 'reason=not-in-this-state .*proto=iec104 .*ioa=5000'
logged 'reason=bad-object-count '
logged 'double command .*reason=not-selected .*ioa=1000 .*value=1'
logged 'reason=no-frame '
logged 'reason=common-address-not-allowed .*ca=9'
logged 'reason=test-bit-not-allowed .*test=1'
logged 'reason=cause-does-not-fit .*cause=7'
logged 'reason=trailing-bytes '
logged 'reason=bad-sequence-number .*ns=1'
logged 'reason=type-not-allowed .*type=105'
logged 'src=fd00:10:1::10 .*proto=iec104'

# A second master is refused while the first is started, which goes on; then it may. The first may start twice.
: >"$lab_dir/station"
for v in 4 6; do
	[ $v = 4 ] && to=10.10.2.22 second=10.10.1.11 || to=fd00:10:2::22 second=fd00:10:1::11
	master $to "0b ended 45/7 23 0b ended" start second=$second single stop second=$second start
	master $to,$second "0b 45/7" start single
done
expect "nobody is evicted behind the gate" "$(grep -c ^evicted "$lab_dir/station")" 0
expect "both masters' commands" "$(executed '45 1 1100 05')" 4
logged 'STARTDT act refused and reset .*reason=another-master-started .*src=10.10.1.11'
logged 'reason=another-master-started .*src=fd00:10:1::11'

# reports and their acknowledgements pass in the kernel, if it has the path; a command between them comes to an
# inspector, which knows the numbers, and what is refused ends it there; N(S) goes beyond its 15 bits
if lab_said "in-kernel path: up to"; then
	for at in 10.10.2. fd00:10:2::; do
		: >"$lab_dir/station"
		before=$(lab_in_kernel messages)
		master ${at}23 "0b 100/7 ok 100/7 45/7 ok 45/7 ok ended" start gi reports:600 gi single reports:3600 single reports:16 far
		expect_at_least "frames of 38000 that the kernel passed" "$(($(lab_in_kernel messages) - before))" 34000
		expect "executed between reports" "$(executed '45 1 1100 05')/$(executed .)" 2/2
	done
	master 10.10.2.23 "0b ok ended" start reports:40 ns=1:single
	master 10.10.2.23 "0b ok ended" start reports:40 "raw:$FAR"
	master 10.10.2.23 "0b ok ended" start reports:40 raw:680401000200 # N(R) that was confirmed before
	master 10.10.2.23 "0b ok 23 ended" start reports:40 stop reports:1
	logged 'reason=bad-receive-number '
	expect "executed when numbers are wrong" "$(executed .)" 2
fi

# only a watcher, and on_violation = "drop" ends it all the same
turn_to iec104-monitor-only 'on_violation = "drop";'
: >"$lab_dir/station"
for at in 10.10.2. fd00:10:2::; do
	master ${at}20 "0b 100/7 100/7 103/7 ended" start gi all clock single
done
expect "executed where nothing may be" "$(executed .)" 0

# observed: the same reasons, everything goes on
turn_to iec104-monitor-only 'mode = "observe";'
: >"$lab_dir/station" && : >"$lab_dir/json"
master 10.10.2.20 "0b 100/7 45/7 45/7 46/7 100/7" start gi single two execute gi
expect "executed where it is observed" "$(executed .)" 3
lab_wait 3 grep -q bad-object-count "$lab_dir/json"
"$python" - "$lab_dir/json" <<'END' || lab_fail "the JSON file: $(tail -c 600 "$lab_dir/json")"
import json
import sys
rows = [r for r in map(json.loads, open(sys.argv[1])) if r["dir"] == "request"]
got = [(r["reason"], r["verdict"], r["type"], r["ca"], r["ioa"]) for r in rows if r["verdict"] == "observed"]
assert got == [("type-not-allowed", "observed", 45, 1, 1100), ("bad-object-count", "observed", 45, 1, 1100),
               ("type-not-allowed", "observed", 46, 1, 1000)], got
(r,) = [r for r in rows if r["verdict"] == "observed" and r["ioa"] == 1100 and r["n"] == 1]
assert r["cause"] == 6 and r["phase"] == "execute" and r["value"] == "1" and r["qualifier"] == 1, r
END
echo "ok: JSON"
lab_gate_stop
