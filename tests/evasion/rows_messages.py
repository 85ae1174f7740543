# SPDX-License-Identifier: MIT
"""Modbus itself: headers and messages that two readers may take differently."""
import struct
import time

from table import PAUSE, opened


def words(*v):
    return struct.pack(">%dH" % len(v), *v)


@opened("length-short", "MBTCP", "a write whose length field ends before its data", "W- !", end="reset")
def _(c):
    c.send(c.write(length=4))


@opened("length-long", "MBTCP", "a write whose length field says more than there is, then more", "W-")
def _(c):
    w = c.write(length=10)
    c.send(w + bytes(4))


@opened("length-swallows", "MBTCP", "a read whose length field covers the write behind it", "R-", end="on", control="R")
def _(c):
    r = c.bad(3, words(600, 2), length=6 + 12)
    c.send(r + c.write())


@opened("length-zero", "MBTCP", "a length field of zero, then a write", "!", control="?", end="reset")
def _(c):
    c.send(struct.pack(">HHH", 1, 0, 0))
    time.sleep(PAUSE)
    c.send(c.write())


@opened("length-huge", "MBTCP", "a length field of 65535, then a write", "!", control="-", end="reset")
def _(c):
    c.send(struct.pack(">HHHBB", 1, 0, 65535, 1, 3) + c.write())


@opened("protocol-identifier", "MBTCP", "a write with another protocol identifier", "!", end="reset")
def _(c):
    c.send(c.write(pid=1))


@opened("broadcast-write", "MBAP", "a write to unit 0", "W-")
def _(c):
    c.send(c.write(unit=0))


@opened("write-multiple", "MBAP", "function 16", "W-")
def _(c):
    c.send(c.bad(16, words(600, 1) + b"\x02" + words(4711)))


@opened("write-multiple-lies", "MBAP", "function 16 whose byte count is not twice the quantity", "W-")
def _(c):
    c.send(c.bad(16, words(600, 2) + b"\x02" + words(4711)))


@opened("read-write", "MBAP", "function 23 reads, and writes", "W-")
def _(c):
    c.send(c.bad(23, words(600, 1, 600, 1) + b"\x02" + words(4711)))


@opened("mask-write", "MBAP", "function 22", "W-")
def _(c):
    c.send(c.bad(22, words(600, 0, 4711)))


@opened("function-high-bit", "MBAP", "a request with the function code's exception bit set", "W-", control="F")
def _(c):
    c.send(c.bad(0x86, words(600, 4711)))


@opened("function-zero", "MBAP", "function code 0", "F0-", control="F")
def _(c):
    c.send(c.bad(0, words(600, 4711)))


@opened("vendor-function", "MBAP", "a vendor's function code (90)", "F90-", control="F")
def _(c):
    c.send(c.bad(90, b"\x00\x29" + words(600, 4711)))


@opened("diagnostics", "MBAP", "function 8, restart communications", "W-")
def _(c):
    c.send(c.bad(8, words(1, 0)))


@opened("mei-write", "MBAP", "function 43 with MEI type 13", "F43-", control="F")
def _(c):
    c.send(c.bad(43, b"\x0d" + words(600, 4711)))


@opened("read-with-more", "MBAP", "a read with two bytes behind its fields", "R-", control="R")
def _(c):
    c.send(c.bad(3, words(600, 1, 4711)))


@opened("read-too-much", "MBAP", "a read of 126 registers", "R-", control="R")
def _(c):
    c.send(c.bad(3, words(600, 126)))


@opened("address-wraps", "MBAP", "a read past register 65535", "R-", control="R")
def _(c):
    c.send(c.bad(3, words(65535, 2)))


@opened("same-transaction", "MBTCP", "two reads and a write with one transaction identifier", "R+ R+ W-")
def _(c):
    r = c.read()
    again = r[:8] + words(601, 2)
    c.permitted.add(again)
    c.send(r + again + c.write(tid=struct.unpack(">H", r[:2])[0]))


@opened("response-as-request", "MBTCP", "what would be a response, sent by the client, then a write", "R- W-")
def _(c):
    c.send(c.bad(3, b"\x04" + words(1, 2)))
    time.sleep(PAUSE)
    c.send(c.write())
