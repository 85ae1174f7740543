# SPDX-License-Identifier: MIT
"""IEC 60870-5-104: APDUs for captures of conversations (which dnp3_wire.py writes)."""
import os
import re
import struct

PORT = 2404
FUNCTIONS = {"STARTDT act": 0x07, "STARTDT con": 0x0B, "STOPDT act": 0x13, "STOPDT con": 0x23,
             "TESTFR act": 0x43, "TESTFR con": 0x83}
SAMPLES = os.path.join(os.path.dirname(__file__), "../unit/iec104-samples.h")


def apdu(control, rest=b""):
    return bytes([0x68, 4 + len(rest)]) + control + rest


def i(ns, nr, asdu):
    """An I frame with these numbers."""
    return apdu(struct.pack("<HH", ns << 1 & 0xFFFF, nr << 1 & 0xFFFF), asdu)


def s(nr):
    return apdu(struct.pack("<HH", 1, nr << 1 & 0xFFFF))


def u(function):
    """A U frame, by the name of its function ("STARTDT act")."""
    return apdu(bytes([FUNCTIONS[function], 0, 0, 0]))


def address(ioa):
    return struct.pack("<I", ioa)[:3]


def asdu(type_number, cause, objects, ca=7, oa=0, sq=False, n=None):
    """An ASDU. objects: (address, element in hex), ...; with sq only the first address is written.
    cause: with 0x40 negative, with 0x80 a test. n: what the header says, if not how many there are."""
    head = struct.pack("<BBBBH", type_number, (0x80 if sq else 0) | (len(objects) if n is None else n), cause, oa, ca)
    return head + b"".join((b"" if sq and k else address(ioa)) + bytes.fromhex(element)
                           for k, (ioa, element) in enumerate(objects))


def samples():
    """A good element of every type, as the unit tests have it: number, element, the cause with which the
    controlling and the controlled station send it (0: never), and whether its objects have an address."""
    with open(SAMPLES, encoding="utf-8") as f:
        text = f.read()
    times = dict(re.findall(r'#define (SAMPLE_CP\d+) "([^"]*)"', text))
    for number, element, asks, tells, no_address in re.findall(
            r'\{ (\d+), "\w+", ((?:"[^"]*"|SAMPLE_CP\d+| )+), (\d+), (\d+), (true|false) \}', text):
        parts = re.findall(r'"([^"]*)"|(SAMPLE_CP\d+)', element)
        yield (int(number), "".join(quoted or times.get(name, "") for quoted, name in parts),
               int(asks), int(tells), no_address == "false")
