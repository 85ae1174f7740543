#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings under models that refuse something: a recording was not made behind the gate, so what
`zonectl replay` lists of it is the same where the model enforces and where it observes, but for the
verdict. Over the conversations of the other tests here, and the captures of ../shared where they are.

usage: recordings.py ZONECTL DIRECTORY SHARED      (a directory to write captures and models in)
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys

import dnp3
import iec104
import opcua
import peers
from dnp3_wire import Tcp, Udp, write_pcap

WORD = {"enforce": {"accept", "drop", "reset"}, "observe": {"accept", "observed"}}
RESUMED = "stream-resumed"      # of no message, and refused by nobody
POLICIES = {"modbus": "modbus-read-only", "dnp3": "dnp3-read-only", "opcua": "opcua-read-only",
            "iec104": "iec104-monitor-only"}


def replay(zonectl, model, capture):
    """Its lines, each as its verdict and the rest."""
    out = subprocess.run([zonectl, "replay", "-m", model, capture], capture_output=True, text=True, timeout=120,
                         errors="replace")
    if out.returncode not in (0, 5, 6):
        raise RuntimeError(f"{capture}: {out.stderr}")
    return [(w[1], w[0] + " " + w[2]) for w in (line.split(" ", 2) for line in out.stdout.splitlines())]


def reason(rest):
    found = re.search(r" reason=(\S+)$", rest)
    return found.group(1) if found else "none"


EACH = int(os.environ.get("ZONED_EACH", "1"))      # one in so many of the recordings


class Compared:
    """What both modes make of captures."""

    def __init__(self, zonectl, where):
        self.zonectl, self.where, self.wrong, self.captures = zonectl, where, 0, 0
        self.reasons = collections.Counter()
        self.offered = 0

    def some(self, name, path, text):
        self.offered += 1
        if self.offered % EACH == 0:
            self.capture(name, path, text)

    def fail(self, text):
        self.wrong += 1
        print(text)

    def capture(self, name, path, text):
        """text: of the model; "MODE" in it is its mode"""
        lines = {}
        for mode in ("enforce", "observe"):
            with open(f"{self.where}/m.conf", "w", encoding="utf-8") as f:
                f.write(text.replace("MODE", mode))
            lines[mode] = replay(self.zonectl, f"{self.where}/m.conf", path)
            words = {v for v, rest in lines[mode] if " record=packet" not in rest}  # of messages
            if words - WORD[mode]:
                self.fail(f"{name}: verdicts {words} where the model's mode is {mode}")
        enforced, observed = ([rest for _, rest in lines[m]] for m in ("enforce", "observe"))
        if enforced != observed:
            at = next((i for i, (a, b) in enumerate(zip(enforced, observed)) if a != b),
                      min(len(enforced), len(observed)))
            self.fail(f"{name}: differs at line {at}:\n  enforce {enforced[at:at + 2]}\n  observe {observed[at:at + 2]}")
        refused = [v == "accept" for v, rest in lines["enforce"] if reason(rest) not in ("none", RESUMED)]
        if any(refused):
            self.fail(f"{name}: refused, and accepted")
        self.captures += 1
        self.reasons.update(reason(rest) for _, rest in lines["enforce"])
        return lines["enforce"]


# ---- the conversations of the other tests ----

def own(c, where):
    path = f"{where}/c.pcap"
    for name, (_, steps) in dnp3.CASES.items():
        policy = dnp3.CASES[name][0].split("/")[0]
        text = dnp3.MODEL.format(policy=policy, mode="MODE", text=dnp3.policy_text(name, policy))
        for transport in (Tcp, Udp):
            conversation = transport(40000)
            write_pcap(path, conversation.opening + [conversation.packet(d == 1, b) for d, b, _ in steps], 10000)
            c.some(f"dnp3, {name}, {transport.__name__}", path, text)
    for name, (_, steps) in iec104.CASES.items():
        conversation = Tcp(40000, iec104.PORT, acknowledges=True)
        write_pcap(path, conversation.opening + [conversation.packet(d == 1, b) for d, b, _ in steps], 1000)
        c.some(f"iec104, {name}", path, iec104.model(name, "MODE"))
    for name, head, steps in opcua.cases():
        opcua.capture(path, steps, 1400)
        conduit = head.get("conduit", "").replace('mode = "observe";', "")
        c.some(f"opcua, {name}", path, opcua.model({**head, "conduit": 'mode = "MODE"; ' + conduit}))


