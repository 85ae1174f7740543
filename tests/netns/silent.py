#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A gateway to serial devices of which only unit 1 is alive.

    silent.py serve PORT                answers unit 1; silent for others, and for broadcasts (unit 0)
    silent.py broadcast HOST PORT N     N writes to all units, each with a read of unit 1 behind it
    silent.py flood HOST PORT N         N reads of unit 2 without waiting, then one of unit 1"""
import socket
import struct
import sys

from mbwire import message, one, serve


def device(s):
    while True:
        head, pdu = one(s)
        if head[6] != 1:
            continue
        n = struct.unpack(">H", pdu[3:5])[0]
        s.send(message(struct.unpack(">H", head[:2])[0], 1, struct.pack(">BB", pdu[0], 2 * n) + bytes(2 * n)))


def read(s, tid):
    s.send(message(tid, 1, struct.pack(">BHH", 3, 0, 2)))
    if struct.unpack(">H", one(s)[0][:2])[0] != tid:
        sys.exit("an answer to something else than %d" % tid)


def main(way, *args):
    if way == "serve":
        serve(int(args[0]), device)
    s = socket.create_connection((args[0], int(args[1])), timeout=3)
    n = int(args[2])
    for tid in range(1, n + 1):
        if way == "broadcast":
            s.send(message(tid, 0, struct.pack(">BHH", 6, 5, tid)))
            read(s, n + tid)
        else:
            s.send(message(tid, 2, struct.pack(">BHH", 3, 0, 2)))
    read(s, 2 * n + 1)
    print("%d: unit 1 always answered" % n)


if __name__ == "__main__":
    main(*sys.argv[1:])
