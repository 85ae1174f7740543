#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who wants much and who wants little of what is shared: shares.py WAY ...

greedy SOURCE HOST PORT RATE SECONDS   Modbus reads, so many a second whether they are answered or not,
                                       over connections that are opened again when they end; prints "answered N"
seldom SOURCE HOST PORT EVERY COUNT    one read in EVERY seconds over one connection; "asked N answered N"
idle SOURCE HOST PORT COUNT SECONDS    opens so many connections, prints "open N", and holds them
ua-server HOST PORT SECONDS            acknowledges OPC UA hellos
ua-hello SOURCE HOST PORT              one hello; exit status 0 when it was acknowledged"""
import resource
import select
import socket
import struct
import sys
import time

READ = bytes.fromhex("000000000006010300000001")
ACKNOWLEDGE = b"ACKF" + struct.pack("<6I", 28, 0, 65536, 65536, 0, 0)


def hello():
    url = b"opc.tcp://plc:4840"
    body = struct.pack("<5Ii", 0, 65536, 65536, 0, 0, len(url)) + url
    return b"HELF" + struct.pack("<I", 8 + len(body)) + body


def connect(source, host, port):
    s = socket.create_connection((host, port), timeout=5, source_address=(source, 0))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def greedy(source, host, port, rate, seconds):
    end, due, tid, got = time.monotonic() + float(seconds), time.monotonic(), 0, 0
    s = None
    while time.monotonic() < end:
        try:
            if s is None:
                s = connect(source, host, int(port))
                s.setblocking(False)
            if time.monotonic() >= due:
                tid = (tid + 1) & 0xFFFF
                due += 1 / float(rate)
                s.send(struct.pack(">H", tid) + READ[2:])
            if select.select([s], [], [], max(0, min(due - time.monotonic(), 0.05)))[0]:
                got += len(s.recv(65536)) // 11
        except BlockingIOError:
            pass
        except OSError:
            if s is not None:
                s.close()
            s = None
            time.sleep(0.05)
    print("answered", got)


def seldom(source, host, port, every, count):
    s = connect(source, host, int(port))
    answered = 0
    for tid in range(int(count)):
        until = time.monotonic() + float(every)
        s.sendall(struct.pack(">H", tid) + READ[2:])
        while until > time.monotonic():
            s.settimeout(max(0.001, until - time.monotonic()))
            try:
                answer = s.recv(4096)
            except socket.timeout:
                break
            answered += answer[:2] == struct.pack(">H", tid)
    print("asked", count, "answered", answered)


def idle(source, host, port, count, seconds):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    held = []
    for _ in range(int(count)):
        try:
            held.append(connect(source, host, int(port)))
        except OSError:
            break
    print("open", len(held), flush=True)
    time.sleep(float(seconds))


def ua_server(host, port, seconds):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, int(port)), family=family, backlog=1024)
    poll = select.poll()
    poll.register(listening, select.POLLIN)
    others, end = {}, time.monotonic() + float(seconds)
    print("ready", flush=True)
    while time.monotonic() < end:
        for fd, _ in poll.poll(1000):
            if fd == listening.fileno():
                s = listening.accept()[0]
                others[s.fileno()] = s
                poll.register(s, select.POLLIN)
                continue
            try:
                data = others[fd].recv(4096)
                if data[:4] == b"HELF":
                    others[fd].sendall(ACKNOWLEDGE)
            except OSError:
                data = b""
            if not data:
                poll.unregister(fd)
                others.pop(fd).close()


def ua_hello(source, host, port):
    s = connect(source, host, int(port))
    s.settimeout(5)
    s.sendall(hello())
    try:
        answer = s.recv(4096)
    except OSError as e:
        sys.exit("no answer to a hello: %s" % e)
    if answer[:4] != b"ACKF":
        sys.exit("no acknowledgement: %r" % answer)


if __name__ == "__main__":
    ways = {"greedy": greedy, "seldom": seldom, "idle": idle, "ua-server": ua_server, "ua-hello": ua_hello}
    if len(sys.argv) < 2 or sys.argv[1] not in ways:
        sys.exit(__doc__)
    ways[sys.argv[1]](*sys.argv[2:])
