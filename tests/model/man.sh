#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual says what the program does: the examples of zoned-model(5), zoned.conf(5) and zoned-peers(7) load,
# zoned-events(5) lists exactly the reasons of the table, pages are well formed. keys.sh has the keys and words
# of the model, options.py what the programs are called with.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
# A part of a model gets what it lacks: a list of flows its conduit, conduits zones and policies, policies a zone.
whole() {
	case $1 in
	flows*) whole "conduits = ( { name = \"c\"; from = \"a\"; to = \"b\";
$1
} );" ;;
	conduits*) printf '%s\n' 'zones = (' \
		'  { name = "a"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.1.0.0/24" ]; },' \
		'  { name = "b"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.2.0.0/24" ]; } );' \
		"$1" \
		'policies = {' '@include "modbus-read-only.conf"' '@include "dnp3-all.conf"' '};' ;;
	policies*) printf '%s\n' 'zones = ( { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; } );' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}
for page in zoned-model.5 zoned.conf.5 zoned-peers.7; do
	awk -v dir="$dir/$page" '/^\.Bd/ { n++; inside = 1; next } /^\.Ed/ { inside = 0 } inside { print >(dir "." n) }' \
		"$top_srcdir/man/$page"
	for example in "$dir/$page".*; do
		whole "$(cat "$example")" >"$dir/example.conf"
		"$ctl" check "$dir/example.conf"
	done
done
# the page groups them by protocol, the table appends
sed -n 's/^\.It Cm //p' "$top_srcdir/man/zoned-events.5" | sort >"$dir/man"
"$ctl" reasons | sed 's/ .*//' | sort >"$dir/table"
diff "$dir/table" "$dir/man"
python3 -B "$top_srcdir/tests/model/options.py" "$top_builddir" "$top_srcdir/src" "$top_srcdir/man"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$top_srcdir"/man/*.[578]
fi
