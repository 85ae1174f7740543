#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a small capture: a client of conf/zoned.conf's hmi zone reads two
registers of the cell's controller, then writes one; both over one connection.

usage: make-case.py FILE [LINK]      LINK: a key of LINKS; "pcapng" and "ipv6" are Ethernet
"""
import struct
import sys

LINK = sys.argv[2] if len(sys.argv) > 2 else "ethernet"
CLIENT, SERVER = bytes([10, 10, 1, 10]), bytes([10, 10, 2, 20])
LINKS = {
    "ethernet": (1, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
    "vlan": (1, b"\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\7\x08\0"),
    "cooked": (113, b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0"),
    "raw": (101, b""),
    "null": (0, b"\2\0\0\0"),
    "qinq": (1, b"\2\0\0\0\0\1\2\0\0\0\0\2\x88\xa8\0\5\x81\0\0\7\x08\0"),
    "cooked2": (276, b"\x08\0\0\0\0\0\0\3\0\1\0\6\2\0\0\0\0\1\0\0"),
    "loop": (108, b"\0\0\0\2"),
    "ipv6": (1, b"\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd"),
    "pcapng": (1, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"),
    "unknown": (105, b""), # 802.11
}
PREFIX6 = (bytes.fromhex("fd00001000010000"), bytes.fromhex("fd00001000020000"))


def segment(from_client, seq, ack, flags, data=b""):
    src, dst = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    sport, dport = (40000, 502) if from_client else (502, 40000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + data
    if LINK == "ipv6":
        ends = [PREFIX6[CLIENT != a] + bytes(7) + a[3:] for a in (src, dst)]
        return struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + ends[0] + ends[1] + tcp
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst + tcp


def adu(tid, unit, pdu):
    return struct.pack("!HHHB", tid, 0, len(pdu) + 1, unit) + pdu


def conversation():
    read, answer = adu(1, 1, b"\3\0\x0a\0\2"), adu(1, 1, b"\3\4\0\1\0\2")
    write = adu(2, 1, b"\6\0\x0a\xff\xff")
    yield segment(True, 999, 0, 2)
    yield segment(False, 4999, 1000, 0x12)
    yield segment(True, 1000, 5000, 0x10)
    yield segment(True, 1000, 5000, 0x18, read)
    yield segment(False, 5000, 1012, 0x18, answer)
    yield segment(True, 1012, 5013, 0x18, write)


def block(kind, body):
    body += bytes(-len(body) % 4)
    n = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + n + body + n


def write_pcapng(f, link, frames):
    f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    f.write(block(1, struct.pack("<HHI", link, 0, 65535)))
    for second, p in frames:
        t = second * 1000000
        f.write(block(6, struct.pack("<IIIII", 0, t >> 32, t & 0xFFFFFFFF, len(p), len(p)) + p))


def write_pcap(f, link, frames):
    f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
    for second, p in frames:
        f.write(struct.pack("<IIII", second, 0, len(p), len(p)) + p)


def main():
    link, header = LINKS[LINK]
    frames = [(1700000000 + i, header + p) for i, p in enumerate(conversation())]
    with open(sys.argv[1], "wb") as f:
        (write_pcapng if LINK == "pcapng" else write_pcap)(f, link, frames)


main()
