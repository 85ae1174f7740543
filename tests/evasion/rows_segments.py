# SPDX-License-Identifier: MIT
"""Segments: cuts, orders, overlaps, changed retransmissions."""
import random
import time

from table import PAUSE, opened

from wire import ACK, FIN, RST


# ---- plain ----
@opened("plain-read", "MBTCP", "one read in one segment", "R+", control="R")
def _(c):
    c.send(c.read())


@opened("plain-write", "MBTCP", "one write in one segment", "W-", says="function-not-allowed")
def _(c):
    c.send(c.write())


# ---- cuts and orders ----
@opened("rest-too-late", "HPK01", "the header of a write, and the rest eleven seconds later", "", end="reset",
        says="unfinished-message")
def _(c):
    w = c.write()
    c.send(w[:7])
    time.sleep(11)          # inspect/flow.h: an unfinished message has ten
    c.send(w[7:])


@opened("bytes-read", "PN98", "a read, one byte a segment", "R+", control="R")
def _(c):
    c.pieces(c.read(), range(12), gap=0.003)


@opened("bytes-write", "PN98", "a write, one byte a segment; the gate acknowledges each", "W-")
def _(c):
    c.pieces(c.write(), range(12), gap=0.003)


@opened("bytes-reversed", "PN98", "a write, one byte a segment, the last one first", "W-")
def _(c):
    c.pieces(c.write(), range(12), order=range(11, -1, -1))


@opened("bytes-shuffled", "PN98", "a write, one byte a segment, shuffled, sent three times", "W-")
def _(c):
    w = c.write()
    order = random.Random(3).sample(range(12), 12)
    for _ in range(3):
        c.nxt = 0
        c.pieces(w, range(12), order=order)
        time.sleep(PAUSE)


@opened("reads-shuffled", "PN98", "four reads in pieces of five bytes, shuffled", "R+ R+ R+ R+",
        control="R")
def _(c):
    data = b"".join(c.read() for _ in range(4))
    order = random.Random(5).sample(range(10), 10)
    for _ in range(3):
        c.nxt = 0
        c.pieces(data, range(0, 48, 5), order=order)
        time.sleep(PAUSE)


@opened("odd-then-even", "PN98", "the odd bytes of a write first, then the even ones", "W-")
def _(c):
    c.pieces(c.write(), range(12), order=[*range(1, 12, 2), *range(0, 12, 2)])
    time.sleep(PAUSE)


@opened("too-many-islands", "PN98",
        "a write behind and in more holes than are kept, then all of it", "W- R+")
def _(c):
    data = c.write() + c.read()
    c.pieces(data, range(24), order=range(1, 24, 2))
    time.sleep(PAUSE)
    c.send(data, at=0)


@opened("function-code-alone", "PN98", "header, function code and data in a segment each", "W-")
def _(c):
    c.pieces(c.write(), [0, 7, 8], gap=0.01)


@opened("length-field-split", "PN98", "the cut goes through the length field", "W-")
def _(c):
    c.pieces(c.write(), [0, 5], gap=0.01)


@opened("last-byte-late", "PN98", "a write without its last byte, which comes later", "W-")
def _(c):
    c.pieces(c.write(), [0, 11], gap=0.05)


@opened("tail-first", "PN98", "the second half of a write before the first", "W-")
def _(c):
    c.pieces(c.write(), [0, 6], order=[1, 0], gap=0.01)


@opened("write-never-finished", "PN98",
        "all of a write but its last byte, then the end of the stream", "",
        end="any", control="-", says="unfinished-message")
def _(c):
    c.send(c.write()[:11])
    time.sleep(PAUSE)
    c.send(flags=FIN | ACK)
    time.sleep(PAUSE)


@opened("write-never-finished-reset", "MBTCP", "the same, then a reset: a device may take one read for one message", "",
        end="any", control="-", says="unfinished-message")
def _(c):
    c.send(c.write()[:11])
    time.sleep(PAUSE)
    c.send(flags=RST | ACK)


@opened("header-alone", "MBTCP", "a read, then a header for another unit and no more", "R+", control="R",
        end="any", says="unfinished-message")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(c.write()[:7])
    time.sleep(PAUSE)
    c.send(flags=FIN | ACK)
    time.sleep(PAUSE)


@opened("straddling", "PN98", "read and half a write, then the other half and a read", "R+ W- R+")
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


@opened("hole-stays", "PN98", "a write behind a hole that nothing fills", "", control="-",
        end="any")
def _(c):
    c.send(c.write(), at=12)


@opened("pure-duplicates", "PN98", "every segment three times", "R+ W- R+")
def _(c):
    for m in (c.read(), c.write(), c.read()):
        at = c.nxt
        for _ in range(3):
            c.send(m, at=at)


