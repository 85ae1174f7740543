#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""explain.py ZONECTL TOP FOLDER"""
import ipaddress
import json
import os
import re
import subprocess
import sys

ZONECTL, TOP, DIR = sys.argv[1:]
sys.path.insert(0, os.path.join(TOP, "tests", "pcap"))
import dnp3_wire  # noqa: E402

MODEL = """system = { name = "plant"; };
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.1.0.0/24", "fd01::/64" ];
    assets = ( { name = "panel"; address = "10.1.0.5"; } ); },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.2.0.0/24", "fd02::/64" ];
    assets = ( { name = "plc"; address = "10.2.0.9"; } ); },
  { name = "safe"; type = "safety"; interfaces = [ "eth3" ]; networks = [ "10.3.0.0/24" ]; },
  { name = "office"; type = "enterprise"; interfaces = [ "eth4" ]; networks = [ "10.4.0.0/24" ]; }
);
conduits = (
  { name = "hmi-to-cell"; from = "hmi"; to = "cell";
    flows = ( { protocol = "modbus"; policy = "setpoints"; },
              { protocol = "dnp3"; policy = "outstation"; },
              { protocol = "iec104"; policy = "station"; },
              { protocol = "opcua"; policy = "server"; },
              { service = "ssh"; } ); },
  { name = "office-to-cell"; from = "office"; to = "cell";
    flows = ( { protocol = "modbus"; policy = "setpoints"; } ); }
);
policies = {
  setpoints = {
    protocol = "modbus";
    allow = (
      { functions = ( "read" ); units = "any"; addresses = "0-99"; mei = 14; files = "any"; },
      { functions = ( "write-single-register" ); units = 1; addresses = "0-10"; values = "0-1000"; }
    );
  };
  outstation = {
    protocol = "dnp3";
    allow = (
      { functions = ( "read" ); masters = 1; outstations = 10; objects = [ "1.*", "30.*", "60.*" ]; points = "0-20"; }
    );
  };
  station = {
    protocol = "iec104";
    allow = (
      { types = ( "C_IC_NA_1" ); common_addresses = 1; interrogations = 20; }
    );
  };
  server = {
    protocol = "opcua";
    security = "none"; security_policies = "any"; user_tokens = [ "anonymous" ]; opaque = "refuse";
    endpoint_urls = "any"; client_certificates = "any"; server_certificates = "any";
    allow = (
      { services = ( "session" ); },
      { services = ( "read" ); nodes = [ "ns=1;s=Level.*" ]; attributes = [ "value" ]; }
    );
  };
};
"""
MODEL_PATH, CHANGED = os.path.join(DIR, "plant.conf"), os.path.join(DIR, "changed.conf")
failed = 0
RECORDS = {True: 0, False: 0}


def ask(*words, model=MODEL_PATH, text=None):
    r = subprocess.run([ZONECTL, "explain", "--json", "-m", model, *words], input=text, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, encoding="utf-8")
    return (json.loads(r.stdout) if r.stdout else {}), r.stderr, r.returncode


def check(what, good, *shown):
    global failed
    failed += not good
    print("%s: %s" % ("ok" if good else "FAILED", what), *(() if good else shown))


def paste(text, change):
    """As the answer says: FILE[:LINE]: ... first in KEY."""
    for part in change["paste"]:
        m = re.fullmatch(r"(.*?)(?::(\d+))?: (?:.*, )?first in (\w+)", part["where"])
        lines = text.split("\n")
        at = int(m.group(2)) - 1 if m.group(2) else 0
        while not re.search(r"\b%s = [({]" % m.group(3), lines[at]):
            at += 1
        opening = re.search(r"\b%s = [({]" % m.group(3), lines[at]).end()
        lines[at] = lines[at][:opening] + "\n" + part["text"] + ("," if part["comma"] else "") + "\n" + lines[at][opening:]
        text = "\n".join(lines)
    return text


