#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A device that takes what one recv() returns for one message, and who makes use of that.

    oneread.py serve PORT FILE          the device: FILE gets a line for everything that it did
    oneread.py attack HOST PORT HOW     a write of one coil, but for its last octet; then HOW:
                                        wait, fin or rst
    oneread.py stale HOST PORT          a permitted write of unit 1, then a header alone, of unit 2
    oneread.py patient HOST PORT        reads and answers cut anywhere by a sender that waits for
                                        acknowledgements (Nagle); all must come soon

The device never asks how much a recv() returned, and its buffer keeps what was there before. So it
acts on the beginning of a message, and on a header alone it does again what it did last, for
another unit. Its answers go out in two parts, cut at each place in turn."""
import socket
import struct
import sys
import threading
import time

from mbwire import connect, message, must_get


def answer(buf):
    unit, fc, addr, word = struct.unpack(">xxxxxxBBHH", bytes(buf[:12]))
    if fc == 5:
        return "coil %d %d %04x" % (unit, addr, word), bytes(buf[:12])
    regs = b"".join(struct.pack(">H", a) for a in range(addr, addr + min(word, 100)))
    return "read %d %d %d" % (unit, addr, word), bytes(buf[:2]) + message(0, unit, struct.pack(
        ">BB", 3, len(regs)) + regs)[2:]


def device(s, say):
    buf, cut = bytearray(260), 0
    try:
        while s.recv_into(buf):
            did, reply = answer(buf)
            say(did)
            cut = cut % (len(reply) - 1) + 1
            s.send(reply[:cut])
            s.send(reply[cut:])
    except OSError:
        pass
    s.close()


def serve(port, path):
    lock = threading.Lock()

    def say(did):
        with lock, open(path, "a") as f:
            f.write(did + "\n")
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    open(path, "w").close()
    while True:
        threading.Thread(target=device, args=(listener.accept()[0], say), daemon=True).start()


def attack(host, port, how):
    s = connect(host, port)
    s.send(message(1, 1, struct.pack(">BHH", 5, 7, 0xFF00))[:-1])
    time.sleep(0.5)
    if how == "fin":
        s.shutdown(socket.SHUT_WR)
    elif how == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        return
    s.settimeout(14 if how == "wait" else 3)
    try:
        s.recv(512)
        if how == "wait":
            time.sleep(12)
            s.send(b"\0")
    except OSError:
        pass


def stale(host, port):
    s = connect(host, port)
    on = message(1, 1, struct.pack(">BHH", 5, 7, 0xFF00))
    s.send(on)
    must_get(s, on)
    s.send(message(2, 2, b"\x05\0\0\0\0")[:7])
    time.sleep(0.5)


def patient(host, port):
    s = connect(host, port, delay=True)
    slow, tid = [], 0
    for cuts in [(k,) for k in range(1, 12)] + [(k, 12 - k) for k in range(1, 6)] + [range(1, 12)]:
        for qty in (1, 100):
            tid += 1
            m = message(tid, 1, struct.pack(">BHH", 3, 10, qty))
            want = m[:2] + answer(bytearray(m))[1][2:]
            begin = time.monotonic()
            edges = [0, *cuts, 12]
            for a, b in zip(edges, edges[1:]):
                s.send(m[a:b])
            must_get(s, want)
            slow.append(time.monotonic() - begin)
    print("%d reads, the slowest took %d ms" % (len(slow), max(slow) * 1000))
    if max(slow) > 1:
        sys.exit("an answer took %.1f s" % max(slow))


way, args = sys.argv[1], sys.argv[2:]
if way == "serve":
    serve(int(args[0]), args[1])
elif way == "attack":
    attack(args[0], int(args[1]), args[2])
elif way == "stale":
    stale(args[0], int(args[1]))
else:
    patient(args[0], int(args[1]))
