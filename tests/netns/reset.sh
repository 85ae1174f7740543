#!/bin/bash
# SPDX-License-Identifier: MIT
# on_violation = "reset": the refused write ends the connection for both ends,
# and what follows on it does not reach the device either.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

lab_model on_violation=reset >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

out=$(in_c "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "reads before: $out"
out=$(in_c timeout 20 "$python" "$lab_src/talk.py" reset "$V4" "$PORT" 2>&1) || lab_fail "client: $out"
echo "ok: client: $out"
expect "writes delivered" "$(lab_delivered writes)" 0
expect_at_least "violations logged as reset" "$(lab_logged " verdict=reset ")" 1
lab_wait 3 lab_no_connection || lab_fail "the device still holds the connection"
echo "ok: the device's end is closed too"

out=$(in_c "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "a new connection is not blocked: $out"
echo "ok: a new connection works: $out"

# The very same ports again: a device with a fixed source port must get back in.
in_c timeout 20 "$python" - "$V4" "$PORT" <<'END' || lab_fail "no way back for a fixed source port"
import socket
import struct
import sys
import time

def talk(pdu):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 40123))
    s.settimeout(5)
    s.connect((sys.argv[1], int(sys.argv[2])))
    s.sendall(struct.pack("!HHHB", 1, 0, len(pdu) + 1, 1) + pdu)
    got = s.recv(300)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    return got

try:
    talk(b"\6\2\x58\0\1")
    sys.exit("the write was answered")
except ConnectionResetError:
    pass
time.sleep(0.5)
assert talk(b"\3\0\0\0\1")[7] == 3
END
echo "ok: the same ports again"
lab_gate_stop
