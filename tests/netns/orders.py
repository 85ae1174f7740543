#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# orders.py serve: an echo on TCP port 8080, IPv4 and IPv6.
# orders.py ask V4 V6: connections to Modbus and to the echo, of both families, that stay. For each
# line "held" on standard input, which of them still answer; for "new", whether others do. The
# answer is a line with a word for each: modbus4 modbus6 plain4 plain6.
import socket
import sys
import threading

READ = bytes.fromhex("000100000006010300000001")
KINDS = [("modbus", 502, READ), ("plain", 8080, b"over here")]
WAIT = 1.3  # a SYN that was lost is sent again after a second


def echo(s):
    with s:
        try:
            while data := s.recv(100):
                s.sendall(data)
        except OSError:
            pass


def serve():
    with socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True) as s:
        while True:
            threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()


def connect(where, port):
    try:
        return socket.create_connection((where, port), WAIT)
    except OSError:
        return None


def answers(s, request):
    if not s:
        return False
    try:
        s.settimeout(WAIT)
        s.sendall(request)
        return len(s.recv(100)) > 0
    except OSError:
        return False


# all at once: one that is refused waits
def ask(held, hosts):
    ends = [(kind, port, request, i, host) for kind, port, request in KINDS
            for i, host in ((4, hosts[0]), (6, hosts[1]))]
    got = {}

    def one(kind, port, request, i, host):
        s = held.get((kind, i)) if held is not None else connect(host, port)
        got[kind, i] = answers(s, request)
        if held is None and s:
            s.close()

    threads = [threading.Thread(target=one, args=e) for e in ends]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(" ".join(f"{e[0]}{e[3]}" for e in ends if got[e[0], e[3]]) or "none", flush=True)


def main():
    if sys.argv[1] == "serve":
        serve()
    hosts = sys.argv[2:4]
    held = {(kind, i): connect(host, port) for kind, port, _ in KINDS
            for i, host in ((4, hosts[0]), (6, hosts[1]))}
    for line in sys.stdin:
        if line.strip() == "again":
            held = {(kind, i): connect(host, port) for kind, port, _ in KINDS
                    for i, host in ((4, hosts[0]), (6, hosts[1]))}
        ask(None if line.strip() == "new" else held, hosts)


main()
