# SPDX-License-Identifier: MIT
"""The life of a connection: opening, ending, numbers, windows, and both ends' views of it."""
import time

from table import PAUSE, opened, row
from wire import ACK, FIN, NOP, PSH, RST, SYN, URG




# ---- opening ----
@row("syn-data", "PN98", "a write in the SYN, and again after the handshake", "W-")
def _(c):
    w = c.write()
    c.syn(data=w)
    time.sleep(PAUSE)
    c.open()
    c.send(w, at=0)


@row("fast-open", "RFC7413", "a write in a SYN that asks for a Fast Open cookie", "W-")
def _(c):
    w = c.write()
    c.syn(data=w, opts=b"\x22\x02" + NOP + NOP)
    time.sleep(PAUSE)
    c.open()
    c.send(w, at=0)


@row("data-before-handshake", "GENEVA", "a write before the SYN, then the handshake and a read", "! R+", control="R")
def _(c):
    c.send(c.write(), decoy=True, at=0, flags=ACK | PSH, ack=1)
    time.sleep(PAUSE)
    c.open()
    c.send(c.read(), at=0)


@row("data-without-handshake", "PN98", "SYN, then a write without waiting for the answer's number", "",
     control="-", end="any")
def _(c):
    c.syn()
    c.send(c.write(), ack=12345)


@row("syn-twice", "GENEVA", "two SYNs with different numbers, then a write behind the one that counts", "W-")
def _(c):
    isn = c.isn
    c.syn(seq=isn + 5000)
    time.sleep(PAUSE)
    with c.lock:
        c.start()
    c.send(flags=RST, seq=isn + 5001, decoy=True)
    time.sleep(PAUSE)
    c.open()
    c.send(c.write(), at=0)


@row("syn-ack-from-client", "GENEVA", "the client answers with SYN+ACK, as in a simultaneous open", "W-")
def _(c):
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.send(flags=SYN | ACK, seq=c.isn, decoy=True)
    time.sleep(PAUSE)
    c.send(flags=ACK)
    c.send(c.write(), at=0)


@row("rst-in-handshake", "SYMTCP", "a RST with a wrong number between SYN and ACK, then a write", "W-")
def _(c):
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.send(flags=RST, seq=c.isn + 70000, decoy=True)
    c.send(flags=ACK)
    c.send(c.write(), at=0)


