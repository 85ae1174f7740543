# SPDX-License-Identifier: MIT
"""Large OPC UA answers, each one chunk of 60 KB: bulk.py serve | bulk.py read HOST ANSWERS DEPTH

The client has DEPTH reads outstanding, compares every byte of every answer and says how long it took."""
import socket
import struct
import sys
import threading
import time

PORT, SIZE, CHANNEL, TOKEN = 4840, 60000, 7, 3
PATTERN = bytes(range(251)) * (SIZE // 251 + 2)


def u32(v):
    return struct.pack("<I", v)


NULL = u32(0xffffffff)
NONE = u32(47) + b"http://opcfoundation.org/UA/SecurityPolicy#None" + NULL + NULL
LIMITS = u32(0) + u32(65536) * 2 + u32(0) * 2


def chunk(kind, body):
    return kind + u32(8 + len(body)) + body


def node(space, number):
    return bytes([1, space]) + struct.pack("<H", number)


def message(n, number, body):
    return chunk(b"MSGF", u32(CHANNEL) + u32(TOKEN) + u32(n) + u32(n) + node(0, number) + body)


def request_header(n):
    return bytes(10) + u32(n) + u32(0) + NULL + u32(5000) + bytes(3)


def response_header(n):
    return bytes(8) + u32(n) + bytes(5) + NULL + bytes(3)


def read(n):
    return message(n, 631, request_header(n) + bytes(8) + u32(3) + u32(1) + node(2, 1000) + u32(13) + NULL +
                   bytes(2) + NULL)


def have_read(n):
    value = PATTERN[n % 251:n % 251 + SIZE]
    return message(n, 634, response_header(n) + u32(1) + b"\x01\x0f" + u32(SIZE) + value + NULL)


def exactly(s, n):
    got = bytearray(n)
    view, at = memoryview(got), 0
    while at < n:
        k = s.recv_into(view[at:])
        if k == 0:
            raise EOFError
        at += k
    return bytes(got)


def frame(s):
    head = exactly(s, 8)
    return head + exactly(s, struct.unpack("<I", head[4:])[0] - 8)


def answer(q):
    if q[:4] == b"HELF":
        return chunk(b"ACKF", LIMITS)
    if q[:4] == b"OPNF":
        return chunk(b"OPNF", u32(CHANNEL) + NONE + u32(1) + u32(1) + node(0, 449) + response_header(1) + u32(0) +
                     u32(CHANNEL) + u32(TOKEN) + bytes(8) + u32(3600000) + NULL)
    return have_read(struct.unpack("<I", q[20:24])[0])


def talk(s):
    try:
        while True:
            s.sendall(answer(frame(s)))
    except (EOFError, OSError):
        s.close()


def serve():
    listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        s, _ = listener.accept()
        threading.Thread(target=talk, args=(s,), daemon=True).start()


def client(host, answers, depth):
    s = socket.create_connection((host, PORT))
    s.settimeout(20)
    url = b"opc.tcp://device:4840"
    s.sendall(chunk(b"HELF", LIMITS + u32(len(url)) + url))
    assert frame(s)[:4] == b"ACKF"
    s.sendall(chunk(b"OPNF", u32(0) + NONE + u32(1) + u32(1) + node(0, 446) + request_header(1) + u32(0) * 2 + u32(1) +
                    NULL + u32(3600000)))
    assert frame(s)[:4] == b"OPNF"
    began = time.monotonic()
    for n in range(2, answers + 2):
        if n == 2:
            s.sendall(b"".join(read(k) for k in range(2, 2 + min(depth, answers))))
        assert frame(s) == have_read(n), "answer %d is another one" % n
        if n + depth < answers + 2:
            s.sendall(read(n + depth))
    print("%d" % (1000 * (time.monotonic() - began)))


if sys.argv[1] == "serve":
    serve()
else:
    client(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