def capture(path, answer, port, before=()):
    """The message of the answer in a connection of its own, behind those that it needs."""
    client, server = (ipaddress.ip_address(answer[end]["address"]) for end in ("from", "to"))
    if client.version == 6:
        dnp3_wire.CLIENT6, dnp3_wire.SERVER6, kind = client.packed, server.packed, dnp3_wire.Tcp6
    else:
        dnp3_wire.CLIENT, dnp3_wire.SERVER, kind = client.packed, server.packed, dnp3_wire.Tcp
    talk = kind(answer["from"]["port"], port, acknowledges=True)
    packets = [talk.packet(not p["answer"], bytes.fromhex(p["octets"])) for p in before] + [talk.packet(True, bytes.fromhex(answer["octets"]))]
    dnp3_wire.write_pcap(path, talk.opening + packets)


def replayed(model, path):
    out = subprocess.run([ZONECTL, "replay", "-m", model, path], stdout=subprocess.PIPE, encoding="utf-8").stdout
    lines = [line for line in out.splitlines() if re.match(r"\d+ ", line)]
    return lines[-1].split()[1] if lines else "nothing: " + out


P = "10.1.0.5 -> 10.2.0.9 "
# question, verdict, reason, neighbours that stay refused with the change; None: no change is proposed
TABLE = [
    (P + "modbus read-holding-registers 0-9", "accept", "none", None),
    (P + "modbus read-holding-registers 90-109", "drop", "address-not-allowed", ["modbus read-holding-registers 90-110"]),
    (P + "modbus read-coils 98 count 4", "drop", "address-not-allowed", ["modbus read-discrete-inputs 98-101"]),
    (P + "modbus write-single-register 11 = 7", "drop", "address-not-allowed",
     ["modbus write-single-register 11 = 8", "modbus write-single-register 12 = 7", "modbus write-single-register 11 = 7 unit 2"]),
    (P + "modbus write-single-register 400012 = 7", "drop", "address-not-allowed", ["modbus write-single-register 12 = 7"]),
    (P + "modbus write-single-register 40012 = 7", "drop", "address-not-allowed", ["modbus write-single-register 11 = 7"]),
    (P + "modbus write-single-register 5 = 4711", "drop", "value-not-allowed", ["modbus write-single-register 5 = 4712"]),
    (P + "modbus write-single-register 5 = 7 unit 2", "drop", "unit-not-allowed", ["modbus write-single-register 5 = 7 unit 3"]),
    (P + "modbus write-single-coil 3 = 1", "drop", "function-not-allowed", ["modbus write-single-coil 3 = 0"]),
    (P + "modbus write-multiple-registers 100-102 = 1,2,9", "drop", "function-not-allowed",
     ["modbus write-multiple-registers 100-102 = 1,2,3", "modbus write-multiple-registers 100-103 = 1,2,9,9"]),
    (P + "modbus write-multiple-coils 0-9 = 1", "drop", "function-not-allowed", ["modbus write-multiple-coils 0-9 = 0"]),
    (P + "modbus mask-write-register 4 and 65280 or 1", "drop", "function-not-allowed", ["modbus mask-write-register 4 and 65281 or 2"]),
    (P + "modbus read-write-multiple-registers 0-1 write 5-6 = 1,2", "drop", "function-not-allowed",
     ["modbus read-write-multiple-registers 0-1 write 5-6 = 1,3"]),
    (P + "modbus diagnostics subfunction 1", "drop", "function-not-allowed", ["modbus diagnostics subfunction 4"]),
    (P + "modbus encapsulated-interface mei 14", "accept", "none", None),
    (P + "modbus report-server-id", "accept", "none", None),
    (P + "modbus read-fifo-queue 5", "accept", "none", None),
    ("[fd01::5]:4000 -> fd02::9 modbus write-single-register 11 = 7", "drop", "address-not-allowed", []),
    ("panel -> 10.3.0.4 modbus read-input-registers 5", "drop", "no-conduit", ["modbus read-input-registers 6"]),
    ("panel -> 10.3.0.4:1502 modbus write-single-register 5 = 5", "drop", "no-conduit", []),
    (P + "dnp3 read master 1 outstation 10 30.1 0-5", "accept", "none", None),
    (P + "dnp3 read master 1 outstation 10 60.1", "accept", "none", None),
    (P + "dnp3 read master 1 outstation 10 30.1 15-25", "drop", "point-not-allowed", ["dnp3 read master 1 outstation 10 30.1 14-25"]),
    (P + "dnp3 read master 1 outstation 11 30.1 0-5", "drop", "link-address-not-allowed", ["dnp3 read master 1 outstation 12 30.1 0-5"]),
    (P + "dnp3 read master 1 outstation 10 20.1 0-5", "drop", "object-not-allowed", ["dnp3 read master 1 outstation 10 20.2 0-5"]),
    (P + "dnp3 direct-operate master 1 outstation 10 12.1 5 latch-on", "drop", "function-not-allowed",
     ["dnp3 direct-operate master 1 outstation 10 12.1 5 latch-off", "dnp3 direct-operate master 1 outstation 10 12.1 6 latch-on"]),
    (P + "dnp3 direct-operate master 1 outstation 10 12.1 5 pulse-on trip count 2 on 500 off 100", "drop", "function-not-allowed",
     ["dnp3 direct-operate master 1 outstation 10 12.1 5 pulse-on trip count 3 on 500 off 100"]),
    (P + "dnp3 direct-operate master 1 outstation 10 41.3 7 = 20.5", "drop", "function-not-allowed",
     ["dnp3 direct-operate master 1 outstation 10 41.3 7 = 20.6"]),
    (P + "dnp3 cold-restart master 1 outstation 10", "drop", "function-not-allowed", ["dnp3 warm-restart master 1 outstation 10"]),
    (P + "iec104 C_IC_NA_1 ca 1", "accept", "none", None),
    (P + "iec104 C_IC_NA_1 ca 1 qualifier 21", "reset", "qualifier-not-allowed", ["iec104 C_IC_NA_1 ca 1 qualifier 22"]),
    (P + "iec104 C_IC_NA_1 ca 2", "reset", "common-address-not-allowed", ["iec104 C_IC_NA_1 ca 3"]),
    (P + "iec104 C_SC_NA_1 ca 1 ioa 5 = on", "reset", "type-not-allowed",
     ["iec104 C_SC_NA_1 ca 1 ioa 5 = off", "iec104 C_SC_NA_1 ca 1 ioa 6 = on"]),
    (P + "iec104 C_SC_NA_1 ca 1 ioa 5 = on select", "reset", "type-not-allowed", ["iec104 C_SC_NA_1 ca 1 ioa 5 = off select"]),
    (P + "iec104 C_DC_NA_1 ca 1 ioa 5 = off pulse 1 selected", "reset", "type-not-allowed", ["iec104 C_DC_NA_1 ca 1 ioa 5 = on pulse 1"]),
    (P + "iec104 C_SE_NC_1 ca 1 ioa 9 = 20.5", "reset", "type-not-allowed", ["iec104 C_SE_NC_1 ca 1 ioa 9 = 20.6"]),
    (P + "iec104 C_SE_NB_1 ca 1 ioa 9 = -7", "reset", "type-not-allowed", ["iec104 C_SE_NB_1 ca 1 ioa 9 = 7"]),
    (P + "iec104 C_BO_NA_1 ca 1 ioa 9 = 255", "reset", "type-not-allowed", ["iec104 C_BO_NA_1 ca 1 ioa 9 = 254"]),
    (P + "iec104 C_CS_NA_1 ca 1", "reset", "type-not-allowed", ["iec104 C_RP_NA_1 ca 1"]),
    (P + "opcua read ns=1;s=Level.1", "accept", "none", None),
    (P + "opcua read ns=1;s=Pump.1", "reset", "node-not-allowed", ["opcua read ns=1;s=Pump.2"]),
    (P + "opcua read ns=1;s=Level.1 attribute node-class", "reset", "attribute-not-allowed", ["opcua read ns=1;s=Level.2 attribute node-class"]),
    (P + "opcua write ns=1;s=Level.1 = 5", "reset", "service-not-allowed", ["opcua write ns=1;s=Level.2 = 5"]),
    (P + "opcua write ns=1;s=Level.1 = 0", "reset", "service-not-allowed", ["opcua write ns=2;s=Level.1 = 0"]),
    (P + "opcua call ns=1;s=Pump.1 ns=1;i=17", "reset", "service-not-allowed", ["opcua call ns=1;s=Pump.1 ns=1;i=18"]),
    (P + "opcua browse i=85", "reset", "service-not-allowed", ["opcua browse i=86"]),
    (P + "tcp 22", "accept", "none", None),
    (P + "ssh", "accept", "none", None),
    ("panel -> plc tcp 23", "drop", "no-conduit", ["tcp 24", "udp 23"]),
    ("panel -> plc ping", "drop", "no-conduit", ["tcp 7"]),
    ("panel -> plc udp 123", "drop", "no-conduit", ["udp 124"]),
    ("plc -> panel tcp 22", "drop", "no-conduit", ["tcp 23"]),
    ("panel -> 10.1.0.77 tcp 5555", "accept", "none", None),
    ("192.0.2.1 -> plc ssh", "drop", "unknown-zone", ["tcp 23", "modbus read-coils 1"]),
    ("panel -> 192.0.2.1 udp 53", "drop", "unknown-zone", ["udp 54"]),
    ("192.0.2.1 -> plc modbus read-coils 1", "drop", "unknown-zone", ["modbus read-coils 2", "modbus write-single-coil 1 = 1"]),
    ("192.0.2.1 -> 192.0.2.2 ssh", "drop", "unknown-zone", None),
]


