#!/bin/bash
# SPDX-License-Identifier: MIT
# Models: every bad one says what its .err holds, every good one prints to a
# text that loads and prints the same. "run.sh --update" writes the .err files.
set -u
ctl="$top_builddir/zonectl"
export ZONED_RULES=rules
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/tree"
cp -r "$top_srcdir/tests/model/cases" "$top_srcdir/rules" "$top_srcdir/conf" "$dir/tree/"
chmod -R u+w "$dir/tree"
cd "$dir/tree" || exit 1
passed=0 failed=0
verdict() {
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; fi
}
for f in cases/*.conf; do
	"$ctl" check "$f" >out 2>err
	rc=$?
	[ "${1:-}" = --update ] && cp err "$top_srcdir/tests/model/${f%.conf}.err"
	[ $rc = 3 ] && [ ! -s out ] && diff "${f%.conf}.err" err
	verdict "$f" $?
done
# zoned -n says the same
for f in cases/many-at-once.conf cases/include-missing.conf; do
	"$top_builddir/zoned" -n -R rules -f "$f" >out 2>err
	[ $? = 3 ] && sed 's/^zoned: //' err | diff "${f%.conf}.err" -
	verdict "zoned -n $f" $?
done
"$top_builddir/zoned" -n -R rules -f conf/zoned.conf 2>err
verdict "zoned -n conf/zoned.conf" $?
for f in conf/*.conf; do
	"$ctl" print "$f" >one && "$ctl" print one >two && cmp one two
	verdict "$f" $?
done
# a file of 50 MB is refused unread
{ cat cases/no-zones.conf; yes '# padding padding padding padding padding padding padding' | head -c 50000000; } >big.conf
"$ctl" check big.conf 2>err
[ $? = 3 ] && grep -q 'big.conf: error: "big.conf" is larger than 16 MB' err
verdict big.conf $?
# a plant of 5,000 zones' worth of assets and conduits loads within seconds
python3 - >large.conf <<'END'
n = 2000
print("zones = (")
print(",\n".join(f'{{ name = "z{i}"; type = "control"; networks = [ "10.{i//256}.{i%256}.0/24" ]; assets = ('
	+ ",".join(f'{{ name = "a{i}-{k}"; address = "10.{i//256}.{i%256}.{k}"; }}' for k in range(1, 11))
	+ "); }" for i in range(n)))
print(");\nconduits = (")
print(",\n".join(f'{{ name = "c{i}"; from = "z{i}"; to = "z{(i+1)%n}"; flows = ( {{ service = "ssh"; }} ); }}' for i in range(n)))
print(");")
END
timeout 20 "$ctl" check large.conf >out 2>err && grep -q '2000 zones, 2000 conduits' out
verdict large.conf $?
echo "model: $passed passed, $failed failed"
[ "$failed" = 0 ]
