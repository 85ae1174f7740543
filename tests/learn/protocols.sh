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

# --- IEC 60870-5-104: interrogations are reads; a select before each operation is required where there was one
learned iec104-master
none_has 'allow = ( { types = [ "C_IC_NA_1" ]; causes = [ "activation" ]; common_addresses = [ 7 ]; interrogations = 20; } );'
all_has '{ types = [ "C_SC_NA_1" ]; causes = [ "activation" ]; common_addresses = [ 7 ]; object_addresses = 1000; states = [ "on" ]; pulses = [ "none" ]; select_before_operate = "require"; }'
all_has 'object_addresses = 1300; setpoint_qualifiers = 0; select_before_operate = "direct"; float_values = ( [ 0.1, 0.1 ] ); }'
all_has '{ types = [ "C_RP_NA_1" ]; causes = [ "activation" ]; common_addresses = [ 7 ]; resets = 1; }'
grep -q 'type-not-allowed: 8 times' "$dir/iec104-master-none.err" || fail "iec104: $(cat "$dir/iec104-master-none.err")"
learned iec104-caller
none_has 'from = "stations"; to = "masters";'
none_has 'master = "server"; allow = ( { types = [ "C_IC_NA_1" ];'
all_has 'object_addresses = 1000; states = [ "on" ]; pulses = [ "none" ]; select_before_operate = "direct"; }'
# who only listens needs an entry all the same
learned iec104-listens
none_has 'allow = ( { types = [ "C_RD_NA_1" ];'
grep -q 'not seen, but a policy needs an entry' "$dir/iec104-listens-none.conf" || fail "nothing says why there is a read"
refuses iec104-listens . 0

# --- OPC UA: the channel is admitted unasked, though it is opened once
learned opcua-client
none_has 'security = "none"; opaque = "refuse";'
none_has 'endpoint_urls = [ "opc.tcp://'
none_has '{ services = [ "find-servers", "get-endpoints", "create-session" ]; }'
none_has '{ services = [ "read" ]; nodes = [ "ns=0;i=2258" ]; attributes = [ "value" ]; }'
none_lacks '"write"'
all_has '{ services = [ "write" ]; nodes = [ "ns=1;i=150" ]; attributes = [ "value" ]; }'
grep -q 'service-not-allowed: 2 times' "$dir/opcua-client-none.err" || fail "opcua: $(cat "$dir/opcua-client-none.err")"
echo "ok"