def ends_of(question):
    return re.match(r"\S+ -> \S+ ", question).group()


def check_proposal(question, answer, neighbours):
    change = answer.get("change")
    check(question + ": a change is proposed", change is not None, answer)
    if not change:
        return
    with open(CHANGED, "w") as f:
        f.write(paste(MODEL, change))
    now, err, rc = ask(question, model=CHANGED)
    check(question + ": pasted, it is permitted", rc == 0 and now.get("verdict") in ("accept", "inspect"), err, now)
    for other in neighbours:
        before, after = ask(ends_of(question) + other), ask(ends_of(question) + other, model=CHANGED)
        check("  and not " + other, before[0].get("verdict") in ("drop", "reset") and after[0].get("verdict") in ("drop", "reset"), before, after)
    if "octets" in answer:
        path = os.path.join(DIR, "one.pcap")
        capture(path, now, answer["to"]["port"], now.get("before", []))
        got = replayed(CHANGED, path)
        was = replayed(MODEL_PATH, path) if answer["reason"] not in ("no-conduit", "unknown-zone") else "drop"
        check("  and a replay of it says so", got == "accept" and was in ("drop", "reset"), got, was)
        if answer["reason"] not in ("no-conduit", "unknown-zone"):
            check_record(path, answer)


def check_record(path, answer):
    """What replay says of it as a record; where the record has all of it, the same answer."""
    out = subprocess.run([ZONECTL, "replay", "-m", MODEL_PATH, "--json", path], stdout=subprocess.PIPE, encoding="utf-8").stdout
    record = [line for line in out.splitlines() if '"%s"' % answer["reason"] in line][-1]
    again, err, rc = ask(record)
    check("  and its record is answered", again.get("record", "").startswith(answer["reason"]), err, again, rc)
    whole = again.get("before") == answer["before"] and again.get("octets", "")[-8:] == answer["octets"][-8:]
    RECORDS[whole] += 1
    if whole:
        check("  with the same", again.get("reason") == answer["reason"] and again.get("change") == answer["change"], again, answer)


