#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packets of everything that a flow can say. "words.py serve PORT...": answers TCP and UDP at these ports.
"words.py ask TARGET WHAT...": one word for each, "yes" or "no": does it get there, and back?
    tcp:PORT  a connection, two lines      udp:PORT  a datagram
    icmp:TYPE  a request                   ip:PROTOCOL  a packet of it
The server answers what no kernel does: some requests of ICMP, and the protocols 47, 50 and 112.
"""
import os
import select
import socket
import struct
import sys
import time

WAIT = 0.4


def family(target):
    return socket.AF_INET6 if ":" in target else socket.AF_INET


def listening(kind, fam, port):
    s = socket.socket(fam, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if fam == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("::" if fam == socket.AF_INET6 else "0.0.0.0", port))
    if kind == socket.SOCK_STREAM:
        s.listen(16)
    return s


PROTOCOLS = (47, 50, 112)
REPLY = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140}
UNANSWERED = (15, 17, 139)


def checksum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def icmp(kind, body, code=0):
    """Of ICMPv6 the kernel makes the checksum."""
    b = struct.pack("!BBH", kind, code, 0) + body
    return b[:2] + struct.pack("!H", checksum(b)) + b[4:]


def raw(fam, proto):
    return socket.socket(fam, socket.SOCK_RAW, proto)


def payload(fam, data):
    return data if fam == socket.AF_INET6 else data[(data[0] & 15) * 4:]


def answer_raw(s):
    data, who = s.recvfrom(4096)
    data = payload(s.family, data)
    if s.proto not in (1, 58):
        s.sendto(data, who)
    elif data[0] in UNANSWERED:
        s.sendto(icmp(REPLY[data[0]], data[4:], data[1]), who)


def serve(ports):
    raws = [raw(fam, proto) for proto in PROTOCOLS for fam in (socket.AF_INET, socket.AF_INET6)]
    raws += [raw(socket.AF_INET, 1), raw(socket.AF_INET6, 58)]
    both = raws + [listening(kind, fam, port) for port in ports for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
            for fam in (socket.AF_INET, socket.AF_INET6)]
    conns = []
    print("ready", flush=True)
    while True:
        for s in select.select(both + conns, [], [])[0]:
            if s in raws:
                answer_raw(s)
            elif s in conns:
                answer_line(s, conns)
            elif s.type == socket.SOCK_STREAM:
                conns.append(s.accept()[0])
            else:
                data, who = s.recvfrom(4096)
                s.sendto(data, who)


def answer_line(s, conns):
    try:
        data = s.recv(4096)
        if data:
            s.sendall(data)
            return
    except OSError:
        pass
    conns.remove(s)
    s.close()


def ask_tcp(target, port):
    with socket.create_connection((target, int(port)), WAIT) as s:
        for line in b"one\n", b"two\n":
            s.sendall(line)
            if s.recv(100) != line:
                return False
    return True


def ask_udp(target, port):
    with socket.socket(family(target), socket.SOCK_DGRAM) as s:
        s.settimeout(WAIT)
        s.connect((target, int(port)))
        s.send(b"one")
        return s.recv(100) == b"one"


def ask_raw(target, proto, packet, right):
    with raw(family(target), proto) as s:
        s.settimeout(WAIT)
        s.connect((target, 0))
        s.send(packet)
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if right(payload(s.family, s.recv(4096))):
                return True
    return False


def ask_icmp(target, kind, code="0"):
    kind, body = int(kind), os.urandom(4) + bytes(12)
    return ask_raw(target, 58 if ":" in target else 1, icmp(kind, body, int(code)),
                   lambda b: b[0] == REPLY[kind] and b[4:8] == body[:4])


def ask_ip(target, proto):
    tag = bytes(4) + os.urandom(8)  # of GRE: no options, version 0
    return ask_raw(target, int(proto), tag, lambda b: b == tag)


KINDS = {"icmp": ask_icmp, "ip": ask_ip, "tcp": ask_tcp, "udp": ask_udp}


def ask(target, what):
    kind, *more = what.split(":")
    try:
        return KINDS[kind](target, *more)
    except OSError:
        return False


if sys.argv[1] == "serve":
    serve(list(map(int, sys.argv[2:])))
print(" ".join("yes" if ask(sys.argv[2], what) else "no" for what in sys.argv[3:]))
