#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Talks for evidence.sh. evidence.py modbus HOST PORT | station HOST PORT | opcua HOST PORT

modbus   one connection: two reads, a write of register 10, two reads; prints "answers N"
station  an OPC UA server as far as the open channel; prints "write" for each write that it gets
opcua    opens a channel to it, reads and writes"""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
import opcua  # noqa: E402

READ, WRITE = bytes.fromhex("0300000001"), bytes.fromhex("06000a0007")


def connect(host, port):
    s = socket.create_connection((host, port), 5)
    s.settimeout(0.5)
    return s


def received(s):
    try:
        return s.recv(8192)
    except (TimeoutError, ConnectionError):
        return b""


def modbus(host, port):
    answers = 0
    with connect(host, port) as s:
        for tid, pdu in enumerate([READ, READ, WRITE, READ, READ], 1):
            s.sendall(struct.pack(">HHHB", tid, 0, len(pdu) + 1, 1) + pdu)
            answers += len(received(s)) > 0
    print("answers", answers)


def station(host, port):
    answers = {b"HEL": opcua.START[1][1], b"OPN": opcua.START[3][1]}
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        print("ready", flush=True)
        while True:
            s = listening.accept()[0]
            with s:
                while (got := s.recv(8192)):
                    if opcua.type_id(673) in got:
                        print("write", flush=True)
                    s.sendall(answers.get(got[:3], b""))


def ua_client(host, port):
    with connect(host, port) as s:
        for message in (opcua.START[0][1], opcua.START[2][1]):
            s.sendall(message)
            received(s)
        s.sendall(opcua.ask(opcua.write(opcua.value(opcua.GOOD)))[1])
        received(s)


{"modbus": modbus, "station": station, "opcua": ua_client}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
