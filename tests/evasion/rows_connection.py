# SPDX-License-Identifier: MIT
"""Connections: how they begin, end, begin again; streams not from the start, not both ways."""
import struct
import time

from table import PAUSE, opened, row

from wire import ACK, FIN, NOP, PSH, RST, SYN

FAST_OPEN = b"\x22\x02" + NOP + NOP     # asks for a cookie (RFC 7413)


# ---- beginnings ----
@row("syn-data-write", "PN98", "a SYN with a write in it, then a read", "R+", says="syn-data")
def _(c):
    c.syn(c.write())
    time.sleep(PAUSE)
    c.open()
    c.send(c.read())


@row("syn-data-read", "PN98", "a SYN with a read in it, then a write in its place", "W-",
     control="RW",
     says="syn-data")
def _(c):
    r, w = c.pair()
    c.syn(r)
    time.sleep(PAUSE)
    c.open()
    c.send(w)


@row("fast-open-cookie", "RFC7413", "a SYN that asks for a cookie, with a write in it", "R+",
     says="syn-data",
     control="RW")
def _(c):
    c.syn(c.write(), opts=FAST_OPEN)
    time.sleep(PAUSE)
    c.open(opts=FAST_OPEN)
    c.send(c.read())


@row("two-syns", "WANG17",
     "two SYNs with different numbers, a read under the second, a write under the first",
     "W-")
