#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes through the lab, counted where they arrive, for connections that nobody inspects:

    stream.py serve PORT FILE           TCP and UDP; FILE holds the sum so far, 20 times a second;
                                        datagrams are sent back
    stream.py send HOST PORT SECONDS [BYTES_PER_SECOND]
    stream.py echo HOST PORT SECONDS    datagrams to and fro; prints how many came back
"""
import os
import socket
import sys
import threading
import time

total = 0
lock = threading.Lock()


def add(n):
    global total
    with lock:
        total += n


def take(s):
    while part := s.recv(1 << 16):
        add(len(part))


def answer(s):
    while True:
        data, peer = s.recvfrom(2048)
        add(len(data))
        s.sendto(data, peer)


def accept(s):
    while True:
        threading.Thread(target=take, args=(s.accept()[0],), daemon=True).start()


def serve(port, path):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    u.bind(("::", port))
    for target, arg in ((accept, s), (answer, u)):
        threading.Thread(target=target, args=(arg,), daemon=True).start()
    while True:
        with open(path + ".new", "w") as f:
            f.write("%d\n" % total)
        os.rename(path + ".new", path)
        time.sleep(0.05)


def send(host, port, seconds, rate):
    s = socket.create_connection((host, port), timeout=5)
    s.settimeout(None)
    end, step = time.monotonic() + seconds, 0.02
    part = bytes(max(1, int(rate * step)) if rate else 1 << 16)
    while time.monotonic() < end:
        s.sendall(part)
        if rate:
            time.sleep(step)


def echo(host, port, seconds):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    s.settimeout(1)
    end, back = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            s.send(b"x" * 100)
            back += len(s.recv(2048)) == 100
        except OSError:
            pass
    print(back)


way, args = sys.argv[1], sys.argv[2:]
if way == "serve":
    serve(int(args[0]), args[1])
elif way == "send":
    send(args[0], int(args[1]), float(args[2]), int(args[3]) if len(args) > 3 else 0)
else:
    echo(args[0], int(args[1]), float(args[2]))