def check_table():
    for question, verdict, reason, neighbours in TABLE:
        answer, err, rc = ask(question)
        good = answer.get("verdict") == verdict and answer.get("reason") == reason and rc == (0 if verdict == "accept" else 5)
        check("%s: %s, %s" % (question, verdict, reason), good, err, answer, rc)
        if neighbours is not None:
            check_proposal(question, answer, neighbours)
        else:
            check("  and nothing is proposed", "change" not in answer, answer)


def check_details():
    answer = ask(P + "modbus write-single-register 400012 = 7")[0]
    check("both notations of an address", "protocol address 11 (from 0), in references 400012, of five digits 40012" in " ".join(answer["notes"]), answer)
    check("the entry that came nearest is first, with its place", answer["nearest"][0] == {
        "at": MODEL_PATH + ":25", "lacks": [{"key": "addresses", "has": "0-10", "wants": "11"}]}, answer["nearest"])
    check("conduit and policy with file and line", answer["conduit"].startswith("hmi-to-cell (%s:11)" % MODEL_PATH) and
          answer["policy"] == "setpoints (%s:21)" % MODEL_PATH, answer)
    check("the other conduit that would be widened", any("office-to-cell" in w for w in answer["change"]["widens"]), answer["change"])
    answer = ask("10.4.0.1 -> plc modbus write-single-register 11 = 7")[0]
    check("a write from outside is dangerous", "outside of control" in " ".join(answer["change"]["danger"]), answer)
    answer = ask("panel -> 10.3.0.4 modbus write-single-register 11 = 7")[0]
    check("a write to a safety zone is dangerous", "safety zone" in " ".join(answer["change"]["danger"]), answer)
    answer = ask("192.0.2.1 -> plc modbus write-single-coil 1 = 1")[0]
    check("a write from no zone is dangerous", "from a new zone, which is outside of control" in " ".join(answer["change"]["danger"]), answer)
    answer = ask("--in", "eth9", "192.0.2.1 -> plc ssh")[0]
    check("the zone has the interface", 'interfaces = [ "eth9" ]' in answer["change"]["paste"][0]["text"], answer)
    answer = ask("panel -> 10.3.0.4 modbus read-coils 1")[0]
    check("a read of one is not", answer["change"]["danger"] == [], answer)
    answer = ask("--in", "eth4", P + "modbus read-holding-registers 0-9")[0]
    check("a wrong interface", answer["reason"] == "wrong-interface" and "change" not in answer, answer)
    by_hex = ask("--hex", "0001 0000 0006 01 06 000b 0007", P + "modbus")[0]
    check("the same as octets", by_hex["reason"] == "address-not-allowed" and "change" in by_hex, by_hex)
    answer = ask("--hex", "0001 0001 0006 01 06 000b 0007", P + "modbus")[0]
    check("octets that are no message", answer["reason"] == "bad-protocol-identifier" and "change" not in answer, answer)


