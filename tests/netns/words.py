#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packets of everything that a flow can say. "words.py serve PORT...": answers TCP and UDP at these ports.
"words.py ask TARGET WHAT...": one word for each, "yes" or "no": does it get there, and back?
    tcp:PORT  a connection, two lines      udp:PORT  a datagram
"""
import select
import socket
import sys

WAIT = 0.4


def family(target):
    return socket.AF_INET6 if ":" in target else socket.AF_INET


def listening(kind, fam, port):
    s = socket.socket(fam, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if fam == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("::" if fam == socket.AF_INET6 else "0.0.0.0", port))
    if kind == socket.SOCK_STREAM:
        s.listen(16)
    return s


def serve(ports):
    both = [listening(kind, fam, port) for port in ports for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
            for fam in (socket.AF_INET, socket.AF_INET6)]
    conns = []
    print("ready", flush=True)
    while True:
        for s in select.select(both + conns, [], [])[0]:
            if s in conns:
                answer_line(s, conns)
            elif s.type == socket.SOCK_STREAM:
                conns.append(s.accept()[0])
            else:
                data, who = s.recvfrom(4096)
                s.sendto(data, who)


def answer_line(s, conns):
    try:
        data = s.recv(4096)
        if data:
            s.sendall(data)
            return
    except OSError:
        pass
    conns.remove(s)
    s.close()


def ask_tcp(target, port):
    with socket.create_connection((target, int(port)), WAIT) as s:
        for line in b"one\n", b"two\n":
            s.sendall(line)
            if s.recv(100) != line:
                return False
    return True


def ask_udp(target, port):
    with socket.socket(family(target), socket.SOCK_DGRAM) as s:
        s.settimeout(WAIT)
        s.connect((target, int(port)))
        s.send(b"one")
        return s.recv(100) == b"one"


KINDS = {"tcp": ask_tcp, "udp": ask_udp}


def ask(target, what):
    kind, *more = what.split(":")
    try:
        return KINDS[kind](target, *more)
    except OSError:
        return False


if sys.argv[1] == "serve":
    serve(list(map(int, sys.argv[2:])))
print(" ".join("yes" if ask(sys.argv[2], what) else "no" for what in sys.argv[3:]))
