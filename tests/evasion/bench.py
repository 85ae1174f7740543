# SPDX-License-Identifier: MIT
"""The places of the lab that the suite works from: the device (a TCP server
application that keeps what it read), the attacker's wire, and the recorder on
both sides of the gateway. One process with sockets in three namespaces."""
import ctypes
import json
import select
import socket
import struct
import subprocess
import threading
import time

import wire

ETH_P_ALL, OUTGOING, SOL_PACKET, AUXDATA, CSUM_NOT_READY, TIMESTAMPNS = 3, 4, 263, 8, 8, 35
TCP_FASTOPEN, MPTCP = 23, 262
libc = ctypes.CDLL(None, use_errno=True)


def socket_in(ns, *args):
    """A socket of another network namespace; this thread comes back."""
    with open("/proc/thread-self/ns/net") as home, open("/run/netns/" + ns) as there:
        if libc.setns(there.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return socket.socket(*args)
        finally:
            libc.setns(home.fileno(), 0x40000000)


def mac_of(ns, dev):
    out = subprocess.run(["ip", "-n", ns, "-j", "link", "show", dev], check=True,
                         capture_output=True).stdout
    return bytes.fromhex(json.loads(out)[0]["address"].replace(":", ""))


def packet_socket(ns, dev):
    s = socket_in(ns, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)       # SO_RCVBUFFORCE
    s.bind((dev, ETH_P_ALL))
    return s


def answer(tid, unit, pdu, pid=0, length=None):
    return struct.pack(">HHHB", tid, pid, 1 + len(pdu) if length is None else length, unit) + pdu


# What a hostile device says to a read of these registers, instead of the answer.
HOSTILE = {
    0x6001: lambda tid, unit, pdu: answer(tid ^ 0x4000, unit, pdu),
    0x6002: lambda tid, unit, pdu: answer(tid, unit, pdu) * 2,
    0x6003: lambda tid, unit, pdu: answer(tid, unit, b"\x04" + pdu[1:]),
    0x6004: lambda tid, unit, pdu: answer(tid, unit, b"\x03\x08" + bytes(8)),
    0x6005: lambda tid, unit, pdu: answer(tid, unit, pdu, length=300),
    0x6006: lambda tid, unit, pdu: answer(tid, unit, pdu, pid=1),
    0x6007: lambda tid, unit, pdu: answer(0x5555, unit, b"\x06" + bytes(4)) + answer(tid, unit, pdu),
    0x6008: lambda tid, unit, pdu: answer(tid, unit ^ 0x80, pdu),
}


class Session:
    """One accepted connection: exactly the bytes that the application read."""

    def __init__(self, sock):
        self.sock = sock
        self.read, self.parsed = b"", 0
        self.reset = self.ended = False

    def answer(self):
        """As a simple device: one answer for each frame, by its length field."""
        while len(self.read) - self.parsed >= 8:
            tid, _, n, unit, fc = struct.unpack(">HHHBB", self.read[self.parsed:self.parsed + 8])
            if n < 2 or len(self.read) - self.parsed < 6 + n:
                return
            body = self.read[self.parsed + 8:self.parsed + 6 + n]
            self.parsed += 6 + n
            pdu, say = bytes([fc | 0x80, 1]), answer
            if fc == 3 and len(body) == 4:
                count = body[3] & 0x7F
                pdu = bytes([3, 2 * count]) + bytes(2 * count)
                say = HOSTILE.get(struct.unpack(">H", body[:2])[0], answer)
            elif fc in (5, 6, 15, 16) and len(body) >= 4:
                pdu = bytes([fc]) + body[:4]
            self.sock.send(say(tid, unit, pdu))


class Device(threading.Thread):
    """Its small addresses have a receive buffer of a few hundred bytes, and there the
    application reads nothing until it is told to; its multipath ones speak MPTCP too."""

    def __init__(self, ns, kinds, port=502):
        super().__init__(daemon=True)
        self.sessions = {}
        self.waiting = {}
        self.poll = select.epoll()
        self.by_fd, self.listeners = {}, {}
        for where, kind in kinds.items():
            family = socket.AF_INET6 if ":" in where else socket.AF_INET
            s = socket_in(ns, family, socket.SOCK_STREAM, MPTCP if kind == "multipath" else 0)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if kind == "small":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)    # the least there is
            if not kind:
                s.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 64)
            s.bind((where, port))
            s.listen(512)
            s.setblocking(False)
            self.listeners[s.fileno()] = (s, kind == "small")
            self.poll.register(s, select.EPOLLIN)

    def run(self):
        while True:
            for fd, _ in self.poll.poll():
                try:
                    if fd in self.listeners:
                        self.accept(*self.listeners[fd])
                    else:
                        self.take(self.by_fd[fd])
                except (BlockingIOError, ConnectionAbortedError):
                    pass

    def accept(self, listener, paused):
        s, peer = listener.accept()
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(s)
        self.by_fd[s.fileno()] = session
        self.sessions.setdefault(peer[:2], []).append(session)
        if paused:
            self.waiting[peer[:2]] = s
        else:
            self.poll.register(s, select.EPOLLIN)

    def resume(self, addr, port):
        self.poll.register(self.waiting.pop((addr, port)), select.EPOLLIN)

    def take(self, session):
        try:
            data = session.sock.recv(65536)
            session.read += data
            if data:
                session.answer()
                return
            session.ended = True
        except (ConnectionResetError, TimeoutError):
            session.reset = True
        except BrokenPipeError:
            session.ended = True
        self.poll.unregister(session.sock)
        del self.by_fd[session.sock.fileno()]
        session.sock.close()


