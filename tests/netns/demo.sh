#!/bin/bash
# SPDX-License-Identifier: MIT
# What ./quickstart shows: a real client, a real device, and the gate between.
# It fails when what it says is not so.
. "$(dirname "$0")/lab.sh"

step()
{
	printf '\n== %s\n' "$*"
}

# The value of holding register 10 as mbpoll reads it.
reg()
{
	lab_poll -t 4 -r 10 "$V4" | sed -n 's/^\[10\]:[[:space:]]*//p'
}

write_reg()
{
	lab_poll -t 4 -r 10 "$V4" "$1" | grep -E 'Written|failed'
}

lab_need
lab_up
echo "lab: HMI 10.10.1.10 (zone hmi) -- gateway -- 10.10.2.20 device, a libmodbus server (zone cell)"

step "Without zoned: the HMI reads holding register 10, writes 4711 to it, reads again"
was=$(reg)
echo "read:  $was"
echo "write: $(write_reg 4711)"
now=$(reg)
echo "read:  $now"
[ "$was" = 73 ] && [ "$now" = 4711 ] || lab_fail "the lab does not work"
echo "The write reached the device and changed it."

step "With zoned in the gateway (conduit hmi-to-cell, policy modbus-read-only)"
lab_gate "$top_srcdir/conf/zoned.conf"
echo "read:  $(reg)"
echo "write: $(write_reg 88)"
now=$(reg)
echo "read:  $now"
[ "$now" = 4711 ] || lab_fail "the write changed the device"
lab_device
grep -q '^holding 10 4711$' "$lab_dir/device" || lab_fail "the write changed the device"
[ "$(lab_delivered "fc 6")" = 1 ] || lab_fail "the write reached the device"
echo "The read passed; the write was refused before it reached the device (it counts"
echo "$(lab_delivered writes) write: the one without zoned)."

step "The violation, as syslog shows it"
lab_wait 3 grep -q ' reason=function-not-allowed ' "$lab_dir/syslog" || lab_fail "there is no violation line"
grep ' reason=function-not-allowed ' "$lab_dir/syslog"
