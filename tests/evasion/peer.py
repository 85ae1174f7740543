# SPDX-License-Identifier: MIT
"""One attacker: an address that no kernel owns, and one TCP connection by hand."""
import random
import socket
import struct
import threading
import time

import bench
from wire import ACK, FIN, MF, NOP, PSH, RST, SYN, frag6, ip4, ip6, tcp, timestamps

PROBE_TID = 0x7777


def adu(tid, unit, fc, body, pid=0, length=None):
    n = 2 + len(body) if length is None else length
    return struct.pack(">HHHBB", tid, pid, n & 0xFFFF, unit, fc) + body


class Peer:
    """The client side of a connection. Places in the stream (`at`) count from its first byte."""

    def __init__(self, world, row, family, addr, port):
        self.world, self.row, self.family, self.addr, self.sport = world, row, family, addr, port
        af = socket.AF_INET if family == 4 else socket.AF_INET6
        self.src = socket.inet_pton(af, addr)
        self.device = world.device_address(family, row.device)
        self.dst = socket.inet_pton(af, self.device)
        self.random = random.Random(row.name)
        self.isn = 1000000 + self.random.randrange(1 << 30)
        self.permitted = set()
        self.count = 0
        self.win, self.auto_ack, self.ts, self.peer_ts = 8192, True, None, 0
        self.lock = threading.Condition()
        self.keep = []                  # sockets of the kernel's, open until the end
        self.start()
        world.wire.peers[(addr, port)] = self

    def start(self):
        """Forget the connection, not the messages."""
        self.nxt, self.una, self.rcv, self.got = 0, -1, None, b""
        self.syn_ack = self.rst = self.fin = False
        self.seen = []

    # ---- messages: each with its own transaction and unit, so that records are not merged ----
    def message(self, fc, body, tid=None, unit=None, **kw):
        self.count += 1
        return adu(self.count if tid is None else tid, self.count if unit is None else unit, fc, body, **kw)

    def read(self, addr=600, qty=2, **kw):
        m = self.message(3, struct.pack(">HH", addr, qty), **kw)
        self.permitted.add(m)
        return m

    def write(self, **kw):
        return self.message(6, struct.pack(">HH", 600, 4711), **kw)

    def pair(self):
        """A read and a write that differ in every byte from the function code on."""
        r = self.read(addr=0x0102, qty=3)
        return r, r[:7] + b"\x06" + struct.pack(">HH", 0x2030, 0x4050)

    # ---- packets out ----
    def ip(self, payload, ttl=64, ipopts=b"", exts=(), ident=0, frag=0, badipsum=False, tos=0,
           label=0):
        if self.family == 4:
            return ip4(self.src, self.dst, payload, ttl, ident, frag, ipopts, badipsum, tos)
        return ip6(self.src, self.dst, payload, ttl, exts, tos, label)

    def segment(self, data=b"", at=None, flags=ACK | PSH, ack=None, seq=None, opts=b"", ts=None, **kw):
        """opts that bring timestamps of their own are for a connection without them."""
        at = self.nxt if at is None else at
        seq = self.isn + 1 + at if seq is None else seq
        ack = (self.rcv or 0) if ack is None else ack
        ts = self.ts if ts is None else ts
        if ts and not flags & (SYN | RST):
            opts = timestamps(ts, self.peer_ts) + opts
        kw.setdefault("win", self.win)
        return tcp(self.src, self.dst, self.sport, 502, seq, ack, flags, data, opts=opts, **kw)

    def send(self, data=b"", at=None, decoy=False, ttl=64, ipopts=b"", exts=(), ident=0, frag=0,
             badipsum=False, trailer=b"", tos=0, label=0, **kw):
        """One packet; a decoy does not move the place of the next one."""
        seg = self.segment(data, at, **kw)
        if not decoy:
            self.nxt = max(self.nxt, (self.nxt if at is None else at) + len(data))
        self.world.wire.send(self.ip(seg, ttl, ipopts, exts, ident, frag, badipsum, tos, label), trailer)

    def pieces(self, data, cuts, order=None, gap=0.0):
        """The stream in pieces that begin at the given places, in the given order."""
        base, cuts = self.nxt, list(cuts)
        parts = list(zip(cuts, cuts[1:] + [len(data)]))
        for i in range(len(parts)) if order is None else order:
            a, b = parts[i]
            self.send(data[a:b], at=base + a)
            time.sleep(gap)

    def fragments(self, seg, cuts, order=None):
        """A TCP segment as IP fragments that begin at the given places (multiples of 8)."""
        ident = self.random.randrange(1, 65536)
        parts = list(zip(cuts, cuts[1:] + [len(seg)]))
        for i in range(len(parts)) if order is None else order:
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
            elif self.rcv is not None:
                if not s.flags & SYN:
                    self.take_data(s)
            elif s.flags & SYN and s.ack == (self.isn + 1) & 0xFFFFFFFF:
                self.syn_ack, self.rcv, self.peer_ts = True, (s.seq + 1) & 0xFFFFFFFF, s.tsval()
            elif s.flags & ACK:         # RFC 9293 3.10.7.3: not what was asked for
                self.send(flags=RST, seq=s.ack, decoy=True)
            if s.flags & ACK:
                una = (s.ack - self.isn - 1) & 0xFFFFFFFF
                self.una = max(self.una, una if una < 1 << 31 else -1)
            self.lock.notify_all()

    def take_data(self, s):
        self.peer_ts = s.tsval()
        n = len(s.data)
        if s.seq == self.rcv and (self.win or not n):
            self.rcv = (self.rcv + n + bool(s.flags & FIN)) & 0xFFFFFFFF
            self.got += s.data
            self.fin = self.fin or bool(s.flags & FIN)
        if (n or s.flags & FIN) and self.auto_ack:
            self.send(flags=ACK)

    def wait(self, ready, seconds=1.0):
        with self.lock:
            return self.lock.wait_for(ready, seconds)

    def acked(self, n, seconds=0.6):
        return self.wait(lambda: self.una >= n, seconds)

    def answered(self, n=1, seconds=1.0):
        """n whole answers have come."""
        return self.wait(lambda: len(messages(self.got)[0]) >= n, seconds)

    # ---- a connection ----
    def syn(self, data=b"", seq=None, opts=b"", flags=SYN, **kw):
        self.send(data, seq=self.isn if seq is None else seq, flags=flags, ack=0, opts=opts,
                  decoy=True, **kw)

    def open(self, opts=b"", ts=None, tries=3, **kw):
        self.ts = ts
        if ts:
            opts = NOP + NOP + struct.pack(">BBII", 8, 10, ts, 0) + opts
        for _ in range(tries):
            self.syn(opts=opts, **kw)
            if self.wait(lambda: self.syn_ack, 0.7):
                self.send(flags=ACK)
                break
        return self.syn_ack

    def close(self):
        """In order, from our side; the device's application closes when it reads the end."""
        self.send(flags=FIN | ACK, decoy=True)
        self.nxt += 1
        self.wait(lambda: self.fin)
        self.send(flags=ACK, decoy=True)

    def again(self, isn=None):
        """The same ports, a new connection."""
        time.sleep(0.05)
        with self.lock:
            self.isn = self.isn + 1000000 if isn is None else isn
            self.start()
        return self.open()

    def probe(self, seconds=2.0):
        """A permitted read where the row left off: is it answered?"""
        m = adu(PROBE_TID, 1, 3, struct.pack(">HH", 10, 1))
        self.permitted.add(m)
        at, tid = self.nxt, m[:2]
        for i in range(4):
            self.send(m, at=at)
            if self.wait(lambda: self.rst or any(a[:2] == tid for a in messages(self.got)[0]), seconds / 4):
                break
        return any(a[:2] == tid for a in messages(self.got)[0])

    def sessions(self):
        return self.world.device.sessions.get((self.addr, self.sport), [])

    def kernel_socket(self):
        """A connection of a real TCP stack instead (offload makes super-packets)."""
        self.addr = self.world.own_address(self.family)
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        s = bench.socket_in(self.world.client_ns, family, socket.SOCK_STREAM)
        s.bind((self.addr, self.sport))
        s.settimeout(2)
        s.connect((self.device, 502))
        self.keep.append(s)
        return s


def messages(stream):
    """Whole messages by their length fields, and what is left over."""
    out = []
    while len(stream) >= 8:
        n = 6 + struct.unpack(">H", stream[4:6])[0]
        if n < 8 or len(stream) < n:
            break
        out.append(stream[:n])
        stream = stream[n:]
    return out, stream
