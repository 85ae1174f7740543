#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Captures of a small plant, for zonectl learn.

usage: plant.py FOLDER

  day.pcap     two panels poll two controllers; one of them writes a set-point and a coil; an
               engineering station loads a program; a panel uses ssh and asks a clock
  night.pcap   later: the same polls, a register more, and a write of a value that was never seen
  attack.pcap  a stranger in the panels' subnet, who scans function codes and writes
  broken.pcap  no message of it is whole, one connection begins in the middle
  day-1.pcap, day-2.pcap   day.pcap in two, by time
"""
import os
import struct
import sys

PANEL_A, PANEL_B, STRANGER = "10.1.0.5", "10.1.0.6", "10.1.0.66"
LAPTOP, PLC_A, PLC_B, CLOCK = "10.3.0.7", "10.2.0.9", "10.2.0.10", "10.4.0.1"


def address(text):
    return bytes(int(n) for n in text.split("."))


def ip(src, dst, proto, body):
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0) + address(src) + address(dst) + body


class Tcp:
    """A connection; each call makes packets of it, in `out` as (seconds, packet)."""
    sport = 40000

    def __init__(self, out, at, client, server, port, begun=True):
        Tcp.sport += 1
        self.out, self.at, self.ends, self.ports = out, at, (client, server), (Tcp.sport, port)
        self.next = [1000, 5000]
        if begun:
            self.segment(0, 2, seq=999)
            self.segment(1, 0x12, seq=4999)
            self.segment(0, 0x10)

    def segment(self, way, flags, data=b"", seq=None):
        seq = self.next[way] if seq is None else seq
        ack = self.next[1 - way] if flags & 0x10 else 0
        tcp = struct.pack("!HHIIBBHHH", self.ports[way], self.ports[1 - way], seq, ack, 0x50, flags, 8192, 0, 0)
        self.out.append((self.at, ip(self.ends[way], self.ends[1 - way], 6, tcp + data)))
        self.next[way] += len(data)
        self.at += 0.01

    def say(self, way, data):
        self.segment(way, 0x18, data)


def adu(tid, unit, pdu):
    return struct.pack("!HHHB", tid, 0, len(pdu) + 1, unit) + pdu


class Client(Tcp):
    tid = 0

    def ask(self, request, answer, unit=1):
        self.tid += 1
        self.say(0, adu(self.tid, unit, bytes.fromhex(request)))
        if answer:
            self.say(1, adu(self.tid, unit, bytes.fromhex(answer)))
        self.at += 0.5


def poll(client, times):
    for _ in range(times):
        client.ask("03 0000 000a", "03 14" + "00 01" * 10)      # holding registers 0-9
        client.ask("03 000a 0005", "03 0a" + "00 02" * 5)       # 10-14: they touch
        client.ask("04 0064 0002", "04 04 0000 0001")           # input registers 100-101


def day(start):
    out = []
    a, b = Client(out, start, PANEL_A, PLC_A, 502), Client(out, start + 0.1, PANEL_B, PLC_B, 502)
    poll(a, 5)
    poll(b, 5)
    for value in (100, 950):
        a.ask("06 0028 %04x" % value, "06 0028 %04x" % value)   # a set-point
    for value in ("ff00", "0000"):
        a.ask("05 0008" + value, "05 0008" + value)             # a coil
    b.ask("01 0000 0008", "01 01 00")                           # once
    laptop = Client(out, start + 2, LAPTOP, PLC_A, 502)
    laptop.ask("2b 0e 01 00", "2b 0e 01 01 00 00 02 00 04 41636d65 01 05 5032303130")
    laptop.ask("5a 00 02", "5a 00 fe")
    laptop.ask("5a 00 10", "5a 00 fe")
    shell = Tcp(out, start + 3, PANEL_A, PLC_A, 22)
    for _ in range(3):
        shell.say(0, b"x" * 20)
        shell.say(1, b"y" * 20)
    for i in range(4):
        for way in range(2):
            ends = (PANEL_A, CLOCK) if way == 0 else (CLOCK, PANEL_A)
            ports = (123, 123)
            out.append((start + 4 + i + way / 10, ip(*ends, 17, struct.pack("!HHHH", *ports, 56, 0) + bytes(48))))
    return out


def night(start):
    out = []
    a = Client(out, start, PANEL_A, PLC_A, 502)
    poll(a, 5)
    a.ask("03 01f4 0001", "03 02 0000")
    a.ask("06 0028 2710", "06 0028 2710")
    return out


def attack(start):
    out = []
    stranger = Client(out, start, STRANGER, PLC_A, 502)
    for code in (1, 3, 5, 6, 8, 15, 16, 43, 90, 125):
        stranger.ask("%02x 0000 0001" % code, "%02x 01" % (code | 0x80))
    stranger.ask("10 0028 0001 02 ffff", "10 0028 0001")
    return out


def broken(start):
    out = []
    middle = Client(out, start, PANEL_A, PLC_A, 502, begun=False)
    middle.say(1, b"\0\1")
    poll(middle, 2)
    other = Client(out, start + 1, PANEL_B, PLC_B, 502)
    other.say(0, b"GET / HTTP/1.0\r\n\r\n")
    other.say(1, b"\0\1\0\0\0\3\1\x83")
    out.append((start + 9, b"\x45\0"))
    return out


def write_pcap(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for at, packet in sorted(packets, key=lambda p: p[0]):
            second = int(at)
            f.write(struct.pack("<IIII", second, int((at - second) * 1000000), len(packet), len(packet)) + packet)


def main():
    folder = sys.argv[1]
    at = 1700000000
    packets = sorted(day(at), key=lambda p: p[0])
    half = len(packets) // 2
    for name, some in (("day", packets), ("day-1", packets[:half]), ("day-2", packets[half:]),
                       ("night", night(at + 3600)), ("attack", attack(at + 7200)), ("broken", broken(at))):
        write_pcap(os.path.join(folder, name + ".pcap"), some)


if __name__ == "__main__":
    main()
