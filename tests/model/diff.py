# SPDX-License-Identifier: MIT
"""zonectl diff never calls a widening a narrowing: pairs of models, each some changes away from the other, are asked the
same questions (explain: the rules, and the engine's decision). What the new one permits and the old one does not lies
in something that diff says opens: of the site, of a zone of one of the ends, or of the conduit or policy by which it passes.

usage: diff.py ZONECTL FOLDER [SEED [PAIRS]]
"""
import collections
import copy
import ipaddress
import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ZONECTL, FOLDER = sys.argv[1:3]
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 3
PAIRS = int(sys.argv[4]) if len(sys.argv) > 4 else 20
RANDOM = random.Random(SEED)
NETS = ["10.%d.%d.0/24" % (z, n) for z in (1, 2, 3) for n in (0, 1)] + ["10.1.0.128/25", "10.2.0.0/25", "10.2.0.0/23"]
INTERFACES = ["eth1", "eth2", "eth3", "eth4"]
RANGES = ['"any"', '"0-1000"', '"0-20"', '"5-20"', '"0-9"', '[ "0-4", "5-9" ]', "5"]
SERVICES = ["ssh", "https", "ping"]
ENTRIES = {     # of each protocol: the key, and what it may be
    "modbus": {"functions": ["[ 6 ]", "[ 3, 4, 6 ]", "[ 3, 6 ]", "[ 3 ]", "[ 6, 16 ]", "[ 16 ]", "[ 6, 16, 22 ]"],
               "units": ["1", '"any"', '"1-5"', "[ 1, 2 ]"], "addresses": RANGES, "values": RANGES + [""] * 5, "quantity": ["1", '"1-4"', '"1-2000"'],
               # nothing is written for ""
               "typed_values": [""] * 5 + ['( { registers = "%s"; type = "%s"; min = %s; max = %s; } )' % v for v in (
                   ("4-5", 'uint32"; word_order = "ABCD', 0, 10), ("4-5", 'uint32"; word_order = "ABCD', 0, 65536),
                   ("2-5", 'uint32"; word_order = "ABCD', 0, 10), ("3-6", 'uint32"; word_order = "ABCD', 0, 10),
                   ("4-5", 'uint32"; word_order = "CDAB', 0, 10), ("5-6", 'int16', -5, 5), ("5", 'int16', 0, '"any"'))]},
    "dnp3": {"functions": ['[ "read" ]', '[ "read", "direct-operate" ]', '[ "direct-operate" ]', '[ "write" ]', '[ "clear-restart" ]'],
             "masters": ["1", '"1-3"'], "outstations": ["10", '"10-11"', '"any"'],
             "objects": ['[ "12.1", "30.1" ]', '[ "30.1" ]', '[ "12.1" ]', '"any"', '[ "41.1", "30.*" ]'],
             "points": ['"any"', '"0-9"', "5", '[ "0-4", "5-9" ]'], "operations": ['[ "latch-on" ]', '[ "latch-on", "latch-off" ]', '"any"'],
             "trip_close": ['[ "nul" ]', '[ "nul", "close" ]', '"any"'], "count": ["1", '"1-5"'], "on_time": ['"any"', '"0-1000"'],
             "off_time": ['"any"'], "analog_values": ["( [ 0, 10 ] )", "( [ 5, 20 ] )", '"any"']},
    "iec104": {"types": ['[ "C_SC_NA_1" ]', '[ "C_SC_NA_1", "C_SE_NC_1" ]', '[ "C_SE_NC_1" ]', '[ "C_IC_NA_1" ]', '[ "C_SC_NA_1", "C_IC_NA_1" ]'],
               "common_addresses": ["1", '"1-2"', '"any"'], "object_addresses": ['"any"', '"1-9"', "5"], "states": ['[ "off", "on" ]', '[ "on" ]', '"any"'],
               "pulses": ['[ "none" ]', '[ "none", "short" ]', '"any"'], "select_before_operate": ['"direct"', '"require"'],
               "interrogations": ["20", '"20-36"', '"any"'], "float_values": ["( [ 0, 10 ] )", "( [ 5, 20 ] )", '"any"'], "bitstrings": ['"any"']},
    "opcua": {"services": ['[ "read" ]', '[ "read", "write" ]', '[ "write", "browse" ]', '[ "browse" ]'],
              "nodes": ['[ "ns=1;s=Plc.*" ]', '[ "ns=1;s=Plc.a" ]', '[ "ns=1" ]', '[ "ns=1;i=1-9" ]', '"any"'],
              "attributes": ['[ "value" ]', '"any"', '[ "value", "description" ]']},
}
HEADS = {
    "opcua": 'security = "none"; security_policies = "any"; endpoint_urls = "any"; client_certificates = "any"; '
             'server_certificates = "any"; user_tokens = [ "anonymous" ]; opaque = "refuse";'}
