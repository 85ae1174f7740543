# SPDX-License-Identifier: MIT
"""The next request of another's connection, forged.

    spoof.py ADDRESS PORT       from the wrong side: the device's end sees a request of the client
                                go by, and sends the one that would come after it to the gateway, as
                                if it came from the client. Says "arrived" when it came back.
    spoof.py ADDRESS PORT sum   at the client's end, with a wrong check sum and a time to live of 77."""
import socket
import struct
import sys
import time

from forge import checksum

OUTGOING = 4
server, port = socket.inet_aton(sys.argv[1]), int(sys.argv[2])
own = sys.argv[3:] == ["sum"]


def segment(frame):
    """(offset of the TCP header, of the payload) of a segment to the device, or None"""
    ip = frame[14:34]
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or ip[0] != 0x45 or ip[9] != 6 or ip[16:20] != server:
        return None
    at = 34 + (frame[46] >> 4) * 4
    return (34, at) if struct.unpack("!H", frame[36:38])[0] == port else None


def next_of(frame, ack):
    """The request after this one, with the gateway's address as its destination."""
    tcp, at = segment(frame)
    f = bytearray(frame if own else frame[6:12] + frame[0:6] + frame[12:])
    seq, tid = struct.unpack("!I", f[tcp + 4:tcp + 8])[0], struct.unpack("!H", f[at:at + 2])[0]
    f[tcp + 4:tcp + 8] = struct.pack("!I", (seq + len(f) - at) & 0xffffffff)
    f[tcp + 8:tcp + 12] = ack
    f[at:at + 2] = struct.pack("!H", (tid + 1) & 0xffff)
    f[22], f[24:26], f[tcp + 16:tcp + 18] = 77 if own else 64, b"\0\0", b"\0\0"
    f[24:26] = struct.pack("!H", checksum(bytes(f[14:34])))
    pseudo = bytes(f[26:34]) + struct.pack("!HH", 6, len(f) - tcp)
    f[tcp + 16:tcp + 18] = struct.pack("!H", checksum(pseudo + bytes(f[tcp:])) ^ (0x5555 if own else 0))
    return bytes(f)


def frames(s, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            frame, where = s.recvfrom(4096)
        except socket.timeout:
            return
        if (where[2] == OUTGOING) == own:
            yield frame


s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
s.bind(("eth0", 0))
print("ready", flush=True)
last, ack, wait = None, None, 10
while True:     # until it says nothing for a while: the last one is answered, and the answer acknowledged
    frame = next((f for f in frames(s, wait) if segment(f)), None)
    if not frame:
        break
    tcp, at = segment(frame)
    ack = frame[tcp + 8:tcp + 12]
    if 14 + struct.unpack("!H", frame[16:18])[0] > at:
        last, wait = frame, 0.5
if not last:
    sys.exit("no request was seen")
forged = next_of(last, ack)
s.send(forged)
back = not own and any(f[34:42] == forged[34:42] and f[-7:] == forged[-7:] for f in frames(s, 1.5))
print("arrived" if back else "lost")
