#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings that are not whole: without some packet, from their middle, of one direction, in another order.
Each is followed, nothing is refused that is not refused in the whole one, and a record says what was not judged.

usage: gaps.py ZONECTL DIRECTORY SHARED      (a directory to write captures and models in)
"""
import os
import random
import re
import subprocess
import sys

import dnp3
import iec104
import opcua
import peers
from dnp3_wire import Tcp, m, o, write_pcap
from iec104_wire import asdu, i, s, u

PASS = "none"
GAP = "stream-resumed"


# ---- conversations in which all is permitted, but one write at the end ----

def modbus(n):
    steps = []
    for k in range(n):
        steps += [peers.ask(k + 1), peers.say(k + 1)]
    return steps + [peers.ask(n + 1, "06 0001 03e9"), peers.say(n + 1, "06 0001 03e9")]


def dnp(n):
    steps = []
    for k in range(n):
        steps += [(1, m(f"c{k % 16:x} 01 3c0206")), (0, o(f"c{k % 16:x} 81 0000"))]
    return steps + [(1, m(dnp3.crob(5, n % 16)))]


def iec(n):
    steps = [(1, u("STARTDT act")), (0, u("STARTDT con"))]
    for k in range(n):
        steps += [(1, i(k, 2 * k, iec104.GI)), (0, i(2 * k, k + 1, asdu(100, 7, [(0, "14")], ca=1))),
                  (0, i(2 * k + 1, k + 1, iec104.REPORT)), (1, s(2 * k + 2))]
    return steps + [(1, i(n, 2 * n, iec104.single()))]


def ua(n):
    steps = [(d == "c", b) for d, b, *_ in opcua.START]
    for k in range(n):
        steps += [(1, opcua.msg(opcua.READ, b"MSGF", 2 + k, 2 + k)), (0, opcua.msg(opcua.response(634, 0), b"MSGF", 2 + k, 2 + k))]
    return steps + [(1, opcua.msg(opcua.write(opcua.value(opcua.GOOD)), b"MSGF", 2 + n, 2 + n))]


TALKS = {
    # protocol: (port, policy, conversation, reason of its end)
    "modbus": (502, "modbus-read-only", modbus, "function-not-allowed"),
    "dnp3": (20000, "dnp3-read-only", dnp, "function-not-allowed"),
    "iec104": (2404, "iec104-monitor-only", iec, "type-not-allowed"),
    "opcua": (4840, "opcua-read-only", ua, "service-not-allowed"),
}


def packets_of(port, steps):
    """(from the client?, packet, octets of data): acknowledged, as ends do."""
    talk = Tcp(40000, port, acknowledges=True)
    out = [(k != 1, p, 0) for k, p in enumerate(talk.opening)]
    for d, data in steps:
        out.append((bool(d), talk.packet(bool(d), data), len(data)))
        out.append((not d, talk.packet(not d, b"", 0x10), 0))
    return out


class Replay:
    def __init__(self, zonectl, where, protocol):
        self.args = [zonectl, "replay", "--checksums", "-m", f"{where}/m.conf", f"{where}/c.pcap"]
        self.where = where
        policy = TALKS[protocol][1]
        with open(os.path.join(dnp3.RULES, policy + ".conf"), encoding="utf-8") as f:
            text = f.read()
        self.model = peers.MODEL.format(proto=protocol, policy=policy, more="")
        with open(f"{where}/{policy}.conf", "w", encoding="utf-8") as f:
            f.write(text.replace('protocol = "dnp3";', 'protocol = "dnp3"; outstanding = 16;'))
        with open(f"{where}/m.conf", "w", encoding="utf-8") as f:
            f.write(self.model)

    def lines(self, packets, apart=2000, watch=False):
        """Of each message: frame, from the client?, reason; and the gaps' octets."""
        write_pcap(f"{self.where}/c.pcap", [p for _, p, _ in packets], apart)
        args = self.args[:3] + self.args[5:] if watch else self.args
        out = subprocess.run(args, capture_output=True, text=True, timeout=60)
        if out.returncode not in (0, 5, 6):     # refused; not followed
            raise RuntimeError(out.stderr)
        messages, gaps = [], []
        for line in out.stdout.splitlines():
            why = (re.findall(r" reason=(\S+)$", line) or [PASS])[0]
            if why == GAP:
                gaps.append(int(re.search(r" unjudged=(\d+)", line).group(1)))
            else:
                messages.append((line.split()[0], "dir=request" in line, why))
        return messages, gaps


