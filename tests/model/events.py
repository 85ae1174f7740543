#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manuals have the fields of records and of replay, and no others.

usage: events.py ZONECTL TOP FOLDER     (the tree; FOLDER has event-walks' output as "walks", the manuals in "man",
                                        and takes captures)

zoned-events(5) has the fields of every record in the list of DESCRIPTION, those of a protocol's messages in
the subsection that begins with "Where proto is NAME"; these stand before expected. The walks must have each of
them, in this order, and nothing else. What replay prints of the conversations of tests/pcap and of a few
more must be these and what zonectl(8) lists under replay, for all or for one protocol, each at least once.

To add a protocol: conversations in peers.py, or in more_talks() here.
"""
import collections
import json
import os
import re
import subprocess
import sys

import mdoc

ZONECTL, TOP, FOLDER = sys.argv[1:4]
sys.argv[1:] = []
sys.path.insert(0, os.path.join(TOP, "tests", "pcap"))
import dnp3  # noqa: E402
import dnp3_wire  # noqa: E402
import iec104  # noqa: E402
import peers  # noqa: E402

# these conversations have no link, no gate and no typed values; tests/pcap/cases.sh, typed.sh and tests/netns/places.sh have them
NOT_IN_CAPTURES = {"id", "ticket", "owner", "tap", "lost", "src_mac", "dst_mac", "src_asset", "dst_asset", "in_interface", "out_interface",
                  "value_type", "value_registers", "value_scaled", "value_unit"}
BEFORE = "expected"             # a protocol's fields stand before it


def sections(name):
    with open(os.path.join(FOLDER, "man", name), encoding="utf-8") as f:
        return mdoc.sections_of(name, f.read())


def fields_in(lists):
    return [(name, item) for found in lists for item in found.items if item.macro == "Ic" for name in item.names]


def manual_of_records(pages):
    """The fields of any record, and {protocol: its own}, in order."""
    common, own = [], {}
    for section in pages:
        protocol = re.match(r" Where proto is (\w+)", section.text)
        if section.macro == "Sh" and section.name == "DESCRIPTION":
            common = [name for name, _ in fields_in(section.lists)]
        elif protocol:
            own[protocol.group(1)] = [name for name, _ in fields_in(section.lists)]
    return common, own


def manual_of_replay(pages):
    """The fields of any message, and {protocol: its own}."""
    items = [item for section in pages for found in section.lists for item in found.items]
    lists = [found for item in items if (item.macro, item.names) == ("Cm", ["replay"]) for found in item.lists]
    common = {name for name, _ in fields_in(lists)}
    return common, {item.names[0]: {name for name, _ in fields_in(item.lists)}
                    for found in lists for item in found.items if item.macro == "Li"}


def check_severities(pages, reasons):
    """Of a reason in no list the severity is warning. Lists: Li SEVERITY, and Cm of each reason."""
    told = {}
    for item in (item for section in pages if section.name == "Severities" for found in section.lists for item in found.items):
        told.update((word, item.names[0]) for _, word in item.words("Cm"))
    for name, severity in reasons.items():
        if told.get(name, "warning") != severity:
            yield "zoned-events(5), Severities: %s is %s, not %s" % (name, severity, told.get(name, "warning"))
    yield from ("zoned-events(5), Severities: there is no reason %s" % name for name in told if name not in reasons)


def severities():
    listed = json.loads(subprocess.run([ZONECTL, "reasons", "--json"], capture_output=True, text=True, check=True).stdout)
    assert listed["schema"] == 1 and all(set(r) == {"reason", "severity", "meaning"} for r in listed["reasons"]), listed
    lines = subprocess.run([ZONECTL, "reasons"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


def read_walks():
    walks = collections.defaultdict(set)
    with open(os.path.join(FOLDER, "walks"), encoding="utf-8") as f:
        for line in f:
            protocol, _, names = line.partition(":")
            walks[protocol].add(tuple(names.split()))
    return walks


def check_records(common, own, walks):
    at = common.index(BEFORE)
    for protocol in set(own) ^ (set(walks) - {"none"}):
        yield "zoned-events(5): %s has a subsection, or fields, and not the other" % protocol
    in_any = {name for found in walks.values() for walk in found for name in walk}
    yield from ("zoned-events(5): no record has %s" % name for name in common if name not in in_any)
    for protocol, found in walks.items():
        order = common[:at] + own.get(protocol, []) + common[at:]
        place = {name: i for i, name in enumerate(order)}
        if len(place) != len(order):
            yield "zoned-events(5): a field of %s stands there twice" % protocol
        seen = set().union(*found)
        yield from ("zoned-events(5) has no field %s of %s" % (name, protocol) for name in sorted(seen - set(place)))
        yield from ("zoned-events(5): no record of %s has %s" % (protocol, name) for name in own.get(protocol, [])
                   if name not in seen)
        for walk in found:
            places = [place[name] for name in walk if name in place]
            if places != sorted(set(places)):
                yield "not in the order of zoned-events(5), or twice: %s" % " ".join(walk)
                break


# ---- replay ----

def more_talks():
    """What no conversation of peers.py has."""
    ask, say = peers.ask, peers.say
    yield "modbus-read-write", [ask(1, "16 0004 00f2 0025"), say(1, "16 0004 00f2 0025"),
                         ask(2, "17 0003 0001 000e 0001 02 00ff"), say(2, "17 02 0001"), ask(3, "03 0001 0000"),
                         ask(4, "17 0003 0001 000e 0000 00"), ask(5, "08 0000 a537"), say(5, "08 0000 a537")]
    yield "dnp3-all", [(1, dnp3_wire.m(dnp3.crob(3, 0))), (1, dnp3_wire.m(dnp3.setpoint(5, 1, "0000c842")))]
    yield "dnp3-read-only", [(1, dnp3_wire.m(dnp3.crob(3, 0)))]
    for policy, steps in iec104.CASES.values():
        if policy in (iec104.CONTROL, iec104.MONITOR):
            yield policy, [(d, data) for d, data, _ in steps]
    yield "opcua-all", peers.ua(peers.ua_ask(peers.opcua.activate(peers.opcua.NAMED)))


def all_talks():
    yield from more_talks()
    for conversations in peers.CONVERSATIONS.values():
        for policy, steps, _ in conversations:
            if len(steps) < 200:
                yield policy, steps


def replayed(args):
    out = subprocess.run([ZONECTL, "replay"] + args, capture_output=True, text=True, timeout=60, check=False)
    if out.returncode not in (0, 5, 6):
        sys.exit(out.stderr)
    return out.stdout.splitlines()


def names_of_line(line):
    """The names of a line's fields, without what is in quotes."""
    return re.findall(r" ([a-z_]+)=", re.sub(r'"[^"]*"', "", line))


