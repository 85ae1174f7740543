#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare `zonectl replay --json` with truth tables, message by message, field by field.

usage: truth.py ZONECTL FOLDER DIFFERENCES PEERS-KNOWN
Every difference must stand in DIFFERENCES (capture, frame, column, truth, ours,
why), value by value; a row there that is not met is an error too. The same
table is then held against what other decoders say (FOLDER/peers); what they
expect and we do not meet must be exactly the lines of PEERS-KNOWN.
"""
import collections
import csv
import glob
import json
import os
import subprocess
import sys
import tempfile

import truth_dnp3
import truth_opcua

FIELDS = {"dir": "dir", "mb_tid": "tid", "mb_pid": "protocol_id", "mb_len": "length", "mb_unit": "unit",
          "mb_fc": "fc", "mb_exc": "exception", "mb_addr": "address", "mb_qty": "quantity",
          "mb_waddr": "write_address", "mb_wqty": "write_quantity", "mb_bytes": "byte_count", "mb_sub": "subfunction"}
DIRECTIONS = {"request": "req", "response": "resp"}
ENDS = {"frame": "frame", "src": "src", "sport": "sport", "dst": "dst", "dport": "dport"}


READ = 0, 6                 # all of it, or but for a part that no message can be found in


def ours(zonectl, path, proto, want):
    args = [zonectl, "replay", "--json"]
    for port in PROTOCOLS[proto].ports(want):
        args += ["--port", port]
    out = subprocess.run(args + [path], capture_output=True, text=True, check=False, timeout=120)
    if out.returncode not in READ:
        sys.exit(out.stderr)
    rows = []
    for m in map(json.loads, out.stdout.splitlines()):
        if m["record"] != "message":        # where a connection is picked up
            continue
        row = {c: str(m.get(f, "")) for c, f in ENDS.items()}
        row.update(l4=m["transport"], proto=m["proto"], kind=m.get("kind", "app"), time=m["time"],
                   dir=DIRECTIONS[m["dir"]])
        rows.append({**row, **PROTOCOLS[proto].adapt(m)})
    return rows


def ports(_):
    return ["modbus:502", "modbus:1502"]


def sub_text(m):
    """What the tables have in one column."""
    if "subfunction" in m:
        return "diag=%d" % m["subfunction"]
    if "and_mask" in m:
        return "and=%d,or=%d" % (m["and_mask"], m["or_mask"])
    more = ",devid=%d,obj=%d" % (m["device_id_code"], m["object_id"]) if "object_id" in m else ""
    return "mei=%d%s" % (m["mei"], more) if "mei" in m else ""


def adapt(m):
    row = {c: str(m.get(f, "")) for c, f in FIELDS.items() if c != "dir"}
    request = m["dir"] == "request"
    # where the quantity is 0 there is no last address, only where it would begin
    row["mb_addr"] = row["mb_addr"].split("-")[0] or str(m.get("start", ""))
    row["mb_waddr"] = row["mb_waddr"].split("-")[0] or str(m.get("write_start", ""))
    row["mb_sub"] = sub_text(m)
    # truth writes the quantity only where the message has the field
    if m["fc"] in (5, 6, 22) or (m["fc"] == 24 and request):
        row["mb_qty"] = ""
    if m["fc"] == 23 and not request:
        row["mb_addr"] = row["mb_qty"] = ""
    return row


def truth(path, proto):
    with open(path, newline="") as f:
        table = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return table.fieldnames, [r for r in table if r["proto"] == proto]


def key(r):
    return (int(r["frame"]), r["src"], r["sport"], r["dst"], r["dport"], r["mb_tid"], r["mb_fc"])


def summary(r):
    if r["kind"] != "app":
        return f"{r['kind']} {r['flags']}"
    return f"app {r['dir']} tid={r['mb_tid']} fc={r['mb_fc']}"


class Modbus:
    """What a protocol brings; the others are modules."""
    FIELDS, ports, adapt, key, summary = FIELDS, ports, adapt, key, summary


PROTOCOLS = {"modbus": Modbus, "dnp3": truth_dnp3, "opcua": truth_opcua}


def differences(name, proto, want, got):
    """(capture, frame, column, truth, ours), one per difference."""
    key, summary = proto.key, proto.summary
    left, found = {}, []
    for r in got:
        left.setdefault(key(r), []).append(r)
    for w in want:
        same = left.get(key(w))
        if not same:
            found.append((name, w["frame"], "message", summary(w), ""))
            continue
        g = same.pop(0)
        found += [(name, w["frame"], c, w[c], g[c]) for c in proto.FIELDS if w[c] != g[c]]
    for rest in left.values():
        found += [(name, g["frame"], "message", "", summary(g)) for g in rest]
    return found


def allowed_rows(path):
    with open(path, newline="") as f:
        rows = list(csv.DictReader((x for x in f if not x.startswith("#")), delimiter="\t"))
    if any(not r["why"] for r in rows):
        sys.exit(f"{path}: a row without a reason")
    return collections.Counter(tuple(r[c] for c in ("capture", "frame", "column", "truth", "ours")) for r in rows)


def peers(tables, folder, known):
    """Other decoders' expectations; returns how many are not as expected."""
    tool = os.path.join(folder, "tools", "peercheck.py")
    if not os.path.exists(tool):
        print("no peercheck.py beside the captures: other decoders' expectations not checked")
        return 0
    with tempfile.TemporaryDirectory() as d:
        for name, (columns, rows) in tables.items():
            with open(os.path.join(d, name + ".truth.tsv"), "w") as f:
                lines = [columns] + [[r.get(c, "") for c in columns] for r in rows]
                f.writelines("\t".join(x) + "\n" for x in lines)
        out = subprocess.run([sys.executable, tool, "-v", d, os.path.join(folder, "peers")],
                             capture_output=True, text=True, timeout=120).stdout
    print(out, end="")
    with open(known) as f:
        want = {x.rstrip("\n") for x in f if not x.startswith("#")}
    miss = {x for x in out.splitlines() if x.startswith("MISS")}
    for x in miss ^ want:
        print(f"{known}: {'not listed' if x in miss else 'is met now'}: {x}")
    # a tool that checked nothing must not pass for one that found nothing
    return len(miss ^ want) + any(p not in out for p in PROTOCOLS)


def main():
    zonectl, folder, table, known = sys.argv[1:5]
    allowed = allowed_rows(table)
    passed = failed = messages = 0
    tables = {}
    for path in sorted(glob.glob(os.path.join(folder, "*__*.pcap*"))):
        name = os.path.basename(path).rsplit(".", 1)[0]
        proto = name.split("__")[0]
        if proto not in PROTOCOLS:
            continue
        columns, want = truth(os.path.join(folder, name + ".truth.tsv"), proto)
        got = ours(zonectl, path, proto, want)
        tables[name] = (columns, got)
        messages += len(want)
        found = collections.Counter(differences(name, PROTOCOLS[proto], want, got))
        for d in list((found - allowed).elements())[:12]:
            print(f"{name}: frame {d[1]}: {d[2]}: truth {d[3]!r}, ours {d[4]!r}")
        failed += bool(found - allowed)
        passed += not found - allowed
        allowed -= found
    for d in allowed.elements():
        print(f"{table}: no such difference any more: {d}")
        failed += 1
    failed += peers(tables, folder, known)
    print(f"{messages} messages in truth")
    print(f"truth: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
