#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Modbus/TCP by hand, for what a library never does: talk.py WAY HOST PORT.

Every way sends permitted reads, refused writes or both in an unusual shape and
checks that only the reads are answered, in order, with the right values (the device's start pattern: holding register i is i * 7 + 3). Exit status 0 and
a sentence, or 1 and what went wrong."""
import socket
import struct
import sys
import time

from mbwire import connect, message, must_get


def read_req(tid, addr, count):
    return message(tid, 1, struct.pack(">BHH", 3, addr, count))


def write_req(tid, addr, value):
    return message(tid, 1, struct.pack(">BHH", 6, addr, value))


def read_answer(tid, addr, count):
    regs = b"".join(struct.pack(">H", (i * 7 + 3) & 0xFFFF) for i in range(addr, addr + count))
    return message(tid, 1, struct.pack(">BB", 3, len(regs)) + regs)


def must_be_quiet(s, seconds):
    s.settimeout(seconds)
    try:
        got = s.recv(4096)
        sys.exit("an answer nobody should have given: %s" % got.hex())
    except socket.timeout:
        s.settimeout(5)


def bytewise(s):
    for tid in range(1, 11):
        for b in read_req(tid, 10, 4):
            s.send(bytes([b]))
            time.sleep(0.002)
        must_get(s, read_answer(tid, 10, 4))
    return "10 reads byte by byte answered"


def split_write(host, port, cut):
    """A write cut in two. Its beginning may already be with the device when the
    rest comes, so the gate may have to end the connection instead of cutting
    the message out of it. Answered, or delivered, it must never be."""
    data = write_req(cut, 600, 9)
    with connect(host, port) as s:
        try:
            s.send(data[:cut])
            time.sleep(0.02)
            s.send(data[cut:] + read_req(cut + 100, 20, 2))
            must_get(s, read_answer(cut + 100, 20, 2))
            return "cut"
        except (ConnectionResetError, BrokenPipeError):
            return "reset"


def split(s, host, port):
    s.close()
    ways = [split_write(host, port, cut) for cut in range(1, 12)]
    return "a write split at each of its bytes: %d times cut out, %d times reset" % (
        ways.count("cut"), ways.count("reset"))


def shared(s):
    for tid in range(1, 11):
        s.sendall(read_req(tid, 1, 2) + write_req(tid + 50, 600, 9) + read_req(tid + 100, 3, 5))
        must_get(s, read_answer(tid, 1, 2) + read_answer(tid + 100, 3, 5))
    must_be_quiet(s, 0.2)
    return "read, write, read in one segment: both reads answered, 10 times"


def pipelined(s):
    want = b""
    for tid in range(1, 11):
        s.sendall(write_req(tid + 200, 600, tid) if tid % 3 == 0 else read_req(tid, tid, 3))
        want += b"" if tid % 3 == 0 else read_answer(tid, tid, 3)
    must_get(s, want)
    must_be_quiet(s, 0.2)
    return "10 requests without waiting: 7 reads answered in order, 3 writes refused"


def reset(s):
    s.sendall(read_req(1, 0, 2))
    must_get(s, read_answer(1, 0, 2))
    s.sendall(write_req(2, 600, 9))
    s.settimeout(5)
    try:
        got = s.recv(4096)
        sys.exit("no reset, but %s" % (got.hex() or "a plain end"))
    except ConnectionResetError:
        return "the write was answered with a reset"
    except socket.timeout:
        sys.exit("no reset within 5 seconds")


WAYS = {f.__name__: f for f in (bytewise, shared, pipelined, split, reset)}

if __name__ == "__main__":
    way, host, port = sys.argv[1:]
    try:
        more = (host, int(port)) if way == "split" else ()
        print(WAYS[way](connect(host, int(port)), *more))
    except OSError as e:
        sys.exit("%s: %s" % (way, e))
