#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz-dnp3/ and fuzz-dnp3-flow/: see the heads of fuzz-dnp3.c and fuzz-dnp3-flow.c in
tests/fuzz. The result is committed, so a build needs no Python."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "..", "tests", "pcap"))
from dnp3_wire import frame, m, o, segments  # noqa: E402

FRAGMENTS = {
    "read-classes": "c001 3c0206 3c0306 3c0406 3c0106", "read-range": "c001 1e000000ff 0100010000ffff",
    "read-indexes": "c001 1e05170203 09 1e05280200 03000901", "read-count": "c001 0200070a 0200080001",
    "clear-restart": "c002 500100070700", "time": "c002 32010701112233445566", "deadband": "c002 220100000005 00",
    "select": "c003 0c0128010003000301 6400000064000000 00", "pattern": "c003 0c02170105030164000000 6400000000 0c030000030f",
    "setpoint": "c003 2903170101 0000c842 00", "setpoints": "c003 2901170101 64000000 00 2902170102 6400 00 2904170103 0000000000000040 00",
    "freeze-at-time": "c00b 32020701 112233445566 0a000000 140006", "restart": "c00d", "assign": "c016 3c0206 1e00000004",
    "aggressive": "c00d 78030701 01000000 0100 78095b01 0200 aabb", "file-open": "c019 46035b01 0300 aabbcc",
    "file-read": "c001 46055b01 0800 1122334455667788", "bits": "c0810000 010100030c 0503", "pairs": "c0810000 0301000004 1b02",
    "events": "c0820000 020228010009 00 81112233445566", "floats": "c0810000 200817010201 0102030405060708 a1a2a3a4a5a6",
    "strings": "c0810000 6e03000001 616263646566", "attribute": "c0810000 00f2000000 0103616263",
    "registered": "c0810000 53010701 41424344 0100 0300 112233", "keys": "c0830000 78055b01 0b00 01000000 0100 01 01 04 0000",
    "unknown": "c0810000 6401000000 11", "reserved": "c001 010086", "lying": "c003 0c0109ffffffff 0301640000006400000000",
}


def record(control, dst, src, user):
    return bytes([control, dst & 255, dst >> 8, src & 255, src >> 8, len(user)]) + user


def seeds():
    for name, fragment in FRAGMENTS.items():
        yield name, b"\2" + bytes.fromhex(fragment)
    yield "frame-request", b"\0" + m("c0013c02063c03063c04063c0106")
    yield "frame-response", b"\0" + o("c08100001e02000000011100")
    yield "frame-status", b"\0" + frame(0xC9, 10, 1)
    yield "frame-broken", b"\0" + m("c0013c0106")[:-1] + b"\0"
    long = bytes.fromhex("c001" + "1e02000009" * 20)
    parts = [record(0xC4, 10, 1, s) for s in segments(long, 62, 30)]
    yield "segments", b"\1" + b"".join(parts)
    yield "segments-again", b"\1" + parts[0] + b"".join(parts)
    yield "segments-gap", b"\1" + parts[0] + b"".join(parts[2:])
    yield "segments-status", b"\1" + parts[0] + record(0xC9, 10, 1, b"") + b"".join(parts[1:])
    yield "segments-many", b"\1" + b"".join(record(0xC4, 10, 1, s) for s in segments(bytes(2100), 0))


def rec(what, frames, cut=0):
    """A record of fuzz-dnp3-flow.c; frames: (control, user data in hex), or bytes as they go."""
    data = frames if isinstance(frames, bytes) else b"".join(
        bytes([c, len(bytes.fromhex(u))]) + bytes.fromhex(u) for c, u in frames)
    return bytes([what, cut, len(data)]) + data


def flow_seeds():
    relay = "0c0128010000000301 6400000064000000 00"
    read, answer = rec(4, [(0xC4, "c0c0013c0206")]), rec(5, [(0x44, "c0c08100001e02000000011100")])
    yield "read", read + answer
    yield "operate", b"".join(rec(4 + (i % 2), [(0x44 if i % 2 else 0xC4, f"c{i}c{i // 2}" + f + relay)])
                              for i, f in enumerate(["03", "810000", "04", "810000"]))
    yield "direct", rec(4, [(0xC4, "c0c005" + relay)]) + read
    yield "segments", rec(4, [(0xC4, "40c001"), (0xC4, "013c0206"), (0xC9, ""), (0xC4, "823c0306")], 7)
    yield "datagrams", rec(6, [(0xC4, "40c001")]) + rec(6, [(0xC4, "40c005"), (0xC4, "c0c00d")]) + rec(6, [(0xC4, "813c0206")])
    yield "raw", rec(0, m("c0013c0206"), 5) + rec(0, m("c00d")) + rec(2, m("c0013c0206"))
    yield "unsolicited", rec(5, [(0x44, "c0f0828000")]) + rec(4, [(0xC4, "c0d000")]) + rec(0xF4, [(0xC4, "c1d000")])
    yield "clear", rec(4, [(0xC4, "c0c0025001000707 00")]) + rec(4, [(0xC4, "c0c0025001000606 00")])


for folder, pairs in (("fuzz-dnp3", seeds()), ("fuzz-dnp3-flow", flow_seeds())):
    for name, data in pairs:
        with open(os.path.join(HERE, folder, name), "wb") as f:
            f.write(data)
