#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes what is recorded: records.py WAY SOURCE HOST PORT RATE SECONDS

refused   datagrams, each to another port from PORT on, for which there is no conduit
crowd     the same, each from another address of SOURCE's /24 or /64, whose ever it is
middle    TCP segments in the middle of connections that nobody opened
messages  Modbus requests for which there is no permission, of all units and kinds

With a RATE of 0 there is one of them. Prints "sent N"."""
import ipaddress
import socket
import struct
import sys
import time

from forge import checksum

TRANSPARENT = {4: (socket.IPPROTO_IP, 19), 6: (socket.IPPROTO_IPV6, 75)}
V6_CHECKSUM = 7


def family(source):
    return socket.AF_INET6 if ":" in source else socket.AF_INET


def datagram(source, host, port):
    with socket.socket(family(source), socket.SOCK_DGRAM) as s:
        s.setsockopt(*TRANSPARENT[6 if ":" in source else 4], 1)
        s.bind((source, 0))
        s.sendto(b"x", (host, port))


def refused(source, host, port, i):
    datagram(source, host, port + i % 20000)


def crowd(source, host, port, i):
    a = ipaddress.ip_address(source)
    datagram(str(a - int(a) % 256 + 100 + i % 100), host, port + i % 20000)


def middle(source, host, port, i):
    s = middle.socket.get(source)
    if s is None:
        s = middle.socket[source] = socket.socket(family(source), socket.SOCK_RAW, socket.IPPROTO_TCP)
        s.bind((source, 0))
        if ":" in source:
            s.setsockopt(socket.IPPROTO_IPV6, V6_CHECKSUM, 16)
    segment = struct.pack("!HHIIBBHHH", 10000 + i % 50000, port, 1, 1, 0x50, 0x10, 512, 0, 0)
    if ":" not in source:
        pseudo = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", 6, len(segment))
        segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    s.sendto(segment, (host, 0))


middle.socket = {}


def messages(source, host, port, i):
    s = messages.socket
    try:
        if s is None:
            s = messages.socket = socket.create_connection((host, port), timeout=3, source_address=(source, 0))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(struct.pack("!HHHBBHH", i & 0xffff, 0, 6, i % 256, 65 + i // 256 % 60, i & 0xffff, 1))
    except OSError:     # the gate ends a connection with much cut out
        if s:
            s.close()
        messages.socket = None


messages.socket = None


def main():
    way, source, host, port, rate, seconds = sys.argv[1:]
    send = {"refused": refused, "crowd": crowd, "middle": middle, "messages": messages}[way]
    begin = time.monotonic()
    sent = 0
    while True:
        send(source, host, int(port), sent)
        sent += 1
        now = time.monotonic()
        if float(rate) == 0 or now - begin > float(seconds):
            break
        time.sleep(max(0, begin + sent / float(rate) - now))
    time.sleep(0.2 if messages.socket else 0)
    print("sent", sent)


main()
