#!/bin/bash
# SPDX-License-Identifier: MIT
# A model is learned from the captures of a small plant: it checks without a warning, the order of the captures does
# not change it, replay refuses what is only proposed and nothing else, and what is admitted when all is. An attack
# is refused; of what is held out, what is new.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl=$(realpath "$top_builddir/zonectl")
link=$(realpath "$top_srcdir/tests/learn/link.py")
manual=$(realpath "$top_srcdir/man/zonectl.8")
fail() { echo "FAIL: $*"; exit 1; }
python3 -B "$top_srcdir/tests/learn/plant.py" "$dir"
cd "$dir"

good() # MODEL: no error, no warning
{
	"$ctl" check "$1" >said 2>&1 || { cat said; fail "$1 has errors"; }
	[ "$(wc -l <said)" = 1 ] || { cat said; fail "$1 has warnings"; }
}
refused() # MODEL CAPTURE: messages that replay refuses, as function codes
{
	{ "$ctl" replay -m "$1" "$2" 2>replay.err || [ $? -ge 5 ]; } |
		sed -nE 's/^[0-9]+ (drop|reset|observed) .* dir=request .* fc=([0-9]+) .*/\2/p' | sort | uniq -c | tr -s ' \n' ' '
}
# Of a conduit that is only proposed there is no message, but its packets.
without() { { "$ctl" replay -m "$1" "$2" 2>replay.err || [ $? -ge 5 ]; } | grep -c "reason=no-conduit" || true; }

# --- the same bytes, whatever the order and the number of calls
"$ctl" learn day-1.pcap day-2.pcap night.pcap >a.conf 2>a.err
"$ctl" learn night.pcap day-2.pcap day-1.pcap >b.conf 2>b.err
cmp a.conf b.conf && cmp a.err b.err || fail "the order of the captures changes the model"
good a.conf

# --- what is proposed is refused, and nothing else
"$ctl" learn day.pcap >day.conf 2>day.err
good day.conf
[ "$(refused day.conf day.pcap)" = " 1 1 2 5 2 6 " ] || fail "refused: $(refused day.conf day.pcap)"
head -n 1 day.err | grep -q 'refuses 5 of 70 messages' || fail "it says of itself: $(cat day.err)"
for words in 'writes, single' 'controls, single' 'rare, single' programs; do
	grep -q "# not admitted ($words): [12] time.* day.pcap frame [0-9]* (2023-11-14T" day.conf || fail "no proposal of $words"
done
grep -q '^      # , { functions = \[ "write-single-register" \]; units = 1; addresses = 40; values = \[ 100, 950 \]; }' day.conf ||
	fail "the set-point is not proposed as it was seen"
grep -q '^      { functions = \[ "read-holding-registers" \]; units = 1; addresses = "0-14"; }' day.conf ||
	fail "ranges that touch are not one"
grep -q 'says of itself: "Acme", "P2010"' day.conf || fail "the device's identity is not there"
grep -q 'service = "ntp"' day.conf || fail "the clock is not there"

# --- the example of zonectl(8) is what is printed, line breaks and comment signs aside
words() { tr -d '#' | tr -s ' \n' '\n' | grep -v '^$'; }
awk '/^\.Ss Learn a model/ { part = 1 } /^\.Ed/ { if (inside == 2) exit } part && inside == 2 { print }
	part && /^\.Bd/ { inside++ }' "$manual" | words >example
[ "$(wc -l <example)" -gt 90 ] || fail "the example of the manual is not there"
sed -n '/^policies/,$p' day.conf | words | head -n "$(wc -l <example)" | diff example - || fail "the manual has another example"

# --- each word admits what it says
for word in writes:40 controls:"addresses = 8" rare:read-coils programs:umas single:"service = \"ssh\""; do
	grep -v '^ *#' day.conf >plain
	! grep -q "${word#*:}\b" plain || fail "${word%%:*}: ${word#*:} is admitted unasked"
	"$ctl" learn --admit "${word%%:*},single" day.pcap 2>/dev/null >admitted.conf
	grep -v '^ *#' admitted.conf >plain
	grep -q "${word#*:}" plain || fail "--admit ${word%%:*},single does not admit ${word#*:}"
done
"$ctl" learn --admit all day.pcap >all.conf 2>all.err
good all.conf
[ -z "$(refused all.conf day.pcap | tr -d ' ')" ] || fail "with all admitted replay refuses: $(refused all.conf day.pcap)"
head -n 1 all.err | grep -q 'refuses 0 of 76 messages, and 0 of ' || fail "with all admitted: $(cat all.err)"
[ "$(grep 'not admitted (' all.conf | grep -vc '(subnets)')" = 0 ] || fail "something is not admitted with --admit all"
"$ctl" learn --least 3 day.pcap >least.conf 2>/dev/null
grep -q '(writes, rare, single): 2 times' least.conf || fail "--least 3"
"$ctl" learn --least 1 day.pcap >least.conf 2>/dev/null
grep -q '(single): 1 time' least.conf || fail "--least 1"