ENDS = ["10.1.0.5", "10.1.0.200", "10.1.1.5", "10.2.0.5", "10.2.0.200", "10.2.1.5", "10.3.0.5", "10.9.0.1"]
ASSETS = {"10.1.0.5": "h1", "10.2.0.5": "c1", "10.3.0.5": "o1"}
MESSAGES = {
    "modbus": ["read-holding-registers %d" % a for a in (1, 5, 9, 15)] + ["read-holding-registers 4-5", "read-holding-registers 5 unit 2"] +
              ["write-single-register %d = %d" % (a, v) for a in (5, 8, 10) for v in (5, 8, 15)] +
              ["write-multiple-registers %s" % w for w in ("4-5 = 0,8", "4-5 = 1,0", "4-5 = 8,0", "4-5 = 0,70", "3-4 = 0,0", "3-6 = 0,0,0,9",
                                                         "2-5 = 0,1,0,1", "5 = 3", "6 = 3", "8-9 = 3,30", "5-6 = 65533,0")] +
              ["mask-write-register 5 and 3 or 4"],
    "dnp3": ["read master %d outstation %d 30.1 %s" % (m, o, p) for m, o in ((1, 10), (1, 11), (3, 10)) for p in ("5", "4-5", "0-9")] +
            ["direct-operate master 1 outstation 10 12.1 %d %s" % (p, w) for p in (5, 20)
             for w in ("latch-on", "latch-off", "latch-on close", "latch-on count 3")] +
            ["direct-operate master 1 outstation 10 41.1 5 = %d" % v for v in (1, 7, 15)] + ["write master 1 outstation 10 80.1 7-7"],
    "iec104": ["C_SC_NA_1 ca %d ioa %d = %s" % (c, i, w) for c in (1, 2) for i in (5, 20) for w in ("on", "off", "on pulse 1", "on selected")] +
              ["C_SE_NC_1 ca 1 ioa 5 = %d" % v for v in (1, 7, 15)] + ["C_IC_NA_1 ca %d qualifier %d" % (c, q) for c in (1, 2) for q in (20, 21)],
    "opcua": ["%s ns=1;%s%s" % (s, n, " = 1" if s == "write" else "") for s in ("read", "write", "browse") for n in ("s=Plc.a", "s=Plc.b", "s=Other", "i=5", "i=50")] +
             ["read ns=1;s=Plc.a attribute description", "read ns=2;i=5"],
}


def entry(protocol):
    e = {key: RANDOM.choice(values) for key, values in ENTRIES[protocol].items()}
    return with_values(e)


def with_values(e):
    """One of the two must be there."""
    if e.get("values") == "" and not e.get("typed_values"):
        e["values"] = '"0-20"'
    return e


def text_of_entry(e):
    return "{ %s }" % " ".join("%s = %s;" % kv for kv in e.items() if kv[1])


def policy(protocol):
    return {"protocol": protocol, "allow": [entry(protocol) for _ in range(RANDOM.choice((1, 2, 2)))]}


def first_model():
    model = {"mode": "enforce", "zones": {}, "conduits": [], "policies": {p: policy(p) for p in ENTRIES}}
    for i, name in enumerate(("hmi", "cell", "office")):
        model["zones"][name] = {"networks": ["10.%d.0.0/24" % (i + 1)], "interfaces": [INTERFACES[i]], "parent": None}
    for ends in (("hmi", "cell"), ("office", "cell"), ("cell", "hmi")):
        model["conduits"].append({"name": "-".join(ends), "from": ends[:1], "to": ends[1:], "mode": "enforce", "fail": "closed", "limit": 0, "open": "always",
                                  "flows": [{"protocol": p} for p in sorted(ENTRIES)] +
                                           [{"service": RANDOM.choice(SERVICES)}]})
    return model


def listed(names):
    return ", ".join('"%s"' % n for n in names)


def assets_of(zone):
    """Of the addresses that are asked about, those that are in its networks have names."""
    if zone["networks"] == ["any"]:
        return ""
    nets = [ipaddress.ip_network(n) for n in zone["networks"]]
    found = ['{ name = "%s"; address = "%s"; }' % (name, a) for a, name in sorted(ASSETS.items()) if any(ipaddress.ip_address(a) in n for n in nets)]
    return " assets = ( %s );" % ", ".join(found) if found else ""