@opened("late-syn", "WANG17", "a SYN with another number on the open connection, then a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.acked(12)
    c.syn(seq=c.isn + 0x10000000)
    time.sleep(PAUSE)
    c.send(c.write())


# ---- ending ----
@opened("rst-out-of-window", "RFC5961", "a RST far out of window, then a write", "W-")
def _(c):
    c.send(flags=RST, seq=c.isn + 1 + 0x20000000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("rst-in-window", "RFC5961", "a RST in the window but not exact, then a write", "W-")
def _(c):
    c.send(flags=RST, seq=c.isn + 1 + 100, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("rst-bad-checksum", "WANG17", "an exact RST with a bad checksum, then a write", "W-")
def _(c):
    c.send(flags=RST, decoy=True, badsum=True)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("rst-short-ttl", "WANG17", "an exact RST that expires behind the gate, then a write", "W-", end="any")
def _(c):
    c.send(flags=RST, decoy=True, ttl=2)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("rst-then-write", "PN98", "an exact RST, then a write", "W-", control="-", end="none")
def _(c):
    c.send(flags=RST, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("fin-then-write", "PN98", "FIN, then a write behind it", "", control="-", end="any")
def _(c):
    c.send(flags=FIN | ACK, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write(), at=0)
    c.send(c.write(), at=1)


@opened("fin-short-ttl", "WANG17", "a FIN that expires behind the gate, then a write", "", end="any")
def _(c):
    c.send(flags=FIN | ACK, decoy=True, ttl=2)
    time.sleep(PAUSE)
    c.send(c.write(), at=0)


@opened("fin-out-of-window", "SYMTCP", "a FIN far out of window, then a write", "W-")
def _(c):
    c.send(flags=FIN | ACK, seq=c.isn + 1 + 900000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


@opened("fin-with-write", "PN98", "a write whose segment has the FIN", "W-", end="any")
def _(c):
    c.send(c.write(), flags=ACK | PSH | FIN)


@opened("fin-early", "PN98", "a FIN behind a hole that a write then fills", "W-", end="any")
def _(c):
    w = c.write()
    c.send(flags=FIN | ACK, at=12, decoy=True)
    time.sleep(PAUSE)
    c.send(w, at=0)
    time.sleep(PAUSE)
    c.send(flags=FIN | ACK, at=12, decoy=True)


# ---- urgent data ----
@opened("urgent-write", "PN98", "a write as urgent data", "", control="-", end="any")
def _(c):
    c.send(c.write(), flags=ACK | PSH | URG, urg=12)


@opened("urgent-byte", "PN98", "a byte that the device takes out of the stream makes a write of a read", "",
        end="any")
def _(c):
    w = c.write()
    c.send(w[:7] + b"\x03" + w[7:], flags=ACK | PSH | URG, urg=8)


@opened("urgent-pointer-only", "GENEVA", "an urgent pointer without the flag", "W-")
def _(c):
    c.send(c.write(), urg=8)


# ---- windows, keep-alives, numbers ----
@opened("keep-alive", "RFC9293", "keep-alives without and with a wrong byte, then a read and a write", "R+ R+ W-")
def _(c):
    c.send(c.read())
    c.acked(12)
    c.send(at=11, flags=ACK, decoy=True)
    c.send(b"\xff", at=11, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("keep-alive-changes", "SP03", "a keep-alive whose byte is the function code of a write", "R+ R+", control="R")
def _(c):
    r = c.read()
    c.send(r)
    c.acked(12)
    c.send(b"\x06", at=7, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read())


@opened("zero-window", "PN98", "our window closes and opens while answers come; a write in between", "R+ W- R+")
def _(c):
    c.win = 0
    c.send(c.read())
    time.sleep(0.1)
    c.send(c.write())
    time.sleep(0.1)
    c.win = 8192
    c.send(flags=ACK, decoy=True)
    time.sleep(0.25)
    c.send(c.read())


@row("window-scale", "RFC7323", "window scaling, a small window, and a write", "R+ W-")
def _(c):
    c.win = 4
    if c.open(opts=b"\x03\x03\x07" + NOP):
        c.send(c.read())
        c.acked(12)
        c.send(c.write())


@row("device-window-small", "PN98", "the device takes sixteen bytes at a time; reads and a write", "R+ R+ W- R+",
     end="any")
def _(c):
    c.world.device.clamped.add(c.addr)
    if c.open():
        data = c.read() + c.read() + c.write() + c.read()
        for at in range(0, len(data), 12):
            c.send(data[at:at + 12], at=at)
            c.acked(at + 12)


@row("wrap-read", "NS07", "the sequence number wraps inside a read", "R+", control="R")
def _(c):
    c.isn = 0xFFFFFFFA
    if c.open():
        c.send(c.read())


@row("wrap-write", "NS07", "the sequence number wraps inside a write, which comes in pieces", "W!", end="reset")
def _(c):
    c.isn = 0xFFFFFFFA
    if c.open():
        c.pieces(c.write(), [0, 4, 8], gap=0.01)


@row("wrap-shuffled", "NS07", "the number wraps between pieces that come in reverse", "W-")
def _(c):
    c.isn = 0xFFFFFFFA
    if c.open():
        c.pieces(c.write(), [0, 4, 8], order=[2, 1, 0], gap=0.01)


@opened("ahead-of-window", "PN98", "a write a gigabyte ahead of the stream, then a read in its place", "R+",
        control="R")
def _(c):
    c.send(c.write(), seq=c.isn + 1 + 0x40000000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read())


@opened("behind-the-stream", "PN98", "a write that begins before what was acknowledged and ends in it", "R+ R+",
        control="R")
def _(c):
    c.send(c.read())
    c.send(c.read())
    c.acked(24)
    c.send(c.write(), at=6, decoy=True)
    time.sleep(PAUSE)


# ---- the same ports again ----
@opened("ports-again", "HPK01", "closed in order, opened again from the same port, and a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.acked(12)
    c.close()
    c.again()
    c.send(c.write())


@opened("ports-after-rst", "HPK01", "reset, opened again from the same port, and a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.acked(12)
    c.send(flags=RST, decoy=True)
    c.again()
    c.send(c.write())


@opened("ports-after-refusal", "HPK01", "a connection refused in the middle of a write; the ports open anew", "W! R+",
        control="W")
def _(c):
    c.pieces(c.write(), [0, 7], gap=0.02)
    c.wait(lambda: c.rst)
    c.again()
    c.send(c.read())


# ---- streams that the gate has not seen begin ----
@row("mid-stream", "HPK01", "the connection is older than the gate", "!", control="W", end="reset",
     before=lambda c: c.open() and (c.send(c.read()), c.acked(12)))
def _(c):
    c.send(c.write())


@row("half-flow", "PN98", "a connection of which only the client's packets are seen", "!", control="-", end="none")
def _(c):
    c.send(flags=ACK, ack=777)
    c.send(c.write(), ack=777)
