# SPDX-License-Identifier: MIT
"""Run by conduct.sh: conduct.py TOP ZONECTL FOLDER-OF-MANUAL-PAGES"""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP, ZONECTL, MAN = sys.argv[1:]
DOCS = ("doc/security.md", "doc/threat-model.md", "doc/hardening.md", "doc/disposal.md", "doc/development.md")
# 62443-4-1: practice, and how many it has
PRACTICES = {"SM": 13, "SR": 5, "SD": 4, "SI": 2, "SVV": 5, "DM": 6, "SUM": 5, "SG": 7}
FILES = re.compile(r"`((?:src|tests|doc|man|systemd|conf|rules|debian|\.ci)/[^`\s:]*|quickstart"
                   r"|\.clang-format|[A-Z]\w+\.md)(?::([^`]+))?`")
# Beside tests: sourced, run in a guest, started by hand, or run before any build
NO_TESTS = ("tests/debian/installed.sh", "tests/fuzz/soak.sh", "tests/check-tree", "tests/check-format")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def lists_of_tests():
    text = "".join(read(os.path.relpath(f, TOP)) for f in glob.glob(TOP + "/*/local.mk") + glob.glob(TOP + "/*/*/local.mk"))
    lines = re.findall(r"^\w*TESTS\s*\+?=(.*)$", text.replace("\\\n", " "), re.M)
    return set(" ".join(lines).split())


def wrong_names(text):
    """Files, words in them, tests that nobody runs."""
    out, run = [], lists_of_tests()
    for path, word in FILES.findall(text):
        if not os.path.exists(os.path.join(TOP, path)):
            out.append("there is no " + path)
        elif word and word not in read(path):
            out.append("%s does not stand in %s" % (word, path))
        elif path.startswith("tests/") and path.endswith((".sh", ".c")) and path not in NO_TESTS \
                and re.sub(r"\.c$", "", path) not in run:
            out.append("nobody runs " + path)
    return out


def wrong_pages(text):
    """Manual pages, and their sections in quotes behind or before them."""
    out = []
    for name, number in re.findall(r"\b(zone[a-z.-]*)\((\d)\)", text):
        if not os.path.exists("%s/%s.%s" % (MAN, name, number)):
            out.append("there is no %s(%s)" % (name, number))
    named = re.findall(r'(zone[a-z.-]*)\((\d)\), "([^"]+)"', text) + \
        [(b, c, a) for a, b, c in re.findall(r'"([^"]+)" in\s+(zone[a-z.-]*)\((\d)\)', text)]
    for name, number, section in named:
        with open("%s/%s.%s" % (MAN, name, number), encoding="utf-8") as f:
            heads = [h.replace("\\(dq", "").strip('"') for h in re.findall(r"^\.S[sh] (.*)$", f.read(), re.M)]
        if section not in heads:
            out.append('%s(%s) has no "%s"' % (name, number, section))
    return out


def wrong_commands(text):
    """Verbs of zonectl with their options, as their help has them."""
    out = []
    for verb, rest in re.findall(r"(?:[#$`] ?|`)zonectl ([a-z]+)([^`\n]*)", text):
        said = subprocess.run([ZONECTL, verb, "--help"], capture_output=True, text=True, timeout=10)
        if said.returncode:
            out.append("zonectl has no " + verb)
        out += ["zonectl %s has no %s" % (verb, o) for o in re.findall(r"(?<!\S)(-{1,2}[a-z]+)", rest)
                if not re.search(r"(?<![\w-])%s\b" % o, said.stdout)]
    return out


def wrong_models(text):
    """Parts of a model, with what they lack."""
    out = []
    for part in re.findall(r"^ +daemon = \{\n.*?^ +\};\n", text, re.M | re.S):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write(part + 'zones = ( { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; } );\n')
            f.flush()
            said = subprocess.run([ZONECTL, "check", f.name], capture_output=True, text=True, timeout=10)
        if said.returncode:
            out.append("not a good model: " + said.stderr)
    return out


def rows(text):
    return [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]


def wrong_mitigations(text):
    table = [r for r in rows(text) if re.fullmatch(r"M\d+", r[0])]
    out = ["mitigations are not numbered"] if [r[0] for r in table] != ["M%d" % (i + 1) for i in range(len(table))] else []
    out += [] if len(table) > 30 else ["few mitigations: %d" % len(table)]
    for r in table:
        if len(r) != 5 or "`" not in r[3] or not re.search(r"`tests/[^`]*\.(sh|c)", r[4]):
            out.append("%s: five columns, with a file and a test" % r[0])
    return out


def wrong_practices(text):
    table = [r for r in rows(text) if re.fullmatch(r"[A-Z]+-\d+", r[0])]
    want = ["%s-%d" % (p, i + 1) for p, n in PRACTICES.items() for i in range(n)]
    out = ["practices: " + " ".join(sorted(set(want) ^ {r[0] for r in table}))] if [r[0] for r in table] != want else []
    for r in table:
        state = re.match(r"(met|partly|open)(: .+)?$", r[3]) if len(r) == 4 else None
        if not state or (state[1] == "partly" and not state[2]):
            out.append(r[0] + ": met, open, or partly and what is missing")
        elif state[1] == "met" and r[2] == "-":
            out.append(r[0] + ": met by nothing")
    return out


def wrong_links(_):
    out = []
    lists = read("doc/local.mk") + read("Makefile.am")
    for doc in DOCS:
        out += [] if doc in lists else ["make dist leaves out " + doc]
        out += [] if doc in read("debian/zoned-doc.docs") else ["the package leaves out " + doc]
    return out


def all_wrong(texts):
    out = ["%s: %s" % (doc, w) for doc, text in texts.items()
           for check in (wrong_names, wrong_pages, wrong_commands, wrong_models) for w in check(text)]
    return out + wrong_mitigations(texts["doc/threat-model.md"]) + wrong_practices(texts["doc/development.md"]) + wrong_links(0)


def main():
    texts = {doc: read(doc) for doc in DOCS}
    found = all_wrong(texts)
    # what this finds, and so would find there
    for check, text, says in (
            (wrong_names, "`tests/unit/test-none.c`", "there is no"), (wrong_names, "`src/README:nonsense words`", "does not stand"),
            (wrong_names, "`tests/netns/lab.sh`", "nobody runs"), (wrong_pages, "zoned-none(5)", "there is no"),
            (wrong_pages, 'zoned(8), "No such section"', "has no"), (wrong_commands, "# zonectl nonsense", "has no"),
            (wrong_commands, "`zonectl check --nonsense`", "has no --nonsense"),
            (wrong_models, "    daemon = {\n    nonsense = 1;\n    };\n", "not a good model"),
            (wrong_mitigations, texts["doc/threat-model.md"].replace("| M7 |", "| M8 |"), "not numbered"),
            (wrong_practices, texts["doc/development.md"].replace("| SI-2 |", "| SI-3 |"), "SI-2"),
            (wrong_practices, re.sub(r"partly: [^|]*", "partly ", texts["doc/development.md"], count=1), "missing")):
        if says not in " ".join(check(text)):
            found.append("not found: %s in %r" % (says, text[:40]))
    names = sum(len(FILES.findall(t)) for t in texts.values())
    commands = sum(len(re.findall(r"[#$`] ?zonectl [a-z]", t)) for t in texts.values())
    if names < 150 or commands < 20:
        found.append("only %d names and %d commands were found" % (names, commands))
    print("\n".join("FAIL: " + w for w in found) if found else "ok: %d names, %d commands" % (names, commands))
    return 1 if found else 0


sys.exit(main())
