#!/bin/bash
# SPDX-License-Identifier: MIT
# libmodbus 3.1.6 (Debian 12, libmodbus5 3.1.6-2.1+deb12u1) on a little-endian machine: the functions that put a float
# into registers are not the inverse of those of the same name that read it. modbus_get_float_abcd reads octets that are
# sent as A B C D; modbus_set_float_abcd makes registers that are sent as B A D C. The octets of each register are
# swapped in all four of the "set" functions and in none of the "get" functions:
#
#	function	reads		is sent as
#	abcd		A B C D		B A D C
#	cdab		C D A B		D C B A
#	badc		B A D C		A B C D
#	dcba		D C B A		C D A B
#
# So whoever sets the word order of a policy by the name of the function that a client calls has it wrong.
# Run by hand on amd64 or arm64; it needs apt-get, dpkg-deb and python3, and ends with 1 when this has changed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q libmodbus5=3.1.6-2.1+deb12u1 >/dev/null
dpkg-deb -x libmodbus5_*.deb root
python3 - "$(find root -name 'libmodbus.so.5' | head -1)" <<'END'
import ctypes
import os
import struct
import sys

library = ctypes.CDLL(os.path.abspath(sys.argv[1]))
octets = bytes.fromhex("3f91a2b3")              # A B C D, as a big-endian float has them
value = struct.unpack(">f", octets)[0]
READS = {"abcd": "ABCD", "cdab": "CDAB", "badc": "BADC", "dcba": "DCBA"}
SENT = {"abcd": "BADC", "cdab": "DCBA", "badc": "ABCD", "dcba": "CDAB"}


def letters(data):
    return "".join("ABCD"[octets.index(b)] for b in data)


changed = False
for name in READS:
    put, get = (getattr(library, "modbus_%s_float_%s" % (verb, name)) for verb in ("set", "get"))
    put.argtypes, put.restype = [ctypes.c_float, ctypes.POINTER(ctypes.c_uint16)], None
    get.argtypes, get.restype = [ctypes.POINTER(ctypes.c_uint16)], ctypes.c_float
    registers = (ctypes.c_uint16 * 2)()
    put(value, registers)
    sent = letters(struct.pack(">HH", *registers))
    came = bytes(octets["ABCD".index(c)] for c in READS[name])
    reads = get((ctypes.c_uint16 * 2)(*struct.unpack(">HH", came))) == value
    print("%s: reads %s: %s; is sent as %s" % (name, READS[name], reads, sent))
    changed |= not reads or sent != SENT[name]
sys.exit(1 if changed else 0)
END
