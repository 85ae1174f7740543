#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What zoned-peers(7) says of each peer is what the gate does: a conversation in the manner of every
peer whose entry names a reason, under the policies of the page's own example or the shipped ones.
The reasons of an entry must be those that its conversations come to, no more and no less.
Each reason (Cm), key (Va) and shipped policy (Pa) that the page names must be there, and each word
of "tolerate" (Dv) is tried.

usage: peers.py ZONECTL PAGE DIRECTORY      (a directory to write captures and models in)

To add an entry to the page: add its conversations to CONVERSATIONS, under the entry's title.
"""
import os
import re
import struct
import subprocess
import sys

import iec104
import opcua
from dnp3 import ANSWER, IGNORED, LONG, OPERATE, READ, answer, crob, cut, long_answer
from dnp3_wire import Tcp, Udp, frame, m, o, write_pcap
from opcua_wire import chunk, node, request, response, text, u32

PASS = "none"
PORTS = {"modbus": 502, "dnp3": 20000, "opcua": 4840, "iec104": 2404}
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
MODEL = """zones = (
  {{ name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; }},
  {{ name = "b"; type = "control"; networks = [ "10.2.0.0/24" ]; }} );
conduits = ( {{ name = "c"; from = "a"; to = "b";
  flows = ( {{ protocol = "{proto}"; policy = "{policy}"; {more} }} ); }} );
