# SPDX-License-Identifier: MIT
"""Typed values of Modbus as others read them: a capture of writes through replay, whose floats libmodbus reads in each of
its four orders (modbus_get_float_abcd and the like), and tshark the values that it has words for. The counterparts that set
floats (modbus_set_float_abcd and the like) are of no use: libmodbus 3.1.6 swaps the octets of each register there.

usage: typed.py ZONECTL DIRECTORY
"""
import ctypes
import json
import struct
import subprocess
import sys

from peers import ask
from dnp3_wire import Tcp, write_pcap

ORDERS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}
TYPES = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
FLOATS = (0.0, -0.0, 1.0, -1.5, 61.5, 0.1, -1.401298464324817e-45, 3.4028234663852886e38, 123456.789, float("inf"), float("-inf"), float("nan"))
WHOLE = {"int16": (-32768, -1, 0, 615, 32767), "uint16": (0, 615, 65535), "int32": (-2**31, -1, 0, 70000, 2**31 - 1), "uint32": (0, 70000, 2**32 - 1)}
# the settings of tshark's own that are these; it pads their names
TSHARK = {("int16", "ABCD"): ("INT16", "int16"), ("uint16", "ABCD"): ("UINT16", "uint16"), ("int32", "ABCD"): ("INT32", "int32"),
          ("uint32", "ABCD"): ("UINT32", "uint32"), ("float32", "ABCD"): ("IEEE FLT", "float"), ("float32", "CDAB"): ("MODICON FLT", "float")}
MODEL = """zones = ( { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; },
  { name = "b"; type = "control"; networks = [ "10.2.0.0/24" ]; } );
conduits = ( { name = "c"; from = "a"; to = "b"; flows = ( { protocol = "modbus"; policy = "p"; } ); } );
policies = { p = { protocol = "modbus"; allow = ( { functions = [ 16 ]; units = 1; addresses = "any"; typed_values = (
  { registers = "0-1"; type = "%s"; %s min = "any"; max = "any"; scale = 0.1; unit = "bar"; %s } ); } ); }; };
"""


def of_libmodbus(order, octets):
    """The number that these are."""
    read = getattr(LIBMODBUS, "modbus_get_float_" + order.lower())
    read.argtypes, read.restype = [ctypes.POINTER(ctypes.c_uint16)], ctypes.c_float
    return read((ctypes.c_uint16 * 2)(*struct.unpack(">HH", octets)))


def sent(kind, order, value):
    octets = struct.pack(TYPES[kind], value)
    return bytes(octets[i] for i in ORDERS[order]) if len(octets) == 4 else octets


def write_case(folder, kind, order, values):
    talk, packets = Tcp(40000, 502), []
    for tid, octets in enumerate(values):
        packets.append(talk.packet(True, ask(tid, "10 0000 %04x %02x %s" % (len(octets) // 2, len(octets), octets.hex()))[1]))
    write_pcap(folder + "/c.pcap", talk.opening + packets, 2000)
    with open(folder + "/m.conf", "w", encoding="utf-8") as f:
        f.write(MODEL % (kind, 'word_order = "%s";' % order if "32" in kind else "", 'special = [ "nan", "infinity" ];' if kind == "float32" else ""))


def replayed(zonectl, folder):
    out = subprocess.run([zonectl, "replay", "--json", "-m", folder + "/m.conf", folder + "/c.pcap"], capture_output=True, text=True, timeout=60, check=False)
    return [json.loads(line) for line in out.stdout.splitlines()]


def same(text, value):
    return struct.pack(">f", float(text)) == struct.pack(">f", value) or str(float(text)) == str(value) == "nan"


def check(zonectl, folder, kind, order, values):
    octets = [sent(kind, order, v) for v in values]
    if kind == "float32" and LIBMODBUS:
        theirs = [of_libmodbus(order, o) for o in octets]
        if not all(same(str(t), v) for t, v in zip(theirs, values)):
            sys.exit("libmodbus has for %s: %s, not %s" % (order, theirs, values))
    write_case(folder, kind, order, octets)
    got = replayed(zonectl, folder)
    if len(got) != len(values):
        sys.exit("%s %s: %d messages of %d" % (kind, order, len(got), len(values)))
    for m, value in zip(got, values):
        good = m["reason"] == "none" and m["value_type"] == kind and m["value_unit"] == "bar"
        good = good and m["value_registers"] == ("0-1" if "32" in kind else "0-0")
        good = good and (same(m["value"], value) if kind == "float32" else m["value"] == str(value))
        if kind != "float32":
            tenths = "%s%d.%d" % ("-" if value < 0 else "", abs(value) // 10, abs(value) % 10)
            good = good and m["value_scaled"] == tenths
        if not good:
            sys.exit("%s %s %s: %s" % (kind, order, value, m))
    if (kind, order) in TSHARK and TSHARK_IS_HERE:
        check_tshark(folder, kind, order, values)


def check_tshark(folder, kind, order, values):
    form, field = TSHARK[kind, order]
    out = subprocess.run(["tshark", "-r", folder + "/c.pcap", "-o", "modbus.mbus_register_format:%-11s" % form, "-Y", "modbus", "-T", "fields", "-e", "modbus.regval_" + field],
                         capture_output=True, text=True, timeout=60, check=True).stdout.split()
    good = len(out) == len(values) and all(abs(float(t) - v) <= abs(v) * 1e-5 or str(float(t)) == str(v) for t, v in zip(out, values))
    if not good:
        sys.exit("tshark has for %s: %s, not %s" % (kind, out, values))


def library():
    try:
        return ctypes.CDLL("libmodbus.so.5")
    except OSError:
        print("no libmodbus: its floats are not compared")
        return None


if __name__ == "__main__":
    LIBMODBUS = library()
    TSHARK_IS_HERE = subprocess.run(["sh", "-c", "command -v tshark"], capture_output=True, check=False).returncode == 0
    for type_ in TYPES:
        for order_ in ORDERS if "32" in type_ else ["ABCD"]:
            check(sys.argv[1], sys.argv[2], type_, order_, FLOATS if type_ == "float32" else WHOLE[type_])
    print("5 types in 4 orders, as libmodbus%s reads them" % (" and tshark" if TSHARK_IS_HERE else ""))
