#!/bin/sh
# SPDX-License-Identifier: MIT
# judged.sh FOLDER...: the part of the BPF program that knows protocols, for judged.bpf.h. Of the list in the first
# folder (proto/protocols.h) those protocols are judged in the kernel that have a proto/NAME/kernel.bpf.h in any.
set -eu
list=$("$(dirname "$0")/../proto/list.sh" "$1")
echo '/* Made by judged.sh of src/proto/protocols.h: the protocols that have a kernel.bpf.h. */'
echo "$list" | {
	rows=
	while read -r symbol name; do
		for folder; do
			[ -e "$folder/proto/$name/kernel.bpf.h" ] || continue
			echo "#include \"proto/$name/kernel.bpf.h\""
			rows="$rows J($symbol, $name)"
			break
		done
	done
	echo "#define JUDGED(J)$rows"
}
