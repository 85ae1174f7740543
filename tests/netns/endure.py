# SPDX-License-Identifier: MIT
"""Many events, and what zoned holds.

endure.py ask ADDRESS PORT COUNT SECONDS: COUNT refused requests of many kinds, within SECONDS if it can, with reads
	between them, which must be answered
endure.py steady ADDRESS PORT: ten reads a second over one connection, until a signal; one without an answer ends it
endure.py held PID: what the processes of zoned hold, as words NAME=NUMBER
"""
import os
import re
import socket
import struct
import sys
import time

ON_ONE = 2000           # requests: 24 KB that are cut out
AT_ONCE = 10            # between two reads, whose answer says that all before were judged


def read(s, tid):
    s.sendall(struct.pack(">HHHBBHH", tid, 0, 6, 1, 3, 0, 1))
    got = b""
    while len(got) < 11:
        more = s.recv(11 - len(got))
        if not more:
            raise ConnectionError("closed")
        got += more
    if got[7] != 3:
        raise ValueError("no answer to a read: %r" % got)


def ask_some(to, first):
    """a connection with as many as can be cut out of one"""
    with socket.create_connection(to, 10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)     # of many in one segment the connection ends
        for begin in range(first, first + ON_ONE, AT_ONCE):
            for i in range(begin, begin + AT_ONCE):     # units and addresses, that records differ
                s.sendall(struct.pack(">HHHBBHH", i % 60000, 0, 6, 1 + i % 247, 6, i % 65536, i % 65536))
            read(s, 60001)


def ask(address, port, count, seconds):
    begun = time.monotonic()
    sent = 0
    while sent < int(count) and time.monotonic() < begun + float(seconds):
        ask_some((address, int(port)), sent)
        sent += ON_ONE
    print("sent", sent, "seconds", round(time.monotonic() - begun))


def steady(address, port):
    s = socket.create_connection((address, int(port)), 10)
    while True:
        read(s, 7)
        time.sleep(0.1)


def children(pid):
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task)) as f:
            found += [int(p) for p in f.read().split()]
    return found


def field(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^%s:\s*(\d+)" % name, f.read(), re.M).group(1))


def descriptors(pid):
    links = []
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            links.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except FileNotFoundError:
            pass    # closed meanwhile
    return links


def held(pid):
    pid = int(pid)
    spawner = children(pid)
    inspectors = [p for s in spawner for p in children(s)]
    fds = descriptors(pid)
    # RssAnon: what each has of its own; shared rings fill once
    print("parent_kb=%d" % field(pid, "RssAnon"), "inspectors_kb=%d" % sum(field(p, "RssAnon") for p in inspectors),
          "descriptors=%d" % len(fds), "bpf=%d" % sum("bpf" in fd for fd in fds), "threads=%d" % field(pid, "Threads"),
          "maps=%d" % sum(1 for _ in open("/proc/%d/maps" % pid)), "inspectors=%d" % len(inspectors))


if __name__ == "__main__":
    {"ask": ask, "steady": steady, "held": held}[sys.argv[1]](*sys.argv[2:])
