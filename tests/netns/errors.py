#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ICMP errors as anybody may make them, from eth0 to the gateway's MAC address. TTL 77.

    errors.py MAC COUNT ROUTER TYPE CODE SIZE udp|tcp FROM PORT TO PORT

ROUTER tells FROM something about its packet to TO; with SIZE octets of it quoted, headers included."""
import ipaddress
import socket
import struct
import sys

from forge import checksum, ipv4


def ipv6(src, dst, proto, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, 77) + src + dst + payload


def main():
    mac, count, router, kind, code, size, proto, *rest = sys.argv[1:]
    src, sport, dst, dport = rest
    v6 = ":" in src
    number = {"udp": 17, "tcp": 6}[proto]
    ports = struct.pack("!HH", int(sport), int(dport))
    body = ports + (struct.pack("!HH", 500, 0) if proto == "udp" else struct.pack("!IIBBHHH", 1, 1, 0x50, 16, 512, 0, 0))
    quoted = body + b"q" * max(0, int(size) - len(body) - (40 if v6 else 20))
    head = struct.pack("!BBHI", int(kind), int(code), 0, 1300)
    if v6:
        ends = [ipaddress.ip_address(x).packed for x in (router, src, dst)]
        error = head + ipv6(ends[1], ends[2], number, quoted)
        total = checksum(ends[0] + ends[1] + struct.pack("!II", len(error), 58) + error)
        packet = ipv6(ends[0], ends[1], 58, error[:2] + struct.pack("!H", total) + error[4:])
    else:
        error = head + ipv4(src, dst, number, quoted)
        packet = ipv4(router, src, 1, error[:2] + struct.pack("!H", checksum(error)) + error[4:])
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as s:
        for _ in range(int(count)):
            s.sendto(packet, ("eth0", 0x86dd if v6 else 0x0800, 0, 0, bytes.fromhex(mac.replace(":", ""))))


main()
