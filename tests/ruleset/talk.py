#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Both ends of the traffic test. "talk.py serve": echo on some ports, IPv4 and
IPv6. "talk.py": obey lines on stdin, answer one line each:
  open NAME HOST PORT	-> open | refused | timeout | ...	(TCP)
  say NAME		-> ok | cut | reset
  ask HOST PORT		-> ok | refused | timeout	(UDP)
"""
import socket
import sys
import threading

WAIT = 0.7


def echo(conn):
    try:
        while True:
            data = conn.recv(4096)
            if not data:
                return
            conn.sendall(data)
    except OSError:
        pass


def listen(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    s.listen(16)
    while True:
        conn, _ = s.accept()
        threading.Thread(target=echo, args=(conn,), daemon=True).start()


def serve():
    for port in (8080, 8081, 9090, 502):
        threading.Thread(target=listen, args=(port,), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


def why(e):
    if isinstance(e, ConnectionRefusedError):
        return "refused"
    if isinstance(e, ConnectionResetError):
        return "reset"
    if isinstance(e, (socket.timeout, TimeoutError)):
        return "timeout"
    return "error-%s" % e.errno


def obey(words, conns):
    try:
        if words[0] == "open":
            conns[words[1]] = socket.create_connection((words[2], int(words[3])), WAIT)
            return "open"
        if words[0] == "say":
            c = conns[words[1]]
            c.settimeout(WAIT)
            c.sendall(b"hello")
            return "ok" if c.recv(4096) else "closed"
        family = socket.AF_INET6 if ":" in words[1] else socket.AF_INET
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.settimeout(WAIT)
        s.connect((words[1], int(words[2])))
        s.send(b"hello")
        return "ok" if s.recv(4096) else "closed"
    except KeyError:
        return "no-connection"
    except OSError as e:
        return why(e)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    held = {}
    for line in sys.stdin:
        print(obey(line.split(), held), flush=True)
