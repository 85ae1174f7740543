#!/bin/bash
# SPDX-License-Identifier: MIT
# Captures as mirror ports, appliances and network cards with offloads make them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -B "$top_srcdir/tests/pcap/encapsulations.py" "$top_builddir/zonectl" "$dir" "$top_srcdir/../shared/cases"
