#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""marks.py ADDRESS COUNT PORT: so many connections, from the ports PORT and so on, each a read, a write of
register 600 and a read, sent at once.
Prints "reads N writes N refused N": how many reads and writes were answered, and connections that were none.
marks.py ADDRESS wait: the same for each line on standard input, on one connection; without the write for "read"."""
import socket
import struct
import sys


def adu(tid, fc, addr, value):
    return struct.pack(">HHHBBHH", tid, 0, 6, 1, fc, addr, value)


def answers(s, data, last):
    """Transactions and functions of what comes back, until that of transaction `last`."""
    got, buf = [], b""
    s.sendall(data)
    try:
        while not got or got[-1][0] != last:
            more = s.recv(4096)
            if not more:
                break
            buf += more
            while len(buf) >= 8 and len(buf) >= 6 + (n := struct.unpack(">H", buf[4:6])[0]):
                got.append((struct.unpack(">H", buf[:2])[0], buf[7]))
                buf = buf[6 + n:]
    except OSError:
        pass
    return got


def talk(s, tid, value=None):
    write = b"" if value is None else adu(tid + 1, 6, 600, value)
    return answers(s, adu(tid, 3, 600, 1) + write + adu(tid + 2, 3, 600, 1), tid + 2)


def main():
    addr, count, *port = sys.argv[1:]
    if count == "wait":
        with socket.create_connection((addr, 502), 2) as s:
            for tid, line in enumerate(sys.stdin, 1):
                got = talk(s, 10 * tid, None if line == "read\n" else 666)
                print("reads %d writes %d" % (sum(f == 3 for _, f in got), sum(f == 6 for _, f in got)), flush=True)
        return
    reads = writes = refused = 0
    for i in range(int(count)):
        try:
            with socket.create_connection((addr, 502), 2, ("", int(port[0]) + i)) as s:
                got = talk(s, 1, 666)
                reads += sum(f == 3 for _, f in got)
                writes += sum(f == 6 for _, f in got)
        except OSError:
            refused += 1
    print("reads %d writes %d refused %d" % (reads, writes, refused))


main()
