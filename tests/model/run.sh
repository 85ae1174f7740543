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
cp -r "$top_srcdir/tests/model/cases" "$top_srcdir/tests/model/good" "$top_srcdir/rules" "$top_srcdir/conf" "$dir/tree/"
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
for f in cases/many-at-once.conf cases/include-missing.conf cases/tap-filter.conf; do
	"$top_builddir/zoned" -n -R rules -f "$f" >out 2>err
	[ $? = 3 ] && sed 's/^zoned: //' err | diff "${f%.conf}.err" -
	verdict "zoned -n $f" $?
done
"$top_builddir/zoned" -n -R rules -f conf/zoned.conf 2>err
verdict "zoned -n conf/zoned.conf" $?
for f in conf/*.conf good/*.conf; do
	"$ctl" print "$f" >one && "$ctl" print one >two && cmp one two
	verdict "$f" $?
done
# what is written is what is read: numbers above 31 bits, texts with escapes
"$ctl" print good/numbers.conf >out
grep -q 'on_time = \[ "3000000000-3000000000" \];' out &&
	grep -q 'off_time = \[ "4294967295-4294967295", "1-1", "4294901760-4294967295" \];' out &&
	grep -q 'count = \[ "1-1", "255-255", "3-3" \];' out &&
	grep -q 'points = \[ "0-0", "4294967295-4294967295" \];' out &&
	grep -q 'analog_values = ( \[ -9.00719925474099200e+15, 9.00719925474099200e+15 \], \[ 1.5' out
verdict "numbers as written" $?
"$ctl" print good/text.conf >out
grep -qF 'name = "Kläranlage \"Nord\" // # /* none */ \\ \x7fä\x09\x0a";' out && grep -qF 'owner = "";' out
verdict "texts as written" $?
"$ctl" print good/tolerate.conf >out
[ "$(grep -c tolerate out)" = 2 ] && grep -q '    tolerate = \[ "padded-exception" \];' out &&
	grep -q 'tolerate = \[ "unit-differs", "transaction-zero", "length-one-more", "device-id-form", "file-record-form", "clamped-echo", "long-umas" \];' out
verdict "what is tolerated" $?
# keys that are printed only when they are not at their default
sed '/^daemon = {/a lock_table = false; strict = true;' one >three
"$ctl" print three >four && grep -q 'lock_table = false' four && grep -q 'strict = true' four && "$ctl" print four | cmp - four
verdict "daemon keys that are not at their default" $?
# a file that is not there is no model with errors
for verb in check print; do
	"$ctl" "$verb" missing.conf >out 2>err
	[ $? = 9 ] && [ ! -s out ] && grep -qx 'zonectl: cannot read the model missing.conf: No such file or directory' err
	verdict "$verb of a file that is not there" $?
done
# a zone without interfaces is good, and said; one whose parent has them is not
printf '%s\n' 'zones = (' '  { name = "bare"; type = "control"; networks = [ "10.1.0.0/16" ]; },' \
	'  { name = "wired"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.2.0.0/16" ]; },' \
	'  { name = "child"; type = "control"; parent = "wired"; networks = [ "10.3.0.0/16" ]; }' ');' >wires.conf
"$ctl" check wires.conf >out 2>err && [ "$(grep -c warning err)" = 1 ] && grep -q 'wires.conf:2: warning: zone "bare"' err
verdict "zones without interfaces" $?
# keys that have another name now are read, printed under it, and said; by zoned too
{ echo 'daemon = { max_flows = 128; max_flows_per_source = 7; };'; cat conf/example-small-cell.conf; } >old.conf
"$ctl" check old.conf >out 2>err && [ "$(grep -c 'warning: max_flows.* is an old name' err)" = 2 ] &&
	"$ctl" print old.conf >out 2>/dev/null && grep -q 'max_connections = 128;' out &&
	grep -q 'max_connections_per_source = 7;' out && ! grep -q max_flows out &&
	"$top_builddir/zoned" -n -R rules -f old.conf 2>err && [ "$(grep -c 'is an old name' err)" = 2 ]
verdict "old names of keys" $?
# fifty cells of one type are what they are when written one by one, and there is an end to uses
python3 - cells.conf by-hand.conf uses.conf <<'END'
import sys
TEMPLATE = """templates = { cell = { parameters = [ "n", "limit" ];
  zones = ( { name = "cell-${n}"; type = "control"; networks = [ "10.1.${n}.0/24" ]; } );
  conduits = ( { name = "to-${n}"; from = "hmi"; to = "cell-${n}"; flows = ( { service = "ssh"; }, { transport = "tcp"; ports = [ "${limit}" ]; } ); } ); }; };
"""
ZONE = '{ name = "hmi"; type = "control"; networks = [ "10.0.0.0/24" ]; }'
def with_uses(n):
    return TEMPLATE + "zones = ( %s );\nuse = ( %s );\n" % (ZONE, ",\n".join('{ template = "cell"; n = %d; limit = %d; }' % (i, 1000 + i) for i in range(n)))
open(sys.argv[1], "w").write(with_uses(50))
open(sys.argv[2], "w").write("zones = ( %s,\n%s );\nconduits = ( %s );\n" % (
    ZONE, ",\n".join('{ name = "cell-%d"; type = "control"; networks = [ "10.1.%d.0/24" ]; }' % (i, i) for i in range(50)),
    ",\n".join('{ name = "to-%d"; from = "hmi"; to = "cell-%d"; flows = ( { service = "ssh"; }, { transport = "tcp"; ports = [ %d ]; } ); }' % (i, i, 1000 + i) for i in range(50))))
open(sys.argv[3], "w").write(with_uses(4097))
END
"$ctl" print cells.conf >one && "$ctl" print by-hand.conf >two && cmp one two &&
	[ "$("$ctl" diff cells.conf by-hand.conf)" = "equal in effect" ] &&
	! "$ctl" check uses.conf 2>err && grep -q 'uses.conf:4101: error: more than 4096 uses of templates' err
verdict "templates, and the same by hand" $?
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