class Wire(threading.Thread):
    """The attacker's interface: frames out, segments in to whoever waits for them. What
    takes the way around the gateway comes in at another one."""

    def __init__(self, ns, gateway_mac, own_mac, around):
        super().__init__(daemon=True)
        self.sock = packet_socket(ns, "eth0")
        self.socks = [self.sock, packet_socket(ns, around)]
        self.head = gateway_mac + own_mac
        self.peers = {}

    def send(self, ip, trailer=b""):
        kind = b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd"
        self.sock.send(self.head + kind + ip + trailer)

    def run(self):
        while True:
            for s in select.select(self.socks, [], [])[0]:
                frame, who = s.recvfrom(65600)
                if who[2] != OUTGOING and len(frame) >= 54 and frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
                    self.give(wire.Segment(frame[14:]))

    def give(self, seg):
        peer = seg.ok and self.peers.get((seg.dst, seg.dport))
        if peer:
            peer.take(seg)


class Recorder(threading.Thread):
    """What comes in at the gateway, from the client's side and from the device's."""

    def __init__(self, ns, client_if, device_if):
        super().__init__(daemon=True)
        self.socks = [packet_socket(ns, d) for d in (client_if, device_if)]
        for s in self.socks:
            s.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
            s.setsockopt(SOL_PACKET, AUXDATA, 1)
        self.frames = []
        self.on = False

    def run(self):
        while True:
            for s in select.select(self.socks, [], [])[0]:
                frame, anc, _, who = s.recvmsg(65600, 256)
                if self.on and who[2] != OUTGOING:
                    self.keep(frame, anc)

    def keep(self, frame, anc):
        when, status = time.time_ns(), 0
        for level, kind, data in anc:
            if level == socket.SOL_SOCKET and kind == TIMESTAMPNS:
                sec, nsec = struct.unpack("qq", data[:16])
                when = sec * 10**9 + nsec
            elif level == SOL_PACKET and kind == AUXDATA:
                status = struct.unpack("I", data[:4])[0]
        if status & CSUM_NOT_READY and frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
            frame = frame[:14] + wire.checksummed(frame[14:])
        self.frames.append((when, frame))

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
            for when, frame in sorted(self.frames, key=lambda x: x[0]):
                f.write(struct.pack("<IIII", when // 10**9, when % 10**9, len(frame), len(frame)) + frame)
