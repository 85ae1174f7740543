#!/bin/bash
# SPDX-License-Identifier: MIT
# Metrics: the text format by the letter, by the socket, the verb and a file; who may read it; what else comes to the
# socket gets its answer, and nobody holds a place for long.
. "$(dirname "$0")/lab.sh"
lab_need curl mbpoll setpriv
lab_up
export ZONED_CONTROL=$lab_dir/control
ctl=$top_builddir/zonectl
run=$lab_dir/run
mkdir -m 777 "$run"
odd=$run/a\\b\"c.json
log='{ type = "json"; file = "'$run'/a\\b\"c.json"; }, { type = "syslog"; }'
metrics() { curl -sS --max-time 10 --unix-socket "$run/metrics" -H 'Accept: text/plain' "$@"; }
status_of() { curl -s -o /dev/null --max-time 10 -w '%{http_code}' --unix-socket "$run/metrics" "$@"; }
model() { lab_model daemon="metrics_socket = \"$run/metrics\"; outputs = ( $log ); $1" >"$lab_dir/model.conf"; }
model
lab_gate "$lab_dir/model.conf"
in_c "$lab_bin/mbclient" -n 100 "$V4" "$PORT" >/dev/null || lab_fail "reads"
in_c mbpoll -m tcp -a 1 -t 4 -r 900 -1 -o 0.3 -p "$PORT" "$V4" 4711 >/dev/null 2>&1 && lab_fail "a write was not refused"
sleep 0.3
metrics -D "$lab_dir/head" http://zoned/metrics >"$lab_dir/text" || lab_fail "curl"
"$ctl" counters --json >"$lab_dir/counters" || lab_fail "counters"
"$python" "$lab_src/metrics.py" "$lab_dir/text" "$lab_dir/counters" "$odd" || lab_fail "$(cat "$lab_dir/text")"
grep -q '^Content-Type: text/plain; version=0.0.4' "$lab_dir/head" || lab_fail "type: $(cat "$lab_dir/head")"
grep -q '^zoned_messages_total{conduit="hmi-to-cell",direction="request",verdict="drop",reason="function-not-allowed",by="inspector"} 1$' \
	"$lab_dir/text" || lab_fail "the refused write: $(cat "$lab_dir/text")"
expect "requests that were permitted" "$(awk '/^zoned_messages_total.*"request",verdict="accept"/ { n += $2 } END { print n }' "$lab_dir/text")" 100

# by the verb, and into a file, which is whole whenever it is read, and readable for all
same() { grep -E '^zoned_(messages|packets)_total' "$1" | cmp -s - <(grep -E '^zoned_(messages|packets)_total' "$lab_dir/text"); }
"$ctl" metrics >"$lab_dir/verb" && same "$lab_dir/verb" || lab_fail "the verb"
mkdir "$lab_dir/collector"
(umask 077 && "$ctl" metrics --output "$lab_dir/collector/zoned.prom") && same "$lab_dir/collector/zoned.prom" || lab_fail "the file"
expect "mode of the file" "$(stat -c %a "$lab_dir/collector/zoned.prom")" 644
expect "what is beside it" "$(ls "$lab_dir/collector")" zoned.prom
"$ctl" metrics --output "$lab_dir/nowhere/zoned.prom" 2>"$lab_dir/err"
expect "exit status where there is no directory" $? 1
grep -q "^zonectl: $lab_dir/nowhere/zoned.prom: " "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"

# other requests
expect "HEAD" "$(metrics -I http://zoned/metrics | grep -c '^HTTP/1.1 200 OK')" 1
expect "/" "$(status_of http://zoned/)" 200
expect "with a query" "$(status_of 'http://zoned/metrics?name=x')" 200
expect "another path" "$(status_of http://zoned/status)" 404
expect "POST" "$(status_of -d x http://zoned/metrics)" 405
expect "headers without end" "$(status_of -H "X: $(printf '%09000d' 0)" http://zoned/metrics)" 431
"$python" - "$run/metrics" <<'END' || lab_fail "the socket's bounds"
import socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(9)
    s.connect(sys.argv[1])
    return s
def all_of(s):
    got = b""
    while True:
        part = s.recv(65536)
        if not part:
            return got
        got += part
def ask(text):
    s = connect()
    s.sendall(text)
    return all_of(s)
for text in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"\0\xff GET / x\r\n\r\n", b"GET /metrics SPDY/1\r\n\r\n"):
    assert ask(text).startswith(b"HTTP/1.1 400 "), text
s = connect()       # in pieces, and with the sending half closed behind it
for c in b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n":
    s.sendall(bytes([c]))
s.shutdown(socket.SHUT_WR)
got = all_of(s)
head, _, body = got.partition(b"\r\n\r\n")
assert head.startswith(b"HTTP/1.1 200 OK") and b"Content-Length: %d\r\n" % len(body) in head, head
silent = [connect() for _ in range(4)]
silent[0].sendall(b"GET /metr")
start = time.monotonic()
def turned_away():
    try:
        return ask(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503 ")
    except (ConnectionResetError, BrokenPipeError):     # before it had asked
        return True
while not turned_away():
    assert time.monotonic() - start < 1, "more than 4 at a time"
for s in silent:
    assert all_of(s) == b"", "an answer to nothing"
assert 4 < time.monotonic() - start < 7, time.monotonic() - start
assert ask(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
END
echo "ok: bad requests, four at a time, five seconds for a request"

# who may read: as at the control socket
other() { setpriv --reuid="$1" --regid="$2" --clear-groups curl -s -o /dev/null -w '%{http_code}' --max-time 5 --unix-socket "$run/metrics" http://zoned/metrics; }
expect "another user" "$(other 1 1)" 000
model 'roles = { viewer = [ "games" ]; };'
lab_reload
expect "another user, with roles" "$(other 1 1)" 403
expect "a viewer" "$(other 1 "$(getent group games | cut -d: -f3)")" 200
setpriv --reuid=1 --regid=1 --clear-groups "$python" -c 'import socket, sys, time
held = [socket.socket(socket.AF_UNIX) for _ in range(8)]
for s in held:
    s.connect(sys.argv[1])
print(flush=True)
time.sleep(9)' "$run/metrics" >"$lab_dir/held" & holder=$!
lab_wait 3 test -s "$lab_dir/held" || lab_fail "whoever holds places"
expect "a viewer, while others without a role hold places" "$(other 1 "$(getent group games | cut -d: -f3)")" 200
kill $holder
lab_gate_stop
[ ! -e "$run/metrics" ] || lab_fail "the socket stays"
model
sed -i 's#metrics_socket = "[^"]*"#metrics_socket = "run/metrics"#' "$lab_dir/model.conf"
ZONED_RULES=$top_srcdir/rules "$ctl" check "$lab_dir/model.conf" 2>&1 | grep -q 'metrics_socket must be a full path' || lab_fail "a path that is not full"
