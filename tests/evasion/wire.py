# SPDX-License-Identifier: MIT
"""Packets by hand: whatever a TCP/IP stack would never send (RFC 791, 8200, 9293)."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
MF, DF, EVIL = 0x2000, 0x4000, 0x8000
NOP = b"\x01"
MD5 = b"\x13\x12" + bytes(16) + NOP + NOP       # RFC 2385


def sum16(data):
    if len(data) & 1:
        data += b"\0"
    s = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    s = (s & 0xFFFF) + (s >> 16)
    return ~((s & 0xFFFF) + (s >> 16)) & 0xFFFF


def timestamps(val, ecr):
    return NOP + NOP + struct.pack(">BBII", 8, 10, val & 0xFFFFFFFF, ecr)


def tcp(src, dst, sport, dport, seq, ack, flags, data=b"", win=8192, opts=b"", urg=0, doff=None,
        reserved=0, badsum=False):
    """A segment; src and dst are packed addresses."""
    opts += bytes(-len(opts) % 4)
    off = doff if doff is not None else 5 + len(opts) // 4
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                       off << 4 | reserved, flags, win, 0, urg)
    n = len(head) + len(opts) + len(data)
    pseudo = src + dst + struct.pack(">II", n, 6)       # IPv4's has the same sum
    s = sum16(pseudo + head + opts + data)
    if badsum:
        s ^= 0x5555
    return head[:16] + struct.pack(">H", s) + head[18:] + opts + data


def ip4(src, dst, payload, ttl=64, ident=0, frag=0, opts=b"", badipsum=False, tos=0):
    opts += bytes(-len(opts) % 4)
    n = 20 + len(opts) + len(payload)
    head = struct.pack(">BBHHHBBH", 0x45 + len(opts) // 4, tos, n, ident, frag, ttl, 6,
                       0) + src + dst + opts
    s = sum16(head)
    if badipsum:
        s ^= 0x5555
    return head[:10] + struct.pack(">H", s) + head[12:] + payload


def ip6(src, dst, payload, ttl=64, exts=(), tos=0, label=0):
    """exts: (protocol number, body behind its next-header byte) in order."""
    kinds = [k for k, _ in exts] + [6]
    chain = b"".join(bytes([kinds[i + 1]]) + body for i, (_, body) in enumerate(exts))
    n = len(chain) + len(payload)
    return struct.pack(">IHBB", 6 << 28 | tos << 20 | label, n, kinds[0], ttl) + src + dst + chain + payload


def frag6(offset, more, ident):
    return (44, struct.pack(">BHI", 0, offset | more, ident))


def checksummed(ip):
    """The same packet with its TCP checksum filled in, as the wire would have it."""
    four = ip[0] >> 4 == 4
    off = (ip[0] & 15) * 4 if four else 40
    if (ip[9] if four else ip[6]) != 6:
        return ip
    ends = ip[12:20] if four else ip[8:40]
    end = struct.unpack(">H", ip[2:4])[0] if four else 40 + struct.unpack(">H", ip[4:6])[0]
    seg = ip[off:off + 16] + b"\0\0" + ip[off + 18:end]
    n = len(seg)
    s = sum16(ends + struct.pack(">II", n, 6) + seg)
    return ip[:off] + seg[:16] + struct.pack(">H", s) + seg[18:] + ip[end:]


class Segment:
    """What came back, as far as an attacker cares; None-like when it is not TCP."""

    def __init__(self, ip):
        four = ip[0] >> 4 == 4
        off = (ip[0] & 15) * 4 if four else 40
        self.ok = (ip[9] if four else ip[6]) == 6 and len(ip) >= off + 20
        if not self.ok:
            return
        end = struct.unpack(">H", ip[2:4])[0] if four else 40 + struct.unpack(">H", ip[4:6])[0]
        self.dst = socket.inet_ntop(socket.AF_INET if four else socket.AF_INET6,
                                    ip[16:20] if four else ip[24:40])
        (self.sport, self.dport, self.seq, self.ack, doff, self.flags, self.win) = \
            struct.unpack(">HHIIBBH", ip[off:off + 16])
        head = off + (doff >> 4) * 4
        self.opts = ip[off + 20:head]
        self.data = ip[head:end]

    def tsval(self):
        o = self.opts
        while o and o[0] != 0:
            if o[0] == 1:
                o = o[1:]
            elif o[0] == 8 and len(o) >= 10:
                return struct.unpack(">I", o[2:6])[0]
            else:
                o = o[max(o[1], 2):] if len(o) > 1 else b""
        return 0
