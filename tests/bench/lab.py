# SPDX-License-Identifier: MIT
"""The lab: three network namespaces on this machine, nothing else touched.

    client 10.10.1.10 -- eth1 [gateway] eth2 -- 10.10.2.20 device

and the systems under test, which are set up in the gateway one at a time.
Names carry the process id, so two runs do not collide; every process is ended
by its own id."""
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("top_builddir") or SRC
CLIENT, DEVICE = "10.10.1.10", "10.10.2.20"
SHAPES = {"read": 502, "mixed": 502, "pipelined": 502, "large": 502, "dnp3": 20000, "opcua": 4840,
          "iec104": 2404, "iec104-mixed": 2404, "uninspected": 5020}    # ports
FLOOD_PORT = 40404      # source port of the open-loop frames
QUEUE = 6200            # of the reader that accepts everything
TICK = os.sysconf("SC_CLK_TCK")


def tool(name):
    return os.path.join(BUILD, "tests/bench", name)


def sh(*argv, **kw):
    return subprocess.run(argv, check=True, **kw)


class Lab:
    def __init__(self, tag=""):
        """tag: for several labs of one process"""
        self.c, self.g, self.s = ("zb%s%d%s" % (x, os.getpid(), tag) for x in "cgs")
        self.dir = tempfile.mkdtemp(prefix="zoned-bench.")
        os.chmod(self.dir, 0o755)
        self.procs = []
        self.can_queue = None
        atexit.register(self.down)
        for sig in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, lambda *_: sys.exit(1))
        for ns in (self.c, self.g, self.s):
            sh("ip", "netns", "add", ns)
            self.run(ns, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000",
                     "net.ipv4.ip_local_reserved_ports=%d" % FLOOD_PORT,
                     "net.ipv4.tcp_max_syn_backlog=8192", "net.core.somaxconn=8192")
        self.run(self.g, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for ns, link, net, host in ((self.c, "eth1", 1, 10), (self.s, "eth2", 2, 20)):
            gw = "10.10.%d.1" % net
            sh("ip", "-n", self.g, "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", ns)
            sh("ip", "-n", self.g, "addr", "add", gw + "/24", "dev", link)
            sh("ip", "-n", ns, "addr", "add", "10.10.%d.%d/24" % (net, host), "dev", "eth0")
            sh("ip", "-n", self.g, "link", "set", link, "up")
            sh("ip", "-n", ns, "link", "set", "eth0", "up")
            sh("ip", "-n", ns, "link", "set", "lo", "up")
            sh("ip", "-n", ns, "route", "add", "default", "via", gw)

    def run(self, ns, *argv, **kw):
        return sh("ip", "netns", "exec", ns, *argv, **kw)

    def spawn(self, ns, *argv, core=None, **kw):
        """core: the first (0) or last (-1) this machine has, for the two ends, which stand for two
        machines: left alone, the scheduler puts both on one core at times, and a lone
        connection is then three times as fast. Gateways run where they like."""
        pin = ("taskset", "-c", str(sorted(os.sched_getaffinity(0))[core])) if core is not None else ()
        p = subprocess.Popen(("ip", "netns", "exec", ns) + pin + argv, text=True, **kw)
        self.procs.append(p)
        return p

    def end(self, p):
        if p in self.procs:
            self.procs.remove(p)
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        for f in (p.stdout, p.stdin):
            if f:
                f.close()

    def down(self):
        for p in list(self.procs):
            self.end(p)
        for ns in (self.c, self.g, self.s):
            for pid in self.pids(ns):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(("ip", "netns", "del", ns), stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def pids(self, ns):
        got = subprocess.run(("ip", "netns", "pids", ns), capture_output=True, text=True)
        return [int(x) for x in got.stdout.split()]

    def nft(self, ns, text):
        self.run(ns, "nft", "-f", "-", input=text, text=True)

    def nft_can_queue(self):
        if self.can_queue is None:
            got = subprocess.run(("ip", "netns", "exec", self.g, "nft", "-c", "-f", "-"), text=True,
                                 input="table inet x { chain c { queue num 1; }; }", capture_output=True)
            self.can_queue = got.returncode == 0
        return self.can_queue

    def serve(self, shape, port, connections=4096):
        """A device; several on one port share the connections."""
        device = self.spawn(self.s, tool("serve"), shape, str(port), str(connections),
                                 core=-1, stdout=subprocess.PIPE)
        if device.stdout.readline() != "ready\n":
            sys.exit("the device does not start")
        return device


# ---- CPU and memory ----

def machine_ticks():
    """user, nice, system, irq, softirq of all cores, in seconds."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:]]
    return (v[0] + v[1] + v[2] + v[5] + v[6]) / TICK


def others_seconds(ours):
    """CPU of every process that is neither in `ours` nor a thread of the kernel, with
    their dead children: what else this machine was doing meanwhile."""
    total = 0
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) in ours:
            continue
        try:
            with open("/proc/%s/stat" % pid) as f:
                v = f.read().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if v[1] == "2" or pid == "2":
            continue
        total += sum(int(x) for x in v[11:15])
    return total / TICK


def memory(pids, key="VmHWM"):
    """Sum over processes, in KB."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/%s" % (pid, "smaps_rollup" if key == "Pss" else "status")) as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith(key + ":"))
        except OSError:
            pass
    return total


# ---- systems under test ----

CONNTRACK = """
table inet bench {
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state vmap { established : accept, related : accept, invalid : drop }
		ip saddr 10.10.1.0/24 ip daddr 10.10.2.0/24 tcp dport . ct state { 502 . new, 20000 . new, 4840 . new, 2404 . new, 5020 . new } accept
	}
}
"""
ACCEPT_QUEUE = """
table inet bench {
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state invalid drop
		ip saddr 10.10.1.0/24 ip daddr 10.10.2.0/24 tcp dport { 502, 20000, 4840, 2404, 5020 } queue num %d
		ip saddr 10.10.2.0/24 ip daddr 10.10.1.0/24 tcp sport { 502, 20000, 4840, 2404, 5020 } ct state established queue num %d
	}
}
""" % (QUEUE, QUEUE)