def run_talks(example):
    """{protocol: names} of objects and of lines, with a model and without."""
    objects, lines = collections.defaultdict(set), collections.defaultdict(set)
    where = os.path.join(FOLDER, "c.pcap"), os.path.join(FOLDER, "talk.conf")
    for policy, steps in all_talks():
        protocol, model = peers.model_of(policy, example, FOLDER)
        peers.write_pcap(where[0], peers.packets_of(steps, protocol, policy.endswith("/udp")), 2000)
        with open(where[1], "w", encoding="utf-8") as f:
            f.write(model)
        for judged in ([], ["-m", where[1]]):
            for o in map(json.loads, replayed(["--json"] + judged + [where[0], where[0]])):
                objects[o["proto"]].update(o)
            for line in replayed(judged + [where[0], where[0]]):
                lines[line.split()[7]].update(names_of_line(line))
    return objects, lines


def check_replay(common, own, replay, objects, lines):
    for protocol in own:
        record = set(common) | set(own[protocol])
        extra = replay[0] | replay[1].get(protocol, set())
        got = objects[protocol] | lines[protocol]
        yield from ("zonectl(8) has no field %s of replay, %s" % (n, protocol) for n in sorted(got - record - extra))
        yield from ("zonectl(8): no message of %s has %s" % (protocol, n) for n in sorted(extra - objects[protocol]))
        yield from ("zonectl(8): %s of %s is a field of records" % (n, protocol) for n in sorted(extra & record))
        yield from ("replay: no message of %s has %s" % (protocol, n) for n in sorted(
            record - objects[protocol] - {"repeated", "since", "unjudged"} - NOT_IN_CAPTURES))
        # a line has its beginning without names
        unnamed = set(common[:common.index("dir")]) - {"time", "reason"}
        yield from ("replay: a line of %s lacks %s" % (protocol, n) for n in sorted(
            objects[protocol] - lines[protocol] - unnamed - {"frame", "transport", "record"}))


def check_absent(example):
    """A packet without ports: no zeros, and not two octets of payload. A later fragment alone is no packet."""
    talk = dnp3_wire.Tcp(40000, 502)
    packet = talk.packet(True, b"\1\2\3\4\5\6\7\x08")
    ping, fragment = bytearray(packet), bytearray(packet)
    ping[9], fragment[6:8] = 1, b"\0\5"
    for k in ping, fragment:
        k[10:12] = b"\0\0"
        k[10:12] = dnp3_wire.checksum(bytes(k[:20])).to_bytes(2, "big")
    peers.write_pcap(os.path.join(FOLDER, "c.pcap"), talk.opening + [bytes(ping), bytes(fragment)], 2000)
    with open(os.path.join(FOLDER, "talk.conf"), "w", encoding="utf-8") as f:
        f.write(peers.model_of("modbus-read-write", example, FOLDER)[1])
    got = replayed(["-m", os.path.join(FOLDER, "talk.conf"), os.path.join(FOLDER, "c.pcap")])
    ends = packet[12:16], packet[16:20]
    src, dst = (".".join(map(str, e)) for e in ends)
    want = ["4 drop %s - > %s - ip reason=no-conduit" % (src, dst)]     # the fragment waits for the others
    if [re.sub(' time=[^ ]* record=packet expected="[^"]*" came="[^"]*"', "", line) for line in got] != want:
        yield "replay of packets without ports: %s, expected %s" % (got, want)


def main():
    common, own = manual_of_records(sections("zoned-events.5"))
    replay = manual_of_replay(sections("zonectl.8"))
    walks = read_walks()
    _, _, example = peers.read_page(os.path.join(FOLDER, "man", "zoned-peers.7"))
    breaches = list(check_records(common, own, walks))
    breaches += check_replay(common, own, replay, *run_talks(example))
    breaches += check_absent(example)
    pages, reasons = sections("zoned-events.5"), severities()
    breaches += check_severities(pages, reasons)
    # can the check fail?
    for name, severity in reasons.items():
        other = "error" if severity != "error" else "notice"
        if not any(check_severities(pages, {**reasons, name: other})):
            breaches.append("zoned-events(5): %s could have another severity, and nothing told" % name)
    for protocol in own:
        for name in common + own[protocol]:
            less = [n for n in common if n != name], {**own, protocol: [n for n in own[protocol] if n != name]}
            if name != BEFORE and not any(check_records(*less, walks)):
                breaches.append("zoned-events(5): %s could be missing, and nothing told" % name)
    print("\n".join(breaches) or "%d fields of records and %d of replay alone are in the manuals" % (
        len(common) + sum(map(len, own.values())), len(replay[0]) + sum(map(len, replay[1].values()))))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
