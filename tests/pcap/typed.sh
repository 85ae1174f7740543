#!/bin/bash
# SPDX-License-Identifier: MIT
# Typed values of Modbus (typed_values) in every type and order, as libmodbus and tshark read them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -B "$top_srcdir/tests/pcap/typed.py" "$top_builddir/zonectl" "$dir"
