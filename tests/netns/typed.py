# SPDX-License-Identifier: MIT
"""A libmodbus client that writes typed values: typed.py HOST PORT [reads]

Prints a line for each write: its name, and "answered" or "silent". With "reads" the connection reads a lot first, so that
it is one that the in-kernel path may have.
"""
import ctypes
import struct
import sys

MODBUS = ctypes.CDLL("libmodbus.so.5")
MODBUS.modbus_new_tcp.restype = ctypes.c_void_p
Registers = ctypes.c_uint16 * 8
AT = {"abcd": 600, "cdab": 602, "badc": 604, "dcba": 606}


class Client:
    def __init__(self, host, port):
        self.ctx = ctypes.c_void_p(MODBUS.modbus_new_tcp(host.encode(), port))
        MODBUS.modbus_set_slave(self.ctx, 1)
        if MODBUS.modbus_connect(self.ctx) != 0:
            sys.exit("no connection")

    def wait_at_most(self, ms):
        MODBUS.modbus_set_response_timeout(self.ctx, ctypes.c_uint32(0), ctypes.c_uint32(ms * 1000))

    def write(self, name, first, *values):
        registers = Registers(*values)
        done = MODBUS.modbus_write_registers(self.ctx, first, len(values), registers)
        print(name, "answered" if done == len(values) else "silent")

    def write_float(self, order, value):
        octets = struct.pack(">f", value)
        sent = bytes(octets["abcd".index(letter)] for letter in order)
        self.write("%s=%s" % (order, value), AT[order], *struct.unpack(">HH", sent))


def main(host, port, reads):
    c = Client(host, int(port))
    c.wait_at_most(3000)
    for i in range(200 if reads else 1):
        if MODBUS.modbus_read_registers(c.ctx, i, 2, Registers()) != 2:
            sys.exit("a read was not answered")
    for order in AT:
        c.write_float(order, 60.0)
    c.write("int16=-50", 608, 65486)
    c.wait_at_most(250)
    for order in AT:
        c.write_float(order, 61.5)
    c.write_float("abcd", float("nan"))
    c.write("part", 600, 0)
    c.write("between", 601, 0, 0)
    c.write("int16=-51", 608, 65485)
    print("one", "answered" if MODBUS.modbus_write_register(c.ctx, 603, 0) == 1 else "silent")
    print("mask", "answered" if MODBUS.modbus_mask_write_register(c.ctx, 608, 0x8000, 1) == 1 else "silent")
    done = MODBUS.modbus_write_and_read_registers(c.ctx, 602, 1, Registers(7), 0, 1, Registers())
    print("read-write", "answered" if done == 1 else "silent")
    c.wait_at_most(3000)
    if MODBUS.modbus_read_registers(c.ctx, 0, 2, Registers()) != 2:
        sys.exit("the connection did not go on")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], len(sys.argv) > 3)
