#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One Modbus connection, of which one request takes another way than the rest.

gaps.py HOST PORT AROUND FOLDER     says "opened" in FOLDER, waits for "gate" there, prints how many answers came"""
import os
import struct
import subprocess
import sys
import time

import mbwire

WAIT = 2.0


def ask(s, tid, pdu):
    s.settimeout(WAIT)
    s.sendall(mbwire.message(tid, 1, pdu))
    head, _ = mbwire.one(s)
    return struct.unpack(">H", head[:2])[0] == tid


def route(host, *words):
    subprocess.run(["ip", "route", words[0], host + "/32", *words[1:]], check=True)


def main():
    host, port, around, folder = sys.argv[1:5]
    s = mbwire.connect(host, port)
    here = s.getsockname()[0]
    answers = int(ask(s, 1, struct.pack(">BHH", 3, 0, 1)))
    with open(os.path.join(folder, "opened"), "w", encoding="ascii"):
        pass
    while not os.path.exists(os.path.join(folder, "gate")):
        time.sleep(0.02)
    try:
        answers += ask(s, 2, struct.pack(">BHH", 6, 1, 11))
        route(host, "replace", "via", around, "dev", "around", "src", here)
        try:
            answers += ask(s, 3, struct.pack(">BHH", 6, 2, 22))
        finally:
            route(host, "del")
        answers += ask(s, 4, struct.pack(">BHH", 3, 1, 2))
        answers += ask(s, 5, struct.pack(">BHHBH", 16, 3, 1, 2, 33))
    except OSError:     # the gate ended it
        pass
    print(answers)


main()
