# SPDX-License-Identifier: MIT
"""Segments that the device may not take: what does the gate believe it has?"""
import time

from table import PAUSE, row
from wire import ACK, FIN, MD5, PSH, RST, SYN, URG


# ---- segments that the device does not take ----
def decoy(name, source, what, judged=False, control="W", only=None, syn_opts=b"", with_ts=None,
          replay=(None, None), why="", end="on", **kw):
    """A read that the device will not take, then a write in its place; and the reverse.
    judged: the gate cannot know, and takes the first for what the device has."""
    def seg(c):
        return {k: v(c) if callable(v) else v for k, v in kw.items()}

    def first_read(c):
        if c.open(opts=syn_opts, ts=with_ts):
            r, w = c.pair()
            c.send(r, decoy=True, **seg(c))
            time.sleep(PAUSE)
            c.send(w, at=0)
            time.sleep(PAUSE)
            if judged:          # its own retransmission must still pass
                c.send(r, at=0)

    def first_write(c):
        if c.open(opts=syn_opts, ts=with_ts):
            r, w = c.pair()
            c.send(w, decoy=True, **seg(c))
            time.sleep(PAUSE)
            c.send(r, at=0)
            time.sleep(PAUSE)
    row(name + "-read", source, what + ": a read so, then a write", "R+" if judged else "W-", control=control,
        only=only, replay=replay[0], why=why, end=end)(first_read)
    row(name + "-write", source, what + ": a write so, then a read", "W-" if judged else "R+",
        control="R" if control == "W" else "W", only=only, replay=replay[1], why=why, end=end)(first_write)


decoy("bad-tcp-checksum", "PN98", "TCP checksum wrong", badsum=True)
decoy("bad-ip-checksum", "PN98", "IP checksum wrong", badipsum=True, only=4)
decoy("ttl-behind-gate", "PN98", "expires between gate and device", judged=True, ttl=2)
decoy("ttl-at-gate", "PN98", "expires at the gate", ttl=1, replay=("R+", "W-"),
      why="the gateway's forwarding drops it before the gate; a capture at its interface has it")
decoy("no-ack-flag", "PN98", "data without the ACK flag", flags=PSH)
decoy("no-flags", "PN98", "data without any flag", flags=0)
decoy("syn-fin", "PN98", "data with SYN and FIN", flags=SYN | FIN | ACK)
decoy("fin-only", "GENEVA", "data with FIN and without ACK", flags=FIN)
decoy("xmas", "PN98", "data with FIN, PSH and URG, without ACK", flags=FIN | PSH | URG)
decoy("rst-data", "HPK01", "data in a RST that is out of window", flags=RST | ACK,
      seq=lambda c: c.isn + 1 + 900000)
decoy("syn-data-inside", "WANG17", "data in a SYN+ACK on the open connection", flags=SYN | ACK,
      seq=lambda c: c.isn)
decoy("ack-too-new", "WANG17", "acknowledges what was never sent", ack=lambda c: c.rcv + 100000)
decoy("ack-too-old", "RFC5961", "acknowledges what is long past",
      ack=lambda c: (c.rcv - 0x20000000) & 0xFFFFFFFF)
decoy("paws", "HPK01", "a timestamp older than the last (RFC 7323)", judged=True, with_ts=0x20000000,
      ts=0x10000000)
decoy("md5-option", "WANG17", "an unexpected signature option (RFC 2385)", judged=True, opts=MD5)
decoy("data-offset-short", "PN98", "a data offset below five words", doff=4)
decoy("data-offset-long", "PN98", "a data offset beyond the end of the segment", doff=15)
decoy("reserved-bits", "PN98", "reserved header bits set", judged=True, reserved=7, control="R")
