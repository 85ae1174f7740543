#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""explain_keys.py ZONECTL TOP FOLDER: each key of a whole policy or conduit that could permit what is refused.

A conversation whose last message is refused; what explain proposes of its frame is pasted into the model as it says,
and then explain permits the frame, and replay permits the message. Every key of the tables is proposed by one of them,
and no reason is without words of what could permit it."""
import json
import os
import re
import subprocess
import sys

ZONECTL, TOP, DIR = sys.argv[1:]
sys.path.insert(0, os.path.join(TOP, "tests", "pcap"))
import dnp3_wire  # noqa: E402
import iec104_wire as wire104  # noqa: E402
import opcua  # noqa: E402
from dnp3_wire import frame, m, o, segments  # noqa: E402
from iec104_wire import asdu, i, s, u  # noqa: E402
from opcua import ANONYMOUS, CERT, NAMED, SEALED, START, chunk, text, u32  # noqa: E402

PORTS = {"modbus": 502, "dnp3": 20000, "iec104": wire104.PORT, "opcua": 4840}
MODEL = """zones = (
  { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; },
  { name = "b"; type = "control"; networks = [ "10.2.0.0/24" ]; }
);
conduits = (
  { name = "c"; from = "a"; to = "b"; %s flows = ( { protocol = "%s"; policy = "p"; } ); }
);
policies = {
  other = { protocol = "modbus"; allow = ( { functions = [ "read" ]; units = 1; addresses = 1; mei = 14; files = 1; } ); };
  p = { protocol = "%s"; %s
    allow = ( %s );
  };
};
"""
MB = '{ functions = [ "read" ]; units = "any"; addresses = "any"; mei = "any"; files = "any"; }, ' \
     '{ functions = [ "write-single-register" ]; units = "any"; addresses = "any"; values = "any"; }, ' \
     '{ functions = [ "umas" ]; units = "any"; }'
DNP = '{ functions = [ "read" ]; masters = 1; outstations = "10-11"; objects = [ "1.*", "30.*", "60.*" ]; points = "any"; }, ' \
      '{ functions = [ "select", "operate", "direct-operate" ]; masters = 1; outstations = 10; objects = [ "12.1" ]; points = "0-9"; ' \
      'operations = "any"; trip_close = "any"; count = "any"; on_time = "any"; off_time = "any"; }, ' \
      '{ functions = [ "cold-restart" ]; masters = 1; outstations = 10; }'
ALL = ', { functions = [ "read" ]; masters = 1; outstations = "65533-65535"; objects = [ "60.*" ]; }'
IEC = '{ types = [ "C_IC_NA_1" ]; causes = "any"; common_addresses = 1; interrogations = "any"; }, ' \
      '{ types = [ "C_DC_NA_1" ]; causes = "any"; common_addresses = 1; object_addresses = 1000; states = "any"; pulses = "any"; ' \
      'select_before_operate = "require"; }'
UA = opcua.ALLOW


def crob(func, seq, iin=""):
    return f"{0xC0 | seq:02x} {func:02x} {iin} 0c01 28 0100 0000 41 01 64000000 64000000 00"


def mb(tid, pdu, unit=1, length=None):
    pdu = bytes.fromhex(pdu)
    return tid.to_bytes(2, "big") + bytes(2) + (length or len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def long_answer():
    return [frame(0x44, 1, 10, x) for x in segments(bytes.fromhex("c0 81 0000 1e0101 0000 1f03" + "0100000000" * 800), 0)]


def answer(src):
    parts = segments(bytes.fromhex("c0 81 0000" + "1e02 00 0001 01 1100 01 1200" * 6), 0, 20)
    return [frame(0x44, 1, src, x) for x in parts]


def double(element, cause=6):
    return asdu(46, cause, [(1000, element)], ca=1)


READ, ASK = m("c0 01 3c0206"), mb(1, "03 0000 0001")
GI, REPORT = asdu(100, 6, [(0, "14")], ca=1), asdu(1, 3, [(1, "01")], ca=1)
BEGUN = [(1, u("STARTDT act")), (0, u("STARTDT con"))]
PINNED = '[ "' + "0" * 64 + '" ]'
NO, NONE = opcua.open_request(), "none"


def head(**keys):
    return " ".join("%s = %s;" % kv for kv in {**opcua.HEAD, **keys}.items())


def said(steps):
    return [(step[0] == "c", step[1]) for step in steps]


def cases():
    """Protocol, keys of the policy, entries, messages, reason, what is pasted; more of the conduit."""
    yield "modbus", "", MB, [(1, ASK), (0, mb(1, "03 02 0001", unit=2))], "response-mismatch", 'tolerate = [ "unit-differs" ];'
    yield "modbus", "", MB, [(1, ASK), (0, mb(0, "03 02 0001"))], "unsolicited-response", 'tolerate = [ "transaction-zero" ];'
    yield "modbus", "", MB, [(1, ASK), (0, mb(1, "83 02", length=4))], "truncated bad-length", 'tolerate = [ "length-one-more" ];'
    yield "modbus", "", MB, [(1, ASK), (0, mb(1, "83 02 00"))], "trailing-bytes", 'tolerate = [ "padded-exception" ];'
    yield "modbus", 'tolerate = [ "unit-differs" ];', MB, [(1, mb(1, "2b 0e 01 00")), (0, mb(1, "ab 0e 01"))], "trailing-bytes", \
        'tolerate = [ "unit-differs", "device-id-form" ];'
    yield "modbus", "", MB, [(1, mb(1, "14 07 06 0001 0000 0002")), (0, mb(1, "14 00"))], "bad-byte-count", 'tolerate = [ "file-record-form" ];'
    yield "modbus", "", MB, [(1, mb(1, "06 0001 00ff")), (0, mb(1, "06 0001 0064"))], "response-mismatch", 'tolerate = [ "clamped-echo" ];'
    yield "modbus", "", MB, [(1, mb(n, "03 0000 0001")) for n in range(1, 4)], "request-rate", "max_requests_per_second = 3;", \
        "max_requests_per_second = 2;"
    yield "modbus", "", MB, [(1, mb(n, "06 0000 0001")) for n in range(1, 4)], "write-rate", "max_writes_per_second = 3;", \
        "max_writes_per_second = 2;"
    yield "dnp3", "", DNP, [(0, o("f0 82 8000"))], "unsolicited-not-allowed", "unsolicited = true;"
    yield "dnp3", "", DNP + ALL, [(1, m("c0 01 3c0206", dst=65535))], "broadcast-not-allowed", "broadcast = true;"
    yield "dnp3", "", DNP, [(1, m("c0 01 3c0206", dst=65535))], "broadcast-not-allowed", \
        'broadcast = true;|{ functions = ( "read" ); masters = 1; outstations = 65535; objects = [ "60.2" ]; }'
    yield "dnp3", "", DNP, [(1, m("e0 01 3c0206"))], "request-asks-confirmation", "confirmed_requests = true;"
    yield "dnp3", "outstanding = 2;", DNP, [(1, READ), (1, m("c0 01 3c0206", dst=11)), (0, answer(10)[0]), (0, answer(11)[0]), (0, answer(10)[1])], \
        "interleaved-response", "interleaved_responses = true;"
    yield "dnp3", "", DNP, [(1, READ), (0, o("c0 81 0000 6401 00 00 00 11"))], "unknown-object", "unwalkable = true;"
    yield "dnp3", "", DNP, [(1, READ), (0, o("c0 81 0000 1e02 86 00 00"))], "bad-qualifier", "unwalkable = true;"
    yield "dnp3", "", DNP, [(1, READ), (1, m("c1 01 3c0106"))], "request-outstanding", "outstanding = 2;"
    yield "dnp3", "outstanding = 3;", DNP, [(1, m("c%d 01 3c0106" % n)) for n in range(4)], "request-outstanding", "outstanding = 4;"
    yield "dnp3", "", DNP, [(1, READ)] + [(0, f) for f in long_answer()[:9]], "fragment-too-long", "max_fragment = 4096;"
    yield "dnp3", "select_before_operate = true;", DNP, [(1, m(crob(5, 0)))], "not-selected", "select_before_operate:"
    yield "dnp3", "select_before_operate = true; select_timeout = 7;", DNP, [(1, m(crob(5, 0)))], "not-selected", "select_before_operate:select_timeout"
    yield "dnp3", "select_before_operate = true;", DNP, [(1, m(crob(3, 0))), (0, o(crob(129, 0, "0000"))), (9, m(crob(4, 1)))], \
        "not-selected", "select_timeout = 10;"
    yield "dnp3", "require_secure_authentication = true;", DNP, [(1, m("c0 0d"))], "authentication-required", "require_secure_authentication:"
    yield "dnp3", 'master = "server";', DNP, [(1, READ)], "wrong-direction", 'master: '
    yield "dnp3", "", DNP, [(0, READ)], "wrong-direction", 'master = "server";'
    yield "iec104", "", IEC, BEGUN + [(0, i(1, 0, REPORT))], "bad-sequence-number", 'tolerate = [ "first-number-one" ];'
    yield "iec104", "", IEC, BEGUN + [(1, i(k, 0, GI)) for k in range(14)], "window-exceeded", "unacknowledged = 14;"
    yield "iec104", "", IEC, BEGUN + [(1, i(0, 0, double("82"))), (0, i(0, 1, double("82", 7))), (12, i(1, 1, double("02")))], \
        "not-selected", "select_timeout = 13;"
    yield "iec104", "", IEC, [(0, u("STARTDT act"))], "wrong-direction", 'master = "server";'
    yield "iec104", 'monitor_direction = "listed";', IEC + ', { types = [ "M_DP_NA_1" ]; causes = "any"; common_addresses = 1; object_addresses = 9; }', \
        BEGUN + [(0, i(0, 0, REPORT))], "type-not-allowed", '{ types = ( "M_SP_NA_1" ); causes = [ "spontaneous" ]; common_addresses = 1; object_addresses = 1; }'
    # what is not said with the right security, and of which end
    yield "opcua", head(security='"sign"'), UA, said(START[:3]), "security-too-low", "unsecured_discovery = true;"
    yield "opcua", head(security='"sign"', unsecured_discovery="true"), UA, said(START + [opcua.ask(opcua.READ)]), "security-too-low", \
        'security = "none";:unsecured_discovery'
    yield "opcua", head(), UA, said(SEALED + [("c", opcua.opaque())]), "opaque-body", 'opaque = "allow";'
    yield "opcua", head(security_policies='[ "Basic256" ]'), UA, said(START[:2] + [("c", opcua.sealed_open())]), "security-policy-not-allowed", \
        'security_policies = [ "Basic256", "Basic256Sha256" ];'
    yield "opcua", head(), UA, said(START[:2] + [("c", opcua.sealed_open("Basic256"))]), "security-policy-not-allowed", \
        'security_policies = [ "Basic256Sha256", "Aes128_Sha256_RsaOaep",'
    yield "opcua", head(opaque='"allow"'), UA, said(START[:2] + [("c", opcua.sealed_open("Best"))]), "security-policy-not-allowed", \
        '"http://opcfoundation.org/UA/SecurityPolicy#Best" ];'
    yield "opcua", head(client_certificates=PINNED), UA, said(START[:2] + [("c", opcua.sealed_open())]), "certificate-not-allowed", \
        'client_certificates = [ "%s", "%s" ];' % ("0" * 64, opcua.hashlib.sha256(CERT).hexdigest())
    yield "opcua", head(server_certificates=PINNED), UA, said(SEALED), "certificate-not-allowed", \
        'server_certificates = [ "%s", "%s" ];' % ("0" * 64, opcua.hashlib.sha256(CERT).hexdigest())
    yield "opcua", head(), UA, said([("c", chunk(b"HELF", opcua.HELLO + text("opc.tcp://x:1")))]), "endpoint-not-allowed", \
        'endpoint_urls = [ "opc.tcp://plc:4840", "opc.tcp://x:1" ];'
    yield "opcua", head(), UA, said(START + [opcua.ask(opcua.create_session("opc.tcp://x:2"))]), "endpoint-not-allowed", \
        'endpoint_urls = [ "opc.tcp://plc:4840", "opc.tcp://x:2" ];'
    yield "opcua", head(user_tokens='"any"'), UA, said(START + [opcua.ask(opcua.activate(ANONYMOUS))]), "user-token-not-allowed", \
        'user_tokens = [ "user-name", "x509", "issued", "anonymous" ];'
    yield "opcua", head(user_tokens='[ "anonymous" ]'), UA, said(START + [opcua.ask(opcua.activate(NAMED))]), "user-token-not-allowed", \
        'user_tokens = [ "anonymous", "user-name" ];'
    yield "opcua", head(), UA, [(1, chunk(b"RHEF", text("urn:plc") + text(opcua.URL)))], "not-in-this-state", "reverse_connect = true;"
    yield "opcua", head(max_chunk="8192"), UA, said(START + [opcua.ask(opcua.LONG[:9000], kind=b"MSGC")]), "message-too-large", "max_chunk = 9024;"
    yield "opcua", head(max_message="8192"), UA, said(START + [
        opcua.ask(opcua.LONG[:8000], kind=b"MSGC"), opcua.ask(opcua.LONG[8000:16000], seq=3, kind=b"MSGC")]), "message-too-large", "max_message = 16"
    # two things at once: the user, and a service that no entry has
    yield "opcua", head(user_tokens='"any"'), '{ services = [ "reading" ]; nodes = "any"; attributes = "any"; }', \
        said(START + [opcua.ask(opcua.activate(ANONYMOUS))]), "service-not-allowed", \
        '{ services = ( "activate-session" ); }|user_tokens = [ "user-name", "x509", "issued", "anonymous" ];'
    # nothing permits these
    yield "modbus", "", MB, [(1, b"\0\1\0\1" + ASK[4:])], "bad-protocol-identifier", None
    yield "dnp3", "", DNP, [(1, READ), (0, o("c1 81 0000"))], "unsolicited-response", None
    yield "iec104", "", IEC, BEGUN + [(1, i(1, 0, GI))], "bad-sequence-number", None
    yield "iec104", "", IEC, BEGUN + [(1, s(4))], "bad-receive-number", None
    yield "opcua", head(), UA, said([("c", opcua.hel), ("c", opcua.hel)]), "not-in-this-state", None
    yield "opcua", head(endpoint_urls='"any"'), UA, said(START + [("s", chunk(b"ERRF", u32(0) + text(None))), opcua.ask(opcua.READ)]), "not-in-this-state", None


failed = 0
PROPOSED = set()


def check(what, good, *shown):
    global failed
    failed += not good
    if not good:
        print("FAILED: " + what, *shown)


def run(*words):
    r = subprocess.run([ZONECTL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    return r.stdout, r.stderr, r.returncode


def write_case(protocol, messages, path):
    """The number of the last message's frame. A first number above 1: so many seconds after the one before."""
    dnp3_wire.CLIENT, dnp3_wire.SERVER = bytes([10, 1, 0, 5]), bytes([10, 2, 0, 9])
    talk = dnp3_wire.Tcp(40000, PORTS[protocol], acknowledges=True)
    packets, at = list(talk.opening), [0, 0, 0]
    for who, data in messages:
        late = who if who > 1 else 0
        size = 60000 if len(data) > 60000 else max(len(data), 1)
        for k in range(0, len(data), size):
            packets.append(talk.packet(bool(who), data[k:k + size]))
            at.append(late)
        packets.append(talk.packet(not who, b"", 0x10))
        at.append(0)
    dnp3_wire.write_pcap(path, packets, 10000)
    moved, raw, now = bytearray(), open(path, "rb").read(), 0
    moved, where = bytearray(raw[:24]), 24
    for extra in at:
        now += 10000 + 1000000 * extra
        n = int.from_bytes(raw[where + 8:where + 12], "little")
        moved += (1700000000 + now // 1000000).to_bytes(4, "little") + (now % 1000000).to_bytes(4, "little")
        moved += raw[where + 8:where + 16 + n]
        where += 16 + n
    with open(path, "wb") as f:
        f.write(moved)
    return len(packets) - 1


def paste_key(model, part):
    """Into the policy or conduit that is named, from its line on."""
    where = re.fullmatch(r'.*?:(\d+): (policy|conduit) "(\w+)", (first in (\w+)|without its|instead of its|as a key of it)( \w+)?( and without its \w+)?',
                         part["where"])
    begin = sum(len(x) + 1 for x in model.split("\n")[:int(where[1]) - 1])
    if where[5]:
        at = re.compile(r"\b%s = \(" % where[5]).search(model, begin).end()
        return model[:at] + " " + part["text"] + "," + model[at:]
    at = re.compile(r"\b%s = {" % where[3] if where[2] == "policy" else r'name = "%s";' % where[3]).search(model, begin).end()
    for key in filter(None, (part["key"], part.get("without"))):
        old = re.compile(r"\b%s = [^;]*;" % key).search(model, at)
        if old:
            model = model[:old.start()] + model[old.end():]
    return model[:at] + " " + part["text"] + model[at:]


def records_of(model, path, frame_number):
    out = run("replay", "-q", "-m", model, "--json", path)[0]
    return [r for r in map(json.loads, out.splitlines()) if r.get("frame") == frame_number]


def check_case(protocol, keys, entries, messages, reasons, pasted, conduit=""):
    path, model, changed = (os.path.join(DIR, n) for n in ("keys.pcap", "keys.conf", "keys-changed.conf"))
    with open(model, "w") as f:
        f.write(MODEL % (conduit, protocol, protocol, keys, entries))
    number = write_case(protocol, messages, path)
    name = "%s, %s: %s" % (protocol, reasons, pasted)
    out, err, rc = run("explain", "--json", "-m", model, "--frame", str(number), path)
    got = json.loads(out) if out else {}
    check(name + ": refused", rc == 5 and got.get("reason") in reasons.split(), got, err)
    check(name + ": and by replay", any(r["reason"] in reasons.split() for r in records_of(model, path, number)), records_of(model, path, number))
    if pasted is None:
        check(name + ": nothing is proposed, and why", "change" not in got and got.get("by"), got)
        return
    texts = [p["text"] + (":" if p["text"] == "" else "") for p in got.get("change", {}).get("paste", [])]
    said_all = "|".join(t + (p["key"] if t == ":" else "") + (":" + p["without"] if p.get("without") and "and without" in p["where"] else "")
                        for t, p in zip(texts, got.get("change", {}).get("paste", [])))
    want = pasted if not re.fullmatch(r"\w+:\w*", pasted) else ":" + ":".join(x for x in pasted.split(":") if x)
    check(name + ": proposed", bool(texts) and (want.rstrip(": ") in said_all), said_all, got.get("change"), got.get("by"))
    if not texts:
        return
    text_of = open(model).read()
    for part in got["change"]["paste"]:
        text_of = paste_key(text_of, part)
        PROPOSED.add((protocol if "policy" in part["where"] else None, got["reason"], part.get("key")))
    with open(changed, "w") as f:
        f.write(text_of)
    out, err, rc = run("explain", "--json", "-m", changed, "--frame", str(number), path)
    check(name + ": pasted, it is permitted", rc == 0 and out and json.loads(out)["reason"] == "none", err, out)
    left = [r["reason"] for r in records_of(changed, path, number)]
    check(name + ": and replay permits it", left and all(r == "none" for r in left), left)


def check_reasons():
    """Each reason has words of what could permit it; those of keys have keys, and each key was proposed."""
    names = [line.split()[0] for line in run("reasons")[0].splitlines()]
    of_keys = set()
    for name in names:
        answer_of = json.loads(run("explain", "--json", name)[0])
        by, keys = answer_of.get("by", ""), answer_of["keys"]
        check(name + ": what could permit it", len(by) > 20, answer_of)
        check(name + ": keys where the words say keys", bool(keys) == by.startswith("a key that holds"), answer_of)
        of_keys |= {(k.get("protocol"), name, k["key"]) for k in keys}
    missing = of_keys - PROPOSED - UNSEEN
    check("each key was proposed in a conversation", not missing, missing)
    check("no row is excused that was seen", not UNSEEN & PROPOSED, UNSEEN & PROPOSED)
    print("%d reasons, %d keys of them" % (len(names), len(of_keys)))


# What no conversation here is refused for: it takes two connections, or one that was joined in its middle.
UNSEEN = {
    ("iec104", "another-master-started", "started_masters"),
    ("iec104", "bad-receive-number", "unacknowledged"),
}
for case in cases():
    check_case(*case)
check_reasons()
print("failed: %d" % failed)
sys.exit(failed != 0)
