#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The conversations of tests/pcap/opcua.py, dnp3.py and iec104.py, evasions among them, between
two real TCP (UDP) stacks: without the gate, through it, and its capture through replay.

usage: talks.py LAB DIRECTORY ZONECTL TABLE     LAB: the pid in the namespaces' names

The gate runs on DIRECTORY/model.conf; what it records is in DIRECTORY/json. A step that
the table permits must arrive whole; of one that it refuses the receiver gets less than
all (the last byte of a message is what makes it act), and OPC UA's connection ends. The
reasons are those of the table, in the gate's records and in the replay alike.
"""
import collections
import json
import os
import re
import socket
import subprocess
import sys
import time

import bench

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "pcap"))
import dnp3     # noqa: E402
import iec104   # noqa: E402
import opcua    # noqa: E402

SERVER = "10.10.2.20"
PORTS = {"opcua": 4840, "dnp3": 20000, "iec104": 2404}
ARRIVES, STAYS_AWAY = 3.0, 0.06     # seconds

# Of packets, not of messages: what comes behind a connection's end, and in a capture of both
# sides what has another order than on the way.
OF_PACKETS = {"stream-not-in-step", "out-of-window"}


class Talk:
    def __init__(self, proto, name, model, steps, udp=False, observed=False):
        self.proto, self.name, self.model, self.udp = proto, name + (", UDP" if udp else ""), model, udp
        self.steps, self.observed = steps, observed     # (from the client?, bytes, reason)
        self.faults = []

    def refused(self):
        """The reasons up to where the connection ends."""
        for _, _, why in self.steps:
            if why != "none":
                yield why
                if self.ends_with(why):
                    return

    def ends_with(self, why):
        return not self.udp and not self.observed and (self.proto != "dnp3" or why in ENDING)


ENDING = {"no-frame"}


def talks():
    for name, head, steps in opcua.cases():
        steps = [(s[0] == "c", s[1], s[2] if len(s) > 2 else "none") for s in steps]
        yield Talk("opcua", name, opcua.model(head), steps, observed="observe" in head.get("conduit", ""))
    for name, (_, steps) in dnp3.CASES.items():
        if name in dnp3.SLOW:
            continue
        model, observed = dnp3.model(name)
        client_first = steps[0][0] and steps[0][2] == "none"    # else there is no conduit for the other's
        in_parts = any(s[0] and dnp3.is_a_part(s[1]) for s in steps)    # over UDP these are in one datagram
        for udp in (False, True) if (client_first or all(s[0] for s in steps)) and not in_parts else (False,):
            yield Talk("dnp3", name, model, [(bool(s[0]),) + s[1:] for s in steps], udp, observed)
    for name, (_, steps) in iec104.CASES.items():
        yield Talk("iec104", name, iec104.model(name), [(bool(s[0]),) + s[1:] for s in steps])


class Lab:
    def __init__(self, lab, where, zonectl):
        self.client, self.gateway, self.server = "zc" + lab, "zg" + lab, "zs" + lab
        self.where, self.zonectl = where, zonectl
        self.listeners = {p: self.listen(port) for p, port in PORTS.items()}

    def listen(self, port):
        s = bench.socket_in(self.server, socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((SERVER, port))
        s.listen(8)
        s.settimeout(ARRIVES)
        return s

    def pair(self, talk, source):
        """Both ends of a connection from this source."""
        kind = socket.SOCK_DGRAM if talk.udp else socket.SOCK_STREAM
        c = bench.socket_in(self.client, socket.AF_INET, kind)
        c.bind((source, 0))
        c.settimeout(ARRIVES)
        if talk.udp:
            s = bench.socket_in(self.server, socket.AF_INET, kind)
            s.bind((SERVER, PORTS[talk.proto]))
            c.connect((SERVER, PORTS[talk.proto]))
            s.connect(c.getsockname())
        else:
            c.connect((SERVER, PORTS[talk.proto]))
            s, _ = self.listeners[talk.proto].accept()
        for x in (c, s):
            if not talk.udp:
                x.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            x.setblocking(False)
        return c, s


def send_all(sock, data, take, seconds):
    """Send, and take what arrives meanwhile; True: the connection lives."""
    end = time.monotonic() + seconds
    while data:
        take()
        try:
            data = data[sock.send(data):]
        except BlockingIOError:
            time.sleep(0.001)
        except (ConnectionResetError, BrokenPipeError):
            return False
        if time.monotonic() > end:
            return False
    return True


class Receiver:
    def __init__(self, sock):
        self.sock, self.got, self.over = sock, b"", False

    def take(self):
        try:
            while not self.over:
                data = self.sock.recv(1 << 20)
                self.got += data
                self.over = not data
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.over = True

    def wait(self, n, seconds):
        end = time.monotonic() + seconds
        while len(self.got) < n and not self.over and time.monotonic() < end:
            self.take()
            time.sleep(0.001)
        return len(self.got) >= n


def say(talk, ends, step, gate):
    """One step; False: the talk is over."""
    from_client, data, why = step
    to, frm = (ends[1], ends[0]) if from_client else (ends[0], ends[1])
    to.got = b""
    passes = not gate or why == "none" or talk.observed
    alive = send_all(frm.sock, data, to.take, ARRIVES)
    if passes:
        if not to.wait(len(data), ARRIVES) or to.got != data:
            talk.faults.append("%d of %d bytes arrived (%s)" % (len(to.got), len(data), why))
            return False
        return True
    if to.wait(len(data), STAYS_AWAY):
        talk.faults.append("what is refused arrived whole: " + why)
    if not talk.ends_with(why):
        return alive and not to.over
    end = time.monotonic() + ARRIVES
    while not (ends[0].over and ends[1].over) and time.monotonic() < end:
        for e in ends:
            e.take()
        try:
            frm.sock.send(b"\0")    # whoever still has something to say is told
        except OSError:
            frm.over = True
        time.sleep(0.02)
    if not (ends[0].over and ends[1].over):
        talk.faults.append("the connection goes on after " + why)
    return False


def hold(lab, talk, source, gate):
    c, s = lab.pair(talk, source)
    ends = Receiver(c), Receiver(s)
    talk.port = c.getsockname()[1]
    for step in talk.steps:
        if not say(talk, ends, step, gate):
            break
    c.close()
    s.close()


def source_of(i):
    return "10.10.%d.%d" % (16 + i // 250, 1 + i % 250)


def put_model(lab, text):
    for net in ("10.1.0.", "10.2.0."):
        text = text.replace(net, net.replace("10.", "10.10.", 1).replace(".0.", "."))
    text = text.replace('"10.10.1.0/24"', '"10.10.1.0/24", "10.10.16.0/23"')
    text += 'daemon = { queues = 1; json_log = "%s/json"; };\n' % lab.where
    with open(lab.where + "/model.conf", "w") as f:
        f.write(text)


def use_model(lab, text):
    put_model(lab, text)
    out = subprocess.run([lab.zonectl, "reload"], capture_output=True, text=True)
    if out.returncode:
        sys.exit("reload: " + out.stdout + out.stderr)


def refused_in_replay(lab, talk, recorder):
    recorder.write(lab.where + "/talk.pcap")
    # what was refused did not go on here, so the recording is judged as on the wire
    gate = os.path.join(os.path.dirname(lab.zonectl), "tests", "pcap", "inline-gate")
    out = subprocess.run([gate, "replay", "-m", lab.where + "/model.conf", lab.where + "/talk.pcap"],
                         capture_output=True, text=True, check=False)
    if out.returncode not in (0, 5, 6):
        sys.exit(out.stderr)
    return [m for line in out.stdout.splitlines() for m in re.findall(r"reason=(\S+)", line)
            if m not in OF_PACKETS]


def compare(talk, got, whence):
    want = collections.Counter(talk.refused())
    if talk.proto == "dnp3" and whence == "inline":     # one record of a fragment, however many frames it has
        good = set(want) - set(got) <= {"bad-transport-sequence"} and not collections.Counter(got) - want
    else:
        good = collections.Counter(got) == want
    if not good:
        talk.faults.append("%s: refused %s, expected %s" % (whence, sorted(got), sorted(want.elements())))


def main():
    lab = Lab(sys.argv[1], *sys.argv[2:4])
    all_talks = list(talks())
    if sys.argv[4:] == ["first"]:       # the model that the gate starts with
        put_model(lab, all_talks[0].model)
        return 0
    for i, t in enumerate(all_talks):
        hold(lab, t, source_of(i), False)
    broken = [t for t in all_talks if t.faults]
    open(lab.where + "/held", "w").close()
    while not os.path.exists(lab.where + "/gate"):
        time.sleep(0.05)
    recorder = bench.Recorder(lab.gateway, "eth1", "eth2")
    recorder.start()
    current = None
    for i, t in enumerate(all_talks):
        if t in broken:
            continue
        if t.model != current:
            current = t.model
            use_model(lab, current)
        if "per_second" in current:
            time.sleep(10.1)            # what was counted before, and of another source (RATE_LATELY_NS)
        recorder.frames = []
        recorder.on = True
        hold(lab, t, source_of(i), True)
        time.sleep(0.05)        # for the recorder
        recorder.on = False
        t.offline = refused_in_replay(lab, t, recorder)
    open(lab.where + "/done", "w").close()
    while os.path.exists(lab.where + "/gate"):
        time.sleep(0.05)
    records = collections.defaultdict(list)
    for line in open(lab.where + "/json"):
        ev = json.loads(line)
        if ev["event"] == "violation" and ev["reason"] not in OF_PACKETS:
            client = ev["dst"] if ev["src"] == SERVER else ev["src"]
            records[client] += [ev["reason"]] * ev.get("repeated", 1)
    for i, t in enumerate(all_talks):
        if t not in broken:
            compare(t, records[source_of(i)], "inline")
            compare(t, t.offline, "replay")
    for t in all_talks:
        print("%-6s %-48s %2d steps, %2d refused  %s" % (t.proto, t.name, len(t.steps), len(list(t.refused())),
                                                        "FAILED" if t.faults else "ok"))
        for f in t.faults:
            print("       " + f)
    bad = sum(bool(t.faults) for t in all_talks)
    print("talks: %d conversations: %d as they must be, %d not" % (len(all_talks), len(all_talks) - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
