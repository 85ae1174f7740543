# SPDX-License-Identifier: MIT
"""The table of verbs of zonectl, as its help prints it: each verb and option has a text, the exit statuses are those
of zonectl(8), and each example runs and ends with a status that the verb has.

usage: verbs.py ZONECTL MANUALS FOLDER

FOLDER has the files that the examples name. Options and arguments are compared in options.py.
"""
import os
import re
import shlex
import subprocess
import sys

import mdoc

USAGE = 2
NOWHERE = "/nonexistent/control"        # no daemon is asked, whatever runs here


def run(zonectl, folder, *words):
    return subprocess.run((zonectl,) + words, cwd=folder, capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "ZONED_CONTROL": NOWHERE, "LC_ALL": "C"})


def parts_of(text):
    """{heading: lines} of the help of a verb, without the lines that continue one."""
    parts, here = {}, []
    for line in text.split("\n"):
        if re.match(r"^[a-z].*:", line):
            here = parts.setdefault(line.split(":")[0], [])
            here += [line.split(":", 1)[1].strip()] if line.split(":", 1)[1] else []
        elif re.match(r"^  \S", line):
            here.append(line.strip())
    return parts


def check_verb(zonectl, folder, verb, statuses):
    told = run(zonectl, folder, verb, "--help")
    same = run(zonectl, folder, "help", verb)
    if told.returncode or told.stderr or told.stdout != same.stdout:
        yield "%s --help is not help %s" % (verb, verb)
    parts = parts_of(told.stdout)
    own = {}
    for line in parts.get("exit status", []):
        number, _, when = line.partition("  ")
        own[int(number)] = when
    statuses.update(own)
    if not all(own.values()) or len(own) < 3:
        yield "%s: exit statuses without a text: %s" % (verb, own)
    for line in parts.get("options", []):
        if not re.match(r"^--?[a-z-]+( [A-Z][A-Za-z:,. ]*)?  +\S", line):
            yield "%s: this option has no text: %s" % (verb, line)
    if not parts.get("examples"):
        yield "%s has no example" % verb
    for line in parts.get("examples", []):
        words = shlex.split(line)
        got = run(zonectl, folder, *words[1:])
        if words[:2] != ["zonectl", verb] or got.returncode not in own or got.returncode == USAGE:
            yield "%s: ends with %d: %s" % (line, got.returncode, got.stderr)


def main():
    zonectl, manuals, folder = sys.argv[1:]
    verbs = re.findall(r"^  (\S+)  +\S", run(zonectl, folder, "help").stdout, re.M)
    breaches, statuses = [], {}
    for verb in verbs:
        breaches += check_verb(zonectl, folder, verb, statuses)
    with open(os.path.join(manuals, "zonectl.8"), encoding="utf-8") as f:
        page = mdoc.sections_of("zonectl.8", f.read())
    told = {int(i.name or i.names[0]) for i in next(s for s in page if s.name == "EXIT STATUS").lists[0].items}
    if told != set(statuses):
        breaches.append("exit statuses of zonectl(8): %s, of the table: %s" % (sorted(told), sorted(statuses)))
    for words, status, want in (((), USAGE, "usage:"), (("--help",), 0, "check"), (("--version",), 0, "jansson"),
                                (("chek",), USAGE, 'no verb "chek"'), (("help", "chek"), USAGE, "no verb"),
                                (("check", "--hier", "x"), USAGE, 'no option "--hier"'),
                                (("zones", "x", "--hier"), USAGE, 'no option "--hier"'),
                                (("diff", "x", "--json", "x", "--", "-y"), USAGE, "usage:"),
                                (("print", "plant.conf", "--help"), 0, "examples:"),
                                (("zones", "cell", "-m", "nothing.conf"), 9, "nothing.conf"),
                                (("counters", "--verdict", "dropped"), USAGE, "accept, drop, reset or observed"),
                                (("log", "--reason", "value"), USAGE, "zonectl reasons"),
                                (("grant", "x", "--for", "30m"), USAGE, "grant needs --for TIME and --reason TEXT"),
                                (("mode", "x", "observe"), USAGE, "mode needs --for TIME"),
                                (("mode", "x", "watch", "--for", "9"), USAGE, "observe, enforce or model"),
                                (("replay", "-m"), USAGE, 'missing behind "-m"'),
                                (("check", "--here", "--help"), 0, "examples:")):
        got = run(zonectl, folder, *words)
        if got.returncode != status or want not in got.stdout + got.stderr:
            breaches.append("zonectl %s: %d: %s" % (" ".join(words), got.returncode, got.stdout + got.stderr))
    if len(verbs) < 12:
        breaches.append("the help lists %s only" % verbs)
    print("\n".join(breaches) or "%d verbs are as their help says" % len(verbs))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
