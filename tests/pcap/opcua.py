#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OPC UA conversations through `zonectl replay -m`: what passes, what is refused and why.

usage: opcua.py ZONECTL FOLDER       FOLDER is for models and captures
A conversation is a list of steps (who, bytes, reason); "none" passes. The last
step may be refused; everything before it must pass.
"""
import hashlib
import json
import os
import struct
import subprocess
import sys

from opcua_wire import chunk, msg, node, opn, request, response, text, type_id, u32

CLIENT, SERVER = bytes([10, 10, 1, 10]), bytes([10, 10, 2, 20])
URL = "opc.tcp://plc:4840"
HEAD = {
    "security": '"none"', "opaque": '"refuse"', "security_policies": '"any"',
    "endpoint_urls": '[ "opc.tcp://plc:4840" ]', "client_certificates": '"any"',
    "server_certificates": '"any"', "user_tokens": '[ "anonymous", "user-name" ]',
}
ALLOW = """
  { services = [ "discovery", "session", "browsing", "reading", "subscription" ]; nodes = "any";
    attributes = "any"; least_interval = 100; },
  { services = [ "write", "call" ]; attributes = [ "value" ];
    nodes = [ "ns=1;i=100-199", "ns=1;s=Pump.*", "ns=2;g=00010203-0405-0607-0809-0a0b0c0d0e0f", "ns=2;b=beef" ]; },
  { services = [ "history-update", "add-nodes" ]; nodes = [ "ns=3" ]; }
"""
CERT = b"\x30\x03\x02\x01\x05"       # as short as DER gets
OTHER_CERT = b"\x30\x03\x02\x01\x06"
HELLO = u32(0, 65536, 65536, 0, 0)
hel = chunk(b"HELF", HELLO + text(URL))
ack = chunk(b"ACKF", HELLO)
DOUBLE = b"\1\x0b" + struct.pack("<d", 1.5)


def model(head, allow=ALLOW):
    """Keys of the policy; "conduit" is more of the conduit."""
    conduit = head.get("conduit", "")
    keys = "\n".join(f"{k} = {v};" for k, v in {**HEAD, **head}.items() if k != "conduit")
    return f"""zones = (
  {{ name = "hmi"; type = "control"; networks = [ "10.10.1.0/24" ]; }},
  {{ name = "cell"; type = "control"; networks = [ "10.10.2.0/24" ]; }} );
