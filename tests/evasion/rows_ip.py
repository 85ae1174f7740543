# SPDX-License-Identifier: MIT
"""IP: fragments, options, extension headers, sizes."""
import time

from rows_windows import big_read
from rows_values import REFUSED, decoy
from table import PAUSE, opened

from wire import DF, EVIL

# ---- options and header fields: some receivers and routers discard such packets, so the gate does ----
OPTIONS = {"ways": REFUSED, "says": "ip-options"}
decoy("ip-option-nop", "PN98", "IP options that do nothing", only=4, taken=True,
      ipopts=b"\x01\x01\x01\x00", **OPTIONS)
decoy("ip-option-timestamp", "PN98", "an IP timestamp option", only=4, taken=True,
      ipopts=b"\x44\x08\x05\x00" + bytes(4), **OPTIONS)
decoy("ip-option-timestamp-full", "RFC791", "an IP timestamp option that can count no more hops", only=4,
      ipopts=b"\x44\x08\x09\xe0" + bytes(4), **OPTIONS)
decoy("ip-option-record-route", "RFC791", "an IP option that records the route", only=4, taken=True,
      ipopts=b"\x07\x0b\x04" + bytes(8) + b"\x00", **OPTIONS)
decoy("ip-option-router-alert", "RFC2113", "an IP option for every router to look at", only=4, taken=True,
      ipopts=b"\x94\x04\x00\x00", **OPTIONS)
decoy("ip-option-unknown", "RFC1122", "an IP option that nobody knows", only=4, taken=True,
      ipopts=b"\x1e\x04\x12\x34", **OPTIONS)
decoy("ip-option-broken", "PN98", "an IP option longer than the header", only=4,
      ipopts=b"\x07\x2f\x04\x00")
decoy("ip-source-route", "PN98", "a loose source route through the gateway", only=4,
      ipopts=b"\x83\x07\x04\x0a\x0a\x02\x14\x00")
decoy("ip-evil-bit", "HPK01", "the reserved flag of the IP header (RFC 3514)", only=4, taken=True,
      frag=EVIL, **OPTIONS)
decoy("ip-dont-fragment", "PN98", "may not be fragmented", only=4, taken=True, frag=DF)
decoy("ip-class", "RFC3168", "the highest traffic class, congestion experienced, a flow label", taken=True,
      tos=0xFF, label=0xFFFFF)
decoy("ip-trailer", "PN98", "bytes of another message behind the packet's length", taken=True,
      trailer=b"\x00\x09\x00\x00\x00\x06\x09\x06\x02\x58\x12\x67")


# ---- fragments: the TCP header of 20 bytes, then the message, in steps of 8 ----
def fragments(name, source, what, want="W-", control="W", **kw):
    """The function sends a segment with the read or the write that it is given: their
    last 8 bytes differ and have the same sum, so any mixture has a good checksum."""
    def keep(f):
        def run(c):
            r = c.read(qty=5)
            w = r[:7] + b"\x06" + r[8:10] + b"\x00\x02"
            f(c, c.segment(r, at=0), c.segment(w, at=0))
            time.sleep(PAUSE)
            c.nxt = 12 if want else 0
        opened(name, source, what, want, control=control, **kw)(run)
        return f
    return keep


@fragments("fragments", "PN98", "a write in two fragments")
def _(c, r, w):
    c.fragments(w, [0, 24])


@fragments("fragments-reversed", "PN98", "the last fragment first")
def _(c, r, w):
    c.fragments(w, [0, 24], order=[1, 0])


@fragments("fragments-tiny", "RFC1858", "the ports in one fragment, the flags in the next", only=4)
def _(c, r, w):
    c.fragments(w, [0, 8, 16, 24])


@fragments("fragments-tiny-shuffled", "RFC1858", "fragments of 8 bytes, shuffled", only=4)
def _(c, r, w):
    c.fragments(w, [0, 8, 16, 24], order=[2, 3, 0, 1])


@fragments("fragments-tiny-6", "RFC8200",
           "a first fragment without the whole TCP header, which is refused (4.5)",
           want="", control="-", only=6)
def _(c, r, w):
    c.fragments(w, [0, 8, 16, 24])


@fragments("fragments-twice", "NS07", "every fragment but the last twice, the same")
def _(c, r, w):
    c.fragment(w[:24], 0, True, 77)
    c.fragment(w[:24], 0, True, 77)
    c.fragment(w[24:], 24, False, 77)


@fragments("fragments-exact-overlap", "NS07",
           "the end of a read, then that of a write, then their beginning",
           want="R+", control="R")
