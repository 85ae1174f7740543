#!/bin/bash
# SPDX-License-Identifier: MIT
# OPC UA conversations made by hand, each in several segmentations.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -B "$top_srcdir/tests/pcap/opcua.py" "$top_builddir/tests/pcap/inline-gate" "$dir"
