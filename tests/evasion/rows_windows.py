# SPDX-License-Identifier: MIT
"""Windows, sequence numbers, options of both ends, and a real stack with offload."""
import hashlib
import struct
import time

from table import PAUSE, opened, row

from wire import ACK, NOP, SYN

TOP = 1 << 32


def big_read(c):
    """A permitted message of 254 bytes: 35 pieces of files (MBAP 6.14)."""
    m = c.message(20, bytes([245]) + struct.pack(">BHHH", 6, 1, 0, 1) * 35)
    c.permitted.add(m)
    return m


# ---- windows and numbers ----
@opened("zero-window", "RFC9293", "a client without room for the answer, which makes room later",
        "R+ W-")
def _(c):
    c.win = 0
    c.send(c.read())
    time.sleep(0.1)
    c.win = 8192
    c.send(flags=ACK)
    c.answered()
    c.send(c.write())


@opened("tiny-window", "PN98", "a client with room for ten bytes", "R+ W-")
def _(c):
    c.win = 10
    c.send(c.read(qty=20))
    c.send(c.write())


@opened("keep-alive", "RFC9293",
        "keep-alives with a garbage byte (3.8.4) around a read and a write", "R+ W- R+")
def _(c):
    for m in (c.read(), c.write(), c.read()):
        c.send(m)
        c.acked(c.nxt)
        for _ in range(3):
            c.send(b"\xee", at=c.nxt - 1, decoy=True)


@opened("keep-alive-empty", "RFC9293", "keep-alives without data", "R+ W-")
def _(c):
    for m in (c.read(), c.write()):
        c.send(m)
        c.acked(c.nxt)
        c.send(at=c.nxt - 1, flags=ACK, decoy=True)


def fill(c):
    """Reads until the device has no room."""
    for _ in range(20):
        c.send(big_read(c))
        c.acked(c.nxt, 0.3)
        if c.seen[-1].win < 254:
            return


@opened("beyond-window", "HPK01", "a read beyond the device's window, then a write in its place",
        "R+*",
        device="small")
def _(c):
    fill(c)
    r, w = c.pair()
    pad = big_read(c)
    c.send(pad + r)
    time.sleep(PAUSE)
    c.world.device.resume(c.addr, c.sport)
    time.sleep(PAUSE)
    at = c.nxt - 12
    c.send(pad + w, at=at - len(pad))
    time.sleep(PAUSE)
    c.send(pad + r, at=at - len(pad))


@opened("zero-window-probe", "RFC9293", "the byte of a zero-window probe begins a write", "R+* W-",
        device="small")
def _(c):
    fill(c)
    w = c.write()
    at = c.nxt
    for _ in range(3):
        c.send(w[:1], at=at)
        time.sleep(PAUSE)
    c.world.device.resume(c.addr, c.sport)
    time.sleep(PAUSE)
    c.send(w, at=at)


@row("window-scale", "RFC7323", "windows scaled by 2^14", "R+ W-")
def _(c):
    c.open(opts=b"\x03\x03\x0e" + NOP)
    c.send(c.read() + c.write(), win=1)


@row("window-scale-15", "RFC7323", "a scale larger than the standard has", "R+ W-")
def _(c):
    c.open(opts=b"\x03\x03\x0f" + NOP)
    c.send(c.read() + c.write())


@row("tiny-segment-size", "HPK01", "the client's maximum segment size is 1", "R+ W-")
def _(c):
    c.open(opts=b"\x02\x04\x00\x01")
    c.send(c.read(qty=40))
    c.answered()
    c.send(c.write())


@row("sequence-wrap", "RFC9293", "sequence numbers go past 2^32 within a write", "R+ W- R+")
def _(c):
    c.isn = TOP - 20
    c.open()
    for m in (c.read(), c.write(), c.read()):
        c.send(m)


@row("sequence-wrap-reversed", "RFC9293", "past 2^32, the last byte first", "R+ W- R+")
def _(c):
    c.isn = TOP - 20
    c.open()
    data = c.read() + c.write() + c.read()
    c.pieces(data, range(0, 36, 6), order=[5, 4, 3, 2, 1, 0])


@row("sequence-wrap-changed", "NS07", "past 2^32, a read and a write in its place", "R+ R+",
     control="R")
def _(c):
    c.isn = TOP - 14
    c.open()
    c.send(c.read())
    r, w = c.pair()
    c.send(r[:9])
    c.acked(20)
    c.send(w, at=12)
    time.sleep(PAUSE)
    c.send(r, at=12)


