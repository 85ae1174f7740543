#!/bin/bash
# SPDX-License-Identifier: MIT
# IEC 60870-5-104: our own capture of every type, and real ones where they are, as tshark reads them.
set -eu
command -v tshark >/dev/null || { echo "tshark is not installed: skipped"; exit 77; }
exec python3 -B "$top_srcdir/tests/pcap/iec104_tshark.py" "$top_builddir/zonectl" "$top_builddir/tests/pcap/iec104-read" \
	"$top_srcdir/../shared/traffic" "$top_srcdir/tests/pcap/iec104-differences.tsv"
