#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long, and how much, something passes that should not.

holes.py send HOST PORT SECONDS    ten datagrams each millisecond
holes.py serve PORT FILE           until SIGTERM; then one line per hole: its ms, and its datagrams

Arrivals less than 100 ms apart are of one hole."""
import signal
import socket
import sys
import time

APART = 0.1


def send(host, port, seconds):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    end = due = time.monotonic()
    end += seconds
    while due < end:
        for _ in range(10):
            try:
                s.sendto(b"forbidden", (host, port))
            except OSError:     # an ICMP error of the one before
                pass
        due += 0.001
        time.sleep(max(0.0, due - time.monotonic()))


def serve(port, path):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    s.bind(("::", port))
    holes = []

    def tell(*_):
        with open(path, "w", encoding="ascii") as f:
            for first, last, n in holes:
                f.write("%.1f %d\n" % ((last - first) * 1000 + 0.1, n))
        sys.exit(0)

    signal.signal(signal.SIGTERM, tell)
    with open(path, "w", encoding="ascii") as f:
        f.write("ready\n")
    while True:
        s.recv(64)
        now = time.monotonic()
        if not holes or now - holes[-1][1] > APART:
            holes.append([now, now, 0])
        holes[-1][1] = now
        holes[-1][2] += 1


if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
else:
    serve(int(sys.argv[2]), sys.argv[3])
