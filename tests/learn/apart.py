#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Many public captures were made on one machine, whose client and server have one address. Give the server, and the
client, one of its own, as if a gateway were between them. Checksums are left wrong.

usage: apart.py FROM TO PORT...       PORT: of servers; else the smaller one is the server's

Exit status 3: nothing of it was changed, and TO is not written.
"""
import struct
import sys

# bytes before the EtherType, or None and bytes before the IP header
LINKS = {1: (12, 2), 0: (None, 4), 101: (None, 0), 113: (14, 2), 108: (None, 4)}
ENDS = {4: (bytes([10, 1, 0, 5]), bytes([10, 2, 0, 9])),
        6: (bytes.fromhex("fd000001000000000000000000000005"), bytes.fromhex("fd000002000000000000000000000009"))}


def ip_at(link, frame):
    before, width = LINKS[link]
    if before is None:
        return width
    at, kind = before + width, frame[before:before + width]
    while kind in (b"\x81\0", b"\x88\xa8"):
        kind, at = frame[at + 2:at + 4], at + 4
    return at if kind in (b"\x08\0", b"\x86\xdd") else None


def apart(frame, at, servers):
    """The frame with its ends apart; None: they are."""
    version = frame[at] >> 4 if len(frame) > at + 20 else 0
    if version not in ENDS:
        return None
    width, src = (4, at + 12) if version == 4 else (16, at + 8)
    dst, ports = src + width, at + (frame[at] % 16 * 4 if version == 4 else 40)
    if frame[src:dst] != frame[dst:dst + width] or len(frame) < ports + 4:
        return None
    sport, dport = struct.unpack("!HH", frame[ports:ports + 4])
    to_server = dport in servers or (sport not in servers and dport < sport)
    a, b = ENDS[version] if to_server else ENDS[version][::-1]
    return frame[:src] + a + b + frame[dst + width:]


def main():
    servers = {int(port) for port in sys.argv[3:]}
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if not order or struct.unpack(order + "I", data[20:24])[0] not in LINKS:
        return 3
    link, out, at, changed = struct.unpack(order + "I", data[20:24])[0], [data[:24]], 24, 0
    while at + 16 <= len(data):
        kept = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + kept]
        begins = ip_at(link, frame)
        moved = apart(frame, begins, servers) if begins is not None else None
        changed += moved is not None
        out += [data[at:at + 16], moved or frame]
        at += 16 + kept
    if not changed:
        return 3
    with open(sys.argv[2], "wb") as f:
        f.write(b"".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
