#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Conversations of three protocols over TCP and UDP, IPv4 and IPv6, as mirror ports, appliances and cards deliver
them: replay finds in each capture the messages that it finds in the plain one, and tshark does, too.

usage: encapsulations.py ZONECTL DIR [SHARED]      SHARED: a folder of captures of the same kinds
"""
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys

from dnp3_wire import Tcp, Tcp6, Udp, Udp6, checksum, m, o
from opcua_wire import chunk, text, u32

MACS, OTHER_MACS = b"\2\0\0\0\0\1\2\0\0\0\0\2", b"\2\0\0\0\0\3\2\0\0\0\0\4"
ETHERNET, RAW, NULL, LOOP, COOKED, COOKED2, PPP, PPP_HDLC, HDLC = 1, 101, 0, 108, 113, 276, 9, 50, 104
PROTOCOLS = ("modbus", "dnp3", "opcua")
failed = []


def modbus(tid, pdu):
    return struct.pack("!HHHB", tid, 0, len(pdu) + 1, 1) + pdu


def conversation(tcp, udp):
    c = tcp(40000, 502, acknowledges=True)
    yield from c.opening
    for tid in range(1, 4):
        yield c.packet(True, modbus(tid, b"\3\0\x0a\0\2"))
        yield c.packet(False, modbus(tid, b"\3\4\0\1\0\2"))
    yield c.packet(True, modbus(9, b"\x10\0\0\0\x40\x80" + bytes(128)))
    c = tcp(40001, 20000, acknowledges=True)
    yield from c.opening
    yield c.packet(True, m("c0013c02060a"[:10]))
    yield c.packet(False, o("c0810000"))
    c = udp(20000)
    for seq in range(4):
        yield c.packet(True, m("c%d013c0206" % seq, seq=seq))
        yield c.packet(False, o("c%d810000" % seq, seq=seq))
    c = tcp(40002, 4840, acknowledges=True)
    yield from c.opening
    yield c.packet(True, chunk(b"HELF", u32(0, 65535, 65535, 0, 0) + text("opc.tcp://server")))
    yield c.packet(False, chunk(b"ACKF", u32(0, 65535, 65535, 0, 0)))


PACKETS = list(conversation(Tcp, Udp)) + list(conversation(Tcp6, Udp6))


def is4(p):
    return p[0] >> 4 == 4


def ethertype(p):
    return b"\x08\0" if is4(p) else b"\x86\xdd"


def eth(p, macs=MACS):
    return macs + ethertype(p) + p


def outer(proto, payload, v6=False):
    if v6:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, 60) + bytes(15) + b"\1" + bytes(15) + b"\2" + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0x4000, 60, proto, 0) + bytes([172, 16, 0, 1, 172, 16, 0, 2])
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def gre(kind, payload, flags=0, rest=b"", v6=False):
    return eth(outer(47, struct.pack("!HH", flags, kind) + rest + payload, v6))


def udp_in(port, payload, v6=False):
    return eth(outer(17, struct.pack("!HHHH", 55555, port, 8 + len(payload), 0) + payload, v6))


def tags(p, *kinds):
    return MACS + b"".join(struct.pack("!HH", k, 100 + i) for i, k in enumerate(kinds)) + ethertype(p) + p


def prp(p, n, lan):
    """A trailer behind the padding: number, network and size, suffix."""
    payload = (p + bytes(max(0, 40 - len(p))))
    return MACS + ethertype(p) + payload + struct.pack("!HHH", n, lan << 12 | len(payload) + 6, 0x88FB)


def hsr(p, n, path):
    return MACS + struct.pack("!HHH", 0x892F, path << 12 | len(p) + 6, n) + ethertype(p) + p


def snap(p):
    body = b"\xaa\xaa\3\0\0\0" + ethertype(p) + p
    return MACS + struct.pack("!H", len(body)) + body + bytes(8)


def ppp(p):
    return b"\0\x21" + p if is4(p) else b"\0\x57" + p


def pppoe(p):
    return MACS + b"\x88\x64\x11\0\0\1" + struct.pack("!H", len(p) + 2) + ppp(p)


def mpls(p, labels=2):
    return MACS + b"\x88\x47" + b"".join(struct.pack("!I", 16 + i << 12 | (i == labels - 1) << 8 | 64) for i in range(labels)) + p


def cooked(p, tag=b""):
    return b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0" + (b"\x81\0" + tag if tag else b"") + ethertype(p) + p


def cooked2(p, tag=b"", interface=3):
    return ((b"\x81\0" if tag else ethertype(p)) + b"\0\0" + struct.pack("!I", interface) + b"\0\1\0\6\2\0\0\0\0\1\0\0" +
            (tag + ethertype(p) if tag else b"") + p)


def fragments(p, size):
    """The fragments of a packet, with that many octets each. The first one of IPv6 has the whole header of TCP:
    the kernel, and so replay, puts none together that has less (RFC 8200, 4.5)."""
    if is4(p):
        body = p[20:]
        for at in range(0, len(body), size):
            part = body[at:at + size]
            head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(part), fragments.n & 0xFFFF,
                               (at + size < len(body)) << 13 | at // 8, 64, p[9]) + b"\0\0" + p[12:20]
            yield head[:10] + struct.pack("!H", checksum(head)) + head[12:] + part
    else:
        body = p[40:]
        first = max(size, 24)
        for at in [0, *range(first, len(body), size)]:
            part = body[at:at + size if at else first]
            yield (p[:4] + struct.pack("!HBB", len(part) + 8, 44, 64) + p[8:40] +
                   struct.pack("!BBHI", p[6], 0, at | (at + len(part) < len(body)), fragments.n) + part)
    fragments.n += 1


fragments.n = 1


def routed(p):
    """The other side of a router: one hop less, and a header checksum that fits."""
    if not is4(p):
        return p[:7] + bytes([p[7] - 1]) + p[8:]
    head = p[:8] + bytes([p[8] - 1]) + p[9:10] + b"\0\0" + p[12:20]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + p[20:]


def unsized(p):
    return p[:2] + b"\0\0" + p[4:] if is4(p) else p[:4] + b"\0\0" + p[6:]


def erspan3(p, long):
    head = struct.pack("!HHIHH", 0x2000, 1, 0, 0, 1 if long else 0) + (bytes(8) if long else b"")
    return gre(0x22EB, head + eth(p), 0x1000, bytes(4))


# What one packet becomes: a list of frames.
KINDS = {
    "ethernet": (ETHERNET, lambda p: [eth(p)]),
    "padded": (ETHERNET, lambda p: [eth(p) + bytes(20)]),
    "vlan": (ETHERNET, lambda p: [tags(p, 0x8100)]),
    "qinq": (ETHERNET, lambda p: [tags(p, 0x88A8, 0x8100)]),
    "tags-of-all-kinds": (ETHERNET, lambda p: [tags(p, 0x9100, 0x9200, 0x9300, 0x88A8, 0x8100, 0x8100)]),
    "snap": (ETHERNET, lambda p: [snap(p)]),
    "pppoe": (ETHERNET, lambda p: [pppoe(p) + bytes(6)]),
    "mpls": (ETHERNET, lambda p: [mpls(p)]),
    "mpls-ethernet": (ETHERNET, lambda p: [mpls(bytes(4) + eth(p))]),
    "hsr": (ETHERNET, lambda p: [hsr(p, 1, 0)]),
    "prp": (ETHERNET, lambda p: [prp(p, 1, 10)]),
    "cooked": (COOKED, lambda p: [cooked(p)]),
    "cooked-vlan": (COOKED, lambda p: [cooked(p, b"\0\7")]),
    "cooked2": (COOKED2, lambda p: [cooked2(p)]),
    "cooked2-vlan": (COOKED2, lambda p: [cooked2(p, b"\0\7")]),
    "raw": (RAW, lambda p: [p]),
    "null": (NULL, lambda p: [struct.pack("<I", 2 if is4(p) else 24) + p]),
    "null-other-order": (NULL, lambda p: [struct.pack(">I", 2 if is4(p) else 28) + p]),
    "loop": (LOOP, lambda p: [struct.pack(">I", 2 if is4(p) else 24) + p]),
    "ppp": (PPP, lambda p: [b"\xff\3" + ppp(p)]),
    "ppp-short": (PPP, lambda p: [ppp(p)[1:]]),
    "ppp-hdlc": (PPP_HDLC, lambda p: [b"\xff\3" + ppp(p)]),
    "hdlc": (HDLC, lambda p: [b"\x0f\0" + ethertype(p) + p]),
    "gre": (ETHERNET, lambda p: [gre(struct.unpack("!H", ethertype(p))[0], p)]),
    "gre-all-fields": (ETHERNET, lambda p: [gre(struct.unpack("!H", ethertype(p))[0], p, 0xB000, bytes(12))]),
    "gre-ethernet": (ETHERNET, lambda p: [gre(0x6558, eth(p), 0x2000, bytes(4))]),
    "gre-over-ipv6": (ETHERNET, lambda p: [gre(0x6558, eth(p), v6=True)]),
    "erspan1": (ETHERNET, lambda p: [gre(0x88BE, eth(p))]),
    "erspan2": (ETHERNET, lambda p: [gre(0x88BE, b"\x10\7\0\1\0\0\0\0" + tags(p, 0x8100), 0x1000, bytes(4))]),
    "erspan3": (ETHERNET, lambda p: [erspan3(p, False)]),
    "erspan3-subheader": (ETHERNET, lambda p: [erspan3(p, True)]),
    "vxlan": (ETHERNET, lambda p: [udp_in(4789, b"\x08\0\0\0\0\0\1\0" + eth(p))]),
    "vxlan-over-ipv6": (ETHERNET, lambda p: [udp_in(4789, b"\x08\0\0\0\0\0\1\0" + eth(p), True)]),
    "geneve": (ETHERNET, lambda p: [udp_in(6081, b"\2\0\x65\x58\0\0\1\0" + bytes(8) + eth(p))]),
    "tzsp": (ETHERNET, lambda p: [udp_in(37008, b"\1\0\0\1\0\x0a\1\0\1" + eth(p))]),
    "ip-in-ip": (ETHERNET, lambda p: [eth(outer(4 if is4(p) else 41, p))]),
    "ip-in-ipv6": (ETHERNET, lambda p: [eth(outer(4 if is4(p) else 41, p, True))]),
    "tunnel-in-tunnel": (ETHERNET, lambda p: [gre(0x6558, udp_in(4789, b"\x08\0\0\0\0\0\1\0" + tags(p, 0x8100, 0x8100)))]),
    "fragments": (ETHERNET, lambda p: [eth(f) for f in fragments(p, 16)]),
    "fragments-backwards": (ETHERNET, lambda p: [eth(f) for f in fragments(p, 8)][::-1]),
    "fragments-twice": (ETHERNET, lambda p: [eth(f) for f in fragments(p, 24) for _ in (1, 2)]),
    "fragments-of-a-tunnel": (ETHERNET, lambda p: [eth(f) for f in fragments(gre(0x88BE, eth(p))[14:], 48)]),
    "fragments-in-a-tunnel": (ETHERNET, lambda p: [gre(0x6558, eth(f)) for f in fragments(p, 16)]),
    "fragments-in-fragments": (ETHERNET, lambda p: [eth(g) for f in list(fragments(p, 24)) for g in fragments(gre(0x6558, eth(f))[14:], 32)]),
    "no-length": (ETHERNET, lambda p: [eth(unsized(p) if p[9 if is4(p) else 6] == 6 else p)]),
    "copies-hsr": (ETHERNET, lambda p: [hsr(p, checksum(p), 0), hsr(p, checksum(p), 1)]),
    "copies-prp": (ETHERNET, lambda p: [prp(p, checksum(p), 10), prp(p, checksum(p), 11)]),
    "copies-routed": (ETHERNET, lambda p: [eth(p), eth(routed(p), OTHER_MACS)]),
    "copies-vlan": (ETHERNET, lambda p: [tags(p, 0x8100), tags(p, 0x8100, 0x8100)]),
    "copies-any": (COOKED2, lambda p: [cooked2(p, interface=1), cooked2(p, interface=2)]),
}
# tshark takes these apart in another way, or not at all: their own dissectors, not ours, are in question.
NOT_IN_TSHARK = ("no-length", "fragments-in-fragments", "hdlc", "ppp-short", "tags-of-all-kinds", "mpls-ethernet")


def pcap(link, frames, order="<", nano=False, snap=1 << 18):
    out = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, snap, link)
    for i, f in enumerate(frames):
        out += struct.pack(order + "IIII", 1700000000 + i // 100, i % 100 * (10**7 if nano else 10**4), min(snap, len(f)),
                           len(f)) + f[:snap]
    return out


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    n = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + n + body + n


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, link, resolution=None, offset=None, snap=0):
    options = b""
    if resolution is not None:
        options += struct.pack(order + "HHB3x", 9, 1, resolution)
    if offset is not None:
        options += struct.pack(order + "HHq", 14, 8, offset)
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap) + options + (bytes(4) if options else b""))


def packet(order, number, units, f):
    return block(order, 6, struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, len(f), len(f)) + f)


def pcapng_interfaces(order):
    """Ethernet, raw, cooked with their own clocks: microseconds, 2^-20, picoseconds behind an offset; blocks of other
    kinds in between, and old packet blocks."""
    out = section(order) + interface(order, ETHERNET) + interface(order, RAW, 0x80 | 20) + block(order, 0x0BAD, b"note")
    out += interface(order, COOKED, 12, 1700000000, 96)
    for i, p in enumerate(PACKETS):
        at = 1700000000 * 1000 + i
        if i % 3 == 0 and i % 2:
            out += block(order, 2, struct.pack(order + "HHIIII", 0, 0, at * 1000 >> 32, at * 1000 & 0xFFFFFFFF,
                                               len(eth(p)), len(eth(p))) + eth(p))
        else:
            out += (packet(order, 0, at * 1000, eth(p)), packet(order, 1, (at << 20) // 1000, p),
                    packet(order, 2, i * 10**9, cooked(p)))[i % 3]
    return out


def pcapng_sections():
    third = len(PACKETS) // 3
    out = b""
    for order, link, wrap, part in (("<", RAW, lambda p: p, PACKETS[:third]), (">", ETHERNET, eth, PACKETS[third:2 * third]),
                                    ("<", COOKED2, cooked2, PACKETS[2 * third:])):
        out += section(order) + interface(order, link) + b"".join(packet(order, 0, 1700000000 * 10**6, wrap(p)) for p in part)
    return out


def pcapng_simple():
    return section("<") + interface("<", ETHERNET) + b"".join(
        block("<", 3, struct.pack("<I", len(eth(p))) + eth(p)) for p in PACKETS)


def zstd_stored(data):
    """A frame of blocks as they are (RFC 8878 3.1.1)."""
    out = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
    for at in range(0, len(data), 1000):
        part = data[at:at + 1000]
        out += struct.pack("<I", len(part) << 3 | (at + 1000 >= len(data)))[:3] + part
    return out


PLAIN = [eth(p) for p in PACKETS]
FILES = {
    "pcap-be": pcap(ETHERNET, PLAIN, ">"),
    "pcap-ns": pcap(ETHERNET, PLAIN, "<", True),
    "pcap-ns-be": pcap(ETHERNET, PLAIN, ">", True),
    "pcap-gz": gzip.compress(pcap(ETHERNET, PLAIN)),
    "pcap-gz-in-two": gzip.compress(pcap(ETHERNET, PLAIN)[:1000]) + gzip.compress(pcap(ETHERNET, PLAIN)[1000:]) + bytes(512),
    "pcap-zst": zstd_stored(pcap(ETHERNET, PLAIN)),
    "pcapng-le": pcapng_interfaces("<"),
    "pcapng-be": pcapng_interfaces(">"),
    "pcapng-sections": pcapng_sections(),
    "pcapng-simple": pcapng_simple(),
    "pcapng-gz": gzip.compress(pcapng_interfaces("<")),
}


def check(what, good):
    if not good:
        failed.append(what)
        print("wrong:", what)


def replay(zonectl, path, *options, stdin=None):
    out = subprocess.run([zonectl, "replay", "--json", *options, path], capture_output=True, text=True, timeout=120,
                         stdin=stdin)
    messages = [json.loads(line) for line in out.stdout.splitlines()]
    for one in messages:
        for name in ("frame", "time"):
            one.pop(name, None)
    return [m for m in messages if m.get("proto") in PROTOCOLS and m.get("event", "message") == "message"], out


def by_tshark(path):
    out = subprocess.run(["tshark", "-r", path, "-o", "ip.defragment:TRUE", "-T", "fields", "-e", "mbtcp.trans_id",
                          "-e", "dnp3.al.func", "-e", "opcua.transport.type"], capture_output=True, text=True, timeout=120)
    return [line.strip().replace("\t", " ") for line in out.stdout.splitlines() if line.strip()]


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def all_kinds(zonectl, where, tshark):
    want, _ = replay(zonectl, write(f"{where}/plain", pcap(RAW, PACKETS)), "--checksums")
    words = [m["proto"] for m in want]
    check("the plain capture has messages of three protocols", min(words.count(w) for w in PROTOCOLS) >= 4)
    theirs = by_tshark(f"{where}/plain") if tshark else None
    for name, (link, wrap) in list(KINDS.items())[::int(os.environ.get("ZONED_EACH", "1"))]:
        path = write(f"{where}/{name}", pcap(link, [f for p in PACKETS for f in wrap(p)]))
        got, out = replay(zonectl, path, "--checksums")
        check(f"{name}: {len(got)} messages of {len(want)} {out.stderr}", got == want)
        if tshark and name not in NOT_IN_TSHARK and not name.startswith("copies"):
            seen = by_tshark(path)
            check(f"{name}: tshark sees {len(seen)} lines of {len(theirs)}", seen == theirs)
    for name, data in FILES.items():
        path = write(f"{where}/{name}", data)
        got, out = replay(zonectl, path, "--checksums")
        check(f"{name}: {len(got)} messages of {len(want)} {out.stderr}", got == want)
        if tshark and name != "pcap-gz-in-two": # its own reader ends at the padding
            check(f"{name}: tshark sees something else", by_tshark(path) == theirs)
        with open(path, "rb") as f:
            check(f"{name} from standard input", replay(zonectl, "-", "--checksums", stdin=f)[0] == want)
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", f"{where}/plain", "-o", f"{where}/plain.bin"], check=True)
        check("zstd", replay(zonectl, f"{where}/plain.bin", "--checksums")[0] == want)
    return want


def repetitions(zonectl, where, want):
    """What one end may have sent twice is judged twice; a TCP stream has each octet once."""
    path = write(f"{where}/twice", pcap(ETHERNET, [eth(p) for p in PACKETS for _ in (1, 2)]))
    got, _ = replay(zonectl, path)
    twice = sum(2 if m["transport"] == "udp" else 1 for m in want)
    check(f"repeated by one way: {len(got)} messages, not {twice}", len(got) == twice)
    # two sightings by each of two ways: sent twice
    frames = [f for p in PACKETS for f in (eth(p), eth(p), eth(routed(p), OTHER_MACS), eth(routed(p), OTHER_MACS))]
    got, _ = replay(zonectl, write(f"{where}/twice-routed", pcap(ETHERNET, frames)))
    check(f"repeated by two ways: {len(got)} messages, not {twice}", len(got) == twice)


def damaged(zonectl, where, want):
    """What comes before the damage is there, and the frame is named."""
    for name, data in (("pcap", pcap(ETHERNET, PLAIN)), ("pcapng", pcapng_interfaces("<"))):
        got, out = replay(zonectl, write(f"{where}/damaged", data[:-20]))
        check(f"{name}, cut: {out.stderr}", out.returncode != 0 and f"frame {len(PLAIN)}" in out.stderr and got == want[:-1])
    for pack in (gzip.compress, zstd_stored):
        got, out = replay(zonectl, write(f"{where}/damaged", pack(pcap(ETHERNET, PLAIN))[:-30]))
        check(f"compressed, cut: {out.stderr}", out.returncode != 0 and "compressed data" in out.stderr)
    for name, data, word in (("empty", b"", "empty"), ("xz", b"\xfd7zXZ\0" + bytes(60), "xz -dc"), ("text", b"hello, world", "")):
        got, out = replay(zonectl, write(f"{where}/damaged", data))
        check(f"{name}: {out.stderr}", out.returncode != 0 and word in out.stderr and not got and
              sum("/damaged: " in line for line in out.stderr.splitlines()) == 1)


def shared(zonectl, folder):
    want, _ = replay(zonectl, f"{folder}/r-base.pcap")
    for name in ("r-base.pcap.gz", "r-erspan2.pcap", "r-gre-ip.pcap", "r-ip-fragments.pcap", "r-ng-2if-linktype.pcapng", "r-vxlan.pcap"):
        check(name, replay(zonectl, f"{folder}/{name}")[0] == want)
    check("r-tso-big.pcap", len(replay(zonectl, f"{folder}/r-tso-big.pcap")[0]) == 200)
    check("r-snap60.pcap", replay(zonectl, f"{folder}/r-snap60.pcap")[0] == [])


def main():
    zonectl, where = sys.argv[1:3]
    tshark = shutil.which("tshark") is not None
    want = all_kinds(zonectl, where, tshark)
    repetitions(zonectl, where, want)
    damaged(zonectl, where, want)
    folder = sys.argv[3] if len(sys.argv) > 3 else ""
    if os.path.exists(f"{folder}/r-base.pcap"):
        shared(zonectl, folder)
    print(f"{len(KINDS) + len(FILES)} kinds of capture, {len(want)} messages in each{'' if tshark else '; without tshark'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
