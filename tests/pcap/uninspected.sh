#!/bin/bash
# SPDX-License-Identifier: MIT
# What no inspector sees, in a replay with a model: traffic inside a zone and of conduits without inspection is
# not reported, what nothing permits is, with the reason that the rules would give.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/uninspected.py" "$top_builddir/zonectl" "$dir"
