#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the table of techniques: without the gate, through the gate, and the
capture of that through replay. run.sh makes the lab and says where things are.

usage: evasion.py CLIENT-NS GATEWAY-NS DEVICE-NS REPLAY-COMMAND CAPTURE GATE-UP [NAME...]

GATE-UP is run once, when the control phase is over; the rest of the line names
the rows to run, all of them by default.
"""
import collections
import concurrent.futures
import json
import re
import shlex
import subprocess
import sys
import time

import bench
import peer
import table
import rows_segments    # noqa: F401  (each adds its rows to the table)
import rows_decoys      # noqa: F401
import rows_state       # noqa: F401
import rows_ip          # noqa: F401
import rows_messages    # noqa: F401

READS = {1, 2, 3, 4}
SIGN = {"accept": "+", "drop": "-", "reset": "!"}
WORKERS = 16
PACE = 0.16     # seconds between rows: records are capped at 50 a second
BASE_PORT = {"control": 20000, "inline": 30000}
FIRST = {4: "10.10.1.%d", 6: "fd00:10:1::1:%x"}


def kind(fc):
    return "R" if fc in READS else "W" if fc in peer.WRITES else "F%d" % fc


class World:
    own4, own6 = "10.10.1.10", "fd00:10:1::10"
    v4, v6 = "10.10.2.20", "fd00:10:2::20"

    def __init__(self, client_ns, gateway_ns, device_ns):
        self.client_ns = client_ns
        self.wire = bench.Wire(client_ns, mac(gateway_ns, "eth1"), mac(client_ns, "eth0"))
        self.device = bench.Device(device_ns)
        self.recorder = bench.Recorder(gateway_ns, "eth1", "eth2")
        for t in (self.wire, self.device, self.recorder):
            t.start()


def mac(ns, dev):
    out = subprocess.run(["ip", "-n", ns, "-j", "link", "show", dev], check=True, capture_output=True).stdout
    return bytes.fromhex(json.loads(out)[0]["address"].replace(":", ""))


class Case:
    """One row over one address family."""

    def __init__(self, row, family, number):
        self.row, self.family, self.number = row, family, number
        self.addr = FIRST[family] % (32 + number)
        self.name = row.name + ("" if row.only else "/v%d" % family)
        self.faults = []
        self.control = self.inline = self.replay = ""

    def connect(self, world, phase):
        self.peer = peer.Peer(world, self.family, self.addr, BASE_PORT[phase] + self.number, self.row)

    def run_control(self, world):
        self.connect(world, "control")
        if self.row.before:
            self.row.before(self.peer)
        self.row.run(self.peer)
        time.sleep(0.15)
        self.control = self.what_came()
        if self.row.control != "?" and self.control != self.row.control:
            self.faults.append("without the gate the device read %s, expected %s" % (self.control, self.row.control))

    def messages(self):
        """Whole messages that the device has read, and what was left of each connection."""
        for s in self.peer.sessions():
            data, out = s.read, []
            while len(data) >= 8:
                n = 6 + int.from_bytes(data[4:6], "big")
                if n < 8 or len(data) < n:
                    break
                out.append(data[:n])
                data = data[n:]
            yield out, data

    def what_came(self):
        codes = {m[7] for out, _ in self.messages() for m in out}
        if codes & peer.WRITES:
            return "W"
        return "F" if codes - READS else "R" if codes else "-"

    def run_inline(self, world):
        if not self.row.before:
            self.connect(world, "inline")
        self.row.run(self.peer)
        time.sleep(0.15)
        self.check_end()
        self.check_device()

    def check_end(self):
        end, c = self.row.end, self.peer
        if end == "on" and not c.probe():
            self.faults.append("a permitted read after it was not answered%s" % (" (reset)" if c.rst else ""))
        if end == "reset" and not (c.rst or (not c.probe() and c.rst)):
            self.faults.append("the connection was not ended")
        if end == "none" and any(s.read for s in c.sessions()):
            self.faults.append("the device read from a connection that should not be")

    def check_device(self):
        """The rule: nothing but whole permitted messages, and perhaps a beginning."""
        c = self.peer
        for out, left in self.messages():
            for m in out:
                if m not in c.permitted:
                    self.faults.append("the device read %s" % m.hex())
            if left and len(left) >= 8 and len(left) >= 6 + int.from_bytes(left[4:6], "big"):
                self.faults.append("the device read a whole message that was not judged: %s" % left.hex())
        got = b"".join(b"".join(out) for out, _ in self.messages())
        if any(e in got for e in c.evil):
            self.faults.append("the device read what must not arrive")

    def check_verdicts(self, inline, replay):
        self.inline, self.replay = " ".join(inline), " ".join(replay)
        if inline != self.row.want:
            self.faults.append("inline: %s, expected %s" % (self.inline or "nothing", " ".join(self.row.want)))
        if replay != self.row.replay:
            self.faults.append("replay: %s, expected %s" % (self.replay or "nothing", " ".join(self.row.replay)))


def all_of(cases, do, world):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = []
        for c in cases:
            jobs.append((c, pool.submit(getattr(c, do), world)))
            time.sleep(PACE / 2 if do == "run_control" else PACE)
        for c, job in jobs:
            if job.exception():
                c.faults.append("%s: %r" % (do, job.exception()))


def add(table_, key, fc, verdict, times=1):
    """A message's verdict; of what is no message only that it ended the connection."""
    if fc is not None or verdict == "reset":
        table_[key] += [("" if fc is None else kind(fc)) + SIGN[verdict]] * times