def _(c):
    c.syn()
    c.syn(seq=c.isn - 100000)
    time.sleep(PAUSE)
    c.open()
    c.send(c.read(), seq=c.isn - 99999, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


@row("two-syns-in-window", "RFC5961",
     "a second SYN in the window of the first, before the handshake ends", "R+ W-")
def _(c):
    c.syn()
    c.syn(seq=c.isn + 5000)
    c.wait(lambda: c.rst, 0.3)      # some devices give up the half-open connection
    c.again()
    c.send(c.read() + c.write())


@row("restart-half-open", "RFC9293", "a client that starts anew on a connection half open (3.5.1)",
     "R+ W-")
def _(c):
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.again()
    c.send(c.read() + c.write())


@opened("restart-open", "RFC9293", "a client that starts anew on an open connection (3.5.1)",
        "R+ R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.again()
    c.send(c.read() + c.write())


@opened("restart-refused", "RFC9293", "as before, with refused messages in the old connection",
        "R+ W- R+ W-")
def _(c):
    c.send(c.read() + c.write())
    c.acked(24)
    c.again()
    c.send(c.read() + c.write())


@opened("restart-after-reset", "RFC9293",
        "as before, when the old connection was reset by the gate", "R+ W-")
def _(c):
    c.send(c.write(pid=1))
    time.sleep(PAUSE)
    c.send(flags=ACK)
    c.again()
    c.send(c.read() + c.write())


@row("data-with-final-ack", "RFC9293", "the write comes with the handshake's last segment", "W-")
def _(c):
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.send(c.write())


@row("data-before-final-ack", "RFC9293",
     "a write in the SYN's wake, without waiting for the answer", "",
     control="-", end="none")
def _(c):
    c.syn(seq=c.isn)
    c.send(c.write(), ack=0, flags=PSH, decoy=True)


@row("no-handshake", "WANG17", "a write without a connection", "", control="-", end="none")
def _(c):
    c.send(c.write(), ack=1)


@row("simultaneous-open", "RFC9293", "the answer to SYN with ACK is another SYN with ACK", "W-")
def _(c):
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.send(flags=SYN | ACK, seq=c.isn, decoy=True)
    c.send(flags=ACK)
    c.send(c.write())


@row("simultaneous-open-data", "GENEVA", "as before, with a read in the second SYN", "W-")
def _(c):
    r, w = c.pair()
    c.syn()
    c.wait(lambda: c.syn_ack)
    c.send(r, flags=SYN | ACK, seq=c.isn, decoy=True)
    time.sleep(PAUSE)
    c.send(flags=ACK)
    c.send(w)


@opened("syn-again", "WANG17", "the SYN again on the open connection, then read and write", "R+ W-")
def _(c):
    c.syn()
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("syn-again-moved", "WANG17",
        "a SYN with another number on a connection in use, then a write", "R+ W- R+")
def _(c):
    c.send(c.read())
    c.answered()
    c.syn(seq=c.isn + 100000)
    time.sleep(PAUSE)
    c.send(c.write())
    c.send(c.read())


# ---- ends ----
@opened("data-after-fin", "PN98", "a read, FIN, and a write behind it", "R+", control="R",
        end="any")
def _(c):
    c.send(c.read(), flags=ACK | PSH | FIN)
    time.sleep(PAUSE)
    c.send(c.write(), at=13)
    c.send(c.write(), at=12)


@opened("fin-with-write", "PN98", "a write that brings the FIN", "W-", end="any")
def _(c):
    c.send(c.write(), flags=ACK | PSH | FIN)
    time.sleep(PAUSE)


@opened("fin-before-write", "PN98", "the FIN first, then the write before it", "W-", end="any")
def _(c):
    w = c.write()
    c.send(flags=ACK | FIN, at=12, decoy=True)
    time.sleep(PAUSE)
    c.send(w, at=0)
    c.send(flags=ACK | FIN, at=12, decoy=True)
    time.sleep(PAUSE)


@opened("fin-expires", "GENEVA", "a FIN that expires behind the gate, then a write in its place",
        "R+ W-", says="hop-limit-too-small")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(flags=FIN | ACK, ttl=2, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())
    time.sleep(PAUSE)


@opened("rst-out-of-window", "HPK01", "a forged RST out of window, then read and write", "R+ W-")
def _(c):
    c.send(flags=RST | ACK, seq=c.isn + 90000000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("rst-in-window", "RFC5961", "a RST in the window, not at its edge; then read and write",
        "R+ W-")
def _(c):
    c.send(flags=RST | ACK, seq=c.isn + 200, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("rst-bad-checksum", "WANG17", "a RST with a wrong checksum, then read and write", "R+ W-")
def _(c):
    c.send(flags=RST | ACK, badsum=True, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("rst-expires", "WANG17", "a RST that expires behind the gate, then a write", "W-",
        end="any")
def _(c):
    c.send(flags=RST | ACK, ttl=2, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())
    time.sleep(PAUSE)


@opened("data-after-rst", "PN98", "a read, a RST, and a write behind it", "R+ W-", control="R",
        end="any")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(flags=RST | ACK, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())
    time.sleep(PAUSE)


@opened("fin-forged", "HPK01", "a forged FIN out of window, then read and write", "R+ W-")
def _(c):
    c.send(flags=FIN | ACK, at=700000000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("fin-old", "RFC9293", "a FIN below the window, then read and write", "R+ W-")
def _(c):
    c.send(flags=FIN | ACK, seq=c.isn - 5000, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("fin-inside", "RFC9293", "a FIN in the middle of an acknowledged read, then read and write",
        "R+ R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(flags=FIN | ACK, at=6, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


@opened("fin-with-changed-bytes", "NS07",
        "bytes that overlap others and differ, with a FIN; then read and write",
        "R+ R+ W-", control="RW", says="overlap-differs")
def _(c):
    r, w = c.pair()
    c.send(r[:7])
    c.acked(7)
    c.send(r[9:], at=9)
    c.send(w[7:], at=7, flags=FIN | ACK, decoy=True)
    time.sleep(PAUSE)
    c.send(r, at=0)
    c.send(c.read() + c.write())


@opened("fin-with-old-bytes", "NS07",
        "a FIN behind a changed copy of an acknowledged read, then a write", "R+",
        control="R", end="any")
def _(c):
    r, w = c.pair()
    c.send(r)
    c.answered()
    c.send(w, at=0, flags=FIN | ACK, decoy=True)
    c.wait(lambda: c.fin)
    c.send(c.write())
    time.sleep(PAUSE)


@opened("fin-no-ack", "GENEVA", "a FIN without ACK, then read and write", "R+ W-")
def _(c):
    c.send(flags=FIN, decoy=True)
    time.sleep(PAUSE)
    c.send(c.read() + c.write())


# ---- the same ports again ----
@opened("ports-again", "PN98", "a read, closed in order; the same ports, and a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.close()
    c.again()
    c.send(c.write())


@opened("ports-again-same-number", "NS07", "the same ports and numbers; a write where the read was",
        "R+ W-")
def _(c):
    r, w = c.pair()
    c.send(r)
    c.answered()
    c.close()
    c.again(c.isn)
    c.send(w)


@opened("ports-again-lower", "RFC9293", "the same ports, and a number below the old one", "R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.close()
    c.again(c.isn - 300000)
    c.send(c.write())


@opened("ports-again-after-rst", "WANG17", "a read, a RST; the same ports, and a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.send(flags=RST | ACK, decoy=True)
    c.again()
    c.send(c.write())


@opened("ports-again-half-message", "PN98", "half a read, closed; the same ports, and a write",
        "W-")
def _(c):
    c.send(c.message(3, struct.pack(">HH", 600, 2))[:7])
    c.acked(7)
    c.close()
    c.again()
    c.send(c.write())


@opened("late-old-segment", "RFC7323",
        "the same ports; a segment of the old connection, then a write", "R+ W-")
def _(c):
    c.send(c.read())
    c.answered()
    c.close()
    old = c.isn
    c.again()
    c.send(c.read(), seq=old + 1, decoy=True)
    time.sleep(PAUSE)
    c.send(c.write())


# ---- not from the start, not both ways ----
@row("mid-stream", "HPK01", "a write on a connection that is older than the gate", "", end="reset",
     says="stream-not-in-step", before=lambda c: c.open())
def _(c):
    c.send(c.write())


@row("mid-stream-rest", "HPK01", "half a write before the gate starts, the rest after", "",
     end="reset",
     says="stream-not-in-step",
     before=lambda c: c.open() and c.send(c.message(6, bytes(4), tid=9, unit=9)[:7]))
def _(c):
    c.send(b"\x06\x02\x58\x12\x67")


@row("half-flow", "SP03", "the device's packets take a way around the gate", "", end="any", only=4,
     around=True)
def _(c):
    c.open()
    c.send(c.read() + c.write())
    time.sleep(PAUSE)


@opened("never-acknowledges", "HPK01", "a client that acknowledges no answer", "R+ W- R+")
def _(c):
    c.auto_ack = False
    start = c.rcv
    for m in (c.read(), c.write(), c.read()):
        c.send(m, ack=start)
        time.sleep(PAUSE)
    c.auto_ack = True
