# SPDX-License-Identifier: MIT
"""OPC UA messages by hand: OPC 10000-6, in as many bytes as it takes."""
import struct


def u32(*v):
    return b"".join(struct.pack("<I", x & 0xffffffff) for x in v)


def text(s):
    return u32(-1) if s is None else u32(len(s)) + s.encode()


def node(ns, ident):
    if isinstance(ident, str):
        return struct.pack("<BH", 3, ns) + text(ident)
    return struct.pack("<BHI", 2, ns, ident)


def type_id(i):
    return struct.pack("<BBH", 1, 0, i)


def request(i, rest):
    return type_id(i) + node(1, 77) + bytes(8) + u32(5, 0) + text(None) + u32(10000) + bytes(3) + rest


def response(i, result, rest=b""):
    return type_id(i) + bytes(8) + u32(5, result) + b"\0" + u32(-1) + bytes(3) + rest


def chunk(kind, rest):
    return kind + u32(8 + len(rest)) + rest


def msg(body, kind=b"MSGF", seq=8, req=4):
    return chunk(kind, u32(3, 1, seq, req) + body)


def opn(policy, body, cert=None):
    uri = "http://opcfoundation.org/UA/SecurityPolicy#" + policy
    return chunk(b"OPNF", u32(0) + text(uri) + text(cert) + text("01234567890123456789" if cert else None) + body)
