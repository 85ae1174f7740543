#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# zone.py FILE TIME SECONDS [TIME SECONDS]...: a time zone (TZif, RFC 8536) whose clocks show 12:00:05 of the day in UTC at
# the first TIME, and are put on by SECONDS at each other one. So windows of a model open and close within seconds.
import struct
import sys

times = [int(t) for t in sys.argv[2::2]]
ahead = 12 * 3600 + 5 - times[0] % 86400
offsets = []
for seconds in sys.argv[3::2]:
    ahead += int(seconds)
    offsets.append(ahead)


def header(changes, types):
    return b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, changes, types, 4)


def kinds(values):
    return b"".join(struct.pack(">iBB", v, 0, 0) for v in values) + b"LAB\0"


with open(sys.argv[1], "wb") as f:
    f.write(header(0, 1) + kinds([0]) + header(len(times), len(times)))
    f.write(struct.pack(">%dq" % len(times), *times) + bytes(range(len(times))) + kinds(offsets) + b"\n\n")
