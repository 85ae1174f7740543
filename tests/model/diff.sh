#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl diff: what is written otherwise and means the same is equal; what was changed is named, with its way, and the
# other way round the other way; and diff.py's pairs of models, in which no widening may be missed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL=/nonexistent
ctl="$top_builddir/zonectl"
failed=0 n=0
fail() { echo "FAIL: $*"; failed=1; }

# Every model equals its print.
for f in "$top_srcdir"/conf/*.conf "$top_srcdir"/tests/model/good/*.conf; do
	"$ctl" print "$f" >"$dir/printed.conf"
	[ "$("$ctl" diff "$f" "$dir/printed.conf")" = "equal in effect" ] || fail "$f and its print differ"
done

# try EXAMPLE SCRIPT STATUS LINE...: the example, and the same through sed (of its print): each LINE is in the answer,
# without the places; STATUS is that of diff, and of diff the other way round opens and closes are exchanged.
try() {
	local example=$1 script=$2 want=$3 line got=0 back=0
	shift 3
	n=$((n + 1))
	"$ctl" print "$top_srcdir/conf/example-$example.conf" >"$dir/old.conf"
	sed -E "$script" "$dir/old.conf" >"$dir/new.conf"
	cmp -s "$dir/old.conf" "$dir/new.conf" && fail "$script changes nothing"
	"$ctl" diff "$dir/old.conf" "$dir/new.conf" >"$dir/out" || got=$?
	[ "$got" = "$want" ] || fail "$example $script: $got: $(cat "$dir/out")"
	sed -E 's/ \((was )?[^ ]*\.conf:[0-9]+(, was [^ ]*)?\)$//' "$dir/out" >"$dir/plain"
	for line; do
		grep -qxF -- "$line" "$dir/plain" || fail "$example $script: not told: $line; but: $(cat "$dir/plain")"
	done
	"$ctl" diff --json "$dir/old.conf" "$dir/new.conf" >"$dir/there" || :
	"$ctl" diff --json "$dir/new.conf" "$dir/old.conf" >"$dir/back" || back=$?
	python3 -B - "$dir/there" "$dir/back" <<'END' || fail "$example $script: the other way round (status $back)"
import json, sys
there, back = (json.load(open(p)) for p in sys.argv[1:])
assert there["schema"] == back["schema"] == 1
assert set(there) == {"schema", "old", "new", "result", "opens", "closes", "changes", "findings"}
for f in there["findings"]:
    assert set(f) == {"effect", "widens", "what", "name", "conduits", "text", "old", "new"} and f["widens"] == (f["effect"] == "opens"), f
    assert f["what"] == "daemon" or f["old"] or f["new"], f
assert bool(there["opens"]) == (there["result"] == "opens") and bool(back["opens"]) >= bool(there["closes"]), (there, back)
END
}
# A conduit of an asset beside that of its zone: what is the asset's is compared with what was the asset's, alone.
{
	printf '%s\n' 'zones = ( { name = "a"; type = "control"; interfaces = [ "a0" ]; networks = [ "10.1.0.0/24" ]; },' \
		'  { name = "b"; type = "control"; interfaces = [ "b0" ]; networks = [ "10.2.0.0/24" ]; assets = ( { name = "plc"; address = "10.2.0.5"; } ); } );' \
		'conduits = ( { name = "all"; from = "a"; to = "b"; flows = ( { service = "ssh"; } ); },' \
		'  { name = "one"; from = "a"; to = "asset:plc"; flows = ( { service = "ssh"; } ); } );'
} >"$dir/open.conf"
sed 's/to = "asset:plc";/& open = "on-grant";/' "$dir/open.conf" >"$dir/gate.conf"
"$ctl" diff "$dir/open.conf" "$dir/gate.conf" >"$dir/out" || :
[ "$(grep -v '^opens 0, closes 1, changes 0$' "$dir/out" | sed 's/ (.*//')" = 'closes: conduit "one": is closed until it is granted' ] ||
	fail "beside a conduit of the zone: $(cat "$dir/out")"
"$ctl" diff "$dir/gate.conf" "$dir/open.conf" >"$dir/out" || :
[ "$(grep -v '^opens 1, closes 0, changes 0$' "$dir/out" | sed 's/ (.*//')" = 'opens: conduit "one": is open without being granted' ] ||
	fail "and back: $(cat "$dir/out")"

M=small-cell
try $M 's/"192.168.30.0\/24"/"192.168.30.128\/25", "192.168.30.0\/25"/' 0 'equal in effect'
try $M 's/policy = "modbus-setpoints"/policy = "other"/; s/^  modbus-setpoints = /  other = /' 0 'equal in effect'
try $M 's/^(    description = ).*/\1"another text";/' 0 'equal in effect'
try $M 's/\{ service = "ping"; \}/{ service = "ping"; }, { service = "ssh"; }/' 8 \
	'opens: conduit "panel-setpoints": service ssh on tcp 22 from "hmi" to "machine"' 'opens 1, closes 0, changes 0'
try $M 's/service = "https"/transport = "tcp"; ports = [ 443 ]/' 0 'equal in effect'
try $M '/service = "ping"/d; s/(policy = "modbus-setpoints".*),$/\1/' 7 \
	'closes: conduit "panel-setpoints": service ping from "hmi" to "machine"'
