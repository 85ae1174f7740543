#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeds of fuzz-gaps: conversations of every protocol with packets lost, turned round, or joined late.

usage: gen-seeds-gaps.py DIRECTORY      (tests/fuzz/seeds-gaps)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
sys.dont_write_bytecode = True
import gaps  # noqa: E402

SERVER, LOST, LATER, NO_ACK, END, SECOND = 1, 2, 4, 8, 16, 32
RECORDING, JOINED = 4, 8
HOW = {
    "whole": lambda k, n: 0,
    "one-lost": lambda k, n: LOST if k == 4 else 0,
    "many-lost": lambda k, n: LOST if k % 5 == 4 else 0,
    "turned-round": lambda k, n: LATER if k % 3 == 1 else 0,
    "slow": lambda k, n: SECOND | (LOST if k == 6 else 0),
    "no-acknowledgement": lambda k, n: NO_ACK | (LOST if k == 5 else 0),
    "ended": lambda k, n: END if k >= n - 2 else 0,
}


def records(steps, how):
    """In pieces of at most 255 octets, since a length is one."""
    pieces = [(d, data[a:a + 255]) for d, data in steps for a in range(0, len(data), 255)]
    return b"".join(bytes([(0 if d else SERVER) | how(k, len(pieces)), len(data)]) + data
                    for k, (d, data) in enumerate(pieces))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for number, protocol in enumerate(("modbus", "dnp3", "opcua", "iec104")):
        steps = gaps.TALKS[protocol][2](5)
        for name, how in HOW.items():
            for opt, kind in ((0, "observed"), (RECORDING, "recorded"), (RECORDING | JOINED, "joined")):
                with open(os.path.join(folder, f"{protocol}-{name}-{kind}"), "wb") as f:
                    f.write(bytes([number | opt]) + records(steps, how))


main()