def check_capture():
    path = os.path.join(DIR, "talk.pcap")
    dnp3_wire.CLIENT, dnp3_wire.SERVER = bytes([10, 1, 0, 5]), bytes([10, 2, 0, 9])
    talk = dnp3_wire.Tcp(4000, 502, acknowledges=True)
    dnp3_wire.write_pcap(path, talk.opening + [talk.packet(True, bytes.fromhex(h)) for h in (
        "0001000000060103000a0002", "000200000006010600081388")])
    answer = ask("--frame", "5", path)[0]
    check("a frame of a capture", answer["reason"] == "value-not-allowed" and answer["change"]["paste"][0]["text"] ==
          '{ functions = ( "write-single-register" ); units = 1; addresses = 8; values = 5000; }', answer)
    check("another frame of it", ask("--frame", "4", path)[0]["verdict"] == "accept")
    check("a frame without a message", ask("--frame", "1", path)[0]["verdict"] == "none")
    check("a frame that is not there", "it has 5 frames" in ask("--frame", "6", path)[1])
    out = subprocess.run([ZONECTL, "replay", "-m", MODEL_PATH, "--json", path], stdout=subprocess.PIPE, encoding="ascii").stdout
    line = [o for o in out.splitlines() if "value-not-allowed" in o][0]
    for name, text in ("a JSON record", line), ("a record of syslog", "zoned[1]: write refused: " + " ".join(
            '%s=%s' % (k, '"%s"' % v if k == "rule" else v) for k, v in json.loads(line).items())):
        for how, answer in ("on the command line", ask(text)[0]), ("on standard input", ask(text=text + "\n")[0]):
            check("%s %s" % (name, how), answer.get("record", "").startswith("value-not-allowed") and
                  answer.get("reason") == "value-not-allowed" and "change" in answer, answer)
    answer = ask('{"reason":"no-conduit","src":"10.1.0.5","sport":4000,"dst":"10.2.0.9","dport":80,"proto":"tcp"}')[0]
    check("a record of a refused flow", answer["reason"] == "no-conduit" and "http" in answer["change"]["paste"][0]["text"], answer)


