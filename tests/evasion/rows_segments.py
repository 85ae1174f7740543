# SPDX-License-Identifier: MIT
"""Segments: cut, reordered, overlapping, changed."""
import random
import time

from table import PAUSE, opened
from wire import ACK, FIN


# ---- plain ----
@opened("plain-read", "MBTCP", "one read in one segment", "R+", control="R")
def _(c):
    c.send(c.read())


@opened("plain-write", "MBTCP", "one write in one segment", "W-")
def _(c):
    c.send(c.write())


# ---- segments ----
@opened("byte-by-byte-read", "PN98", "a read, one byte a segment", "R+", control="R")
def _(c):
    c.pieces(c.read(), list(range(12)), gap=0.003)


@opened("byte-by-byte-write", "PN98", "a write, one byte a segment; its beginning was delivered", "W!",
        end="reset")
def _(c):
    c.pieces(c.write(), list(range(12)), gap=0.003)


@opened("bytes-reversed", "PN98", "a write, one byte a segment, the last one first", "W-")
def _(c):
    w = c.write()
    for _ in range(2):      # a receiver keeps a bounded number of runs
        c.nxt = 0
        c.pieces(w, list(range(12)), order=range(11, -1, -1))
        time.sleep(PAUSE)


@opened("bytes-shuffled", "PN98", "a write, one byte a segment, shuffled, sent until all of it came", "W!", end="reset")
def _(c):
    w = c.write()
    order = list(range(12))
    random.Random(3).shuffle(order)
    for _ in range(3):
        c.nxt = 0
        c.pieces(w, list(range(12)), order=order)
        time.sleep(PAUSE)


@opened("reads-shuffled", "PN98", "four reads in pieces of five bytes, shuffled", "R+ R+ R+ R+", control="R")
def _(c):
    data = b"".join(c.read() for _ in range(4))
    order = list(range(10))
    random.Random(5).shuffle(order)
    for _ in range(3):
        c.nxt = 0
        c.pieces(data, list(range(0, 48, 5)), order=order)
        time.sleep(PAUSE)


@opened("odd-then-even", "PN98", "the odd bytes of a write first, then the even ones", "W!", end="reset")
def _(c):
    w = c.write()
    for _ in range(3):
        c.nxt = 0
        c.pieces(w, list(range(12)), order=list(range(1, 12, 2)) + list(range(0, 12, 2)))
        time.sleep(PAUSE)


@opened("function-code-alone", "PN98", "header, function code and data in a segment each", "W!", end="reset")
def _(c):
    c.pieces(c.write(), [0, 7, 8], gap=0.01)


@opened("length-field-split", "PN98", "the cut goes through the length field", "W!", end="reset")
def _(c):
    c.pieces(c.write(), [0, 5], gap=0.01)


@opened("header-then-write", "PN98", "the seven bytes of the header, then the rest", "W!", end="reset")
def _(c):
    c.pieces(c.write(), [0, 7], gap=0.01)


@opened("last-byte-late", "PN98", "a write without its last byte, which comes later", "W!", end="reset")
def _(c):
    c.pieces(c.write(), [0, 11], gap=0.05)


@opened("tail-first", "PN98", "the second half of a write before the first", "W-")
def _(c):
    c.pieces(c.write(), [0, 6], order=[1, 0], gap=0.01)


@opened("write-never-finished", "PN98", "all of a write but its last byte, then the end of the stream", "", end="any",
        control="-")
def _(c):
    c.send(c.write()[:11])
    time.sleep(PAUSE)
    c.send(flags=FIN | ACK)
    time.sleep(PAUSE)


@opened("pipelined-between-reads", "MBTCP", "read, write, read in one segment", "R+ W- R+")
def _(c):
    c.send(c.read() + c.write() + c.read())


@opened("pipelined-behind-ten", "MBTCP", "a write behind ten reads in one segment", "R+ " * 10 + "W-")
def _(c):
    c.send(b"".join(c.read() for _ in range(10)) + c.write())


