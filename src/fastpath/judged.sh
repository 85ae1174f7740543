#!/bin/sh
# SPDX-License-Identifier: MIT
# judged.sh FOLDER...: the part of the BPF program that knows protocols, for judged.bpf.h. Of the list in the first
# folder (proto/protocols.h) those protocols are judged in the kernel that have a proto/NAME/kernel.bpf.h in any.
set -eu
echo '/* Made by judged.sh of src/proto/protocols.h: the protocols that have a kernel.bpf.h. */'
rows=
for row in $(sed -n 's/^	P(\([A-Z0-9_]*\), *\([a-z0-9_]*\),.*/\1:\2/p' "$1/proto/protocols.h"); do
	for folder; do
		[ -e "$folder/proto/${row#*:}/kernel.bpf.h" ] || continue
		echo "#include \"proto/${row#*:}/kernel.bpf.h\""
		rows="$rows J(${row%:*}, ${row#*:})"
		break
	done
done
echo "#define JUDGED(J)$rows"
