#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Captures of one conversation each, for zonectl learn.

usage: protocols.py FOLDER
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pcap"))
import dnp3_wire  # noqa: E402
import opcua  # noqa: E402
import peers  # noqa: E402
import iec104_wire as wire104  # noqa: E402
from dnp3_wire import Tcp, m, o, write_pcap  # noqa: E402

CONTROL = "01 28 01 00 07 00 41 01 64 00 00 00 00 00 00 00 00"  # index 7, close by a pulse of 100 ms


def dnp3_master(folder):
    """Polls twice, gets an unsolicited response, selects and operates, sets an analog output, restarts."""
    talk = Tcp(40000, acknowledges=True)
    says = [(True, m("c0 01 3c 02 06 3c 03 06")), (False, o("c0 81 00 00")),
            (True, m("c1 01 1e 02 00 00 03", seq=1)),
            (False, o("c1 81 00 00 1e 02 00 00 03 01 00 00 01 00 00 01 00 00 01 00 00", seq=1)),
            (True, m("c2 01 3c 02 06 3c 03 06", seq=2)), (False, o("c2 81 00 00", seq=2)),
            (True, m("c3 01 1e 02 00 00 03", seq=3)),
            (False, o("c3 81 00 00 1e 02 00 02 03 01 00 00 01 00 00", seq=3)),
            (False, o("f0 82 00 00", seq=4)), (True, m("d0 00", seq=4)),
            (False, o("f1 82 00 00", seq=5)), (True, m("d1 00", seq=5))]
    for i, function in enumerate(("03", "04")):
        says += [(True, m("c%d %s 0c %s" % (4 + i, function, CONTROL), seq=6 + i)),
                 (False, o("c%d 81 00 00 0c %s" % (4 + i, CONTROL), seq=6 + i))]
    says += [(True, m("c6 05 29 03 28 01 00 02 00 00 00 c8 42 00", seq=8)),     # 100.0
             (False, o("c6 81 00 00 29 03 28 01 00 02 00 00 00 c8 42 00", seq=8)),
             (True, m("c7 05 29 03 28 01 00 02 00 cd cc cc 3d 00", seq=9)),     # 0.1, as a float
             (False, o("c7 81 00 00 29 03 28 01 00 02 00 cd cc cc 3d 00", seq=9)),
             (True, m("c8 02 50 01 00 07 07 00", seq=10)), (False, o("c8 81 00 00", seq=10)),
             (True, m("c9 0d", seq=11)), (False, o("c9 81 00 00 34 02 07 01 10 27", seq=11))]
    write_pcap(os.path.join(folder, "dnp3-master.pcap"), talk.opening + [talk.packet(*say) for say in says])


def dnp3_caller(folder):
    """An outstation that opens the connection to its master."""
    talk = Tcp(40000, acknowledges=True)
    says = [(True, o("f0 82 00 00")), (False, m("d0 00")),
            (False, m("c1 01 3c 02 06", seq=1)), (True, o("c1 81 00 00", seq=1)),
            (False, m("c2 01 3c 02 06", seq=2)), (True, o("c2 81 00 00", seq=2)),
            (True, o("f1 82 00 00", seq=3)), (False, m("d1 00", seq=3))]
    write_pcap(os.path.join(folder, "dnp3-caller.pcap"), talk.opening + [talk.packet(*say) for say in says])


def iec104_says(first, direct):
    """first: the master opens the connection. direct: an output is moved without a select."""
    sent, said = [0, 0], []

    def frame(from_master, asdu):
        a, b = (0, 1) if from_master else (1, 0)
        said.append((from_master == first, wire104.i(sent[a], sent[b], asdu)))
        sent[a] += 1

    said.append((first, wire104.u("STARTDT act")))
    said.append((not first, wire104.u("STARTDT con")))
    for _ in range(2):
        for cause in (6, 7, 10):
            frame(cause == 6, wire104.asdu(100, cause, [(0, "14")]))
        frame(False, wire104.asdu(1, 3, [(100, "01")]))
    for select in ([] if direct else [0x80]) + [0]:
        for cause in (6, 7):
            frame(cause == 6, wire104.asdu(45, cause, [(1000, "%02x" % (select | 1))]))
    for cause in (6, 7):
        frame(cause == 6, wire104.asdu(50, cause, [(1300, "cdcccc3d00")]))
    for cause in () if direct else (6, 7):
        frame(cause == 6, wire104.asdu(105, cause, [(0, "01")]))
    return said


def iec104(folder):
    for name, first, direct in (("master", True, False), ("caller", False, True)):
        talk = Tcp(40000, wire104.PORT, acknowledges=True)
        write_pcap(os.path.join(folder, "iec104-%s.pcap" % name),
                   talk.opening + [talk.packet(*say) for say in iec104_says(first, direct)])
    talk = Tcp(40000, wire104.PORT, acknowledges=True)
    says = [(True, wire104.u("STARTDT act")), (False, wire104.u("STARTDT con")),
            (False, wire104.i(0, 0, wire104.asdu(1, 3, [(100, "01")]))), (True, wire104.s(1))]
    write_pcap(os.path.join(folder, "iec104-listens.pcap"), talk.opening + [talk.packet(*say) for say in says])


def application(name, product):
    """ApplicationDescription; the name in two parts, of which the first is its language."""
    uri, locale = opcua.text("urn:" + name), opcua.text("en")
    return uri + opcua.text(product) + b"\3" + locale + opcua.text(name) + opcua.u32(0) + opcua.text(None) * 2 + opcua.u32(-1)


def opcua_client(folder):
    """An unsecured channel; the time of the server is read twice, a value written. The server says who it is, and names
    others; so does the client, in what it asks first."""
    good, url, others = opcua.node(1, 150), opcua.text(opcua.URL), application("Mixer", "urn:other") * 2
    pump = application('Pump "A"', "urn:maker:pump")
    session = application("Panel 7", "urn:panel")
    session += opcua.text(None) + url + opcua.text("s") + opcua.text(None) * 2 + bytes(8) + opcua.u32(0)
    bodies = [opcua.READ, opcua.READ, opcua.write(opcua.value(good)), opcua.write(opcua.value(good))]
    asks = [peers.ua_ask(body, 2 + k) for k, body in enumerate(bodies)]
    asks += [peers.ua_ask(opcua.request(422, url + opcua.u32(-1, -1)), 6), opcua.answer(opcua.response(425, 0, opcua.u32(2) + others), seq=2, req=6),
             peers.ua_ask(opcua.request(428, url + opcua.u32(-1, -1)), 7),
             opcua.answer(opcua.response(431, 0, opcua.u32(1) + url + pump), seq=3, req=7),
             peers.ua_ask(opcua.request(461, session), 8)]
    steps = peers.ua(*asks)
    write_pcap(os.path.join(folder, "opcua-client.pcap"), peers.packets_of(steps, "opcua", False))


def main():
    folder = sys.argv[1]
    dnp3_master(folder)
    dnp3_caller(folder)
    iec104(folder)
    opcua_client(folder)
    assert dnp3_wire.MASTER == 1 and dnp3_wire.OUTSTATION == 10


if __name__ == "__main__":
    main()
