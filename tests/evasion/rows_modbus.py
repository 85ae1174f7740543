# SPDX-License-Identifier: MIT
"""Modbus: lengths, identifiers, functions, pipelining, hostile devices."""
import struct

from table import opened


# ---- pipelining ----
@opened("pipelined-between-reads", "MBTCP", "read, write, read in one segment", "R+ W- R+")
def _(c):
    c.send(c.read() + c.write() + c.read())


@opened("pipelined-behind-twenty", "MBTCP", "a write behind twenty reads in one segment",
        "R+ " * 20 + "W-")
def _(c):
    c.send(b"".join(c.read() for _ in range(20)) + c.write())


@opened("pipelined-forty", "MBTCP", "forty reads at once", "R+ " * 40, control="R")
def _(c):
    c.send(b"".join(c.read() for _ in range(40)))
    c.answered(40)


# ---- identifiers ----
@opened("same-transaction", "MBTCP", "two reads and a write with the same transaction identifier",
        "R+ R+ W-")
def _(c):
    c.send(c.read(tid=7) + c.read(tid=7) + c.write(tid=7))


@opened("transaction-zero", "MBTCP", "transaction identifier 0", "R+ W-")
def _(c):
    c.send(c.read(tid=0) + c.write(tid=0))


@opened("broadcast", "MBAP", "a write to unit 0, and one to unit 255", "W- W-")
def _(c):
    c.send(c.write(unit=0) + c.write(unit=255))


@opened("protocol-identifier", "MBTCP", "a write with protocol identifier 1", "", end="reset",
        says="bad-protocol-identifier")
def _(c):
    c.send(c.write(pid=1))


@opened("protocol-identifier-behind", "MBTCP", "a read, then a write with protocol identifier 1",
        "R+", end="reset",
        says="bad-protocol-identifier")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(c.write(pid=1))


# ---- lengths ----
@opened("length-hides-write", "MBTCP", "a read whose length field takes in a write", "R-",
        control="R",
        says="trailing-bytes")
def _(c):
    c.send(c.message(3, struct.pack(">HH", 600, 2), length=18) + c.write())


@opened("length-cuts-write", "MBTCP", "a write whose length field ends before its value", "W-",
        control="W", end="any")
def _(c):
    c.send(c.message(6, struct.pack(">HH", 600, 2), length=4))


@opened("length-promises-more", "MBTCP", "a whole write whose length field says that more will come", "",
        control="-", end="any")
def _(c):
    c.send(c.write(length=20))


@opened("length-promises-more-later", "MBTCP", "as before, byte by byte", "", control="-", end="any")
def _(c):
    c.pieces(c.write(length=9), range(12), gap=0.003)


@opened("unknown-function-unfinished", "MBAP", "a function without a meaning, but for its last byte", "",
        control="-", end="any")
def _(c):
    c.send(c.message(100, bytes(20))[:-1])


for lie in (0, 1, 255, 0xFFFF):
    @opened("length-%d" % lie, "MBTCP", "a write with length %d" % lie, "", control="-",
            end="reset",
            says="bad-length")
    def _(c, n=lie):
        c.send(c.write(length=n))


@opened("read-with-tail", "MBTCP", "a read with four bytes more than it has fields", "R-",
        control="R")
def _(c):
    c.send(c.message(3, struct.pack(">HHHH", 600, 2, 600, 2)))


@opened("byte-count-lies", "MBAP", "write multiple: byte count and quantity differ from the data",
        "W- W-")
def _(c):
    c.send(c.message(16, struct.pack(">HHBH", 600, 2, 4, 1)) + c.message(16, struct.pack(">HHBH", 600, 1, 9, 1)))


@opened("quantities", "MBAP", "reads of nothing, of too much, past the last register", "R- R- R-",
        control="R")
def _(c):
    c.send(b"".join(c.message(3, struct.pack(">HH", a, q)) for a, q in ((0, 0), (0, 126), (65535, 2))))


# ---- functions ----
@opened("every-write", "MBAP", "every function that writes", "W- " * 8)
def _(c):
    bodies = {5: struct.pack(">HH", 1, 0xFF00), 6: struct.pack(">HH", 1, 1), 8: struct.pack(">HH", 1, 0),
              15: struct.pack(">HHBB", 1, 8, 1, 255), 16: struct.pack(">HHBH", 1, 1, 2, 7),
              21: struct.pack(">BBHHHH", 9, 6, 1, 0, 1, 7), 22: struct.pack(">HHH", 1, 0, 7),
              23: struct.pack(">HHHHBH", 1, 1, 1, 1, 2, 7)}
    c.send(b"".join(c.message(fc, body) for fc, body in bodies.items()))


@opened("unassigned-functions", "MBAP", "functions without a meaning, and two that vendors took",
        "F9- F65- F90- F100- F127-")
def _(c):
    c.send(b"".join(c.message(fc, bytes(4)) for fc in (9, 65, 90, 100, 127)))


@opened("function-zero", "MBAP", "function code 0, and those with the exception bit", "F0- R- W-",
        control="W")
def _(c):
    c.send(b"".join(c.message(fc, struct.pack(">HH", 600, 1)) for fc in (0, 0x83, 0x86)))


@opened("encapsulated", "MBAP", "function 43: CANopen, which can write, and no type at all",
        "F43- F43-")
def _(c):
    c.send(c.message(43, b"\x0d\x00\x01\x00") + c.message(43, b""))


# ---- devices that lie (bench.HOSTILE says how) ----
def hostile(name, what, register, **kw):
    @opened("device-" + name, "MBTCP", what, kw.pop("want", "R+"), control="R", **kw)
    def _(c):
        c.send(c.read(addr=register))
        c.wait(lambda: c.rst or c.got, 0.1)


hostile("other-transaction", "an answer with another transaction identifier", 0x6001, back="R-",
        says="unsolicited-response")
hostile("answers-twice", "the same answer twice", 0x6002, back="R-", says="unsolicited-response")
hostile("other-function", "an answer of another function", 0x6003, back="R-",
        says="response-mismatch")
hostile("more-than-asked", "an answer with more registers than were asked for", 0x6004, back="R-",
        says="response-mismatch")
hostile("length-too-large", "an answer with length 300", 0x6005, back="", end="reset",
        says="bad-length")
hostile("protocol-identifier", "an answer with protocol identifier 1", 0x6006, back="", end="reset",
        says="bad-protocol-identifier")
hostile("unsolicited", "an answer that nobody asked for, then the right one", 0x6007, back="W-",
        says="unsolicited-response")
hostile("other-unit", "an answer of another unit", 0x6008, back="R-", says="response-mismatch")
