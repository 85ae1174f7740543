#!/bin/bash
# SPDX-License-Identifier: MIT
# Real captures against their truth tables; skipped where the folder is not there.
set -eu
folder="$top_srcdir/../shared/traffic"
if [ ! -d "$folder" ]; then
	echo "no captures with truth at $folder: skipped"
	exit 77
fi
exec python3 -B "$top_srcdir/tests/pcap/truth.py" "$top_builddir/zonectl" "$folder" \
	"$top_srcdir/tests/pcap/differences.tsv" "$top_srcdir/tests/pcap/peers-known.txt"
