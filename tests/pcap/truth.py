#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare `zonectl replay --json` with truth tables, message by message, field by field.

usage: truth.py ZONECTL FOLDER DIFFERENCES
Every difference must stand in DIFFERENCES (capture, frame, column, why); a row
there that matches nothing is an error too. "*" in frame or column is any.
"""
import csv
import glob
import json
import os
import subprocess
import sys

FIELDS = {"dir": "dir", "mb_tid": "tid", "mb_pid": "pid", "mb_len": "len", "mb_unit": "unit",
          "mb_fc": "fc", "mb_exc": "exc", "mb_addr": "addr", "mb_qty": "qty", "mb_waddr": "waddr",
          "mb_wqty": "wqty", "mb_bytes": "bytes", "mb_sub": "sub"}
ENDS = {"frame": "frame", "src": "src", "sport": "sport", "dst": "dst", "dport": "dport"}


def ours(zonectl, path):
    args = [zonectl, "replay", "--json", "--port", "modbus:502", "--port", "modbus:1502", path]
    out = subprocess.run(args, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in out.stdout.splitlines()]


def adapt(m):
    row = {c: str(m.get(f, "")) for c, f in {**ENDS, **FIELDS}.items()}
    request = m["dir"] == "req"
    # truth writes the quantity only where the message has the field
    if m["fc"] in (5, 6, 22) or (m["fc"] == 24 and request):
        row["mb_qty"] = ""
    if m["fc"] == 23 and not request:
        row["mb_addr"] = row["mb_qty"] = ""
    return row


def truth(path):
    with open(path, newline="") as f:
        return [r for r in csv.DictReader(f, delimiter="\t") if r["proto"] == "modbus"]


def key(r):
    return (int(r["frame"]), r["src"], r["sport"], r["dst"], r["dport"], r["mb_tid"], r["mb_fc"])


def compare(name, want, got, allowed):
    bad = 0

    def differ(frame, column, text):
        nonlocal bad
        for a in allowed:
            if a["capture"] == name and a["frame"] in ("*", str(frame)) and a["column"] in ("*", column):
                a["used"] = True
                return
        bad += 1
        if bad <= 12:
            print(f"{name}: frame {frame}: {column}: {text}")

    left = {}
    for r in got:
        left.setdefault(key(r), []).append(r)
    for w in want:
        same = left.get(key(w))
        if not same:
            differ(w["frame"], "message", f"only in truth: tid {w['mb_tid']} fc {w['mb_fc']} {w['dir']} {w['flags']}")
            continue
        g = same.pop(0)
        for c in FIELDS:
            if w[c] != g[c]:
                differ(w["frame"], c, f"truth {w[c]!r}, ours {g[c]!r} (fc {w['mb_fc']} {w['dir']} {w['flags']})")
    for rest in left.values():
        for g in rest:
            differ(g["frame"], "message", f"only ours: tid {g['mb_tid']} fc {g['mb_fc']} {g['dir']}")
    return bad


def main():
    zonectl, folder, table = sys.argv[1:4]
    with open(table, newline="") as f:
        allowed = list(csv.DictReader((x for x in f if not x.startswith("#")), delimiter="\t"))
    passed = failed = messages = 0
    for path in sorted(glob.glob(os.path.join(folder, "modbus__*.pcap*"))):
        name = os.path.basename(path).rsplit(".", 1)[0]
        want = truth(os.path.join(folder, name + ".truth.tsv"))
        got = [adapt(m) for m in ours(zonectl, path)]
        messages += len(want)
        if compare(name, want, got, allowed):
            failed += 1
        else:
            passed += 1
    for a in allowed:
        if "used" not in a:
            print(f"{table}: no such difference any more: {a['capture']} {a['frame']} {a['column']}")
            failed += 1
    print(f"{messages} messages in truth")
    print(f"truth: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
