#!/bin/bash
# SPDX-License-Identifier: MIT
# What comes again and again leaves nothing behind. 40 reloads, and 20,000 refused requests; with ZONED_LONG=1 10,000, and
# 604,800, one a second for a week, in minutes: memory, descriptors, objects in the kernel, and files stay as they were.
. "$(dirname "$0")/lab.sh"
lab_need
grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" && lab_skip "sanitizers keep what was freed"
reloads=40 events=20000 seconds=60
[ -z "${ZONED_LONG:-}" ] || reloads=10000 events=604800 seconds=900
lab_up
lab_changes
mkdir "$lab_dir/out" && chown nobody "$lab_dir/out"
daemon="outputs = ( { type = \"syslog\"; }, { type = \"json\"; file = \"$lab_dir/out/json\"; },
	{ type = \"store\"; file = \"$lab_dir/out/records.db\"; size = 2; } );"
lab_model daemon="$daemon" >"$model"
lab_model daemon="$daemon" policy=modbus-read-write >"$lab_dir/other.conf"
cp "$model" "$lab_dir/one.conf"
lab_gate "$model"

held() { "$python" -B "$lab_src/endure.py" held "$lab_zoned"; }
value() { sed -n "s/.*\\b$2=\\([0-9]*\\).*/\\1/p" <<<"$1"; }
objects()	# in the kernel: of the ruleset, by kind
{
	in_g nft -j list table inet zoned 2>/dev/null | "$python" -c 'import collections, json, sys
n = collections.Counter(k for o in json.load(sys.stdin)["nftables"] for k in o)
print(*("%s=%d" % k for k in sorted(n.items())))'
}
# same WHAT BEFORE AFTER NAME...: these did not change
same()
{
	local what=$1 before=$2 after=$3 name
	for name in "${@:4}"; do
		expect "$what: $name" "$(value "$after" "$name")" "$(value "$before" "$name")"
	done
}
# grown WHAT BEFORE AFTER NAME KILOBYTES: by no more
grown() { expect_at_most "$1: kilobytes that $4 grew" "$(($(value "$3" "$4") - $(value "$2" "$4")))" "$5"; }

reload_times()	# reload_times COUNT
{
	local i
	for ((i = 0; i < $1; i++)); do
		if ((i % 2)); then cp "$lab_dir/one.conf" "$model"; else cp "$lab_dir/other.conf" "$model"; fi
		"$ctl" reload >"$lab_dir/said" 2>&1 || lab_fail "reload $i: $(cat "$lab_dir/said")"
	done
}

# one connection through all of it
ip netns exec "$lab_c" "$python" -B "$lab_src/endure.py" steady "$V4" "$PORT" >"$lab_dir/steady" 2>&1 &
steady=$!
lab_pids+=("$steady")
lab_may_write no
ask_times() { in_c "$python" -B "$lab_src/endure.py" ask "$V4" "$PORT" "$@" || lab_fail "reads between refused requests"; }

# What grows up to a size of its own has it then: queues of outputs (1 MB each), pages that SQLite keeps (2 MB)
ask_times 2000 60 >/dev/null
for i in {1..200}; do printf 'no_key_%0100d = 1;\n' "$i"; done | cat "$model" - >"$lab_dir/bad.conf"
cp "$lab_dir/bad.conf" "$model"
for i in {1..40}; do
	"$ctl" reload >/dev/null 2>&1 && lab_fail "a model with errors"
done
reload_times 16	# an even number: the first model is in force

before=$(held)
said=$(ask_times "$events" "$seconds") || exit 1
after=$(held)
echo "ok: $said of $events: $before; then $after"
same "$events events" "$before" "$after" descriptors bpf threads inspectors
grown "$events events" "$before" "$after" parent_kb 1024
grown "$events events" "$before" "$after" inspectors_kb 512
lab_wait 15 eval '[ -s "$lab_dir/out/records.db" ]' || lab_fail "no store"
expect_at_most "kilobytes of the store, of 2 MB, and 8 beside it" "$(du -k --total "$lab_dir/out/records.db"* | tail -1 | cut -f1)" 10500
"$ctl" status --json | "$python" -c 'import json, sys
records = json.load(sys.stdin)["records"]
print("ok: records: %(events)d events, %(written)d written, %(repeated)d as repeats, %(suppressed)d suppressed, %(lost)d lost" % records)
assert records["events"] >= int(sys.argv[1]), "events were not counted"' "$(sed -n 's/^sent \([0-9]*\) .*/\1/p' <<<"$said")" ||
	lab_fail "the counts of records"
"$ctl" log --store "$lab_dir/out/records.db" --since 1h >/dev/null || lab_fail "the store cannot be read"

before="$(held) $(objects)"
began=$SECONDS
reload_times "$reloads"
after="$(held) $(objects)"
echo "ok: $reloads reloads in $((SECONDS - began)) s: $before; then $after"
same "$reloads reloads" "$before" "$after" descriptors bpf threads inspectors table chain rule set map counter
grown "$reloads reloads" "$before" "$after" parent_kb 1024
grown "$reloads reloads" "$before" "$after" inspectors_kb 512
grown "$reloads reloads" "$before" "$after" maps 8
expect_at_most "models on disk" "$(ls "$lab_dir/state/models" | wc -l)" 64
expect "generation" "$(in_force)" $((17 + reloads))
kill -0 "$steady" 2>/dev/null || lab_fail "the connection ended: $(cat "$lab_dir/steady")"
lab_may_write no
lab_gate_stop
