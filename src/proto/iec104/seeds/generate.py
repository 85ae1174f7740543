#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz-iec104/: who sends, then APDUs; see the head of tests/fuzz/fuzz-iec104.c. And fuzz-iec104-flow/:
records of what is sent; see the head of fuzz-iec104-flow.c there. The result is committed, so a build needs no
Python."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "..", "tests", "pcap"))
import iec104_wire as wire  # noqa: E402

CONTROLLING, CONTROLLED = b"\0", b"\1"
GROUPS = {"information": range(1, 41), "commands": range(45, 65), "system": range(70, 108),
          "parameters": range(110, 114), "files": range(120, 128)}
SAMPLES = {number: (element, asks, tells, 0x1234 if has_address else 0)
           for number, element, asks, tells, has_address in wire.samples()}


def i(*args, **more):
    return wire.i(1, 2, wire.asdu(*args, **more))


def seeds():
    for name, numbers in GROUPS.items():
        asked = told = b""
        for number in numbers:
            element, asks, tells, ioa = SAMPLES.get(number, ("", 0, 0, 0))
            asked += i(number, asks, [(ioa, element)]) if asks else b""
            told += i(number, tells, [(ioa, element)]) if tells else b""
        if asked:
            yield name + "-asked", CONTROLLING + asked
        yield name + "-told", CONTROLLED + told
    yield "control-asked", CONTROLLING + b"".join(wire.u(f) for f in wire.FUNCTIONS) + wire.s(12)
    yield "control-told", CONTROLLED + b"".join(wire.u(f) for f in wire.FUNCTIONS) + wire.s(32767)
    yield "mask-start", CONTROLLING + wire.apdu(bytes([0x0F, 0, 0, 0])) + i(45, 6, [(1, "01")])
    for name, more in (("sequence", True), ("several", False)):
        yield name, CONTROLLED + b"".join(i(t, 20, [(9 + k, SAMPLES[t][0]) for k in range(6)], sq=more)
                                          for t in (1, 3, 5, 7, 9, 11, 13, 20, 21))
    yield "sequence-wraps", CONTROLLED + i(1, 20, [(0xFFFFFE + k, "01") for k in range(3)], sq=True)
    yield "two-commands", CONTROLLING + i(45, 6, [(1, "01"), (2, "01")])
    yield "no-object", CONTROLLING + i(45, 6, [(1, "01")], n=0)
    yield "lying-count", CONTROLLED + i(1, 3, [(1, "01")], n=127)
    yield "lying-segment", CONTROLLED + i(125, 13, [(1, "0100 01 ff 0102")])
    yield "trailing", CONTROLLING + i(45, 6, [(1, "01 68040700")])
    yield "negative-test", CONTROLLING + i(45, 6 | 0x40, [(1, "01")]) + i(45, 6 | 0x80, [(1, "01")])
    yield "to-all", CONTROLLING + i(100, 6, [(0, "14")], ca=65535) + i(45, 6, [(1, "01")], ca=65535)
    yield "not-finite", CONTROLLING + i(50, 6, [(1, "0000c07f 00")])
    yield "bad-time", CONTROLLING + i(103, 6, [(0, "60ea 3c 18 00 00 7f")])
    yield "reserved", CONTROLLING + i(0, 6, [(0, "")]) + i(41, 6, [(0, "00")]) + i(128, 6, [(0, "00")])
    yield "garbage", CONTROLLING + b"\x02" + wire.u("TESTFR act")
    yield "too-long", CONTROLLING + b"\x68\xfe" + bytes(254)
    yield "longest", CONTROLLED + i(13, 3, [(k, "0000803f 00") for k in range(30)])


for seed, octets in seeds():
    with open(os.path.join(HERE, "fuzz-iec104", seed), "wb") as f:
        f.write(octets)


STATION, OTHER, MAKE_I, MAKE_S, MAKE_U, LOST, AGAIN, LATER = (1 << k for k in range(8))


def record(what, data=b"", cut=0):
    return bytes([what, cut, len(data)]) + data


def said(what, octets, cut=0):
    return record(what, bytes.fromhex(octets), cut)


GI, ON = wire.asdu(100, 6, [(0, "14")], ca=1), wire.asdu(45, 6, [(1000, "01")], ca=1)
SELECT, CONFIRM, EXECUTE = (wire.asdu(46, cause, [(2000, e)], ca=1) for cause, e in ((6, "82"), (7, "82"), (6, "02")))
BEGIN = record(MAKE_U, b"\x07") + record(MAKE_U | STATION, b"\x0b")


def flows():
    yield "commands", BEGIN + record(MAKE_I, GI) + record(MAKE_I, ON) + record(MAKE_S | STATION) + record(MAKE_I, ON, 5)
    yield "select", BEGIN + record(MAKE_I, SELECT) + record(MAKE_I | STATION, CONFIRM) + record(MAKE_I, EXECUTE) + record(MAKE_I, EXECUTE)
    yield "select-other", BEGIN + record(MAKE_I, SELECT) + record(MAKE_I | STATION, CONFIRM) + \
        record(OTHER | MAKE_U, b"\x07") + record(OTHER | MAKE_I, EXECUTE)
    yield "select-late", BEGIN + record(MAKE_I, SELECT) + record(MAKE_I | STATION | LATER, CONFIRM) + record(MAKE_I | LATER, EXECUTE)
    yield "mask", record(MAKE_U, b"\x0f") + record(MAKE_I, ON)
    yield "early", record(MAKE_I, ON) + BEGIN + record(MAKE_I, ON)
    yield "garbage", BEGIN + said(0, "00") + record(MAKE_I, ON)
    yield "octets", BEGIN + record(MAKE_I, ON, 1) + said(0, "680443000000" * 3, 1)
    yield "start-octets", BEGIN + b"".join(record(MAKE_I, wire.asdu(50, 6, [(0x68, "0000684200")], ca=1), c) for c in range(1, 9))
    yield "lost", BEGIN + record(MAKE_I | LOST, ON) + record(MAKE_I, ON) + record(AGAIN) + BEGIN + record(MAKE_I, ON)
    yield "two-in-one", BEGIN + record(0, wire.i(0, 0, GI) + wire.i(1, 0, ON) + wire.i(2, 0, wire.asdu(105, 6, [(0, "01")], ca=1)))
    yield "window", BEGIN + record(MAKE_I, ON) * 13
    yield "stop", BEGIN + record(MAKE_I, ON) + record(MAKE_U, b"\x13") + record(MAKE_U | STATION, b"\x23") + BEGIN + record(MAKE_I, ON)


for seed, octets in flows():
    with open(os.path.join(HERE, "fuzz-iec104-flow", seed), "wb") as f:
        f.write(octets)
