#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The evasion suite, in the steps of run.sh:

suite.py control DIR LAB    all rows without the gate; results in DIR/results-control
suite.py inline DIR LAB     all rows through the gate; results in DIR/results-inline, capture in
                            DIR/capture.pcap; the gate is started after DIR/opened exists,
                            and DIR/gate says that it runs
suite.py judge DIR          the table: results against the gate's records and the replay

LAB is the pid part in the names of the lab's namespaces. suite.py list prints the rows.
"""
import concurrent.futures
import fnmatch
import json
import os
import sys
import time
import traceback

import judge
import table

WORKERS = 60
PER_SECOND = 30             # with more, the gate would count refusals instead of recording each
AROUND = "10.10.1.254"      # the device's way back to it leaves out the gateway
DEVICES = ("", "small", "multipath")
PLACES = 230                # addresses that run.sh has made neighbours
PORTS = {"control": 20000, "inline": 40000}     # apart: TIME_WAIT of the one is not the other's row


def load():
    import rows_connection  # noqa: F401
    import rows_ip          # noqa: F401
    import rows_modbus      # noqa: F401
    import rows_segments    # noqa: F401
    import rows_values      # noqa: F401
    import rows_windows     # noqa: F401
    pattern = os.environ.get("EVASION_ROWS", "*")
    return [r for r in table.ROWS if r.device in kinds() and fnmatch.fnmatch(r.name, pattern)]


def kinds():
    """Of devices that this kernel can be."""
    return [k for k in DEVICES if k != "multipath" or os.path.exists("/proc/sys/net/mptcp/enabled")]


class World:
    """What a row can see of the lab. Addresses are those of tests/netns/lab.sh and run.sh."""

    def __init__(self, lab):
        import bench
        self.client_ns, self.gateway_ns, self.device_ns = "zc" + lab, "zg" + lab, "zs" + lab
        self.device = bench.Device(self.device_ns, {
            self.device_address(family, kind): kind for family in (4, 6) for kind in kinds()})
        self.wire = bench.Wire(self.client_ns, bench.mac_of(self.gateway_ns, "eth1"),
                               bench.mac_of(self.client_ns, "eth0"), "around")
        self.recorder = bench.Recorder(self.gateway_ns, "eth1", "eth2")
        for t in (self.device, self.wire, self.recorder):
            t.start()

    @staticmethod
    def device_address(family, kind):
        return ("10.10.2.%d" if family == 4 else "fd00:10:2::%d") % (20 + DEVICES.index(kind))

    @staticmethod
    def own_address(family):
        return "10.10.1.10" if family == 4 else "fd00:10:1::10"


def peers(world, rows, phase):
    import peer
    out = []
    for i, row in enumerate(rows):
        for family in row.families():
            addr = "10.10.1.%d" % (20 + i % PLACES) if family == 4 else "fd00:10:1::1:%x" % (i % PLACES)
            if row.around:
                addr = AROUND
            port = PORTS[phase] + 2 * i + (family == 6)
            c = peer.Peer(world, row, family, addr, port)
            c.count = i // PLACES * 100     # other units: records of one address are not merged
            out.append(c)
    return out


def until(ready, seconds):
    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end:
        time.sleep(0.02)
    return ready()


def over(c):
    return all(s.reset or s.ended for s in c.sessions())


def run_row(c, phase):
    """One row of one family; what came of it as plain data."""
    row, error, on = c.row, None, None
    try:
        on = row.run(c)
        if phase == "inline" and row.end in ("on", "reset") and on is None:
            on = c.probe()
        if phase == "inline" and row.end == "reset":
            until(lambda: over(c), 3)
    except Exception:
        error = traceback.format_exc(limit=4)
    time.sleep(0.15)        # what is still on its way
    return {"name": row.name, "family": c.family, "port": c.sport, "error": error, "on": on, "rst": c.rst,
            "over": over(c), "permitted": [m.hex() for m in c.permitted], "got": c.got.hex(),
            "sessions": [s.read.hex() for s in c.sessions()]}


def run(phase, where, lab):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})     # packets keep their order
    world = World(lab)
    todo = peers(world, load(), phase)
    for c in todo:
        if c.row.before:
            c.row.before(c)
    if phase == "inline":
        open(os.path.join(where, "opened"), "w").close()
        if not until(lambda: os.path.exists(os.path.join(where, "gate")), 15):
            sys.exit("the gate does not start")
        world.recorder.on = True
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        runs = []
        for c in todo:
            runs.append(pool.submit(run_row, c, phase))
            time.sleep(1 / PER_SECOND)
        results = [r.result() for r in runs]
    world.recorder.write(os.path.join(where, "capture.pcap"))
    with open(os.path.join(where, "results-" + phase), "w") as f:
        json.dump(results, f)


def main():
    what = sys.argv[1:]
    if what[:1] == ["list"]:
        for r in load():
            print("%-26s %-8s %s" % (r.name, r.source, r.what))
    elif what[:1] == ["judge"] and len(what) == 2:
        sys.exit(judge.judge(load(), what[1]))
    elif len(what) == 3 and what[0] in PORTS:
        run(*what)
    else:
        sys.exit(__doc__)


main()
