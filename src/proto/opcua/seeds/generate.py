#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz-opcua/: options byte of tests/fuzz/fuzz-opcua.c, then one chunk or body;
and fuzz-opcua-flow/, whole conversations for fuzz-opcua-flow.c there.

The result is committed, so a build needs no Python. The bodies are made from
the field letters in ../wire-table.c.
"""
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "..", "tests", "pcap"))
import opcua as conversations  # noqa: E402
from opcua_wire import chunk, msg, node, opn, request, response, text, type_id, u32  # noqa: E402

TABLE = os.path.join(HERE, "..", "wire-table.c")


SAMPLE = {
    "b": b"\1", "B": b"\0", "u": u32(13), "l": bytes(8), "s": text("text"), "S": text("opc.tcp://plc:4840"),
    "n": b"\0\x54", "e": b"\0\x55", "q": b"\1\0" + text("name"), "t": b"\3" + text("en") + text("name"),
    "x": type_id(321) + b"\1" + text("abcd"), "U": type_id(324) + b"\1" + text("abcd"),
    "v": b"\xc6" + u32(2, 1, 2, 2, 1, 2), "d": b"\x0f\x0b" + struct.pack("<d", 1.5) + u32(0) + bytes(16),
    "a": u32(13), "i": struct.pack("<d", 250.0), "I": struct.pack("<d", 250.0), "H": type_id(688) + b"\1" + u32(4) + type_id(2258),
    "T": u32(0), "M": u32(1), "C": u32(7), "K": u32(1), "L": u32(3600000),
}


def fields(f, at=0):
    out = b""
    while at < len(f) and f[at] != "]":
        c = f[at]
        if c == "[":
            inner, at = fields(f, at + 1)
            out += u32(1) + inner
        elif c in "@!":
            at += 1
            out += node(2, "Plant.Pump") if c == "@" else node(2, 1001)
        else:
            out += SAMPLE[c]
        at += 1
    return out, at


def services():
    macros = {}
    src = open(TABLE).read()
    for name, value in re.findall(r'#define (\w+) "([^"]*)"', src):
        macros[name] = value
    for row in re.findall(r"\{\s*(\d+),\s*(\d+), \"([^\"]+)\", \w+, (.*), (?:NULL|\"[^\"]*\") \},", src):
        expr = re.sub(r'READ_VALUE\("(\w)"\)', r'"@\1asq"', row[3])
        letters = "".join(macros[b] if b else a for a, b in re.findall(r'"([^"]*)"|(\w+)', expr))
        yield int(row[0]), int(row[1]), row[2], letters


def main():
    seeds = {}
    for req, resp, name, letters in services():
        seeds[name] = b"\0" + msg(request(req, fields(letters)[0]))
        seeds[name + "-response"] = b"\1" + msg(response(resp, 0))
    seeds["signed"] = b"\x0c" + msg(request(473, b"\1") + bytes(32))
    seeds["opaque"] = b"\x0e" + msg(bytes(range(40)))
    seeds["fault"] = b"\1" + msg(response(397, 0x80790000))
    hello = u32(0, 65536, 65536, 0, 0)
    seeds["hello"] = b"\0" + chunk(b"HELF", hello + text("opc.tcp://plc:4840"))
    seeds["acknowledge"] = b"\1" + chunk(b"ACKF", hello)
    seeds["error"] = b"\1" + chunk(b"ERRF", u32(0x80020000) + text("why"))
    seeds["reverse"] = b"\1" + chunk(b"RHEF", text("urn:server") + text("opc.tcp://plc:4840"))
    seeds["open"] = b"\0" + opn("None", u32(1, 1) + request(446, u32(0, 0, 1) + text(None) + u32(3600000)))
    seeds["open-answer"] = b"\1" + opn("None", u32(1, 1) + response(449, 0, u32(0, 7, 1) + bytes(8) + u32(3600000) + text(None)))
    seeds["open-encrypted"] = b"\0" + opn("Basic256Sha256", bytes(range(256)), "certificate")
    seeds["part"] = b"\0" + msg(request(673, u32(2)), b"MSGC")
    seeds["abort"] = b"\0" + msg(u32(0x80b80000) + text("too large"), b"MSGA")
    nested = b"\x98" + u32(1)
    seeds["nested"] = b"\x80" + request(673, u32(1) + node(1, 5) + u32(13) + text(None) + b"\1" + nested * 20 + b"\3\7")
    seeds["huge-array"] = b"\x80" + request(631, bytes(12) + u32(0x7fffffff) + node(0, 1))
    seeds["guid"] = b"\x80" + request(560, u32(2) + b"\4\2\0" + bytes(range(16)) + b"\5\1\0" + text("op"))
    application = text("urn:plc") + text("product") + b"\3" + text("en") + text("name") + u32(0) + text(None) + text(None) + u32(-1)
    seeds["application-found"] = b"\x81" + response(425, 0, u32(1) + application)
    seeds["application-of-endpoint"] = b"\x81" + response(431, 0, u32(1) + text("opc.tcp://plc:4840") + application)
    seeds["application-of-session"] = b"\x81" + response(
        464, 0, node(1, 1) + node(1, 2) + struct.pack("<d", 1000) + text("n" * 32) + text(None) + u32(1) + text("opc.tcp://plc:4840") + application)
    seeds["application-of-client"] = b"\x80" + request(461, application + text(None) + text("opc.tcp://plc:4840") + text("s"))
    for name, data in seeds.items():
        with open(os.path.join(HERE, "fuzz-opcua", name), "wb") as f:
            f.write(data)


def flows():
    """The conversations of tests/pcap/opcua.py that are not large, as they are."""
    for name, _, steps in conversations.cases():
        if sum(len(x[1]) for x in steps) > 3000:
            continue
        data = b"".join(bytes([who == "s"]) + len(b).to_bytes(2, "big") + b for who, b in (s[:2] for s in steps))
        with open(os.path.join(HERE, "fuzz-opcua-flow", name.replace(" ", "-").replace(",", "")), "wb") as f:
            f.write(b"\x08" + data)


main()
flows()
