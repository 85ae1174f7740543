# SPDX-License-Identifier: MIT
"""What zoned and zonectl are called with: the same in the program, in its usage line, and in the synopsis
and the text of its manual.

usage: options.py BUILD SOURCES MANUALS

The programs are asked: an option that they do not know ends in their usage (2), before anything is done.
zoned is always called with -n and an empty model, so that none starts.
"""
import functools
import os
import re
import string
import subprocess
import sys

import mdoc

USAGE = 2
NOWHERE = "/nonexistent/model"
VALUE = "modbus:502"            # one that both -m and --port take
VALUES = {"--from": "2026-11-27", "--to": "@1764274500", "--jobs": "2", "--filter": "tcp port 502", "--summary": os.devnull, "--unused": "7"}
# Lines of the manuals without which the check must fail: page, line, what is there instead.
NEEDED = (
    ("zoned.8", ".Op Fl u Ar user\n", ""), ("zoned.8", ".Op Fl dn\n", ".Op Fl dnx\n"),
    ("zoned.8", ".It Fl C Ar socket\n", ".It Fl C\n"), ("zoned.8", ".It Fl -flush\n", ".It Fl -remove\n"),
    ("zonectl.8", ".Op Fl -json\n", ""), ("zonectl.8", ".Op Fl m Ar model\n", ".Op Fl m\n"),
    ("zonectl.8", ".It Cm reasons Op", ".It Cm seasons Op"), ("zonectl.8", ".Op Fl -here\n", ".Op Fl -there\n"),
)
TRIED = ("check", "print", "replay", "reasons", "version")      # the others ask a running zoned, or the kernel
LITERAL = re.compile(r'"(--?[a-z][a-z-]*)"')


@functools.lru_cache(maxsize=None)
def run(*words):
    # no daemon is asked, whatever runs here
    return subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, "ZONED_CONTROL": NOWHERE, "LC_ALL": "C"})


def section(pages, page, name):
    return next(s for s in mdoc.sections_of(page, pages[page]) if s.name == name)


def of_synopsis(marked):
    """{option: has an argument} of the words of one call, as (where, macro, word); the argument is on its line."""
    options, last, line = {}, [], None
    for at, macro, word in marked:
        if macro == "Fl":
            last = ["-" + word] if word[0] == "-" else ["-" + letter for letter in word]
            options.update(dict.fromkeys(last, False))
            line = at
        elif macro == "Ar" and last and at == line:
            options[last[-1]] = True
    return options


def of_usage(text):
    """The same of a usage line: [-dn] [-C SOCKET] --flush"""
    options = {}
    for dashes, name, argument in re.findall(r"(?<![\w-])(--?)([A-Za-z][a-z-]*)( [A-Z:]+)?", text):
        for letter in [name] if dashes == "--" else name:
            options[dashes + letter] = bool(argument)
    return options


def literals(folder):
    found = set()
    for name in os.listdir(folder):
        if name.endswith(".c"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                found.update(LITERAL.findall(f.read()))
    return found


def compare(what, **sources):
    """Each must say the same."""
    names = list(sources)
    for a, b in zip(names, names[1:]):
        for key in sorted(set(sources[a]) ^ set(sources[b])):
            yield "%s: %s is in the %s only" % (what, key, (a if key in sources[a] else b).replace("_", " "))
        for key in sorted(set(sources[a]) & set(sources[b])):
            if sources[a][key] != sources[b][key]:
                yield "%s: %s has an argument in one of %s and %s" % (what, key, a, b)


def zoned_knows(zoned):
    options = {}
    for letter in string.ascii_letters + string.digits:
        told = run(zoned, "-n", "-f", os.devnull, "-" + letter).stderr
        if "invalid option" not in told:
            options["-" + letter] = "requires an argument" in told
    return options


def check_zoned(build, sources, pages):
    zoned = os.path.join(build, "zoned")
    usage = of_usage(run(zoned, "-n", "-f", os.devnull, "operand").stderr)
    long = {name: False for name in literals(os.path.join(sources, "daemon")) if name.startswith("--")}
    items = {}
    for item in section(pages, "zoned.8", "DESCRIPTION").lists[0].items:
        argument = [(item.at, m, w) for at, m, w in item.marked if m == "Ar" and at == item.at]
        items.update(of_synopsis([(item.at, "Fl", name) for name in item.names] + argument))
    yield from compare("zoned(8)", program={**zoned_knows(zoned), **long}, usage=usage,
                       synopsis=of_synopsis(section(pages, "zoned.8", "SYNOPSIS").marked), text=items)


def zonectl_knows(zonectl, verb, option):
    """None: it does not; else whether it has an argument."""
    bare = any(run(zonectl, verb, option, *more).returncode != USAGE for more in ((), (NOWHERE,)))
    return False if bare else True if run(zonectl, verb, option, VALUES.get(option, VALUE), NOWHERE).returncode != USAGE else None


def verbs_of_synopsis(marked):
    verbs, here = {}, []
    for where, macro, word in marked:
        if macro == "Cm" and word != "|":
            here = verbs.setdefault(word, [])
        elif macro != "Cm":
            here.append((where, macro, word))
    return {verb: of_synopsis(words) for verb, words in verbs.items()}


def check_zonectl(build, sources, pages):
    zonectl = os.path.join(build, "zonectl")
    told = re.findall(r"^  (\S+)  ", run(zonectl, "help").stdout, re.M)
    usage = {verb: of_usage(run(zonectl, "help", verb).stdout.split("\n")[0].split(verb, 1)[1]) for verb in told}
    synopsis = verbs_of_synopsis(section(pages, "zonectl.8", "SYNOPSIS").marked)
    items = {}
    tasks = mdoc.sections_of("zonectl.8", pages["zonectl.8"])
    for item in (i for task in tasks for found in task.lists for i in found.items if i.macro == "Cm"):
        told = {"-" + word for _, word in item.words("Fl")}
        items.update({verb: dict.fromkeys(told) for verb in item.names if verb != "|"})
    yield from compare("zonectl(8)", usage=dict.fromkeys(usage), synopsis=dict.fromkeys(synopsis),
                       text=dict.fromkeys(items))
    options = literals(os.path.join(sources, "zonectl")) - {"--help", "--version"}
    options |= {o for known in (usage, synopsis) for verb in known for o in known[verb]} | {"--no-such"}
    for verb in usage:
        yield from compare("zonectl(8) " + verb, usage=usage[verb], synopsis=synopsis.get(verb, {}))
        for option in set(synopsis.get(verb, {})) - set(items.get(verb, {})):
            yield "zonectl(8) %s: %s is not in the text" % (verb, option)
        if verb in TRIED:
            knows = {o: zonectl_knows(zonectl, verb, o) for o in options}
            yield from compare("zonectl(8) " + verb, usage=usage[verb],
                               program={o: knows[o] for o in options if knows[o] is not None})


def check(build, sources, pages):
    return list(check_zoned(build, sources, pages)) + list(check_zonectl(build, sources, pages))


def main():
    build, sources, manuals = sys.argv[1:]
    pages = {}
    for name in ("zoned.8", "zonectl.8"):
        with open(os.path.join(manuals, name), encoding="utf-8") as f:
            pages[name] = f.read()
    breaches = check(build, sources, pages)
    for page, line, other in () if breaches else NEEDED:
        if line not in pages[page] or not check(build, sources, {**pages, page: pages[page].replace(line, other, 1)}):
            breaches.append("%s could have %r for %r, and nothing told" % (page, other, line))
    print("\n".join(breaches) or "the options of zoned and zonectl are in their manuals")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
