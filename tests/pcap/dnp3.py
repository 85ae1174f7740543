#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""DNP3 conversations under the shipped policies, over TCP and over UDP: what
every message comes to.

usage: dnp3.py ZONECTL DIRECTORY      (a directory to write captures and models in)
"""
import json
import os
import subprocess
import sys

from dnp3_wire import Tcp, Tcp6, Udp, Udp6, frame, m, o, segments, write_pcap

PASS = "none"
MODEL = """zones = (
  {{ name = "a"; type = "control"; networks = [ "10.1.0.0/24", "fd01::/64" ]; }},
  {{ name = "b"; type = "control"; networks = [ "10.2.0.0/24", "fd02::/64" ]; }}
);
conduits = ( {{ name = "c"; from = "a"; to = "b"; mode = "{mode}"; flows = (
  {{ protocol = "dnp3"; policy = "{policy}"; }}, {{ protocol = "dnp3"; transport = "udp"; policy = "{policy}"; }} ); }} );
policies = {{
{text}
}};
"""


def crob(func, seq, index=0, code="41", on="64000000", count="01", status="00", iin=""):
    """A control of one relay (g12v1): 41 is pulse-on with close."""
    return f"{0xC0 | seq:02x} {func:02x} {iin} 0c01 28 0100 {index:02x}00 {code} {count} {on} 64000000 {status}"


def setpoint(func, seq, value, var=3, index=0):
    return f"{0xC0 | seq:02x} {func:02x} 29{var:02x} 28 0100 {index:02x}00 {value} 00"


def cut(fragment, seq=0, size=20, control=0xC4, dst=10, src=1):
    """The frames of a long request."""
    return [frame(control, dst, src, s) for s in segments(bytes.fromhex(fragment), seq % 64, size)]


def answer(seq, size=20, src=10, confirmed=False, toggle=0x20):
    """The frames of a long response to READ; confirmed data has a frame count bit."""
    parts = segments(bytes.fromhex("c0 81 0000" + "1e02 00 0001 01 1100 01 1200" * 6), seq, size)
    return [frame(0x73 ^ (toggle * (i % 2)) if confirmed else 0x44, 1, src, s) for i, s in enumerate(parts)]


def long_answer():
    """4,011 octets."""
    return [frame(0x44, 1, 10, s) for s in segments(bytes.fromhex("c0 81 0000 1e0101 0000 1f03" + "0100000000" * 800), 0)]


LONG = "c1 01" + "1e0200 0009" * 12
READ, ANSWER = m("c0 01 3c0206 3c0306"), o("c0 81 0000 1e02000000 01 1100")
OPERATE = m(crob(5, 0))
OPERATING = bytes.fromhex(crob(5, 0))
# What a station that ignores the second of these puts together is OPERATING.
ATTACK = [frame(0xC4, 10, 1, b"\x40" + OPERATING[:2]),
          frame(0xF3, 10, 1, b"\xc0" + bytes.fromhex("c0 01 3c0206")),
          frame(0xC4, 10, 1, b"\x81" + OPERATING[2:])]
IGNORED = [frame(0xD3, 10, 1, bytes([k & 63, 0])) for k in range(1, 65)]
BAD = bytearray(READ)
BAD[-1] ^= 1

# (policy, [(from the client?, bytes, reason)])
CASES = {
    "reads and what they bring": ("dnp3-read-only-master", [
        (1, READ, PASS), (0, ANSWER, PASS), (0, ANSWER, PASS),
        (0, o("c1 81 0000"), "unsolicited-response"),
        (0, o("c0 81 0000", src=11), "unsolicited-response"),
    ]),
    "writes that a master needs": ("dnp3-read-only-master", [
        (1, m("c0 02 5001 00 07 07 00"), PASS), (0, o("c0 81 0000"), PASS),
        (1, m("c1 02 3201 07 01 112233445566"), PASS), (1, m("c2 02 3203 07 01 112233445566"), PASS),
        (1, m("c3 17"), PASS), (1, m("c4 18"), PASS),
        (1, m("c5 02 5001 00 07 07 01"), "object-not-allowed"),
        (1, m("c5 02 5001 00 04 04 00"), "object-not-allowed"),
        (1, m("c5 02 2201 00 00 00 0500"), "object-not-allowed"), (1, m("c5 02"), "object-not-allowed"),
    ]),
    "what no reader may": ("dnp3-read-only-master", [
        (1, m(crob(5, 0)), "function-not-allowed"), (1, m(crob(3, 0)), "function-not-allowed"),
        (1, m("c0 0d"), "function-not-allowed"), (1, m("c0 0e"), "function-not-allowed"),
        (1, m("c0 12"), "function-not-allowed"), (1, m("c0 70 3c0106"), "function-not-allowed"),
        (1, m("c0 16 3c0206 1e000600"), "truncated"), (1, m("c0 16 3c0206 1e0006"), "function-not-allowed"),
        (1, m("c0 19 46035b 01 0300 aabbcc"), "function-not-allowed"),
        (1, m("c0 01 46055b 01 0800 1122334455667788"), "object-not-allowed"),
        (1, m("c0 14 3c0106"), "object-not-allowed"), (1, m("c0 14 3c0206"), PASS),
    ]),
    "confirmations and unsolicited responses": ("dnp3-read-only-master", [
        (1, m("d0 00"), "unexpected-confirm"), (0, o("f0 82 8000"), PASS), (1, m("c0 00"), "unexpected-confirm"),
        (1, m("d0 00"), PASS), (1, m("d0 00"), PASS), (1, m("d1 00"), "unexpected-confirm"),
        (1, READ, PASS), (0, o("e0 81 0000"), PASS), (1, m("c0 00"), PASS),
        (0, o("c0 82 0000"), "bad-format"), (0, o("d0 81 0000"), "bad-format"),
    ]),
    "a response in fragments": ("dnp3-read-only-master", [
        (1, READ, PASS), (0, o("a0 81 0000 1e02000000 01 1100"), PASS), (1, m("c0 00"), PASS),
        (0, o("62 81 0000 1e02000101 01 1100"), "unsolicited-response"),
        (0, o("61 81 0000 1e02000101 01 1100"), PASS), (1, m("c1 00"), PASS),
    ]),
    "no unsolicited responses": ("dnp3-read-only", [
        (0, o("f0 82 8000"), "unsolicited-not-allowed"), (1, m("c0 02 5001 00 07 07 00"), "function-not-allowed"),
        (1, READ, PASS), (0, ANSWER, PASS), (1, m("c1 17"), PASS), (0, o("c1 81 0000 3402 07 01 0500"), PASS),
    ]),
    "each end its own part": ("dnp3-read-only-master", [
        (1, m("c0 01 3c0206", control=0x44), "wrong-direction"), (1, m("c0 81 0000"), "wrong-direction"),
        (0, o("c0 01 3c0206"), "wrong-direction"), (0, o("c0 00"), "wrong-direction"),
        (0, o("c0 81 0000", control=0xC4), "wrong-direction"), (0, o("c0 84 0000"), "function-not-allowed"),
        (0, o("f0 82 0000", dst=65535), "link-address-not-allowed"),
    ]),
    "frames without data": ("dnp3-operate", [
        (1, frame(0xC9, 10, 1), PASS), (0, frame(0x0B, 1, 10), PASS), (1, frame(0xC0, 10, 1), PASS),
        (1, frame(0xD2, 10, 1), PASS), (0, frame(0x00, 1, 10), PASS), (0, frame(0x01, 1, 10), PASS),
        (1, frame(0xC9, 11, 1), "link-address-not-allowed"), (1, frame(0xC9, 10, 2), "link-address-not-allowed"),
        (1, frame(0xC5, 10, 1), "bad-link-frame"), (1, frame(0xC2, 10, 1), "bad-link-frame"),
        (1, frame(0xC9, 10, 1, b"\xc0\xc0\x01"), "bad-length"), (1, frame(0xC4, 10, 1), "bad-length"),
        (1, bytes(BAD), "bad-crc"),
    ]),
    "segments": ("dnp3-read-only-master", [
        *[(1, f, PASS) for f in cut(LONG)],
        # one segment is missing: nothing continues the rest
        (1, cut(LONG)[0], PASS), (1, cut(LONG)[2], "bad-transport-sequence"), (1, cut(LONG)[1], "bad-transport-sequence"),
        # a copy is taken out, in the middle and at the end; one with other content is refused
        (1, cut(LONG)[0], PASS), (1, cut(LONG)[0], "repeated-frame"), (1, cut(LONG)[1], PASS),
        (1, cut(LONG)[1], "repeated-frame"), *[(1, f, PASS) for f in cut(LONG)[2:]], (1, cut(LONG)[-1], "repeated-frame"),
        (1, cut(LONG)[0], PASS), (1, cut(LONG)[1], PASS), (1, cut(LONG, -1, 21)[2], "bad-transport-sequence"),
        (1, cut(LONG)[2], "bad-transport-sequence"),
        # another first segment in the middle, even if it is the whole of a fragment
        (1, cut(LONG)[0], PASS), (1, READ, "bad-transport-sequence"), (1, cut(LONG)[1], "bad-transport-sequence"),
        (1, READ, PASS),
        (1, cut(LONG)[0], PASS), (1, frame(0xC9, 10, 1), PASS), *[(1, f, PASS) for f in cut(LONG)[1:]],
        # the last frame is refused with all that it completes; what follows cannot continue it
        *[(1, f, PASS) for f in cut(crob(5, 0), 62, 10)[:-1]], (1, cut(crob(5, 0), 62, 10)[-1], "function-not-allowed"),
        (1, cut(crob(5, 0), 62, 10)[-1], "bad-transport-sequence"),
        # another station's fragment is its own; another master's segment in the middle is refused
        (1, cut(LONG)[0], PASS), (1, cut(LONG, dst=11)[1], "bad-transport-sequence"), (1, cut(LONG, dst=11)[0], PASS),
        (1, cut(LONG, src=2)[1], "bad-transport-sequence"), (1, cut(LONG, src=2)[0], "bad-transport-sequence"),
        *[(1, f, PASS) for k in range(1, len(cut(LONG))) for f in (cut(LONG)[k], cut(LONG, dst=11)[k])],
        (0, o("c1 81 0000"), PASS), (0, o("c1 81 0000", src=11), PASS),	# now other connections may
    ]),
    "segments that some stations ignore": ("dnp3-read-only-master", [
        # an unconfirmed beginning of a direct operate; a confirmed read; an unconfirmed end
        (1, ATTACK[0], PASS), (1, ATTACK[1], "bad-transport-sequence"), (1, ATTACK[2], "bad-transport-sequence"),
        (1, ATTACK[0], PASS), (1, cut(LONG, 5, 40, 0xF3)[0], "confirmed-in-parts"), (1, ATTACK[2], "bad-transport-sequence"),
        # frames of one octet each: after 64 the transport number is the same again
        (1, ATTACK[0], PASS), *[(1, f, "confirmed-in-parts") for f in IGNORED[:8]], (1, ATTACK[2], "bad-transport-sequence"),
        (1, m("c0 01 3c0206 3c0306", control=0xD3), PASS), (1, m("c1 01 3c0206 3c0306", control=0xF3), PASS),
        # from another master, to everybody, or called a response
        (1, cut(LONG)[0], PASS), (1, cut(LONG, 1, 40, src=2)[0], "bad-transport-sequence"),
        (1, cut(LONG, 1, 40, 0x44)[0], "wrong-direction"), (1, cut(LONG)[1], "bad-transport-sequence"),
        (1, READ, PASS), (0, ANSWER, PASS),
    ]),
    "broadcasts in parts": ("dnp3-all", [
        (1, cut(LONG, dst=65535)[0], "broadcast-in-parts"), (1, cut(LONG, dst=65535)[1], "broadcast-in-parts"),
        (1, cut(LONG, dst=65532)[0], "broadcast-in-parts"), (1, m("c0 0d", dst=65535, control=0xD3), "bad-link-frame"),
        (1, frame(0xC0, 65535, 1), "bad-link-frame"), (1, frame(0xC9, 65533, 1), "bad-link-frame"),
        (1, m("c0 0d", dst=65535), PASS),
    ]),
    **{f"frames that hide another, to {dst}": ("dnp3-read-only-master", [
        (1, frame(control, dst, 1, OPERATE), reason) for control, reason in (
            (0xC0, "bad-length"), (0xC1, "bad-link-frame"), (0xC7, "bad-link-frame"), (0xC9, "bad-length"),
            (0xD2, "bad-length"), (0xD4, "bad-link-frame"), (0xE4, "bad-link-frame"), (0xC3, "bad-link-frame"),
            (0x80, "bad-length"), (0x84, "bad-link-frame"), (0xA0, "bad-link-frame"), (0xCF, "bad-link-frame"))
    ] + [(1, frame(0xA0, 10, 1), "bad-link-frame"), (1, frame(0xE0, 10, 1), "bad-link-frame"), (1, READ, PASS)])
       for dst in (10, 4000)},
    "responses": ("dnp3-read-only-master", [
        (1, READ, PASS), *[(0, f, PASS) for f in answer(62)],
        # copies change nothing; of confirmed data they go on, for they are to be acknowledged
        (1, READ, PASS), *[x for f in answer(0) for x in ((0, f, PASS), (0, f, "repeated-frame"))],
        (1, READ, PASS), *[(0, f, PASS) for f in answer(0, confirmed=True) for _ in range(2)],
        # a copy with other content, a gap, and the same frame count bit
        (1, READ, PASS), (0, answer(0)[0], PASS), (0, answer(0, size=21)[0], PASS), (0, answer(0)[2], "bad-transport-sequence"),
        (0, answer(0)[1], "bad-transport-sequence"), *[(0, f, PASS) for f in answer(0)],
        (0, answer(0, confirmed=True)[0], PASS), (0, answer(0, confirmed=True, toggle=0)[1], "bad-transport-sequence"),
        (0, answer(0, confirmed=True)[0], PASS), (0, answer(1)[1], "bad-transport-sequence"),
        # two stations, one connection (in turn: check_interleaved); what is whole in its frame comes between
        (1, READ, PASS), (1, m("c0 01 3c0206", dst=11), PASS), (0, answer(0)[0], PASS), (0, o("c0 81 0000", src=11), PASS),
        *[(0, f, PASS) for f in answer(0)[1:] + answer(9, src=11)],
        # the network may lose the end of one; the next begins anew
        (1, READ, PASS), *[(0, f, PASS) for f in answer(0)[:2] + answer(7)],
        # the first of confirmed data may have been ignored: then its second continues the other's, by its number
        (0, answer(0)[0], PASS), *[(0, f, PASS) for f in answer(20, src=11, confirmed=True)],
        (0, answer(0)[0], PASS), (0, answer(0, src=11, confirmed=True)[0], PASS),
        (0, answer(0, src=11, confirmed=True)[1], "interleaved-response"), *[(0, f, PASS) for f in answer(30)],
    ]),
    "too long a fragment": ("dnp3-read-only-master", [
        *[(1, frame(0xC4, 10, 1, s), PASS) for s in segments(bytes(2049), 0)[:8]],
        (1, frame(0xC4, 10, 1, segments(bytes(2049), 0)[8]), "fragment-too-long"),
        (1, READ, PASS), *[(0, f, PASS) for f in long_answer()[:8]], (0, long_answer()[8], "fragment-too-long"),
        *[(0, f, "bad-transport-sequence") for f in long_answer()[9:]],
    ]),
    "long fragments": ("dnp3-all", [
        (1, READ, PASS), *[(0, f, PASS) for f in long_answer()],
    ]),
    "select before operate": ("dnp3-operate", [
        (1, m(crob(4, 1)), "not-selected"),
        (1, m(crob(3, 0)), PASS), (1, m(crob(4, 1)), "not-selected"),	# not agreed to yet
        (0, o(crob(129, 0, iin="0000")), PASS), (1, m(crob(4, 2)), "not-selected"),
        (1, m(crob(4, 1)), "not-selected"),	# undone by the wrong one
        (1, m(crob(3, 0)), PASS), (0, o(crob(129, 0, iin="0000")), PASS), (1, m(crob(4, 1, code="81")), "not-selected"),
        (1, m(crob(3, 0)), PASS), (0, o(crob(129, 0, iin="0000")), PASS), (1, m(crob(4, 1)), PASS),
        # used up: a station that keeps its selection would act twice (dnp3-select-used-up)
        (1, m(crob(4, 1)), "not-selected"), (0, o(crob(129, 1, iin="0000")), PASS), (1, m(crob(4, 1)), "not-selected"),
        (0, o("f0 82 8000"), PASS), (1, m("d0 00"), PASS), (1, m(crob(4, 1)), "not-selected"),
        # a confirmation between the two is no request
        (1, m(crob(3, 0)), PASS), (0, o(crob(129, 0, iin="0000")), PASS), (0, o("f1 82 8000"), PASS), (1, m("d1 00"), PASS),
        (1, m(crob(4, 1)), PASS), (0, o(crob(129, 1, iin="0000")), PASS),
        (1, m(crob(3, 2)), PASS), (0, o(crob(129, 2, iin="0000", status="04")), PASS),	# refused by the station
        (1, m(crob(4, 3)), "not-selected"),
        (1, m(crob(3, 4)), PASS), (0, o(crob(129, 4, iin="0000")), PASS), (1, READ, PASS),
        (1, m(crob(4, 5)), "not-selected"), (1, m(crob(5, 6)), "function-not-allowed"),
        (1, m(crob(3, 4)), PASS), (0, o(crob(129, 4, iin="0000")), PASS), (1, m("c517"), PASS),	# another request
        (1, m(crob(4, 5)), "not-selected"),
    ]),
    "a select lives five seconds": ("dnp3-operate", [
        (1, m(crob(3, 0)), PASS), (0, o(crob(129, 0, iin="0000")), PASS), (0, o("f0 82 8000"), PASS),
        (0, o("f1 82 8000"), PASS), (1, m(crob(4, 1)), PASS),
        (1, m(crob(3, 2)), PASS), (0, o(crob(129, 2, iin="0000")), PASS), (0, o("f2 82 8000"), PASS),
        (0, o("f3 82 8000"), PASS), (0, o("f4 82 8000"), PASS), (1, m(crob(4, 3)), "not-selected"),
    ]),
    "or as long as the policy says": ("two-seconds", [
        (1, m(crob(3, 0)), PASS), (0, o(crob(129, 0, iin="0000")), PASS), (1, m(crob(4, 1)), "not-selected"),
    ]),
    "one request at a time": ("dnp3-operate", [
        (1, READ, PASS), (1, m("c1 01 3c0106"), "request-outstanding"), (1, READ, "request-outstanding"),
        (1, m(crob(3, 2)), "request-outstanding"), (0, ANSWER, PASS), (1, m("c2 17"), PASS),
        (0, o("c2 81 0000 3402 07 01 0500"), PASS), (0, o("f0 82 8000"), PASS), (1, m("d0 00"), PASS),
        (1, m(crob(3, 3)), PASS), (1, m(crob(4, 4)), "request-outstanding"), (0, o(crob(129, 3, iin="0000")), PASS),
        (1, m(crob(4, 4)), PASS), (1, m("c5 01 3c0106"), "request-outstanding"),
        (0, o("c3 81 0000"), PASS), (1, m("c5 01 3c0106"), "request-outstanding"),	# that of before, once more
        (0, o(crob(129, 4, iin="0000")), PASS), (1, m("c5 01 3c0106"), PASS),
        # of a response in fragments, the first
        (0, o("a5 81 0000 1e02000000 01 1100"), PASS), (1, m("c6 17"), PASS),
    ]),
    "each station has its own": ("dnp3-read-only", [
        (1, READ, PASS), (1, m("c0 01 3c0206 3c0306", dst=11), PASS), (1, m("c1 01 3c0206", dst=11), "request-outstanding"),
        (0, ANSWER, PASS), (1, m("c1 01 3c0206"), PASS), (1, m("c1 01 3c0206", dst=11), "request-outstanding"),
        (1, m("c0 01 3c0206", src=2), PASS), (0, o("c0 81 0000", src=11), PASS), (1, m("c1 01 3c0206", dst=11), PASS),
        (1, m("c0 01 3c0106", dst=65532), PASS), (0, o("c0 81 0000", src=12), PASS), (1, m("c1 01 3c0106", dst=65532), PASS),
    ]),
    "what is not answered is not waited for": ("dnp3-all", [
        *[(1, m(crob(6, i)), PASS) for i in range(16)], *[(1, m(f"c{i:x} 01 3c0106", dst=65535), PASS) for i in range(16)],
        *[(1, m(f"c{i:x} 01 3c0106"), PASS) for i in range(16)], (1, READ, "request-outstanding"),
    ]),
    "requests that ask for a confirmation": ("dnp3-operate", [
        (1, m("e0 01 3c0206"), "request-asks-confirmation"), (1, m("e" + crob(3, 0)[1:]), "request-asks-confirmation"),
        (1, READ, PASS),
    ]),
    "where the policy permits them": ("confirmed", [
        (1, m("e0 01 3c0206"), PASS), (1, m("e1 01 3c0206"), PASS), (1, m("e2 01 3c0206"), "request-outstanding"),
    ]),
    "indexes of what has none": ("dnp3-all", [
        (1, m("c0 01 3c02 17 02 0c 01"), "bad-format"), (1, m("c0 01 3c02 28 0100 0c01"), "bad-format"),
        (1, m("c0 01 3c02 17 00"), "bad-format"), (1, m("c0 14 3c02 17 01 00"), "bad-format"),
        (1, m("c0 16 3c02 17 01 00 1e00 06"), "bad-format"), (1, m("c0 01 1e02 17 02 0c 01"), PASS),
    ]),
    "limits of controls": ("dnp3-operate", [
        (1, m(crob(3, 0, index=3, code="81")), PASS), (1, m(crob(3, 0, index=4)), "point-not-allowed"),
        (1, m(crob(3, 0, code="03")), "control-not-allowed"), (1, m(crob(3, 0, index=10, code="03")), PASS),
        (1, m(crob(3, 0, index=19, code="04", on="ffffffff")), PASS),
        (1, m(crob(3, 0, index=19, code="44")), "control-not-allowed"),
        (1, m(crob(3, 0, code="01")), "control-not-allowed"), (1, m(crob(3, 0, code="c1")), "control-not-allowed"),
        (1, m(crob(3, 0, code="51")), "control-not-allowed"), (1, m(crob(3, 0, code="61")), "control-not-allowed"),
        (1, m(crob(3, 0, count="02")), "control-not-allowed"), (1, m(crob(3, 0, on="d1070000")), "control-not-allowed"),
        (1, m(crob(3, 0, on="00000000")), "control-not-allowed"), (1, m(crob(3, 0), dst=11), "link-address-not-allowed"),
        # two in one request: both must be allowed
        (1, m("c0 03 0c01 17 02 00 4101 6400000064000000 00 04 4101 6400000064000000 00"), "point-not-allowed"),
        (1, m("c0 03 0c01 17 02 00 4101 6400000064000000 00 03 4101 6400000064000000 00"), PASS),
        # by a count alone nobody knows the points
        (1, m("c0 03 0c01 07 01 4101 6400000064000000 00"), "point-not-allowed"),
    ]),
    "limits of values": ("dnp3-operate", [
        (1, m(setpoint(3, 0, "0000c842")), PASS), (1, m(setpoint(3, 0, "0100c842")), "analog-value-not-allowed"),
        (1, m(setpoint(3, 0, "0000c07f")), "analog-value-not-allowed"), (1, m(setpoint(3, 0, "000000bf")), "analog-value-not-allowed"),
        (1, m(setpoint(3, 0, "6400", 2)), PASS), (1, m(setpoint(3, 0, "ffff", 2)), "analog-value-not-allowed"),
        (1, m(setpoint(3, 0, "64000000", 1)), PASS), (1, m(setpoint(3, 0, "65000000", 1)), "analog-value-not-allowed"),
        (1, m(setpoint(3, 0, "0000000000000000", 4)), "object-not-allowed"),
        (1, m(setpoint(3, 0, "0000c842", index=2)), "point-not-allowed"),
    ]),
    # a decimal bound as the float nearest to it, and its neighbours
    "bounds of floats": ("tenths", [
        (1, m(setpoint(3, 0, "cdcccc3d")), PASS), (1, m(setpoint(3, 0, "3333333f")), PASS),
        (1, m(setpoint(3, 0, "cecccc3d")), "analog-value-not-allowed"), (1, m(setpoint(3, 0, "3233333f")), "analog-value-not-allowed"),
        (1, m(setpoint(3, 0, "9a9999999999b93f", 4)), PASS), (1, m(setpoint(3, 0, "9b9999999999b93f", 4)), "analog-value-not-allowed"),
    ]),
    "everything": ("dnp3-all", [
        (1, m("c3 01 3c0106", dst=65535), PASS), (1, m("c0 0d"), PASS), (1, m(crob(5, 1, code="ff", count="ff")), PASS),
        (1, m("c0 01 46055b 01 0800 1122334455667788"), PASS), (1, m("c0 19 46035b 01 0300 aabbcc"), PASS),
        (1, m("c0 02 6401 00 00 00 11223344"), PASS), (1, m("c0 01 0100 86"), PASS), (1, m("c0 70"), "function-not-allowed"),
        (1, m("c0 01 0100 00 05"), "truncated"), (1, m("c0 01 0100 00 05 04"), "bad-format"),
        (1, m(crob(6, 9)), PASS), (0, o("c9 81 0000"), "unsolicited-response"), (0, o("c3 81 0000"), "unsolicited-response"),
        (1, m("c0 0d 3c0106"), "trailing-bytes"), (1, m("80 01 3c0106"), "bad-format"), (1, m("40 01 3c0106"), "bad-format"),
    ]),
    "broadcasts and objects of unknown size": ("dnp3-read-only-master", [
        (1, m("c0 01 3c0106", dst=65535), "broadcast-not-allowed"), (1, m("c0 18", dst=65533), "broadcast-not-allowed"),
        (1, m("c0 01 3c0106", dst=65532), PASS), (0, o("c0 81 0000"), PASS),	# self-address
        (1, m("c1 01 0100 86"), "bad-qualifier"), (1, READ, PASS), (0, o("c0 81 0000 6401 00 00 00 11"), "unknown-object"),
    ]),
    "observed only": ("dnp3-read-only/observe", [
        (1, m(crob(5, 0)), "function-not-allowed"), (0, o(crob(129, 0, iin="0000")), PASS),
        (1, cut(LONG)[0], PASS), (1, cut(LONG)[2], "bad-transport-sequence"), (1, READ, PASS), (0, ANSWER, PASS),
        (0, o("f5 82 0000"), "unsolicited-not-allowed"), (0, o("c9 81 0000"), "unsolicited-response"),
    ]),
    "an outstation that calls": ("dnp3-outstation", [
        (1, o("f0 82 8000"), PASS), (0, m("d0 00"), PASS), (0, READ, PASS), (1, ANSWER, PASS),
        (1, READ, "wrong-direction"), (0, ANSWER, "wrong-direction"), (0, m(crob(5, 0)), "function-not-allowed"),
        (0, m("c0 02 5001 00 07 07 00"), PASS),
    ]),
    "secure authentication": ("auth", [
        (1, READ, PASS), (1, m("c0 0d"), "authentication-required"),
        (1, m("c0 0d 7803 07 01 01000000 0100 7809 5b 01 0200 aabb"), PASS),
        (1, m("c0 0d 7803 07 01 01000000 0100"), "authentication-required"),
        (1, m("c1 20 7804 07 01 0100"), PASS), (0, o("c1 83 0000 7805 5b 01 0b00 01000000 0100 01 02 04 0000"), PASS),
        (1, m("c2 0d"), "authentication-required"),
        (1, m("c3 20 7804 07 01 0100"), PASS), (0, o("c3 83 0000 7805 5b 01 0b00 01000000 0100 01 01 04 0000"), PASS),
        (1, m("c4 0d"), PASS), (1, m("c4 0d", dst=11), "authentication-required"),
    ]),
}
# Conversations about how many requests may wait for an answer; in the others so many may
# as no conversation has.
OUTSTANDING = ("one request at a time", "each station has its own", "what is not answered is not waited for",
           "requests that ask for a confirmation", "where the policy permits them")
# Those about time: 1.2 seconds from message to message. Of the others, a hundredth.
SLOW = ("a select lives five seconds", "or as long as the policy says")
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
MORE = {
    "tenths": """tenths = { protocol = "dnp3"; allow = (
  { functions = [ "select", "operate", "direct-operate" ]; masters = 1; outstations = 10; objects = [ "41.*" ]; points = 0;
    analog_values = ( [ 0.0, 0.1 ], [ 0.7, 1.0 ] ); } ); };""",
    "auth": """auth = { protocol = "dnp3"; require_secure_authentication = true; allow = (
  { functions = [ "read", "authentication" ]; masters = "any"; outstations = "any"; objects = "any"; points = "any"; },
  { functions = [ "restart" ]; masters = "any"; outstations = "any"; objects = "any"; points = "any"; } ); };""",
    "two-seconds": """two-seconds = { protocol = "dnp3"; select_before_operate = true; select_timeout = 2; allow = (
  { functions = [ "select", "operate" ]; masters = 1; outstations = 10; objects = [ "12.1" ]; points = 0;
    operations = "any"; trip_close = "any"; count = "any"; on_time = "any"; off_time = "any"; } ); };""",
    "confirmed": """confirmed = { protocol = "dnp3"; confirmed_requests = true; outstanding = 2; allow = (
  { functions = [ "read" ]; masters = 1; outstations = 10; objects = "any"; points = "any"; } ); };""",
}


# What hides where the next frame begins ends the connection; a datagram is dropped.
HIDDEN = {
    "a byte before it": (b"\0" + OPERATE, "no-frame"), "start octets turned round": (b"\x64\5" + OPERATE[2:], "no-frame"),
    "a length below 5": (b"\5\x64\4" + OPERATE[3:], "bad-length"),
    "the header's CRC": (OPERATE[:8] + bytes([OPERATE[8] ^ 1]) + OPERATE[9:], "bad-crc"),
    "a length without its CRC": (OPERATE[:2] + bytes([OPERATE[2] + 16]) + OPERATE[3:], "bad-crc"),
    "a whole frame in a lying one": (frame(0xC4, 10, 1, b"\xc0" + bytes(40))[:10] + OPERATE, "bad-crc"),
}


def check_hidden(zonectl, where, name, transport):
    data, reason = HIDDEN[name]
    whole = name == "a whole frame in a lying one"	# its length is a good one: it is waited for, and cut out
    conversation = transport(40000)
    packets = [conversation.packet(True, x) for x in (READ, data + (READ * 4 if whole else b""), OPERATE)]
    write_pcap(f"{where}/c.pcap", conversation.opening + packets)
    with open(f"{where}/m.conf", "w") as f:
        f.write(MODEL.format(policy="dnp3-read-only", mode="enforce", text='@include "dnp3-read-only.conf"'))
    out = subprocess.run([zonectl, "replay", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60).stdout.splitlines()
    good = "accept" in out[0] and f"reason={reason}" in out[1] and not any("accept" in x for x in out[1:] if "operate" in x)
    if not good:
        print(f"{name}, {transport.__name__}:", *out, sep="\n  ")
    return not good


def policy_text(name, policy):
    text = MORE.get(policy)
    if not text:
        with open(os.path.join(RULES, policy + ".conf"), encoding="utf-8") as f:
            text = f.read()
    if name in OUTSTANDING or "outstanding =" in text:
        return text
    return text.replace('protocol = "dnp3";', 'protocol = "dnp3"; outstanding = 16;')


def model(name):
    """The conversation's own, and whether it only observes."""
    policy, mode = (CASES[name][0].split("/") + ["enforce"])[:2]
    return MODEL.format(policy=policy, mode=mode, text=policy_text(name, policy)), mode == "observe"