# --- what stands behind # is good, too: without it the same is admitted
sed -E 's/^( *)# (, )?(\{|\}|[a-z-]+ = |\);)/\1\2\3/; s/^( *)#   +([a-z]+ = )/\1\2/' day.conf >taken.conf
good taken.conf
[ -z "$(refused taken.conf day.pcap | tr -d ' ')" ] || fail "without the comment signs replay refuses: $(refused taken.conf day.pcap)"

# --- a zone has the addresses that were seen, or its subnet
grep -q 'networks = \[ "10.1.0.5", "10.1.0.6" \]' day.conf || fail "the stations are not the zone"
"$ctl" learn --admit subnets day.pcap 2>/dev/null >subnets.conf
good subnets.conf
grep -q 'networks = \[ "10.1.0.0/24" \]' subnets.conf || fail "--admit subnets"

# --- what the link shows: the address of a station that is alone with it, and VLANs
python3 -B "$link" day.pcap link.pcap
"$ctl" learn link.pcap >link.conf 2>/dev/null
good link.conf
grep -A1 'MAC 02:00:0a:02:00:09' link.conf | grep -q 'address = "10.2.0.9"' || fail "a MAC is not there: $(cat link.conf)"
! grep -q 'MAC 02:00:00:00:00:09' link.conf || fail "the router's MAC is taken for that of a station"
[ "$(grep -c '# VLAN 12$' link.conf)" = "$(grep -c 'networks = ' link.conf)" ] || fail "VLANs are not there"
! grep -q 'MAC\|VLAN' day.conf || fail "there is no link, and its addresses are"

# --- an attack is refused, all of it
# packets PATTERN FILE: that records stand for
packets() { grep -E "$1" "$2" | awk '{ n += match($0, /repeated=[0-9]+/) ? substr($0, RSTART + 9, RLENGTH - 9) : 1 } END { print n + 0 }'; }
for model in day.conf all.conf; do
	"$ctl" replay -m $model attack.pcap >replayed 2>replay.err || [ $? -ge 5 ]
	! grep -q ' accept ' replayed && [ "$(packets 'reason=no-conduit|reason=unknown-zone' replayed)" -ge 11 ] ||
		fail "$model: of the attack passes: $(cat replayed)"
done
# from a station that is known, what it never did is refused, whatever subnets are admitted
"$ctl" replay -m subnets.conf attack.pcap >replayed 2>replay.err || [ $? -ge 5 ]
[ "$(grep -c '^[0-9]* drop .*dir=request' replayed)" = 10 ] || fail "with subnets: $(cat replayed)"

# --- what is held out
rc=0; "$ctl" learn --admit all --hold-out 50% day.pcap night.pcap >held.conf 2>held.err || rc=$?
[ $rc = 5 ] || fail "something new was held out, and the status is $rc"
grep -q 'refuses 2 of 34 messages.*held out' held.err || fail "held out: $(cat held.err)"
grep -q 'address-not-allowed: 1 time, night.pcap' held.err && grep -q 'value-not-allowed: 1 time, night.pcap' held.err ||
	fail "held out: $(cat held.err)"
rc=0; "$ctl" learn --admit all --hold-out 1s day.pcap >held.conf 2>held.err || rc=$?
[ $rc = 0 ] || [ $rc = 5 ] || fail "held out by time: $rc"

# --- what is broken stops nothing
"$ctl" learn broken.pcap >broken.conf 2>broken.err || fail "the broken capture: $(cat broken.err)"
good broken.conf
grep -q 'no policy permits' broken.conf || fail "nothing is said of what is broken"
head -c 3000 day.pcap >cut.pcap
rc=0; "$ctl" learn cut.pcap >cut.conf 2>cut.err || rc=$?
[ $rc = 1 ] && grep -q '^zonectl: cut.pcap:' cut.err && good cut.conf || fail "a capture that is cut short: $rc $(cat cut.err)"
rc=0; "$ctl" learn nowhere.pcap day.pcap >other.conf 2>other.err || rc=$?
[ $rc = 1 ] && good other.conf || fail "one capture that is not there: $rc"
rc=0; "$ctl" learn day.pcap >/dev/full 2>full.err || rc=$?
[ $rc = 1 ] || fail "a full disk: $rc"
for wrong in '--admit write day.pcap' '--hold-out 100% day.pcap' '--least 0 day.pcap' '--port modbus day.pcap' '' '--subnet 31 day.pcap'; do
	rc=0; "$ctl" learn $wrong >/dev/null 2>&1 || rc=$?
	[ $rc = 2 ] || fail "learn $wrong: $rc"
done
echo "ok"
