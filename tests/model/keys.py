#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual has the keys of the model, and no others: each key that the parser knows is an entry of the
place where it may be written, with its bounds and each word that it takes; and each entry of the manual
is a key that the parser knows there.

usage: keys.py ZONECTL SOURCES MANUALS      (src/ and man/ of the tree)

Nothing of this is read out of the parser's text. The parser itself is asked: every word that a string or
a macro of the sources has, and every word that a manual marks, is written as a key in each place of a
model, and "zonectl check" says, with its line, which of them it does not know. Words that a key takes
are tried in the same way, or the error names all of them, as it names bounds of numbers; "zonectl print"
has the defaults that it prints. So the sources tell only what could be a key, and which places there are.

To add a place (a group of settings with keys of its own): a row of PLACES, and in SECTIONS or
INNER where the manual has it. A protocol needs no row: its section of zoned-model(5) begins with
"protocol is NAME", and the list of the entries of allow follows "An entry of allow has these keys:".
An entry may have its words in a table: a section of the same page, which it names by .Sx "NAME".
"""
import os
import re
import subprocess
import sys
import tempfile

import mdoc

# What the parser calls a place, and a model with one; @ is where the keys go.
PLACES = {
    "a model": "@",
    "system": "system = { @ };",
    "daemon": "daemon = { @ };",
    "roles": "daemon = { roles = { @ }; };",
    "evidence": "daemon = { evidence = { @ }; };",
    "an output": "daemon = { outputs = ( { @ } ); };",
    "an interface": "interfaces = ( { @ } );",
    "a zone": "zones = ( { @ } );",
    "an asset": "zones = ( { assets = ( { @ } ); } );",
    "a conduit": "conduits = ( { @ } );",
    "an entry of times": "conduits = ( { times = ( { @ } ); } );",
    "a flow": "conduits = ( { flows = ( { @ } ); } );",
    "an asset group": "asset_groups = ( { @ } );",
    "a service": "services = { s = { @ }; };",
    "a policy": "policies = { p = { PROTOCOL @ }; };",
    "a template": "templates = { t = { @ }; };",
    "a box": 'box = "b"; boxes = { b = { @ }; };',
    "a typed value": 'policies = { p = { protocol = "modbus"; allow = ( { typed_values = ( { @ } ); } ); }; };',
    "an allow entry": "policies = { p = { PROTOCOL allow = ( { @ } ); }; };",
}
# Where the manuals have them: a subsection, or the list inside an entry.
MODEL_PAGES = ("zoned.conf.5", "zoned-model.5")
SECTIONS = {"system": "system", "daemon": "daemon", "interfaces": "an interface", "zones": "a zone", "conduits": "a conduit", "services": "a service", "asset_groups": "an asset group", "templates": "a template", "boxes": "a box", "policies": "a policy",
            "Flows of a conduit": "a flow", "Limits of a conduit": "a conduit", "Remarks of an entry": "an allow entry",
            "Forwarding without rules": "a conduit", "Conduits that are not always open": "a conduit"}
INNER = {"assets": "an asset", "evidence": "evidence", "roles": "roles", "outputs": "an output", "times": "an entry of times", "typed_values": "a typed value"}
ENTRY = "An entry of allow has these keys:"
# A model with nothing that has a default.
BARE = """zones = ( { name = "zone-1"; type = "dmz"; networks = [ "10.1.0.0/24" ]; },
  { name = "zone-2"; type = "dmz"; networks = [ "10.2.0.0/24" ]; } );
