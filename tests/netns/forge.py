#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packets of others, from eth0 to the gateway's MAC address, whatever the routes say; TTL 77:

    forge.py MAC COUNT datagram FROM PORT TO PORT   UDP
    forge.py MAC COUNT error ROUTER udp|tcp FROM PORT TO PORT
                                        ICMP: ROUTER tells FROM that TO is not to be reached
"""
import socket
import struct
import sys


def checksum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b[:len(b) & ~1])) + (b[-1] << 8 if len(b) & 1 else 0)
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff


def with_sum(b, at):
    return b[:at] + struct.pack("!H", checksum(b)) + b[at + 2:]


def ipv4(src, dst, proto, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 77, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    return with_sum(head, 10) + payload


def udp(src, sport, dst, dport):
    return ipv4(src, dst, 17, struct.pack("!HHHH", int(sport), int(dport), 108, 0) + b"f" * 100)


def tcp(src, sport, dst, dport):    # as much of it as an error quotes
    return ipv4(src, dst, 6, struct.pack("!HHI", int(sport), int(dport), 1))


def error(router, proto, src, *rest):
    about = {"udp": udp, "tcp": tcp}[proto](src, *rest)
    return ipv4(router, src, 1, with_sum(struct.pack("!BBHI", 3, 1, 0, 0) + about, 2))


if __name__ == "__main__":
    mac, count, kind, *args = sys.argv[1:]
    packet = {"datagram": udp, "error": error}[kind](*args)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as s:
        for _ in range(int(count)):
            s.sendto(packet, ("eth0", 0x0800, 0, 0, bytes.fromhex(mac.replace(":", ""))))
