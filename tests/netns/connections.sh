#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl connections: each open connection with its ends, messages, and who has it, filtered and bounded, however many
# there are; and zonectl top.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
export ZONED_CONTROL=$lab_dir/control
ctl=$top_builddir/zonectl
lab_model queues=2 >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
expect "without connections" "$("$ctl" connections | tail -1)" "0 of 0 connections, the newest use first"

# 5 reads each on 3 connections
ip netns exec "$lab_c" timeout 40 "$python" - "$V4" "$V6" "$PORT" >"$lab_dir/reader" 2>&1 <<'END' &
import socket, sys, time
def read(s, n):
    s.sendall(bytes([0, n, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]))
    assert s.recv(300)[1] == n, n
held = []
for to in (sys.argv[1], sys.argv[1], sys.argv[2]):
    s = socket.create_connection((to, int(sys.argv[3])))
    s.settimeout(5)
    for n in range(5):
        read(s, n)
    held.append(s)
print("ports", *(s.getsockname()[1] for s in held), flush=True)
time.sleep(35)
END
lab_pids+=($!)
lab_wait 10 grep -q ports "$lab_dir/reader" || lab_fail "the reader: $(cat "$lab_dir/reader")"
"$ctl" connections --json >"$lab_dir/list" || lab_fail "connections"
"$python" - "$lab_dir/list" "$(cat "$lab_dir/reader")" <<'END' || lab_fail "$(cat "$lab_dir/list")"
import json, sys
o = json.load(open(sys.argv[1]))
ports = sorted(int(p) for p in sys.argv[2].split()[1:])
rows = o["connections"]
assert o["schema"] == 1 and o["complete"] and o["total"] == len(rows) == 3, o
assert sorted(r["client_port"] for r in rows) == ports
for r in rows:
    assert (r["conduit"], r["policy"], r["from"], r["to"]) == ("hmi-to-cell", "modbus-read-only", "hmi", "cell"), r
    assert (r["protocol"], r["transport"], r["server_port"], r["state"]) == ("modbus", "tcp", 502, "open"), r
    assert r["client"] in ("10.10.1.10", "fd00:10:1::10") and r["server"] in ("10.10.2.20", "fd00:10:2::20"), r
    assert 0 < r["age_seconds"] < 20 and r["idle_seconds"] <= r["age_seconds"] and r["pid"] > 1, r
    # what passed in the kernel is counted by packets
    assert 0 < r["requests"] <= 5 and r["requests"] + r["responses"] + r["kernel_packets"] >= 10, r
assert [r["idle_seconds"] for r in rows] == sorted(r["idle_seconds"] for r in rows)
END
echo "ok: three connections"
n_of() { "$ctl" connections --json "$@" | sed -n 's/.*"total": \([0-9]*\).*/\1/p'; }
expect "of the network" "$(n_of --address 10.10.1.0/24)" 2
expect "of the server" "$(n_of --address fd00:10:2::20)" 1
expect "of another address" "$(n_of --address 10.10.1.11)" 0
expect "of the conduit" "$(n_of --conduit hmi-to-cell)" 3
expect "of another conduit" "$(n_of --conduit cell-to-hmi)" 0
expect "of the zone" "$(n_of --zone cell)" 3
expect "of the protocol" "$(n_of --protocol modbus)" 3
expect "of another protocol" "$(n_of --protocol dnp3)" 0
expect "lines with a limit" "$("$ctl" connections --limit 2 | grep -c '^hmi-to-cell ')" 2
"$ctl" connections --limit 0 2>"$lab_dir/err"
expect "exit status of a limit of 0" $? 1
"$ctl" connections --address nonsense 2>"$lab_dir/err"
expect "exit status of no address" $? 1
"$ctl" connections --limit 2 | grep -q '^2 of 3 connections' || lab_fail "text: $("$ctl" connections)"

# more than one page of each inspector
ip -n "$lab_s" addr add 10.10.2.21/24 dev eth0
ip netns exec "$lab_s" timeout 40 "$python" -c '
import socket
s = socket.create_server(("10.10.2.21", 502), backlog=4096)
print("ready", flush=True)
held = []
while True:
    held.append(s.accept())' >"$lab_dir/many" 2>&1 &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/many" || lab_fail "a server: $(cat "$lab_dir/many")"
ip netns exec "$lab_c" timeout 40 "$python" -c '
import socket, time
held = [socket.create_connection(("10.10.2.21", 502)) for _ in range(900)]
print("open", flush=True)
time.sleep(35)' >"$lab_dir/held" 2>&1 &
lab_pids+=($!)
lab_wait 15 grep -q open "$lab_dir/held" || lab_fail "many connections: $(cat "$lab_dir/held")"
expect "many" "$(n_of --address 10.10.2.21)" 900
expect "all" "$(n_of)" 903
expect "lines by default" "$("$ctl" connections | grep -c '^hmi-to-cell ')" 100

# top: the conduit, what was refused, and who has the connections
lab_poll -a 1 -t 4 -r 900 -p "$PORT" "$V4" 4711 >/dev/null && lab_fail "a write was not refused"
NO_COLOR=1 "$ctl" top --once >"$lab_dir/top" || lab_fail "top"
grep -q '^hmi-to-cell  *[0-9.]*  *[0-9.]*  *[0-9.]*$' "$lab_dir/top" && grep -q '^function-not-allowed  *[0-9.]*  *1  *0$' "$lab_dir/top" &&
	grep -q '^10.10.1.10  *[0-9.]*  *90[23]  *[0-9]*$' "$lab_dir/top" || { cat "$lab_dir/top"; lab_fail "top"; }
grep -q "$(printf '\033')" "$lab_dir/top" && lab_fail "top has colours in a file"
expect "pages of top" "$(timeout 8 "$ctl" top --interval 1 | grep -c -m 3 '^CONDUIT')" 3