# ---- ../shared ----

def ends_of(zonectl, path):
    """Client, server, port, transport and protocol of what a capture has."""
    out = subprocess.run([zonectl, "replay", "--json", path], capture_output=True, text=True, timeout=120, errors="replace")
    found = set()
    for line in out.stdout.splitlines():
        m = json.loads(line)
        if "sport" not in m or m["proto"] not in POLICIES:
            continue
        a, b = (m["src"], m["sport"]), (m["dst"], m["dport"])
        client, server = (a, b) if m["dir"] == "request" else (b, a)
        found.add((client[0], server[0], server[1], m["transport"], m["proto"]))
    return found


def model_of(ends):
    servers = {e[1] for e in ends}
    clients = {e[0] for e in ends} - servers
    flows = {(e[2], e[3], e[4]) for e in ends if e[0] in clients}
    if not flows:
        return None
    listed = ", ".join(f'{{ protocol = "{proto}"; port = {port}; transport = "{l4}"; policy = "{POLICIES[proto]}"; }}'
                       for port, l4, proto in sorted(flows))
    zones = "".join(f'{{ name = "{n}"; type = "control"; networks = [ {", ".join(f"""{chr(34)}{a}{chr(34)}""" for a in sorted(v))} ]; }},\n'
                    for n, v in (("a", clients), ("b", servers)))
    used = sorted({POLICIES[proto] for _, _, proto in flows})
    return (f'zones = ( {zones.rstrip()[:-1]} );\nconduits = ( {{ name = "c"; from = "a"; to = "b"; mode = "MODE"; flows = ( {listed} ); }} );\n'
            "policies = {\n" + "".join(f'@include "{p}.conf"\n' for p in used) + "};\n")


def shared(c, zonectl, folder):
    n = 0
    for path in sorted(glob.glob(f"{folder}/traffic/*.pcap*")):
        text = model_of(ends_of(zonectl, path))
        if text:
            c.some(os.path.basename(path), path, text)
            n += 1
    return n


def judged(lines):
    """How many came to what, in words."""
    n = collections.Counter((v, reason(rest)) for v, rest in lines)
    return "; ".join(f"{k[0]} {k[1]} {n[k]}" for k in sorted(n))


# What recordings of ../shared/cases come to under its models.
SHARED_CASES = {
    ("r-m", "r-base"): "accept none 6",
    ("r-m", "r-tso-big"): "accept none 200",
    ("r-m", "r-write-middle"): "accept none 22; drop function-not-allowed 2",
    ("m-mb-ro", "13-replay-after-refusal"): "accept none 10; drop function-not-allowed 2",
    ("r-m", "r-midstream"): "accept none 40; observed stream-resumed 1",
    ("r-m", "r-synack-lost"): "accept none 6; observed stream-resumed 1",
    ("r-m", "r-hole-req"): "accept none 39; observed stream-resumed 1",
}


def shared_cases(c, folder):
    for (model, capture), want in SHARED_CASES.items():
        path = f"{folder}/cases/{capture}.pcap"
        with open(f"{folder}/cases/{model}.conf", encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r'mode *= *"enforce";', "", text).replace('to = "b";', 'to = "b"; mode = "MODE";')
        got = judged(c.capture(capture, path, text))
        if got != want:
            c.fail(f"{capture} under {model}: {got}, expected {want}")


def main():
    zonectl, where, folder = sys.argv[1:4]
    c = Compared(zonectl, where)
    own(c, where)
    refused = sum(n for why, n in c.reasons.items() if why not in ("none", RESUMED))
    if refused < 100 // EACH:
        c.fail(f"only {refused} messages are refused")
    if os.path.isdir(folder):
        n = shared(c, zonectl, folder)
        shared_cases(c, folder)
        print(f"{n} captures of {folder}")
    else:
        print(f"no captures at {folder}: skipped")
    print(f"{c.captures} recordings, the same enforced and observed; {refused} refused messages, {len(c.reasons)} reasons; "
          f"{c.wrong} not as they must be")
    return c.wrong != 0


if __name__ == "__main__":
    sys.exit(main())
