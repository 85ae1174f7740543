#!/bin/bash
# SPDX-License-Identifier: MIT
# The gate's main job, with the proof that it is the gate that does it: the same
# write changes the device without zoned and does not reach it with zoned.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

lab_poll -t 4 -r 600 "$V4" 4711 >/dev/null || lab_fail "no path to the device without the gate"
lab_device
expect "without the gate the write changes the device" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1
writes=$(lab_delivered writes)

lab_model daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

got=$(lab_poll -t 4 -r 600 "$V4") || lab_fail "a permitted read got no answer: $got"
expect "the read shows what the device holds" "$(sed -n 's/^\[600\]:[[:space:]]*//p' <<<"$got")" 4711

lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "the write was answered"
lab_device
expect "the register is unchanged" "$(grep -c '^holding 600 4711$' "$lab_dir/device")" 1
expect "writes delivered with the gate" "$(lab_delivered writes)" "$writes"

lab_wait 3 grep -q 'reason=function-not-allowed' "$lab_dir/syslog" || lab_fail "no violation in syslog"
line=$(grep 'reason=function-not-allowed' "$lab_dir/syslog")
expect "lines for one violation" "$(wc -l <<<"$line")" 1
for field in "write-single-register refused from 10.10.1.10 to $V4 on conduit hmi-to-cell" \
	gen=1 verdict=drop conduit=hmi-to-cell policy=modbus-read-only from_zone=hmi to_zone=cell \
	src=10.10.1.10 "dst=$V4" dport=502 proto=modbus dir=request unit=1 fc=6 \
	function=write-single-register address=600-600 value=17 event=violation; do
	grep -qF -- " $field" <<<" $line " || lab_fail "the line lacks \"$field\": $line"
done
grep -Eq ' time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z .* sport=[0-9]+ .* tid=[0-9]+ ' <<<"$line" ||
	lab_fail "time, port or transaction is missing: $line"
echo "ok: $line"

# What no conduit names does not pass at all, in either direction.
in_c timeout 1 nc -zw1 "$V4" 22 && lab_fail "a service that no conduit names was reachable"
in_s timeout 1 nc -zw1 10.10.1.10 502 && lab_fail "the conduit was passable backwards"
in_c ping -qc1 -W1 "$V4" >/dev/null || lab_fail "the permitted ping did not pass"
in_s ping -qc1 -W1 10.10.1.10 >/dev/null && lab_fail "ping passed backwards"
echo "ok: deny by default"

# Each of those is a record of its own that names both zones.
lab_refused()
{
	grep -F 'reason=no-conduit' "$lab_dir/syslog" | grep -qF -- "$1"
}
lab_wait 3 lab_refused "from_zone=hmi to_zone=cell" || lab_fail "no record of the refused service"
lab_wait 3 lab_refused "from_zone=cell to_zone=hmi" || lab_fail "no record of the refused direction"
in_g ip route add 192.0.2.0/24 via 10.10.2.20
in_c timeout 1 nc -zw1 192.0.2.7 502
lab_wait 3 grep -q 'reason=unknown-zone' "$lab_dir/syslog" || lab_fail "no record of an address without a zone"
echo "ok: refused flows: $(grep -c 'reason=no-conduit' "$lab_dir/syslog") lines"

# The same as JSON, one object a line.
"$python" - "$lab_dir/json" <<'END' || lab_fail "the JSON file: $(head -c 600 "$lab_dir/json")"
import json
import sys
rows = [json.loads(line) for line in open(sys.argv[1])]
(v,) = [r for r in rows if r.get("reason") == "function-not-allowed"]
assert v["fc"] == 6 and v["unit"] == 1 and v["value"] == 17 and v["conduit"] == "hmi-to-cell", v
assert any(r.get("reason") == "no-conduit" for r in rows)
END
echo "ok: JSON"

lab_gate_stop

# As the unit starts it: not root, with one capability.
lab_model queues=1 >"$lab_dir/model.conf"
chmod 777 "$lab_dir"
: >"$lab_dir/zoned.err"
ip netns exec "$lab_g" setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all,+net_admin \
	--ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin --no-new-privs "$top_builddir/zoned" -d \
	-f "$lab_dir/model.conf" -R "$top_srcdir/rules" -C "$lab_dir/control2" -S "$lab_dir/state2" >>"$lab_dir/zoned.err" 2>&1 &
lab_zoned=$!
lab_pids+=("$lab_zoned")
lab_wait 10 lab_said "generation 1 is in force" || lab_fail "zoned does not start without root"
lab_wait 5 lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "without root: the read did not pass"
lab_poll -t 4 -r 600 "$V4" 17 >/dev/null && lab_fail "without root: the write passed"
# and descriptor 2 for what sanitizers have to say
descriptors=$((1 + $(grep -c '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h")))
for p in $(lab_inspectors); do
	expect "capabilities of inspector $p" "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$p/status")" 0000000000000000
	expect "seccomp of inspector $p" "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$p/status")" 2
	expect "descriptors of inspector $p" "$(ls "/proc/$p/fd" | wc -l)" "$descriptors"
done
lab_gate_stop
