#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zonectl replay: what it says of a recording, how it is called, and how it ends.

usage: replay.py ZONECTL FOLDER     (captures and models are made there)

Each check_* is a generator of what is wrong. To add one, write it; its name is enough.
"""
import base64
import datetime
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys

import peers
from dnp3_wire import Tcp, Udp

ZONECTL, FOLDER = sys.argv[1:3]
OK, FAIL, USAGE, REFUSED, NOT_READ = 0, 1, 2, 5, 6
BASE = 1700000000           # 2023-11-14T22:13:20Z
MODEL = """zones = (
  { name = "a"; type = "control"; networks = [ "10.1.0.0/16" ]; },
  { name = "b"; type = "control"; networks = [ "10.2.0.0/16" ]; } );
conduits = ( { name = "a-to-b"; from = "a"; to = "b"; MODE flows = (
  { protocol = "modbus"; policy = "modbus-read-only"; },
  { protocol = "dnp3"; policy = "dnp3-all"; },
  { protocol = "iec104"; policy = "iec104-control"; } ); } );
policies = {
@include "modbus-read-only.conf"
@include "dnp3-all.conf"
@include "iec104-control.conf"
};
"""


def at(name):
    return os.path.join(FOLDER, name)


def replay(*args, **more):
    more = {"capture_output": True, "text": True, "timeout": 60, "check": False, **more}
    return subprocess.run([ZONECTL, "replay", *args], **more)


def objects(out):
    return [json.loads(line) for line in out.stdout.splitlines()]


def messages(out):
    return [o for o in objects(out) if o["record"] == "message"]


def write(name, packets, step=1.0, snap=65535, link=101):
    """Packets as (second, octets) or octets alone, one each `step` seconds."""
    with open(at(name), "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link))
        for i, p in enumerate(packets):
            when, p = p if isinstance(p, tuple) else (i * step, p)
            us = round((BASE + when) * 1000000)
            f.write(struct.pack("<IIII", us // 1000000, us % 1000000, min(len(p), snap), len(p)) + p[:snap])
    return at(name)


def summary_of(*args, status=None):
    out = replay("-q", "--summary", at("summary.json"), *args)
    if status is not None and out.returncode != status:
        raise SystemExit("replay %s: status %d, expected %d: %s" % (args, out.returncode, status, out.stderr))
    with open(at("summary.json"), encoding="utf-8") as f:
        return json.load(f)


def talk(messages, port=502, client=40000, opens=True):
    """Packets of a conversation: (from the client, octets)."""
    t = Tcp(client, port, acknowledges=True)
    made = [t.packet(from_client, data) for from_client, data in messages]
    return (t.opening if opens else []) + made


READ, ANSWER = peers.ask(1), peers.say(1)
WRITE = peers.ask(2, "06 000a 1267")
READS = [READ, ANSWER, peers.ask(2), peers.say(2)]


def with_models():
    for name, mode in (("enforce", ""), ("observe", 'mode = "observe";'), ("silent", 'log = "none";')):
        with open(at(name + ".conf"), "w", encoding="utf-8") as f:
            f.write(MODEL.replace("MODE", mode))


def moved(packet, n):
    """The same packet of other hosts: distinct connections."""
    p = bytearray(packet)
    for where in (12, 16):
        p[where + 2], p[where + 3] = n >> 8 & 255, n & 255
    return bytes(p)


def crowd(n=200):
    """Connections of many hosts, in turns: reads, writes, DNP3, frames of IEC 104."""
    talks = []
    for i in range(n):
        kind = i % 4
        if kind == 0:
            packets = talk(READS + [WRITE] + READS[:2], client=40000 + i)
        elif kind == 1:
            packets = talk(READS * 3, client=40000 + i)
        elif kind == 2:
            packets = talk([(1, peers.READ), (0, peers.answer(0)[0])], port=20000, client=40000 + i)
        else:
            packets = talk([(1, bytes.fromhex("680407000000")), (0, bytes.fromhex("68040b000000")),
                            (1, bytes.fromhex("680e0000000064010600010000000014"))], port=2404, client=40000 + i)
        talks.append([moved(p, i % 50 + 1) for p in packets])
    longest = max(map(len, talks))
    return [t[k] for k in range(longest) for t in talks if k < len(t)]


def community_id(o):
    """RFC-less but written down: github.com/corelight/community-id-spec, version 1, seed 0."""
    family = socket.AF_INET6 if ":" in o["src"] else socket.AF_INET
    ends = sorted((socket.inet_pton(family, o[a]), o[p]) for a, p in (("src", "sport"), ("dst", "dport")))
    proto = 17 if o["transport"] == "udp" else 6
    text = struct.pack("!H", 0) + ends[0][0] + ends[1][0] + struct.pack("!BBHH", proto, 0, ends[0][1], ends[1][1])
    return "1:" + base64.b64encode(hashlib.sha1(text).digest()).decode()


# ---- what a record has ----

def check_records():
    """Messages and packets alike, as text and as objects: frame, time, ends, connection."""
    broken = (1, peers.mb(3, "03 0000 0001", length=300))       # no end that can be found
    path = write("c.pcap", talk(READS + [WRITE, broken]))
    text, made = replay("-m", at("enforce.conf"), path), objects(replay("--json", "-m", at("enforce.conf"), path))
    lines = text.stdout.splitlines()
    if len(lines) != len(made):
        yield "%d lines and %d objects" % (len(lines), len(made))
    if not any(o["record"] == "packet" and o["reason"] != "none" for o in made):
        yield "no object of a refused packet: %s" % made
    for line, o in zip(lines, made):
        want = datetime.datetime.fromtimestamp(BASE + o["frame"] - 1, datetime.timezone.utc).isoformat()[:19] + ".000Z"
        if o["time"] != want or o["connection"] != community_id(o):
            yield "of frame %d: %s %s" % (o["frame"], o["time"], o["connection"])
        begin = "%d %s %s %d > %s %d %s time=%s connection=%s " % (
            o["frame"], o["verdict"], o["src"], o["sport"], o["dst"], o["dport"], o["proto"], want, o["connection"])
        if not line.startswith(begin) or (" record=packet " in line) != (o["record"] == "packet"):
            yield "%r does not begin with %r" % (line, begin)
        if (o["reason"] == "none") != (" reason=" not in line):
            yield "reason of %r" % line


def check_connection_id():
    """The example of the specification."""
    t = Tcp(34855, 80)
    t.opening = []
    packet = bytearray(t.packet(True, READ[1]))
    packet[12:20] = socket.inet_aton("128.232.110.120") + socket.inet_aton("66.35.250.204")
    out = messages(replay("--json", "--port", "modbus:80", write("c.pcap", [bytes(packet)])))
    if [o["connection"] for o in out] != ["1:LQU9qZlK+B5F3KDmev6m5PMibrg="]:
        yield "connection of the specification's example: %s" % out


def check_same_with_jobs():
    """Threads change no octet: neither records nor the summary."""
    path = write("crowd.pcap", crowd(), step=0.01)
    for model in ([], ["-m", at("enforce.conf")], ["-m", at("observe.conf")]):
        for form in ([], ["--json"]):
            runs = {jobs: replay("--jobs", jobs, *form, *model, path) for jobs in ("1", "2", "5", "8")}
            first = runs["1"]
            if first.stdout.count("\n") < 1000:
                yield "the crowd is small: %d" % first.stdout.count("\n")
            for jobs, out in runs.items():
                if (out.stdout, out.stderr, out.returncode) != (first.stdout, first.stderr, first.returncode):
                    yield "%s jobs, %s %s: other records than one" % (jobs, model, form)


def check_order():
    """With threads, too, in the order of the capture."""
    path = write("crowd.pcap", crowd(), step=0.01)
    frames = [o["frame"] for o in objects(replay("--json", "--jobs", "2", path))]
    if frames != sorted(frames) or not frames:
        yield "frames out of order"


# ---- how it ends ----

def check_status():
    unreadable = at("no.pcap")
    with open(unreadable, "wb") as f:
        f.write(b"this is no capture, however long it may be")
    good, bad = write("good.pcap", talk(READS)), write("bad.pcap", talk(READS + [WRITE]))
    cut = write("cut.pcap", talk(READS), snap=45)
    model = ["-m", at("enforce.conf")]
    rows = (
        ("read and permitted", OK, [good]), ("permitted", OK, model + [good]),
        ("a refusal", REFUSED, model + [bad]), ("a refusal observed", REFUSED, ["-m", at("observe.conf"), bad]),
        ("refused without a model: nothing", OK, [bad]), ("no capture", NOT_READ, [unreadable]),
        ("cut short under a model", NOT_READ, model + [cut]),
        ("none of that name", NOT_READ, [at("nowhere.pcap")]), ("cut short", NOT_READ, [cut]),
        ("a refusal and no capture", REFUSED, model + [unreadable, bad]),
        ("no capture and a good one", NOT_READ, model + [unreadable, good]),
        ("no option of that name", USAGE, ["--nonsense", good]), ("no captures", USAGE, []),
        ("from behind to", USAGE, ["--from", "2024-01-01", "--to", "2023-01-01", good]),
        ("jobs", USAGE, ["--jobs", "0", good]), ("port", USAGE, ["--port", "modbus:0", good]),
        ("two protocols of a port", USAGE, ["--port", "modbus:1", "--port", "dnp3:1", good]),
    )
    for what, status, args in rows:
        out = replay(*args)
        if out.returncode != status:
            yield "%s: status %d, expected %d: %s" % (what, out.returncode, status, out.stderr)
    out = replay("--json", unreadable, good)
    if len(out.stdout.splitlines()) != len(READS) or unreadable not in out.stderr:
        yield "an unreadable file ends the run: %r" % out.stderr
    if {o["file"] for o in objects(out)} != {good}:
        yield "the file of an object: %s" % out.stdout


def check_silent_conduits():
    """log = "none" is about records of the daemon: here each refusal is printed and counted all the same."""
    half = write("half.pcap", talk(READS + [(True, bytes(9))]))     # no message begins so
    for model in ("enforce.conf", "silent.conf"):
        out = replay("-m", at(model), half)
        refused = [line for line in out.stdout.splitlines() if " reset " in line]
        if out.returncode != REFUSED or len(refused) != 1:
            yield "%s: status %d, %d refused: %s" % (model, out.returncode, len(refused), out.stdout)


def check_output():
    """What cannot be written is a failure, and told."""
    path = write("crowd.pcap", crowd(), step=0.01)
    for args in ([], ["--json"], ["--jobs", "1"], ["--jobs", "2", "--json"]):
        with open("/dev/full", "wb") as full:
            out = replay(*args, path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        if out.returncode != FAIL or "No space left" not in out.stderr:
            yield "a full disk, %s: status %d: %s" % (args, out.returncode, out.stderr)
        reads, writes = os.pipe()
        os.close(reads)
        out = replay(*args, path, capture_output=False, stdout=writes, stderr=subprocess.PIPE)
        os.close(writes)
        if out.returncode != FAIL or "Broken pipe" not in out.stderr:
            yield "a closed pipe, %s: status %d: %s" % (args, out.returncode, out.stderr)
    for where in ("/dev/full", at("no-such-folder/summary")):
        out = replay("--summary", where, path)
        if out.returncode != FAIL or where not in out.stderr:
            yield "a summary to %s: status %d: %s" % (where, out.returncode, out.stderr)


def check_pipes():
    """From a pipe: what a packet comes to is out before the next one comes."""
    path = write("c.pcap", talk(READS))
    with open(path, "rb") as f:
        whole = f.read()
    with subprocess.Popen([ZONECTL, "replay", "-q", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        head, rest = whole[:-(16 + 40 + len(READS[-1][1]))], whole[-(16 + 40 + len(READS[-1][1])):]
        p.stdin.write(head)
        p.stdin.flush()
        early = [p.stdout.readline() for _ in range(len(READS) - 2)]      # a reader may wait for one packet more
        p.stdin.write(rest)
        p.stdin.close()
        late = p.stdout.read().splitlines()
        if len(early) + len(late) != len(READS) or p.wait(60) != OK:
            yield "from a pipe: %s, %s" % (early, late)


# ---- what it is asked for ----

def check_violations():
    path = write("c.pcap", talk(READS + [WRITE] + READS))
    for form in ([], ["--json"]):
        every = replay(*form, "-m", at("enforce.conf"), path).stdout.splitlines()
        some = replay(*form, "--violations", "-m", at("enforce.conf"), path).stdout.splitlines()
        if some != [line for line in every if "function-not-allowed" in line] or len(some) != 1:
            yield "--violations %s: %s" % (form, some)


def check_times():
    path = write("c.pcap", talk(READS))         # messages in frames 4 to 7, BASE + 3 to 6
    rows = (
        (["--from", "2023-11-14T22:13:24Z"], [5, 6, 7]), (["--from", "@%d.5" % (BASE + 4)], [6, 7]),
        (["--to", "2023-11-14T23:13:25+01:00"], [4, 5]), (["--to", "2023-11-14"], []), (["--from", "2023-11-15"], []),
        (["--from", "2023-11-14 22:13:23", "--to", "2023-11-14T22:13:24"], [4]), (["--from", "2023-11-14"], [4, 5, 6, 7]),
    )
    for args, frames in rows:
        out = replay("--json", *args, path)
        if [o["frame"] for o in messages(out)] != frames or out.returncode not in (OK, NOT_READ):
            yield "%s: %s, expected %s" % (args, out.stdout, frames)
    for text in ("yesterday", "2023-11-14T25:00", "10:00"):
        out = replay("--from", text, path)
        if out.returncode != USAGE or text not in out.stderr:
            yield "--from %s: %d %s" % (text, out.returncode, out.stderr)


def check_filter():
    """Frames as they are in the file; what is wrong is shown where it is."""
    path = write("c.pcap", talk(READS))
    for expression, n in (("tcp port 502", 4), ("src port 502", 2), ("udp", 0)):
        if len(messages(replay("--json", "--filter", expression, path))) != n:
            yield "--filter %s: not %d messages" % (expression, n)
    for expression, at in (("tcp prt 502", 5), ("port 502 and and udp", 14), ("host 10.1.0.5 xor", 15), ("port", 5)):
        out = replay("--filter", expression, path)
        if out.returncode != USAGE or "character %d:" % at not in out.stderr:
            yield "--filter %s: %d: %s" % (expression, out.returncode, out.stderr)


def check_ports():
    """Any number of them."""
    ports = list(range(1001, 1101))
    packets = [p for i, port in enumerate(ports) for p in talk(READS, port=port, client=40000 + i)]
    path = write("c.pcap", packets, step=0.01)
    args = [word for port in ports for word in ("--port", "modbus:%d" % port)]
    out = objects(replay("--json", *args, path))
    if {o["dport"] for o in out if o["dir"] == "request"} != set(ports) or len(out) != len(READS) * len(ports):
        yield "%d ports: %d messages" % (len(ports), len(out))
    if replay(path).stdout:
        yield "messages without a port of ours"


# ---- the summary ----

def check_summary():
    path = write("c.pcap", talk(READS + [WRITE]))
    s = summary_of("-m", at("enforce.conf"), path, status=REFUSED)
    got = {(c["conduit"], c["protocol"], c["function"], c["verdict"], c["reason"]): (c["requests"], c["responses"])
           for c in s["counts"]}
    want = {("a-to-b", "modbus", "read-holding-registers", "accept", "none"): (2, 2),
            ("a-to-b", "modbus", "write-single-register", "drop", "function-not-allowed"): (1, 0)}
    if got != want or (s["messages"], s["messages_refused"], s["status"]) != (5, 1, REFUSED):
        yield "the summary: %s" % s
    text = replay("-m", at("enforce.conf"), path).stderr
    for word in ("a-to-b", "write-single-register", "function-not-allowed", "5 messages"):
        if word not in text:
            yield "the text of the summary lacks %s: %s" % (word, text)
    if replay("-q", "-m", at("enforce.conf"), path).stderr:
        yield "-q is not quiet"


def check_left_out():
    """Packets that nobody judged, each with why."""
    tcp = talk(READS)
    ping, fragment, bad_sum, odd = bytearray(tcp[3]), bytearray(tcp[3]), bytearray(tcp[3]), bytearray(tcp[3])
    ping[9], fragment[6:8], bad_sum[36], odd[32] = 1, b"\0\5", bad_sum[36] ^ 1, 0x10
    other = talk(READS, port=8080, client=41000)
    rows = (
        ("transport", [bytes(ping)], [], OK), ("malformed", [bytes(odd)], [], NOT_READ),
        ("checksum", [bytes(bad_sum)], ["--checksums"], NOT_READ), ("port", other, [], OK),
        ("time", tcp, ["--from", "2030-01-01"], OK), ("fragment-bad", [bytes(fragment)], [], NOT_READ),
    )
    for why, packets, args, status in rows:
        s = summary_of(*args, write("c.pcap", packets), status=status)
        got = {x["why"]: x["packets"] for x in s["not_read"]}
        if got != {why: len(packets)}:
            yield "%s: %s" % (why, s)
    s = summary_of(write("c.pcap", tcp, snap=45), status=NOT_READ)
    if [x["why"] for x in s["not_read"]] != ["snap-length"]:
        yield "the snap length: %s" % s


def check_other_ports():
    """What looks like a protocol of ours where nobody has looked for it, and what does not."""
    quiet = talk([(1, b"GET / HTTP/1.0\r\n\r\n"), (0, b"HTTP/1.0 200 OK\r\n\r\nhello")], port=8081, client=42000)
    packets = talk(READS, port=5020) + quiet + talk([(1, peers.READ), (0, peers.answer(0)[0])], port=20001, client=43000)
    s = summary_of(write("c.pcap", packets))
    got = {(p["server"], p["transport"], p["port"], p["looks_like"], p["alike"]) for p in s["other_ports"]}
    want = {("10.2.0.9", "tcp", 5020, "modbus", 4), ("10.2.0.9", "tcp", 20001, "dnp3", 2)}
    if got != want:
        yield "other ports: %s" % s["other_ports"]
    # more servers than there is room for are counted
    many = [moved(p, n) for n in range(1, 101) for p in talk(READS, port=5020, opens=False)]
    s = summary_of(write("c.pcap", many))
    if len(s["other_ports"]) != 64 or s["other_ports_without_place"] != 36 * len(READS):
        yield "other ports of 100 servers: %d, %d" % (len(s["other_ports"]), s["other_ports_without_place"])


def main():
    with_models()
    checks = [(name, check) for name, check in sorted(globals().items()) if name.startswith("check_")]
    breaches = ["%s: %s" % (name, what) for name, check in checks for what in check()]
    print("\n".join(breaches) or "%d checks of replay" % len(checks))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
