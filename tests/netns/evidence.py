#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One Modbus connection: two reads, a write of register 10, two reads. evidence.py HOST PORT

Prints "answers N". What is not answered is not waited for long."""
import socket
import struct
import sys

READ, WRITE = bytes.fromhex("0300000001"), bytes.fromhex("06000a0007")
answers = 0
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as s:
    s.settimeout(0.5)
    for tid, pdu in enumerate([READ, READ, WRITE, READ, READ], 1):
        s.sendall(struct.pack(">HHHB", tid, 0, len(pdu) + 1, 1) + pdu)
        try:
            answers += len(s.recv(256)) > 0
        except TimeoutError:
            pass
print("answers", answers)
