#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of the targets that are of no one protocol. Those of a protocol
are written by src/proto/NAME/seeds/generate.py.

seeds-inspect/NAME     see the head of fuzz-inspect.c: options, then records
seeds-stream/NAME      see the head of fuzz-stream.c: first number, then operations
seeds-packet/NAME      one packet, from its IP header
The result is committed, so a build needs no Python.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "src", "proto", "modbus", "seeds"))
from generate import PDUS, adu  # noqa: E402

ADD, PASS, CUT, SEND, ACKED, COPY, NUMBERS, FAR = ("%02x" % i for i in range(8))
START, WRAP = "000003e8", "fffffff0"
STREAMS = {
    "in-order": START + (ADD + "0040" + PASS + "0040" + ACKED + "0040") * 8,
    "cut": START + (ADD + "0030" + CUT + "0010" + PASS + "0020" + NUMBERS + "0018" + COPY + "0030") * 5,
    "cut-wrap": WRAP + (ADD + "0018" + CUT + "000c" + NUMBERS + "000c" + ACKED + "0018") * 6,
    "islands": START + "".join(FAR + "%02x08" % a for a in range(16, 240, 16)) + ADD + "00f0" + PASS + "00f0",
    "overlap": START + ADD + "0020" + ADD + "1030" + ADD + "2010" + PASS + "0040" + COPY + "0820",
    "differs": START + ADD + "0020" + "08" + "1020" + ADD + "1020" + PASS + "0030",
    "island-differs": START + FAR + "1010" + "0f" + "1010" + ADD + "0020" + PASS + "0020",
    "full": START + (ADD + "00ff") * 3 + PASS + "00ff" + ACKED + "00ff" + ADD + "00ff",
    "delivered": START + ADD + "0020" + SEND + "000f" + CUT + "0010" + PASS + "0010" + CUT + "0010",
    "again": START + ADD + "0020" + PASS + "0020" + ACKED + "0020" + ADD + "2020" + ADD + "4010",
}


def tcp(flags, data="", offset=5, options=""):
    return "9c4001f6 000003e8 00001388 %x0%02x 2000 0000 0000" % (offset, flags) + options + data


def v4(proto, body, head="", flags="0000", ihl=5):
    n = 4 * ihl + len(bytes.fromhex(body))
    return "4%x00 %04x 0001 %s 40 %02x 0000 0a010001 0a020002" % (ihl, n, flags, proto) + head + body


def v6(proto, body, chain=""):
    n = len(bytes.fromhex(chain + body))
    return "60000000 %04x %02x 40" % (n, proto) + "fd" + "00" * 14 + "01" + "fd" + "00" * 14 + "02" + chain + body


READ = "0001 0000 0006 01 03 0000 0001"
UDP = "9c40 4e20 0010 0000" + "0564 05c0 0100 0400"
PACKETS = {
    "v4-read": v4(6, tcp(0x18, READ)), "v4-syn": v4(6, tcp(2, "", 6, "020405b4")),
    "v4-options": v4(6, tcp(0x10), "07070400 00000000", ihl=7),
    "v4-fragment": v4(6, tcp(0x18, READ), flags="2000"), "v4-last-fragment": v4(6, READ, flags="0003"),
    "v4-udp": v4(17, UDP), "v4-icmp": v4(1, "0800 0000 0001 0001"),
    "v4-offset-short": v4(6, tcp(0x10, "", 4)), "v4-offset-long": v4(6, tcp(0x10, "", 15)),
    "v6-read": v6(6, tcp(0x18, READ)), "v6-udp": v6(17, UDP),
    "v6-hop-by-hop": v6(0, tcp(0x18, READ), "0600 0104 00000000"),
    "v6-options": v6(60, tcp(0x18, READ), "3c00 0104 00000000 0600 0104 00000000"),
    "v6-fragment": v6(44, tcp(0x18, READ), "0600 0001 00000007"),
    "v6-atomic": v6(44, tcp(0x18, READ), "0600 0000 00000007"),
    "v6-routing": v6(43, tcp(0x18, READ), "0602 0000 00000000" + "fd" + "00" * 14 + "03"),
}


def write(name, data):
    name = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as f:
        f.write(data)


# records of fuzz-inspect.c: control byte, argument byte, then data
DATA, SYN, SYNACK, ACK, FIN, RST, TICK, AGAIN = range(8)
REPLY = 8


def record(op, data=b"", arg=0):
    return bytes([op, arg, len(data)]) + data


OPEN = record(SYN) + record(SYNACK | REPLY) + record(ACK)


def cut(data, n):
    return b"".join(record(DATA, data[i:i + n]) for i in range(0, len(data), n))


def main():
    for name, (req, resp) in PDUS.items():
        write(f"seeds-inspect/pair-{name}",
              b"\0" + OPEN + record(DATA, adu(req)) + record(DATA | REPLY, adu(resp)))
    read, write6 = adu("03 0000 0003"), adu("06 0001 0003", 2)
    good = record(DATA | REPLY, adu("03 06 022B 0000 0064"))
    write("seeds-inspect/bytewise", b"\0" + OPEN + cut(read, 1) + good)
    write("seeds-inspect/pipelined", b"\0" + OPEN + record(DATA, read + adu("04 0008 0001", 3)))
    write("seeds-inspect/allowed-refused", b"\0" + OPEN + record(DATA, read + write6 + adu("03 0000 0001", 4)))
    write("seeds-inspect/refused-cut", b"\0" + OPEN + cut(write6, 5) + record(DATA, read))
    write("seeds-inspect/overlap", b"\0" + OPEN + record(DATA, read[:9]) + record(DATA, read[4:], 0x85))
    write("seeds-inspect/overlap-differs", b"\0" + OPEN + record(DATA, read[:9]) + record(DATA, write6[4:], 0x85))
    write("seeds-inspect/out-of-order", b"\0" + OPEN + record(DATA, read[6:], 6) + record(DATA, read[:6], 0x8c))
    write("seeds-inspect/again", b"\0" + OPEN + record(DATA, read) + record(AGAIN) + good)
    write("seeds-inspect/close", b"\0" + OPEN + record(DATA, read) + good + record(FIN) + record(FIN | REPLY))
    write("seeds-inspect/reset", b"\0" + OPEN + record(DATA, read[:7]) + record(RST) + record(DATA, read))
    write("seeds-inspect/half-timeout", b"\0" + OPEN + record(DATA, read[:7]) + record(TICK, b"", 255) + record(DATA, read[7:]))
    write("seeds-inspect/v6", b"\1" + OPEN + record(DATA, read) + good)
    write("seeds-inspect/observe", b"\2" + OPEN + record(DATA, write6))
    write("seeds-inspect/dissect-only", b"\4" + record(DATA, read) + good)
    write("seeds-inspect/reset-mode", b"\x08" + OPEN + record(DATA, write6) + record(DATA, read))
    write("seeds-inspect/mid-stream", b"\0" + record(ACK) + record(DATA, read))
    for name, ops in STREAMS.items():
        write("seeds-stream/" + name, bytes.fromhex(ops))
    for name, packet in PACKETS.items():
        write("seeds-packet/" + name, bytes.fromhex(packet))


if __name__ == "__main__":
    main()
