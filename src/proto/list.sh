#!/bin/sh
# SPDX-License-Identifier: MIT
# list.sh FOLDER: the list of protocols (proto/protocols.h in the folder) for scripts, a line for each in its order:
# symbol and name.
set -eu
sed -n 's/^	P(\([A-Z0-9_]*\), *\([a-z0-9_]*\),.*/\1 \2/p' "$1/proto/protocols.h" | grep .
