#!/bin/bash
# SPDX-License-Identifier: MIT
# Times of a conduit, and its last day: closed before, open, closed by zoned, open again, and closed by the kernel alone
# when zoned is dead. The clocks of a time zone made for the lab (zone.py) go through all of it in seconds. Bytes of held
# and of new connections decide, inspected and plain, IPv4 and IPv6.
. "$(dirname "$0")/lab.sh"
lab_need
zone=/usr/share/zoneinfo/Etc/UCT
[ -f "$zone" ] || lab_skip "needs the database of time zones (tzdata)"
lab_up
lab_changes
fails='fail = "open"; fail_reason = "lab";'
export LC_ALL=C
times="times = ( { days = \"$(date -u +%a | tr A-Z a-z)\"; from = \"12:00\"; to = \"13:00\"; } ); time_zone = \"Etc/UCT\";"
lab_echo
# talk BEFORE held|new|again WANTED: 1 where the answer came later than so many seconds after the beginning; again where a
# lost packet may have decided
talk()
{
	local got i
	for i in 1 2 3; do
		lab_answer "$2"
		[ "$(date +%s)" -lt $((begun + $1)) ] || return 1
		[ "$got" = "$3" ] || [ "$3" = none ] && break
	done
	expect "$2 connections that answer" "$got" "$3"
}
until_time() { sleep "$(awk -v t="$(date +%s.%N)" -v at="$((begun + $1))" 'BEGIN { print (at > t ? at - t : 0) }')"; }
# attempt K: outside, open from 3 K to 6 K seconds on, outside, open from 9 K to 12 K, outside for good
attempt()
{
	local k=$1
	begun=$(date +%s)
	"$python" "$lab_src/zone.py" "$lab_dir/zone" $begun 7200 $((begun + 3 * k)) -7200 $((begun + 6 * k)) 7200 \
		$((begun + 9 * k)) -7200 $((begun + 12 * k)) 7200
	"$ctl" reload >/dev/null || lab_fail reload
	talk $((3 * k)) new none || return 1
	until_time $((3 * k + 1))
	talk $((6 * k)) again "$lab_all" && talk $((6 * k)) held "$lab_all" || return 1
	until_time $((6 * k))
	talk $((9 * k)) held none && talk $((9 * k)) new none || return 1
	lab_wait 3 grep -q 'event=change verb=times result=in-force by=zoned .*conduit hmi-to-cell is closed: outside its times' "$lab_dir/syslog" ||
		lab_fail "no audit event"
	until_time $((9 * k + 1))
	talk $((12 * k)) again "$lab_all" || return 1
	lab_end "$lab_zoned" KILL
	talk $((12 * k)) held "$lab_all" || return 1
	until_time $((12 * k))
	talk $((99 * k)) held none && talk $((99 * k)) new none
}

# in a mount namespace of zoned's own
"$python" "$lab_src/zone.py" "$lab_dir/zone" "$(date +%s)" 7200
lab_prefix=(bash -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$lab_dir/zone" "$zone")
write_model conduit="$fails $times"
lab_gate "$model"
lab_talker
for k in 1 2 4 slow; do
	[ $k != slow ] || lab_fail "this machine is too slow to show anything"
	kill -0 "$lab_zoned" 2>/dev/null || lab_keeps=1 lab_gate "$model"
	attempt $k && break
done
[ "$(lab_logged 'reason=outside-window')" -ge 2 ] || lab_fail "no records"

begun=$(date +%s)
# the last day
lab_keeps=1 lab_gate "$model"
write_model conduit="$fails expires = \"2020-12-31\";"
"$ctl" reload >/dev/null || lab_fail "reload, expired"
talk 99 new none
[ "$(lab_logged 'reason=expired')" -ge 1 ] || lab_fail "no record of what is expired"
write_model conduit="$fails expires = \"2499-12-31\";"
"$ctl" reload >/dev/null || lab_fail "reload, not expired"
talk 99 new "$lab_all"
"$ctl" conduits hmi-to-cell | grep -q 'until 2499-12-31: open now' || lab_fail "$("$ctl" conduits)"
lab_gate_stop
