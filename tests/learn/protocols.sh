#!/bin/bash
# SPDX-License-Identifier: MIT
# What is learned of one conversation of each protocol: the entries, what of them is only proposed, and that replay
# refuses exactly that.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"
fail() { echo "FAIL: $*"; exit 1; }
python3 -B "$top_srcdir/tests/learn/protocols.py" "$dir"

learned() # NAME: with nothing admitted, and with all; each is good, and the second refuses nothing
{
	local name=$1 admit
	for admit in none all; do
		options=
		[ $admit = none ] || options="--admit all"
		# shellcheck disable=SC2086	# these are words
		"$ctl" learn $options "$dir/$name.pcap" >"$dir/$name-$admit.conf" 2>"$dir/$name-$admit.err" || fail "$name: $(cat "$dir/$name-$admit.err")"
		"$ctl" check "$dir/$name-$admit.conf" >"$dir/said" 2>&1 || fail "$name: $(cat "$dir/said")"
		[ "$(wc -l <"$dir/said")" = 1 ] || fail "$name: $(cat "$dir/said")"
	done
	head -n 1 "$dir/$name-all.err" | grep -q 'refuses 0 of [1-9][0-9]* messages, and 0 of' || fail "$name: $(cat "$dir/$name-all.err")"
	"$ctl" replay -m "$dir/$name-all.conf" "$dir/$name.pcap" >"$dir/replayed" || true
	! grep -E '^[0-9]+ (drop|reset|observed)' "$dir/replayed" || fail "$name: replay refuses what was learned"
	sed -E 's/ *#.*//' "$dir/$name-all.conf" | tr -s ' \n' ' ' >"$dir/all"
	sed -E 's/ *#.*//' "$dir/$name-none.conf" | tr -s ' \n' ' ' >"$dir/none"
}
all_has() { grep -qF -- "$1" "$dir/all" || { cat "$dir/all"; fail "with all admitted there is no $1"; }; }
none_has() { grep -qF -- "$1" "$dir/none" || { cat "$dir/none"; fail "unasked there is no $1"; }; }
none_lacks() { ! grep -qF -- "$1" "$dir/none" || { cat "$dir/none"; fail "unasked there is $1"; }; }
refuses() # NAME REASON COUNT: of what is only proposed
{
	"$ctl" replay -m "$dir/$1-none.conf" "$dir/$1.pcap" >"$dir/replayed" || true
	[ "$(grep -E '^[0-9]+ (drop|reset)' "$dir/replayed" | grep -c "$2")" = "$3" ] || { cat "$dir/replayed"; fail "$1: not $3 times $2"; }
}

# --- reads of one kind are seen twice; select, operate, set-points and restarts are proposed
learned dnp3-master
none_has 'unsolicited = true; allow = ( { functions = [ "read" ]; masters = 1; outstations = 10; objects = [ "30.2" ]; points = "0-3"; }'
none_has '{ functions = [ "read" ]; masters = 1; outstations = 10; objects = [ "60.2", "60.3" ]; }'
all_has '{ functions = [ "select", "operate" ]; masters = 1; outstations = 10; objects = [ "12.1" ]; points = 7;'
all_has 'operations = [ "pulse-on" ]; trip_close = [ "close" ]; count = 1; on_time = 100; off_time = 0; }'
all_has 'analog_values = ( [ 0.10000000149011612, 0.10000000149011612 ], [ 100.0, 100.0 ] ); }'
all_has '{ functions = [ "cold-restart", "clear-restart" ]; masters = 1; outstations = 10; }'
for word in operate analog restart; do none_lacks "$word"; done
refuses dnp3-master 'dir=request .*function-not-allowed\|reason=object-not-allowed' 6

# --- the side that listens is the master
learned dnp3-caller
none_has 'name = "outstations-to-masters"; from = "outstations"; to = "masters";'
none_has 'master = "server"; unsolicited = true; allow = ( { functions = [ "read" ]; masters = 1; outstations = 10; objects = [ "60.2" ]; } );'
refuses dnp3-caller . 0
echo "ok"
