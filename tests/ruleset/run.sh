#!/bin/bash
# SPDX-License-Identifier: MIT
# The ruleset as nft(8) lists it: expected text per example, constant size,
# what a commit must not touch, and what a refused commit changes (nothing).
# UPDATE=1 writes the expected files anew.
set -u
here=${top_srcdir:-.}/tests/ruleset
tool=${top_builddir:-.}/tests/ruleset/commit-tool
export ZONED_RULES=${top_srcdir:-.}/rules
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
unshare -n true 2>/dev/null || { echo "SKIP: no network namespaces"; exit 77; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fails=0

check() {	# check WHAT COMMAND...
	local what=$1; shift
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok: $what"
	else
		echo "FAILED: $what"; head -20 "$tmp/log" | sed 's/^/    /'; fails=$((fails + 1))
	fi
}

in_ns() { unshare -n env PATH="$PATH" tool="$tool" tmp="$tmp" bash -c "set -e; $1"; }

# the native queue expression and the xt target are written differently, and elements are laid out as nft's version does
listing='nft -n list table inet zoned 2>/dev/null |
	sed "s/queue flags bypass to \([0-9-]*\)/queue num \1 bypass/; s/queue to /queue num /" | /usr/bin/python3 '"$here/layout.py"

# N conduits between 100 zones of 20 networks each
big() {
	awk -v n="$1" -v seed="${2:-0}" 'BEGIN {
		print "system = { name = \"big\"; };\nzones = (";
		for (z = 0; z < 100; z++) {
			printf "%s{ name = \"z%d\"; type = \"control\"; interfaces = [\"big%d\"]; networks = [", z ? "," : "", z, z;
			for (i = 0; i < 20; i++) printf "%s\"10.%d.%d.0/24\", \"fd00:%d:%d::/64\"", i ? "," : "", z, i * 2, z, i;
			print "]; sl_t = 1; }";
		}
		print ");\nconduits = (";
		for (c = 0; c < n; c++)
			printf "%s{ name = \"c%d\"; from = \"z%d\"; to = \"z%d\"; flows = ( { transport = \"tcp\"; ports = [ %d ]; } ); }\n",
				c ? "," : "", c, c % 99, 99, 1000 + int(c / 99) + seed;
		print ");";
	}'
}

# what of established connections the rules pass in one look and nobody inspects: mark, direction, in, out, counter
cat >"$tmp/express.py" <<'END'
import json, sys
sets = {}
for x in json.load(sys.stdin)["nftables"]:
    for kind in ("map", "set"):
        if kind in x:
            sets[x[kind]["name"]] = x[kind].get("elem", [])
def key(k):
    return k["elem"]["val"] if isinstance(k, dict) and "elem" in k else k
accepted = {key(k) for k, v in sets["actions"] if "accept" in v}
for k, v in sets["ways"]:
    mark, direction, way_in, way_out = key(k)["concat"]
    if mark in accepted:
        print(mark, {"original": 0, "reply": 1}.get(direction, direction), way_in, way_out, v)
for k in sets["ways-inside"]:
    for direction in 0, 1:
        mark, way_in, way_out = key(k)["concat"]
        print(mark, direction, way_in, way_out, "inside")
END

