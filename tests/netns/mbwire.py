# SPDX-License-Identifier: MIT
"""Modbus/TCP by hand for the scripts of the lab: a message, a connection, an answer that must come, a device."""
import socket
import struct
import sys
import threading


def message(tid, unit, pdu, more=0):
    """more: by so much the length field is too large."""
    return struct.pack(">HHHB", tid, 0, len(pdu) + 1 + more, unit) + pdu


def exactly(s, n):
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        if not part:
            raise OSError("closed")
        got += part
    return got


def one(s):
    """The next message: its header, and what is behind that."""
    head = exactly(s, 7)
    return head, exactly(s, struct.unpack(">H", head[4:6])[0] - 1)


def serve(port, device):
    """device(s) for each connection, until that ends."""
    def until_end(s):
        try:
            device(s)
        except OSError:
            s.close()
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        threading.Thread(target=until_end, args=(listener.accept()[0],), daemon=True).start()


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