def check_ids():
    """A record by its id, from a file of records that is named, or from the model's own."""
    path, record, own = os.path.join(DIR, "events.json"), "0123456789ab-", os.path.join(DIR, "logs.conf")
    with open(path, "w") as f:
        for n, fields in enumerate(({"evidence": record + "3"}, {"dport": 23}, {"dport": 80}, {"dport": 81}), 1):
            event = {"id": record + str(n), "reason": "no-conduit", "src": "10.1.0.5", "sport": 4000, "dst": "10.2.0.9",
                     "dport": 22, "proto": "tcp"}
            f.write(json.dumps({**event, **fields}) + "\n")
    with open(own, "w") as f:
        f.write(MODEL + 'daemon = { json_log = "%s"; };\n' % path)
    for how, (answer, err, rc) in (("named", ask("--log", path, record + "3")), ("of the model", ask(record + "3", model=own))):
        check("a record by its id, " + how, rc == 5 and answer.get("to", {}).get("port") == 80 and "change" in answer, answer, err)
    for words, status, want in (((record + "3",), 1, "no daemon.json_log; name the file of records with --log"),
                                (("--log", path, record + "9"), 1, path + ": no record has the id " + record + "9"),
                                (("--log", path + "x", record + "3"), 1, "No such file"),
                                (("--log", path, "no-conduit"), 2, "usage:")):
        answer, err, rc = ask(*words)
        check("wrong: " + " ".join(words), rc == status and not answer and want in err, answer, err, rc)


def check_agreement():
    """A record's expected, came and rule are what explain says of it, for each protocol."""
    path, seen = os.path.join(DIR, "agree.pcap"), 0
    for question, key in (
            ("modbus write-single-register 8 = 1001", "values"), ("modbus read-holding-registers 95-104", "addresses"),
            ("modbus write-single-register 5 = 7 unit 2", "units"), ("modbus write-single-coil 5 = 1", None),
            ("dnp3 read master 1 outstation 10 30.1 15-25", "points"), ("dnp3 read master 1 outstation 10 20.1 0-5", "objects"),
            ("dnp3 cold-restart master 1 outstation 10", None), ("iec104 C_IC_NA_1 ca 1 qualifier 21", "interrogations"),
            ("iec104 C_IC_NA_1 ca 2", "common_addresses"),
            ("opcua read ns=2;s=Level.1 attribute value", "nodes"), ("opcua browse ns=1;s=Level.1", None),
            ("opcua write ns=1;s=Level.1 = 5", None)):
        answer, err, _ = ask(P + question)
        if "octets" not in answer or answer["verdict"] == "accept":
            check("agreement: " + question, False, answer, err)
            continue
        port = {"modbus": 502, "dnp3": 20000, "iec104": 2404, "opcua": 4840}[question.split()[0]]
        capture(path, answer, port, answer["before"])
        out = subprocess.run([ZONECTL, "replay", "-q", "-m", MODEL_PATH, "--json", path], stdout=subprocess.PIPE, encoding="ascii").stdout
        record = [o for o in map(json.loads, out.splitlines()) if o["reason"] != "none"][-1]
        again = ask(json.dumps(record))[0]
        nearest = again.get("nearest", [{}])[0]
        lacks = {x["key"]: x for x in nearest.get("lacks", [])}
        plain = re.sub(r" \([^)]*\)", "", record["expected"]).partition(" of ")[0]
        if key:
            good = record["rule"] == nearest.get("at") and key in lacks and plain == "%s %s" % (key, lacks[key]["has"]) and \
                re.sub(r" \(.*\)| of .*", "", record["came"]) == lacks[key]["wants"]
        else:    # no entry has the operation: each of what they have is expected
            good = "rule" not in record and all(
                x["has"].split(", ")[0] in record["expected"] and x["wants"] == record["came"]
                for n in again.get("nearest", []) for x in n["lacks"] if x["key"] in ("functions", "types", "services"))
        check("agreement: " + question, good and record["reason"] == again.get("reason"), record, again.get("nearest"))
        seen += 1
    check("records and explain agree of %d messages" % seen, seen == 12)


