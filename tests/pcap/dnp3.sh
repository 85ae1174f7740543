#!/bin/bash
# SPDX-License-Identifier: MIT
# DNP3 conversations under the shipped policies: what every message comes to.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/dnp3.py" "$top_builddir/tests/pcap/inline-gate" "$dir"
