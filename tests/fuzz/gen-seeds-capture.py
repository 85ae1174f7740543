#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of fuzz-capture and fuzz-fragment: the captures of tests/pcap/encapsulations.py with a few packets
each, and lists of fragments.

usage: gen-seeds-capture.py (in tests/fuzz)
"""
import gzip
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../pcap"))
import encapsulations as e  # noqa: E402

FEW = e.PACKETS[3:5] + e.PACKETS[15:16] + e.PACKETS[31:32] + e.PACKETS[43:44]


def fragment(packet, more, offset, length, seconds=0, eights=True):
    return bytes([packet | more << 2 | seconds << 3, offset, length, not eights])


FRAGMENTS = {
    "in-order": [(0, 1, 0, 2), (0, 0, 2, 3)],
    "backwards": [(0, 0, 2, 3), (0, 1, 1, 1), (0, 1, 0, 1)],
    "duplicate": [(0, 1, 0, 2), (0, 1, 1, 1), (0, 0, 2, 1)],
    "overlap": [(0, 1, 0, 2), (0, 1, 1, 2), (0, 0, 3, 1)],
    "over-two": [(0, 1, 1, 1), (0, 1, 0, 1), (0, 1, 0, 2), (0, 0, 2, 1)],
    "end-moves": [(0, 0, 2, 1), (0, 1, 0, 4), (0, 1, 0, 2)],
    "two-ends": [(0, 0, 2, 1), (0, 0, 3, 1), (0, 1, 0, 2)],
    "too-late": [(0, 1, 0, 2), (0, 0, 2, 3, 30), (0, 1, 0, 2, 31)],
    "too-late-6": [(0, 1, 0, 2), (1, 1, 0, 2, 31), (0, 0, 2, 3, 29)],
    "empty": [(0, 1, 0, 0), (0, 0, 0, 0), (0, 1, 0, 1), (0, 0, 1, 1)],
    "odd": [(0, 1, 0, 9, 0, False), (0, 0, 1, 3, 0, False)],
    "mixed": [(i % 4, 1, i // 4, 1) for i in range(40)] + [(i, 0, 10, 1) for i in range(4)],
    "many-between": [(0, 1, 0, 1)] + [(1, 1, i, 1) for i in range(70)] + [(0, 0, 1, 1)],
}


def main():
    for name, (link, wrap) in e.KINDS.items():
        e.write(f"{HERE}/seeds-capture/{name}", e.pcap(link, [f for p in FEW for f in wrap(p)]))
    e.PACKETS[:] = FEW * 2
    e.PLAIN[:] = [e.eth(p) for p in FEW]
    for name, data in (("pcap-be", e.pcap(1, e.PLAIN, ">")), ("pcap-ns", e.pcap(1, e.PLAIN, "<", True)),
                       ("pcap-snap", e.pcap(1, e.PLAIN, snap=60)), ("pcap-gz", gzip.compress(e.pcap(1, e.PLAIN), mtime=0)),
                       ("pcapng-le", e.pcapng_interfaces("<")), ("pcapng-be", e.pcapng_interfaces(">")),
                       ("pcapng-sections", e.pcapng_sections()), ("pcapng-simple", e.pcapng_simple())):
        e.write(f"{HERE}/seeds-capture/{name}", data)
    for name, parts in FRAGMENTS.items():
        e.write(f"{HERE}/seeds-fragment/{name}", b"".join(fragment(*p) for p in parts))


main()
