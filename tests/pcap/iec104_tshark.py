#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IEC 60870-5-104 as tshark reads it, and as we do: message by message, field by field.

usage: iec104_tshark.py ZONECTL READER FOLDER DIFFERENCES

The captures are those of FOLDER (iec104__*.pcap; it may be missing), and one of our own with an APDU of
every type from each end that sends it, several objects and sequences of them. Of each APDU that tshark
sees the same octets go to READER (iec104-read), and everything that both say must agree, down to the bits
of each information object. Then the messages of "zonectl replay" must be those that tshark lists.

Every difference must stand in DIFFERENCES (capture, frame, column, tshark, ours, why); a row there that
is not met is an error too. A field of tshark's that nobody compares is one as well.
"""
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import iec104_wire as wire
from dnp3_wire import Tcp, write_pcap

# Of the message: tshark's field, ours.
HEADER = {"typeid": "type", "sq": "sq", "numix": "n", "causetx": "cause", "nega": "negative", "test": "test",
          "oa": "oa", "addr": "ca"}
# Bits of an octet that we keep whole.
QUALITY = {"ov": 0, "bl": 4, "sb": 5, "nt": 6, "iv": 7}
TIME = {"ms": "ms", "min": "min", "gen": "gen", "iv": "iv", "hour": "hour", "su": "su", "day": "day", "dow": "dow",
        "month": "month", "year": "year"}
# Of an object: tshark's field, and how it follows from ours.
OBJECT = {
    "ioa": lambda o: o["ioa"],
    "siq.spi": lambda o: o["state"], "diq.dpi": lambda o: o["state"],
    "vti.v": lambda o: o["number"], "vti.t": lambda o: o["transient"],
    "bitstring": lambda o: int.from_bytes(o["bits"].to_bytes(4, "little"), "big"),  # it shows the octets in order
    "scalval": lambda o: o["number"],
    "normval": lambda o: o["number"] / 32768, "float": lambda o: float(o["real"]),
    "bcr.count": lambda o: o["number"], "bcr.sq": lambda o: o["quality"] & 31,
    "bcr.cy": lambda o: o["quality"] >> 5 & 1, "bcr.ca": lambda o: o["quality"] >> 6 & 1, "bcr.iv": lambda o: o["quality"] >> 7,
    "sco.on": lambda o: o["state"], "dco.on": lambda o: o["state"], "rco.up": lambda o: o["state"],
    "qos.ql": lambda o: o["qu"], "qos.se": lambda o: o["select"],
    "qoi": lambda o: o["qualifier"], "qcc": lambda o: o["qualifier"], "qrp": lambda o: o["qualifier"],
    "rqt": lambda o: o["qualifier"] & 63, "frz": lambda o: o["qualifier"] >> 6,
    "coi_r": lambda o: o["qualifier"] & 127, "coi_i": lambda o: o["qualifier"] >> 7,
    "qpm.kpa": lambda o: o["qualifier"] & 63, "qpm.lpc": lambda o: o["qualifier"] >> 6 & 1,
    "qpm.pop": lambda o: o["qualifier"] >> 7,
}
for command in ("sco", "dco", "rco"):
    OBJECT[command + ".qu"], OBJECT[command + ".se"] = (lambda o: o["qu"]), (lambda o: o["select"])
for octet in ("siq", "diq", "qds"):
    OBJECT.update({f"{octet}.{bit}": lambda o, at=at: o["quality"] >> at & 1 for bit, at in QUALITY.items()})
for tag in ("cp24time", "cp56time"):
    OBJECT.update({f"{tag}.{bit}": lambda o, key=key: o["time"][key] for bit, key in TIME.items()})
# Whole octets, of which the bits are compared, and the time in words; what tshark does not read any further.
PARTS = {"siq", "diq", "qds", "vti", "qos", "sco", "dco", "rco", "qpm", "coi", "cp24time", "cp56time"}
UNREAD = {"rawdata"}
SEQUENCES = (1, 3, 5, 7, 9, 11, 13, 15, 20, 21)
FLOATS = (13, 14, 36)   # all ones are no number
LISTED = ("format", "function", "ns", "nr", "type", "sq", "n", "cause", "negative", "test", "oa", "ca", "ioa")
ENDS = ("src", "sport", "dst", "dport")


def value(field):
    """Of a field of the PDML: a number; of one that has none the text."""
    show = field.get("show")
    if show in ("True", "False"):
        return int(show == "True")
    try:
        return int(show, 16) if show.startswith("0x") else int(show)
    except ValueError:
        return float(show)


class Apdu:
    """One that tshark lists."""

    def __init__(self, frame, ends, sources, proto, asdu):
        self.frame, self.ends = frame, ends
        fields = {f.get("name").split(".")[-1]: f for f in proto.iter("field") if "." in f.get("name", "")}
        at, length = int(fields["start"].get("pos")), value(fields["apdulen"])
        self.octets = next((data[at - first:at - first + 2 + length] for first, data in sources
                            if data[at - first:at - first + 2] == bytes([0x68, length])), b"")
        # the type and the function by the masks that tshark uses
        self.format = {0: "I", 1: "S", 3: "U"}[value(fields["type"])] if "type" in fields else "?"
        self.ns = value(fields["tx"]) if "tx" in fields else None
        self.nr = value(fields["rx"]) if "rx" in fields else None
        self.function = value(fields["utype"]) << 2 | 3 if "utype" in fields else None
        self.header, self.objects, self.unread = {}, [], False
        if asdu is not None:
            self.read_asdu(asdu)

    def read_asdu(self, asdu):
        for field in asdu:
            name = (field.get("name") or "").removeprefix("iec60870_asdu.")
            if name in HEADER:
                self.header[HEADER[name]] = value(field)
            elif name == "ioa":     # of a type whose elements tshark does not read
                self.objects.append([(name, value(field))])
                self.unread = True
            elif name in UNREAD:
                continue
            elif any(f.get("name") == "iec60870_asdu.ioa" for f in field):
                found = [(f.get("name").removeprefix("iec60870_asdu."), f) for f in field.iter("field")]
                self.objects.append([(n, None if n in PARTS | UNREAD else value(f)) for n, f in found if n])
            else:
                raise ValueError(f"frame {self.frame}: tshark's {field.get('name')!r} {field.get('showname')!r}")

    def listed(self):
        """As a row of what zonectl replay lists."""
        names = {code: name for name, code in wire.FUNCTIONS.items()}
        row = {"format": self.format, "function": names.get(self.function), "ns": self.ns, "nr": self.nr}
        row.update(self.header)
        if self.objects:
            row["ioa"] = self.objects[0][0][1]
        return self.frame, self.ends, tuple(str(row.get(c) or 0) for c in LISTED)


READ = 0, 6                     # all of it, or but for what cannot be read or followed


def run(args, **more):
    return subprocess.run(args, capture_output=True, text=True, check=True, timeout=120, **more).stdout


def shown(proto, name):
    return next((f for f in proto.iter("field") if f.get("name") == name), None)


def tshark(path):
    """All APDUs of a capture; of several in one segment each has its own."""
    tree = xml.fromstring(run(["tshark", "-r", path, "-o", "tcp.check_checksum:FALSE", "-d",
                               "tcp.port==2404,iec60870_104", "-T", "pdml", "-Y", "iec60870_104"]))
    for packet in tree.findall("packet"):
        protos = packet.findall("proto")
        layers = {p.get("name"): p for p in protos}
        tcp, net = layers["tcp"], layers.get("ip", layers.get("ipv6"))
        kind = "ip" if "ip" in layers else "ipv6"
        ends = (shown(net, kind + ".src").get("show"), shown(tcp, "tcp.srcport").get("show"),
                shown(net, kind + ".dst").get("show"), shown(tcp, "tcp.dstport").get("show"))
        raw = [f for f in packet.iter("field") if f.get("name") in ("tcp.payload", "tcp.reassembled.data")]
        sources = [(int(f.get("pos")), bytes.fromhex(f.get("value"))) for f in raw]
        frame = int(shown(layers["frame"], "frame.number").get("show"))
        for proto, after in zip(protos, protos[1:] + [None]):
            if proto.get("name") == "iec60870_104" and shown(proto, "iec60870_104.apdulen") is not None:
                asdu = after if after is not None and after.get("name") == "iec60870_asdu" else None
                yield Apdu(frame, ends, sources, proto, asdu)


def differences(apdu, ours):
    """(column, tshark, ours) of one APDU, whose octets are ours too."""
    names = {"I": "I", "S": "S"}
    wanted = {"length": len(apdu.octets), "ns": apdu.ns or 0, "nr": apdu.nr or 0}
    wanted["name"] = names.get(apdu.format) or {v: k for k, v in wire.FUNCTIONS.items()}.get(apdu.function, "?")
    wanted.update(apdu.header)
    for column, want in wanted.items():
        if ours.get(column) != want:
            yield column, want, ours.get(column, "")
    objects = ours.get("objects", [])
    if len(objects) != len(apdu.objects) and not (apdu.unread and objects):
        yield "objects", len(apdu.objects), len(objects)
    for at, (fields, object_) in enumerate(zip(apdu.objects, objects)):
        for name, want in fields:
            if name in PARTS | UNREAD:
                continue
            if name not in OBJECT:
                raise ValueError(f"frame {apdu.frame}: nobody compares {name}")
            got = OBJECT[name](object_)
            same = abs(got - want) <= 1e-5 * max(1, abs(want)) if isinstance(want, float) else got == want
            if not same:
                yield f"{at}.{name}", want, got


def read(reader, apdus):
    ask = []
    for a in apdus:
        ask.append("controlled " if a.ends[1] == str(wire.PORT) else "controlling ")
        ask.append(a.octets.hex() + "\n")
    return [json.loads(line) for line in run([reader], input="".join(ask)).splitlines()]


def replay(zonectl, path):
    out = subprocess.run([zonectl, "replay", "--json", "--port", f"iec104:{wire.PORT}", path], capture_output=True,
                         text=True, check=False, timeout=120)
    if out.returncode not in READ:
        sys.exit(out.stderr)
    for line in out.stdout.splitlines():
        m = json.loads(line)
        if "format" in m:
            yield m["frame"], tuple(str(m[c]) for c in ENDS), tuple(str(m.get(c) or 0) for c in LISTED)


def summary(row):
    return " ".join(f"{c}={v}" for c, v in zip(LISTED, row) if v != "0")


def compare(name, path, zonectl, reader):
    """The differences of one capture, and how many messages and fields were compared."""
    apdus = list(tshark(path))
    ours, found = collections.Counter(replay(zonectl, path)), collections.Counter()
    for apdu, we in zip(apdus, read(reader, apdus), strict=True):
        # what it made out of garbage has no fields to compare
        whole = we["reason"] not in ("no-frame", "bad-length", "truncated")
        for column, want, got in differences(apdu, we) if whole else ():
            found[name, str(apdu.frame), column, str(want), str(got)] += 1
        if we["reason"] != "none":
            found[name, str(apdu.frame), "reason", summary(apdu.listed()[2]), we["reason"]] += 1
        if ours[apdu.listed()]:
            ours[apdu.listed()] -= 1
        elif whole:
            found[name, str(apdu.frame), "message", summary(apdu.listed()[2]), ""] += 1
    for frame, _, row in ours.elements():
        found[name, str(frame), "message", "", summary(row)] += 1
    return found, len(apdus), sum(len(fields) for a in apdus for fields in a.objects)


def own_capture(path):
    """An APDU of every type from each end, alone and with several objects; every function; numbers that go round."""
    talk = Tcp(40000, wire.PORT, acknowledges=True)
    packets = list(talk.opening)
    sent = [32760, 32765]

    def send(from_client, *asdus):
        data = b""
        for asdu in asdus:
            at = 0 if from_client else 1
            data += wire.i(sent[at], sent[not at], asdu)
            sent[at] = (sent[at] + 1) % 32768
        packets.append(talk.packet(from_client, data))

    for act, con in (("TESTFR act", "TESTFR con"), ("STARTDT act", "STARTDT con"), ("STOPDT act", "STOPDT con")):
        packets.append(talk.packet(True, wire.u(act)))
        packets.append(talk.packet(False, wire.u(con)))
    for number, element, asks, tells, has_address in wire.samples():
        ioa = 0x123456 if has_address else 0
        if asks:
            send(True, wire.asdu(number, asks | 0x80, [(ioa, element)], ca=0x1234, oa=9))
        if tells:
            send(False, wire.asdu(number, tells | 0x40, [(ioa, element)], ca=0x1234, oa=9))
        if number <= 40:
            several = [(ioa + 17 * k, element) for k in range(5)]
            send(False, wire.asdu(number, tells, several), wire.asdu(number, tells, several[:1]))
        if number <= 40 and number not in FLOATS:
            send(False, wire.asdu(number, tells, [(0xFFFFFF, "ff" * len(bytes.fromhex(element)))]))
        if number in SEQUENCES:
            send(False, wire.asdu(number, tells, several, sq=True))
    packets.append(talk.packet(True, wire.s(sent[1])))
    write_pcap(path, packets)


def allowed_rows(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    if any(len(r) != 6 or not r[5] for r in rows):
        sys.exit(f"{path}: a row without a reason")
    return collections.Counter(tuple(r[:5]) for r in rows[1:])


def main():
    zonectl, reader, folder, table = sys.argv[1:]
    allowed = allowed_rows(table)
    failed = 0
    with tempfile.TemporaryDirectory() as d:
        own = os.path.join(d, "own.pcap")
        own_capture(own)
        real = sorted(glob.glob(os.path.join(folder, "iec104__*.pcap*")))
        for path in [own] + real:
            name = os.path.basename(path).rsplit(".", 1)[0]
            found, messages, fields = compare(name, path, zonectl, reader)
            for capture, frame, column, want, got in sorted((found - allowed).elements(), key=lambda x: int(x[1])):
                print(f"{capture}: frame {frame}: {column}: tshark {want!r}, ours {got!r}")
            failed += sum((found - allowed).values())
            allowed -= found
            print(f"{name}: {messages} messages, {fields} fields of objects")
            failed += messages < 40 or fields < 80
    for row in allowed.elements():
        if row[0] == "own" or real:
            print(f"{table}: no such difference any more: {row}")
            failed += 1
    print(f"{failed} differences that are not in the table")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
