#!/bin/bash
# SPDX-License-Identifier: MIT
# What is in force, and who changed it: apply, confirm, rollback, and what a restart finds.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_changes
lab_model >"$model"
lab_model policy=modbus-read-write >"$lab_dir/new.conf"
lab_gate "$model"

may_write() { lab_may_write "$1" ", in generation $(in_force)"; }

may_write no
"$ctl" apply --reason 'ticket "7"' "$lab_dir/new.conf" >"$lab_dir/out" || lab_fail "apply: $(cat "$lab_dir/out")"
expect "apply says" "$(cat "$lab_dir/out")" "generation 2 is in force"
may_write yes
"$ctl" generations | grep -q '^\* *2 .* apply  *root: ticket "7"$' || lab_fail "generations: $("$ctl" generations)"
"$ctl" show | "$ctl" check - >/dev/null || lab_fail "what show prints is no model"
"$ctl" show | grep -q '"modbus-read-write"' || lab_fail "show"
"$ctl" show 1 | grep -q '"modbus-read-only"' || lab_fail "show 1"

"$ctl" diff @1 @ >"$lab_dir/out"
expect "diff of generation 1 and what is in force" $? 8
grep -q '^opens: policy ' "$lab_dir/out" || lab_fail "diff: $(cat "$lab_dir/out")"
"$ctl" diff @ "$model" >/dev/null
expect "diff of what is in force and the file" $? 7
"$ctl" diff @2 "$lab_dir/new.conf" >/dev/null
expect "diff of a generation and its file" $? 0
"$ctl" diff @9 "$model" >/dev/null 2>&1
expect "diff of what is not kept" $? 1
echo "conduits = ( 7 );" >>"$lab_dir/new.conf"
"$ctl" apply "$lab_dir/new.conf" 2>"$lab_dir/err"
expect "apply of a model with errors" $? 3
grep -q "^$lab_dir/new.conf:[0-9:]*: error: " "$lab_dir/err" || lab_fail "no place: $(cat "$lab_dir/err")"
expect "generation then" "$(in_force)" 2

"$ctl" rollback >/dev/null || lab_fail "rollback"
may_write no
"$ctl" rollback 2 >/dev/null || lab_fail "rollback 2"
may_write yes
"$ctl" rollback 99 2>/dev/null
expect "rollback to what is not kept" $? 1

# to be confirmed, and confirmed
"$ctl" apply --confirm 60 "$model" >/dev/null || lab_fail "apply --confirm"
may_write no
"$ctl" apply "$lab_dir/model.conf" 2>"$lab_dir/err" && lab_fail "a change while another waits"
grep -q 'waits to be confirmed' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
"$ctl" confirm --reason seen >/dev/null || lab_fail "confirm"
"$ctl" confirm 2>/dev/null && lab_fail "confirm of nothing"
expect "generation" "$(in_force)" 5

# not confirmed
"$ctl" rollback --confirm 5 2 >/dev/null || lab_fail "rollback --confirm"
may_write yes
lab_wait 10 lab_said "generation 7 is in force" || lab_fail "no fall back"
may_write no
"$ctl" generations | tail -1 | grep -q 'rollback .*zoned: generation 5 again: not confirmed in time' ||
	lab_fail "generations: $("$ctl" generations)"

# a restart: what was applied last stays, with its number
"$ctl" rollback 2 >/dev/null
lab_restart
lab_said "generation 8 (rollback, by root) is put in force, not $model: the file did not change since" || lab_fail "not said"
expect "generation after a restart" "$(in_force)" 8
may_write yes

# not confirmed when zoned is killed
"$ctl" rollback --confirm 600 1 >/dev/null || lab_fail "rollback --confirm 1"
may_write no
lab_restart KILL
expect "generation after a kill" "$(in_force)" 10
may_write yes
"$ctl" status | grep -q waits && lab_fail "it still waits: $("$ctl" status)"

# the file is edited: it is newer; and when it has errors, the last generation is in force
lab_model conduit='description = "edited";' >"$model"
lab_restart
expect "generation after an edit" "$(in_force)" 11
may_write no
lab_restart
expect "generation of the same file" "$(in_force)" 11
echo "nonsense" >"$model"
lab_restart
lab_said "$model:1: error: " || lab_fail "the error is not said"
lab_said "generation 11 (file, by start) is put in force, not $model: the file has errors; mend it, then: zonectl reload" ||
	lab_fail "not said"
may_write no
"$ctl" reload >/dev/null 2>&1
expect "reload of a file with errors" $? 3

# SIGUSR2 opens the files of records again, and loads nothing
kill -USR2 "$lab_zoned"
"$ctl" reopen >/dev/null || lab_fail "reopen"
expect "generation after SIGUSR2" "$(in_force)" 11

# a history that is none is put aside, and that is said
lab_model >"$model"
lab_end "$lab_zoned"
head -c 100 "$lab_dir/state/history.json" >"$lab_dir/cut" && cat "$lab_dir/cut" >"$lab_dir/state/history.json"
lab_keeps=1 lab_gate "$model"
lab_said "history.json is no history of generations" || lab_fail "not said"
expect "generation without a history" "$(in_force)" 1
[ -s "$lab_dir/state/history.json.unreadable" ] || lab_fail "it was not kept"
lab_end "$lab_zoned"

# roles, by group: whoever has none is told so
lab_model daemon='roles = { viewer = [ "adm" ]; operator = [ "tty" ]; engineer = [ "games", "src" ]; };' >"$model"
lab_gate "$model"
as() { local group=$1; shift; setpriv --reuid=1 --regid=1 --groups "$group" "$@" 2>&1; }
as mail "$ctl" status | grep -q '"status" is for the role viewer; yours is none' || lab_fail "no role: $(as mail "$ctl" status)"
as adm "$ctl" status >/dev/null || lab_fail "a viewer may not see"
as adm "$ctl" reopen | grep -q 'for the role operator; yours is viewer' || lab_fail "a viewer reopens"
as tty "$ctl" reopen >/dev/null || lab_fail "an operator may not reopen"
as tty "$ctl" reload >/dev/null && lab_fail "an operator reloads"
as games "$ctl" reload --reason "by role" >/dev/null || lab_fail "an engineer may not reload: $(as games "$ctl" reload)"
lab_wait 3 grep -q 'event=change verb=reload result=in-force uid=1 pid=[0-9]* role=engineer user="daemon".* why="by role"' "$lab_dir/syslog" ||
	lab_fail "no audit event"
expect "refusals in syslog" "$(grep -c 'result=refused uid=1 .*role=\(viewer\|operator\)' "$lab_dir/syslog")" 2
lab_model daemon='roles = { engineer = [ "no-such-group" ]; };' >"$model"
"$ctl" reload 2>"$lab_dir/err"
expect "a group that is not there" $? 3
grep -q "^$model:[0-9]*: error: roles: engineer: there is no group \"no-such-group\"" "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
lab_gate_stop
