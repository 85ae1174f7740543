#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IP fragments through this kernel's connection tracking and through replay: both give the same datagrams.

Fragments are sent onto one end of a veth pair; behind the other a rule asks for connection tracking, so the kernel puts
them together before it does anything else, and a socket shows what came of them. The same fragments go into a capture.
A case is a list of steps: (offset, octets, more, of which of two contents[, congestion bits]) with offset and octets in
units of eight, ("wait",) for longer than the kernel's time-out, ("others", n) for fragments of other packets.

usage: fragments.py ZONECTL DIR (in a network namespace of its own)
"""
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../pcap"))
from dnp3_wire import checksum, m  # noqa: E402

ENDS = {4: (socket.inet_aton("10.9.0.1"), socket.inet_aton("10.9.0.2")),
        6: (socket.inet_pton(socket.AF_INET6, "fd09::1"), socket.inet_pton(socket.AF_INET6, "fd09::2"))}
PORT, MARK, LAST = 20000, 9999, 4   # units of eight octets in the datagram
TIMEOUT = {4: 30, 6: 60}            # seconds, in the capture; the kernel is told one
CASES = {
    "in order": [(0, 2, 1, 0), (2, 2, 0, 0)],
    "backwards": [(3, 1, 0, 0), (2, 1, 1, 0), (1, 1, 1, 0), (0, 1, 1, 0)],
    "the same twice": [(0, 2, 1, 0), (0, 2, 1, 0), (2, 2, 0, 0)],
    "the same place with other octets: the first counts": [(0, 2, 1, 0), (0, 2, 1, 1), (2, 2, 0, 0)],
    "a part of what is there, with other octets": [(0, 3, 1, 0), (1, 1, 1, 1), (3, 1, 0, 0)],
    "overlaps the end of another": [(0, 2, 1, 0), (1, 2, 1, 0), (3, 1, 0, 0)],
    "overlaps the beginning of another": [(2, 2, 0, 0), (1, 2, 1, 0), (0, 1, 1, 0)],
    "overlaps, then all again": [(0, 2, 1, 0), (1, 2, 1, 0), (0, 2, 1, 0), (2, 2, 0, 0)],
    "over two that touch": [(1, 1, 1, 0), (0, 1, 1, 0), (0, 2, 1, 0), (2, 2, 0, 0)],
    "over two that came in order": [(0, 1, 1, 0), (1, 1, 1, 0), (0, 2, 1, 0), (2, 2, 0, 0)],
    "covers another": [(1, 1, 1, 0), (0, 3, 1, 0), (3, 1, 0, 0)],
    "two ends": [(3, 1, 0, 0), (2, 1, 0, 0), (0, 3, 1, 0)],
    "an end before what is there": [(0, 3, 1, 0), (1, 1, 0, 0), (3, 1, 0, 0)],
    "more behind the end": [(2, 2, 0, 0), (4, 1, 1, 0), (0, 2, 1, 0)],
    "the end twice": [(2, 2, 0, 0), (2, 2, 0, 0), (0, 2, 1, 0)],
    "nothing in it": [(0, 2, 1, 0), (1, 0, 1, 0), (2, 2, 0, 0)],
    "an end with nothing in it": [(0, 2, 1, 0), (4, 0, 0, 0), (2, 2, 1, 0)],
    "whole, as a fragment": [(0, 4, 0, 0)],
    "too late": [(0, 2, 1, 0), ("wait",), (2, 2, 0, 0)],
    "in time": [(0, 2, 1, 0), (2, 2, 0, 0), ("wait",)],
    "63 others between": [(0, 2, 1, 0), ("others", 63), (2, 2, 0, 0)],
    "64 others between": [(0, 2, 1, 0), ("others", 64), (2, 2, 0, 0)],
    "64 others, then all again": [(0, 2, 1, 0), ("others", 64), (2, 2, 0, 0), (0, 2, 1, 0)],
    "one marked, one not capable": [(0, 2, 1, 0, 3), (2, 2, 0, 0, 0)],
    "one marked, one capable": [(0, 2, 1, 0, 3), (2, 2, 0, 0, 2)],
    "capable in two ways": [(0, 2, 1, 0, 1), (2, 2, 0, 0, 2)],
    "one capable, one not": [(0, 2, 1, 0, 2), (2, 2, 0, 0, 0)],
}
# What the kernel makes of these whatever else: not vacuous.
DELIVERED = ("in order", "backwards", "the same twice", "the same place with other octets: the first counts", "63 others between",
             "whole, as a fragment", "in time", "one marked, one capable", "over two that came in order")
DROPPED = ("overlaps the end of another", "covers another", "over two that touch", "too late", "one marked, one not capable")


def random_cases(n):
    """Within the datagram: what is longer than UDP says is refused by the gate, for another reason."""
    r = random.Random(18)
    for i in range(n):
        steps = [(at := r.randrange(LAST), min(LAST - at, r.randrange(1, 4)), int(r.random() < (0.5 if at > 1 else 0.9)),
                  int(r.random() < 0.15)) for _ in range(r.randrange(2, 8))]
        yield f"random {i}", steps


def datagram(v, seq, sport=PORT, dport=PORT):
    """UDP with a DNP3 read of three classes: four units of eight octets."""
    data = m("c%x013c02063c03063c0406" % (seq & 15), seq=seq & 63)
    src, dst = ENDS[v]
    udp = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    pseudo = src + dst + (struct.pack("!BBH", 0, 17, len(udp)) if v == 4 else struct.pack("!II", len(udp), 17))
    return udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]


def packet(v, payload, ident=0, fragment=None, ecn=0):
    """fragment: (offset in units, more)"""
    src, dst = ENDS[v]
    at, more = fragment or (0, 0)
    if v == 4:
        head = struct.pack("!BBHHHBBH", 0x45, ecn, 20 + len(payload), ident & 0xFFFF, more << 13 | at, 64, 17, 0) + src + dst
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload
    if fragment:
        payload = struct.pack("!BBHI", 17, 0, at << 3 | more, ident) + payload
    return struct.pack("!IHBB", 6 << 28 | ecn << 20, len(payload), 44 if fragment else 17, 64) + src + dst + payload


class Kernel:
    def __init__(self):
        self.out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.out.bind(("veth-a", 0))
        self.sockets = {}
        for family, v, addr in ((socket.AF_INET, 4, "10.9.0.2"), (socket.AF_INET6, 6, "fd09::2")):
            self.sockets[v] = [socket.socket(family, socket.SOCK_DGRAM) for _ in (PORT, MARK)]
            for s, port in zip(self.sockets[v], (PORT, MARK)):
                s.bind((addr, port))
                s.setblocking(False)

    def send(self, p):
        self.out.send(b"\2\0\0\0\0\2\2\0\0\0\0\1" + (b"\x08\0" if p[0] >> 4 == 4 else b"\x86\xdd") + p)

    def received(self, v, mark):
        """What arrived before a datagram that is sent last."""
        data, marks = self.sockets[v]
        self.send(packet(v, datagram(v, mark, dport=MARK)))
        if not select.select([marks], [], [], 5)[0]:
            sys.exit("the kernel does not deliver a whole datagram")
        marks.recv(2000)
        got = []
        while select.select([data], [], [], 0)[0]:
            got.append(data.recv(2000))
        return got


def frames_of(v, number, steps, others):
    """(seconds since the last one, packet)"""
    contents = [datagram(v, number * 2), datagram(v, number * 2 + 1)]
    for step in steps:
        if step[0] == "wait":
            yield TIMEOUT[v] * 1.5, None
        elif step[0] == "others":
            for i in range(step[1]):
                yield 0.001, packet(v, bytes(8), 0xF000 + (others + i) % 0xF00, (100 + i, 1))
        else:
            at, units, more, which = step[:4]
            part = contents[which][at * 8:(at + units) * 8]
            part += bytes(units * 8 - len(part))
            yield 0.001, packet(v, part, number + 1, (at, more), step[4] if len(step) > 4 else 0)


def write_pcap(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for at, p in packets:
            f.write(struct.pack("<IIII", int(at), int(at % 1 * 10**6), len(p), len(p)) + p)


def messages(zonectl, path):
    out = subprocess.run([zonectl, "replay", "--json", "--checksums", path], capture_output=True, text=True, timeout=60)
    return [(one["time"][:-5], one["seq"], one["src"]) for one in map(json.loads, out.stdout.splitlines())
            if one.get("proto") == "dnp3"]


def main():
    zonectl, where = sys.argv[1:3]
    kernel, failed = Kernel(), 0
    cases = list(CASES.items()) + list(random_cases(150))
    sent, came, now, names = [], [], 1700000000.0, {}
    for v in (4, 6):
        for number, (name, steps) in enumerate(cases):
            now += 100
            names[int(now)] = f"IPv{v}, {name}"
            begin = now
            for wait, p in frames_of(v, number, steps, number * 70):
                now += wait
                if p is None:
                    select.select([], [], [], 1.3)
                else:
                    kernel.send(p)
                    sent.append((now, p))
            got = kernel.received(v, number)
            came += [(begin, packet(v, struct.pack("!HHHH", PORT, PORT, 8 + len(d), 0) + d)) for d in got]
            if (name in DELIVERED and len(got) != 1) or (name in DROPPED and got):
                failed += 1
                print(f"IPv{v}, {name}: the kernel delivers {len(got)}")
    # what the kernel delivered, summed as it must have been
    whole = [(at, packet(6 if p[0] >> 4 == 6 else 4, fill_sum(p))) for at, p in came]
    write_pcap(f"{where}/fragments", sent)
    write_pcap(f"{where}/whole", whole)

    def by_case(path):
        table = {}
        for at, seq, src in messages(zonectl, path):
            case = max(b for b in names if b <= seconds_of(at))
            table.setdefault(case, []).append((seq, src))
        return table
    ours, theirs = by_case(f"{where}/fragments"), by_case(f"{where}/whole")
    for case, name in names.items():
        if ours.get(case) != theirs.get(case):
            failed += 1
            print(f"{name}: replay has {ours.get(case)}, the kernel {theirs.get(case)}")
    print(f"{len(names)} cases, {len(came)} datagrams that the kernel put together, {failed} differences")
    sys.exit(1 if failed or len(came) < 40 else 0)


def seconds_of(text):
    import calendar
    import time
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def fill_sum(p):
    v = p[0] >> 4
    src, dst = ENDS[v]
    udp = p[20 if v == 4 else 40:]
    pseudo = src + dst + (struct.pack("!BBH", 0, 17, len(udp)) if v == 4 else struct.pack("!II", len(udp), 17))
    return udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]


main()