# --- the expected text of every example
for conf in "${top_srcdir:-.}"/conf/*.conf; do
	name=$(basename "$conf" .conf)
	if ! in_ns "\$tool commit '$conf' 1 >&2; $listing" >"$tmp/$name.nft" 2>"$tmp/err"; then
		echo "FAILED: commit $name"; cat "$tmp/err"; fails=$((fails + 1)); continue
	fi
	[ "${UPDATE:-}" = 1 ] && cp "$tmp/$name.nft" "$here/$name.nft"
	check "listing of $name" diff -u "$here/$name.nft" "$tmp/$name.nft"
	check "the in-kernel path's flows without inspection of $name are the rules'" in_ns "
		\$tool commit '$conf' 3; nft -j -n list table inet zoned | /usr/bin/python3 \$tmp/express.py | sort >\$tmp/rules
		\$tool plain '$conf' 3 | sort >\$tmp/plain; cat \$tmp/plain; [ -s \$tmp/plain ]; diff \$tmp/rules \$tmp/plain"
done

# --- a site that is only watched: no rule refuses anything
{ echo 'mode = "observe";'; sed 's/mode = "enforce";//' "${top_srcdir:-.}/conf/zoned.conf"; } >"$tmp/watched.conf"
in_ns "\$tool commit \$tmp/watched.conf 1 >&2; $listing" >"$tmp/watched.nft" 2>"$tmp/err" || cat "$tmp/err"
[ "${UPDATE:-}" = 1 ] && cp "$tmp/watched.nft" "$here/watched.nft"
check "listing of a site that is only watched" diff -u "$here/watched.nft" "$tmp/watched.nft"
check "no rule of it drops, resets, or waits for an inspector" bash -c "
	! sed 's/comment \".*\"//' '$tmp/watched.nft' | grep -nE 'drop|reject|queue num [0-9-]* *$' && grep -q 'policy accept' '$tmp/watched.nft'"
check "over a reload that enforces, and back: as if it had always been so" in_ns "
	\$tool commit \$tmp/watched.conf 1; \$tool commit '${top_srcdir:-.}/conf/zoned.conf' 2; $listing >\$tmp/enforced
	grep -q 'policy drop' \$tmp/enforced; \$tool commit \$tmp/watched.conf 3
	$listing >\$tmp/back
	! sed 's/comment \".*\"//' \$tmp/back | grep -nE 'drop|reject'; grep -q 'policy accept' \$tmp/back"

# --- what flows can say beside protocols and single ports
in_ns "\$tool commit '$here/gates.conf' 1 >&2; $listing" >"$tmp/gates.nft" 2>"$tmp/err" || cat "$tmp/err"
[ "${UPDATE:-}" = 1 ] && cp "$tmp/gates.nft" "$here/gates.nft"
check "listing of closed conduits" diff -u "$here/gates.nft" "$tmp/gates.nft"
in_ns "\$tool commit '$here/words.conf' 1 >&2; $listing" >"$tmp/words.nft" 2>"$tmp/err" || cat "$tmp/err"
[ "${UPDATE:-}" = 1 ] && cp "$tmp/words.nft" "$here/words.nft"
check "listing of ranges of ports" diff -u "$here/words.nft" "$tmp/words.nft"

# --- what conduits can join
in_ns "\$tool commit '$here/ends.conf' 1 >&2; $listing" >"$tmp/ends.nft" 2>"$tmp/err" || cat "$tmp/err"
[ "${UPDATE:-}" = 1 ] && cp "$tmp/ends.nft" "$here/ends.nft"
check "listing of lists of ends" diff -u "$here/ends.nft" "$tmp/ends.nft"
check "the in-kernel path's flows without inspection of these are the rules'" in_ns "
	\$tool commit '$here/ends.conf' 3; nft -j -n list table inet zoned | /usr/bin/python3 \$tmp/express.py | sort >\$tmp/rules
	\$tool plain '$here/ends.conf' 3 | sort >\$tmp/plain; [ -s \$tmp/plain ]; diff \$tmp/rules \$tmp/plain"

in_ns "\$tool commit '$here/assets.conf' 1 >&2; $listing" >"$tmp/assets.nft" 2>"$tmp/err" || cat "$tmp/err"
[ "${UPDATE:-}" = 1 ] && cp "$tmp/assets.nft" "$here/assets.nft"
check "listing of assets as ends" diff -u "$here/assets.nft" "$tmp/assets.nft"

# --- offload: the same text without the flowtable where the kernel has none
links='ip link add eth1 type veth peer name eth2'
in_ns "$links; \$tool commit '$here/offload.conf' 1 >&2; $listing" >"$tmp/offload.nft" 2>"$tmp/err" || cat "$tmp/err"
if "$tool" probe | grep -q '^flowtable present'; then
	[ "${UPDATE:-}" = 1 ] && cp "$tmp/offload.nft" "$here/offload.nft"
	cp "$here/offload.nft" "$tmp/want.nft"
	check "offload: a reload differs from a fresh commit in nothing, and what no conduit asks for goes" in_ns "
		$links; \$tool commit '$here/offload.conf' 1; \$tool commit '$here/offload.conf' 2; $listing >\$tmp/reloaded
		\$tool remove 0xffff0000; \$tool commit '$here/offload.conf' 2; $listing >\$tmp/fresh
		diff <(sed 's/\([a-z46]\)-b\b/\1/g' \$tmp/reloaded) \$tmp/fresh
		\$tool check '${top_srcdir:-.}/conf/zoned.conf' 3; nft list table inet zoned | grep -q flowtable
		\$tool commit '${top_srcdir:-.}/conf/zoned.conf' 3; ! nft list table inet zoned | grep -q flowtable"
else
	sed '/^\tflowtable/,/^$/d; /flow add @/d' "$here/offload.nft" >"$tmp/want.nft"
	# what is the same with and without it
	[ "${UPDATE:-}" = 1 ] && diff -u "$tmp/want.nft" "$tmp/offload.nft" | patch -s --no-backup-if-mismatch "$here/offload.nft" &&
		cp "$tmp/offload.nft" "$tmp/want.nft"
fi
check "listing of conduits with offload" diff -u "$tmp/want.nft" "$tmp/offload.nft"

# --- nft(8) can show each part alone: a name that is a word of its language it cannot
cat >"$tmp/parts.py" <<'END'
import json, sys
for x in json.load(sys.stdin)["nftables"]:
    for kind, o in x.items():
        if kind in ("chain", "map", "set", "counter", "flowtable"):
            print(kind, o["name"])
END
check "each part of the table can be listed by its name" in_ns "
	$links; \$tool commit '$here/offload.conf' 1; nft -j list table inet zoned | /usr/bin/python3 \$tmp/parts.py >\$tmp/parts
	grep -c . \$tmp/parts; grep -q '^chain known-flow' \$tmp/parts
	while read -r kind name; do nft list \$kind inet zoned \$name >\$tmp/part || { echo \$kind \$name; exit 1; }; done <\$tmp/parts"

# --- rules do not grow with the plant, and the largest plant is quick
count='nft -a list table inet zoned 2>/dev/null | awk "/^\tchain/ { c = 1 } /^\t}/ { c = 0 } c && /# handle/ { n++ } END { print n }"'
small=${top_srcdir:-.}/conf/example-small-cell.conf
big 2000 >"$tmp/big.conf"
big 10000 >"$tmp/huge.conf"
check "as many rules for 2,000 conduits as for a small cell" in_ns "
	\$tool commit '$small' 1; a=\$($count); \$tool commit \$tmp/big.conf 2; b=\$($count)
	echo \"\$a rules, then \$b\"; [ \"\$a\" -gt 30 ] && [ \"\$a\" = \"\$b\" ]"
limit=8	# twice as much with sanitizers, which alone take that
grep -q '^#define ZONED_SANITIZERS 1' "${top_builddir:-.}/config.h" && limit=16
check "10,000 conduits: every element there, first commit and reload within $limit s of processor time" in_ns "
	TIMEFORMAT='%U %S'; { time { \$tool commit \$tmp/huge.conf 1; \$tool commit \$tmp/huge.conf 2; } ; } 2>\$tmp/spent
	ms=\$(awk 'END { print int((\$1 + \$2) * 1000) }' \$tmp/spent); echo \"\$ms ms for both, with loading\"
	n=\$(nft list map inet zoned conduits-b 2>/dev/null | grep -c comment); echo \"\$n elements\"
	[ \$n = 10000 ] && [ \$ms -gt 0 ] && [ \$ms -lt ${limit}000 ]"

# --- foreign tables, and our table's life
foreign='table ip theirs { chain c { type filter hook forward priority 0; policy accept; counter; }; map m { type ipv4_addr : mark; elements = { 192.0.2.1 : 7 }; }; }
table inet zoned2 { set s { type inet_service; elements = { 1, 2 }; }; }'
check "foreign tables are untouched by commit, reload and remove" in_ns "
	nft '$foreign'; nft list ruleset >\$tmp/before
	\$tool commit '$small' 1; \$tool commit '$small' 2
	nft list table ip theirs >\$tmp/during; nft list table inet zoned2 >>\$tmp/during
	\$tool remove 0xffff0000; nft list ruleset >\$tmp/after
	diff \$tmp/before \$tmp/during; diff \$tmp/before \$tmp/after"
check "remove without a table is fine" in_ns "\$tool remove 0xffff0000"
check "reload differs from a fresh commit in nothing" in_ns "
	\$tool commit \$tmp/big.conf 1; \$tool commit '$small' 2; $listing | sed 's/\([a-z46]\)-b\b/\1/g' >\$tmp/reloaded
	\$tool remove 0xffff0000; \$tool commit '$small' 2; $listing >\$tmp/fresh
	diff <(grep -v counter \$tmp/fresh) <(grep -v counter \$tmp/reloaded)"
check "check changes nothing, and passes where commit would" in_ns "
	\$tool check '$small' 1; ! nft list table inet zoned
	\$tool commit '$small' 1; $listing >\$tmp/a; \$tool check \$tmp/big.conf 2; $listing >\$tmp/b; diff \$tmp/a \$tmp/b"
check "foreign chain in our way: replaced, as the boot ruleset is" in_ns "
	nft 'table inet zoned { chain forward { type filter hook forward priority -5; policy drop; ct state invalid drop; }; chain other { accept; }; }'
	\$tool commit '$small' 1; ! nft list chain inet zoned other; nft list chain inet zoned classify"

# --- refusals
check "a base chain on another hook is refused and left alone" in_ns "
	nft 'table inet zoned { chain forward { type filter hook output priority 7; policy accept; }; }'
	nft list ruleset >\$tmp/before
	! \$tool commit '$small' 1 2>\$tmp/err; cat \$tmp/err; grep -q 'the kernel refuses' \$tmp/err
	nft list ruleset >\$tmp/after; diff \$tmp/before \$tmp/after"
line=$(awk '/name = "maintenance"/ { f = 1 } f && /modbus-programming/ { print NR; exit }' "$small")
check "a refused element names the flow's line and changes nothing" in_ns "
	\$tool commit '$small' 1; nft list ruleset >\$tmp/before 2>&1
	! \$tool spoil '$small' maintenance 2>\$tmp/err; cat \$tmp/err
	grep -q '$small:$line: error: the kernel refuses actions: ' \$tmp/err
	nft list ruleset >\$tmp/after 2>&1; diff \$tmp/before \$tmp/after"
check "no way to queue is a clear error" in_ns "
	! \$tool commit '$small' 1 none 2>\$tmp/err; grep -q 'no way to queue' \$tmp/err; ! nft list table inet zoned"

[ $fails = 0 ]