conduits = ( { name = "conduit-1"; from = "zone-1"; to = "zone-2"; flows = ( { service = "ssh"; } ); } );
"""
OF_A_PROTOCOL = ("a policy", "an allow entry")
CHUNK = 180                     # lines asked at once: the parser says 200 errors
NO_WORD = "Q" * 30              # near to nothing, so that no error suggests another
UNKNOWN_KEY = re.compile(r'has no key "')
UNKNOWN_WORD = re.compile(r"is not known|there is no (?!zone |policy |asset |group )")   # those are the model's own names
ALL_OF_THEM = re.compile(r'; write (?:one of )?("[\w-]+"(?:(?:, | or )"[\w-]+")*)$')
BOUNDS = re.compile(r"(?:whole number from |is outside )(\d+)(?: to |-)(\d+)")
CALL = re.compile(r'\b(?:KEYS|known_keys)\s*\(\s*\w+\s*,\s*\w+\s*,\s*"([^"]+)"')
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# Where a word of the model can come from: a string, or what a macro makes one of.
STRING, MACRO = re.compile(r'"(?:\\.|[^"\\\n])*"'), re.compile(r"\b[A-Z][A-Z0-9_]*\([^()]*\)")
TRUTHS = {"true", "false"}      # no word of the grammar's, so no key
COMMON_WORDS = TRUTHS | {"any"}
# Va of the manuals that are not the model's: settings of the kernel.
KERNEL = re.compile(r"net\.[\w.-]+|bridge-nf-call-\w+|nf_conntrack_\w+")


class Parser:
    """The model's, by way of zonectl check."""

    def __init__(self, zonectl, folder):
        self.zonectl, self.path = zonectl, os.path.join(folder, "asked.conf")

    def say(self, verb):
        return subprocess.run([self.zonectl, verb], capture_output=True, text=True, check=True).stdout

    def defaults(self):
        """What a model that says nothing prints, of the daemon and of a conduit."""
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(BARE)
        text = subprocess.run([self.zonectl, "print", self.path], capture_output=True, text=True, check=True).stdout
        found = {}
        for what, end in (("daemon", "};"), ("conduits", "flows")):
            part = re.search(r"^%s = (.*?)^ *%s" % (what, end), text, re.M | re.S).group(1)
            for key, value in re.findall(r'(\w+) = "?([^";]+)"?;', part):
                found[("daemon" if what == "daemon" else "a conduit", None), key] = value
        return {k: v for k, v in found.items() if v not in BARE}

    def errors(self, text):
        """{line: [error, ...]}; None: there were too many."""
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)
        run = subprocess.run([self.zonectl, "check", self.path], capture_output=True, text=True, check=False)
        if run.returncode not in (0, 3) or "was not checked" in run.stderr:
            sys.exit("keys.py: no answer of use:\n%s%s" % (text[:2000], run.stderr[:2000]))
        if "more errors" in run.stderr:
            return None
        out = {}
        for line in run.stderr.splitlines():
            m = re.match(r"%s:(\d+): error: (.*)" % re.escape(self.path), line)
            if m:
                out.setdefault(int(m.group(1)), []).append(m.group(2))
        return out

    def ask(self, place, settings, before="", after=""):
        """The errors of each setting, which stands on a line of its own."""
        head, tail = PLACES[place[0]].replace("PROTOCOL", 'protocol = "%s";' % place[1]).split("@")
        first = (head + "\n" + before).count("\n") + 1
        errors = self.errors(head + "\n" + before + "\n".join(settings) + "\n" + after + tail + "\n")
        if errors is not None:
            return [errors.get(first + i, []) for i in range(len(settings))]
        half = len(settings) // 2
        return self.ask(place, settings[:half], before, after) + self.ask(place, settings[half:], before, after)

    def ask_all(self, place, settings, before="", after=""):
        for i in range(0, len(settings), CHUNK):
            yield from self.ask(place, settings[i:i + CHUNK], before, after)

    def ask_one(self, place, setting):
        """Of a group in a list some errors have its line, not the setting's, so both are on one."""
        in_list = "( { @" in PLACES[place[0]]
        return self.ask(place, ["}, { " + setting if in_list else setting])[0]


def keys_of(parser, place, candidates):
    """The protocol of a policy is written already; whoever asks for its keys knows that it is one."""
    own = {"protocol"} if place[0] == "a policy" else set()
    tried = sorted(candidates - own)
    answers = parser.ask_all(place, ["%s = 0;" % word for word in tried])
    return own | {word for word, errors in zip(tried, answers) if not any(map(UNKNOWN_KEY.search, errors))}


def words_of(parser, place, key, candidates):
    """The words that may be written for a key; empty when it takes no words, or any."""
    errors = [e for e in parser.ask_one(place, '%s = "%s";' % (key, NO_WORD)) if UNKNOWN_WORD.search(e)]
    if not errors:
        return set()
    all_of_them = ALL_OF_THEM.search(errors[0])
    if all_of_them:
        return set(re.findall(r'"([\w-]+)"', all_of_them.group(1)))
    tried = sorted(candidates - COMMON_WORDS) + [NO_WORD]
    if not any(map(UNKNOWN_WORD.search, parser.ask_one(place, '%s = [ "%s" ];' % (key, NO_WORD)))):
        in_groups = ['}, { %s = "%s";' % (key, word) for word in tried]
        answers = [[e for e in errors if UNKNOWN_WORD.search(e)] for errors in parser.ask_all(place, in_groups)]
    else:
        answers = parser.ask_all(place, ['"%s",' % word for word in tried], key + " = [\n", '"any" ];')
    words = {word for word, errors in zip(tried, answers) if not errors}
    if not words or NO_WORD in words:
        sys.exit("keys.py: no word of %s, or any, is known in %s: %s" % (key, name_of(place), errors[0]))
    return words


