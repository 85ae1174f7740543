#!/bin/bash
# SPDX-License-Identifier: MIT
# Typed values (typed_values): libmodbus writes floats in four orders, a part of one, and numbers with a sign; what is
# outside the limits reaches the device without the gate and not with it, by inspectors alone and beside the in-kernel path.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
client() { in_c timeout 40 "$python" -B "$lab_src/typed.py" $V4 $PORT "$@" 2>&1; }
answered() { sed -n 's/ answered$//p' <<<"$1" | tr '\n' ' '; }
registers() { lab_device; sed -n 's/^holding 60\([0-8]\) /\1:/p' "$lab_dir/device" | tr '\n' ' '; }

all="abcd=60.0 cdab=60.0 badc=60.0 dcba=60.0 int16=-50 abcd=61.5 cdab=61.5 badc=61.5 dcba=61.5 abcd=nan part between int16=-51 one mask read-write "
good="abcd=60.0 cdab=60.0 badc=60.0 dcba=60.0 int16=-50 "
expect "without the gate all is answered" "$(answered "$(client)")" "$all"
changed=$(registers)

lab_model policy=modbus-read-only services='{ service = "ping"; }' daemon="json_log = \"$lab_dir/json\";" | sed 's/policy = "modbus-read-only"/policy = "typed"/; s/^policies = {/&\
typed = { protocol = "modbus"; allow = (\
  { functions = [ "read-holding-registers" ]; units = 1; addresses = "any"; },\
  { functions = [ 6, 16, 22, 23 ]; units = 1; addresses = "any"; write_addresses = "any"; typed_values = (\
    { registers = "600-601"; type = "float32"; word_order = "ABCD"; min = 0.0; max = 60.0; unit = "degC"; },\
    { registers = "602-603"; type = "float32"; word_order = "CDAB"; min = 0.0; max = 60.0; },\
    { registers = "604-605"; type = "float32"; word_order = "BADC"; min = 0.0; max = 60.0; },\
    { registers = "606-607"; type = "float32"; word_order = "DCBA"; min = 0.0; max = 60.0; },\
    { registers = 608; type = "int16"; min = -5.0; max = 6.05; scale = 0.1; unit = "bar"; } ); } ); };/' >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
out=$(client) || lab_fail "$out"
expect "with the gate" "$(answered "$out")" "$good"
# 60.0 is 0x42700000, in each of the orders
now=$(registers)
expect "the device has" "$now" "0:17008 1:0 2:0 3:17008 4:28738 5:0 6:0 7:28738 8:65486 "
[ "$now" != "$changed" ] || lab_fail "the refused writes changed nothing before"
out=$(client reads) || lab_fail "$out"
expect "behind many reads on the same connection" "$(answered "$out")" "$good"
expect "the device has" "$(registers)" "$now"
if lab_said "in-kernel path: up to"; then
	expect_at_least "passed in the kernel" "$(lab_in_kernel messages)" 100
fi
lab_gate_stop
for text in 'reason=value-not-allowed.* value=61.5 value_type=float32 value_registers=600-601 value_scaled=61.5 value_unit="\?degC"\? expected="typed_values 600-601 float32 ABCD 0 to 60 degC" came="61.5 degC"' \
	'reason=value-not-allowed.* value=-32767 value_type=int16 value_registers=608-608 value_scaled=-3276.7 value_unit="\?bar"\? ' \
	'reason=value-in-part.* fc=16 .* came="registers 600"' 'reason=value-in-part.* fc=6 .* came="registers 603"' \
	'reason=value-in-part.* fc=23 .* came="registers 602"'; do
	grep -q -- "$text" "$lab_dir/syslog" || lab_fail "no record has $text"
done
grep -q '"value":"61.5","value_type":"float32","value_registers":"600-601","value_scaled":"61.5","value_unit":"degC"' "$lab_dir/json" ||
	lab_fail "no JSON object has the value: $(grep typed "$lab_dir/json" | head -2)"