policies = {{
@include "{policy}.conf"
}};
"""
# Reasons that no capture can show, since other parts of zoned give them: the test that does.
ELSEWHERE = {
    "stream-not-in-step": "tests/evasion/rows_connection.py",
    "no-handshake": "tests/netns/reverse.sh",
    "wrong-interface": "tests/netns/plain.sh",
    "wrong-mac": "tests/netns/bind.sh",
    "wrong-way-out": "tests/netns/plain.sh",
    "bad-segment": "tests/evasion/datagrams.py",
    "another-master-started": "tests/netns/iec104.sh",
}


# ---- messages ----

def mb(tid, pdu, unit=1, length=None, pid=0):
    """A Modbus message; pdu in hex."""
    pdu = bytes.fromhex(pdu)
    return struct.pack("!HHHB", tid, pid, len(pdu) + 1 if length is None else length, unit) + pdu


def ask(tid, pdu="03 0001 0002", **more):
    return 1, mb(tid, pdu, **more)


def say(tid, pdu="03 04 0001 0002", **more):
    return 0, mb(tid, pdu, **more)


def ua(*steps, open_with=opcua.START):
    return [(who == "c", data) for who, data, *_ in (*open_with, *steps)]


def ua_ask(body, seq=2):
    return opcua.ask(body, seq=seq, req=seq)


def items(sampling, attribute=13):
    """CreateMonitoredItems of one item."""
    item = node(1, "Pump.Level") + u32(attribute) + text(None) + b"\0\0" + text(None)
    parameters = u32(7) + struct.pack("<d", sampling) + node(0, 0) + b"\0" + u32(1) + b"\1"
    return request(751, u32(1, 2, 1) + item + u32(2) + parameters)


SUBSCRIBED = lambda ms: request(787, struct.pack("<d", ms) + u32(100, 10, 0) + b"\1\0")
SELECT, SELECTED = (1, m(crob(3, 0))), (0, o(crob(129, 0, iin="0000")))
OPERATED = (0, o(crob(129, 1, iin="0000")))
BAD_HEAD = OPERATE[:8] + bytes([OPERATE[8] ^ 1]) + OPERATE[9:]


def n(count, reason=PASS):
    return [reason] * count


def iec(*names):
    """Conversations of iec104.py: as they are there."""
    return [(policy, [step[:2] for step in steps], [step[2] for step in steps])
            for policy, steps in (iec104.CASES[name] for name in names)]


STARTED = [step[:2] for step in iec104.START]


# ---- title of an entry: [(policy, what is sent, what each message comes to; as a set: what some do)] ----
# A policy that is in no file of rules/ is one of the page's example; NAME+WORD is NAME with that word in
# "tolerate".

IN_TURN = [(1, READ), (1, m("c0 01 3c0206", dst=11)), *[(0, f) for pair in zip(answer(0), answer(9, src=11)) for f in pair]]
CONVERSATIONS = {
    "libmodbus 3.1.6, server": [
        ("modbus-read-only", [ask(1, "2b 0e 01 00"), say(1, "ab 01"), ask(2, "07"), ask(3), say(3)], n(5)),
        ("modbus-read-only", [(1, mb(1, "03 0001 0002", length=7) + b"\0")], ["trailing-bytes"]),
        ("modbus-read-only", [ask(1, length=5)], ["truncated"]),
        ("modbus-read-only", [ask(1, pid=1)], ["bad-protocol-identifier"]),
    ],
    "libmodbus 3.1.6, client, and mbpoll 1.4.11": [
        ("modbus-read-only", [ask(1), ask(2), say(1), say(2)], n(4)),
    ],
    "modbus-serial 8.0.25, client": [
        ("modbus-read-only", [ask(i) for i in range(1, 129)] + [say(i) for i in range(1, 129)], n(256)),
        ("modbus-read-only", [ask(7), ask(7, "03 0005 0001"), say(7), say(7, "03 02 0001")], n(4)),
        ("modbus-read-only", [ask(i & 255) for i in range(1, 201)] + [say(i) for i in range(1, 19)],
         n(200) + n(17, "unsolicited-response")),
    ],
    "modbus-serial 8.0.25, server": [
        ("modbus-read-only", [ask(1, "03 0000 007e")], ["quantity-out-of-specification"]),
        ("modbus-read-only", [ask(1, "01 0000 07d1")], ["quantity-out-of-specification"]),
    ],
    "jsmodbus 5.0.0, server": [
        ("modbus-read-only", [ask(1), ask(2), say(2), say(1)], n(4)),
        ("modbus-read-only", [ask(1, "2b 0e 01 00"), say(1, "ab 0e 01"), ask(2), say(2)],
         [PASS, "trailing-bytes", PASS, PASS]),
        ("modbus-read-only+device-id-form", [ask(1, "2b 0e 01 00"), say(1, "ab 0e 01")], n(2)),
        ("modbus-read-only", [ask(1), say(1, "03 00")], [PASS, "bad-byte-count"]),
    ],
    "pymodbus 3.0.0, server": [
        ("modbus-read-only", [ask(1, unit=9), say(1, "83 0b", unit=9)], n(2)),
        ("modbus-read-only", [ask(1, "14 07 06 0001 0000 0002"), say(1, "14 00")], [PASS, "bad-byte-count"]),
        ("modbus-read-only+file-record-form", [ask(1, "14 07 06 0001 0000 0002"), say(1, "14 00")], n(2)),
        ("modbus-read-only", [ask(1, pid=1)], ["bad-protocol-identifier"]),
        ("modbus-read-only", [(1, mb(1, "03 0001 0002", length=7) + b"\0")], ["trailing-bytes"]),
        ("modbus-read-only", [ask(1, length=5)], ["truncated"]),
    ],
    "pymodbus 3.0.0, clients": [
        ("modbus-read-only", [ask(1), say(1, "04 04 0001 0002"), say(1)], [PASS, "response-mismatch", PASS]),
        ("modbus-read-only", [ask(1), say(2), say(1)], [PASS, "unsolicited-response", PASS]),
    ],
    "Units behind a serial gateway": [
        ("modbus-read-only",
         [x for i in range(80) for x in (ask(2 * i, unit=2), ask(2 * i + 1), say(2 * i + 1))], n(240)),
        ("two-units", [ask(i) for i in range(30)], {PASS, "request-rate"}),
        ("modbus-read-only", [ask(1), say(1, unit=255), say(0)],
         [PASS, "response-mismatch", "unsolicited-response"]),
        ("modbus-read-only+unit-differs", [ask(1), say(1, unit=255)], n(2)),
        ("modbus-read-only+transaction-zero", [ask(1), say(0)], n(2)),
    ],
    "Converters set to RTU over TCP": [
        ("modbus-read-only", [(1, bytes.fromhex("010300010002 95cb"))], ["rtu-over-tcp"]),
    ],
    "Devices with exceptions of their own": [
        ("modbus-read-only", [ask(1), say(1, "83 80")], n(2)),
        ("modbus-read-only", [ask(1), say(1, "83 02 00")], [PASS, "trailing-bytes"]),
        ("modbus-read-only+padded-exception", [ask(1), say(1, "83 02 00")], n(2)),
        ("modbus-read-only", [ask(1), say(1, "83 02", length=4)], [PASS, "bad-length"]),
        ("modbus-read-only+length-one-more", [ask(1), say(1, "83 02", length=4), ask(2), say(2)], n(4)),
    ],
    "Devices that limit a written value": [
        ("modbus-read-write", [ask(1, "06 0001 03e9"), say(1, "06 0001 03e8"), ask(2), say(2)],
         [PASS, "response-mismatch", PASS, PASS]),
        ("two-units", [ask(1, "06 0064 03e8"), say(1, "06 0064 03e7")], n(2)),
    ],
    "Devices that name a next object and say that nothing follows": [
        ("modbus-read-only", [ask(1, "2b 0e 01 00"), say(1, "2b 0e 01 01 00 03 01 00 01 41")], n(2)),
        ("modbus-read-only+device-id-form",
         [ask(1, "2b 0e 01 00"), say(1, "2b 0e 01 07 00 00 01 00 01 41")], n(2)),
    ],
    "Controllers programmed by UMAS": [
        ("modbus-programming", [ask(1, "5a 00 20" + "00" * 1000)], ["bad-length"]),
        ("modbus-programming+long-umas",
         [ask(1, "5a 00 02"), say(1, "5a 00 fe"), ask(2, "5a 00 20" + "00" * 1000)], n(3)),
        ("modbus-read-only", [ask(1, "5a 00 20" + "00" * 1000)], ["bad-length"]),
    ],
    "opendnp3 3.1 (c1dc716), outstation": [
        ("rtu", [(1, cut(LONG, 0, 40, 0xF3)[0]), (1, frame(0xC1, 10, 1)), (1, frame(0xC9, 10, 1, b"\xc0\xc0\x01"))],
         ["confirmed-in-parts", "bad-link-frame", "bad-length"]),
        ("rtu", [(1, cut(LONG)[0]), (1, cut(LONG)[2]), (1, m("e0 01 3c0206"))],
         [PASS, "bad-transport-sequence", "request-asks-confirmation"]),
        ("rtu", [(1, READ), (1, m("c1 01 3c0106")), (1, m("c2 01 3c0106")), (0, ANSWER)],
         [PASS, "request-outstanding", "request-outstanding", PASS]),
        ("rtu", [SELECT, SELECTED, (1, m(crob(4, 1))), OPERATED, (1, READ), (0, ANSWER), (1, m(crob(4, 1)))],
         n(6) + ["not-selected"]),
        ("dnp3-all", IN_TURN, n(len(IN_TURN))),
        ("dnp3-read-only-master", IN_TURN, n(4) + ["interleaved-response", PASS] * (len(answer(0)) - 1)),
    ],
    "Masters that join the segments of all outstations": [
        ("dnp3-read-only-master", IN_TURN, n(4) + ["interleaved-response", PASS] * (len(answer(0)) - 1)),
        ("dnp3-read-only-master", [*IN_TURN[:3], (0, o("c0 81 0000", src=11)), *[(0, f) for f in answer(0)[1:]]],
         n(3 + len(answer(0)))),
    ],
    "opendnp3 2.x, as in OpenPLC v3 (1b10e97)": [
        ("rtu", [SELECT, SELECTED, (1, m(crob(4, 1, code="81"))), (1, m(crob(4, 1)))], n(2) + n(2, "not-selected")),
    ],
    "dnp3py (82044ca), outstation": [
        ("dnp3-read-only", [(1, cut(LONG)[0]), (1, cut(LONG)[0]), (1, cut(LONG)[1])], [PASS, "repeated-frame", PASS]),
        ("rtu", [(1, m("c0 01 3c0206", control=0x44)), (1, cut(LONG)[0]), (1, cut(LONG)[2])],
         ["wrong-direction", PASS, "bad-transport-sequence"]),
        ("rtu", [(1, m("e0 01 3c0206")), (1, m("c0 02 6401 00 00 00 11")), (1, m(crob(4, 1)))],
         ["request-asks-confirmation", "unknown-object", "not-selected"]),
    ],
    "stepfunc dnp3, Rust (5d83f2c), outstation": [
        ("dnp3-all", [(1, cut(LONG)[0]), (1, cut(LONG)[0]), (1, cut(LONG)[2]), (1, cut(LONG, dst=65535)[0])],
         [PASS, "repeated-frame", "bad-transport-sequence", "broadcast-in-parts"]),
        ("rtu", [(1, READ), (1, m("c1 01 3c0106"))], [PASS, "request-outstanding"]),
    ],
    "go-dnp3 (852c16c), outstation": [
        ("dnp3-read-only", [(1, cut(LONG)[0]), (1, cut(LONG, src=2)[1])], [PASS, "bad-transport-sequence"]),
        ("dnp3-all", [(1, m("c0 0d", dst=65535, control=0xD3)), (1, m("80 01 3c0106")),
                      (1, m(crob(5, 1))), (0, o(crob(129, 1, iin="0000"))), (1, m(crob(5, 1)))],
         ["bad-link-frame", "bad-format", PASS, PASS, PASS]),
        ("dnp3-read-only", [(1, m("c0 01 3c0106", dst=65535))], ["broadcast-not-allowed"]),
        ("rtu", [(1, m(crob(4, 1)))], ["not-selected"]),
    ],
    "jdnp3 (6b79a9d), outstation": [
        ("dnp3-read-only", [(1, cut(LONG)[0]), (2, cut(LONG, 0, 40)[0]), (2, READ)], [PASS, "station-busy", PASS]),
    ],
    "dnp3-go (1c178ed), outstation": [
        ("rtu", [(1, frame(0xC9, 10, 1, b"\xc0\xc0\x01")), (1, frame(0xC5, 10, 1, b"\xc0\xc0\x01"))],
         ["bad-length", "bad-link-frame"]),
        ("dnp3-read-only/udp", [(1, cut(LONG)[0]), (1, b"".join(cut(LONG)))],
         ["not-in-one-datagram"] + n(len(cut(LONG)))),
    ],
    "Outstations with long responses": [
        ("rtu", [(1, READ), *[(0, f) for f in long_answer()]], n(1 + len(long_answer()))),
        ("dnp3-read-only", [(1, READ), *[(0, f) for f in long_answer()]],
         n(9) + ["fragment-too-long"] + n(len(long_answer()) - 9, "bad-transport-sequence")),
    ],
    "Outstations that repeat link frames": [
        ("rtu", [(1, READ), *[(0, f) for f in answer(0)[:2] + answer(0)[1:]]],
         n(3) + ["repeated-frame"] + n(len(answer(0)) - 2)),
    ],
    "node-opcua 2.186.4, server": [
        ("opcua-read-only", ua(ua_ask(SUBSCRIBED(-1.0))), n(4) + ["interval-too-short"]),
        ("pump", ua(ua_ask(opcua.write(opcua.value(node(9999, 1))))), n(4) + ["node-not-allowed"]),
        ("pump", ua(ua_ask(request(560, u32(1) + node(1, "Pump.Setpoint")))), n(4) + ["service-not-allowed"]),
        ("opcua-all", ua(*opcua.parts(opcua.write(*[opcua.value(opcua.GOOD)] * 12000), 60000, "")),
         n(8) + ["message-too-large"]),
    ],
    "node-opcua 2.186.4, client": [
        ("machine", ua(open_with=opcua.START[:3]), n(3)),
        ("sign", ua(open_with=opcua.START[:3]), n(2) + ["security-too-low"]),
        ("opcua-read-only", ua(ua_ask(items(0.0))), n(5)),
        ("pump", ua(ua_ask(items(0.0))), n(4) + ["interval-too-short"]),
        ("pump", ua(ua_ask(opcua.read(node(0, 2259)))), n(4) + ["node-not-allowed"]),
        ("opcua-read-only", ua(*[ua_ask(opcua.READ, 2 + i) for i in range(4097)]),
         n(4 + 4096) + ["too-many-pending"]),
    ],
    "open62541 1.5, server": [
        ("opcua-read-only", ua(ua_ask(SUBSCRIBED(0.0))), n(4) + ["interval-too-short"]),
    ],
    "Devices with small buffers": [
        ("opcua-all", ua(ua_ask(opcua.read(*[node(1, 5)] * 60)), open_with=opcua.START_SMALL), n(4) + ["message-too-large"]),
    ],
    "lib60870 for C (7a388e3), server": iec(
        "0x0f, which starts a station that goes by bits", "length 255", "a command behind a command",
        "two commands, the permitted one first", "the test bit", "a negative command", "another station",
        "an S before STARTDT"),
    "go-iecp5 (e76e21a), server": iec("a command before STARTDT", "an octet before a frame"),
    "json-scada (06a2b039), server": iec("execute alone"),
    "iec104-python (f9ded6f), client": iec("interrogations of all stations") + [
        ("tolerant", STARTED + [(1, iec104.i(0, 0, iec104.asdu(100, 6, [(0, "14")], ca=65535)))], n(2) + ["broadcast-not-allowed"])],
    "Stations that number from one": iec("a station that begins with one") + [
        ("iec104-control+first-number-one", STARTED + [(0, iec104.i(1, 0, iec104.REPORT))], n(3))],
    "Stations that refuse a command": iec("no termination, and negative answers"),
    "Simulators whose commands come from port 2404": iec("a command of the station", "the listening side is the master"),
    "tshark 4.0.17": [
        ("dnp3-read-only", [(1, BAD_HEAD)], ["bad-crc"]),
    ],
}
MORE = {
    **iec104.MORE,
    "pump": """pump = { protocol = "opcua"; security = "none"; opaque = "refuse"; security_policies = "any"; endpoint_urls = "any";
  client_certificates = "any"; server_certificates = "any"; user_tokens = "any"; allow = (
  { services = [ "discovery", "session", "publish" ]; },
  { services = [ "read", "browse", "create-subscription", "create-monitored-items" ]; nodes = [ "ns=1" ];
    attributes = "any"; least_interval = 250; },
  { services = [ "write" ]; nodes = [ "ns=1;s=Pump.Setpoint" ]; attributes = [ "value" ]; } ); };""",
    "sign": """sign = { protocol = "opcua"; security = "sign"; opaque = "refuse"; security_policies = "any"; endpoint_urls = "any";
  client_certificates = "any"; server_certificates = "any"; user_tokens = "any"; allow = (
  { services = [ "discovery", "session" ]; } ); };""",
}


# Every group that a model can have, for keys.
GROUPS = """zones = ( {{ {keys} }} ); conduits = ( {{ flows = ( {{ {keys} }} ); {keys} }} ); daemon = {{ {keys} }};
policies = {{ m = {{ protocol = "modbus"; {keys} allow = ( {{ {keys} }} ); }};
  d = {{ protocol = "dnp3"; {keys} allow = ( {{ {keys} }} ); }}; o = {{ protocol = "opcua"; {keys} allow = ( {{ {keys} }} ); }};
  i = {{ protocol = "iec104"; {keys} allow = ( {{ {keys} }} ); }}; }};