@row("timestamps", "RFC7323", "timestamps on, and refused messages between", "R+ W- R+")
def _(c):
    c.open(ts=5000)
    for m in (c.read(), c.write(), c.read()):
        c.ts += 10
        c.send(m)
        time.sleep(PAUSE)


@row("timestamps-missing", "RFC7323",
     "timestamps agreed and then left out: a read so, then a write", "R+",
     control="RW")
def _(c):
    c.open(ts=5000)
    r, w = c.pair()
    c.ts = None
    c.send(r, decoy=True)
    time.sleep(PAUSE)
    c.ts = 5010
    c.send(w, at=0)
    time.sleep(PAUSE)
    c.send(r, at=0)


@opened("sixteen-refusals", "HPK01", "as many refused messages at once as are closed up over",
        "W- " * 16)
def _(c):
    c.send(b"".join(c.write() for _ in range(16)))


@opened("twenty-refusals", "HPK01", "more refused messages at once than are closed up over",
        "W- " * 16 + "W!", end="reset")
def _(c):
    c.send(b"".join(c.write() for _ in range(20)))


@opened("refusals-one-by-one", "HPK01", "as many, each when the one before was acknowledged",
        "W- " * 20 + "R+")
def _(c):
    for _ in range(20):
        c.send(c.write())
        c.acked(c.nxt)
    c.send(c.read())


@row("client-port-502", "WANG17", "both ends on port 502: who is the client?", "R+ W- R+", only=4)
def _(c):
    c.sport = 502
    c.world.wire.peers[(c.addr, c.sport)] = c
    c.open()
    c.send(c.read() + c.write() + c.read())


# ---- a second meaning of the same bytes: multipath TCP ----
# Every segment says where in the application's stream its bytes belong. The reads A, B, C:
#	A: 12 bytes	B: tid 0 6 | unit 3 0 0 0 6	C: unit 6 0 0 0 6 | unit 3 addr qty
# With B's first six bytes mapped onto A's last six, which the device has, what it reads
# behind A is "unit 3", "0", 6 bytes, unit, function 6: a write of register 0. Each of the
# three is a permitted read for whoever does not know about the mapping.
def first_number(key):
    return struct.unpack(">Q", hashlib.sha256(key).digest()[24:])[0] & 0xFFFFFFFF


@row("multipath-mapping", "RFC8684", "reads that multipath TCP maps onto a write", "R+ R+ R+", device="multipath")
def _(c):
    key = b"attacker"
    head = b"\x01\x01"                      # MP_CAPABLE, version 1; HMAC-SHA256
    c.syn(opts=b"\x1e\x04" + head)
    c.wait(lambda: c.syn_ack)
    offer = next((s.opts for s in c.seen if s.flags & SYN), b"")
    other = offer[offer.find(b"\x1e\x0c") + 4:][:8] if b"\x1e\x0c" in offer else bytes(8)
    keys = head + key + other
    c.send(flags=ACK, opts=b"\x1e\x14" + keys)
    a, b = c.read(), c.read(addr=0, qty=6)
    third = c.message(3, struct.pack(">HH", 1, 1), tid=0x0906, unit=9)
    c.permitted.add(third)
    c.send(a, opts=b"\x1e\x16" + keys + struct.pack(">H", len(a)))
    c.acked(12)
    c.send(b + third, opts=b"\x1e\x12\x20\x05" + struct.pack(
        ">IIIH", (first_number(other) + 1) % TOP, (first_number(key) + 1 + 12 - 6) % TOP, 13, 24))
    time.sleep(PAUSE)


# ---- a real stack with offload ----
@row("super-packet", "HPK01", "thirty reads and a write in one write(2), segmented late (GSO)",
     "R+ " * 30 + "W-", end="any")
def _(c):
    s = c.kernel_socket()
    s.sendall(b"".join(big_read(c) for _ in range(30)) + c.write())
    time.sleep(0.5)


@row("super-packet-reads", "HPK01", "60 KB of reads from a real stack, thirty at a time",
     "R+ " * 240, end="any",
     control="R")
def _(c):
    s = c.kernel_socket()
    for _ in range(8):
        data = b"".join(big_read(c) for _ in range(30))
        s.sendall(data)
        left = 30 * 9
        while left:
            left -= len(s.recv(left))
