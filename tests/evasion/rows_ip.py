# SPDX-License-Identifier: MIT
"""Below TCP: options, extension headers, fragments, sizes."""
import time

from table import PAUSE, opened, row

WHOLE = "the kernel puts fragments together before the gate; a capture at the interface has the pieces"
GONE = "the kernel drops it before the gate; a capture at the interface has it"

RECORD_ROUTE = b"\x07\x07\x04" + bytes(4) + b"\x00"
NOPS = b"\x01" * 8
HOP_BY_HOP = (0, b"\x00\x01\x04" + bytes(4))
DESTINATION = (60, b"\x00\x01\x04" + bytes(4))


def three(c):
    """Where fragments begin. Of IPv6 the first must have all of the TCP header (RFC 8200)."""
    return [0, 16, 24] if c.family == 4 else [0, 24]


@opened("ip-nops", "PN98", "a read and a write with IPv4 options that do nothing", "R+ W-", only=4)
def _(c):
    c.send(c.read(), ipopts=NOPS)
    c.acked(12)
    c.send(c.write(), ipopts=NOPS)


@opened("ip-record-route", "PN98", "a read and a write with a record-route option", "R+ W-", only=4)
def _(c):
    c.send(c.read(), ipopts=RECORD_ROUTE)
    c.acked(12)
    c.send(c.write(), ipopts=RECORD_ROUTE)


@opened("hop-by-hop", "RFC8200", "a read and a write behind a hop-by-hop header", "R+ W-", only=6)
def _(c):
    c.send(c.read(), exts=[HOP_BY_HOP])
    c.acked(12)
    c.send(c.write(), exts=[HOP_BY_HOP])


@opened("destination-options", "RFC8200", "a write behind three destination headers", "W-", only=6)
def _(c):
    c.send(c.write(), exts=[DESTINATION] * 3)


@opened("atomic-fragment", "RFC6946", "a write in one fragment that is all of it", "W-", only=6)
def _(c):
    c.fragments(c.segment(c.write()), [0])
    c.nxt += 12


@opened("fragments-read", "PN98", "a read in three fragments", "R+", control="R", replay="", why=WHOLE)
def _(c):
    c.fragments(c.segment(c.read()), three(c))
    c.nxt += 12


@opened("fragments-write", "PN98", "a write in three fragments", "W-", replay="", why=WHOLE)
def _(c):
    c.fragments(c.segment(c.write()), three(c))
    c.nxt += 12


@opened("fragments-reversed", "PN98", "a write in fragments, the last one first", "W-", replay="", why=WHOLE)
def _(c):
    c.fragments(c.segment(c.write()), three(c), order=range(len(three(c)) - 1, -1, -1))
    c.nxt += 12


@opened("fragment-tiny", "RFC1858", "a first fragment without the TCP flags", "W-", only=4, replay="", why=WHOLE)
def _(c):
    c.fragments(c.segment(c.write()), [0, 8])
    c.nxt += 12


@opened("fragment-tiny-six", "RFC8200", "the same in IPv6, where no device takes it", "", control="-", only=6)
def _(c):
    c.fragments(c.segment(c.write()), [0, 8])


@opened("fragments-overlap", "PN98", "fragments that overlap with other content (RFC 5722)", "R+", control="R",
        replay="R+", why=GONE)
def _(c):
    r, w = c.pair()
    good, bad = c.segment(r), c.segment(w)
    ident = 4242
    c.fragment(good[:24], 0, True, ident)
    c.fragment(bad[16:], 16, False, ident)
    time.sleep(PAUSE)
    c.send(r)


@opened("fragment-overwrites-header", "RFC3128", "a second fragment over the TCP header of the first", "R+",
        control="R", replay="R+", why=GONE)
def _(c):
    r, w = c.pair()
    good, bad = c.segment(r), c.segment(w)
    c.fragment(good[:24], 0, True, 4243)
    c.fragment(bad[8:], 8, False, 4243)
    time.sleep(PAUSE)
    c.send(r)


@opened("fragment-incomplete", "PN98", "a write whose last fragment never comes, then a read", "R+", control="R",
        replay="R+", why=WHOLE)
def _(c):
    c.fragment(c.segment(c.write())[:24], 0, True, 4244)
    time.sleep(PAUSE)
    c.send(c.read())


@opened("trailer", "PN98", "a read with a write behind it as link layer padding", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r, trailer=w)
    time.sleep(PAUSE)
    c.send(w)


@opened("large-segment", "RFC9293", "one segment of sixteen reads, and a write at its end", "R+ " * 16 + "W-")
def _(c):
    c.send(b"".join(c.read() for _ in range(16)) + c.write())


@row("super-packet", "MBTCP", "a real stack sends more than a packet at once; offload makes one of it",
     "R+ " * 8 + "W- " + "R+ " * 4, end="any")
def _(c):
    data = b"".join(c.read() for _ in range(8)) + c.write() + b"".join(c.read() for _ in range(4))
    s = c.kernel_socket()
    s.sendall(data)
    time.sleep(0.3)
    s.close()
