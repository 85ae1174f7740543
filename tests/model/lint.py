# SPDX-License-Identifier: MIT
"""The lints of zonectl check: for each a model that has it and nothing else, and the same model mended, which has none;
the rules of zonectl(8) are those of the table; the examples in conf/ have no warning; JSON has the fields it should.

usage: lint.py ZONECTL SOURCE MANUALS FOLDER
"""
import datetime
import glob
import json
import os
import re
import subprocess
import sys

import mdoc

ZONECTL, SOURCE, MANUALS, FOLDER = sys.argv[1:]
MODEL = """zones = (
  { name = "a"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.1.0.0/24" ]; },
  { name = "b"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.2.0.0/24" ]; }
);
conduits = (
  { name = "a-to-b"; from = "a"; to = "b"; flows = ( { protocol = "modbus"; policy = "p"; } ); }
);
policies = {
  p = { protocol = "modbus"; allow = ( { functions = [ 3 ]; units = 1; addresses = "0-99"; } ); };
};
"""
WRITES = ('functions = [ 3 ]; units = 1; addresses = "0-99";', 'functions = [ 3, 6 ]; units = 1; addresses = "0-99"; values = "any";')
SAFETY = ('name = "b"; type = "control"', 'name = "b"; type = "safety"')


def date_in(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days)).strftime("%Y-%m-%d")


def day_in(days):
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[datetime.date.fromisoformat(date_in(days)).weekday()]


# lint: what has it, as (old, new) texts in MODEL, and what mends it, as more of these
CASES = {
    "site-watched": ([("zones = (", 'mode = "observe";\nzones = (')], [('mode = "observe";\n', "")]),
    "old-name": ([("zones = (", "daemon = { max_flows = 128; };\nzones = (")], [("max_flows", "max_connections")]),
    "zone-without-interfaces": ([('interfaces = [ "eth1" ]; ', "")], [('type = "control"; networks', 'type = "control"; interfaces = [ "eth7" ]; networks')]),
    "outer-to-safety": ([SAFETY, ('name = "a"; type = "control"', 'name = "a"; type = "enterprise"')], [('"enterprise"', '"dmz"')]),
    "write-to-safety": ([SAFETY, WRITES], [('to = "b";', 'to = "b"; description = "operators acknowledge trips";')]),
    "ambiguous-ends": ([('networks = [ "10.1.0.0/24" ]; }', 'networks = [ "10.1.0.0/24" ]; assets = ( { name = "x"; address = "10.1.0.5"; } ); }'),
                        ('networks = [ "10.2.0.0/24" ]; }', 'networks = [ "10.2.0.0/24" ]; assets = ( { name = "y"; address = "10.2.0.5"; } ); }'),
                        ("conduits = (", 'conduits = (\n  { name = "c"; from = "asset:x"; to = "b"; flows = ( { service = "ssh"; } ); },\n'
                                         '  { name = "d"; from = "a"; to = "asset:y"; flows = ( { service = "ssh"; } ); },')],
                       [('"asset:y"; flows = ( { service = "ssh"; }', '"asset:y"; flows = ( { service = "ntp"; }')]),
    "observed-without-reason": ([('to = "b";', 'to = "b"; mode = "observe";')], [('mode = "observe";', 'mode = "observe"; description = "until the outage in May";')]),
    "key-without-effect": ([('{ protocol = "modbus"; policy = "p"; }', '{ service = "ssh"; }'), ('to = "b";', 'to = "b"; max_requests_per_second = 5;'),
                            ("policies = {\n", "policies = {}; x = {\n")], [("max_requests_per_second = 5;", "")]),
    "expired-conduit": ([('to = "b";', 'to = "b"; expires = "2020-12-31";')], [("2020-12-31", "2499-12-31")]),
    "never-open": ([('to = "b";', 'to = "b"; times = ( { days = "%s"; } ); expires = "%s";' % (day_in(4), date_in(1)))], [(date_in(1), date_in(9))]),
    "times-always": ([('to = "b";', 'to = "b"; times = ( { from = "06:00"; to = "14:00"; }, { from = "14:00"; to = "06:00"; } );')], [('to = "06:00"', 'to = "05:59"')]),
    "shadowed-entry": ([("allow = ( {", 'allow = ( { functions = [ 3, 4 ]; units = "1-5"; addresses = "0-200"; }, {')], [('"0-200"', '"50-200"')]),
    "unused-policy": ([("policies = {", 'policies = { @\n  q = { protocol = "modbus"; allow = ( { functions = [ 1 ]; units = 1; addresses = 1; } ); };'), ("@", "")],
                      [('policy = "p"; }', 'policy = "p"; }, { protocol = "modbus"; policy = "q"; ports = [ 503 ]; }')]),
    "zone-without-conduit": ([("zones = (", 'zones = (\n  { name = "c"; type = "dmz"; interfaces = [ "eth3" ]; networks = [ "10.3.0.0/24" ]; },')],
                             [("conduits = (", 'conduits = (\n  { name = "c-to-a"; from = "c"; to = "a"; flows = ( { service = "ntp"; } ); },')]),
}
# What only a running zoned knows: tests/netns/uses.sh
LIVE = {"wider-than-its-use"}
breaches = []


