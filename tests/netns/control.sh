#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl and the running daemon: status, counters, reload, who may ask what.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_model queues=2 >"$lab_dir/model.conf"
export ZONED_CONTROL=$lab_dir/control
ctl=$top_builddir/zonectl
"$ctl" status --json 2>/dev/null
expect "exit status when zoned is not running" $? 4
lab_gate "$lab_dir/model.conf"
in_c "$lab_bin/mbclient" -n 200 "$V4" "$PORT" >/dev/null || lab_fail "reads"

"$ctl" status --json >"$lab_dir/status" || lab_fail "status: $(cat "$lab_dir/status")"
"$ctl" counters --json >"$lab_dir/counters" || lab_fail "counters: $(cat "$lab_dir/counters")"
"$python" - "$lab_dir/status" "$lab_dir/counters" <<'END' || lab_fail "$(cat "$lab_dir/status" "$lab_dir/counters")"
import json
import sys
s, c = (json.load(open(f)) for f in sys.argv[1:3])
assert s["generation"] == 1 and s["zones"] == 2 and s["conduits"] == 1, s
assert len(s["inspectors"]) == 2 and all(i["up"] and i["pid"] > 1 for i in s["inspectors"]), s
fast = s["in_kernel"]["packets"] if s["in_kernel"] else 0
assert fast + sum(i["packets"] for i in s["inspectors"]) > 400, s
assert s["schema"] == c["schema"] == 1 and c["packets"]["conduit-hmi-to-cell"]["packets"] > 400, c
END
echo "ok: status and counters"

lab_model queues=2 policy=modbus-read-write >"$lab_dir/model.conf"
"$ctl" reload --json >"$lab_dir/reload" || lab_fail "reload: $(cat "$lab_dir/reload")"
grep -q '"generation": 2' "$lab_dir/reload" || lab_fail "generation: $(cat "$lab_dir/reload")"
lab_wait 3 grep -q 'reload by root.*: in force: event=change verb=reload result=in-force uid=0 pid=[0-9]* role=engineer' "$lab_dir/syslog" ||
	lab_fail "no audit line"
echo "nonsense" >"$lab_dir/model.conf"
"$ctl" reload --json >"$lab_dir/reload" 2>"$lab_dir/reload.err"
expect "exit status of a reload with errors" $? 3
grep -q '"generation": 2' "$lab_dir/reload" || lab_fail "generation: $(cat "$lab_dir/reload")"
grep -q "^$lab_dir/model.conf:1: error: " "$lab_dir/reload.err" || lab_fail "no place of the error: $(cat "$lab_dir/reload.err")"

setpriv --reuid=1 --regid=1 --clear-groups "$ctl" status --json >/dev/null 2>&1 && lab_fail "anybody may connect"
chmod 666 "$ZONED_CONTROL"
setpriv --reuid=1 --regid=1 --clear-groups "$ctl" status --json >/dev/null || lab_fail "a reader may not read"
setpriv --reuid=1 --regid=1 --clear-groups "$ctl" reload >/dev/null 2>&1 && lab_fail "anybody may reload"
lab_wait 3 grep -q 'event=change verb=reload result=refused uid=1 pid=[0-9]* role=viewer' "$lab_dir/syslog" || lab_fail "no audit line of the refusal"
echo "ok: admin verbs are for root, and logged"

# a connection that the kernel has forgotten leaves no flow behind
lab_flows() { "$ctl" status --json | sed -n 's/.*"flows": \([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n }'; }
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
for i in range(20):     # they do not wait for what they asked
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    try:
        s.sendall(b"counters\nstatus\n" * 100)
    except OSError:
        pass
    s.close()
END
in_c "$lab_bin/mbclient" -n 200 "$V4" "$PORT" >/dev/null || lab_fail "reads after hostile clients"
"$ctl" status --json >/dev/null || lab_fail "status after hostile clients"
echo "ok: hostile clients"

# the protocol: several requests on one connection, what is no request, values in quotes
"$python" - "$ZONED_CONTROL" <<'END' || lab_fail "the protocol of the control socket"
import json, socket, sys
def talk(data, shut=False):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(sys.argv[1])
    s.sendall(data)
    if shut:
        s.shutdown(socket.SHUT_WR)
    return s, s.makefile("r")
def code(f):
    line = f.readline()
    number, document = line.split(" ", 1)
    json.loads(document)
    return int(number)
s, f = talk(b"status\ngenerations\nstatus\n")
assert [code(f) for _ in range(3)] == [200, 200, 200]
s.sendall(b"model\n")
assert code(f) == 200
s, f = talk(b"status\n", shut=True)     # nothing more comes, and the answer does
assert code(f) == 200 and f.readline() == ""
for line, want in ((b"nonsense", 400), (b"status now", 400), (b"status a=b", 400), (b"reload reason=\"open", 400),
                   (b"reload  reason=x", 400), (b"reload reason=x reason=y", 400), (b"reload confirm=4", 400),
                   (b"reload confirm=x", 400), (b"reload body=5", 400), (b"apply body=0", 400), (b"apply", 400),
                   (b"apply body=99999999999", 400), (b"reload reason=\xff", 400), (b"reload reason=\"a\x01\"", 400),
                   (b"reload reason=" + b"x" * 256, 400), (b"\xc3", 400), (b"", 400), (b"x" * 4097, 400),
                   (b"rollback generation=77", 404), (b"rollback generation=0", 400), (b"confirm", 409),
                   (b"model generation=77", 404), (b"apply body=2\n{}", 422), (b"apply body=3\n[1]", 422),
                   (b"apply body=1\nx", 422)):
    got = code(talk(line + b"\n")[1])
    assert got == want, (line, got)
reason = '"a \\"b\\" \\\\ =c \u00e4"'
s, f = talk(("rollback generation=77 reason=%s\nstatus\n" % reason).encode())
assert code(f) == 404 and code(f) == 200
END
expect "generation after them" "$("$ctl" status --json | sed -n 's/.*"generation": \([0-9]*\).*/\1/p')" 2
grep -qF 'why="a \x22b\x22 \x5c =c \xc3\xa4"' "$lab_dir/zoned.err" || lab_fail "the reason as it was given: $(tail -3 "$lab_dir/zoned.err")"
echo "ok: the protocol"
lab_gate_stop
