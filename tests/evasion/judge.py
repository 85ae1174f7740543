# SPDX-License-Identifier: MIT
"""Results against what the table expects, the gate's records, and the replay.

What the device's application read is the ground truth: the permitted messages of the
replay must be exactly it, and the refused ones exactly what the running gate recorded."""
import json
import os
import re

import peer

WRITES = {5, 6, 8, 15, 16, 21, 22, 23}
READS = {1, 2, 3, 4, 7, 11, 12, 17, 20, 24}
SIGNS = {"accept": "+", "drop": "-", "reset": "!"}
LINE = re.compile(r"^(\d+) (\w+) \S+ (\d+) > \S+ (\d+) modbus time=\S+ connection=\S+ dir=(request|response) (?:\S+ )*?tid=(\d+) unit=(\d+) fc=(\d+)")


def letter(fc):
    return "W" if fc in WRITES else "R" if fc in READS else "F%d" % fc


def token(m):
    return letter(m[2]) + m[3]


def matches(got, want):
    """A token with a star stands for one or more."""
    pattern = "".join("(?:%s )%s" % (re.escape(w.rstrip("*")), "+" if w[-1] == "*" else "") for w in want)
    return re.fullmatch(pattern, "".join(t + " " for t in got)) is not None


def identity(adu):
    """(transaction, unit, function) of a message on the wire."""
    return (adu[0] << 8 | adu[1], adu[6], adu[7] & 0x7F)


class Verdicts:
    """Of one connection, in order: (transaction, unit, function, sign)."""

    def __init__(self):
        self.requests, self.responses, self.reasons = [], [], set()

    def add(self, response, m):
        (self.responses if response else self.requests).append(m)


def from_replay(path):
    by_port = {}
    with open(path) as f:
        for line in f:
            m = LINE.match(line)
            if not m:
                continue
            _, verdict, sport, dport, way, tid, unit, fc = m.groups()
            port = int(dport if way == "response" else sport)
            by_port.setdefault(port, Verdicts()).add(way == "response",
                               (int(tid), int(unit), int(fc), SIGNS[verdict]))
    return by_port


def from_records(path):
    """What the running gate refused. A merged record would lose a message: none may be."""
    by_port, trouble = {}, []
    with open(path) as f:
        for line in f:
            ev = json.loads(line)
            if "dir" not in ev:     # of no connection: its ports are not shown
                continue
            response = ev["dir"] == "response"
            v = by_port.setdefault(ev["dport" if response else "sport"], Verdicts())
            v.reasons.add(ev["reason"])
            # no message, but what its beginning says: nothing to compare
            unframed = ev["reason"] == "bad-length" and ev["verdict"] == "reset"
            if "fc" not in ev or "tid" not in ev or ev["reason"] == "unfinished-message" or unframed:
                continue
            if "repeated" in ev:
                trouble.append("merged: " + line.strip())
            v.add(response, (ev["tid"], ev["unit"], ev["fc"], SIGNS[ev["verdict"]]))
    return by_port, trouble


def kind_read(result):
    """What the device read, as the control column has it."""
    kinds = {letter(identity(a)[2]) for s in result["sessions"] for a in peer.messages(bytes.fromhex(s))[0]}
    return "-" if not kinds else "R" if kinds == {"R"} else "W"


def device_read(result):
    return [a for s in result["sessions"] for a in peer.messages(bytes.fromhex(s))[0]]


def signs(messages, *which):
    return [m for m in messages if m[3] in which and m[0] != peer.PROBE_TID]


def check_read(result):
    """The rule of the suite."""
    permitted = {bytes.fromhex(m) for m in result["permitted"]}
    for adu in device_read(result):
        if adu not in permitted:
            yield "THE DEVICE READ WHAT NOBODY PERMITTED: %s" % adu.hex()
    for s in result["sessions"]:
        rest = peer.messages(bytes.fromhex(s))[1]
        fc = identity(rest)[2] if len(rest) > 7 else 0
        if fc in (5, 6) and len(rest) >= 12:
            yield "THE DEVICE READ A WRITE, for whoever goes by the function: %s" % rest.hex()
        if fc and fc not in READS | WRITES:
            yield "the device read the beginning of what is no message: %s" % rest.hex()