def _(c, r, w):
    c.fragment(r[24:], 24, False, 78)
    c.fragment(w[24:], 24, False, 78)
    c.fragment(w[:24], 0, True, 78)


@fragments("fragments-exact-overlap-write", "NS07",
           "the end of a write, then that of a read, then their beginning")
def _(c, r, w):
    c.fragment(w[24:], 24, False, 79)
    c.fragment(r[24:], 24, False, 79)
    c.fragment(w[:24], 0, True, 79)


@fragments("fragments-overlap", "RFC5722", "fragments that overlap in part, with other content",
           want="", control="-")
def _(c, r, w):
    c.fragment(r[16:], 16, False, 80)
    c.fragment(w[24:], 24, False, 80)
    c.fragment(w[:24], 0, True, 80)


@fragments("fragments-overlap-flags", "RFC3128", "the second fragment writes the TCP flags anew",
           want="",
           control="-")
def _(c, r, w):
    c.fragment(c.segment(flags=0)[:16], 0, True, 81)
    c.fragment(w[8:], 8, False, 81)


@fragments("fragments-unfinished", "PN98", "a write whose last fragment does not come", want="",
           control="-")
def _(c, r, w):
    c.fragment(w[:24], 0, True, 82)


@fragments("fragments-two-ends", "HPK01", "two last fragments that end at different places",
           want="", control="-")
def _(c, r, w):
    c.fragment(w[16:24], 16, False, 83)
    c.fragment(w[24:], 24, False, 83)
    c.fragment(w[:16], 0, True, 83)


@fragments("fragment-atomic", "RFC6946", "a fragment header on a whole packet", only=6)
def _(c, r, w):
    c.fragment(w, 0, False, 84)


@fragments("fragments-same-number", "HPK01",
           "a read and a write in fragments with the same identification",
           want="R+", control="R")
def _(c, r, w):
    c.fragment(r[:24], 0, True, 85)
    c.fragment(w[:24], 0, True, 85)
    c.fragment(r[24:], 24, False, 85)


# ---- IPv6 extension headers (kind, what follows the next-header byte) ----
PAD = bytes([0, 1, 4, 0, 0, 0, 0])
decoy("hop-by-hop", "RFC8200", "hop-by-hop options", only=6, taken=True, **OPTIONS, exts=[(0, PAD)])
decoy("destination-options", "RFC8200", "destination options", only=6, taken=True, **OPTIONS,
      exts=[(60, PAD)])
decoy("three-extensions", "RFC8200", "hop-by-hop, destination options, destination options", only=6,
      taken=True, **OPTIONS, exts=[(0, PAD), (60, PAD), (60, PAD)])
decoy("extension-long", "RFC8200", "destination options of 264 bytes", only=6,
      taken=True, **OPTIONS, exts=[(60, bytes([32, 0x1E, 255]) + bytes(255) + bytes([1, 3, 0, 0, 0]))])
decoy("extension-padding", "RFC8200", "more padding than any alignment needs", only=6, **OPTIONS,
      exts=[(60, bytes([32, 1, 255]) + bytes(255) + bytes([1, 3, 0, 0, 0]))])
decoy("unknown-option-skip", "RFC8200", "an unknown option to be skipped", only=6,
      taken=True, **OPTIONS, exts=[(60, bytes([0, 0x1E, 4, 0, 0, 0, 0]))])
decoy("unknown-option-discard", "RFC8200", "an unknown option that demands to be discarded", only=6,
      **OPTIONS, exts=[(60, bytes([0, 0x5E, 4, 0, 0, 0, 0]))])
decoy("routing-type-0", "RFC5095", "a routing header of type 0", only=6, **OPTIONS,
      exts=[(43, bytes([2, 0, 1]) + bytes(4) + bytes(16))])
decoy("extensions-too-many", "RFC8200", "ten destination options headers", only=6,
      exts=[(60, PAD)] * 10,
      ways=("W-", "R+"), control=("R", "W"))


# ---- sizes ----
@opened("jumbo-write", "HPK01", "a segment of 8 KB with a write behind its reads",
        "R+ " * 30 + "W-")
def _(c):
    c.send(b"".join(big_read(c) for _ in range(30)) + c.write())
    c.answered(30)


@opened("jumbo-pieces", "HPK01", "the same, in three segments that cut through messages",
        "R+ " * 30 + "W-")
def _(c):
    c.pieces(b"".join(big_read(c) for _ in range(30)) + c.write(), [0, 3000, 7630])
