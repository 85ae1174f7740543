#!/bin/bash
# SPDX-License-Identifier: MIT
# What zoned-peers(7) says that becomes of real devices and stacks: conversations in their manner.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/peers.py" "$top_builddir/tests/pcap/inline-gate" "$top_builddir/man/zoned-peers.7" "$dir"