conduits = ( {{ name = "c"; from = "hmi"; to = "cell"; {conduit} flows = ( {{ protocol = "opcua"; policy = "p"; }} ); }} );
policies = {{ p = {{ protocol = "opcua"; {keys} allow = ( {allow} ); }}; }};
"""


# ---- messages ----

def open_request(seq=1, req=1, kind=0, mode=1, channel=0):
    m = opn("None", u32(seq, req) + request(446, u32(0, kind, mode) + text(None) + u32(3600000)))
    return m[:8] + u32(channel) + m[12:]


def open_answer(seq=1, req=1, token=1, channel=3):
    body = response(449, 0, u32(0, channel, token) + bytes(8) + u32(3600000) + text(None))
    m = opn("None", u32(seq, req) + body)
    return m[:8] + u32(channel) + m[12:]


def sealed_open(policy="Basic256Sha256", channel=0, cert=CERT):
    uri = "http://opcfoundation.org/UA/SecurityPolicy#" + policy
    return chunk(b"OPNF", u32(channel) + text(uri) + u32(len(cert)) + cert + u32(20) + bytes(20) + bytes(range(256)))


# Policies whose OPN can be read: bytes of its signatures, and of those of MSG.
CURVES = (("ECC_nistP256", 64, 32), ("ECC_nistP384", 96, 48), ("ECC_brainpoolP256r1", 64, 32),
          ("ECC_brainpoolP384r1", 96, 48), ("ECC_curve25519", 64, 16), ("ECC_curve448", 114, 16))
READABLE_OPEN = [(n, (a,), b) for n, a, b in CURVES] + [
    (n + c, (a,), 16) for n, a, _ in CURVES for c in ("_AesGcm", "_ChaChaPoly")] + [
    ("RSA_DH" + c, (256, 384, 512), 16) for c in ("_AesGcm", "_ChaChaPoly")]
OTHER_NAME = {n: READABLE_OPEN[(i + 1) % len(READABLE_OPEN)][0] for i, (n, _, _) in enumerate(READABLE_OPEN)}


def named_open(name, signature, mode=2, answer=False):
    if answer:
        body = response(449, 0, u32(0, 3, 1) + bytes(8) + u32(3600000) + text("n" * 64))
    else:
        body = request(446, u32(0, 0, mode) + text("n" * 64) + u32(3600000))
    m = opn(name, u32(1, 1) + body + b"Z" * signature, "c")
    return m[:8] + u32(3 if answer else 0) + m[12:]


def tagged(body, signature, seq=2):
    return chunk(b"MSGF", u32(3, 1, seq, seq) + body + b"w" * signature)


def value(n, v=DOUBLE, attribute=13):
    return n + u32(attribute) + text(None) + v


def write(*items):
    return request(673, u32(len(items)) + b"".join(items))


def read(*nodes):
    return request(631, bytes(12) + u32(len(nodes)) + b"".join(n + u32(13) + text(None) + b"\0\0" + text(None) for n in nodes))


def activate(token):
    return request(467, text(None) + text(None) + u32(-1, -1) + token + text(None) + text(None))


def create_session(url):
    application = text("urn:c") + text(None) + b"\0" + u32(1) + text(None) + text(None) + u32(-1)
    return request(461, application + text(None) + text(url) + text("s") + text(None) + text(None) + bytes(8) + u32(0))


def subscribe(ms):
    return request(787, struct.pack("<d", ms) + u32(100, 10, 0) + b"\1\0")


def modify_subscription(ms):
    return request(793, u32(1) + struct.pack("<d", ms) + u32(100, 10, 0) + b"\1")


def signed(m):
    return chunk(m[:4], m[8:] + bytes(32))


def opaque(n=48, kind=b"MSGF"):
    return chunk(kind, u32(3, 1) + bytes((37 * i + 11) % 251 for i in range(n)))


SPECIAL_INTERVALS = (
    (0.0, "interval-too-short"), (-0.0, "interval-too-short"), (-1.0, "interval-too-short"),
    (-1e308, "interval-too-short"), (5e-324, "interval-too-short"), (1e308, "interval-too-short"),
    (float("nan"), "bad-format"), (float("inf"), "bad-format"), (float("-inf"), "bad-format"), (2.0 ** 31 - 1, "none"))
GOOD, BAD = node(1, 150), node(1, 200)
READ = read(node(0, 2258))
START = [("c", hel), ("s", ack), ("c", open_request()), ("s", open_answer())]
SMALL = u32(0, 1024, 1024, 0, 0)
START_SMALL = [("c", chunk(b"HELF", SMALL + text(URL))), ("s", chunk(b"ACKF", SMALL))] + START[2:]
SEALED = [("c", hel), ("s", ack), ("c", sealed_open()), ("s", sealed_open(channel=3))]


LARGE = u32(0, 1 << 20, 1 << 20, 0, 0)
SEALED_LARGE = [("c", chunk(b"HELF", LARGE + text(URL))), ("s", chunk(b"ACKF", LARGE))] + SEALED[2:]


def long_header(kind, size, rest):
    """A request whose header has an audit entry of so many bytes."""
    head = request(kind, b"")
    at = head.index(text(None), len(head) - 11)
    return head[:at] + text("a" * size) + head[at + 4:] + rest


def ask(body, reason="none", seq=2, req=2, kind=b"MSGF"):
    return ("c", msg(body, kind, seq, req), reason)


def answer(body, reason="none", seq=2, req=2, kind=b"MSGF"):
    return ("s", msg(body, kind, seq, req), reason)


def ask_signed(body, reason="none", seq=2, req=2):
    return ("c", signed(msg(body, b"MSGF", seq, req)), reason)


def limited(at, v):
    """ACK with one of its numbers changed: 1 receive size, 3 message size, 4 chunks."""
    n = [0, 65536, 65536, 0, 0]
    n[at] = v
    return [("c", hel), ("s", chunk(b"ACKF", u32(*n))), ("c", open_request()), ("s", open_answer())]


def parts(body, at, reason, kind=b"F", more=()):
    """The body in chunks of `at` bytes."""
    cut = [body[i:i + at] for i in range(0, len(body), at)]
    steps = [ask(c, seq=2 + i, kind=b"MSGC") for i, c in enumerate(cut[:-1])]
    return steps + [ask(cut[-1], reason, seq=1 + len(cut), kind=b"MSG" + kind)] + list(more)


def numeric_type(body, first):
    return first + body[4:]


LONG = write(*[value(GOOD)] * 3000)            # 27,000 bytes an 81,000th
LONG_BAD = write(*([value(GOOD)] * 2999 + [value(BAD)]))
ANONYMOUS, NAMED = type_id(321) + b"\1" + text("abcd"), type_id(324) + b"\1" + text("abcd")
GUID = struct.pack("<BH", 4, 2) + bytes([3, 2, 1, 0, 5, 4, 7, 6]) + bytes(range(8, 16))


def cases():
    pin = {"client_certificates": f'[ "{hashlib.sha1(CERT).hexdigest()}" ]'}
    pin256 = {"server_certificates": f'[ "{hashlib.sha256(CERT).hexdigest()}" ]'}
    sign = {"security": '"sign"', "opaque": '"allow"'}
    find = {**sign, "unsecured_discovery": "true"}
    yield "read, write, call", {}, START + [
        ask(READ), answer(response(634, 0)), ask(write(value(GOOD), value(node(1, "Pump.Setpoint"))), seq=3, req=3),
        answer(response(676, 0), seq=3, req=3),
        ask(request(712, u32(1) + node(1, "Pump.") + node(1, 100) + u32(-1)), seq=4, req=4)]
    few, fewer = {"conduit": "max_requests_per_second = 3;"}, {"conduit": "max_writes_per_second = 1;"}
    yield "too many a second", few, START + [ask(READ), ask(READ, seq=3, req=3), ask(READ, "request-rate", seq=4, req=4)]
    yield "too many given up a second", few, START + [
        ask(u32(0) + text(None), seq=2, kind=b"MSGA"), ask(u32(0) + text(None), seq=3, kind=b"MSGA"),
        ask(u32(0) + text(None), "request-rate", seq=4, kind=b"MSGA")]
    yield "too many writes a second", fewer, START + [
        ask(write(value(GOOD))), ask(READ, seq=3, req=3), ask(write(value(GOOD)), "write-rate", seq=4, req=4)]
    # what is written where
    yield "write elsewhere", {}, START + [ask(write(value(BAD)), "node-not-allowed")]
    yield "one of two nodes", {}, START + [ask(write(value(GOOD), value(BAD)), "node-not-allowed")]
    yield "another namespace", {}, START + [ask(write(value(node(2, 150))), "node-not-allowed")]
    yield "almost the stem", {}, START + [ask(write(value(node(1, "Pump"))), "node-not-allowed")]
    yield "number as text", {}, START + [ask(write(value(node(1, "150"))), "node-not-allowed")]
    yield "guid and bytes", {}, START + [ask(write(value(GUID), value(b"\5\2\0" + u32(2) + b"\xbe\xef")))]
    yield "other bytes", {}, START + [ask(write(value(b"\5\2\0" + u32(2) + b"\xbe\xee")), "node-not-allowed")]
    yield "another attribute", {}, START + [ask(write(value(GOOD, attribute=4)), "attribute-not-allowed")]
    yield "attribute of none", {}, START + [ask(write(value(GOOD, attribute=9999)), "attribute-not-allowed")]
    yield "call of another object", {}, START + [ask(request(712, u32(1) + BAD + GOOD + u32(-1)), "node-not-allowed")]
    yield "call of another method", {}, START + [ask(request(712, u32(1) + GOOD + BAD + u32(-1)), "node-not-allowed")]
    yield "history of another node", {}, START + [
        ask(request(700, u32(1) + type_id(688) + b"\1" + u32(len(BAD)) + BAD), "node-not-allowed")]
    item = node(3, 1) + node(0, 35) + node(3, 2) + b"\0\0" + text("x") + u32(1) + bytes(3)
    yield "add nodes", {}, START + [ask(request(488, u32(1) + item + node(0, 58)))]
    foreign = b"\x82" + node(3, 1)[1:] + text("urn:x")
    yield "add below a node by its URI", {}, START + [
        ask(request(488, u32(1) + foreign + item[7:] + node(0, 58)), "node-not-allowed")]
    yield "a service of no entry", {}, START + [ask(request(500, u32(1) + node(3, 1) + b"\0"), "service-not-allowed")]
    yield "a type of no service", {}, START + [ask(request(9999, b""), "service-not-allowed")]
    yield "a session in a session", {}, START + [ask(request(15903, b""), "service-not-allowed")]
    # the same said in another way
    yield "type in long form", {}, START + [ask(numeric_type(write(value(BAD)), node(0, 673)), "node-not-allowed")]
    yield "type with flags", {}, START + [ask(b"\x81" + write(value(GOOD))[1:], "bad-format")]
    yield "type as text", {}, START + [ask(numeric_type(write(value(GOOD)), node(0, "673")), "service-not-allowed")]
    yield "node with flags", {}, START + [ask(write(value(b"\x82" + GOOD[1:] + text(None))), "bad-format")]
    yield "bytes behind the end", {}, START + [ask(write(value(GOOD)) + b"\0", "trailing-bytes")]
    yield "array that lies", {}, START + [ask(request(673, u32(0x7fffffff) + value(GOOD)), "truncated")]
    yield "negative array", {}, START + [ask(request(673, u32(-2) + value(GOOD)), "bad-format")]
    yield "deep value", {}, START + [ask(write(value(GOOD, b"\1" + (b"\x98" + u32(1)) * 20 + b"\3\7")), "nesting-too-deep")]
    yield "too fast", {}, START + [ask(subscribe(50.0), "interval-too-short")]
    for ms, reason in SPECIAL_INTERVALS:
        yield f"publishing every {ms}", {}, START + [ask(subscribe(ms), reason)]
        yield f"publishing every {ms} from now on", {}, START + [
            ask(subscribe(100.0)), ask(modify_subscription(ms), reason, seq=3, req=3)]
        if reason != "none":
            yield f"publishing every {ms}, observed", {"conduit": 'mode = "observe";'}, START + [
                ask(subscribe(ms), reason)]
    yield "not too fast", {}, START + [ask(subscribe(100.0))]
    # buffers
    yield "buffers of 1024", {}, START_SMALL + [ask(READ), answer(response(634, 0)), ask(write(value(GOOD)), seq=3, req=3)]
    yield "buffers of 1024, a longer request", {}, START_SMALL + [
        ask(write(*[value(GOOD)] * 50), "message-too-large")]
    yield "buffers of 1024, a longer response", {}, START_SMALL + [
        ask(READ), answer(response(634, 0) + bytes(1000), "message-too-large")]
    for at in (8, 12):
        small = bytearray(hel)
        small[at + 4:at + 8] = u32(1023)
        yield f"buffer too small at {at}", {}, [("c", bytes(small), "bad-length")]
        small = bytearray(ack)
        small[at + 4:at + 8] = u32(1023)
        yield f"acknowledged buffer too small at {at}", {}, [("c", hel, "none"), ("s", bytes(small), "bad-length")]
    # chunks
    yield "parts", {}, START + parts(LONG, 9000, "none")
    yield "parts, last node elsewhere", {}, START + parts(LONG_BAD, 9000, "node-not-allowed")
    yield "parts of a byte", {}, START + parts(write(value(BAD)), 1, "node-not-allowed")
    yield "parts, given up", {}, START + [
        ask(READ[:20], kind=b"MSGC"), ask(u32(0x80b80000) + text("no"), seq=3, kind=b"MSGA"), ask(READ, seq=4, req=3)]
    yield "parts mixed", {}, START + [ask(READ[:20], kind=b"MSGC"), ask(READ, "not-in-this-state", seq=3, req=3)]
    yield "abort that says too much", {}, START + [ask(u32(0) + text("no") + b"\0", "trailing-bytes", kind=b"MSGA")]
    yield "one large chunk", {}, limited(1, 1 << 20) + [ask(write(*[value(GOOD)] * 9000))]
    yield "one large chunk, last node elsewhere", {}, limited(1, 1 << 20) + [
        ask(write(*[value(GOOD)] * 9000, value(BAD)), "node-not-allowed")]
    yield "one chunk above all limits", {}, limited(1, 1 << 20) + [
        ask(write(*[value(GOOD)] * 15000), "message-too-large")]
    yield "large answer", {}, START[:1] + [("s", ack)] + START[2:] + [
        ask(READ), answer(response(634, 0, bytes(60000)))]
    yield "answer larger than the client takes", {}, START + [
        ask(READ), answer(response(634, 0, bytes(200000)), "message-too-large")]
    yield "chunk above what the server takes", {}, limited(1, 8192) + [ask(LONG, "message-too-large")]
    yield "message above what the server takes", {}, limited(3, 20000) + parts(LONG, 9000, "none")[:2] + [
        ask(LONG[18000:27000], "message-too-large", seq=4, kind=b"MSGC")]
    yield "more chunks than the server takes", {}, limited(4, 2) + parts(LONG, 9000, "none")[:2] + [
        ask(LONG[18000:27000], "message-too-large", seq=4, kind=b"MSGC")]
    yield "flood of chunks", {}, START + [ask(bytes(60000), seq=2 + i, kind=b"MSGC") for i in range(4)] + [
        ask(bytes(60000), "message-too-large", seq=6, kind=b"MSGC")]
    yield "policy's chunk size", {"max_chunk": "8192"}, START + [ask(LONG[:9000], "message-too-large", kind=b"MSGC")]
    yield "policy's message size", {"max_message": "8192"}, START + [
        ask(LONG[:8000], kind=b"MSGC"), ask(LONG[8000:16000], "message-too-large", seq=3, kind=b"MSGC")]
    yield "length below a header", {}, START + [("c", b"MSGF" + u32(7), "bad-length")]
    yield "length of 2 GB", {}, START + [("c", b"MSGF" + u32(0x80000000), "bad-length")]
    yield "another protocol", {}, START[:2] + [("c", b"GET / HTTP/1.0\r\n\r\n", "bad-message-type")]
    # numbers
    yield "sequence skipped", {}, START + [ask(READ, "bad-sequence-number", seq=4)]
    yield "sequence again", {}, START + [ask(READ), ask(READ, "bad-sequence-number", seq=2, req=3)]
    top = START[:2] + [("c", open_request(seq=0xffffffff)), START[3]]
    yield "sequence wraps", {}, top + [ask(READ, seq=1), ask(READ, seq=2, req=3)]
    yield "sequence wraps too early", {}, START + [ask(READ), ask(READ, "bad-sequence-number", seq=1, req=3)]
    yield "sequence of the server", {}, START + [ask(READ), answer(response(634, 0), "bad-sequence-number", seq=9)]
    yield "request id in use", {}, START + [ask(READ), ask(READ, "duplicate-transaction", seq=3)]
    yield "request id again", {}, START + [ask(READ), answer(response(634, 0)), ask(READ, seq=3)]
    yield "answer to nothing", {}, START + [answer(response(634, 0), "unsolicited-response", req=9)]
    yield "answer of another service", {}, START + [ask(READ), answer(response(676, 0), "response-mismatch")]
    yield "fault", {}, START + [ask(READ), answer(response(397, 0x80020000))]
    yield "answer in parts", {}, START + [
        ask(READ), answer(response(634, 0), kind=b"MSGC"), answer(bytes(99), seq=3),
        answer(bytes(9), "unsolicited-response", seq=4)]
    many = START + [ask(READ, seq=2 + i, req=2 + i) for i in range(300)]
    yield "many requests at a time", {}, many + [answer(response(634, 0), seq=2 + i, req=2 + i) for i in range(300)] + [
        answer(response(634, 0), "unsolicited-response", seq=302, req=2)]
    yield "many requests, the oldest answered as another", {}, many + [
        answer(response(676, 0), "unsolicited-response", seq=2, req=2)]
    yield "many requests, the newest answered as another", {}, many + [
        answer(response(676, 0), "response-mismatch", seq=2, req=301)]
    yield "another channel", {}, START + [("c", chunk(b"MSGF", u32(4, 1, 2, 2) + READ), "unknown-channel")]
    yield "another token", {}, START + [("c", chunk(b"MSGF", u32(3, 2, 2, 2) + READ), "unknown-channel")]
    # the life of a channel
    again = [("c", open_request(seq=2, req=2, kind=1, channel=3)), ("s", open_answer(seq=2, req=2, token=2))]
    yield "renewed, both tokens", {}, START + again + [
        ask(READ, seq=3, req=3), ("c", chunk(b"MSGF", u32(3, 2, 4, 4) + READ))]
    yield "renewed, no such token", {}, START + again + [("c", chunk(b"MSGF", u32(3, 3, 3, 3) + READ), "unknown-channel")]
    yield "renewed, another channel", {}, START + [
        ("c", open_request(seq=2, req=2, kind=1, channel=4), "unknown-channel")]
    yield "renewed, another policy", {}, START + [("c", sealed_open(channel=3), "security-mode-changed")]
    yield "renewed, three times", {}, START + again + [
        ("c", open_request(seq=3, req=3, kind=1, channel=3)), ("s", open_answer(seq=3, req=3, token=3)),
        ("c", chunk(b"MSGF", u32(3, 1, 4, 4) + READ), "unknown-channel")]
    yield "before hello", {}, [("c", open_request(), "not-in-this-state")]
    yield "message before a channel", {}, START[:2] + [ask(READ, "unknown-channel", seq=1)]
    yield "hello twice", {}, START[:2] + [("c", hel, "not-in-this-state")]
    yield "client acknowledges", {}, START[:1] + [("c", ack, "not-in-this-state")]
    yield "server answers unasked", {}, START[:2] + [("s", open_answer(), "unsolicited-response")]
    close = request(452, b"")
    yield "closed", {}, START + [ask(READ), ask(close, seq=3, req=3, kind=b"CLOF"), answer(response(634, 0))]
    yield "closed, and on", {}, START + [ask(close, kind=b"CLOF"), ask(READ, "not-in-this-state", seq=3, req=3)]
    yield "closed with a write inside", {}, START + [ask(write(value(GOOD)), "bad-format", kind=b"CLOF")]
    yield "close inside a message", {}, START + [ask(close, "service-not-allowed")]
    yield "error, and on", {}, START + [("s", chunk(b"ERRF", u32(0x80020000) + text(None))), ask(READ, "not-in-this-state")]
    yield "client says error", {}, START + [("c", chunk(b"ERRF", u32(0) + text(None)), "not-in-this-state")]
    # whom it is, and where
    yield "another endpoint", {}, [("c", chunk(b"HELF", HELLO + text(URL + "/")), "endpoint-not-allowed")]
    yield "session of another endpoint", {}, START + [ask(create_session("opc.tcp://x"), "endpoint-not-allowed")]
    yield "session", {}, START + [ask(create_session(URL)), ask(activate(ANONYMOUS), seq=3, req=3)]
    some = {"user_tokens": '"any"'}
    yield "anonymous is in no any", some, START + [ask(activate(ANONYMOUS), "user-token-not-allowed")]
    yield "no token is anonymous", some, START + [ask(activate(bytes(3)), "user-token-not-allowed")]
    yield "a token of no type", some, START + [ask(activate(type_id(9) + b"\1" + text("x")), "user-token-not-allowed")]
    yield "a name", some, START + [ask(activate(NAMED)), ask(READ, seq=3, req=3)]
    # security
    yield "signed", {}, SEALED + [ask_signed(READ), ask_signed(write(value(BAD)), "node-not-allowed", seq=3, req=3)]
    yield "signed, then not readable", {}, SEALED + [ask_signed(READ), ("c", opaque(), "bad-sequence-number")]
    # one chunk above 256 KB: of an encrypted one there is nothing to put together, a readable one is too large
    allow = {"opaque": '"allow"', "endpoint_urls": '"any"'}
    yield "large encrypted request", allow, SEALED_LARGE + [
        ("c", opaque(300000), "none"), ("c", opaque(64)), ("c", opaque(300000 + 1600), "none")]
    yield "large encrypted request, first piece judged", allow, SEALED_LARGE + [
        ("c", opaque(64)), ("c", opaque(300000), "none"), ("c", opaque(300001), "not-readable")]
    yield "large encrypted request where it is refused", {"endpoint_urls": '"any"'}, SEALED_LARGE + [
        ("c", opaque(300000), "opaque-body")]
    yield "large signed request", allow, SEALED_LARGE + [ask_signed(READ + bytes(300000), "message-too-large")]
    yield "large request that can be read, encrypted before", allow, SEALED_LARGE + [
        ("c", opaque(64)), ask_signed(request(673, bytes(300000)), "security-mode-changed", seq=3, req=3)]
    for size in (33000, 70000, 250000):
        hidden = long_header(15903, size, bytes(70000 - size if size < 70000 else 0))
        yield f"unknown request behind a header of {size}", allow, SEALED_LARGE + [
            ask_signed(hidden, "service-not-allowed")]
        hidden = long_header(673, size, write(value(BAD))[len(request(673, b"")):] + bytes(0))
        yield f"write behind a header of {size}", allow, SEALED_LARGE + [ask_signed(hidden, "node-not-allowed")]
        if size > 65536:
            yield f"write behind a header of {size}, encrypted before", allow, SEALED_LARGE + [
                ("c", opaque(64)), ask_signed(hidden, "security-mode-changed", seq=3, req=3)]
    yield "opaque refused", {}, SEALED + [("c", opaque(), "opaque-body")]
    yield "opaque", {"opaque": '"allow"'}, SEALED + [("c", opaque()), ("s", opaque(64)), ("c", opaque(80, b"MSGC"))]
    yield "opaque of odd length", {"opaque": '"allow"'}, SEALED + [("c", opaque(49), "not-readable")]
    yield "opaque, then plain", {"opaque": '"allow"'}, SEALED + [("c", opaque()), ask_signed(READ, "security-mode-changed")]
    yield "opaque, then a plain answer", {"opaque": '"allow"'}, SEALED + [
        ("c", opaque()), ("s", signed(msg(response(634, 0))), "security-mode-changed")]
    encrypt = {"security": '"sign-and-encrypt"', "opaque": '"allow"'}
    crumbs = [("c", signed(msg(write(value(BAD))[:8], b"MSGC", 2, 2)), "security-too-low")]
    yield "signed, in crumbs that look encrypted", encrypt, SEALED + crumbs
    late = msg(numeric_type(write(value(BAD)), node(0, 673))[:8], b"MSGC", 2, 2)
    yield "signed, in crumbs of another form", encrypt, SEALED + [("c", signed(late), "security-too-low")]
    yield "signed, of a type of no service", encrypt, SEALED + [
        ("c", signed(msg(request(15903, bytes(13)), b"MSGF", 2, 2)), "service-not-allowed")]
    yield "signed where encryption is asked", {"security": '"sign-and-encrypt"', "opaque": '"allow"'}, SEALED + [
        ask_signed(READ, "security-too-low")]
    yield "unsecured where more is asked", sign, START[:2] + [("c", open_request(), "security-too-low")]
    yield "unsecured discovery", find, START + [
        ask(request(428, text(URL) + u32(-1, -1))), ask(create_session(URL), "security-too-low", seq=3, req=3)]
    yield "deprecated policy", {}, START[:2] + [("c", sealed_open("Basic256"), "security-policy-not-allowed")]
    yield "deprecated policy by name", {"security_policies": '[ "Basic256" ]'}, START[:2] + [("c", sealed_open("Basic256"))]
    yield "policy of no name", {}, START[:2] + [("c", sealed_open("Best"), "security-policy-not-allowed")]
    uri = {"security_policies": '[ "http://opcfoundation.org/UA/SecurityPolicy#Best" ]', "opaque": '"allow"'}
    yield "policy by its URI", uri, START[:2] + [("c", sealed_open("Best")), ("s", sealed_open("Best", 3)), ("c", opaque(49))]
    ecc = request(446, u32(0, 0, 1) + text(None) + u32(3600000))
    for name, in_opn, in_msg in READABLE_OPEN:
        known = {"security_policies": f'[ "{name}" ]', "security": '"sign"'}
        for size in in_opn:
            begin = START[:2] + [("c", named_open(name, size)), ("s", named_open(name, size, answer=True))]
            yield f"{name} signs, {size}", known, begin + [
                ("c", tagged(READ, in_msg), "none"), ("s", tagged(response(634, 0), in_msg), "none"),
                ("c", tagged(write(value(BAD)), in_msg, seq=3), "node-not-allowed")]
            yield f"{name} encrypts, {size}", known, START[:2] + [
                ("c", named_open(name, size, mode=3)), ("s", named_open(name, size, answer=True)),
                ("c", opaque(64), "opaque-body")]
        yield f"{name} encrypts what can be read", {**known, "opaque": '"allow"'}, START[:2] + [
            ("c", named_open(name, in_opn[0], mode=3)), ("s", named_open(name, in_opn[0], answer=True)),
            ("c", opaque(49 if in_msg == 16 else 64)), ("c", tagged(READ, in_msg, seq=3), "security-mode-changed")]
        yield f"{name}, another signature", known, begin + [("c", tagged(READ, in_msg + 1), "trailing-bytes")]
        yield f"{name} is in any", {"security": '"sign"'}, begin
        yield f"{name} is not {READABLE_OPEN[0][0]}", {"security_policies": f'[ "{OTHER_NAME[name]}" ]'}, START[:2] + [
            ("c", named_open(name, in_opn[0]), "security-policy-not-allowed")]
        yield f"{name}, opened without a signature", known, START[:2] + [("c", named_open(name, 0), "truncated")]
        if name.startswith("RSA"):
            yield f"{name}, signature of no key", known, START[:2] + [("c", named_open(name, 1025), "trailing-bytes")]
        else:
            yield f"{name}, opened with one more", known, START[:2] + [
                ("c", named_open(name, in_opn[0] + 1), "trailing-bytes")]
    yield "no security under a policy", {}, START[:2] + [
        ("c", opn("ECC_nistP256", u32(1, 1) + ecc + bytes(64), "c"), "bad-format")]
    yield "security under none", {}, START[:2] + [("c", open_request(mode=2), "bad-format")]
    yield "pinned client", pin, SEALED + [ask_signed(READ)]
    yield "another client", pin, START[:2] + [("c", sealed_open(cert=OTHER_CERT), "certificate-not-allowed")]
    yield "pinned client with its issuer", pin, START[:2] + [("c", sealed_open(cert=CERT + OTHER_CERT))]
    yield "client without certificate", pin, START[:2] + [("c", sealed_open(cert=b""), "certificate-not-allowed")]
    yield "pinned server", pin256, SEALED + [ask_signed(READ)]
    yield "another server", pin256, SEALED[:3] + [("s", sealed_open(channel=3, cert=OTHER_CERT), "certificate-not-allowed")]
    # the server opens TCP: who said "c" was the one that opens
    rhe = chunk(b"RHEF", text("urn:plc") + text(URL))
    turned = [("c", rhe), ("s", hel), ("c", ack), ("s", open_request()), ("c", open_answer())]
    back = {"reverse_connect": "true"}
    yield "reverse connect", {}, [("c", rhe, "not-in-this-state")]
    yield "reverse connect permitted", back, turned + [
        ("s", msg(READ, seq=2, req=2)), ("c", msg(response(634, 0), seq=2, req=2)),
        ("s", msg(write(value(BAD)), seq=3, req=3), "node-not-allowed")]
    yield "reverse from the wrong side", back, [("s", rhe, "not-in-this-state")]


# ---- captures ----

def segment(who, seq, ack_no, flags, data=b""):
    src, dst, sport, dport = (CLIENT, SERVER, 40000, 4840) if who == "c" else (SERVER, CLIENT, 4840, 40000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack_no & 0xffffffff, 0x50, flags, 60000, 0, 0) + data
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst + tcp


def capture(path, steps, size):
    at = {"c": 1000, "s": 5000}
    frames = [segment("c", 999, 0, 2), segment("s", 4999, 1000, 0x12), segment("c", 1000, 5000, 0x10)]
    for who, data in [s[:2] for s in steps]:
        other = "s" if who == "c" else "c"
        for i in range(0, len(data), size):
            piece = data[i:i + size]
            frames.append(segment(who, at[who], at[other], 0x18, piece))
            at[who] += len(piece)
            frames.append(segment(other, at[other], at[who], 0x10))
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        for i, p in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000, i % 1000000, len(p), len(p)) + p)


def reasons(zonectl, folder, steps, size):
    path = os.path.join(folder, "case.pcap")
    capture(path, steps, size)
    out = subprocess.run([zonectl, "replay", "-m", os.path.join(folder, "model.conf"), path],
                         capture_output=True, text=True, timeout=60)
    if out.returncode not in (0, 5):
        sys.exit(out.stderr)
    lines = [x.split() for x in out.stdout.splitlines()]
    return [("record=packet" not in w, next((x[7:] for x in w if x.startswith("reason=")), "none")) for w in lines]


def main():
    zonectl, folder = sys.argv[1:3]
    failed = n = 0
    for name, head, steps in cases():
        with open(os.path.join(folder, "model.conf"), "w") as f:
            f.write(model(head))
        want = [s[2] if len(s) > 2 else "none" for s in steps]
        for size in (60000, 1400) if sum(len(s[1]) for s in steps) > 5000 else (60000, 1400, 7):
            got = [r for _, r in reasons(zonectl, folder, steps, size)]
            n += 1
            if got != want:
                failed += 1
                print(f"{name}, segments of {size}: expected {want[-3:]}, got {len(got)}: {got[-3:]}")
    print(f"opcua: {n - failed} passed, {failed} failed")
    return 1 if failed or not n else 0


if __name__ == "__main__":
    sys.exit(main())
