#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ends.py ask SOURCE TARGET...: from this address, of each target "yes" or "no" for a Modbus read, for a write, and for a
line to the echo at port 8080; all at once, since one that is refused waits.
ends.py false MAC SENDER4 TARGET4 SENDER6 TARGET6 [OWN-MAC]: five times the opening of a connection to the echo, of both
families, from these senders to the gateway with this MAC, whatever the routes say.
"""
import socket
import struct
import sys
import threading

WAIT = 1.3  # a SYN that was lost is sent again after a second
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


def checksum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    s = (s >> 16) + (s & 0xffff)
    return struct.pack("!H", ~(s + (s >> 16)) & 0xffff)


def opening(family, src, dst, sport):
    src, dst = socket.inet_pton(family, src), socket.inet_pton(family, dst)
    tcp = struct.pack("!HHIIBBHHH", sport, 8080, 1000, 0, 5 << 4, 2, 1000, 0, 0)
    tcp = tcp[:16] + checksum(src + dst + struct.pack("!II", len(tcp), 6) + tcp) + tcp[18:]
    if family == socket.AF_INET6:
        return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(tcp), 6, 60) + src + dst + tcp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 60, 6, 0) + src + dst
    return b"\x08\0" + head[:10] + checksum(head) + head[12:] + tcp


def false(gateway, src4, dst4, src6, dst6, own=None):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
        s.bind(("eth0", 0))
        own = bytes.fromhex(own.replace(":", "")) if own else s.getsockname()[4]
        for i in range(5):
            for family, src, dst in (socket.AF_INET, src4, dst4), (socket.AF_INET6, src6, dst6):
                s.send(bytes.fromhex(gateway.replace(":", "")) + own + opening(family, src, dst, 50000 + i))


if sys.argv[1] == "ask":
    ask(sys.argv[2], sys.argv[3:])
else:
    false(*sys.argv[2:])
