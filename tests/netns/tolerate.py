#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A device whose answers leave the specification, and a client that takes them.

    tolerate.py serve PORT           the device: one odd form of answer for each request in FORMS
    tolerate.py ask HOST PORT        asks for all forms, each on a connection of its own between plain
                                     reads; prints the names of those whose answer came as it was
                                     sent, and that the reads behind them were answered
    tolerate.py download HOST PORT   function 90, and then a frame of 1,010 octets of it, cut in two
    tolerate.py hide HOST PORT       the same frame, in which a write of register 7 begins where the
                                     second part does. Prints whether the connection lived

A form that begins with "near-" is next to the one of its name."""
import socket
import struct
import sys
import threading
import time

from mbwire import exactly, message, one, serve

READ = bytes.fromhex("0300000002")
GREETING, LONG = bytes.fromhex("5a0001"), 1004
FIRST = 6 + LONG - 476      # what the gate lets go of it before the rest is there


# name: request, answer to it with this identifier (unit 1)
FORMS = {
    "unit-differs": ("0300010001", lambda t: message(t, 9, b"\3\2\0\7")),
    "near-unit-differs": ("0300010002", lambda t: message(t, 9, b"\3\2\0\7")),
    "transaction-zero": ("0300020001", lambda t: message(0, 1, b"\3\2\0\7")),
    "near-transaction-zero": ("0300020002", lambda t: message(t ^ 1, 1, b"\3\4\0\7\0\7")),
    "length-one-more": ("0300030001", lambda t: message(t, 1, b"\x83\2", 1)),
    "near-length-one-more": ("0300030002", lambda t: message(t, 1, b"\x83\2", 2)),
    "padded-exception": ("0300040001", lambda t: message(t, 1, b"\x83\2\0")),
    "near-padded-exception": ("0300040002", lambda t: message(t, 1, b"\x83\2\1")),
    "device-id-form": ("2b0e0100", lambda t: message(t, 1, b"\xab\x0e\1")),
    "near-device-id-form": ("2b0e0200", lambda t: message(t, 1, b"\xab\1\x0e")),
    "file-record-form": ("1407060001000000" + "01", lambda t: message(t, 1, b"\x14\0")),
    "near-file-record-form": ("1507060001000000" + "01", lambda t: message(t, 1, b"\x15\0")),
    "clamped-echo": ("0600050009", lambda t: message(t, 1, bytes.fromhex("0600050003"))),
    "near-clamped-echo": ("0600060009", lambda t: message(t, 1, bytes.fromhex("0600050009"))),
}
BY_REQUEST = {bytes.fromhex(request): answer for request, answer in FORMS.values()}


def device(s):
    while True:
        head, pdu = one(s)
        tid = struct.unpack(">H", head[:2])[0]
        if pdu in BY_REQUEST:
            s.send(BY_REQUEST[pdu](tid))
        elif pdu[0] == 90:
            s.send(message(tid, head[6], b"\x5a\0\xfe" + struct.pack(">H", len(pdu))))
        else:
            s.send(message(tid, head[6], b"\3\4\0\1\0\2"))


def plain(s, tid):
    s.send(message(tid, 1, READ))
    return exactly(s, 13) == message(tid, 1, b"\3\4\0\1\0\2")


def ask_one(host, port, name, came):
    request, answer = FORMS[name]
    s = socket.create_connection((host, port), timeout=3)
    try:
        if not all(plain(s, tid) for tid in range(2, 40)):      # so many that it goes in the kernel
            came["PLAIN"] = True
        s.settimeout(1)
        s.send(message(501, 1, bytes.fromhex(request)))
        wanted = answer(501)
        if exactly(s, len(wanted)) == wanted and plain(s, 502):
            came[name] = True
    except OSError:
        pass
    s.close()


def ask(host, port):
    came = {}
    threads = [threading.Thread(target=ask_one, args=(host, port, name, came)) for name in FORMS]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(" ".join(sorted(came)))


def greet(host, port):
    s = socket.create_connection((host, port), timeout=3)
    s.send(message(1, 0, GREETING))
    return s, one(s)[1]


def in_parts(s, frame):
    s.send(frame[:FIRST])
    time.sleep(1)       # such a device throws away what it has and begins anew after half a second
    s.send(frame[FIRST:])


def download(host, port):
    s, _ = greet(host, port)
    frame = message(2, 0, (b"\x5a\0\x28" + bytes(range(256)) * 4)[:LONG - 1])
    in_parts(s, frame)
    if one(s)[1] != b"\x5a\0\xfe" + struct.pack(">H", LONG - 1):
        sys.exit("another answer than of the whole frame")
    print("the device had the whole frame")


def hide(host, port):
    s, answer = greet(host, port)
    frame = message(2, 0, (b"\x5a\0\x28" + bytes(LONG))[:LONG - 1])
    write = message(3, 1, bytes.fromhex("06000707d0"))
    try:
        in_parts(s, frame[:FIRST] + write + frame[FIRST + len(write):])
        s.settimeout(2)
        lived = bool(s.recv(1))
    except OSError:
        lived = False
    print("greeted with %02x," % answer[0], "answered" if lived else "not answered")


def main(way, *args):
    if way == "serve":
        serve(int(args[0]), device)
    {"ask": ask, "download": download, "hide": hide}[way](args[0], int(args[1]))


main(*sys.argv[1:])