class Facts:
    """All that the parser knows: keys[place], and words, bounds and defaults of [place, key]."""

    def __init__(self, parser, candidates):
        self.keys, self.words, self.bounds = {}, {}, {}
        self.defaults = parser.defaults()
        # marked like words: reasons, what zonectl does, truths, what any list may hold
        self.other_words = COMMON_WORDS | set(re.findall(r"^(\S+)", parser.say("reasons"), re.M)) | set(
            re.findall(r"^  (\S+)  ", parser.say("help"), re.M))
        self.protocols = sorted(words_of(parser, ("a flow", None), "protocol", candidates))
        for what in PLACES:
            for protocol in self.protocols if what in OF_A_PROTOCOL else [None]:
                self.learn(parser, (what, protocol), candidates)

    def learn(self, parser, place, candidates):
        self.keys[place] = keys_of(parser, place, candidates)
        for key in self.keys[place]:
            words = set(self.protocols)
            if (place[0], key) != ("a policy", "protocol"):
                words = words_of(parser, place, key, candidates)
                more = 'transport = "tcp"; ' if key in ("port", "ports") else ""
                bounds = BOUNDS.search(" ".join(parser.ask_one(place, "%s%s = -1;" % (more, key))))
                self.bounds[place, key] = bounds and bounds.groups()
            self.words[place, key] = words

    def all_keys(self):
        return set().union(*self.keys.values())

    def all_words(self):
        return set().union(*self.words.values())


def candidates_of(folder):
    """Every word of the sources, which of them name places, too."""
    words, places = set(), set()
    for top, _, names in os.walk(folder):
        for name in names:
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(top, name), encoding="utf-8") as f:
                text = COMMENT.sub(" ", f.read())
            words.update(WORD.findall(" ".join(STRING.findall(text) + MACRO.findall(text))))
            places.update(CALL.findall(text))
    return words, places


# ---- the manuals ----


class Manuals:
    """Of the two pages that describe the model: entries[place][key] is a Part."""

    def __init__(self, pages):
        self.entries, self.breaches = {}, []
        self.sections = {page: mdoc.sections_of(page, text) for page, text in pages.items()}
        self.tables = {(page, s.name): s for page in MODEL_PAGES for s in self.sections[page] if s.macro == "Ss"}
        for page in MODEL_PAGES:
            for section in self.sections[page]:
                self.read_section(section)

    def read_section(self, section):
        protocol = re.match(r" protocol is (\w+)", section.text)
        if section.macro == "Ss" and re.fullmatch(r"[a-z_]+", section.name):
            self.add(("a model", None), section.name, section)
        for found in section.lists:
            place = (SECTIONS.get(section.name), None)
            if protocol:
                entry = found.before.endswith(ENTRY)
                place = ("an allow entry" if entry else "a policy", protocol.group(1))
            self.read_list(found, place)

    def read_list(self, found, place):
        for item in found.items:
            for key in item.names if item.macro == "Va" else []:
                self.add(place, key, item)
            for nested in item.lists:
                self.read_list(nested, (INNER.get(item.names[0]), None))

    def add(self, place, key, part):
        if key in self.entries.setdefault(place, {}):
            self.breaches.append("%s: %s is an entry of %s twice" % (part.at, key, name_of(place)))
        self.entries[place][key] = part

    def entry_of(self, place, key):
        """What every policy has stands in one section."""
        return self.entries.get(place, {}).get(key) or self.entries.get((place[0], None), {}).get(key)

    def parts_of(self, entry):
        """An entry, and the tables of its page that it names."""
        page = entry.at.partition(":")[0]
        return [entry] + [self.tables[page, name] for _, name in entry.words("Sx") if (page, name) in self.tables]

    def marked(self, macro, pages):
        for page in pages:
            for section in self.sections[page]:
                yield from section.words(macro)


def name_of(place):
    return (place[0] or "no place of the model") + (" of " + place[1] if place[1] else "")