# Where the kernel has no queue expression for nft, its xt target does the same.
ACCEPT_QUEUE_XT = """*filter
:FORWARD DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -s 10.10.1.0/24 -d 10.10.2.0/24 -p tcp -m multiport --dports 502,20000,4840,2404,5020 -j NFQUEUE --queue-num %d
-A FORWARD -s 10.10.2.0/24 -d 10.10.1.0/24 -p tcp -m multiport --sports 502,20000,4840,2404,5020 -m conntrack --ctstate ESTABLISHED -j NFQUEUE --queue-num %d
COMMIT
""" % (QUEUE, QUEUE)

MODEL = """
system = { name = "bench"; };
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
);
conduits = (
  { name = "hmi-to-cell"; from = "hmi"; to = "cell"; %s
    flows = ( { protocol = "modbus"; policy = "bench"; }, { protocol = "dnp3"; policy = "dnp3-read-only"; },
              { protocol = "opcua"; policy = "opcua-read-only"; }, { protocol = "iec104"; policy = "iec104-monitor-only"; },
              { transport = "tcp"; ports = 5020; } ); }
);
policies = {
  @include "dnp3-read-only.conf"
  @include "opcua-read-only.conf"
  @include "iec104-monitor-only.conf"
bench = {
  protocol = "modbus";
  allow = (
    { functions = ( 1, 2, 3, 4 ); units = 1; addresses = "0-999"; },
    { functions = ( 6, 16 ); units = 1; addresses = "100-199"; quantity = "1-16"; values = "0-1023"; }
  );
}; };
daemon = { json_log = "/dev/null"; %s };
"""

MODEL_INSIDE = """
system = { name = "bench"; };
zones = ( { name = "plant"; type = "control"; interfaces = [ "eth1", "eth2" ]; networks = [ "10.10.0.0/16" ]; } );
conduits = ();
daemon = { json_log = "/dev/null"; };
"""


class System:
    """One row. up() prepares the gateway and returns when it is ready."""

    def __init__(self, name, what, ruleset=None, xt=None, reader=None, model=None, binary=None):
        self.name, self.what, self.ruleset, self.xt = name, what, ruleset, xt
        self.reader, self.model = reader, model
        self.binary = binary or os.path.join(BUILD, "zoned")
        self.proc = None

    def up(self, lab, model=None):
        if self.xt and not lab.nft_can_queue():
            lab.run(lab.g, "iptables-nft-restore", input=self.xt, text=True)
        elif self.ruleset:
            lab.nft(lab.g, self.ruleset)
        if self.reader:
            self.proc = lab.spawn(lab.g, *self.reader, stdout=subprocess.PIPE)
            if self.proc.stdout.readline() != "ready\n":
                sys.exit("%s does not start" % self.name)
        if self.model or model:
            self.start_zoned(lab, model or self.model)

    def start_zoned(self, lab, model, seconds=20):
        path = os.path.join(lab.dir, "model.conf")
        with open(path, "w") as f:
            f.write(model)
        said = open(os.path.join(lab.dir, "zoned.err"), "w+")
        self.proc = lab.spawn(lab.g, self.binary, "-d", "-f", path, "-R", SRC + "/rules",
                              "-u", "nobody", "-C", os.path.join(lab.dir, "control"), "-S", os.path.join(lab.dir, "state"), stderr=said, stdout=said)
        for _ in range(int(seconds * 50)):
            said.seek(0)
            text = said.read()
            if "generation 1 is in force" in text:
                said.close()
                return
            if self.proc.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit("zoned does not start: " + text[-2000:])

    def pids(self, lab):
        return lab.pids(lab.g)

    def down(self, lab):
        if self.proc:
            lab.end(self.proc)
            self.proc = None
        for _ in range(100):    # its inspectors follow
            if not lab.pids(lab.g):
                break
            time.sleep(0.01)
        lab.run(lab.g, "nft", "flush", "ruleset")


def systems(before=None):
    """before: another build's zoned, for a comparison within one run."""
    rows = [
        System("plain", "forwarding, no netfilter"),
        System("conntrack", "stateful rules, no inspection", ruleset=CONNTRACK),
        System("queue", "one NFQUEUE, everything accepted unseen", ruleset=ACCEPT_QUEUE, xt=ACCEPT_QUEUE_XT,
               reader=(tool("accept"), str(QUEUE))),
        System("inspectors", "full Modbus policy, every message to an inspector",
               model=MODEL % ("", "fast_path = false;")),
        System("inspectors-evidence", "the same, with evidence kept",
               model=MODEL % ("", 'fast_path = false; evidence = { directory = "/tmp"; };')),
        System("zoned", "full Modbus policy, the in-kernel path where it can", model=MODEL % ("", "")),
        System("limits", "the same with rate limits that nobody reaches",
               model=MODEL % ("max_requests_per_second = 1000000; max_writes_per_second = 1000000;", "")),
        System("inside", "zoned, both ends in one zone", model=MODEL_INSIDE),
    ]
    if before:
        rows.append(System("before", "the zoned given by --before", model=MODEL % ("", ""), binary=before))
        rows.append(System("before-inspectors", "the same without its in-kernel path",
                           model=MODEL % ("", "fast_path = false;"), binary=before))
    return rows


def system(name, before=None):
    """a fresh one of this name"""
    return next(s for s in systems(before) if s.name == name)
