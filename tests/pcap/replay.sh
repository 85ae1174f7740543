#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl replay: what it says of a recording, how it is called, and how it ends.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/replay.py" "$top_builddir/zonectl" "$dir"
