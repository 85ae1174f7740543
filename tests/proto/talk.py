#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""talk.py FILE: a capture of a connection to port 7: a short message, its answer, a long message."""
import struct
import sys

SYN, ACK, PSH = 2, 16, 8
A, B = bytes((10, 1, 0, 5)), bytes((10, 2, 0, 5))


def packet(from_client, flags, seq, ack, data=b""):
    ends = (A, B) if from_client else (B, A)
    ports = (40000, 7) if from_client else (7, 40000)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 8192, 0, 0) + data
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends[0] + ends[1] + tcp


def main():
    short, long = b"\3abc", b"\x09abcdefghi"
    packets = [packet(True, SYN, 100, 0), packet(False, SYN | ACK, 500, 101), packet(True, ACK, 101, 501),
               packet(True, ACK | PSH, 101, 501, short), packet(False, ACK | PSH, 501, 105, short),
               packet(True, ACK | PSH, 105, 505, long)]
    with open(sys.argv[1], "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", 1700000000, i * 1000, len(p), len(p)) + p)


main()
