# SPDX-License-Identifier: MIT
"""The structure of a manual page in mdoc(7): its subsections, the lists in them, the items of these and
what each marks up. As much of the language as man/ uses."""
import re

# What can stand inside a line, too. "No" and the like end the words of the macro before.
MACROS = set("Ap Ar Cm Dl Dq Dv Em Ev Fl Ic Li Nm No Ns Op Oo Oc Pa Pc Po Pq Ql Qq Sx Sy Ta Va Xr".split())
ESCAPES = {"(dq": '"', "(en": "-", "-": "-", "&": "", "e": "\\"}
PUNCTUATION = set(",.;:()")


class Part:
    """A subsection or an item: its text in one line, its marked words, the lists in it."""

    def __init__(self, at, name="", macro="", names=()):
        self.at, self.name, self.macro, self.names = at, name, macro, list(names)
        self.text, self.marked, self.lists = "", [], []

    def words(self, macro):
        """All words so marked, those of the lists inside included, as (where, word)."""
        return [(at, word) for at, m, word in self.marked if m == macro]


class List:
    """items, and the text that stands before them."""

    def __init__(self, before):
        self.before, self.items = before, []


def decoded(text):
    return re.sub(r"\\(\(..|.)", lambda m: ESCAPES.get(m.group(1), m.group(1)), text)


def split_line(line):
    """A macro line to (macro, word) pairs; the macro is "" for plain text."""
    if not line.startswith("."):
        return [("", decoded(line))]
    out, macro = [], ""
    for i, (quoted, bare) in enumerate(re.findall(r'"([^"]*)"|(\S+)', line[1:])):
        if i == 0 or bare in MACROS:
            macro = bare
        else:
            out.append((macro, decoded(quoted or bare)))
    return out


class Reader:
    def __init__(self):
        self.sections, self.open, self.lists, self.display = [], [], [], False

    def end_section(self):
        self.open, self.lists = [], []

    def begin_item(self, at, pairs):
        del self.open[len(self.lists):]
        first = [(m, w) for m, w in pairs if w not in PUNCTUATION]
        # behind .It stands the macro of the first words; in .It Va a , b all are of it
        macro = first[0][0] if first else ""
        item = Part(at, macro=macro, names=[w for m, w in first if m == macro])
        self.lists[-1].items.append(item)
        self.open.append(item)

    def add(self, at, pairs):
        for part in self.open:
            part.marked += [(at, m, w) for m, w in pairs if w not in PUNCTUATION]
            part.text += " " + " ".join(w for _, w in pairs)

    def line(self, at, line):
        if line.startswith((".Bd", ".Ed")):
            self.display = line.startswith(".Bd")
        elif self.display or line.startswith('.\\"'):
            pass
        elif line.startswith((".Ss ", ".Sh ")):
            self.end_section()
            self.sections.append(Part(at, name=line[4:], macro=line[1:3]))
            self.open = [self.sections[-1]]
        elif line.startswith(".Bl") and self.open:
            self.lists.append(List(self.open[-1].text.strip()))
            self.open[-1].lists.append(self.lists[-1])
        elif line.startswith(".El") and self.lists:
            self.lists.pop()
            del self.open[len(self.lists) + 1:]
        else:
            pairs = split_line(line)
            if line.startswith(".It") and self.lists:
                self.begin_item(at, pairs)
            self.add(at, pairs)


def sections_of(page, text):
    reader = Reader()
    for number, line in enumerate(text.splitlines(), 1):
        reader.line("%s:%d" % (page, number), line)
    return reader.sections
