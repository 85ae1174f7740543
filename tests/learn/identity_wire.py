#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages in which devices say what they are: EtherNet/IP (ListIdentity, and the Identity object over CIP) and S7 (system
status list). As a program: identity_wire.py pcap FILE, a capture of both; identity_wire.py seeds FOLDER, of fuzz-identity."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
import dnp3_wire  # noqa: E402

ASK_ALL = bytes([1, 2, 0x20, 1, 0x24, 1])


def enip(command, data=b"", context=7):
    return struct.pack("<HHIIQI", command, len(data), 1, 0, context, 0) + data


def identity(name, vendor=1):
    return struct.pack("<HHHBBHI", vendor, 14, 55, 20, 13, 0x60, 0x12345678) + bytes([len(name)]) + name


def listed(name, vendor=1):
    item = struct.pack("<H", 1) + struct.pack(">HHI", 2, 44818, 0x0a020009) + bytes(8) + identity(name, vendor) + b"\3"
    return enip(0x63, struct.pack("<HHH", 1, 0x0c, len(item)) + item)


def cip(message, context=7):
    return enip(0x6f, bytes(6) + struct.pack("<HHHHH", 2, 0, 0, 0xb2, len(message)) + message, context)


def connected(message, sequence):
    message = struct.pack("<H", sequence) + message
    return enip(0x70, bytes(6) + struct.pack("<HHHIHH", 2, 0xa1, 4, 9, 0xb1, len(message)) + message)


def attributes(name, service=0x81, status=0):
    return bytes([service, 0, status, 0]) + identity(name, 47)


def szl(part, records, size, code=0xff):
    body = struct.pack(">HHHH", part, 0, size, len(records)) + b"".join(records)
    data = bytes([code, 9]) + struct.pack(">H", len(body)) + body
    parameters = bytes.fromhex("000112 08 12 84 01 01 00 00 0000")
    s7 = struct.pack(">BBHHHH", 0x32, 7, 0, 1, len(parameters), len(data)) + parameters + data
    return struct.pack(">BBH", 3, 0, 7 + len(s7)) + bytes([2, 0xf0, 0x80]) + s7


def orders(text, index=1):
    return szl(0x11, [struct.pack(">H20sHHH", 6, b"ROUND ABOUT", 0, 1, 1), struct.pack(">H20sHHH", index, text.ljust(20), 0, 1, 1)], 28)


def names(name, kind):
    return szl(0x1c, [struct.pack(">H32s", i, t) for i, t in ((1, b"STATION"), (2, name), (4, b"Copyright"), (7, kind))], 34)


SEEDS = {"list-identity": b"\2" + listed(b"1769-L32E Logix"), "asks-all": b"\0" + cip(ASK_ALL), "all-attributes": b"\6" + cip(attributes(b"NX"), 0),
         "connected": b"\6" + connected(attributes(b"CJ2M"), 0), "order-number": b"\3" + orders(b"6ES7 315-2EH14-0AB0"),
         "names": b"\3" + names(b"PLC_1", b"CPU 315-2 PN/DP"), "two": b"\3" + orders(b"6ES7") + names(b"", b"CPU")}


def write_capture(path):
    dnp3_wire.CLIENT, packets = bytes([10, 1, 0, 5]), []
    for last, port, says in (
            (9, 44818, [(1, enip(0x63)), (0, listed(b"1769-L32E Logix5332E")), (0, listed(b"1769-L32E Logix5332E"))]),
            (10, 44818, [(1, cip(ASK_ALL)), (0, cip(attributes(b"NX102-9000")))]),
            (11, 44818, [(1, cip(bytes([1, 2, 0x20, 4, 0x24, 1]))), (0, cip(attributes(b"NOT AN IDENTITY")))]),
            (12, 102, [(1, bytes.fromhex("03000016 11e00000000100c1020100c2020102c0010a")), (0, orders(b"6ES7 315-2EH14-0AB0")),
                       (0, names(b"PLC_1", b"CPU 315-2 PN/DP"))])):
        dnp3_wire.SERVER = bytes([10, 2, 0, last])
        talk = dnp3_wire.Tcp(40000, port, acknowledges=True)
        packets += talk.opening + [talk.packet(bool(who), data) for who, data in says]
    dnp3_wire.write_pcap(path, packets)


if __name__ == "__main__":
    if sys.argv[1] == "pcap":
        write_capture(sys.argv[2])
    for seed, content in SEEDS.items() if sys.argv[1] == "seeds" else ():
        with open(os.path.join(sys.argv[2], seed), "wb") as f:
            f.write(content)