def check(path, *options):
    said = subprocess.run([ZONECTL, "check", *options, path], capture_output=True, text=True, check=False,
                          env={**os.environ, "ZONED_RULES": os.path.join(SOURCE, "rules")})
    return said.returncode, said.stdout, said.stderr


def found(text, name):
    """The findings, by rule; the exit statuses are looked at on the way."""
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    rc, out, err = check(path, "--json")
    answer = json.loads(out)
    strict = check(path, "--strict")
    if set(answer) != {"schema", "model", "good", "errors", "warnings", "notes", "findings"} or answer["schema"] != 1:
        breaches.append("%s: fields: %s" % (name, sorted(answer)))
    for x in answer["findings"]:
        if set(x) != {"severity", "rule", "file", "line", "column", "text", "todo"} or x["file"] != path:
            breaches.append("%s: fields: %s" % (name, x))
        if "%s:%d: %s: " % (path, x["line"], x["severity"]) not in strict[2] or "[%s]" % x["rule"] not in strict[2]:
            breaches.append("%s: the text has not %s: %s" % (name, x["rule"], strict[2]))
    if (rc, err) != (0, "") or not answer["good"] or strict[0] != (5 if answer["warnings"] else 0) or check(path)[0] != 0:
        breaches.append("%s: ends with %d, %d, %d: %s" % (name, rc, strict[0], check(path)[0], err))
    return [x["rule"] for x in answer["findings"]]


def changed(text, changes):
    for old, new in changes:
        if old not in text:
            breaches.append("%r is not in the model" % old)
        text = text.replace(old, new, 1)
    return text


def main():
    if found(MODEL, "clean.conf"):
        breaches.append("the clean model is not")
    for rule, (wrong, mended) in CASES.items():
        text = changed(MODEL, wrong)
        text = re.sub(r"policies = \{\}; x = \{.*", "", text, flags=re.S)
        got = found(text, rule + ".conf")
        if got != [rule]:
            breaches.append("%s: found %s" % (rule, got))
        got = found(changed(text, mended), rule + "-mended.conf")
        if got:
            breaches.append("%s: found when mended: %s" % (rule, got))
    with open(os.path.join(SOURCE, "src/lint/lint.c"), encoding="utf-8") as f:
        table = set(re.findall(r'^\t\{ "([a-z-]+)", LINT_', f.read(), re.M))
    with open(os.path.join(MANUALS, "zonectl.8"), encoding="utf-8") as f:
        page = set(re.findall(r"^\.It Li ([a-z-]+)$", f.read().split("The lints are:")[1].split(".El")[0], re.M))
    if not table == set(CASES) | LIVE == page:
        breaches.append("of the table: %s, of zonectl(8): %s, tried: %s" % (sorted(table), sorted(page), sorted(CASES)))
    for path in glob.glob(os.path.join(SOURCE, "conf", "*.conf")):
        rc, _, err = check(path, "--strict")
        if rc or err:
            breaches.append("%s: %d: %s" % (path, rc, err))
    path = os.path.join(FOLDER, "wrong.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("zones = 010;\nconduits = ( );\n")
    rc, out, _ = check(path, "--json")
    answer = json.loads(out)
    first = answer["findings"][0]
    if rc != 3 or answer["good"] or answer["errors"] != 1 or (first["rule"], first["line"], first["column"]) != ("syntax", 1, 9):
        breaches.append("errors as JSON: %d %s" % (rc, out))
    print("\n".join(breaches) or "%d lints, each alone" % len(CASES))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
