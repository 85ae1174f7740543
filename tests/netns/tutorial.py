# SPDX-License-Identifier: MIT
"""The commands of doc/tutorial.md, and whether what they printed is what the page promises.

usage: tutorial.py script PAGE           a bash script of the page's commands
       tutorial.py compare PAGE OUTPUT   what that printed

A command is an indented line that begins with "# " (and goes on to the end of its here-document); what it prints
follows, where "..." stands for any number of lines, or for the rest of one. Times, hashes, ports of clients and
counts are taken for equal, the folder of the plant and the number of blanks do not matter.
"""
import re
import sys

MARK = "@@ step "
ALIKE = (
    (r"/tmp/zoned-lab\.\w+/plant/", ""),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"(10\.10\.\d\.\d+):\d{5}\b", r"\1:PORT"),
    (r"frame \d+", "frame N"),
    (r"\b\d+ times?\b", "N times"),
    (r"refuses \d+ of \d+ messages", "refuses N of N messages"),
    (r"for \d+ min \d+ s", "for N"),
    (r"\s+", " "),
)


def steps_of(page):
    """[(command, lines it prints)], of indented lines."""
    steps, end = [], None
    for line in open(page, encoding="utf-8").read().split("\n"):
        inside = line.startswith("    ")
        text = line[4:]
        if end:
            steps[-1][0].append(text)
            end = None if text == end else end
        elif inside and text.startswith("# ") and not text.startswith("# What "):
            steps.append(([text[2:]], []))
            word = re.search(r"<<'(\w+)'", text)
            end = word.group(1) if word else None
        elif inside and steps:
            steps[-1][1].append(text)
    return [("\n".join(command), lines) for command, lines in steps]


def alike(line):
    for pattern, text in ALIKE:
        line = re.sub(pattern, text, line)
    return line.strip()


def same_line(promised, printed):
    promised, printed = alike(promised), alike(printed)
    if promised.endswith("..."):
        return printed.startswith(promised[:-3].strip())
    return promised == printed


def fits(promised, printed):
    """Whether all that was printed is promised, in this order."""
    places = {0}                        # how much of the printed lines is used, in each way to read the promise
    for line in promised:
        if line.strip() == "...":
            places = set(range(min(places), len(printed) + 1)) if places else places
        else:
            places = {at + 1 for at in places if at < len(printed) and same_line(line, printed[at])}
    return len(printed) in places


def script(page):
    for number, (command, _) in enumerate(steps_of(page)):
        print("printf '%s%%d\\n' %d" % (MARK, number))
        print("{\n%s\n} 2>&1 </dev/null" % command)
    print("echo '%send'" % MARK)


def compare(page, output):
    steps = steps_of(page)
    got = re.split("^%s(.*)\n" % MARK, open(output, encoding="utf-8").read(), flags=re.M)
    if len(steps) < 40 or got[1::2] != [str(n) for n in range(len(steps))] + ["end"]:
        sys.exit("FAIL: the page has %d commands, these were run: %s" % (len(steps), " ".join(got[1::2])))
    wrong = 0
    for (command, promised), printed in zip(steps, got[2::2]):
        if not fits(promised, printed.split("\n")[:-1]):
            wrong += 1
            print("FAIL: # %s\n--- %s has\n%s\n--- printed was\n%s" % (command, page, "\n".join(promised), printed))
    print("%d commands of the page, %d print something else" % (len(steps), wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    script(sys.argv[2]) if sys.argv[1] == "script" else compare(*sys.argv[2:])
