#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A listing of nft(8) as all its versions would write it: the lines of elements, and some expressions, are
written differently by 1.0.6 (Debian 12) and 1.1.3 (Debian 13), for the same bytes in the kernel."""
import re
import sys

ELEMENTS = re.compile(r"^(\s*)elements = \{ (.*?) \}$", re.M | re.S)
ELEMENT = re.compile(r'((?:"[^"]*"|[^",])+)(?:,\s*|$)')
# 1.1.3 to 1.0.6
FLAGS = re.compile(r"tcp flags & \((0x[0-9a-f]+(?: \| 0x[0-9a-f]+)*)\) (==|!=) (0x[0-9a-f]+)")
MARK = re.compile(r"ct mark & 0xffff0000 == (0x[0-9a-f]{8})\b")
# a mask with a hole: the newer one shows a place without it, the older one the mask
HOLE = ("@th,5,7 0x0 ", "@th,0,8 & 0xf7 == 0x0 ")
# an address is of one family: the match of the family before it is shown or not
FAMILY = re.compile(r"^(\s*)meta nfproto (?:2|10) (?=.*\bip6? [sd]addr\b)", re.M)


def one_a_line(m):
    lines = [" ".join(element.split()) for element in ELEMENT.findall(m.group(2))]
    return "%selements = {\n%s }" % (m.group(1), ",\n".join(m.group(1) + "\t" + line for line in lines))


def flags(m):
    return "tcp flags %s%s / %s" % ("!= " if m.group(2) == "!=" else "", m.group(3), m.group(1).replace(" | ", ","))


text = ELEMENTS.sub(one_a_line, sys.stdin.read())
text = FLAGS.sub(flags, text)
text = MARK.sub(r"ct mark \1/16", text)
text = FAMILY.sub(r"\1", text).replace(*HOLE)
sys.stdout.write(text)
