# SPDX-License-Identifier: MIT
"""Segments that the device does not take: header fields, flags, numbers, options."""
import struct
import time

from table import PAUSE, row

from wire import ACK, CWR, ECE, FIN, MD5, NOP, PSH, RST, SYN, URG


def decoy(name, source, what, judged=False, taken=False, open_ts=None, open_opts=b"", ways=None,
          **kw):
    """A read sent so, then a write in its place; and the reverse.

    judged  the gate cannot know that the device will not take it: what came first stands
    taken   the device does take it
    control what the device reads without the gate, of both
    ways    verdicts of the two rows, where neither of these describes them
    """
    own = {k: kw.pop(k) for k in ("replay", "why", "only", "says", "control") if k in kw}
    first, second = ways or (("R+", "W-") if judged or taken else ("W-", "R+"))

    def run(decoy_is_write):
        def f(c):
            c.open(ts=open_ts, opts=open_opts)
            r, w = c.pair()
            bait, real = (w, r) if decoy_is_write else (r, w)
            c.send(bait, decoy=True, **{k: v(c) if callable(v) else v for k, v in kw.items()})
            time.sleep(PAUSE)
            c.send(real, at=0)
            time.sleep(PAUSE)
            c.send(bait, at=0)      # what was judged may still have to arrive
        return f

    replay = own.pop("replay", (None, None))
    control = own.pop("control", ("R", "W") if taken else ("W", "R"))
    row(name + "-read", source, what + ": a read so, then a write", first, control=control[0],
        replay=replay[0], **own)(run(False))
    row(name + "-write", source, what + ": a write so, then a read", second, control=control[1],
        replay=replay[1], **own)(run(True))


REFUSED = ("W-", "R+")      # what the device takes as well: ways of the two rows

decoy("bad-tcp-checksum", "PN98", "TCP checksum wrong", badsum=True)
decoy("bad-ip-checksum", "PN98", "IP checksum wrong", badipsum=True, only=4)
decoy("ttl-behind-gate", "PN98", "expires between gate and device", ttl=2, says="hop-limit-too-small")
decoy("ttl-at-gate", "PN98", "expires at the gate", ttl=1)
decoy("ttl-short", "PN98", "seven hops are left behind the gate", ttl=8, taken=True, ways=REFUSED,
      says="hop-limit-too-small", replay=("R+", "W-"), why="a capture before the gate has one hop more")
decoy("ttl-enough", "PN98", "eight hops are left behind the gate", ttl=9, taken=True)
decoy("no-ack-flag", "PN98", "data without the ACK flag", flags=PSH)
decoy("no-flags", "PN98", "data without any flag", flags=0)
decoy("syn-fin", "PN98", "data with SYN and FIN", flags=SYN | FIN | ACK)
decoy("fin-only", "GENEVA", "data with FIN and without ACK", flags=FIN)
decoy("xmas", "PN98", "data with FIN, PSH and URG", flags=FIN | PSH | URG)
decoy("rst-data", "HPK01", "data in a RST out of window", flags=RST | ACK,
      seq=lambda c: c.isn + 1 + 900000)
decoy("syn-data-inside", "WANG17", "data in a SYN on the open connection", flags=SYN,
      seq=lambda c: c.isn)
decoy("syn-ack-data", "WANG17", "data in a SYN with ACK on the open connection", flags=SYN | ACK,
      seq=lambda c: c.isn)
decoy("ack-too-new", "RFC5961", "acknowledges what was never sent", ack=lambda c: c.rcv + 100000)
decoy("ack-too-old", "RFC5961", "acknowledges what is long past",
      ack=lambda c: (c.rcv - 0x20000000) & 0xFFFFFFFF)
decoy("paws", "RFC7323", "a timestamp older than the last", judged=True, open_ts=1 << 28,
      ts=1 << 27)
decoy("md5-option", "WANG17", "a signature (RFC 2385) that was not agreed", judged=True, opts=MD5)
decoy("reserved-bits", "GENEVA", "reserved bits of the TCP header set", taken=True, reserved=0xE)
decoy("ece-cwr", "GENEVA", "congestion flags that were not agreed", taken=True,
      flags=ACK | PSH | ECE | CWR)
decoy("unknown-option", "GENEVA", "a TCP option that nobody knows", taken=True,
      opts=b"\xfd\x04\x12\x34")
decoy("broken-option", "SYMTCP", "a TCP option longer than the header", taken=True,
      opts=NOP + NOP + b"\x08\x2a")
decoy("doff-small", "GENEVA", "a data offset of 4", doff=4)
decoy("doff-large", "GENEVA", "a data offset behind the segment's end", doff=15)
decoy("sack-lies", "SYMTCP", "selective acknowledgements of what was never sent",
      control=("R", "W"),
      open_opts=b"\x04\x02" + NOP + NOP,
      opts=lambda c: NOP + NOP + b"\x05\x0a" + struct.pack(">II", c.rcv + 100000, c.rcv + 200000),
      replay=("R+", "W-"), why="the kernel's connection tracking refuses it before the gate")
decoy("seq-below-window", "WANG17", "bytes before the first", seq=lambda c: c.isn + 1 - 5000)
decoy("seq-above-window", "WANG17", "bytes far above the window", seq=lambda c: c.isn + 1 + 5000000)
decoy("urgent", "PN98", "with the urgent pointer", flags=ACK | PSH | URG, urg=3, says="urgent-data",
      control=("-", "-"))
