#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""uninspected.py ZONECTL FOLDER: captures that replay -m judges, and what it has to report of each."""
import ipaddress
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dnp3_wire import checksum  # noqa: E402

ZONECTL, DIR = sys.argv[1:]
MODEL = """
system = { name = "uninspected"; };
zones = (
  { name = "a"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.1.0.0/24", "fd00:1::/64" ]; },
  { name = "b"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.2.0.0/24", "fd00:2::/64" ]; } );
conduits = ( { name = "ab"; from = "a"; to = "b"; flows = ( { protocol = "modbus"; policy = "modbus-read-only"; },
  { service = "ssh"; }, { service = "dns"; }, { service = "ping"; } ); } );
policies = {
  @include "modbus-read-only.conf"
};
"""
A, A2, B, UNKNOWN = ("10.1.0.5", "fd00:1::5"), ("10.1.0.6", "fd00:1::6"), ("10.2.0.9", "fd00:2::9"), ("192.0.2.1", "2001:db8::1")
TCP, UDP, ICMP = 6, 17, 1
SYN, ACK, PUSH = 2, 0x10, 0x18
READ = bytes.fromhex("0001000000060103000a0002")
WRITE = bytes.fromhex("000200000006010600000007")


def ip(v, src, dst, proto, payload, at):
    src, dst = (ipaddress.ip_address(x[v == 6]) for x in (src, dst))
    if v == 6 and proto == ICMP:
        proto = 58
    over = b"" if proto == ICMP else src.packed + dst.packed + struct.pack("!II", len(payload), proto)
    payload = payload[:at] + struct.pack("!H", checksum(over + payload)) + payload[at + 2:]
    if v == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + src.packed + dst.packed + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0, src.packed, dst.packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(v, src, sport, dst, dport, flags, data=b"", seq=1, ack=1):
    return ip(v, src, dst, TCP, struct.pack("!HHIIBBHHH", sport, dport, seq, ack if flags & ACK else 0, 0x50, flags, 8000, 0, 0) + data, 16)


def udp(v, src, sport, dst, dport, data=b"data"):
    return ip(v, src, dst, UDP, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6)


def icmp(v, src, dst, kinds, body=b"\0\7\0\1"):
    return ip(v, src, dst, ICMP, struct.pack("!BBH", kinds[v == 6], 0, 0) + body, 2)


def error(v, src, dst, kinds, about):
    return icmp(v, src, dst, kinds, b"\0" * 4 + about[:48 if v == 6 else 28])


REQUEST, RESPONSE = "no-conduit request", "no-conduit response"
PING, PONG, UNREACHABLE, REDIRECT, TOO_FAR = (8, 128), (0, 129), (3, 1), (5, 137), (11, 3)


def handshake(v, src, sport, dst, dport, seq=0):
    return [tcp(v, src, sport, dst, dport, SYN, seq=seq), tcp(v, dst, dport, src, sport, SYN | ACK, seq=seq, ack=seq + 1),
            tcp(v, src, sport, dst, dport, ACK, seq=seq + 1, ack=seq + 1)]


