#!/bin/bash
# SPDX-License-Identifier: MIT
# Devices whose answers leave the specification: each form passes with its key and no other, on both
# paths, and what is next to it never. Frames of function 90 that are longer than others, which a device
# that frames by function code would take apart.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

ODD=1502
forms="clamped-echo device-id-form file-record-form length-one-more padded-exception transaction-zero unit-differs"
in_s "$python" "$lab_src/tolerate.py" serve $ODD &
lab_pids+=($!)
lab_wait 5 in_c bash -c "exec 3<>/dev/tcp/$V4/$ODD" || lab_fail "the device did not start"
peer() { in_c timeout 60 "$python" "$lab_src/tolerate.py" "$@" 2>&1; }
came() { peer ask "$1" $ODD; }
near() { tr ' ' '\n' <<<"$forms" | sed 's/^/near-/' | tr '\n' ' '; }
register() { lab_device; sed -n 's/^holding 7 //p' "$lab_dir/device"; }

# model TOLERATED [KEY=VALUE...]: reads, writes and function 90 of both devices
model()
{
	local what=${1:+tolerate = [ \"${1// /\", \"}\" ];}
	shift
	lab_model services="{ protocol = \"modbus\"; policy = \"t\"; ports = [ $ODD ]; }" policy=modbus-read-only "$@" |
		sed "s/^policies = {/&\n  t = { protocol = \"modbus\"; $what allow = ( { functions = ( 3, 6, 20, 21, 43, 90 );\n\
    units = \"any\"; addresses = \"any\"; values = \"any\"; files = \"any\"; mei = 14; } ); };\n\
  reads = { protocol = \"modbus\"; tolerate = [ \"long-umas\" ]; allow = ( { functions = ( 3, 90 ); units = \"any\"; addresses = \"any\"; } ); };/
s/policy = \"modbus-read-only\"/policy = \"reads\"/" >"$lab_dir/model.conf"
}

# Without the gate all of it comes, and the device that frames by function code is written to.
expect "without the gate" "$(came $V4)" "$(echo "$forms" "$(near)" | tr ' ' '\n' | sed '/^$/d' | sort | tr '\n' ' ' | sed 's/ $//')"
expect "without the gate, a write in a frame of function 90" "$(peer hide $V4 $PORT)" "greeted with da, answered"
expect "register 7 then" "$(register)" 2000
in_c mbpoll -m tcp -a 1 -0 -1 -r 7 $V4 1007 >/dev/null 2>&1
was=$(register)

model ""
lab_gate "$lab_dir/model.conf"
expect "nothing is tolerated" "$(came $V4)" ""
for key in $forms; do
	model "$key"
	lab_reload
	for host in $V4 $V6; do
		expect "with $key alone" "$(came $host)" "$key"
	done
done
if lab_said "in-kernel path: up to"; then
	expect_at_least "passed in the kernel" "$(lab_in_kernel messages)" 5000
fi
lab_gate_stop
for key in length-one-more padded-exception; do
	all=$(tr ' ' '\n' <<<"$forms" | grep -v "^$key$" | tr '\n' ' ' | sed 's/ $//')
	model "$all" daemon="fast_path = false;"
	lab_gate "$lab_dir/model.conf"
	expect "by inspectors, with all but $key" "$(came $V4)" "$all"
	lab_gate_stop
done
grep -q "reason=response-mismatch .* field=unit field_expected=1 field_received=9" "$lab_dir/syslog" || lab_fail "no record has both units"
grep -q "reason=response-mismatch .* field=value field_expected=9 field_received=3" "$lab_dir/syslog" || lab_fail "no record has both values"
grep -q "reason=bad-length .* field=length field_expected=3 field_received=4" "$lab_dir/syslog" || lab_fail "no record has both lengths"

# Long frames: to a device that knows the function, where it is tolerated.
lab_gate "$lab_dir/model.conf"
out=$(peer download $V4 $ODD) && lab_fail "a long frame without its key: $out"
lab_gate_stop
model long-umas
lab_gate "$lab_dir/model.conf"
for host in $V4 $V6; do
	out=$(peer download $host $ODD) || lab_fail "a long frame: $out"
	echo "ok: a long frame: $out"
	expect "a write in such a frame, to a device that does not know the function" "$(peer hide $host $PORT)" \
		"greeted with da, not answered"
done
expect "register 7 then" "$(register)" "$was"
lab_gate_stop

# Observed, without a key: all comes, and is recorded.
: >"$lab_dir/syslog"
model "" mode=observe
lab_gate "$lab_dir/model.conf"
out=$(came $V4)
for form in $forms; do
	[[ " $out " == *" $form "* ]] || lab_fail "observed: no $form in $out"
done
lab_gate_stop
for why in response-mismatch unsolicited-response bad-length trailing-bytes bad-byte-count; do
	expect_at_least "observed: $why" "$(lab_logged "verdict=observed reason=$why")" 1
done