@opened("islands-reversed", "PN98", "five messages, the last one first", "R+ W- R+ W- R+")
def _(c):
    data = c.read() + c.write() + c.read() + c.write() + c.read()
    c.pieces(data, range(0, 60, 12), order=[4, 3, 2, 1, 0])


# ---- overlaps ----
# Bytes of message A wait behind a hole; bytes of message B, which differs from A in
# every byte from the function code on, overlap them; then both are sent whole. Stacks
# choose by who came first, who is longer, who begins earlier (NS07): so does nobody
# here, the first copy of a byte stands.
OVERLAPS = (
    ("exact", (7, 12), (7, 12), "a copy of exactly the bytes that wait"),
    ("left", (9, 12), (7, 10), "a copy that reaches over the left end"),
    ("right", (7, 10), (8, 12), "a copy that reaches over the right end"),
    ("inside", (7, 12), (8, 10), "a copy of some of the bytes"),
    ("around", (8, 10), (7, 12), "a copy larger than what waits"),
    ("begin-same", (7, 10), (7, 12), "a copy that begins with what waits and is longer"),
    ("end-same", (9, 12), (7, 12), "a copy that ends with what waits and begins earlier"),
)


def overlap(first, second, write_first):
    def run(c):
        r, w = c.pair()
        a, b = (w, r) if write_first else (r, w)
        c.send(a[slice(*first)], at=first[0])
        c.send(b[slice(*second)], at=second[0])
        time.sleep(PAUSE)
        c.send(a[:7], at=0)
        time.sleep(PAUSE)
        for whole in (a, b):
            c.send(whole, at=0)
            time.sleep(PAUSE)
    return run


def overlap_same(first, second):
    def run(c):
        r = c.read()
        c.send(r[slice(*first)], at=first[0])
        c.send(r[slice(*second)], at=second[0])
        time.sleep(PAUSE)
        c.send(r, at=0)
    return run


for kind, one, two, text in OVERLAPS:
    opened("overlap-%s-same" % kind, "NS07", text + ", the same bytes", "R+", control="R")(
        overlap_same(one, two))
    opened("overlap-%s-read" % kind, "NS07", text + ", the read came first", "R+", control="RW",
           says="overlap-differs")(overlap(one, two, False))
    opened("overlap-%s-write" % kind, "NS07", text + ", the write came first",
           "W-", control="RW", says="overlap-differs")(overlap(one, two, True))


@opened("overlap-teardrop", "NS07", "three copies around each other, each with its own function",
        "W-",
        control="RW", says="overlap-differs")
def _(c):
    r, w = c.pair()
    f = w[:7] + b"\x0f" + w[8:]
    for m, a, b in ((f, 7, 9), (w, 8, 12), (r, 7, 12)):
        c.send(m[a:b], at=a)
    time.sleep(PAUSE)
    c.send(f, at=0)


@opened("overlap-next-message", "NS07",
        "a read whose end overlaps the beginning of a waiting write",
        "R+ W-", control="W")
def _(c):
    r, w = c.read(), c.write()
    c.send(w, at=12)
    c.send(r + w[:4], at=0)
    time.sleep(PAUSE)


# ---- changed retransmissions ----
@opened("changed-before-ack", "SP03", "a read and at once a write in its place", "R+", control="R")
def _(c):
    r, w = c.pair()
    c.send(r)
    c.send(w, at=0)


@opened("changed-after-ack", "SP03", "a read, its acknowledgement, then a write in its place", "R+",
        control="R")
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


@opened("changed-header", "SP03", "the header, acknowledged, then the whole as a write", "W-")
def _(c):
    r, w = c.pair()
    c.send(r[:6])
    c.acked(6)
    c.send(w, at=0)


@opened("changed-function-code", "SP03",
        "a read up to its function code, then the whole as a write", "R+",
        control="R", says="overlap-differs")
def _(c):
    r, w = c.pair()
    c.send(r[:8])
    c.acked(7)
    c.send(w, at=0)
    time.sleep(PAUSE)
    c.send(r, at=0)


@opened("grown-retransmission", "SP03", "a read, then the same read with a write behind it",
        "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r)
    c.send(r + w, at=0)


@opened("slid-retransmission", "SP03",
        "a segment that begins in acknowledged bytes and ends in a write", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r)
    c.acked(12)
    c.send(r[6:] + w, at=6)


@opened("shrunk-retransmission", "SP03", "read and write, then only the read again", "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r + w)
    c.send(r, at=0)


@opened("changed-old-part", "SP03",
        "a segment whose acknowledged part is changed and whose new part is a write",
        "R+ W-")
def _(c):
    r, w = c.read(), c.write()
    c.send(r)
    c.acked(12)
    c.send(bytes(12) + w, at=0)


@opened("repacketized", "SP03", "a refused write, sent again in pieces of three bytes", "W-")
def _(c):
    w = c.write()
    c.send(w)
    c.acked(12)
    c.nxt = 0
    c.pieces(w, range(0, 12, 3))
