#!/bin/bash
# SPDX-License-Identifier: MIT
# learn --live over the loopback of a network namespace of our own: what is said there is proposed, with --onto too; it
# ends by time or SIGINT with what it has; and it says why it does not begin.
set -eu -o pipefail
[ "${1:-}" = inside ] || {
	unshare -rn true 2>/dev/null || { echo "SKIP: no name spaces here"; exit 77; }
	exec unshare -rn "$0" inside
}
dir=$(mktemp -d)
started=
trap 'kill $started 2>/dev/null || true; rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL="$dir/none"
ctl="$top_builddir/zonectl"
live="$top_srcdir/tests/learn/live.py"
fail() { echo "FAIL: $*"; exit 1; }
ip link set lo up
listens() # options: live.conf, live.err of what is said until SIGINT
{
	"$ctl" learn "$@" >"$dir/live.conf" 2>"$dir/live.err" & learner=$!
	started="$started $learner"
	for _ in $(seq 100); do grep -q '^zonectl: capturing' "$dir/live.err" && break; sleep 0.1; done
	python3 -B "$live" talk 1 || fail "nobody talked"
	kill -INT "$learner"
	rc=0
	wait "$learner" || rc=$?
}

# --- it does not begin, and says why
rc=0; "$ctl" learn --live 1s >/dev/null 2>"$dir/err" || rc=$?
[ $rc = 4 ] && grep -q 'not running.*--interface' "$dir/err" || fail "no daemon: $rc $(cat "$dir/err")"
rc=0; "$ctl" learn --live 1s --interface none0 >/dev/null 2>"$dir/err" || rc=$?
[ $rc = 1 ] && grep -q '^zonectl: none0: ' "$dir/err" || fail "no interface: $rc $(cat "$dir/err")"
for wrong in '--live 1s day.pcap' '--live 1' '--live' '--interface lo' '--interface lo day.pcap'; do
	rc=0; "$ctl" learn $wrong >/dev/null 2>&1 || rc=$?
	[ $rc = 2 ] || fail "learn $wrong: $rc"
done
cat >"$dir/force.conf" <<'CONF'
zones = ( { name = "room"; type = "control"; networks = [ "127.0.0.2" ]; interfaces = [ "lo" ]; },
	{ name = "cell"; type = "control"; networks = [ "127.0.0.1" ]; } );
conduits = ( { name = "room-to-cell"; from = "room"; to = "cell"; mode = "enforce";
	flows = ( { protocol = "modbus"; policy = "p"; } ); } );
policies = { p = { protocol = "modbus"; allow = ( { functions = [ "read-coils" ]; units = 1; addresses = "0-9"; } ); }; };
CONF
ZONED_CONTROL="$dir/control" python3 -B "$live" daemon "$dir/control" "$dir/force.conf" & started="$started $!"
for _ in $(seq 50); do [ -S "$dir/control" ] && break; sleep 0.1; done
export ZONED_CONTROL="$dir/control"
rc=0; "$ctl" learn --live 1s >/dev/null 2>"$dir/err" || rc=$?
[ $rc = 1 ] && grep -q 'neither the site nor a conduit is in mode = "observe"' "$dir/err" || fail "it enforces: $rc $(cat "$dir/err")"
# a site that is only watched, and has no conduit yet
cp "$dir/force.conf" "$dir/kept.conf"
{ echo 'mode = "observe";'; sed '/^conduits/,/^policies/d' "$dir/kept.conf"; } >"$dir/force.conf"
rc=0; "$ctl" learn --live 1s >/dev/null 2>"$dir/err" || rc=$?
[ $rc = 1 ] && grep -q '^zonectl: capturing on 1 interface' "$dir/err" || fail "a watched site: $rc $(cat "$dir/err")"
cp "$dir/kept.conf" "$dir/force.conf"

# --- the interfaces of the model that observes; what is said there
sed -i 's/enforce/observe/' "$dir/force.conf"
listens --live 60s
[ $rc = 0 ] || fail "$rc $(cat "$dir/live.err")"
grep -q '^zonectl: lo: [0-9]* frames, 0 dropped' "$dir/live.err" || fail "it does not say what it captured: $(cat "$dir/live.err")"
"$ctl" check "$dir/live.conf" >/dev/null || fail "it does not check"
grep -v '^ *#' "$dir/live.conf" | grep -q '{ functions = \[ "read-holding-registers" \]; units = 1; addresses = "100-101"; }' ||
	fail "reads: $(cat "$dir/live.conf")"
grep -q '# # not admitted (writes): 2 times, first live frame' "$dir/live.conf" || fail "writes: $(cat "$dir/live.conf")"
grep -q 'refuses 2 of' "$dir/live.err" || fail "of itself it says: $(cat "$dir/live.err")"

# --- the same onto that model
listens --live 60s --interface lo --onto "$dir/force.conf"
[ $rc = 0 ] && grep -q 'seen, and not permitted (function-not-allowed)' "$dir/live.conf" &&
	grep -q '^ *, { functions = \[ "read-holding-registers" \]' "$dir/live.conf" ||
	fail "onto: $(cat "$dir/live.conf" "$dir/live.err")"

# --- time ends it, too
rc=0; "$ctl" learn --live 1s --interface lo >"$dir/live.conf" 2>"$dir/live.err" || rc=$?
[ $rc = 1 ] && grep -q 'nothing to learn from' "$dir/live.err" || fail "of silence is learned: $rc $(cat "$dir/live.err")"
echo "ok"
