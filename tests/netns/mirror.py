#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mirror port: every frame that goes by an interface, in either direction, is copied.

mirror.py INTERFACE to INTERFACE          as it is
mirror.py INTERFACE vxlan ADDRESS         in VXLAN (RFC 7348)
mirror.py INTERFACE erspan ADDRESS        in ERSPAN type II over GRE
"""
import socket
import struct
import sys

ALL = 3


def main():
    source, how, to = sys.argv[1:]
    mirrored = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    mirrored.bind((source, ALL))
    number = 0
    if how == "to":
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        out.bind((to, 0))
    elif how == "vxlan":
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    else:
        out = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    # not connected: whoever has no such tunnel answers with errors, which would end up here
    where = (to, 0) if how == "to" else (to, 4789 if how == "vxlan" else 0)
    print("ready", flush=True)
    while True:
        frame = mirrored.recv(65536)
        if how == "vxlan":
            frame = struct.pack("!II", 8 << 24, 7 << 8) + frame
        elif how == "erspan":
            number += 1
            gre = struct.pack("!HHI", 0x1000, 0x88be, number)
            frame = gre + struct.pack("!HHI", 1 << 12 | 1, 0x1800 | 3, 0) + frame
        try:
            out.sendto(frame, where)
        except OSError:             # the interface is away
            pass


if __name__ == "__main__":
    main()
