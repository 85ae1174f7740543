#!/bin/bash
# SPDX-License-Identifier: MIT
# Two people for a change of the model: one proposes, another user approves; nobody approves alone, and what was
# approved is what is put in force. One alone goes back, and gives orders.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_changes
two='approvals = 2; roles = { viewer = [ "adm" ]; engineer = [ "games" ]; };'
make() { lab_model policy="$2" daemon="${3-$two}" conduit="description = \"${4-}\";" >"$1"; }
as() { local uid=$1; shift; setpriv --reuid="$uid" --regid=1 --groups "${group:-games}" "$@" 2>&1; }
may_write() { lab_may_write "$1" ", in generation $(in_force)"; }
proposed() { "$ctl" proposals --json | "$python" -c 'import json,sys; print(" ".join(p["model"] for p in json.load(sys.stdin)["proposals"]))'; }
new=$lab_dir/new.conf
make "$model" modbus-read-only
make "$new" modbus-read-write
chmod 755 "$lab_dir"; chmod 644 "$new" "$model"
lab_gate "$model"

# that the same bytes do reach the device without a second person is in changes.sh; here they wait
may_write no
rc=0; as 1001 "$ctl" apply --reason "ticket 7" "$new" >"$lab_dir/out" || rc=$?
expect "status of a proposal" $rc 10
hash=$(proposed)
[ "${#hash}" = 64 ] && grep -q "waits for the approval of 1 of 2 people; another one: zonectl approve $hash" "$lab_dir/out" ||
	lab_fail "$hash: $(cat "$lab_dir/out")"
expect "generation" "$(in_force)" 1
may_write no
"$ctl" proposals | grep -q "^$hash *uid 1001 .*ticket 7" || lab_fail "$("$ctl" proposals)"
"$ctl" show "${hash:0:12}" | grep -q modbus-read-write || lab_fail "show of a proposal"
rc=0; "$ctl" diff @ "@${hash:0:12}" >"$lab_dir/out" || rc=$?
expect "diff of a proposal" $rc 8

no() {	# no WHAT TEXT COMMAND...
	local what=$1 text=$2 rc=0
	shift 2
	"$@" >"$lab_dir/out" 2>&1 || rc=$?
	[ $rc != 0 ] && grep -qF -- "$text" "$lab_dir/out" || lab_fail "$what ($rc): $(cat "$lab_dir/out")"
	expect "$what: generation" "$(in_force)" 1
}
no "the same user approves" "another person is needed" as 1001 "$ctl" approve "$hash"
group=adm no "a viewer approves" "for the role engineer" as 1002 "$ctl" approve "$hash"
no "another hash" "no model with the hash" as 1002 "$ctl" approve "${hash:0:58}ffffff"
no "the beginning of the hash, which another model may have" "needs all 64 digits" as 1002 "$ctl" approve "${hash:0:32}"
no "it is proposed already" "is proposed by uid 1001" as 1002 "$ctl" apply "$new"

# it survives a restart; what was changed on disk is not what was approved
lab_end "$lab_zoned"
cp "$lab_dir/state/proposals.json" "$lab_dir/proposals"
sed -i 's/modbus-read-write/modbus-read-only/' "$lab_dir/state/proposals.json"
lab_keeps=1 lab_gate "$model"
no "another model under the hash" "not the one that was proposed" as 1002 "$ctl" approve "$hash"
lab_end "$lab_zoned"
cp "$lab_dir/proposals" "$lab_dir/state/proposals.json"
lab_keeps=1 lab_gate "$model"
as 1002 "$ctl" approve --reason "looked at" "$hash" >"$lab_dir/out" || lab_fail "approve: $(cat "$lab_dir/out")"
expect "generation" "$(in_force)" 2
expect "hash in force" "$("$ctl" status --json | sed -n 's/^ *"hash": "\([0-9a-f]*\)".*/\1/p' | head -1)" "$hash"
may_write yes
expect "proposals" "$(proposed)" ""
"$ctl" generations | grep -q '^\* *2 .* apply *uid 1001, approved by uid 1002: ticket 7; looked at' || lab_fail "$("$ctl" generations)"
lab_wait 3 grep -q 'event=change verb=apply result=proposed uid=1001 .* proposal='"$hash"' why="ticket 7"' "$lab_dir/syslog" || lab_fail "no event of the proposal"
lab_wait 3 grep -q 'event=change verb=approve result=in-force uid=1002 .* proposed_uid=1001 proposed_by="uid 1001" why="ticket 7; looked at"' "$lab_dir/syslog" ||
	lab_fail "no event of both: $(grep verb=approve "$lab_dir/syslog")"
grep -q 'event=change verb=approve result=refused uid=1001' "$lab_dir/syslog" || lab_fail "no event of who may not"

# one alone: back to the generation before, and orders; not to any other, and no signal
make "$model" modbus-read-write "$two" third
rc=0; as 1001 "$ctl" reload >/dev/null || rc=$?
expect "reload is proposed" $rc 10
kill -HUP "$lab_zoned"
lab_wait 3 lab_said "a signal has none" || lab_fail "SIGHUP"
mkdir "$lab_dir/state/proposals.json.part"	# what cannot be written is not withdrawn
before=$(proposed)
as 1002 "$ctl" withdraw "$before" >/dev/null && lab_fail "withdrawn, until the next start"
expect "proposals" "$(proposed)" "$before"
rmdir "$lab_dir/state/proposals.json.part"
as 1002 "$ctl" withdraw "$(proposed)" >/dev/null || lab_fail "withdraw"
expect "proposals" "$(proposed)" ""
rc=0; as 1001 "$ctl" rollback 1 >/dev/null || rc=$?
expect "rollback to a number is proposed" $rc 10
as 1001 "$ctl" rollback --reason "pump 3 stopped" >/dev/null || lab_fail "rollback by one"
may_write no
as 1001 "$ctl" isolate cell >/dev/null && as 1001 "$ctl" release cell >/dev/null || lab_fail "orders by one"

# nobody does away with it alone
make "$new" modbus-read-only 'roles = { engineer = [ "games" ]; };'
rc=0; as 1001 "$ctl" apply "$new" >/dev/null || rc=$?
expect "a model for one person is proposed" $rc 10
for hash in $(proposed); do
	"$ctl" show "$hash" | grep -q approvals || as 1002 "$ctl" approve "$hash" >/dev/null || lab_fail "approve"
done
before=$(in_force)
make "$new" modbus-read-write 'roles = { engineer = [ "games" ]; };'
as 1001 "$ctl" apply "$new" >/dev/null || lab_fail "one person is enough then"
expect_at_least "generation" "$(in_force)" $((before + 1))
may_write yes

# what nobody approves goes
lab_end "$lab_zoned"
"$python" - "$lab_dir/state/proposals.json" <<'END' || lab_fail "what is kept"
import json, sys
o = json.load(open(sys.argv[1]))
assert o["proposals"]
for p in o["proposals"]:
    p["time"] -= 86400
json.dump(o, open(sys.argv[1], "w"))
END
lab_keeps=1 lab_gate "$model"
lab_wait 5 grep -q 'event=change verb=expire result=expired by=zoned' "$lab_dir/syslog" || lab_fail "not expired"
expect "proposals" "$(proposed)" ""
lab_gate_stop
