# SPDX-License-Identifier: MIT
"""One attacker: an address that no kernel owns, and one TCP connection by hand."""
import random
import socket
import struct
import threading
import time

import bench
from wire import (ACK, PSH, RST, SYN, FIN, MF, NOP, frag6, ip4, ip6, tcp, timestamps)

PROBE_TID = 0x7777
WRITES = {5, 6, 8, 15, 16, 21, 22, 23}


def adu(tid, unit, fc, body, pid=0, length=None):
    n = 2 + len(body) if length is None else length
    return struct.pack(">HHHBB", tid, pid, n & 0xFFFF, unit, fc) + body


class Peer:
    """The client side of a connection. Places in the stream (`at`) count from its first byte."""

    def __init__(self, world, family, addr, port, row):
        self.world, self.family, self.addr, self.sport, self.row = world, family, addr, port, row
        af = socket.AF_INET if family == 4 else socket.AF_INET6
        self.src = socket.inet_pton(af, addr)
        self.device = world.v4 if family == 4 else world.v6
        self.dst = socket.inet_pton(af, self.device)
        self.random = random.Random(row.name)
        self.isn = 1000000 + self.random.randrange(1 << 30)
        self.permitted, self.evil = set(), []
        self.count = 0
        self.win, self.auto_ack, self.ts = 8192, True, None
        self.lock = threading.Condition()
        self.start()
        world.wire.peers[(addr, port)] = self

    def start(self):
        """Forget the connection, not the messages."""
        self.nxt, self.una, self.rcv, self.got = 0, -1, None, b""
        self.syn_ack = self.rst = self.fin = False
        self.seen = []
        self.last = b""

    # ---- messages ----
    def read(self, unit=None, addr=600, qty=2):
        self.count += 1
        m = adu(self.count, self.count if unit is None else unit, 3, struct.pack(">HH", addr, qty))
        self.permitted.add(m)
        return m

    def write(self, unit=None, pid=0, length=None, tid=None):
        self.count += 1
        unit = self.count if unit is None else unit
        return self.bad(6, struct.pack(">HH", 600, 4711), unit, pid, length, tid)

    def bad(self, fc, body, unit=None, pid=0, length=None, tid=None):
        """A message that must not arrive; what follows its length field is looked for."""
        if unit is None:
            self.count += 1
        m = adu(tid or self.count, self.count if unit is None else unit, fc, body, pid, length)
        self.evil.append(m[6:])
        return m

    def pair(self):
        """A read and a write that differ in one byte, the function code."""
        r = self.read()
        w = r[:7] + b"\x06" + r[8:]
        self.evil.append(w[6:])
        return r, w

    # ---- packets out ----
    def ip(self, payload, ttl=64, ipopts=b"", exts=(), ident=0, frag=0, badipsum=False):
        if self.family == 4:
            return ip4(self.src, self.dst, payload, ttl, ident, frag, ipopts, badipsum)
        return ip6(self.src, self.dst, payload, ttl, exts)

    def segment(self, data=b"", at=None, flags=ACK | PSH, ack=None, seq=None, opts=b"", ts=None, **kw):
        at = self.nxt if at is None else at
        seq = self.isn + 1 + at if seq is None else seq
        ack = (self.rcv or 0) if ack is None else ack
        ts = self.ts if ts is None else ts
        if ts and flags & 0x17 != SYN:
            opts = timestamps(ts, self.peer_ts) + opts
        kw.setdefault("win", self.win)
        return tcp(self.src, self.dst, self.sport, 502, seq, ack if flags & ACK or flags == 0 else ack, flags,
                   data, opts=opts, **kw)

    def send(self, data=b"", at=None, decoy=False, ttl=64, ipopts=b"", exts=(), ident=0, frag=0,
             badipsum=False, trailer=b"", **kw):
        """One packet; a decoy does not move the place of the next one."""
        seg = self.segment(data, at, **kw)
        if not decoy:
            self.nxt = max(self.nxt, (self.nxt if at is None else at) + len(data))
            self.last = data or self.last
        self.world.wire.send(self.ip(seg, ttl, ipopts, exts, ident, frag, badipsum), trailer)

    def pieces(self, data, cuts, order=None, gap=0.0):
        """The stream in pieces that begin at the given places, in the given order."""
        base = self.nxt
        ends = cuts[1:] + [len(data)]
        parts = list(zip(cuts, ends))
        for i in order if order is not None else range(len(parts)):
            a, b = parts[i]
            self.send(data[a:b], at=base + a)
            time.sleep(gap)

    def fragments(self, seg, cuts, order=None, ident=None):
        """A TCP segment as IP fragments that begin at the given places (multiples of 8)."""
        ident = ident or self.random.randrange(1, 65536)
        parts = list(zip(cuts, cuts[1:] + [len(seg)]))
        for i in order if order is not None else range(len(parts)):
            a, b = parts[i]
            self.fragment(seg[a:b], a, b < len(seg), ident)

    def fragment(self, data, at, more, ident):
        if self.family == 4:
            p = ip4(self.src, self.dst, data, 64, ident, at // 8 | (MF if more else 0))
        else:
            p = ip6(self.src, self.dst, data, 64, [frag6(at, more, ident)])
        self.world.wire.send(p)

    # ---- packets in ----
    def take(self, s):
        with self.lock:
            self.seen.append(s)
            if s.flags & RST:
                self.rst = True
            elif s.flags & SYN:
                if not self.syn_ack or self.rcv is None:
                    self.syn_ack, self.rcv, self.peer_ts = True, (s.seq + 1) & 0xFFFFFFFF, s.tsval()
                    self.acked_isn = s.ack
            else:
                self.take_data(s)
            if s.flags & ACK:
                una = (s.ack - self.isn - 1) & 0xFFFFFFFF
                self.una = max(self.una, una if una < 1 << 31 else -1)
            self.lock.notify_all()

    def take_data(self, s):
        self.peer_ts = s.tsval()
        n = len(s.data)
        if n and s.seq == self.rcv and self.win:
            self.rcv = (self.rcv + n) & 0xFFFFFFFF
            self.got += s.data
            if s.flags & FIN:
                self.fin, self.rcv = True, (self.rcv + 1) & 0xFFFFFFFF
        elif not n and s.flags & FIN and s.seq == self.rcv:
            self.fin, self.rcv = True, (self.rcv + 1) & 0xFFFFFFFF
        if (n or s.flags & FIN) and self.auto_ack:
            self.send(flags=ACK)

    def wait(self, ready, seconds=1.0):
        with self.lock:
            return self.lock.wait_for(ready, seconds)

    def acked(self, n, seconds=0.6):
        return self.wait(lambda: self.una >= n, seconds)

    # ---- a connection ----
    def syn(self, seq=None, data=b"", opts=b"", **kw):
        self.send(data, seq=self.isn if seq is None else seq, flags=SYN, ack=0, opts=opts, decoy=True, **kw)

    def open(self, opts=b"", ts=None):
        self.ts = ts
        self.peer_ts = 0
        if ts:
            opts = NOP + NOP + struct.pack(">BBII", 8, 10, ts, 0) + opts
        for _ in range(3):
            self.syn(opts=opts)
            if self.wait(lambda: self.syn_ack):
                break
        self.send(flags=ACK)
        return self.syn_ack

    def close(self):
        """In order, from our side; the device's application closes when it reads the end."""
        self.send(flags=FIN | ACK, decoy=True)
        self.wait(lambda: self.fin)
        at, self.nxt = self.nxt, self.nxt + 1
        self.send(flags=ACK, at=at + 1, decoy=True)

    def again(self, isn=None):
        """The same ports, a new connection."""
        time.sleep(0.05)
        self.isn = isn if isn is not None else self.isn + 1000000
        with self.lock:
            self.start()
        return self.open()

    def probe(self):
        """A permitted read where the row left off: is it answered?"""
        m = adu(PROBE_TID, 1, 3, struct.pack(">HH", 10, 1))
        self.permitted.add(m)
        at = self.nxt
        for i in range(4):
            self.send(m, at=at)
            if self.wait(lambda: struct.pack(">H", PROBE_TID) in self.got or self.rst, 0.5):
                break
        return struct.pack(">H", PROBE_TID) in self.got

    # ---- what the device has ----
    def sessions(self):
        return self.world.device.sessions.get((self.addr, self.sport), [])

    def device_read(self):
        return b"".join(s.read for s in self.sessions())

    def kernel_socket(self):
        """A connection of a real TCP stack instead (offload makes super-packets)."""
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        s = bench.socket_in(self.world.client_ns, family, socket.SOCK_STREAM)
        del self.world.wire.peers[(self.addr, self.sport)]
        self.addr = self.world.own4 if self.family == 4 else self.world.own6
        s.bind((self.addr, self.sport))
        s.settimeout(2)
        s.connect((self.device, 502))
        return s
