#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The client of tests/netns/reverse.sh: a Modbus connection, or DNP3 datagrams, from a port of its choice,
and beside it packets of the same connection that only the gateway gets.

    reverse.py tcp|udp ADDRESS PORT FROM-PORT
    reverse.py station PORT FILE        an outstation that says something by itself when it heard nothing for
                                        1.5 seconds, and goes on; how many datagrams it got is in the file

Says "open", then one line for each that it reads:
    read                "answered", or "silent" after half a second, "reset"
    write VALUE         the same, of a write to register 600
    forge FLAGS HOPS [N] a segment at the next number, with these flags (hex), this time to live and so many
                        bytes, not to be cut: "sent"
    poll, operate       DNP3 requests: "sent"
    hops N              what is sent from now on has this time to live: "set"
"""
import os
import socket
import struct
import sys

from forge import checksum

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
from dnp3_wire import m, o

DATAGRAMS = {"poll": m("c0013c0206"), "operate": m("c505" + "0c0128010000004101e80300000000000000")}
WAIT = 0.5
OUTGOING, IP_MTU_DISCOVER = 4, 10


class Client:
    def __init__(self, kind, address, port, own):
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.server, self.port, self.own = address, port, own
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.wire.bind(("eth0", 3))
        self.wire.setblocking(False)
        self.numbers = (0, 0)
        self.s = socket.socket(self.family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # a RST at its end, so that the port is free again
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.s.bind(("", own))
        self.s.settimeout(3)
        self.s.connect((address, port))
        self.s.settimeout(WAIT)
        self.tid = 0

    def ask(self, pdu):
        self.tid += 1
        try:
            self.s.sendall(struct.pack("!HHHB", self.tid, 0, len(pdu) + 1, 1) + pdu)
            return "answered" if self.s.recv(300) else "closed"
        except socket.timeout:
            return "silent"
        except OSError:
            return "reset"

    def follow(self):
        """The number that comes next, and the one that is acknowledged: of the newest segment that left."""
        while True:
            try:
                data, where = self.wire.recvfrom(65536)
            except BlockingIOError:
                return
            at = 40 if self.family == socket.AF_INET6 else 20
            if where[2] != OUTGOING or data[0] >> 4 != (6 if at == 40 else 4) or len(data) < at + 20:
                continue
            sport, dport, seq, ack, off = struct.unpack("!HHIIB", data[at:at + 13])
            if data[6 if at == 40 else 9] == 6 and (sport, dport) == (self.own, self.port):
                self.numbers = (seq + len(data) - at - (off >> 4) * 4, ack)

    def hops(self, n, sock=None):
        if self.family == socket.AF_INET6:
            (sock or self.s).setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, n)
        else:
            (sock or self.s).setsockopt(socket.IPPROTO_IP, socket.IP_TTL, n)
        return "set"

    def forge(self, flags, hops, size=0):
        self.follow()
        v6 = self.family == socket.AF_INET6
        with socket.socket(self.family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
            self.hops(hops, raw)
            if not v6:
                raw.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, 2)   # DF
            tcp = struct.pack("!HHIIBBHHH", self.own, self.port, self.numbers[0] & 0xffffffff, self.numbers[1], 0x50,
                              flags, 512, 0, 0) + b"x" * size
            ends = b"".join(socket.inet_pton(self.family, a[0]) for a in (self.s.getsockname(), self.s.getpeername()))
            total = checksum(ends + struct.pack("!II" if v6 else "!HH", *((len(tcp), 6) if v6 else (6, len(tcp)))) + tcp)
            raw.sendto(tcp[:16] + struct.pack("!H", total) + tcp[18:], (self.server, 0))
        return "sent"


def station(port, path):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    s.settimeout(1.5)
    n, peer = 0, None
    while True:
        with open(path + ".new", "w") as f:
            f.write("%d\n" % n)
        os.rename(path + ".new", path)
        try:
            _, peer = s.recvfrom(2048)
            n += 1
            s.settimeout(1.5)
        except socket.timeout:
            if peer:
                s.sendto(o("d08200003c02"), peer)
            s.settimeout(0.4)


def main():
    if sys.argv[1] == "station":
        station(int(sys.argv[2]), sys.argv[3])
    kind, address, port, own = sys.argv[1:]
    c = Client(kind, address, int(port), int(own))
    print("open", flush=True)
    for line in sys.stdin:
        what, *rest = line.split()
        if what == "read":
            said = c.ask(struct.pack("!BHH", 3, 600, 1))
        elif what == "write":
            said = c.ask(struct.pack("!BHH", 6, 600, int(rest[0])))
        elif what == "forge":
            said = c.forge(int(rest[0], 16), *map(int, rest[1:]))
        elif what == "hops":
            said = c.hops(int(rest[0]))
        else:
            c.s.send(DATAGRAMS[what])
            said = "sent"
        print(said, flush=True)


main()