def text_of(model):
    zones = []
    for name, z in model["zones"].items():
        zones.append('{ name = "%s"; type = "control"; networks = [ %s ];%s%s }' % (
            name, ", ".join('"%s"' % n for n in z["networks"]), assets_of(z),
            " interfaces = [ %s ];" % ", ".join('"%s"' % i for i in z["interfaces"]) if z["interfaces"] else ""))
    conduits = []
    for c in model["conduits"]:
        flows = []
        for f in c["flows"]:
            flows.append('{ protocol = "%s"; policy = "p-%s"; }' % (f["protocol"], f["protocol"]) if "protocol" in f else
                         '{ service = "%s"; }' % f["service"])
        conduits.append('{ name = "%s"; from = ( %s ); to = ( %s ); mode = "%s"; fail = "%s"; open = "%s";%s%s flows = (\n  %s\n); }' % (
            c["name"], listed(c["from"]), listed(c["to"]), c["mode"], c["fail"], c["open"], ' fail_reason = "a test";' if c["fail"] == "open" else "",
            " max_requests_per_second = %d;" % c["limit"] if c["limit"] else "", ",\n  ".join(flows)))
    policies = []
    for name, p in model["policies"].items():
        allow = [text_of_entry(e) for e in p["allow"]]
        policies.append('p-%s = { protocol = "%s"; %s\n  allow = (\n%s\n  ); };' % (name, p["protocol"], HEADS.get(name, ""), ",\n".join(allow)))
    return 'zones = (\n%s\n);\nconduits = (\n%s\n);\npolicies = {\n%s\n};\n%s' % (
        ",\n".join(zones), ",\n".join(conduits), "\n".join(policies), 'mode = "observe";\n' if model["mode"] == "observe" else "")


def change_zone(m):
    z = m["zones"][RANDOM.choice(sorted(m["zones"]))]
    if RANDOM.random() < 0.2:
        z["networks"] = ["any"]
    elif RANDOM.random() < 0.5:
        z["networks"] = RANDOM.sample(NETS, RANDOM.choice((1, 2)))
    else:
        taken = [i for other in m["zones"].values() if other is not z for i in other["interfaces"]]
        z["interfaces"] = RANDOM.sample([i for i in INTERFACES if i not in taken], 1) * RANDOM.choice((0, 1))


def change_conduit(m):
    c = RANDOM.choice(m["conduits"])
    what = RANDOM.choice(("mode", "fail", "flow", "drop", "add", "limit", "ends", "open"))
    if what == "mode":
        c["mode"] = RANDOM.choice(("enforce", "observe"))
    elif what == "fail":
        c["fail"] = RANDOM.choice(("open", "closed"))
    elif what == "open":
        c["open"] = RANDOM.choice(("always", "on-grant"))
    elif what == "limit":
        c["limit"] = RANDOM.choice((0, 10, 20))
    elif what == "ends":
        zones = RANDOM.sample(sorted(m["zones"]), RANDOM.choice((2, 2, 3)))
        cut = RANDOM.randrange(1, len(zones))
        c["from"], c["to"] = zones[:cut], zones[cut:]
        for end in c["from"], c["to"]:
            if RANDOM.random() < 0.4:
                end[0] = "asset:" + RANDOM.choice(sorted(ASSETS.values()))
    elif what == "drop" and len(c["flows"]) > 1:
        c["flows"].pop(RANDOM.randrange(len(c["flows"])))
    else:
        c["flows"].append(RANDOM.choice([{"protocol": p} for p in ENTRIES] + [{"service": s} for s in SERVICES]))


def change_policy(m):
    protocol = RANDOM.choice(sorted(ENTRIES))
    allow = m["policies"][protocol]["allow"]
    what = RANDOM.random()
    if what < 0.2:
        allow.append(entry(protocol))
    elif what < 0.35 and len(allow) > 1:
        allow.pop(RANDOM.randrange(len(allow)))
    else:
        e = RANDOM.choice(allow)
        key = RANDOM.choice(sorted(e))
        e[key] = RANDOM.choice(ENTRIES[protocol][key])
        with_values(e)


def rename(m):
    m["conduits"][0]["name"] = RANDOM.choice(("hmi-cell", "other"))


def changed(model, site=False, zone=False):
    m = copy.deepcopy(model)
    if zone:
        change_zone(m)
    for _ in range(RANDOM.choice((1, 1, 2, 3))):
        RANDOM.choice((change_zone, change_conduit, change_conduit, change_policy, change_policy, change_policy, change_policy, rename))(m)
    if site or RANDOM.random() < 0.03:
        m["mode"] = "observe"
        for c in m["conduits"]:
            c["mode"] = "observe"
    return m


def zonectl(*words):
    return subprocess.run((ZONECTL,) + words, capture_output=True, text=True, check=False, timeout=30,
                          env={**os.environ, "ZONED_CONTROL": "/nonexistent"})


