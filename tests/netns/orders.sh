#!/bin/bash
# SPDX-License-Identifier: MIT
# Orders over the model: an isolated zone, and a conduit's mode for a time. Bytes of held and of new
# connections decide, inspected and plain, IPv4 and IPv6.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_changes
write_model
lab_echo
lab_gate "$model"
lab_talker
# talk held|new|again WANTED
talk()
{
	local got
	lab_answer "$1"
	expect "$1 connections that answer" "$got" "$2"
}

talk held "$lab_all"
talk held "$lab_all" # packets of which may go in the kernel
"$ctl" isolate --reason 'ticket 9' cell >"$lab_dir/out" || lab_fail "isolate: $(cat "$lab_dir/out")"
expect "isolate says" "$(cat "$lab_dir/out")" "isolate cell; generation 2 is in force"
talk held none
talk new none
lab_wait 3 bash -c "[ \$(grep -c 'reason=zone-isolated' '$lab_dir/syslog') -ge 2 ]" ||
	lab_fail "no records: $(tail -3 "$lab_dir/syslog")"
# A packet that is with an inspector while the rules change is refused by it, as of no conduit.
expect "flows refused as of no conduit" "$(grep -c 'event=refused-flow.*reason=no-conduit' "$lab_dir/syslog")" 0
expect_at_least "counted" "$(lab_counted zone-isolated)" 8
"$ctl" status | grep -q '^order *isolate cell, by root: ticket 9$' || lab_fail "$("$ctl" status)"
"$ctl" generations | grep -q '^\* *1 ' || lab_fail "the model in force: $("$ctl" generations)"
grep 'isolate cell by root: in force: event=change verb=isolate result=in-force .* zone="cell" why="ticket 9"' "$lab_dir/syslog" >/dev/null || lab_fail "no audit event"

# over a reload, an end by force and a start, a way back
write_model conduit='description = "other";'
"$ctl" reload >/dev/null || lab_fail reload
talk new none
lab_restart KILL
talk new none
lab_said "order isolate cell by root: ticket 9: still in force" || lab_fail "not said"
"$ctl" rollback >/dev/null || lab_fail rollback
talk new none
"$ctl" isolate nowhere 2>/dev/null
expect "isolation of what is no zone" $? 1

"$ctl" release cell >/dev/null || lab_fail release
talk new "$lab_all"
talk again "$lab_all"
"$ctl" release cell 2>/dev/null
expect "another release" $? 1

# a site that is only watched: what is ordered is refused there, too
{ echo 'mode = "observe";'; lab_model services="$lab_plain" mode=observe; } >"$model"
"$ctl" reload >/dev/null || lab_fail "reload, observed"
talk held "$lab_all"
"$ctl" isolate hmi >/dev/null || lab_fail "isolate, observed"
talk held none
talk new none
"$ctl" release hmi >/dev/null || lab_fail "release, observed"
talk new "$lab_all"
"$ctl" mode --for 60 hmi-to-cell enforce 2>/dev/null
expect "enforce where the site is only watched" $? 1

# a conduit's mode
write_model
"$ctl" reload >/dev/null || lab_fail "reload, enforced"
lab_may_write no
"$ctl" mode --for 6 --reason 'new station' hmi-to-cell observe >/dev/null || lab_fail mode
lab_may_write yes
"$ctl" conduits | grep -q ' observe until [-0-9T:]*Z by root ' || lab_fail "$("$ctl" conduits)"
"$ctl" status --json | grep -q '"seconds_left": [1-6]' || lab_fail "no time: $("$ctl" status)"
lab_wait 9 lab_said 'the mode of conduit "hmi-to-cell" is that of the model again' || lab_fail "it does not end"
lab_may_write no
lab_wait 3 grep -q 'event=change verb=mode result=in-force by=zoned .* conduit="hmi-to-cell" mode="model" why=' "$lab_dir/syslog" || lab_fail "no audit event"
grep -q 'mode hmi-to-cell observe for 6 s by root: in force: .* conduit="hmi-to-cell" mode="observe" seconds="6" why="new station"' "$lab_dir/syslog" || lab_fail "no audit event of the mode"
"$ctl" mode --for 60 hmi-to-cell observe >/dev/null || lab_fail mode
lab_restart
lab_may_write yes
"$ctl" mode hmi-to-cell model >/dev/null || lab_fail "mode model"
lab_may_write no

# what is ordered for a zone that only a model without confirmation does not have holds when that one falls back
"$ctl" isolate hmi >/dev/null || lab_fail isolate
sed 's/"hmi"/"desk"/g' "$model" >"$lab_dir/desk.conf"
"$ctl" apply --confirm 60 "$lab_dir/desk.conf" >/dev/null || lab_fail "apply --confirm"
talk again "$lab_all"
"$ctl" rollback >/dev/null || lab_fail rollback
talk new none
"$ctl" apply --confirm 60 "$lab_dir/desk.conf" >/dev/null || lab_fail "apply --confirm"
lab_said "the order isolate hmi is dropped" && lab_fail "dropped, and not confirmed"
"$ctl" confirm >/dev/null || lab_fail confirm
lab_said "the order isolate hmi is dropped: the model in force has no such zone" || lab_fail "not dropped"
"$ctl" reload >/dev/null || lab_fail "reload, hmi again"
talk new "$lab_all"

# a name that the model no longer has; and what is no list of orders
"$ctl" mode --for 60 hmi-to-cell observe >/dev/null || lab_fail mode
sed -i 's/hmi-to-cell/renamed/' "$model"
"$ctl" reload >/dev/null || lab_fail "reload, renamed"
lab_said "the order mode hmi-to-cell is dropped: the model in force has no such conduit" || lab_fail "not dropped"
lab_may_write no
echo '{' >"$lab_dir/state/orders.json"
lab_restart
lab_said "orders.json is no list of orders" || lab_fail "not said"

# roles
lab_end "$lab_zoned"
write_model daemon='roles = { viewer = [ "adm" ]; operator = [ "tty" ]; };'
lab_gate "$model"
as() { local group=$1; shift; setpriv --reuid=1 --regid=1 --groups "$group" "$@" 2>&1; }
as adm "$ctl" isolate cell | grep -q 'for the role operator; yours is viewer' || lab_fail "a viewer isolates"
as tty "$ctl" isolate cell >/dev/null || lab_fail "an operator may not isolate"
as tty "$ctl" release cell >/dev/null || lab_fail "an operator may not release"
as tty "$ctl" mode --for 60 hmi-to-cell enforce >/dev/null || lab_fail "an operator may not enforce"
as tty "$ctl" mode --for 60 hmi-to-cell observe | grep -q 'for the role engineer; yours is operator' || lab_fail "an operator observes"
lab_gate_stop
