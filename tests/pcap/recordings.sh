#!/bin/bash
# SPDX-License-Identifier: MIT
# Recordings under a model: a refused message is reported, and the recording goes on.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
python3 -B "$top_srcdir/tests/pcap/recordings.py" "$top_builddir/zonectl" "$dir" "$top_srcdir/../shared"