try $M 's/"192.168.30.0\/24"/"192.168.30.0\/25"/; /plc-/d; s/interfaces = \[ "eth2" \];/&/' 7 'closes: zone "machine": 192.168.30.128/25 is in no zone'
try $M 's/"192.168.20.0\/24"/"192.168.20.0\/23"/' 8 \
	'opens: zone "hmi": 192.168.21.0/24 is of this zone, and was of none: the conduits of the zone, and all inside it, are open to them'
try $M '0,/mode = "enforce"/s//mode = "observe"/' 8 \
	'opens: conduit "panel-setpoints": modbus on tcp 502: is only observed now: what its policy refuses passes'
try $M '0,/fail = "closed"/s//fail = "open"; fail_reason = "test"/' 8 \
	'opens: conduit "panel-setpoints": fail open: its messages pass unjudged while an inspector is down'
try $M 's/max_writes_per_second = 5;//' 8 'opens: conduit "panel-setpoints": max_writes_per_second is gone, was 5'
try $M 's/max_requests_per_second = 200/max_requests_per_second = 20/' 7 \
	'closes: conduit "panel-setpoints": max_requests_per_second 20, was 200'
try $M 's/values = \[ "0-1000" \]/values = [ "0-500", "400-1500" ]/' 8 \
	'opens: policy "modbus-setpoints", used by panel-setpoints: write-single-register, write-multiple-registers: values 1001-1500'
try $M 's/addresses = \[ "0-999" \]/addresses = [ "0-499", "500-999" ]/' 7 \
	'closes: policy "modbus-setpoints", used by panel-setpoints: read-coils, read-discrete-inputs, read-holding-registers, read-input-registers: addresses 0-999'
try $M 's/values = \[ "0-1000" \]/values = [ "0-499", "500-1000" ]/' 0 'equal in effect'
try $M 's/interfaces = \[ "eth1" \]/interfaces = [ "eth1", "eth7" ]/' 8 \
	'opens: zone "hmi": its packets are accepted on interface "eth7", too'
try $M 's/interfaces = \[ "eth1" \];//' 8 \
	'opens: zone "hmi": has no interfaces any more: its packets are accepted on every interface that no zone names'
try $M 's/^daemon = \{/daemon = { lock_table = false;/' 8 'opens: daemon.lock_table: 0, was 1'
try $M '0,/offload = false;/s//open = "on-grant";/' 7 'closes: conduit "panel-setpoints": is closed until it is granted' 'opens 0, closes 1, changes 0'
try $M 's/log = "all"/log = "none"/' 7 'changes: conduit "maintenance": log none, was all' 'opens 0, closes 0, changes 1'
try dnp3 's/points = \[ "0-7" \];/points = [ "0-9" ];/' 8 \
	'opens: policy "telecontrol", used by telecontrol: select, operate: points 8-9'
try dnp3 's/select_before_operate = true;//; s/select_timeout = 10;//' 8 'opens: policy "telecontrol", used by telecontrol: select_before_operate 0 instead of 1'
try dnp3 's/objects = \[ "12.1" \]/objects = [ "12.1", "12.2" ]/' 8 \
	'opens: policy "telecontrol", used by telecontrol: select, operate: objects 12.2'
try dnp3 's/\[ -5\.0[^]]*\]/[ -5.0, 6.0 ]/' 8 'opens: policy "telecontrol", used by telecontrol: select, operate: analog_values -5 to 6'
try iec104 's/interrogations = \[ "20-20" \]/interrogations = [ "20-36" ]/' 8 \
	'opens: policy "dispatch", used by dispatch: C_IC_NA_1: interrogations 21-36'
try iec104 's/states = \[ "off", "on" \]/states = [ "off" ]/' 7 'closes: policy "operation", used by operation: C_DC_TA_1: states on'
try opcua 's/"ns=2;s=Line.Order.\*"/"ns=2;s=Line.*"/' 8 \
	'opens: policy "mes-orders", used by orders: write: nodes ns=2;s=Line.*'
try opcua 's/security = "sign"/security = "none"/; s/unsecured_discovery = true;//' 8
try opcua 's/, "x509"//' 7
[ "$n" -gt 20 ] || fail "only $n cases"

# From the port of an inspected service only who offers it connects in the other direction: an asset, not its zone.
"$ctl" print "$top_srcdir/tests/model/good/reversed-assets.conf" >"$dir/old.conf"
sed 's/{ protocol = "modbus".*}/{ service = "https"; }/' "$dir/old.conf" >"$dir/new.conf"
"$ctl" diff "$dir/old.conf" "$dir/new.conf" >"$dir/out" || :
[ "$(grep -c 'opens: conduit "history": connections from port 502, which the service of conduit "hmi-to-press" had for its own, pass' "$dir/out")" = 1 ] ||
	fail "a connection that was turned round: $(cat "$dir/out")"

# A conduit with several pairs of ends is named once.
sed 's/units = .*/units = "1-9";/' "$dir/old.conf" >"$dir/new.conf"
"$ctl" diff "$dir/old.conf" "$dir/new.conf" >"$dir/out" || :
grep -q '^closes: policy "modbus-read-only", used by hmi-to-press: ' "$dir/out" || fail "who uses a policy: $(cat "$dir/out")"

# A model that cannot be read.
got=0
"$ctl" diff "$dir/old.conf" "$dir/missing.conf" >"$dir/out" 2>&1 || got=$?
[ "$got" = 9 ] && ! grep -q 'equal\|opens\|has errors' "$dir/out" || fail "a missing model: $got"

mkdir "$dir/pairs"
python3 -B "$top_srcdir/tests/model/diff.py" "$ctl" "$dir/pairs" || fail "a widening was missed"
exit "$failed"
