#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""DNP3 over UDP: datagrams that the next hop or the device may drop, each a permitted read from an
address of its own, of a station of its own, so that what the device read tells which arrived.

datagrams.py device LOG FILE...      on all addresses; a line for each datagram: station, and whether it came
                                     with a checksum (as an interface saw it)
datagrams.py send MAC PORT           all cases once, from eth0 to the gateway
datagrams.py judge PHASE LOG JSON    PHASE: control, enforce or observe; says what is not as expected
"""
import json
import os
import select
import socket
import struct
import sys
import time

from wire import DF, EVIL, MF, frag6, ip4, ip6, sum16

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
from dnp3_wire import m  # noqa: E402

UDP, SERVICE = 17, 20000
DEVICE = {4: b"\x0a\x0a\x02\x14", 6: socket.inet_pton(socket.AF_INET6, "fd00:10:2::20")}
BROADCAST = b"\x0a\x0a\x02\xff"
PAD = bytes([0, 1, 4, 0, 0, 0, 0])
CASES = []


class Case:
    """device: does a real stack take it without the gate? gate: the reason with which the gate refuses it;
    None: it goes on; "kernel": the gateway's own kernel drops it before the gate, its connection tracking
    even what the device takes."""

    def __init__(self, name, family, device=True, gate=None, **how):
        self.name, self.family, self.device, self.gate, self.how = name, family, device, gate, how
        self.station = 100 + len(CASES)
        self.source = ("10.10.1.%d" if family == 4 else "fd00:10:1::%d") % self.station
        self.src = socket.inet_pton(socket.AF_INET if family == 4 else socket.AF_INET6, self.source)
        self.dst = how.get("dst", DEVICE[family])
        CASES.append(self)


def both(name, **kw):
    for family in (4, 6):
        Case(name, family, **kw)


OPTIONS, HOPS, BAD = "ip-options", "hop-limit-too-small", "bad-segment"
both("as it should be")
Case("no checksum", 4, sum=0)
Case("no checksum", 6, device=False, gate=BAD, sum=0)
Case("no checksum, where zero is what it would be", 6, device=False, gate=BAD, zero=True)
both("a wrong checksum", device=False, gate="kernel", sum=0x1234)
both("expires behind the gate", device=False, gate=HOPS, ttl=2)
both("seven hops are left", gate=HOPS, ttl=8)
both("eight hops are left", ttl=9)
both("source port 0", sport=0)
both("the length of UDP ends before that of IP", gate="kernel", short=4)
Case("the same without a checksum", 4, gate=BAD, short=4, sum=0)
both("the length of UDP goes beyond that of IP", device=False, gate="kernel", short=-4)
both("the highest traffic class and flow label", tos=255, label=0xFFFFF)
both("bytes of another datagram behind the packet", trailer=b"\x05\x64\x05\xc0\x0a\x00\x01\x00")
both("in two fragments", cuts=(24,))
both("in fragments that overlap", device=False, gate="kernel", cuts=(24,), overlap=8)
Case("an atomic fragment", 6, exts=[frag6(0, 0, 7)])
Case("options that do nothing", 4, gate=OPTIONS, opts=b"\x01\x01\x01\x00")
Case("a time stamp that cannot count one hop more", 4, device=False, gate=OPTIONS,
     opts=b"\x44\x08\x09\xe0" + bytes(4))
Case("a time stamp", 4, gate=OPTIONS, opts=b"\x44\x08\x05\x00" + bytes(4))
Case("a recorded route", 4, gate=OPTIONS, opts=b"\x07\x0b\x04" + bytes(9))
Case("router alert", 4, gate=OPTIONS, opts=b"\x94\x04\x00\x00")
Case("an option that nobody knows", 4, gate=OPTIONS, opts=b"\x1e\x04\x12\x34")
Case("an option longer than the header", 4, device=False, gate="kernel", opts=b"\x07\x2f\x04\x00")
Case("a source route", 4, device=False, gate="kernel", opts=b"\x83\x07\x04\x0a\x0a\x02\x14\x00")
Case("the reserved flag", 4, gate=OPTIONS, frag=EVIL)
Case("may not be fragmented", 4, frag=DF)
Case("to the cell's broadcast address", 4, device=False, gate="kernel", dst=BROADCAST)
Case("hop-by-hop options", 6, gate=OPTIONS, exts=[(0, PAD)])
Case("destination options", 6, gate=OPTIONS, exts=[(60, PAD)])
Case("a destination option that asks to be discarded", 6, device=False, gate=OPTIONS,
     exts=[(60, bytes([0, 0x5E, 4, 0, 0, 0, 0]))])
Case("a destination option that may be skipped", 6, gate=OPTIONS,
     exts=[(60, bytes([0, 0x1E, 4, 0, 0, 0, 0]))])
Case("a hop-by-hop option that asks to be discarded", 6, device=False, gate="kernel",
     exts=[(0, bytes([0, 0x5E, 4, 0, 0, 0, 0]))])
Case("a jumbogram that is none", 6, device=False, gate="kernel", exts=[(0, bytes([0, 0xC2, 4, 0, 0, 0, 60]))])
Case("a routing header of type 0", 6, device=False, gate=OPTIONS, exts=[(43, bytes([2, 0, 1]) + bytes(20))])


def datagram(case, sport):
    src, dst = case.src, case.dst
    data = m("c0013c0206", dst=case.station)
    sport = case.how.get("sport", sport)
    n = 8 + len(data)
    pseudo = src + dst + struct.pack(">II", n, UDP)
    length = n - case.how.get("short", 0)
    head = struct.pack(">HHHH", sport, SERVICE, length, 0)
    if "zero" in case.how:      # a source port with which the sum is all ones
        rest = sum16(pseudo + struct.pack(">HHHH", 0, SERVICE, length, 0) + data)
        return struct.pack(">HHHH", rest, SERVICE, length, 0) + data
    if case.how.get("short", 0) > 0:    # of what the receiver takes for the datagram
        pseudo = src + dst + struct.pack(">II", length, UDP)
        data = data[:-4] + bytes(4)
    check = case.how.get("sum", sum16(pseudo + head + data[:max(0, length - 8)]) or 0xFFFF)
    return head[:6] + struct.pack(">H", check) + data


def packets(case, sport):
    how, src, dst = case.how, case.src, case.dst
    whole = datagram(case, sport)
    cuts = [0, *how.get("cuts", ()), len(whole)]
    for i in range(len(cuts) - 1):
        at, end = cuts[i], cuts[i + 1]
        at -= how.get("overlap", 0) if i else 0
        more = MF if end < len(whole) else 0
        part = whole[at:end]
        if case.family == 4:
            p = bytearray(ip4(src, dst, part, how.get("ttl", 64), case.station,
                              how.get("frag", 0) | at // 8 | more, how.get("opts", b""),
                              tos=how.get("tos", 0)))
            p[9] = UDP
            head = (p[0] & 15) * 4
            p[10:12] = b"\0\0"
            p[10:12] = struct.pack(">H", sum16(bytes(p[:head])))
        else:
            exts = how.get("exts", [])
            if len(cuts) > 2:
                exts = [frag6(at, 1 if more else 0, case.station)]
            p = bytearray(ip6(src, dst, part, how.get("ttl", 64), exts, how.get("tos", 0),
                              how.get("label", 0)))
            at6, kind = 6, p[6]
            for i6 in range(len(exts)):         # ip6() makes TCP of it
                at6 = 40 if i6 == 0 else at6 + (8 if kind == 44 else 8 + p[at6 + 1] * 8)
                kind = p[at6]
            p[at6] = UDP
        yield bytes(p) + how.get("trailer", b"")


def send(mac, port):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    for case in CASES:
        for p in packets(case, port):
            s.sendto(p, ("eth0", 0x0800 if case.family == 4 else 0x86DD, 0, 0, mac))
            time.sleep(0.02)


def checksum_of(frame):
    """(station, UDP checksum) of a whole datagram without options, else None."""
    at = 34 if frame[12:14] == b"\x08\x00" else 54
    kind = frame[23] if at == 34 else frame[20]
    if kind != UDP or len(frame) < at + 14 or (at == 34 and frame[14] != 0x45):
        return None
    return struct.unpack("<H", frame[at + 12:at + 14])[0], struct.unpack(">H", frame[at + 6:at + 8])[0]


def device(log):
    """An application that reads everything, and what comes in on its interface."""
    app = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    app.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    app.bind(("::", SERVICE))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind(("eth0", 3))
    with open(log, "a", buffering=1) as f:
        print("ready", file=f)
        while True:
            for s in select.select([app, wire], [], [])[0]:
                data, who = s.recvfrom(65536)
                if s is app and len(data) >= 6:
                    print("read", struct.unpack("<H", data[4:6])[0], file=f)
                elif s is wire and who[2] != 4:
                    seen = checksum_of(data)
                    if seen:
                        print("sum", *seen, file=f)


def judge(phase, log, records):
    read, sums, reasons, wrong = set(), {}, {}, 0
    with open(log) as f:
        for line in f:
            w = line.split()
            if w[0] == "read":
                read.add(int(w[1]))
            elif w[0] == "sum":
                sums[int(w[1])] = int(w[2])
    if phase != "control":
        with open(records) as f:
            for line in f:
                ev = json.loads(line)
                reasons.setdefault(ev["src"], set()).add((ev["reason"], ev["verdict"]))
    for case in CASES:
        held = phase == "enforce" or (phase == "observe" and case.gate == "kernel")
        arrives = case.device and not (case.gate and held)
        said = reasons.get(case.source, set())
        want = set()
        if case.gate not in (None, "kernel") and phase != "control":
            want = {(case.gate, "drop" if phase == "enforce" else "observed")}
        got = []
        if (case.station in read) != arrives:
            got.append("the device %s" % ("read it" if case.station in read else "read nothing"))
        if said != want:
            got.append("recorded: %s" % (sorted(said) or "nothing"))
        if phase == "enforce" and arrives and sums.get(case.station) == 0:
            got.append("it arrived without a checksum")
        print("%-8s IPv%d %-52s %s" % (phase, case.family, case.name, "; ".join(got) or "ok"))
        wrong += bool(got)
    return wrong


def main():
    what = sys.argv[1:]
    if what[:1] == ["device"]:
        device(what[1])
    elif what[:1] == ["send"]:
        send(bytes.fromhex(what[1].replace(":", "")), int(what[2]))
    elif what[:1] == ["judge"]:
        sys.exit(1 if judge(*what[1:]) else 0)
    else:
        sys.exit(__doc__)


main()