def check_errors():
    for question, *want in (
            ("panel -> plc modbus write-single-registr 1 = 7", 'word:5: error: there is no Modbus function "write-single-registr"; did you mean "write-single-register"?'),
            ("pannel -> plc modbuss read-coils 1", 'word:1: error: "pannel" is neither an address nor an asset of the model; did you mean "panel"?',
             'word:4: error: "modbuss" is neither an inspected protocol nor a service; did you mean "modbus"?'),
            ("panel -> plc modbus read-coils 9-1 unti 4", "word:6: error: \"9-1\" is reversed", "word:7: error: \"unti\" is no"),
            ("panel -> plc modbus write-single-register 5", "needs values"),
            ("panel -> plc modbus read-coils 1 = 1", "has no values"),
            ("panel -> plc modbus read-coils 400001", "is of table 4"),
            ("panel -> plc modbus write-single-coil 1 = 2", "a coil is 0 or 1"),
            ("panel -> fd02::9 ssh", "an IPv4 and an IPv6 address"),
            ("panel -> plc tcp 70000", "word:5: error: \"70000\" is none"),
            ("panel", "write FROM -> TO")):
        if question == "panel":
            question = "panel plc"
        answer, err, rc = ask(question)
        check("wrong: " + question, rc == 2 and not answer and all(w in err for w in want), err, rc)


def check_reasons():
    names = [line.split()[0] for line in subprocess.run([ZONECTL, "reasons"], stdout=subprocess.PIPE, encoding="ascii").stdout.splitlines()]
    bad = []
    for name in names:
        r = subprocess.run([ZONECTL, "explain", name], stdout=subprocess.PIPE, encoding="ascii")
        if r.returncode or not r.stdout.startswith("reason: %s: " % name) or "what to do: " not in r.stdout:
            bad.append(name)
    check("each of %d reasons has a sentence, and what to do" % len(names), len(names) > 100 and not bad, bad)
    r = subprocess.run([ZONECTL, "explain", "value-not-alowed"], stderr=subprocess.PIPE, encoding="ascii")
    check("a reason that there is not", r.returncode == 2 and 'did you mean "value-not-allowed"?' in r.stderr, r)


def check_manual():
    """The example of zonectl(8) is what it prints, with README.md's model."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        model = re.search(r"^    zones = \($.*?(?=^$)", f.read(), re.M | re.S).group()
    with open(os.path.join(DIR, "readme.conf"), "w") as f:
        f.write(model.replace("10.10.1.0", "10.1.0.0").replace("10.10.2.0", "10.2.0.0"))
    os.rename(os.path.join(DIR, "readme.conf"), os.path.join(DIR, "manual", "plant.conf"))
    with open(os.path.join(TOP, "man", "zonectl.8"), encoding="utf-8") as f:
        example = re.search(r"^\$ zonectl explain -m plant.conf \"(.*?)\"\n(.*?)^\.Ed", f.read(), re.M | re.S)
    question, want = " ".join(example.group(1).split()), example.group(2).split()
    r = subprocess.run([os.path.abspath(ZONECTL), "explain", "-m", "plant.conf", question], stdout=subprocess.PIPE,
                       encoding="utf-8", cwd=os.path.join(DIR, "manual"))
    check("the example of the manual", r.stdout.split() == want, r.stdout)


os.mkdir(os.path.join(DIR, "manual"))
with open(MODEL_PATH, "w") as model_file:
    model_file.write(MODEL)
check_table()
check_details()
check_capture()
check_ids()
check_agreement()
check_errors()
check_reasons()
check("records of %d messages have all of it, of %d not" % (RECORDS[True], RECORDS[False]), RECORDS[True] > 20 and RECORDS[False] < 10, RECORDS)
check_manual()
sys.exit(failed != 0)
