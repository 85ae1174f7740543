#!/bin/bash
# SPDX-License-Identifier: MIT
# What the service manager hears: READY=1 only when the rules are in force,
# WATCHDOG=1 while inspectors move and not while one does not, RELOADING=1
# around a reload, STOPPING=1.
. "$(dirname "$0")/lab.sh"
lab_need
grep -q '^#define HAVE_SYSTEMD 1' "$top_builddir/config.h" || lab_skip "built without libsystemd"
lab_up
lab_model >"$lab_dir/model.conf"
"$python" - "$lab_dir/notify" "$lab_dir/heard" <<'END' &
import os
import socket
import sys
import time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.settimeout(60)
with open(sys.argv[2], "w", buffering=1) as f:
    while True:
        for line in s.recv(4096).decode().split("\n"):
            f.write(f"{time.time():.2f} {line}\n")
END
lab_pids+=($!)
lab_wait 3 test -S "$lab_dir/notify" || lab_fail "no socket"
export NOTIFY_SOCKET=$lab_dir/notify
lab_gate "$lab_dir/model.conf"
unset NOTIFY_SOCKET
heard() { grep -c " $1" "$lab_dir/heard"; }
lab_wait 3 grep -q ' READY=1' "$lab_dir/heard" || lab_fail "no READY=1"
in_g nft list table inet zoned >/dev/null 2>&1 || lab_fail "ready without rules"
sleep 2
expect_at_least "watchdog pings in two seconds" "$(heard WATCHDOG=1)" 2
inspector=$(lab_inspectors)
kill -STOP "$inspector"
sleep 2
before=$(heard WATCHDOG=1)
sleep 0.8
expect "watchdog pings while an inspector does not move" "$(($(heard WATCHDOG=1) - before))" 0
lab_wait 8 lab_said "starting another" || lab_fail "a stopped inspector was not replaced"
sleep 1.5
expect_at_least "watchdog pings afterwards" "$(($(heard WATCHDOG=1) - before))" 1
kill -HUP "$lab_zoned"
lab_wait 3 grep -q ' RELOADING=1' "$lab_dir/heard" || lab_fail "no RELOADING=1"
lab_gate_stop
lab_wait 2 grep -q ' STOPPING=1' "$lab_dir/heard" || lab_fail "no STOPPING=1"
echo "ok: READY, WATCHDOG, RELOADING, STOPPING"
