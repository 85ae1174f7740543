# SPDX-License-Identifier: MIT
"""Modbus/TCP by hand for the scripts of the lab: a message, a connection, an answer that must come."""
import socket
import struct
import sys


def message(tid, unit, pdu):
    return struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu


def connect(host, port, delay=False):
    """delay: as TCP does by itself (Nagle), so that parts of messages wait for acknowledgements."""
    s = socket.create_connection((host, int(port)), timeout=5)
    if not delay:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def must_get(s, want):
    """These octets, however they are cut; else the script ends and says what came instead."""
    got = b""
    while len(got) < len(want):
        part = s.recv(4096)
        if not part:
            sys.exit("the connection ended after %s" % got.hex())
        got += part
    if got != want:
        sys.exit("got %s, expected %s" % (got.hex(), want.hex()))
