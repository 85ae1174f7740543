#!/bin/bash
# SPDX-License-Identifier: MIT
# Captured Modbus of odd devices and plants, from ../shared/cases: what each policy makes of it.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
cases="$top_srcdir/../shared/cases"
[ -d "$cases" ] || { echo "SKIP: there is no $cases"; exit 77; }
gate="$top_builddir/tests/pcap/inline-gate"	# the gate on the wire; recordings are in recordings.sh
bad=0

# judged MODEL CAPTURE: verdicts and reasons, with how many there are of each
judged()
{
	"$gate" replay -m "$1" "$cases/$2.pcap" |
		awk '{ why = "-"; if ($NF ~ /^reason=/) why = substr($NF, 8); n[$2 " " why]++ }
		     END { for (k in n) print k, n[k] ";" }' | sort | tr -d '\n'
}

# case_of MODEL CAPTURE WANTED
case_of()
{
	local got
	got=$(judged "$1" "$2")
	if [ "$got" = "$3" ]; then
		echo "ok: $2 under $(basename "$1" .conf): $got"
	else
		echo "FAIL: $2 under $(basename "$1" .conf): $got, expected $3"
		bad=1
	fi
}

for model in m-mb-rw m-mb-rw-obs; do
	case_of "$cases/$model.conf" 01-dead-slave "accept - 180;"
	case_of "$cases/$model.conf" 02-broadcast "accept - 180;"
done
# an exception of the device's own; lists of objects that end and name one that would be next, and one whose
# octet for that is neither 00 nor FF
for model in m-mb-rw m-mb-rw-obs; do
	case_of "$cases/$model.conf" 04-exception-0x80 "accept - 4;"
done
case_of "$cases/m-mb-rw.conf" 08-device-id "accept - 11;drop bad-format 1;"
case_of "$cases/m-mb-rw-obs.conf" 08-device-id "accept - 11;observed bad-format 1;"
# a length field one too large ends the connection with that answer, and not with the next; observed, all the rest
# is in step; tolerated it passes. A clamped value, and the parts of a download, likewise.
with() # KEY MODEL: the same with what is tolerated
{
	sed '/^conduits/s/policy = "[^"]*"/policy = "t"/' "$cases/$2.conf" | sed '/^policies/,$d' >"$dir/$1.conf"
	{
		echo 'policies = {'
		sed "s/^modbus-[a-z-]* = {/t = { tolerate = [ \"$1\" ];/; /^  tolerate/d" "$ZONED_RULES/$3.conf"
		echo '};'
	} >>"$dir/$1.conf"
	echo "$dir/$1.conf"
}
case_of "$cases/m-mb-rw.conf" 05-exception-length-4 "accept - 3;reset bad-length 1;"
case_of "$cases/m-mb-rw-obs.conf" 05-exception-length-4 "accept - 7;observed bad-length 1;"
case_of "$(with length-one-more m-mb-rw modbus-read-write)" 05-exception-length-4 "accept - 8;"
# the octet that this device does not send is the next answer's first
case_of "$(with padded-exception m-mb-rw modbus-read-write)" 05-exception-length-4 "accept - 5;reset bad-length 1;"
case_of "$cases/m-mb-rw.conf" 10-fc6-clamped-echo "accept - 3;drop response-mismatch 1;"
case_of "$cases/m-mb-rw-obs.conf" 10-fc6-clamped-echo "accept - 3;observed response-mismatch 1;"
case_of "$(with clamped-echo m-mb-rw modbus-read-write)" 10-fc6-clamped-echo "accept - 4;"
case_of "$(with device-id-form m-mb-rw modbus-read-write)" 08-device-id "accept - 12;"
case_of "$cases/m-mb-prog.conf" 09-umas-1024 "accept - 4;"
case_of "$(with device-id-form m-mb-prog modbus-programming)" 09-umas-1024 "accept - 2;reset bad-length 1;"
"$gate" replay -m "$cases/m-mb-rw.conf" "$cases/10-fc6-clamped-echo.pcap" |
	grep -q "field=value field_expected=5119 field_received=5000 .*reason=response-mismatch" || { echo "FAIL: what was expected"; bad=1; }
"$gate" replay -m "$cases/m-mb-rw.conf" "$cases/05-exception-length-4.pcap" |
	grep -q "field=length field_expected=3 field_received=4 expected=\"length 3\" came=\"length 4\" reason=bad-length" || { echo "FAIL: the length in its record"; bad=1; }
# the two writes do not reach the device, so nobody asked for its answers to them
case_of "$cases/m-mb-ro.conf" 13-replay-after-refusal "accept - 8;drop function-not-allowed 2;drop unsolicited-response 2;"
exit $bad
