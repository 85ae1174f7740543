#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small DNP3 outstation and master for the lab, over TCP and UDP.

usage: dnp3-peer.py outstation ADDRESS PORT LOG      one line per fragment it took: function, sequence, objects;
                                                     "acted" where its outputs move
       dnp3-peer.py master tcp|udp ADDRESS PORT ACTION...

The master does the actions in order on one connection and prints what came
back: "ACTION FUNCTION", "ACTION none" after a while, or "ACTION ended".
An action is a name below, or hex of a fragment; "slow:" before it sends its
frames octet by octet, "dst=N:" to another station, "bad:" with a broken CRC,
"apart:" each frame in a datagram of its own.
"""
import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
from dnp3_wire import crc, frame, segments

MASTER, STATION, BROADCAST = 1, 10, range(0xFFFD, 0x10000)
RELAY = "0c01 28 0100 0000 41 01 e8030000 00000000 00"
ACTIONS = {
    "read": "c0013c02063c03063c04063c0106", "long": "c101" + "1e0200 0009" * 120, "clear": "c2025001 00 07 07 00",
    "select": "c303" + RELAY, "operate": "c404" + RELAY, "direct": "c505" + RELAY, "restart": "c60d",
    "time": "c7023201 07 01 112233445566",
}


class Link:
    """Frames out of bytes and fragments out of frames, as clauses 9 and 8 of the standard want it."""

    def __init__(self, me):
        self.me, self.data, self.parts, self.seq = me, b"", None, 0

    def take(self, data):
        """(source, destination, fragment), one after the other; what is no frame is passed over."""
        self.data += data
        while True:
            at = self.data.find(b"\5\x64")
            self.data = self.data[at:] if at >= 0 else self.data[-1:] if self.data[-1:] == b"\5" else b""
            if len(self.data) < 10:
                return
            head, check = self.data[:8], self.data[8:10]
            user = head[2] - 5
            length = 10 + user + 2 * ((user + 15) // 16)
            if user < 0 or crc(head) != check:
                self.data = self.data[2:]
                continue
            if len(self.data) < length:
                return
            body, self.data = self.data[10:length], self.data[length:]
            blocks = [body[i:i + 18] for i in range(0, len(body), 18)]
            dst, src = struct.unpack("<HH", head[4:])
            sound = all(crc(b[:-2]) == b[-2:] for b in blocks)
            if sound and user and (dst == self.me or dst in BROADCAST):
                yield from self.segment(src, dst, b"".join(b[:-2] for b in blocks))

    def segment(self, src, dst, user):
        fin, fir, seq = user[0] >> 7, user[0] >> 6 & 1, user[0] & 63
        if fir:
            self.parts = user[1:]
        elif self.parts is None or seq != (self.seq + 1) & 63:
            self.parts = None
            return
        else:
            self.parts += user[1:]
        self.seq = seq
        if fin:
            whole, self.parts = self.parts, None
            yield src, dst, whole


def answer(fragment):
    """What the outstation says; None: nothing."""
    seq, function, objects = fragment[0] & 15, fragment[1], fragment[2:]
    if function in (0, 6, 8, 10, 12):
        return None
    body = objects if function in (3, 4, 5) else b"\x1e\2\0\0\0\1\x11\0" if function == 1 else b""
    return bytes([0xC0 | seq, 129, 0, 0]) + body


class Outputs:
    """As a stack in wide use does it: one selection per station, which an operate does not use
    up; a request that is the same as the last one is answered again, and not acted on."""

    def __init__(self):
        self.last, self.selected = b"", None

    def act(self, fragment):
        seq, function, objects = fragment[0] & 15, fragment[1], fragment[2:]
        again, self.last = fragment == self.last, fragment
        if function == 3:
            self.selected = ((seq + 1) & 15, objects)
        return not again and (function in (5, 6) or (function == 4 and self.selected == (seq, objects)))


OUTPUTS = Outputs()


def serve(data, link, log):
    """Frames that answer these bytes."""
    out = []
    for src, dst, fragment in link.take(data):
        print(fragment[1], fragment[0] & 15, fragment[2:].hex(), file=log, flush=True)
        if OUTPUTS.act(fragment):
            print("acted", file=log, flush=True)
        said = answer(fragment)
        if said and dst not in BROADCAST:
            out += [frame(0x44, src, STATION, s) for s in segments(said, 0)]
    return b"".join(out)


def outstation(address, port, path):
    log = open(path, "w")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    tcp = socket.create_server((address, port), family=family)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind((address, port))
    peers, links = {}, {}
    print("ready", file=log, flush=True)
    while True:
        for s in select.select([tcp, udp, *peers], [], [], 60)[0]:
            if s is tcp:
                peers[tcp.accept()[0]] = Link(STATION)
            elif s is udp:
                data, who = udp.recvfrom(2048)
                said = serve(data, links.setdefault(who, Link(STATION)), log)
                if said:
                    udp.sendto(said, who)
            else:
                try:
                    data = s.recv(4096)
                    s.sendall(serve(data, peers[s], log))
                except OSError:
                    data = b""
                if not data:
                    del peers[s]
                    s.close()


def frames_of(action):
    dst, words = STATION, action.split(":")
    for w in words[:-1]:
        dst = int(w[4:]) if w.startswith("dst=") else dst
    fragment = bytes.fromhex(ACTIONS.get(words[-1], words[-1]))
    frames = [frame(0xC4, dst, MASTER, s) for s in segments(fragment, 0)]
    if "bad" in words:
        frames[-1] = frames[-1][:-1] + bytes([frames[-1][-1] ^ 1])
    return frames, "slow" in words, "apart" in words


def send(s, action):
    frames, slow, apart = frames_of(action)
    if s.type == socket.SOCK_DGRAM and not apart:
        frames = [b"".join(frames)]
    for f in frames:
        if slow and s.type == socket.SOCK_STREAM:
            for i in range(len(f)):
                s.sendall(f[i:i + 1])
                time.sleep(0.001)
        else:
            s.sendall(f)


def master(transport, address, port, actions):
    stream = transport == "tcp"
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((address, port))
    if stream:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link = Link(MASTER)
    for action in actions:
        try:
            send(s, action)
        except OSError:
            print(action, "ended", flush=True)
            break
        print(action, hear(s, link), flush=True)
    s.close()


def hear(s, link):
    until = time.monotonic() + 1
    while time.monotonic() < until:
        s.settimeout(max(0.01, until - time.monotonic()))
        try:
            data = s.recv(4096)
        except TimeoutError:
            break
        except OSError:
            return "ended"
        for _, _, fragment in link.take(data):
            return fragment[1]
        if not data:
            return "ended"
    return "none"


if sys.argv[1] == "outstation":
    outstation(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    master(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
