#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ends.py ask SOURCE TARGET...: from this address, of each target "yes" or "no" for a Modbus read, for a write, and for a
line to the echo at port 8080; all at once, since one that is refused waits.
ends.py hold SOURCE TARGET: a connection to the echo that stays; for each line of standard input, does it still answer?
"""
import socket
import sys
import threading

WAIT = 0.5
READ = bytes.fromhex("000100000006010300000001")
WRITE = bytes.fromhex("0002000000060106000a002a")
KINDS = [(502, READ, 11), (502, WRITE, 12), (8080, b"over here", 9)]


def connect(source, target, port):
    return socket.create_connection((target, port), WAIT, (source, 0))


def answers(s, request, n):
    """A device answers a read with 11 octets here, and a write with itself."""
    s.settimeout(WAIT)
    s.sendall(request)
    return len(s.recv(100)) == n


def ask(source, targets):
    got = {}

    def one(target, kind):
        try:
            with connect(source, target, KINDS[kind][0]) as s:
                got[target, kind] = answers(s, *KINDS[kind][1:])
        except OSError:
            got[target, kind] = False

    threads = [threading.Thread(target=one, args=(t, k)) for t in targets for k in range(len(KINDS))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(" | ".join(" ".join("yes" if got[t, k] else "no" for k in range(len(KINDS))) for t in targets))


def hold(source, target):
    s = connect(source, target, 8080)
    for _ in sys.stdin:
        try:
            print("yes" if answers(s, b"over here", 9) else "no", flush=True)
        except OSError:
            print("no", flush=True)


if sys.argv[1] == "ask":
    ask(sys.argv[2], sys.argv[3:])
else:
    hold(*sys.argv[2:])
