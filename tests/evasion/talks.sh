#!/bin/bash
# SPDX-License-Identifier: MIT
# OPC UA, DNP3 and IEC 60870-5-104 conversations, evasions among them, between real stacks: without the
# gate, through it, and its capture through replay. See talks.py.
. "$(dirname "$0")/../netns/lab.sh"
lab_need
lab_server() { :; }		# talks.py is the device
export PYTHONDONTWRITEBYTECODE=1 ZONED_RULES=$top_srcdir/rules ZONED_CONTROL
lab_up
ZONED_CONTROL=$lab_dir/control
for i in {0..499}; do	# one for each conversation (talks.py, source_of)
	echo "addr add 10.10.$((16 + i / 250)).$((1 + i % 250))/32 dev eth0"
done | ip -n "$lab_c" -batch - || lab_fail "addresses"
ip -n "$lab_g" route add 10.10.16.0/23 dev eth1
talks=("$python" "$top_srcdir/tests/evasion/talks.py" $$ "$lab_dir" "$top_builddir/zonectl")
"${talks[@]}" first || lab_fail "the first model"
touch "$lab_dir/json" && chmod 666 "$lab_dir/json"
timeout 400 "${talks[@]}" >"$lab_dir/table" 2>&1 &
suite=$!
lab_pids+=($suite)
for ((i = 0; i < 4000; i++)); do
	[ -e "$lab_dir/held" ] || ! kill -0 $suite 2>/dev/null && break
	sleep 0.05
done
[ -e "$lab_dir/held" ] || { cat "$lab_dir/table"; lab_fail "without the gate"; }
lab_gate "$lab_dir/model.conf"
touch "$lab_dir/gate"
while [ ! -e "$lab_dir/done" ] && kill -0 $suite 2>/dev/null; do
	sleep 0.1
done
lab_gate_stop
rm -f "$lab_dir/gate"
wait $suite
status=$?
cat "$lab_dir/table"
exit $status
