#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl and the running daemon: status, counters, reload, who may ask what.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_model queues=2 >"$lab_dir/model.conf"
export ZONED_CONTROL=$lab_dir/control
ctl=$top_builddir/zonectl
"$ctl" status 2>/dev/null
expect "exit status when zoned is not running" $? 4
lab_gate "$lab_dir/model.conf"
in_c "$lab_bin/mbclient" -n 200 "$V4" "$PORT" >/dev/null || lab_fail "reads"

"$ctl" status >"$lab_dir/status" || lab_fail "status: $(cat "$lab_dir/status")"
"$ctl" counters >"$lab_dir/counters" || lab_fail "counters: $(cat "$lab_dir/counters")"
"$python" - "$lab_dir/status" "$lab_dir/counters" <<'END' || lab_fail "$(cat "$lab_dir/status" "$lab_dir/counters")"
import json
import sys
s, c = (json.load(open(f)) for f in sys.argv[1:3])
assert s["generation"] == 1 and s["zones"] == 2 and s["conduits"] == 1, s
assert len(s["inspectors"]) == 2 and all(i["up"] and i["pid"] > 1 for i in s["inspectors"]), s
fast = s["in_kernel"]["packets"] if s["in_kernel"] else 0
assert fast + sum(i["packets"] for i in s["inspectors"]) > 400, s
assert c["conduit-hmi-to-cell"]["packets"] > 400, c
END
echo "ok: status and counters"

lab_model queues=2 policy=modbus-read-write >"$lab_dir/model.conf"
"$ctl" reload >"$lab_dir/reload" || lab_fail "reload: $(cat "$lab_dir/reload")"
grep -q '"generation": 2' "$lab_dir/reload" || lab_fail "generation: $(cat "$lab_dir/reload")"
lab_wait 3 grep -q 'control: "reload" asked by uid 0, pid [0-9]*: done' "$lab_dir/syslog" || lab_fail "no audit line"
echo "nonsense" >"$lab_dir/model.conf"
"$ctl" reload >"$lab_dir/reload" && lab_fail "a bad model was taken"
grep -q '"generation": 2' "$lab_dir/reload" || lab_fail "generation: $(cat "$lab_dir/reload")"

setpriv --reuid=1 --regid=1 --clear-groups "$ctl" status >/dev/null 2>&1 && lab_fail "anybody may connect"
chmod 666 "$ZONED_CONTROL"
setpriv --reuid=1 --regid=1 --clear-groups "$ctl" status >/dev/null || lab_fail "a reader may not read"
setpriv --reuid=1 --regid=1 --clear-groups "$ctl" reload >/dev/null && lab_fail "anybody may reload"
lab_wait 3 grep -q 'asked by uid 1, .*refused' "$lab_dir/syslog" || lab_fail "no audit line of the refusal"
echo "ok: admin verbs are for root, and logged"

# a connection that the kernel has forgotten leaves no flow behind
lab_flows() { "$ctl" status | sed -n 's/.*"flows": \([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n }'; }
lab_flows_are() { [ "$(lab_flows)" = "$1" ]; }
lab_wait 20 lab_flows_are 0 || lab_fail "closed connections are still there: $(lab_flows)"
in_c timeout 30 "$python" -c "
import socket, time
s = socket.create_connection(('$V4', $PORT))
time.sleep(25)" & pids_idle=$!
lab_pids+=("$pids_idle")
lab_wait 3 lab_flows_are 1 || lab_fail "no flow for an open connection: $(lab_flows)"
in_g conntrack -D -p tcp --dport "$PORT" >/dev/null 2>&1
lab_wait 20 lab_flows_are 0 || lab_fail "the flow outlives the connection: $(lab_flows)"
echo "ok: flows follow conntrack"

# one who may only read takes no place from root, and none of another reader's
"$python" - "$ZONED_CONTROL" <<'END' || lab_fail "the places of the control socket are not shared"
import os, socket, sys, time
def ask(path, silent):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(2)
    s.connect(path)
    if silent:
        return s
    try:
        s.sendall(b"status\n")
        return b"generation" in s.recv(65536)
    except OSError:
        return False
def as_user(uid, f):
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        os._exit(0 if f() else 1)
    return pid
def ended_well(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
path = sys.argv[1]
there, end = os.pipe()
def crowd():    # it says nothing, has its share, and stays until the others were there
    held = [ask(path, True) for _ in range(4)]
    time.sleep(0.3)
    full = not ask(path, False)
    os.write(end, b"y" if full else b"n")
    time.sleep(2)
    return held and full
silent = as_user(1, crowd)
os.close(end)
said = os.read(there, 1)
assert said == b"y", "one user has more than its share"
assert ended_well(as_user(2, lambda: ask(path, False))), "another reader is kept out"
assert ask(path, False), "root is kept out"
assert ended_well(silent)
END
echo "ok: places of the control socket are shared"

# nonsense, silence and a crowd do not disturb the daemon
"$python" - "$ZONED_CONTROL" <<'END' || lab_fail "hostile clients"
import socket
import sys
idle = []
for i in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    idle.append(s)
for s in idle:
    try:
        s.sendall(b"x" * 5000)
    except OSError:
        pass
END
in_c "$lab_bin/mbclient" -n 200 "$V4" "$PORT" >/dev/null || lab_fail "reads after hostile clients"
"$ctl" status >/dev/null || lab_fail "status after hostile clients"
echo "ok: hostile clients"
lab_gate_stop
