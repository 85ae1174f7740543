# SPDX-License-Identifier: MIT
"""link.py FROM TO: the IPv4 packets of a capture (raw IP or Ethernet) as frames in VLAN 12; stations of 10.1.0.0/24 come
by one router, each other has an address of its own on the link: 02:00 and its address."""
import struct
import sys

data = open(sys.argv[1], 'rb').read()
order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
raw = struct.unpack(order + 'I', data[20:24])[0] in (12, 101, 228)
out = data[:20] + struct.pack(order + 'I', 1)
at = 24
while at < len(data):
    seconds, rest, n, _ = struct.unpack(order + 'IIII', data[at:at + 16])
    packet = data[at + 16:at + 16 + n][0 if raw else 14:]
    at += 16 + n
    source = packet[12:16]
    mac = bytes([2, 0, 0, 0, 0, 9]) if source[:3] == bytes([10, 1, 0]) else bytes([2, 0]) + source
    frame = bytes([2, 0, 0, 0, 0, 8]) + mac + struct.pack('>HHH', 0x8100, 12, 0x0800) + packet
    out += struct.pack(order + 'IIII', seconds, rest, len(frame), len(frame)) + frame
open(sys.argv[2], 'wb').write(out)