def check_entry(facts, place, key, parts):
    entry = parts[0]
    of = "%s: the entry of %s, a key of %s," % (entry.at, key, name_of(place))
    words, marked = facts.words[place, key], {word for part in parts for _, word in part.words("Cm")}
    for word in sorted(words - marked):
        yield "%s lacks the word %s" % (of, word)
    lists = [nested for part in parts for nested in part.lists]
    for item in (item for nested in lists for item in nested.items if item.macro == "Cm"):
        for word in set(item.names) - words if words else ():
            yield "%s: %s is no word of %s" % (item.at, word, key)
    for number in facts.bounds.get((place, key)) or ():
        if not re.search(r"(?<![\w.])(%s|%#x)(?![\w])" % (number, int(number)), entry.text):
            yield "%s lacks the bound %s" % (of, number)
    default = facts.defaults.get((place, key))
    if default and not re.search(r"[Dd]efault\b[^.;]*\b%s\b|\b%s \(the default\)" % (default, default), entry.text):
        yield "%s lacks the default %s" % (of, default)


def check_keys(facts, manuals):
    yield from manuals.breaches
    for place, keys in facts.keys.items():
        for key in sorted(keys):
            entry = manuals.entry_of(place, key)
            if entry:
                yield from check_entry(facts, place, key, manuals.parts_of(entry))
            else:
                yield "no entry of a manual: %s, a key of %s" % (key, name_of(place))
    for place, entries in manuals.entries.items():
        known = [keys for p, keys in facts.keys.items() if p == place or (p[0], None) == place]
        for key, entry in entries.items():
            if not known or not all(key in keys for keys in known):
                yield "%s: %s is no key of %s" % (entry.at, key, name_of(place))


def check_mentions(facts, manuals):
    """What a manual marks as a key or a word anywhere is one."""
    keys = facts.all_keys() | {"daemon." + key for key in facts.keys["daemon", None]}
    for at, word in manuals.marked("Va", manuals.sections):
        if word not in keys and not KERNEL.fullmatch(word):
            yield "%s: %s is marked as a key and is none" % (at, word)
    words = facts.all_words() | facts.other_words
    for at, word in manuals.marked("Cm", MODEL_PAGES):
        if word.strip('"') not in words:
            yield "%s: %s is marked as a word and is none" % (at, word)


def check(facts, pages):
    manuals = Manuals(pages)
    return list(check_keys(facts, manuals)) + list(check_mentions(facts, manuals))


# ---- can the check fail? ----


def renamed(pages, parts, macro, word):
    """The pages, with that word of an entry and its tables changed wherever it is so marked there."""
    page = parts[0].at.partition(":")[0]
    lines = pages[page].splitlines(True)
    for at in {at for part in parts for at, w in part.words(macro) if w == word}:
        number = int(at.partition(":")[2]) - 1
        lines[number] = re.sub(r"(?<![\w-])%s(?![\w-])" % re.escape(word), "bogus", lines[number])
    return {**pages, page: "".join(lines)}


def check_check(facts, pages):
    """Each key, and a word of each list, missed when it is not there; and nothing else taken for it."""
    manuals = Manuals(pages)
    for place, entries in manuals.entries.items():
        for key, entry in entries.items():
            if entry.macro != "Va":
                continue
            found = "\n".join(check(facts, renamed(pages, [entry], "Va", key)))
            if "no entry of a manual: %s, a key of %s" % (key, name_of(place)) not in found or \
                    "bogus is no key" not in found:
                yield "%s: %s could be missing, and nothing told" % (entry.at, key)
    for (place, key), words in facts.words.items():
        for word in sorted(words)[:1]:
            parts = manuals.parts_of(manuals.entry_of(place, key))
            if not any("lacks the word " + word in x for x in check(facts, renamed(pages, parts, "Cm", word))):
                yield "%s: the word %s could be missing, and nothing told" % (parts[0].at, word)


def main():
    zonectl, sources, manuals = sys.argv[1:]
    pages = {}
    for name in os.listdir(manuals):
        if re.search(r"\.\d$", name):
            with open(os.path.join(manuals, name), encoding="utf-8") as f:
                pages[name] = f.read()
    candidates, places = candidates_of(sources)
    if places != set(PLACES):
        sys.exit("keys.py: not a place of the parser's, or not in PLACES: %s" % sorted(places ^ set(PLACES)))
    candidates |= {word for text in pages.values() for line in text.splitlines() if line.startswith(".")
                   for word in WORD.findall(line)}
    candidates = {word for word in candidates if word.lower() not in TRUTHS}
    with tempfile.TemporaryDirectory() as folder:
        facts = Facts(Parser(zonectl, folder), candidates)
    breaches = check(facts, pages) or list(check_check(facts, pages))
    print("\n".join(breaches) or "%d keys and %d words are in the manuals" % (
        sum(map(len, facts.keys.values())), sum(map(len, facts.words.values()))))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