"""


# ---- the page ----

def words(line):
    return [w for w in line.split()[1:] if re.search(r"\w", w)]


def read_page(path):
    """Entries by title, each with the words of its macros; those of the whole page; and the lines of the examples."""
    entries, example, current, literal = {}, [], None, False
    page = {"Cm": set(), "Va": set(), "Pa": set(), "Dv": set()}
    with open(path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            title = re.match(r"\.It (.*) \((run|read|capture)\)$", line)
            if line.startswith((".Bd", ".Ed")):
                literal = line.startswith(".Bd")
            elif literal:
                example.append(line)
            elif title:
                current = entries.setdefault(title.group(1), set())
            elif line.startswith((".Sh", ".Ss")):
                current = None
            for macro in re.findall(r"(?:^\.|\s)((?:Cm|Va|Pa|Dv)(?: [^\s]+)+)", "" if literal else line):
                page[macro[:2]].update(words(macro))
                if current is not None and macro[:2] == "Cm":
                    current.update(words(macro))
    return entries, page, "\n".join(example)


# ---- the gate ----

def packets_of(steps, proto, udp):
    """1 is the client, 2 its second connection, 0 the server; OPC UA is acknowledged, since its messages are long."""
    ways = {1: Udp(40000) if udp else Tcp(40000, PORTS[proto], proto == "opcua"), 2: Tcp(40001, PORTS[proto])}
    packets = ways[1].opening + (ways[2].opening if any(d == 2 for d, _ in steps) else [])
    for d, data in steps:
        packets.append(ways[d or 1].packet(d > 0, data))
        if proto == "opcua":
            packets.append(ways[1].packet(d == 0, b"", 0x10))
    return packets


def reasons(zonectl, model, packets, where):
    """What each message comes to, in their order."""
    write_pcap(f"{where}/c.pcap", packets, 2000)
    with open(f"{where}/m.conf", "w") as f:
        f.write(model)
    out = subprocess.run([zonectl, "replay", "-q", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60)
    if out.returncode not in (0, 5) or out.stderr:
        print(out.stderr)
    found = [re.search(r" reason=(\S+)$", line) for line in out.stdout.splitlines()]
    return [x.group(1) if x else PASS for x in found]


def model_of(policy, example, where):
    """Its protocol, and the text."""
    name, _, tolerated = policy.split("/")[0].partition("+")
    udp = policy.endswith("/udp")
    path = os.path.join(RULES, name + ".conf")
    text_of = MORE.get(name)
    if not text_of and not os.path.exists(path):
        return re.search(r'protocol = "(\w+)"; policy = "%s"' % name, example).group(1), example
    if not text_of:
        with open(path, encoding="utf-8") as f:
            text_of = f.read()
    if tolerated and f'"{tolerated}"' not in text_of:
        text_of = re.sub(r'(protocol = "\w+";)', rf'\1 tolerate = [ "{tolerated}" ];', text_of)
    with open(f"{where}/{name}.conf", "w") as f:
        f.write(text_of)
    proto = re.search(r'protocol = "(\w+)"', text_of).group(1)
    return proto, MODEL.format(proto=proto, policy=name, more='transport = "udp";' if udp else "")


def check_words(zonectl, page, example, where):
    """Are the reasons, keys and shipped policies that the page names there?"""
    said = subprocess.run([zonectl, "reasons"], capture_output=True, text=True, timeout=60).stdout
    lost = [f"reason {w}" for w in page["Cm"] - {line.split()[0] for line in said.splitlines()}]
    for key in page["Va"]:
        with open(f"{where}/m.conf", "w") as f:
            f.write(GROUPS.format(keys=f"{key} = 1;"))
        said = subprocess.run([zonectl, "check", f"{where}/m.conf"], capture_output=True, text=True, timeout=60).stderr
        unknown = said.count(f'has no key "{key}"')
        if not 0 < unknown < GROUPS.count("{keys}"):    # no key belongs everywhere
            lost.append(f"key {key}")
    lost += [f"policy {p}" for p in page["Pa"] if "/" not in p and not os.path.exists(os.path.join(RULES, p))]
    tried = {policy.partition("+")[2] for cases in CONVERSATIONS.values() for policy, _, _ in cases}
    lost += [f"conversation under tolerate = {w}" for w in page["Dv"] - tried if f'"{w}"' not in example]
    for reason, test in ELSEWHERE.items():
        with open(os.path.join(RULES, "..", test), encoding="utf-8") as f:
            if reason not in f.read():
                lost.append(f"test of {reason} in {test}")
    for what in lost:
        print(f"zoned-peers(7): there is no {what}")
    return len(lost)


def main():
    zonectl, path, where = sys.argv[1:4]
    entries, page, example = read_page(path)
    wrong = check_words(zonectl, page, example, where)
    for title, conversations in CONVERSATIONS.items():
        seen = set()
        for policy, steps, want in conversations:
            proto, model = model_of(policy, example, where)
            got = reasons(zonectl, model, packets_of(steps, proto, policy.endswith("/udp")), where)
            seen.update(got)
            if (set(got) if isinstance(want, set) else got) != want:
                wrong += 1
                print(f"{title}, under {policy}:", got[-20:], "want", list(want)[-20:], sep="\n  ")
        if title not in entries:
            wrong += 1
            print(f"zoned-peers(7) has no entry {title}")
        elif entries[title] - set(ELSEWHERE) != seen - {PASS}:
            wrong += 1
            print(f"{title}: the page says {sorted(entries[title])}, it comes to {sorted(seen - {PASS})}")
    for title, entry in entries.items():
        if entry - set(ELSEWHERE) and title not in CONVERSATIONS:
            wrong += 1
            print(f"{title}: no conversation shows {sorted(entry)}")
    print(f"zoned-peers(7): {len(entries)} entries, {len(CONVERSATIONS)} with conversations; {wrong} not as the page says")
    return wrong != 0 or not entries


if __name__ == "__main__":
    sys.exit(main())
