#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A master and stations of IEC 60870-5-104 for tests/netns/iec104.sh. The stations are ours; what they do
with what should not come is what public ones were seen to do, each another part of it.

iec104-peer.py stations LOG                     one of each STYLES; each says what it executes in LOG
iec104-peer.py master ADDRESS[,SOURCE] ACTION...    prints each action and what came back

Actions: start stop test gi single select execute off many ..., or hex of an ASDU; before it "slow:" (octet by
octet), "test:", "alone:" (without STARTDT), "ns=N:" (another number), "raw:" (hex of whole octets), "wait=N:" (seconds).
"second=SOURCE" is a connection of another source that starts, is printed as what it got, and stays until the end.
"reports:N": so many acknowledgements, each with what station 23 reports then.
"""
import select
import socket
import struct
import sys
import time

# What a station does, by the last part of its addresses: 10.10.2.N and fd00:10:2::N.
STYLES = {
    20: {"mask": True, "selects": False},       # U frames by bits; closes when a read ends behind 0x68; executes selects
    21: {"skips": True, "early": "ignore"},     # looks for the next 0x68, ignores I frames before STARTDT
    # takes everything; the next STARTDT closes the connection that was started
    22: {"skips": True, "early": "take", "numbers": False, "cause": False, "one": True},
    23: {"reports": 8},         # reports so much at each acknowledgement
}
PORT = 2404
REPORT = bytes.fromhex("240103000100a00f000000803f00" "24771411bb0b1a")    # a float with its time


def apdu(ns, nr, asdu):
    return struct.pack("<BBHH", 0x68, 4 + len(asdu), ns << 1 & 0xFFFF, nr << 1 & 0xFFFF) + asdu


class Station:
    """One connection. `took` are octets that no frame has used."""

    def __init__(self, style, log, family):
        self.style, self.log, self.family = style, log, family
        self.started, self.ns, self.nr, self.took, self.selected = False, 0, 0, b"", None

    def read(self, data):
        """What one read returned; answers, or None: it closes."""
        self.took, out = self.took + data, b""
        while self.took:
            if self.took[0] != 0x68 or (len(self.took) > 1 and self.took[1] < 4):
                if not self.style.get("skips"):
                    return None
                self.took = self.took[1:]
                continue
            if len(self.took) == 1:
                if not self.style.get("skips"):
                    return None
                break
            n = self.took[1] + 2
            if len(self.took) < n:
                break
            frame, self.took = self.took[:n], self.took[n:]
            said = self.frame(frame)
            if said is None:
                return None
            out += said
        return out

    def u(self, control, function):
        return control & function == function if self.style.get("mask") else control == function

    def frame(self, f):
        if not f[2] & 1:
            return self.information(f)
        if f[2] & 3 == 1:
            return b"".join(self.answer(REPORT) for _ in range(self.style.get("reports", 0)))
        if self.u(f[2], 0x43):
            return bytes.fromhex("680483000000")
        if self.u(f[2], 0x07):
            self.started = True
            return bytes.fromhex("68040b000000")
        if self.u(f[2], 0x13):
            self.started = False
            return bytes.fromhex("680423000000")
        return b""

    def information(self, f):
        early = self.style.get("early")
        if not self.started and early != "take":
            return b"" if early == "ignore" else None
        ns = struct.unpack("<H", f[2:4])[0] >> 1
        if ns != self.nr and self.style.get("numbers", True):
            return None
        self.nr = (ns + 1) & 0x7FFF
        return b"".join(self.answer(a) for a in self.asdu(f[6:]))

    def answer(self, asdu):
        self.ns += 1
        return apdu(self.ns - 1, self.nr, asdu)

    def asdu(self, a):
        if len(a) < 10 or (a[2] & 0x3F != 6 and self.style.get("cause", True)):
            return []
        point = a[0], a[4:9]
        if 45 <= a[0] <= 51:
            selecting = a[0] != 51 and a[9 if a[0] <= 47 else 11 if a[0] <= 49 else 13] & 0x80
            execute = not selecting or not self.style.get("selects", True)
            self.selected = point if selecting else None
            print("executed" if execute else "selected", a[0], struct.unpack("<H", a[4:6])[0], int.from_bytes(a[6:9], "little"),
                  a[9:].hex(), file=self.log, flush=True)
        else:
            print("asked", a[0], file=self.log, flush=True)
        return [a[:2] + bytes([a[2] & 0xC0 | 7]) + a[3:]]


def stations(path):
    log = open(path, "w", encoding="utf-8")
    listeners, peers = {}, {}

    def evict(by):
        """A station of its kind has one started connection."""
        for s, p in list(peers.items()):
            if p.style is by.style and p.family == by.family and p is not by and p.started:
                print("evicted", file=log, flush=True)
                del peers[s]
                s.close()
    for n, style in STYLES.items():
        for family, address in ((socket.AF_INET, f"10.10.2.{n}"), (socket.AF_INET6, f"fd00:10:2::{n}")):
            listeners[socket.create_server((address, PORT), family=family)] = style
    print("ready", file=log, flush=True)
    while True:
        for s in select.select([*listeners, *peers], [], [], 60)[0]:
            if s in listeners:
                peers[s.accept()[0]] = Station(listeners[s], log, s.family)
                continue
            if s not in peers:
                continue
            try:
                data = s.recv(4096)
                said = peers[s].read(data) if data else None
                if peers[s].started and peers[s].style.get("one"):
                    evict(peers[s])
                if said:
                    s.sendall(said)
            except OSError:
                said = None
            if said is None:
                print("closed", file=log, flush=True)
                del peers[s]
                s.close()


ASDUS = {
    "gi": "64010600010000000014", "clock": "670106000100000000" "24771411bb0b1a", "all": "640106 00ffff00000014",
    "single": "2d0106000100" "4c0400" "05", "far": "2d0106000100" "881300" "01", "ca9": "2d0106000900" "4c0400" "05",
    "select": "2e0106000100" "e80300" "82", "execute": "2e0106000100" "e80300" "02", "off": "2e0106000100" "e80300" "01",
    "two": "2d0206000100" "4c0400" "05" "881300" "01", "reset": "690106000100" "000000" "01", "tail": "2d0106000100" "4c0400" "05" "00",
    "testbit": "2d0186000100" "4c0400" "05", "confirm": "2d0107000100" "4c0400" "05",
}
U = {"start": 0x07, "stop": 0x13, "test": 0x43, "mask": 0x0F}


class Master:
    def __init__(self, address, source=None):
        self.s = socket.create_connection((address, PORT), 5, source and (source, 0))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ns, self.nr, self.took = 0, 0, b""

    def octets(self, action):
        words = action.split(":")
        last, ns = words[-1], self.ns
        for w in words[:-1]:
            if w.startswith("ns="):
                ns = int(w[3:])
            if w.startswith("wait="):
                time.sleep(float(w[5:]))
        if "raw" in words[:-1]:
            return bytes.fromhex(last)
        if last in U:
            return bytes([0x68, 4, U[last], 0, 0, 0])
        self.ns += 1
        return b"".join(bytes([x]) for x in apdu(ns, self.nr, bytes.fromhex(ASDUS.get(last, last))))

    def frames(self, n):
        """the next n, whole"""
        got = []
        while len(got) < n:
            while len(self.took) < 2 or len(self.took) < self.took[1] + 2:
                self.s.settimeout(5)
                data = self.s.recv(4096)
                if not data:
                    raise ConnectionError
                self.took += data
            got.append(self.took[:self.took[1] + 2])
            self.took = self.took[self.took[1] + 2:]
        return got

    def reports(self, n):
        try:
            for i in range(n):
                self.s.sendall(struct.pack("<BBHH", 0x68, 4, 1, self.nr << 1 & 0xFFFF))
                for f in self.frames(STYLES[23]["reports"]):
                    assert f == apdu(self.nr, self.ns, REPORT), f.hex()
                    self.nr = (self.nr + 1) & 0x7FFF
                if i % 16 == 15:
                    self.s.sendall(bytes([0x68, 4, U["test"], 0, 0, 0]))
                    assert self.frames(1)[0][2] == 0x83
        except OSError:
            return "ended"
        return "ok"

    def act(self, action):
        if action.startswith("reports:"):
            return self.reports(int(action[8:]))
        data = self.octets(action)
        try:
            for part in [data[k:k + 1] for k in range(len(data))] if "slow:" in action else [data]:
                self.s.sendall(part)
                time.sleep(0.002)
        except OSError:
            return "ended"
        return self.hear()

    def hear(self):
        until = time.monotonic() + 1
        while time.monotonic() < until:
            self.s.settimeout(max(0.01, until - time.monotonic()))
            try:
                data = self.s.recv(4096)
            except TimeoutError:
                break
            except OSError:
                return "ended"
            if not data:
                return "ended"
            self.took += data
            if len(self.took) >= 2 and len(self.took) >= self.took[1] + 2:
                f, self.took = self.took[:self.took[1] + 2], self.took[self.took[1] + 2:]
                if f[2] & 1:
                    return "%02x" % f[2]
                self.nr += 1
                return "%d/%d" % (f[6], f[8] & 0x3F)
        return "none"


def master(address, actions):
    to, _, source = address.partition(",")
    m, others = Master(to, source), []
    for action in actions:
        if action.startswith("second="):
            others.append(Master(to, action[7:]))
            print(action, others[-1].act("start"), flush=True)
            continue
        got = m.act(action)
        print(action, got, flush=True)
        if got == "ended":
            break


if sys.argv[1] == "stations":
    stations(sys.argv[2])
else:
    master(sys.argv[2], sys.argv[3:])
