#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IEC 60870-5-104 conversations under the shipped policies: what every APDU comes to, as it is sent,
with what one end sends in a row in one segment, and octet by octet.

usage: iec104.py ZONECTL DIRECTORY      (a directory to write captures and models in)
"""
import os
import re
import subprocess
import sys

from dnp3_wire import Tcp, write_pcap
from iec104_wire import PORT, apdu, asdu, i, s, u

PASS = "none"
MODEL = """zones = (
  {{ name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; }},
  {{ name = "b"; type = "control"; networks = [ "10.2.0.0/24" ]; }}
);
conduits = ( {{ name = "c"; from = "a"; to = "b"; mode = "{mode}"; {conduit} flows = (
  {{ protocol = "iec104"; policy = "{policy}"; }} ); }} );
policies = {{
{text}
}};
"""
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
CONTROL, MONITOR = "iec104-control", "iec104-monitor-only"
MORE = {
    "tolerant": """tolerant = { protocol = "iec104"; tolerate = [ "first-number-one" ]; unacknowledged = 3; allow = (
  { types = [ "C_IC_NA_1" ]; common_addresses = 1; interrogations = "any"; } ); };""",
    "reversed": """reversed = { protocol = "iec104"; master = "server"; allow = (
  { types = [ "C_IC_NA_1" ]; common_addresses = 1; interrogations = "any"; } ); };""",
    "listed": """listed = { protocol = "iec104"; monitor_direction = "listed"; allow = (
  { types = [ "C_IC_NA_1" ]; common_addresses = 1; interrogations = "any"; },
  { types = [ "M_SP_NA_1" ]; causes = "any"; common_addresses = 1; object_addresses = "1-9"; } ); };""",
}

GI, COUNTERS = asdu(100, 6, [(0, "14")], ca=1), asdu(101, 6, [(0, "05")], ca=1)
CLOCK = asdu(103, 6, [(0, "24771411bb0b1a")], ca=1)
REPORT = asdu(1, 3, [(1, "01")], ca=1)
START = [(1, u("STARTDT act"), PASS), (0, u("STARTDT con"), PASS)]


def single(element="05", cause=6, ioa=1100, ca=1, **kw):
    """An indication is reset by a short pulse."""
    return asdu(45, cause, [(ioa, element)], ca=ca, **kw)


def double(element, cause=6, ioa=1000, **kw):
    """A breaker: 82 selects on, 02 executes it."""
    return asdu(46, cause, [(ioa, element)], ca=1, **kw)


def confirmed(element, cause=7):
    return double(element, cause)


SELECTED = START + [(1, i(0, 0, double("82")), PASS), (0, i(0, 1, confirmed("82")), PASS)]


def refused(name, frame, reason, before=tuple(START), policy=CONTROL):
    return name, (policy, [*before, (1, frame, reason)])


# name: (policy, [(from the client?, bytes, reason)]); only the last is refused.
CASES = dict([
    ("a master connects", (MONITOR, [
        (1, u("TESTFR act"), PASS), (0, u("TESTFR con"), PASS), *START, (1, i(0, 0, GI), PASS), (0, i(0, 1, asdu(100, 7, [(0, "14")], ca=1)), PASS),
        (0, i(1, 1, asdu(1, 20, [(1, "01")], ca=1)), PASS), (0, i(2, 1, asdu(13, 20, [(7, "0000484200")], ca=1, sq=True)), PASS),
        (0, i(3, 1, asdu(100, 10, [(0, "14")], ca=1)), PASS), (1, s(4), PASS), (0, u("TESTFR act"), PASS), (1, u("TESTFR con"), PASS)])),
    ("everything at once, before anything is answered", (MONITOR, [
        (1, u("STARTDT act"), PASS), (1, i(0, 0, CLOCK), PASS), (1, i(1, 0, GI), PASS), (1, i(2, 0, COUNTERS), PASS),
        (0, u("STARTDT con"), PASS), (0, i(0, 3, REPORT), PASS)])),
    ("interrogations of all stations", (MONITOR, START + [
        (1, i(0, 0, asdu(100, 6, [(0, "14")], ca=65535)), PASS), (1, i(1, 0, asdu(103, 6, [(0, "24771411bb0b1a")], ca=65535)), PASS),
        (0, i(0, 2, asdu(100, 7, [(0, "14")], ca=7720)), PASS)])),
    ("several originators", (MONITOR, START + [(1, i(k, 0, asdu(100, 6, [(0, "14")], ca=1, oa=k)), PASS) for k in range(5)])),
    ("no termination, and negative answers", (CONTROL, START + [
        (1, i(0, 0, single()), PASS), (0, i(0, 1, single(cause=0x47)), PASS), (1, i(1, 1, single()), PASS),
        (0, i(1, 2, single(cause=47)), PASS), (1, i(2, 2, single()), PASS), (0, i(2, 3, single(cause=7)), PASS)])),
    ("stopped and started", (CONTROL, START + [
        (1, i(0, 0, GI), PASS), (1, u("STOPDT act"), PASS), (0, i(0, 1, REPORT), PASS), (1, s(1), PASS), (0, u("STOPDT con"), PASS),
        *START, (1, i(1, 1, GI), PASS), (0, i(1, 2, REPORT), PASS)])),
    ("acknowledged behind a stop", (CONTROL, START + [
        (1, i(0, 0, GI), PASS), (0, i(0, 1, REPORT), PASS), (1, i(1, 0, GI), PASS), (1, u("STOPDT act"), PASS), (0, u("STOPDT con"), PASS),
        (0, s(2), PASS), (1, s(1), PASS), *START, (1, i(2, 1, GI), PASS)])),
    ("select and execute", (CONTROL, SELECTED + [(1, i(1, 1, double("02")), PASS), (0, i(1, 2, confirmed("02")), PASS)])),
    ("select, another point, execute", (CONTROL, SELECTED + [(1, i(1, 1, single()), PASS), (1, i(2, 1, double("02")), PASS)])),
    ("a selection given up", (CONTROL, SELECTED + [(1, i(1, 1, double("82", 8)), PASS), (1, i(2, 1, double("02")), "not-selected")])),
    ("execute twice", (CONTROL, SELECTED + [(1, i(1, 1, double("02")), PASS), (1, i(2, 1, double("02")), "not-selected")])),
    ("execute what was selected as another", (CONTROL, SELECTED + [(1, i(1, 1, double("01")), "not-selected")])),
    ("execute what the station has refused", (CONTROL, START + [
        (1, i(0, 0, double("82")), PASS), (0, i(0, 1, confirmed("82", 0x47)), PASS), (1, i(1, 1, double("02")), "not-selected")])),
    ("execute before the station agrees", (CONTROL, START + [(1, i(0, 0, double("82")), PASS), (1, i(1, 0, double("02")), "not-selected")])),
    ("execute behind a stop", (CONTROL, SELECTED + [
        (1, u("STOPDT act"), PASS), (0, u("STOPDT con"), PASS), *START, (1, i(1, 1, double("02")), "not-selected")])),
    refused("execute alone", i(0, 0, double("02")), "not-selected"),
    refused("a deactivation that says execute", i(0, 0, double("02", 8)), "not-selected"),
    # what starts a station, or not
    refused("0x0f, which starts a station that goes by bits", bytes.fromhex("68040f000000"), "bad-control-field", ()),
    refused("0x47, 0xff", bytes.fromhex("6804ff000000"), "bad-control-field", ()),
    refused("STARTDT with a rest", bytes.fromhex("680407000001"), "bad-control-field", ()),
    refused("STARTDT of ten", bytes.fromhex("680807000000000000 00".replace(" ", "")), "bad-length", ()),
    refused("a command before STARTDT", i(0, 0, single()), "not-in-this-state", ()),
    refused("a command behind STOPDT", i(0, 0, single()), "not-in-this-state", START + [(1, u("STOPDT act"), PASS)]),
    refused("an S before STARTDT", s(0), "not-in-this-state", ()),
    ("a report before STARTDT", (CONTROL, [(0, i(0, 0, REPORT), "not-in-this-state")])),
    ("STARTDT of the station", (CONTROL, START + [(0, u("STARTDT act"), "wrong-direction")])),
    ("STARTDT confirmed unasked", (CONTROL, [(0, u("STARTDT con"), "not-in-this-state")])),
    refused("the master confirms", u("STARTDT con"), "wrong-direction"),
    # framing
    refused("an octet before a frame", b"\0" + i(0, 0, single()), "no-frame"),
    refused("a frame in what another skips", b"\x68\x02" + i(0, 0, single()), "bad-length"),
    refused("length 254", b"\x68\xfe" + bytes(4) + single() + bytes(240), "bad-length"),
    refused("length 255", b"\x68\xff" + bytes(4) + single() + bytes(240), "bad-length"),
    refused("a command behind a command", i(0, 0, single() + b"\x68\x0e" + bytes(14)), "trailing-bytes"),
    refused("an I frame without an ASDU", apdu(bytes(4)), "truncated"),
    refused("an S frame with 05", bytes.fromhex("680405000000"), "bad-control-field"),
    refused("the lowest bit of N(R)", bytes.fromhex("680401000100"), "bad-control-field"),
    # numbers
    refused("a number left out", i(1, 0, GI), "bad-sequence-number"),
    refused("a number again", i(0, 0, single()), "bad-sequence-number", START + [(1, i(0, 0, GI), PASS)]),
    refused("more confirmed than was sent", i(0, 1, single()), "bad-receive-number"),
    refused("less confirmed than before", s(0), "bad-receive-number", START + [(0, i(0, 0, REPORT), PASS), (1, s(1), PASS)]),
    refused("never confirmed", i(13, 0, GI), "window-exceeded", START + [(1, i(k, 0, GI), PASS) for k in range(13)]),
    # k is 12, and there is a stack that sends one more at both ends
    ("a station that sends one more than k", (CONTROL, START + [(0, i(k, 0, REPORT), PASS) for k in range(13)] + [
        (1, s(8), PASS), *[(0, i(k, 0, REPORT), PASS) for k in range(13, 21)], (0, i(21, 0, REPORT), "window-exceeded")])),
    ("a station that begins with one", (CONTROL, START + [(0, i(1, 0, REPORT), "bad-sequence-number")])),
    ("one that may", ("tolerant", START + [(0, i(1, 0, REPORT), PASS), (0, i(2, 0, REPORT), PASS), (0, i(3, 0, REPORT), PASS), (1, s(4), PASS),
                                           (1, i(0, 4, GI), PASS), (1, i(1, 4, GI), PASS), (1, i(2, 4, GI), PASS),
                                           (1, i(3, 4, GI), "window-exceeded")])),
    # what is in them
    refused("two commands, the permitted one first", i(0, 0, asdu(45, 6, [(1100, "05"), (5000, "05")], ca=1)), "bad-object-count"),
    refused("a sequence of commands", i(0, 0, asdu(45, 6, [(1100, "05"), (1101, "05")], ca=1, sq=True)), "bad-object-count"),
    refused("another point", i(0, 0, single(ioa=5000)), "object-address-not-allowed"),
    refused("point 0", i(0, 0, single(ioa=0)), "object-address-not-allowed"),
    refused("another station", i(0, 0, single(ca=9)), "common-address-not-allowed"),
    refused("all stations", i(0, 0, single(ca=65535)), "bad-common-address"),
    refused("the test bit", i(0, 0, single(cause=0x86)), "test-bit-not-allowed"),
    refused("a negative command", i(0, 0, single(cause=0x46)), "cause-does-not-fit"),
    refused("a confirmation as a command", i(0, 0, single(cause=7)), "cause-does-not-fit"),
    refused("cause 20", i(0, 0, single(cause=20)), "cause-does-not-fit"),
    refused("a select of another state", i(0, 0, single("80")), "qualifier-not-allowed"),
    refused("a set-point too high", i(0, 0, asdu(50, 6, [(1301, "0000f04200")], ca=1)), "value-not-allowed"),
    refused("a reset of the station", i(0, 0, asdu(105, 6, [(0, "01")], ca=1)), "type-not-allowed"),
    refused("a report of the master", i(0, 0, REPORT), "wrong-direction"),
    ("a command of the station", (CONTROL, START + [(0, i(0, 0, single()), "cause-does-not-fit")])),
    ("an answer that nobody may ask for", (MONITOR, START + [(0, i(0, 0, single(cause=7)), "type-not-allowed")])),
    ("an answer of all stations", (CONTROL, START + [(0, i(0, 0, single(cause=7, ca=65535)), "common-address-not-allowed")])),
    ("a report of all stations", ("listed", START + [(0, i(0, 0, asdu(1, 3, [(1, "01")], ca=65535)), "common-address-not-allowed")])),
    ("SQ over the last address", (CONTROL, START + [(0, i(0, 0, asdu(1, 20, [(16777215, "01"), (0, "01")], ca=1, sq=True)),
                                                     "address-out-of-specification")])),
    refused("a command where nothing is moved", i(0, 0, single()), "type-not-allowed", policy=MONITOR),
    ("the listening side is the master", ("reversed", [
        (0, u("STARTDT act"), PASS), (1, u("STARTDT con"), PASS), (0, i(0, 0, GI), PASS), (1, i(0, 1, REPORT), PASS),
        (1, i(1, 1, GI), "cause-does-not-fit")])),
    ("reports that are not listed", ("listed", START + [(0, i(0, 0, REPORT), PASS), (0, i(1, 0, asdu(1, 3, [(10, "01")], ca=1)),
                                                                                    "object-address-not-allowed")])),
])


def policy_text(policy):
    if policy in MORE:
        return MORE[policy]
    with open(os.path.join(RULES, policy + ".conf"), encoding="utf-8") as f:
        return f.read()


def model(name, mode="enforce", conduit=""):
    policy = CASES[name][0]
    return MODEL.format(policy=policy, mode=mode, conduit=conduit, text=policy_text(policy))


def joined(steps):
    """What one end sends in a row, in one segment."""
    out = []
    for d, data, _ in steps:
        if out and out[-1][0] == d:
            out[-1] = (d, out[-1][1] + data)
        else:
            out.append((d, data))
    return out


SEGMENTS = {
    "as it is": lambda steps: [(d, data) for d, data, _ in steps],
    "in a row": joined,
    "octet by octet": lambda steps: [(d, data[k:k + 1]) for d, data, _ in steps for k in range(len(data))],
}


def replayed(zonectl, where, name, packets, mode, conduit=""):
    conversation = Tcp(40000, PORT, acknowledges=True)
    write_pcap(f"{where}/c.pcap", conversation.opening + [conversation.packet(d == 1, data) for d, data in packets], 1000)
    with open(f"{where}/m.conf", "w", encoding="utf-8") as f:
        f.write(model(name, mode, conduit))
    out = subprocess.run([zonectl, "replay", "--checksums", "-m", f"{where}/m.conf", f"{where}/c.pcap"],
                         capture_output=True, text=True, timeout=60, check=False)
    if out.returncode not in (0, 5):
        return [out.stderr]
    return [(line.split()[1], (re.findall(r"reason=(\S+)", line) or [PASS])[0]) for line in out.stdout.splitlines()]


def check(zonectl, where, name):
    steps, wrong = CASES[name][1], 0
    want = [("accept" if why == PASS else "reset", why) for _, _, why in steps]
    for how, cut in SEGMENTS.items():
        got = replayed(zonectl, where, name, cut(steps), "enforce")
        # behind its end the connection has no more messages
        if got[:len(want)] != want or any(v == "accept" for v, _ in got[len(want):]):
            print(f"{name}, {how}:", *got, "want", *want, sep="\n  ")
            wrong += 1
    observed = [("accept" if why == PASS else "observed", why) for _, _, why in steps]
    got = replayed(zonectl, where, name, SEGMENTS["as it is"](steps), "observe")
    if got[:len(observed)] != observed:
        print(f"{name}, observed:", *got, "want", *observed, sep="\n  ")
        wrong += 1
    # "drop" ends the connection, too
    got = replayed(zonectl, where, name, SEGMENTS["as it is"](steps), "enforce", 'on_violation = "drop";')
    if got[:len(want)] != want:
        print(f"{name}, dropped:", *got, "want", *want, sep="\n  ")
        wrong += 1
    return wrong


def main():
    zonectl, where = sys.argv[1:3]
    wrong = sum(check(zonectl, where, name) for name in CASES)
    n = sum(len(steps) for _, steps in CASES.values())
    print(f"iec104: {len(CASES)} conversations, {n} APDUs, {len(SEGMENTS)} segmentations; {wrong} not as they must be")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
