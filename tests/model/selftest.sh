#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl selftest --messages: every example and every policy for inclusion judges its samples as its words say, and an
# image that has less or more than the model is found.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL=/nonexistent
ctl="$top_builddir/zonectl" broken="$top_builddir/tests/netns/selftest-broken"
failed=0
fail() { echo "FAIL: $*"; failed=1; }

for f in "$top_srcdir"/rules/*.conf; do
	name=$(basename "$f" .conf)
	cat >"$dir/of-$name.conf" <<END
zones = ( { name = "a"; type = "control"; interfaces = [ "e1" ]; networks = [ "10.1.0.0/24" ]; },
  { name = "b"; type = "control"; interfaces = [ "e2" ]; networks = [ "10.2.0.0/24" ]; } );
conduits = ( { name = "c"; from = "a"; to = "b"; flows = ( { protocol = "${name%%-*}"; policy = "$name"; } ); } );
policies = {
@include "$name.conf"
};
END
done
n=0
for f in "$top_srcdir"/conf/*.conf "$top_srcdir"/tests/model/good/*.conf "$dir"/of-*.conf; do
	"$ctl" selftest --messages --json "$f" >"$dir/out" || fail "$f: $(grep -A8 '"failures"' "$dir/out")"
	python3 -B - "$dir/out" <<'END' || fail "$f"
import json, sys
o = json.load(open(sys.argv[1]))
assert o["schema"] == 1 and o["good"] and not o["probed"] and o["probes"] == 0
assert o["messages"] == len(o["samples"]) == sum(f["permitted"] + f["refused"] for f in o["flows"])
assert o["not_tested"]
kinds = {s["what"] for s in o["samples"]}
if "example-small-cell" in o["model"]:
    assert {"permitted", "function", "unit", "address", "value", "truncated", "protocol identifier"} <= kinds, kinds
    assert {"permitted", "function-not-allowed", "value-not-allowed", "truncated"} <= {s["expected"] for s in o["samples"]}
if "dnp3-operate" in o["model"]:
    assert {"permitted", "master", "point", "operation", "checksum of the header"} <= kinds, kinds
    assert "not-selected" in {s["expected"] for s in o["samples"]}
if "iec104-control" in o["model"]:
    assert {"permitted", "common address", "object address", "not selected", "state"} <= kinds, kinds
if "opcua-read-only" in o["model"]:
    assert {"permitted", "service", "message type", "truncated"} <= kinds, kinds
END
	n=$((n + 1))
done
[ "$n" -gt 20 ] || fail "only $n models"

small="$top_srcdir/conf/example-small-cell.conf"
"$broken" selftest --messages "$small" >"$dir/out" || fail "with no fault: $(cat "$dir/out")"
for how in less more; do
	got=0
	BREAK_IMAGE=$how "$broken" selftest --messages "$small" >"$dir/out" || got=$?
	[ "$got" = 5 ] && grep -q '^FAILED: messages, ' "$dir/out" || fail "$how: not found ($got): $(cat "$dir/out")"
done
got=0
"$ctl" selftest >/dev/null 2>&1 || got=$?
[ "$got" = 4 ] || fail "without a zoned: $got"
exit $failed
