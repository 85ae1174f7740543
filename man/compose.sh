#!/bin/sh
# SPDX-License-Identifier: MIT
# compose.sh PAGE SOURCES: the page, with what each protocol of the list says at each mark. Where PAGE has the line
#
#	.\" each protocol: PART
#
# proto/NAME/manual/PART.mdoc of every protocol comes, in the order of proto/protocols.h (SOURCES is the folder src).
# A part that is missing is an error.
set -eu
page=$1 src=$2
names=$("$(dirname "$0")/../src/proto/list.sh" "$src" | cut -d' ' -f2)
while IFS= read -r line; do
	case $line in
	'.\" each protocol: '*)
		for name in $names; do
			cat "$src/proto/$name/manual/${line##* }.mdoc"
		done ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$page"