def inline_verdicts(path):
    found = collections.defaultdict(list)
    for line in open(path):
        o = json.loads(line)
        if o.get("dir") == "request" and o["event"] != "refused-flow" and o.get("tid") != peer.PROBE_TID:
            add(found, (o["src"], o["sport"]), o.get("fc"), o["verdict"], o.get("repeated", 1))
    return found


def replay_verdicts(command, capture):
    line = re.compile(r"(\S+) (\w+) (\S+) (\d+) > \S+ \d+ (?:modbus (\w+) tid=(\d+) unit=\d+ fc=(\d+))?")
    out = subprocess.run(shlex.split(command) + [capture], check=True, capture_output=True, text=True).stdout
    found = collections.defaultdict(list)
    for text in out.splitlines():
        m = line.match(text)
        if not m or m[5] == "resp" or m[6] == str(peer.PROBE_TID):
            continue
        add(found, (m[3], int(m[4])), int(m[7]) if m[7] else None, m[2])
    return found


def report(cases):
    width = max(len(c.name) for c in cases)
    print("%-*s  %-8s %-7s %-28s %-28s" % (width, "technique", "source", "control", "inline", "replay"))
    for c in cases:
        cut = [t if len(t) <= 28 else t[:25] + "..." for t in (c.inline, c.replay)]
        print("%-*s  %-8s %-7s %-28s %-28s %s" % (width, c.name, c.row.source, c.control, cut[0], cut[1],
                                                   "FAIL" if c.faults else "ok"))
        for f in c.faults:
            print("%s    %s" % (" " * width, f))
    bad = sum(bool(c.faults) for c in cases)
    print("evasion: %d techniques in %d runs: %d as they must be, %d not" %
          (len({c.row.name for c in cases}), len(cases), len(cases) - bad, bad))
    return bad


def main():
    client_ns, gateway_ns, device_ns, replay, capture, gate_up, json_log = sys.argv[1:8]
    names = set(sys.argv[8:])
    chosen = [r for r in table.ROWS if not names or r.name in names]
    cases = [Case(r, f, i) for i, r in enumerate(chosen) for f in r.families()]
    subprocess.run(["ip", "-n", gateway_ns, "-b", "-"], check=True, text=True, input="".join(
        "neigh replace %s lladdr %s dev eth1 nud permanent\n" %
        (c.addr, mac(client_ns, "eth0").hex(":")) for c in cases))
    world = World(client_ns, gateway_ns, device_ns)
    all_of(cases, "run_control", world)
    older = [c for c in cases if c.row.before]
    for c in older:
        c.connect(world, "inline")
        c.row.before(c.peer)
    subprocess.run(shlex.split(gate_up), check=True)
    world.recorder.on = True
    all_of(cases, "run_inline", world)
    time.sleep(1)
    world.recorder.on = False
    world.recorder.write(capture)
    subprocess.run(shlex.split(gate_up) + ["down"], check=True)     # records that wait are written
    inline, offline = inline_verdicts(json_log), replay_verdicts(replay, capture)
    for c in cases:
        key = (c.peer.addr, c.peer.sport)
        c.check_verdicts(inline[key], offline[key])
    return 1 if report(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