def cases(v):
    """name, packets (or seconds to wait), and of the records in order: reason, direction, packets counted"""
    question, lost = udp(v, A, 5000, B, 53), udp(v, A, 5000, B, 54)
    yield "inside a zone", handshake(v, A, 4000, A2, 23) + [udp(v, A2, 7, A, 9), icmp(v, A, A2, PING)], []
    yield "a service", handshake(v, A, 4000, B, 22) + [tcp(v, B, 22, A, 4000, PUSH, b"hello")], []
    yield "a service, from the middle on", [tcp(v, B, 22, A, 4000, PUSH, b"hello"), tcp(v, A, 4000, B, 22, ACK)], []
    yield "a service, without its SYN", handshake(v, A, 4000, B, 22)[1:], []
    yield "no service", handshake(v, A, 4000, B, 23)[:1] * 2, [REQUEST, REQUEST + " 1"]
    yield "its answer", handshake(v, A, 4000, B, 23)[1:2], [RESPONSE]
    asked = handshake(v, A, 4000, B, 2323) + [tcp(v, B, 2323, A, 4000, PUSH, b"login:")]
    yield "all of it", asked, [REQUEST, REQUEST + " 3"]
    yield "two of them", asked + handshake(v, A, 4001, B, 2323), [REQUEST, REQUEST, REQUEST + " 3", REQUEST + " 2"]
    yield "windows of it", asked + [11] + asked[-1:] * 2 + [11] + asked[-1:], [REQUEST, REQUEST + " 3", REQUEST + " 2", REQUEST + " 1"]
    yield "after a silence", asked[:1] + [30] + asked[:1], [REQUEST] * 2
    yield "from its middle on", asked[3:] + asked[2:3], ["no-conduit -", "no-conduit - 1"]
    yield "from its middle on, at a known port", [tcp(v, B, 20000, A, 4000, PUSH), tcp(v, B, 443, A, 4000, PUSH),
                                                  tcp(v, A, 4002, B, 23, PUSH)], [RESPONSE, RESPONSE, REQUEST]
    yield "datagrams both ways", [udp(v, A, 5000, B, 5555), udp(v, B, 5555, A, 5000)] * 2, [REQUEST, REQUEST + " 3"]
    yield "the other way", handshake(v, B, 4000, A, 22)[:1], [REQUEST]
    yield "ports in use again, the other way", handshake(v, A, 22, B, 22) + handshake(v, B, 22, A, 22)[:1], [REQUEST]
    yield "question and answer", [question, udp(v, B, 53, A, 5000)], []
    yield "an answer at the beginning", [udp(v, B, 53, A, 5000)], []
    yield "an answer that nothing asked for", [question, 121, udp(v, B, 53, A, 5001)], [RESPONSE]
    yield "an answer that comes too late", [question, 121, udp(v, B, 53, A, 5000)], [RESPONSE]
    yield "refused, then opened by the other end", [1, question, 200, udp(v, B, 53, A, 53), udp(v, A, 53, B, 53), udp(v, B, 53, A, 53)], [REQUEST]
    yield "ping", [icmp(v, A, B, PING), icmp(v, B, A, PONG)], []
    yield "ping the other way", [icmp(v, B, A, PING)], ["no-conduit -"]
    yield "an answer to a ping that is not permitted", [icmp(v, A, B, PONG)], ["no-conduit -"]
    yield "an answer to a ping before the capture", [icmp(v, B, A, PONG)], []
    yield "a connection of the other end, by its answer", handshake(v, B, 4000, A, 22)[1:2], [RESPONSE]
    yield "the same with the port of a service", [tcp(v, A, 4000, B, 22, SYN | ACK)], [RESPONSE]
    yield "an address of no zone", [udp(v, UNKNOWN, 5000, B, 53), udp(v, A, 5000, UNKNOWN, 53)], ["unknown-zone request"] * 2
    yield "an error about a question", [question, error(v, B, A, UNREACHABLE, question)], []
    yield "of a router of no zone", [question, error(v, UNKNOWN, A, TOO_FAR, question)], []
    yield "about what nothing permits", [lost, error(v, B, A, UNREACHABLE, lost)], [REQUEST, "no-conduit -"]
    if v == 4:
        yield "a redirect", [question, error(v, B, A, REDIRECT, question)], ["icmp-error -"]
    yield "a judged connection beside", handshake(v, A, 4000, B, 502) + [
        tcp(v, A, 4000, B, 502, PUSH, READ), question, tcp(v, A, 4000, B, 502, PUSH, WRITE, seq=1 + len(READ))], ["function-not-allowed request"]


def write(path, packets):
    now = 1700000000
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i, p in enumerate(packets):
            if isinstance(p, int):
                now += p
            else:
                f.write(struct.pack("<IIII", now, i * 1000, len(p), len(p)) + p)


def records(out):
    got = []
    for o in map(json.loads, out.splitlines()):
        if o["reason"] != "none":
            got.append(" ".join([o["reason"], o.get("dir", "-")] + ([str(o["repeated"])] if "repeated" in o else [])))
    return got


def main():
    failed = 0
    model, capture = os.path.join(DIR, "model.conf"), os.path.join(DIR, "case.pcap")
    with open(model, "w") as f:
        f.write(MODEL)
    for v in 4, 6:
        for name, packets, want in cases(v):
            write(capture, packets)
            args = [ZONECTL, "replay", "--json", "--jobs", "2", "-m", model, capture]
            got = records(subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="ascii").stdout)
            failed += got != want
            print("%s: IPv%d: %s: %s" % ("ok" if got == want else "FAILED, not %s" % want, v, name, got or "nothing reported"))
    return failed != 0


sys.exit(main())
