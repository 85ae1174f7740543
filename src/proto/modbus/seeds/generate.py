#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz-modbus/: direction byte (0 request, 1 response), then one ADU. The result is
committed, so a build needs no Python."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))

PDUS = {  # function: (request, response)
    "01": ("01 0013 0013", "01 03 CD6B05"),
    "02": ("02 00C4 0016", "02 03 ACDB35"),
    "03": ("03 006B 0003", "03 06 022B 0000 0064"),
    "04": ("04 0008 0001", "04 02 000A"),
    "05": ("05 00AC FF00", "05 00AC FF00"),
    "06": ("06 0001 0003", "06 0001 0003"),
    "07": ("07", "07 6D"),
    "08-echo": ("08 0000 A537 1234", "08 0000 A537 1234"),
    "08-restart": ("08 0001 FF00", "08 0001 FF00"),
    "08-counter": ("08 000B 0000", "08 000B 0007"),
    "11": ("0B", "0B FFFF 0108"),
    "12": ("0C", "0C 08 0000 0108 0121 2000"),
    "15": ("0F 0013 000A 02 CD01", "0F 0013 000A"),
    "16": ("10 0001 0002 04 000A 0102", "10 0001 0002"),
    "17": ("11", "11 03 4142FF"),
    "20": ("14 0E 06 0004 0001 0002 06 0003 0009 0002", "14 0C 05 06 0DFE 0020 05 06 33CD 0040"),
    "21": ("15 0D 06 0004 0007 0003 06AF 04BE 100D", "15 0D 06 0004 0007 0003 06AF 04BE 100D"),
    "22": ("16 0004 00F2 0025", "16 0004 00F2 0025"),
    "23": ("17 0003 0006 000E 0003 06 00FF 00FF 00FF", "17 0C 00FE 0ACD 0001 0003 000D 00FF"),
    "24": ("18 04DE", "18 0006 0002 01B8 1284"),
    "43-13": ("2B 0D 0102", "2B 0D 0304"),
    "43-14": ("2B 0E 01 00", "2B 0E 01 01 00 00 03 00 03 414243 01 02 3132 02 01 56"),
    "90": ("5A 00 02", "5A 00 FE 01"),
    "exception": ("03 0000 0001", "83 02"),
}
BAD = {  # name: (direction, whole ADU)
    "protocol-id": (0, "0001 0001 0006 01 03 0000 0001"),
    "length-0": (0, "0001 0000 0000 01 03 0000 0001"),
    "length-1": (0, "0001 0000 0001 01"),
    "length-255": (0, "0001 0000 00FF 01 03 0000 0001"),
    "quantity-0": (0, "0001 0000 0006 01 03 0000 0000"),
    "address-wrap": (0, "0001 0000 0006 01 03 FFFF 0002"),
    "coil-value": (0, "0001 0000 0006 01 05 0000 0001"),
    "byte-count": (0, "0001 0000 000B 01 10 0001 0002 08 000A 0102"),
    "padding-bits": (0, "0001 0000 0008 01 0F 0000 0001 01 FF"),
    "file-length": (0, "0001 0000 000C 01 15 09 06 0001 0000 FFFF 0000"),
    "file-sum": (0, "0001 0000 0011 01 14 0E 06 0001 0000 0070 06 0001 0000 0070"),
    "mei-object": (1, "0001 0000 000B 01 2B 0E 01 01 00 00 01 00 FF 41"),
    "fifo-count": (1, "0001 0000 0006 01 18 0042 0020"),
    "trailing": (0, "0001 0000 0007 01 03 0000 0001 00"),
    "request-bit7": (0, "0001 0000 0003 01 83 02"),
}


def adu(pdu, tid=1, unit=1):
    body = bytes([unit]) + bytes.fromhex(pdu)
    return tid.to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(2, "big") + body


def seeds():
    for name, pair in PDUS.items():
        for direction, pdu in enumerate(pair):
            yield f"{name}-{('request', 'response')[direction]}", bytes([direction]) + adu(pdu)
    for name, (direction, text) in BAD.items():
        yield f"bad-{name}", bytes([direction]) + bytes.fromhex(text)


def main():
    for name, data in seeds():
        with open(os.path.join(HERE, "fuzz-modbus", name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
