#!/bin/bash
# SPDX-License-Identifier: MIT
# What ./quickstart shows: a real client, a real device, and the gate between.
set -u
. "$top_srcdir/tests/netns/lab-small.sh"
was=$(reg)
echo "== Without zoned: read holding register 10, write 77 to it, read again"
echo "read: $was"
write 77 | grep 'Written' || fail "the write does not reach the device"
echo "read: $(reg)"
write "$was" >/dev/null
start_gate
echo "== zoned stands between them (conduit hmi-to-cell, policy modbus-read-only)"
echo "read: $(reg)"
echo "write 88: $(write 88 2>&1 | grep -i 'failed')"
now=$(reg)
echo "read: $now"
[ "$now" = "$was" ] || fail "the write reached the device"
echo "== The violation, as zoned gives it to syslog"
grep 'write-single-register refused' "$dir/zoned.err" || fail "there is no violation line"