def good(model, name):
    """Its file, once it has errors no more: keys that an entry cannot have, or lacks, are what is left out or put in."""
    model, path = copy.deepcopy(model), os.path.join(FOLDER, name)
    for _ in range(12):
        text = text_of(model)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        said = zonectl("check", path)
        if said.returncode == 0:
            return path
        lines, wrong = text.split("\n"), False
        for error in said.stderr.splitlines():
            number = int(error.split(":")[1]) if error.split(":")[1].isdigit() else 0
            line = lines[number - 1].rstrip(",") if number else ""
            for p in model["policies"].values():
                for e in p["allow"]:
                    if line != text_of_entry(e):
                        continue
                    for key in [k for k in list(e)[1:] if '"%s"; remove it' % k in error or "%s says nothing" % k in error or "remove %s" % k in error or
                                error.split(": ", 2)[-1].startswith(k + " ") or ' "%s"' % k in error]:
                        del e[key]
                        with_values(e)
                        wrong = True
        if not wrong:
            return None
    return None


def ask(path, question):
    said = zonectl("explain", "--json", "-m", path, *question)
    if said.returncode not in (0, 5):
        return None
    answer = json.loads(said.stdout)
    answer["permitted"] = answer.get("verdict") in ("accept", "observed", "inspect")
    return answer


def lies_in(answer, findings):
    """The first thing that opens and has it."""
    zones = {answer[end].get("zone") for end in ("from", "to")}
    conduit, name = answer.get("conduit", "").split(" ")[0], answer.get("policy", "").split(" ")[0]
    for f in findings:
        if f["effect"] != "opens":
            continue
        if f["what"] == "site" or f["what"] == "zone" and f["name"] in zones or f["what"] == "conduit" and f["name"] == conduit or \
                f["what"] == "policy" and f["name"] == name and conduit in f["conduits"].split(", "):
            return f
    return None


def questions():
    for _ in range(8):
        ends = "%s -> %s " % tuple(RANDOM.sample(ENDS, 2)) if RANDOM.random() < 0.15 else \
            RANDOM.choice(("10.1.0.5 -> 10.2.0.5 ", "10.3.0.5 -> 10.2.0.5 ", "10.2.0.5 -> 10.1.0.5 "))
        for protocol in RANDOM.sample(sorted(MESSAGES), 2):
            yield [ends + protocol + " " + RANDOM.choice(MESSAGES[protocol])]
    for _ in range(3):
        ways = ["--in", RANDOM.choice(INTERFACES)] if RANDOM.random() < 0.5 else []
        ways += ["--out", RANDOM.choice(INTERFACES)] if RANDOM.random() < 0.5 else []
        yield ways + ["%s -> %s %s" % (*RANDOM.sample(ENDS, 2), RANDOM.choice(SERVICES))]


def check_direction(old, new, answers, counts):
    said = zonectl("diff", "--json", old, new)
    told = json.loads(said.stdout)
    opens = [f for f in told["findings"] if f["widens"]]
    want = 8 if opens else 7 if told["findings"] else 0
    if said.returncode != want or told["opens"] != len(opens):
        yield "diff %s %s ends with %d" % (old, new, said.returncode)
    for question, was, is_ in answers:
        if not (is_["permitted"] and not was["permitted"]):
            counts["kept"] += 1
            continue
        f = lies_in(is_, opens)
        if not f:
            yield "%s permits \"%s\", %s does not, and diff has: %s" % (new, " ".join(question), old, json.dumps(told["findings"], indent=1))
        else:
            counts[f["what"]] += 1


def check_pair(number, one, two, asked, counts):
    a, b = good(one, "%d-a.conf" % number), good(two, "%d-b.conf" % number)
    if not a or not b:
        return []
    counts["pairs"] += 1
    answers = []
    for question in asked:
        was, is_ = ask(a, question), ask(b, question)
        if was and is_:
            answers.append((question, was, is_))
            counts["permitted"] += was["permitted"]
    reverse = [(q, is_, was) for q, was, is_ in answers]
    return list(check_direction(a, b, answers, counts)) + list(check_direction(b, a, reverse, counts))


def main():
    counts, breaches, work = collections.Counter(), [], []
    for number in range(PAIRS):
        one = first_model()
        for _ in range(RANDOM.randrange(3)):
            one = changed(one)
        work.append((number, one, changed(one, number % 9 == 0, number % 4 == 1), list(questions())))
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda w: check_pair(*w, counts), work):
            breaches += found
    print("seed %d: %s" % (SEED, dict(counts)))
    print("\n".join(breaches))
    if min(counts[k] for k in ("conduit", "policy", "zone", "site")) < 1 or counts["permitted"] < PAIRS:
        breaches.append("too little was asked that differs")
        print(breaches[-1])
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