def check_inline(row, result, records):
    if result["error"]:
        yield result["error"]
    want = row.want.split()
    read = [letter(identity(a)[2]) + "+" for a in device_read(result) if identity(a)[0] != peer.PROBE_TID]
    if not matches(read, [w for w in want if "+" in w]):
        yield "the device read %s" % (" ".join(read) or "nothing")
    refused = [token(m) for m in records.requests]
    if not matches(refused, [w for w in want if "+" not in w]):
        yield "recorded as refused: %s" % (" ".join(refused) or "nothing")
    if row.says and row.says not in records.reasons:
        yield "no record says %s, only: %s" % (row.says,
            " ".join(sorted(records.reasons)) or "nothing")
    if row.end == "on" and not result["on"]:
        yield "a permitted read after it is not answered" + (" (reset)" if result["rst"] else "")
    if row.end == "reset" and (result["on"] or not result["over"] or not result["rst"]):
        yield "not reset: answered %s, device's end over %s, client's RST %s" % (
            result["on"], result["over"], result["rst"])
    if row.end == "none" and result["sessions"]:
        yield "the device has a connection"


def check_replay(row, result, records, replay):
    if row.replay is not None:
        got = " ".join(token(m) for m in replay.requests if m[0] != peer.PROBE_TID)
        if got != " ".join(row.replay.split()):
            yield "replay says %s, expected %s (%s)" % (got or "nothing", row.replay or "nothing",
                row.why)
        return
    got = [token(m) for m in replay.requests if m[0] != peer.PROBE_TID]
    if not matches(got, row.want.split()):
        yield "replay says %s" % (" ".join(got) or "nothing")
    if [m for m in replay.requests if m[3] != "+"] != records.requests:
        yield "replay refuses %s, inline %s" % (signs(replay.requests, "-", "!"), records.requests)
    if [m for m in replay.responses if m[3] != "+"] != records.responses:
        yield "replay refuses responses %s, inline %s" % (signs(replay.responses, "-", "!"),
            records.responses)
    passed = [m[:3] for m in replay.requests if m[3] == "+"]
    read = [identity(a) for a in device_read(result)]
    if passed != read:
        yield "replay permits %s, the device read %s" % (passed, read)


def check_back(row, result, records, replay):
    if row.back is None:
        if records.responses:
            yield "refused responses: %s" % records.responses
        return
    refused = [token(m) for m in records.responses]
    if refused != row.back.split():
        yield "refused responses: %s, expected %s" % (" ".join(refused) or "none", row.back)
    got = [identity(a) for a in peer.messages(bytes.fromhex(result["got"]))[0]]
    if got != [m[:3] for m in replay.responses if m[3] == "+"]:
        yield "the client got %s" % got


def judge_one(row, control, inline, records, replay):
    wrong = []
    got = kind_read(control)
    if control["error"]:
        wrong.append("control: " + control["error"])
    if got not in row.control:
        wrong.append("control: the device read %s, expected %s" % (got, row.control))
    wrong += check_read(inline)
    wrong += check_inline(row, inline, records)
    wrong += check_replay(row, inline, records, replay)
    wrong += check_back(row, inline, records, replay)
    return got, wrong


def judge(rows, where):
    def results(name):
        with open(os.path.join(where, "results-" + name)) as f:
            return {(r["name"], r["family"]): r for r in json.load(f)}
    control, inline = results("control"), results("inline")
    replay = from_replay(os.path.join(where, "replay"))
    records, failures = from_records(os.path.join(where, "json"))
    runs = 0
    line = "%-26s %-8s %-6s %-2s %-16s %-7s %-9s %-9s %s"
    print(line % ("name", "source", "proto", "ip", "expected", "control", "inline", "replay", "verdict"))
    for row in rows:
        for family in row.families():
            i = inline[row.name, family]
            rec, rep = records.get(i["port"], Verdicts()), replay.get(i["port"], Verdicts())
            got, wrong = judge_one(row, control[row.name, family], i, rec, rep)
            failures += ["%s, IPv%d (%s): %s" % (row.name, family, row.what, w) for w in wrong]
            runs += 1
            print(line % (row.name, row.source, row.proto, family, shorter(row.want) + " " + row.end, got,
                          shown(i), count(rep.requests), "FAILED" if wrong else "ok"))
    for f in failures:
        print("FAIL: " + f)
    print("%d techniques, %d runs of each of three ways: %s" % (
        len(rows), runs, "%d failures" % len(failures) if failures else "all as expected"))
    return 1 if failures else 0


def shorter(want):
    return want if len(want) <= 12 else count([(0, 0, 0, t[-1]) for t in want.split() if t[-1] != "*"])


def count(messages):
    """Permitted, cut out, refused with a reset."""
    return " ".join("%d%s" % (len(signs(messages, s)), s) for s in "+-!" if signs(messages, s)) or "none"


def shown(result):
    return kind_read(result) + (" on" if result["on"] else " reset" if result["rst"] else "")