class Check:
    def __init__(self):
        self.wrong = self.runs = 0

    def that(self, good, *text):
        self.runs += 1
        if not good:
            self.wrong += 1
            if self.wrong < 20:
                print(*text)


EACH = int(os.environ.get("ZONED_EACH", "1"))      # one in so many places


def reasons(messages):
    return [w for _, _, w in messages]


def check_talk(c, r, protocol):
    port, _, conversation, refused = TALKS[protocol]
    packets = packets_of(port, conversation(8))
    whole, gaps = r.lines(packets)
    c.that(not gaps and [w for w in reasons(whole) if w != PASS] == [refused], protocol, "whole:", whole[-3:], gaps)
    data = [k for k, p in enumerate(packets) if p[2]]
    last = max(k for k in data if packets[k][0])
    # without one packet
    for k in range(0, len(packets), EACH):
        got, gaps = r.lines(packets[:k] + packets[k + 1:])
        lost = packets[k][2] and k != data[-1]
        if k != last:
            c.that([w for w in reasons(got) if w != PASS] == [refused], protocol, "without packet", k + 1, got[-4:], gaps)
            c.that(len(got) == len(whole) - (packets[k][2] > 0), protocol, "without packet", k + 1, len(got), "messages")
        if lost and k != last:
            c.that(gaps == [packets[k][2]], protocol, "without packet", k + 1, "gaps", gaps, "want", packets[k][2])
    # from its middle
    for k in range(2, last, EACH):
        got, gaps = r.lines(packets[k:])
        n = sum(1 for j in data if j >= k)
        c.that([w for w in reasons(got) if w != PASS] == [refused], protocol, "from packet", k + 1, got[:3], got[-2:])
        c.that(len(got) == n and gaps == [0], protocol, "from packet", k + 1, len(got), "of", n, gaps)
    # of one direction
    for client in (True, False):
        for k in (0, 3, 7):
            got, gaps = r.lines([p for p in packets[k:] if p[0] == client])
            n = sum(1 for p in packets[k:] if p[0] == client and p[2])
            want = [refused] if client else []
            c.that([w for w in reasons(got) if w != PASS] == want and len(got) == n, protocol, "one direction", client, k,
                   len(got), "of", n, [g for g in got if g[2] != PASS])
            c.that(len(gaps) == 1, protocol, "one direction", client, k, "gaps", gaps)
    # neighbours in turn
    for k in range(0, len(packets) - 1, EACH):
        got, gaps = r.lines(packets[:k] + [packets[k + 1], packets[k]] + packets[k + 2:])
        c.that(reasons(got) == reasons(whole) and not gaps, protocol, "turned round at", k + 1, got[max(0, k // 2 - 3):][:4], gaps)
    rng = random.Random(1)
    for turn in range(0, 20, EACH):
        order = sorted(range(len(packets)), key=lambda k: k + rng.random() * 5)
        got, gaps = r.lines([packets[k] for k in order])
        c.that(sorted(reasons(got)) == sorted(reasons(whole)) and not gaps, protocol, "in any order", turn, gaps,
               len(got), "of", len(whole), [g for g in got if g[2] != PASS])
        # each names the frame that it came in, though others waited for it
        moved = sorted((order[int(n) - 1], w) for n, _, w in got)
        c.that(moved == sorted((int(n) - 1, w) for n, _, w in whole), protocol, "in any order", turn, "frames")


def check_pieces(c, r, protocol):
    """A message in two segments, the first of which is missing, and one cut anywhere: found again."""
    port, _, conversation, refused = TALKS[protocol]
    steps = conversation(6)
    at = max(k for k in range(len(steps) // 2) if steps[k][0])
    size = len(steps[at][1])
    for cut in sorted({1, 2, 3, 5, 7, 8, 9, 10, size // 2, size - 1}):
        if not 0 < cut < size:
            continue
        halves = [(1, steps[at][1][:cut]), (1, steps[at][1][cut:])]
        packets = packets_of(port, steps[:at] + halves + steps[at + 1:])
        first = 3 + 2 * at
        for gone in (first, first + 2):
            got, gaps = r.lines(packets[:gone] + packets[gone + 1:])
            c.that([w for w in reasons(got) if w != PASS] == [refused] and sum(gaps) == size and len(got) == len(steps) - 1,
                   protocol, "half a message, cut at", cut, "without packet", gone + 1, gaps, len(got), "of", len(steps) - 1, [g for g in got if g[2] != PASS])


def check_watch(c, r, protocol):
    """Without a model: the same messages, and the same gaps."""
    port, _, conversation, _ = TALKS[protocol]
    packets = packets_of(port, conversation(8))
    some = [packets[:k] + packets[k + 1:] for k in range(0, len(packets), 3 * EACH)]
    some += [packets[k:] for k in range(2, len(packets), 3 * EACH)]
    some += [[p for p in packets if p[0] == client] for client in (True, False)]
    for k, recording in enumerate(some):
        judged, watched = r.lines(recording), r.lines(recording, watch=True)
        c.that([m[:2] for m in judged[0]] == [m[:2] for m in watched[0]] and judged[1] == watched[1], protocol, "watched", k,
               len(watched[0]), "of", len(judged[0]), "gaps", watched[1], "judged", judged[1])


def check_fin(c, r, protocol):
    """The number of a FIN is not counted, whether the FIN was recorded or not."""
    port, _, conversation, _ = TALKS[protocol]
    steps = conversation(4)
    size = [sum(len(b) for d, b in steps if bool(d) == client) for client in (False, True)]
    for first in (True, False):                         # who closes
        packets = packets_of(port, steps)
        talk = Tcp(40000, port, acknowledges=True)
        for d, data in steps:
            talk.packet(bool(d), data)
        end = [(first, talk.packet(first, b"", 0x11), 0), (not first, talk.packet(not first, b"", 0x11), 0),
               (first, talk.packet(first, b"", 0x10), 0)]
        whole = packets + end
        last = max(k for k, p in enumerate(packets) if p[2])
        for watch in (False, True):
            def gaps(recording):
                return [n for n in r.lines(recording, watch=watch)[1] if n]
            what = protocol, "closed by the client" if first else "closed by the server", "watched" if watch else "judged"
            c.that(not gaps(whole), *what, "whole", gaps(whole))
            for k in range(len(packets), len(whole)):
                got = gaps(whole[:k] + whole[k + 1:])
                c.that(not got, *what, "without packet", k + 1, "of its end:", got)
            got = gaps(whole[:last] + whole[last + 1:])
            c.that(got == [packets[last][2]], *what, "without the last data:", got, "of", packets[last][2])
            for client in (True, False):
                got = gaps([p for p in whole if p[0] == client])
                c.that(got == [size[not client]], *what, "only of the", "client:" if client else "server:", got, "of", size)


def main():
    zonectl, where = sys.argv[1:3]
    c = Check()
    for protocol in TALKS:
        r = Replay(zonectl, where, protocol)
        check_talk(c, r, protocol)
        check_pieces(c, r, protocol)
        check_watch(c, r, protocol)
        check_fin(c, r, protocol)
    print(f"gaps: {c.runs} recordings; {c.wrong} not as they must be")
    return c.wrong != 0


if __name__ == "__main__":
    sys.exit(main())
