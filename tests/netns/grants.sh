#!/bin/bash
# SPDX-License-Identifier: MIT
# A conduit that is closed until somebody grants it: closed, open, closed by the kernel alone when zoned is dead.
# Bytes of held and of new connections decide, inspected and plain, IPv4 and IPv6; held ones that had the in-kernel path
# end as well. A conduit that only watches its messages is closed, too; a site that is only watched lets pass.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_changes
# so that what is inspected passes while nobody inspects, as long as the kernel lets it
fails='fail = "open"; fail_reason = "lab";'
lab_echo
write_model conduit="$fails"
lab_gate "$model"
lab_talker
# talk held|new|again WANTED; again where a lost packet may have decided
talk()
{
	local got i
	for i in 1 2 3; do
		lab_answer "$1"
		[ "$got" = "$2" ] || [ "$2" = none ] && break
	done
	expect "$1 connections that answer" "$got" "$2"
}
grant() { "$ctl" grant --for "$1" --reason 'ticket 9' hmi-to-cell >/dev/null || lab_fail "grant"; }

# without a gate the same bytes reach the server, and most of them in the kernel
for i in 1 2 3 4 5 6; do talk held "$lab_all"; done
fast=$(lab_in_kernel packets) fast=${fast:-0}	# none where it is built without BPF
[ "$fast" = 0 ] || expect_at_least "uninspected packets in the kernel" "$(lab_in_kernel uninspected)" 4

# a conduit that gets a gate: what it has ends, wherever its packets went
gate='open = "on-grant"; grant_max = "30m";'
write_model conduit="$fails $gate"
"$ctl" reload >/dev/null || lab_fail reload
talk held none
expect "connections that are left" "$(in_c ss -Htn state established | grep -c ':\(502\|8080\)')" 0
talk new none
lab_wait 3 bash -c "[ \$(grep -c 'reason=not-granted' '$lab_dir/syslog') -ge 2 ]" ||
	lab_fail "no records: $(tail -3 "$lab_dir/syslog")"
expect_at_least "counted" "$(lab_counted not-granted)" 8
"$ctl" grant --for 31m --reason x hmi-to-cell 2>"$lab_dir/out"
expect "a longer one than grant_max" "$?, $(grep -c 'for 1800 seconds at a time' "$lab_dir/out")" "1, 1"
"$ctl" grant --for 10m hmi-to-cell 2>"$lab_dir/out"
expect "one without a reason" "$?, $(cat "$lab_dir/out")" "2, zonectl: grant needs --for TIME and --reason TEXT; see zonectl help grant"

# granted; over a reload and an end by force
grant 10m
talk again "$lab_all"
before=$(lab_in_kernel packets) plain_before=$(lab_in_kernel uninspected)
for i in 1 2 3 4 5 6; do talk held "$lab_all"; done
expect "of it in the kernel" "$(($(lab_in_kernel packets) - before)) $(($(lab_in_kernel uninspected) - plain_before))" "0 0"
"$ctl" status | grep -q '^order *grant hmi-to-cell, for another 5[0-9]* s, until .*, by root: ticket 9$' || lab_fail "$("$ctl" status)"
"$ctl" conduits hmi-to-cell | grep -q ' until .* by root' || lab_fail "$("$ctl" conduits)"
lab_logged 'grant hmi-to-cell for 600 s by root: in force: event=change verb=grant result=in-force' | grep -q 1 || lab_fail "no audit event"
write_model conduit="$fails $gate description = \"other\";"
"$ctl" reload >/dev/null || lab_fail reload
talk held "$lab_all"
lab_restart KILL
talk new "$lab_all"
lab_said "order grant hmi-to-cell by root: ticket 9: still in force" || lab_fail "not said"

# isolation wins; a revoke ends what is established, for good
"$ctl" isolate cell >/dev/null || lab_fail isolate
talk new none
"$ctl" release cell >/dev/null || lab_fail release
talk again "$lab_all"
"$ctl" revoke --reason done hmi-to-cell >/dev/null || lab_fail revoke
talk held none
talk new none
"$ctl" revoke hmi-to-cell 2>/dev/null
expect "another revoke" $? 1

# it ends by the kernel's own clock: zoned is dead
for k in 5 15 45 slow; do # where this machine is slow, longer
	[ $k != slow ] || lab_fail "too slow to show anything"
	kill -0 "$lab_zoned" 2>/dev/null || lab_keeps=1 lab_gate "$model"
	begun=$SECONDS
	grant $k
	talk again "$lab_all"
	lab_end "$lab_zoned" KILL
	echo held >&"${TALK[1]}"
	read -r -t 10 got <&"${TALK[0]}" || lab_fail "no word of the client"
	[ $((SECONDS - begun)) -lt $((k - 1)) ] && break
done
expect "held connections that answer without zoned" "$got" "$lab_all"
sleep $((begun + k + 1 - SECONDS))
talk held none
talk new none
lab_keeps=1 lab_gate "$model"
lab_said "order grant hmi-to-cell by root: ticket 9: its time ended while zoned did not run" || lab_fail "not said"
lab_wait 3 grep -q 'event=change verb=revoke result=in-force by=zoned .* conduit="hmi-to-cell" why=' "$lab_dir/syslog" || lab_fail "no audit event"

# by zoned, in a conduit that is observed
write_model mode=observe conduit="$gate"
"$ctl" reload >/dev/null || lab_fail "reload, observed conduit"
grant 5
talk again "$lab_all"
lab_wait 7 bash -c "[ \$(grep -c 'conduit \"hmi-to-cell\" is not granted any more' '$lab_dir/zoned.err') = 2 ]" ||
	lab_fail "it does not end"
talk held none

# a site that is only watched: what would be refused is recorded, and passes
{ echo 'mode = "observe";'; write_model mode=observe conduit="$gate"; cat "$model"; } >"$model.new"
mv "$model.new" "$model"
"$ctl" reload >/dev/null || lab_fail "reload, watched site"
talk new "$lab_all"
lab_wait 3 grep -q 'verdict=observed.*reason=not-granted' "$lab_dir/syslog" || lab_fail "no record of what would be refused"
lab_gate_stop