def is_a_part(data):
    """Is this a frame of a request in several, which over UDP are in one datagram?"""
    return len(data) > 10 and data[3] & 0x4F in (0x43, 0x44) and data[10] & 0xC0 != 0xC0


def check(zonectl, where, name, transport):
    steps = CASES[name][1]
    text, observes = model(name)
    conversation = transport(40000)
    write_pcap(f"{where}/c.pcap", conversation.opening + [conversation.packet(d == 1, b) for d, b, _ in steps],
               1200000 if name in SLOW else 10000)
    with open(f"{where}/m.conf", "w") as f:
        f.write(text)
    out = subprocess.run([zonectl, "replay", "--json", "--checksums", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60)
    got = [json.loads(x) for x in out.stdout.splitlines()]
    if out.returncode not in (0, 5) or len(got) != len(steps):
        print(f"{name}, {transport.__name__}: {len(got)} of {len(steps)} messages, status {out.returncode}", out.stderr)
        return 1
    wrong = 0
    for i, (step, g) in enumerate(zip(steps, got)):
        verdict = "accept" if step[2] == PASS else "observed" if observes else "drop"
        if (g["reason"], g["verdict"]) != (step[2], verdict):
            print(f"{name}, {transport.__name__}, message {i}: {g['verdict']} {g['reason']}, want {verdict} {step[2]}")
            wrong += 1
    return wrong


# Datagrams of several frames: what each frame comes to, and whether the datagram goes on. A request is whole in one.
DATAGRAMS = [
    (1, cut(LONG), [PASS] * len(cut(LONG)), True),
    (1, cut(LONG)[:-1], ["not-in-one-datagram"] + ["bad-transport-sequence"] * (len(cut(LONG)) - 2), False),
    (1, cut(LONG)[-1:], ["bad-transport-sequence"], False),
    # the end of another station's fragment ends nothing
    (1, cut(LONG)[:1] + cut(LONG, dst=11)[-1:], ["not-in-one-datagram", "bad-transport-sequence"], False),
    (1, cut(LONG)[:1] + [READ], ["not-in-one-datagram", PASS], False),
    (1, [READ, READ], [PASS, PASS], True),
    (0, answer(0)[:3], [PASS] * 3, True), (0, answer(0)[2:3], ["repeated-frame"], False),
    (0, answer(0)[3:], [PASS] * len(answer(0)[3:]), True),
]


def check_datagrams(zonectl, where):
    conversation = Udp(40000)
    write_pcap(f"{where}/c.pcap", [conversation.packet(d == 1, b"".join(frames)) for d, frames, _, _ in DATAGRAMS])
    with open(f"{where}/m.conf", "w") as f:
        f.write(MODEL.format(policy="dnp3-read-only-master", mode="enforce",
                             text=policy_text("", "dnp3-read-only-master")))
    out = subprocess.run([zonectl, "replay", "--json", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60)
    got = [json.loads(x) for x in out.stdout.splitlines()]
    wrong = 0
    for i, (_, _, reasons, passes) in enumerate(DATAGRAMS):
        mine = [g for g in got if g.get("frame", g.get("id")) == i + 1]
        if [g["reason"] for g in mine] != reasons or all(g["verdict"] == "accept" for g in mine) != passes:
            print(f"datagram {i}:", [(g["verdict"], g["reason"]) for g in mine], "want", reasons)
            wrong += 1
    return wrong


# Frames of two stations' responses in turn, each of so many frames: what each comes to. Without the key the first
# segment of the second ends the first's; with a datagram that is refused, all that is begun ends.
TURNS = len(answer(0))
KEY = "interleaved_responses = true;"
ONE_WINS = [PASS, PASS] + ["interleaved-response", PASS] * (TURNS - 1)
IN_TURN = {
    (Tcp, "", "enforce"): ONE_WINS, (Tcp, "", "observe"): ONE_WINS, (Udp, "", "observe"): ONE_WINS,
    (Udp, "", "enforce"): [PASS, PASS] + ["interleaved-response", "bad-transport-sequence"] * (TURNS - 1),
    **{(transport, KEY, mode): [PASS, PASS] * TURNS for transport in (Tcp, Udp) for mode in ("enforce", "observe")},
}


def check_interleaved(zonectl, where, case, six):
    transport, key, mode = case
    conversation = ({Tcp: Tcp6, Udp: Udp6}[transport] if six else transport)(40000)
    steps = [(1, READ), (1, m("c0 01 3c0206", dst=11)),
             *[(0, f) for pair in zip(answer(0), answer(9, src=11)) for f in pair],
             (0, o("c0 81 0000")), *[(0, f) for f in answer(20)]]	# nobody is kept from what comes next
    write_pcap(f"{where}/c.pcap", conversation.opening + [conversation.packet(d == 1, b) for d, b in steps])
    text = policy_text("", "dnp3-read-only-master").replace("outstanding = 16;", "outstanding = 16; " + key)
    with open(f"{where}/m.conf", "w") as f:
        f.write(MODEL.format(policy="dnp3-read-only-master", mode=mode, text=text))
    out = subprocess.run([zonectl, "replay", "--json", "--checksums", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60)
    got = [(g["verdict"], g["reason"]) for g in map(json.loads, out.stdout.splitlines())]
    refused = "observed" if mode == "observe" else "drop"
    want = [("accept" if r == PASS else refused, r)
            for r in [PASS, PASS] + IN_TURN[case] + [PASS] * (1 + TURNS)]
    if got != want:
        print("in turn", case, six, got, "want", want, sep="\n  ")
    return got != want


def check_two_connections(zonectl, where):
    """A station may collect the segments of all its connections in one place: a long request of one waits for
    that of another, until the station has answered."""
    first, second = Tcp(40000), Tcp(40001)
    steps = [(first, 1, cut(LONG)[0], PASS), (second, 1, cut(LONG, 0, 40)[0], "station-busy"),
             (second, 1, READ, PASS), (second, 1, cut(LONG, dst=11)[0], PASS),
             *[(first, 1, f, PASS) for f in cut(LONG)[1:]],
             (second, 1, cut(LONG, 0, 40)[0], "station-busy"), (second, 1, cut(LONG, 0, 40)[1], "bad-transport-sequence"),
             (first, 0, o("c1 81 0000"), PASS), *[(second, 1, f, PASS) for f in cut(LONG, 0, 40)],
             (first, 1, cut(LONG)[0], "station-busy")]
    write_pcap(f"{where}/c.pcap", first.opening + second.opening + [t.packet(d == 1, b) for t, d, b, _ in steps])
    with open(f"{where}/m.conf", "w") as f:
        f.write(MODEL.format(policy="dnp3-read-only-master", mode="enforce",
                             text=policy_text("", "dnp3-read-only-master")))
    out = subprocess.run([zonectl, "replay", "--json", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60)
    got = [json.loads(x)["reason"] for x in out.stdout.splitlines()]
    want = [s[3] for s in steps]
    if got != want:
        print("two connections:", got, "want", want, sep="\n  ")
    return got != want


def main():
    zonectl, where = sys.argv[1:3]
    wrong = sum(check(zonectl, where, name, t) for name in CASES for t in (Tcp, Udp)
                if t is Tcp or not any(d == 1 and is_a_part(b) for d, b, _ in CASES[name][1]))
    wrong += check_datagrams(zonectl, where) + check_two_connections(zonectl, where)
    wrong += sum(check_interleaved(zonectl, where, case, six) for case in IN_TURN for six in (False, True))
    wrong += sum(check_hidden(zonectl, where, name, t) for name in HIDDEN for t in (Tcp, Udp))
    n = sum(len(steps) for _, steps in CASES.values())
    print(f"dnp3: {len(CASES)} conversations, {n} messages, {len(HIDDEN)} lost frames, over TCP and UDP; {wrong} not as they must be")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
