#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl selftest --probes: packets through a copy of the ruleset; a rule that is missing, or one too many, is found;
# what is in force, and the interfaces that are there, are not touched.
set -eu
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
[ -c /dev/net/tun ] && unshare -n true 2>/dev/null || { echo "SKIP: no network namespaces or no /dev/net/tun"; exit 77; }
command -v nft >/dev/null || { echo "SKIP: needs nft"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL=/nonexistent
ctl="$top_builddir/zonectl" broken="$top_builddir/tests/netns/selftest-broken"
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# In a name space of the test's own: another table, an interface with a name of the model, and they stay as they are.
# shellcheck disable=SC2016
unshare -n env PATH="$PATH" ctl="$ctl" dir="$dir" conf="$top_srcdir/conf/zoned.conf" bash -c '
	set -e
	nft add table inet theirs; ip link add eth1 type veth peer name eth9; ip link set eth9 up; ip link set eth1 up; ip addr add 10.10.1.1/24 dev eth1
	{ nft list ruleset; ip addr; ip route show table all; } >"$dir/before"
	"$ctl" selftest --probes --json "$conf" >"$dir/out"
	{ nft list ruleset; ip addr; ip route show table all; } >"$dir/after"' || fail "probes: $(cat "$dir/out")"
cmp "$dir/before" "$dir/after" || fail "something was touched"
python3 -B - "$dir/out" <<'END' || fail "what was probed: $(cat "$dir/out")"
import json, sys
o = json.load(open(sys.argv[1]))
assert o["good"] and o["probed"] and o["messages"] == 0
what = {(s["what"], s["expected"].split(",")[0]) for s in o["samples"]}
assert ("permitted", "permitted") in what, what		# for an inspector
assert ("permitted", "passes") in what, what		# ping
assert ("another port", "dropped") in what and ("no conduit", "dropped") in what, what
assert any(s["expected"] == "dropped, counted as wrong-interface" for s in o["samples"])
assert any(s["expected"] == "dropped, counted as unknown-zone" for s in o["samples"])
END
for f in "$top_srcdir"/conf/example-*.conf "$top_srcdir"/tests/ruleset/words.conf "$top_srcdir"/tests/ruleset/reach.conf; do
	"$ctl" selftest --probes "$f" >"$dir/out" || fail "$f: $(cat "$dir/out")"
done

# An asset that is bound to its MAC address has it, and no other one.
cat >"$dir/bound.conf" <<'END'
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ];
    assets = ( { name = "hmi-1"; address = "10.10.1.10"; mac = "00:00:5e:00:53:01"; bind = true; } ); },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
);
conduits = ( { name = "to-cell"; from = "asset:hmi-1"; to = "cell"; flows = ( { service = "ssh"; } ); } );
END
for mode in enforce observe; do
	sed "1i mode = \"$mode\";" "$dir/bound.conf" >"$dir/bound-$mode.conf"
	"$ctl" selftest --probes --json "$dir/bound-$mode.conf" >"$dir/out" || fail "a bound asset, $mode: $(cat "$dir/out")"
	grep -q '"what": *"another MAC address"' "$dir/out" || fail "another MAC address was not tried"
done

# gone CHAIN TEXT: the command that takes the first such rule away
gone() { echo "nft -a list chain inet zoned $1 | awk '/$2/ && /# handle/ { print \$NF; exit }' | xargs nft delete rule inet zoned $1 handle"; }
try() {
	local got=0
	BREAK_RULES=$2 "$broken" selftest --probes "${3:-$top_srcdir/conf/zoned.conf}" >"$dir/out" 2>&1 || got=$?
	[ "$got" = 5 ] && grep -q '^FAILED: probes, ' "$dir/out" || fail "$1: not found ($got): $(cat "$dir/out")"
}
"$broken" selftest --probes "$top_srcdir/conf/zoned.conf" >"$dir/out" || fail "with no fault: $(cat "$dir/out")"
try "no anti-spoofing" "$(gone forward 'jump source')"
try "no addresses of zones at the way in" "$(gone source '@paths return')"
try "no conduit" "nft flush map inet zoned conduits"
try "all is open" "nft insert rule inet zoned forward accept"
try "nothing is for inspectors" "nft insert rule inet zoned inspect-closed accept"
try "any MAC address" "$(gone forward bound)" "$dir/bound-enforce.conf"
try "ping is closed" "nft flush map inet zoned conduits-icmp"

# Without rights it says so; messages go without them.
if command -v setpriv >/dev/null; then
	got=0
	setpriv --reuid 65534 --clear-groups "$ctl" selftest "$top_srcdir/conf/zoned.conf" >"$dir/out" 2>&1 || got=$?
	[ "$got" = 0 ] && grep -q '^not tested: packets through the ruleset: .*needs root' "$dir/out" || fail "without root ($got): $(cat "$dir/out")"
	got=0
	setpriv --reuid 65534 --clear-groups "$ctl" selftest --probes "$top_srcdir/conf/zoned.conf" >"$dir/out" 2>&1 || got=$?
	[ "$got" = 1 ] || fail "without root, --probes: $got"
fi
exit $failed
