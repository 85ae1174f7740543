#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""paste.py MODEL DIFF WIDE [NARROW]: paste the blocks of `zonectl learn --onto` into a model that `zonectl print` printed,
as a reader would: those that widen, and into NARROW those that narrow, too. Prints how many blocks widen, and all."""
import re
import sys


def blocks(diff):
    for m in re.finditer(r'^# ==== (.+)\n((?:(?!# ====).*\n)*)# ====\n', diff, re.M):
        head = re.sub(r'\n#  +', ' ', m[1])
        body = m[2]
        while re.match(r'#   \S', body):     # the rest of a long head
            head += ' ' + body.split('\n', 1)[0][4:]
            body = body.split('\n', 1)[1]
        yield re.sub(r' \([^()]*:\d+\)$', '', head), body


def block_of(model, begin, end):
    at = model.index(begin) + len(begin)
    return at, model.index(end, at - 1) + 1


def policy_of(model, name):
    return block_of(model, f'\n  {name} = {{\n', '\n  };\n')


def conduit_of(model, name):
    at = re.search(rf'\n    name = "{re.escape(name)}";\n    from = .*\n', model).end()
    return at, re.compile(r'\n  }').search(model, at).start() + 1


def write(model, part, body):
    for line in body.splitlines():
        key = re.match(r' *([a-z_]+) = ', line)
        if not key:
            continue
        for one in re.findall(r'[a-z_]+ = (?:"(?:[^"\\]|\\.)*"|[^";])*;', line):
            name = one.split(' ')[0]
            at, end = part(model)
            old = re.compile(rf'^    {name} = .*\n', re.M).search(model, at, end)
            line_of = f'    {one}\n'
            model = model[:old.start()] + line_of + model[old.end():] if old else model[:at] + line_of + model[at:]
    return model


def paste(model, head, body, name):
    if head.startswith('write in'):
        of = policy_of if ' policy ' in head else conduit_of
        return write(model, lambda m: of(m, name), body)
    if head == 'add to policies':
        _, end = block_of(model, '\npolicies = {\n', '\n};\n')
    else:
        _, end = block_of(model, f'\n{head.split()[-1]} = (\n', '\n);\n')
    return model[:end] + body + model[end:]


def paste_list(model, head, body, name):
    at, _ = (conduit_of if ' conduit ' in head else policy_of)(model, name)
    key = '    flows = (\n' if ' flows ' in head else '    allow = (\n'
    begin = model.index(key, at) + len(key)
    end = model.index('\n    );\n', begin - 1) + 1
    return model[:begin if head.startswith('to narrow') else end] + body + model[end:]


def pasted(model, diff, narrow):
    wanted = 0
    for head, body in blocks(diff):
        if head.startswith('to narrow') and not narrow:
            continue
        wanted += 1
        name = re.search(r' (?:conduit|policy) (\S+)$', head)
        if re.match(r'add to (flows|allow)|to narrow', head):
            model = paste_list(model, head, body, name[1])
        else:
            model = paste(model, head, body, name and name[1])
    return model, wanted


def main():
    model, diff = (open(path).read() for path in sys.argv[1:3])
    for narrow, path in enumerate(sys.argv[3:]):
        text, wanted = pasted(model, diff, narrow)
        open(path, 'w').write(text)
        print(wanted)


main()
