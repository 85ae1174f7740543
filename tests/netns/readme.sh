#!/bin/bash
# SPDX-License-Identifier: MIT
# The example of README.md, live: the same write changes the device without the gate; with README's model
# a value within the limits is written, one outside is not, and syslog has README's line, word for word
# but for time, id, port, link address, transaction and the folder of the model.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

# lab_same TEXT: what of a line is the same in every run
lab_same()
{
	sed -E 's/ (time|id|sport|src_mac|tid)=[^ ]+/ \1=/g; s/ rule="[^"]*\// rule="/; s/^.* (write-single-register refused )/\1/; s/ +$//' <<<"$1"
}

lab_poll -t 4 -r 10 "$V4" 4711 >/dev/null || lab_fail "no path to the device without the gate"
lab_device
expect "without the gate the write changes the device" "$(grep -c '^holding 10 4711$' "$lab_dir/device")" 1

sed -n '/^    zones = ($/,/^$/s/^    //p' "$top_srcdir/README.md" >"$lab_dir/zoned.conf"
lab_gate "$lab_dir/zoned.conf"
lab_poll -t 4 -r 10 "$V4" 1000 >/dev/null || lab_fail "a permitted write got no answer"
writes=$(lab_delivered writes)
lab_poll -t 4 -r 10 "$V4" 4711 >/dev/null && lab_fail "the refused write was answered"
lab_poll -t 4 -r 10 "$V4" | grep -q '^\[10\]:[[:space:]]*1000$' || lab_fail "the read does not show what was permitted"
expect "writes delivered with the gate" "$(lab_delivered writes)" "$writes"
lab_poll -t 4 -r 100 "$V4" >/dev/null && lab_fail "a register that README does not permit was read"
lab_poll -t 4 -r 20 "$V4" 0 >/dev/null && lab_fail "a register that README does not permit was written"
in_c ping -qc1 -W1 "$V4" >/dev/null && lab_fail "ping passed, which README's model does not name"

lab_wait 3 grep -q ' reason=value-not-allowed ' "$lab_dir/syslog" || lab_fail "no violation in syslog"
line=$(grep ' reason=value-not-allowed ' "$lab_dir/syslog")
expect "lines for the violation" "$(wc -l <<<"$line")" 1
written=$(sed -n '/^    write-single-register refused /,/^$/s/^    //p' "$top_srcdir/README.md" | tr '\n' ' ')
diff <(lab_same "$written") <(lab_same "$line") || lab_fail "README.md has another line"
echo "ok: $line"