@opened("straddling", "PN98", "read and half a write, then the other half and a read", "R+ W!", end="reset")
def _(c):
    data = c.read() + c.write() + c.read()
    c.pieces(data, [0, 16], gap=0.01)


@opened("hole-filled-by-write", "PN98", "a read behind a hole, which a write then fills", "W- R+")
def _(c):
    w, r = c.write(), c.read()
    c.send(r, at=12)
    time.sleep(PAUSE)
    c.send(w, at=0)


@opened("hole-filled-by-read", "PN98", "a write behind a hole, which a read then fills", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(w, at=12)
    time.sleep(PAUSE)
    c.send(r, at=0)


@opened("hole-stays", "PN98", "a write behind a hole that nothing fills", "", control="-", end="any")
def _(c):
    c.send(c.write(), at=12)


# ---- overlaps ----
def overlaps():
    """Some of message A waits behind a hole, some of B comes over it, then the hole is
    filled with what they have in common and the rest of A follows. A read and a write
    differ in the byte at 7, so whoever brings that first is the message."""
    kinds = (("exact", (7, 12), (7, 12), "a copy of exactly the bytes that wait"),
             ("left", (7, 12), (5, 9), "a copy that reaches over the left end"),
             ("right", (7, 9), (7, 12), "a copy that reaches over the right end"),
             ("inside", (6, 12), (7, 8), "a copy of some of the bytes"),
             ("around", (7, 8), (6, 12), "a copy larger than what waits"))

    def run(first, second, pick):
        def go(c):
            a, b = pick(c)
            c.send(a[first[0]:first[1]], at=first[0])
            c.send(b[second[0]:second[1]], at=second[0])
            time.sleep(PAUSE)
            c.send(a[:7], at=0)
            time.sleep(PAUSE)
            c.send(a[7:], at=7)
            c.nxt = 12
        return go

    for kind, first, second, what in kinds:
        whole = first[1] == 12      # the message is complete when the hole is filled
        opened("overlap-%s-same" % kind, "NS07", what + ", the same bytes", "R+", control="R")(
            run(first, second, lambda c: (c.read(),) * 2))
        opened("overlap-%s-read-write" % kind, "NS07", what + ", a write over a read", "R+", control="?")(
            run(first, second, lambda c: c.pair()))
        opened("overlap-%s-write-read" % kind, "NS07", what + ", a read over a write", "W-" if whole else "W!",
               end="on" if whole else "reset", control="?")(
            run(first, second, lambda c: c.pair()[::-1]))


overlaps()


@opened("changed-before-ack", "SP03", "a read and at once a write in its place", "R+", control="R")
def _(c):
    r, w = c.pair()
    c.send(r)
    c.send(w, at=0)


@opened("changed-after-ack", "SP03", "a read, its acknowledgement, then a write in its place", "R+", control="R")
def _(c):
    r, w = c.pair()
    c.send(r)
    c.acked(12)
    c.send(w, at=0)


@opened("changed-back", "SP03", "a write, refused, then a read in its place", "W-")
def _(c):
    r, w = c.pair()
    c.send(w)
    c.acked(12)
    c.send(r, at=0)
    time.sleep(PAUSE)


@opened("changed-half-acked", "SP03", "the header, acknowledged, then the whole as a write", "W!", end="reset")
def _(c):
    r, w = c.pair()
    c.send(r[:6])
    c.acked(6)
    c.send(w, at=0)


@opened("function-code-changed", "SP03", "header with a read's function code, then the whole as a write", "R+",
        control="R")
def _(c):
    r, w = c.pair()
    c.send(r[:8])
    c.acked(7)
    c.send(w, at=0)
    time.sleep(PAUSE)
    c.send(r, at=0)


@opened("grown-retransmission", "SP03", "a read, then the same read with a write behind it", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r)
    c.send(r + w, at=0)


@opened("slid-retransmission", "SP03", "a segment that begins in acknowledged bytes and ends in a write", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r)
    c.acked(12)
    c.send(r[6:] + w, at=6)
