#!/bin/bash
# SPDX-License-Identifier: MIT
# Recordings with packets missing, in another order, or of one direction: followed, and nothing refused for that.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/gaps.py" "$top_builddir/zonectl" "$dir" "$top_srcdir/../shared"
