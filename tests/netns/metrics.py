#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What zoned exposes for collectors, read by the letter of the text format 0.0.4, and by another parser where there is
one; the numbers are those of zonectl counters.

usage: metrics.py TEXT COUNTERS OUTPUT      (OUTPUT: the name of an output, as its label must give it back)
"""
import json
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? ([0-9]+(?:\.[0-9]+)?)" % NAME)
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def labels_of(text):
    found, at = {}, 0
    while text and at < len(text):
        m = LABEL.match(text, at)
        assert m, "labels: %s" % text
        assert m[1] not in found, "twice: %s" % text
        found[m[1]] = re.sub(r'\\[\\"n]', lambda e: ESCAPES[e[0]], m[2])
        at = m.end()
        assert at == len(text) or text[at] == ",", "labels: %s" % text
        at += 1
    return found


def read(text):
    """{(name, labels): value}; AssertionError: it is not in the format."""
    assert text.endswith("\n")
    samples, types, helps, family = {}, {}, set(), None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family = re.fullmatch(r"# HELP (%s) (\S.*)" % NAME, line)[1]
            assert family not in helps, "a second HELP: " + line
            helps.add(family)
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(r"# TYPE (%s) (counter|gauge)" % NAME, line).groups()
            assert name == family and name not in types, "not behind its HELP: " + line
            types[name] = kind
        else:
            m = SAMPLE.fullmatch(line)
            assert m, "no sample: " + line
            assert m[1] == family and m[1] in types, "not of the family before it: " + line
            assert m[1].startswith("zoned_") and m[1].endswith("_total") == (types[m[1]] == "counter"), line
            key = m[1], tuple(sorted(labels_of(m[2]).items()))
            assert key not in samples, "twice: " + line
            samples[key] = float(m[3])
    return samples


def compare(samples, counters):
    names = {"message": "zoned_messages_total", "packet": "zoned_packets_total", "connection": "zoned_connection_events_total"}
    rows = {}
    for c in counters["counters"]:
        labels = {k: c[k] or "" for k in ("conduit", "direction", "verdict", "reason", "by")}
        rows[names[c["unit"]], tuple(sorted(labels.items()))] = c["count"]
    mine = {k: v for k, v in samples.items() if k[0] in names.values()}
    assert rows and mine == rows, set(mine.items()) ^ set(rows.items())


def second_opinion(text, samples):
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        return "no other parser here"
    theirs = {(s.name, tuple(sorted(s.labels.items()))): s.value
              for f in text_string_to_metric_families(text) for s in f.samples}
    assert theirs == samples, set(theirs.items()) ^ set(samples.items())
    return "as prometheus_client reads it"


def refuses(text):
    try:
        read(text)
    except (AssertionError, TypeError):
        return True
    return False


def main():
    with open(sys.argv[1], newline="") as f:
        text = f.read()
    with open(sys.argv[2]) as f:
        counters = json.load(f)
    samples = read(text)
    for spoiled in (text[:-1], text.replace("# TYPE", "#TYPE", 1), text.replace('conduit="', 'conduit="\\x', 1),
                    text + "zoned_messages_total 1\n", text.replace("# HELP zoned_generation ", "# HELP zoned_other ", 1)):
        assert refuses(spoiled), "this reader takes anything"
    compare(samples, counters)
    outputs = [dict(labels)["output"] for name, labels in samples if name == "zoned_output_written_total"]
    assert sys.argv[3] in outputs, outputs
    print("ok: %d samples, %s" % (len(samples), second_opinion(text, samples)))


main()
