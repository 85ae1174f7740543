# SPDX-License-Identifier: MIT
"""DNP3 frames, and captures of conversations made of them."""
import struct

CLIENT, SERVER, PORT = bytes([10, 1, 0, 5]), bytes([10, 2, 0, 9]), 20000
CLIENT6, SERVER6 = (bytes([0xFD, net] + [0] * 13 + [host]) for net, host in ((1, 5), (2, 9)))
MASTER, OUTSTATION = 1, 10


def crc(data):
    c = 0
    for x in data:
        c ^= x
        for _ in range(8):
            c = (c >> 1) ^ 0xA6BC if c & 1 else c >> 1
    return struct.pack("<H", c ^ 0xFFFF)


def frame(control, dst, src, user=b""):
    head = struct.pack("<BBBBHH", 5, 0x64, len(user) + 5, control, dst, src)
    blocks = [user[i:i + 16] for i in range(0, len(user), 16)]
    return head + crc(head) + b"".join(b + crc(b) for b in blocks)


def segments(fragment, seq, size=249):
    """The user data of the frames of one fragment."""
    parts = [fragment[i:i + size] for i in range(0, len(fragment), size)] or [b""]
    return [bytes([(i == 0) << 6 | (i == len(parts) - 1) << 7 | (seq + i) & 63]) + p for i, p in enumerate(parts)]


def m(app, dst=OUTSTATION, src=MASTER, seq=0, control=0xC4):
    """A request in one frame; app in hex."""
    return frame(control, dst, src, segments(bytes.fromhex(app), seq)[0])


def o(app, dst=MASTER, src=OUTSTATION, seq=0, control=0x44):
    return frame(control, dst, src, segments(bytes.fromhex(app), seq)[0])


def checksum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data)) if len(data) % 2 == 0 else checksum_odd(data)
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return s ^ 0xFFFF


def checksum_odd(data):
    return sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0"))


def ip(proto, from_client, payload, at):
    src, dst = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    pseudo = src + dst + struct.pack("!BBH", 0, proto, len(payload))
    payload = payload[:at] + struct.pack("!H", checksum(pseudo + payload)) + payload[at + 2:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(proto, from_client, payload, at):
    src, dst = (CLIENT6, SERVER6) if from_client else (SERVER6, CLIENT6)
    pseudo = src + dst + struct.pack("!II", len(payload), proto)
    payload = payload[:at] + struct.pack("!H", checksum(pseudo + payload)) + payload[at + 2:]
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + src + dst + payload


class Tcp:
    ip = staticmethod(ip)

    def __init__(self, cport, port=PORT, acknowledges=False):
        """acknowledges: each end acknowledges what the other sent, instead of nothing."""
        self.cport, self.port, self.next, self.acknowledges = cport, port, [1000, 5000], acknowledges
        self.opening = [self.packet(True, b"", 2), self.packet(False, b"", 0x12), self.packet(True, b"", 0x10)]

    def packet(self, from_client, data, flags=0x18):
        ports = (self.cport, self.port) if from_client else (self.port, self.cport)
        d = 0 if from_client else 1
        seq, ack = self.next[d], self.next[not d] if self.acknowledges else (1001, 5001)[not d]
        if flags == 2:
            ack = 0
        self.next[d] += len(data) + (flags & 3 != 0)      # SYN and FIN have a number
        tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 8192, 0, 0) + data
        return self.ip(6, from_client, tcp, 16)


class Udp:
    ip = staticmethod(ip)

    def __init__(self, cport):
        self.cport, self.opening = cport, []

    def packet(self, from_client, data):
        ports = (self.cport, PORT) if from_client else (PORT, self.cport)
        return self.ip(17, from_client, struct.pack("!HHHH", *ports, 8 + len(data), 0) + data, 6)


class Tcp6(Tcp):
    ip = staticmethod(ip6)


class Udp6(Udp):
    ip = staticmethod(ip6)


def write_pcap(path, packets, apart=100000):
    """Packets so many microseconds apart; link type 101 is bare IP."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", 1700000000 + i * apart // 1000000, i * apart % 1000000, len(p), len(p)) + p)
