#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual says what the program does: the examples of zoned-model(5), zoned.conf(5) and zoned-peers(7) load,
# zoned-model(5) names every OPC UA service and what is tolerated of Modbus, zoned-events(5) lists exactly the reasons of the table, pages are well formed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
for page in zoned-model.5 zoned.conf.5 zoned-peers.7; do
	sed -n '/^\.Bd/,/^\.Ed/p' "$top_srcdir/man/$page" | grep -v '^\.' >"$dir/example.conf"
	"$ctl" check "$dir/example.conf"
done
sed -n 's/^\.It Cm //p' "$top_srcdir/man/zoned-events.5" >"$dir/man"
"$ctl" reasons | sed 's/ .*//' >"$dir/table"
diff "$dir/table" "$dir/man"
# every OPC UA service, class and security policy is named, but the two that are always permitted
sed -n 's/^\t{ *[0-9]*, *[0-9]*, "\([a-z0-9-]*\)", UA_[^C].*/\1/p; s/^\t{ "\([A-Z][a-z0-9A-Z_]*\)", .*/\1/p' \
	"$top_srcdir/src/proto/opcua/wire-table.c" >"$dir/words"
[ "$(wc -l <"$dir/words")" -gt 40 ]
while read -r word; do
	case $word in None | ECC_*) continue ;; esac
	grep -qE "(Cm|,|;) $word( |\$)" "$top_srcdir/man/zoned-model.5" || { echo "zoned-model(5) lacks $word"; exit 1; }
done <"$dir/words"
# and what a Modbus policy may tolerate: each name, and no other
sed -n '/mb_tolerances\[\] = {/,/^}/s/^\t{ "\([a-z0-9-]*\)",.*/\1/p' "$top_srcdir/src/proto/modbus/wire-tolerate.c" >"$dir/words"
sed -n '/^\.Ss Modbus policies/,/^\.Ss DNP3/s/^\.It Cm //p' "$top_srcdir/man/zoned-model.5" | diff "$dir/words" -
[ "$(wc -l <"$dir/words")" = 8 ]
# and every key that the grammar knows
cat "$top_srcdir"/src/model/parse.c "$top_srcdir"/src/model/polic*.c "$top_srcdir"/src/proto/*/words*.c | tr '\n' ' ' |
	grep -oE 'KEYS\([^;]*;|keys\[[A-Z_]*\] = \{[^}]*' | grep -oE '"[a-z_0-9]+"' | tr -d '"' | sort -u >"$dir/words"
[ "$(wc -l <"$dir/words")" -gt 80 ]
while read -r word; do
	grep -qE "^\.(It )?Va (.* )?$word( |\$)" "$top_srcdir"/man/zoned.conf.5 "$top_srcdir"/man/zoned-model.5 ||
		{ echo "no manual has the key $word"; exit 1; }
done <"$dir/words"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$top_srcdir"/man/*.[578]
fi
