#!/bin/bash
# SPDX-License-Identifier: MIT
# Backup, verify, restore: all that zoned is comes back, with its generations and what was ordered; what is not whole is
# not restored; and a power cut at any write leaves all of the old or all of the new.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_changes
cut="$lab_bin/restore-cut"
mkdir "$lab_dir/etc"
model=$lab_dir/etc/model.conf
state=$lab_dir/state
lab_model >"$lab_dir/new.conf"
{ echo '@include "site.conf"'; grep -v '^system' "$lab_dir/new.conf"; } >"$model"
echo 'system = { name = "lab"; };' >"$lab_dir/etc/site.conf"
lab_model policy=modbus-read-write >"$lab_dir/new.conf"
lab_gate "$model"
places=(--config "$model" --state "$state")
may_write() { lab_may_write "$1" ", in generation $(in_force)"; }

may_write no
"$ctl" apply --reason "ticket 7" "$lab_dir/new.conf" >/dev/null || lab_fail "apply"
may_write yes
"$ctl" isolate --reason "to be kept" cell >/dev/null || lab_fail "isolate"
hash=$("$ctl" generations | awk '/^\*/ { print $4 }')
"$ctl" backup "${places[@]}" "$lab_dir/plant.backup" || lab_fail "backup"
"$ctl" verify "$lab_dir/plant.backup" >"$lab_dir/out" || lab_fail "verify: $(cat "$lab_dir/out")"
"$ctl" verify "$lab_dir/nothing" 2>"$lab_dir/err"
expect "an archive that is not there" "$?, $(cat "$lab_dir/err")" "1, zonectl: $lab_dir/nothing: No such file or directory"
grep -q ': good: model [0-9a-f]*, [0-9]* files, 2 generations, of 20' "$lab_dir/out" || lab_fail "verify says $(cat "$lab_dir/out")"
# it is a tar, with a manifest as sha256sum reads it
mkdir "$lab_dir/tar" && tar -C "$lab_dir/tar" -xf "$lab_dir/plant.backup" && (cd "$lab_dir/tar" && sha256sum --quiet -c MANIFEST) ||
	lab_fail "tar and sha256sum do not read it"
expect "mode of the archive" "$(stat -c %a "$lab_dir/plant.backup")" 600

# while it runs, and without --yes, nothing is restored
"$ctl" restore "${places[@]}" --yes "$lab_dir/plant.backup" 2>"$lab_dir/err" && lab_fail "restored beside zoned"
grep -q 'zoned runs' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
mkdir "$state/restore" && echo '{"files":[],"by":{}}' >"$state/restore/plan.json"
"$ctl" restore "${places[@]}" --finish 2>"$lab_dir/err" && lab_fail "finished a restore beside zoned"
grep -q 'zoned runs' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
rm -r "$state/restore"
lab_end "$lab_zoned"
cp -a "$lab_dir/etc" "$lab_dir/etc.then"
rm -f "$lab_dir/etc/site.conf"
lab_model conduit='description = "other";' >"$model"
rm -rf "$state" && mkdir "$state" && chown nobody "$state"
echo '{"schema":1,"generation":9}' >"$state/orders.json"
"$ctl" restore "${places[@]}" "$lab_dir/plant.backup" >"$lab_dir/out" || lab_fail "dry run: $(cat "$lab_dir/out")"
grep -qx "$model" "$lab_dir/out" && grep -q 'would be restored with --yes' "$lab_dir/out" || lab_fail "dry run: $(cat "$lab_dir/out")"
expect "what is in the directory then" "$(ls "$state")" orders.json

rc=0; "$ctl" restore "${places[@]}" --reason $'\xff' --yes "$lab_dir/plant.backup" >/dev/null 2>"$lab_dir/err" || rc=$?
[ $rc = 2 ] && grep -q 'no text in UTF-8' "$lab_dir/err" || lab_fail "a reason that is no text ($rc): $(cat "$lab_dir/err")"

# what is not whole
size=$(stat -c %s "$lab_dir/plant.backup")
cp "$lab_dir/plant.backup" "$lab_dir/bad"
bad() {
	"$ctl" restore "${places[@]}" --yes "$lab_dir/bad" >/dev/null 2>"$lab_dir/err"
	[ $? = 5 ] && [ "$(ls "$state")" = orders.json ] || lab_fail "$1 is restored: $(cat "$lab_dir/err"; ls "$state")"
}
for at in 3 130 600 1100 $((size / 3)) $((size / 2)); do
	printf '\377' | dd of="$lab_dir/bad" bs=1 seek="$at" conv=notrunc status=none
	cmp -s "$lab_dir/bad" "$lab_dir/plant.backup" || bad "octet $at"
	cp "$lab_dir/plant.backup" "$lab_dir/bad"
done
head -c $((size / 2)) "$lab_dir/plant.backup" >"$lab_dir/bad"; bad "half of it"
(cd "$lab_dir/tar" && sed -i 's,10.10.2.0/24,10.10.3.0/24,' config/0 && tar --format=ustar -cf "$lab_dir/bad" MANIFEST backup.json config/* state/*.json state/models/*)
bad "an edited model"
(cd "$lab_dir/tar" && { sha256sum backup.json config/* state/*.json state/models/* | sed 's/ \*/  /'; } >MANIFEST &&
	tar --format=ustar -cf "$lab_dir/bad" MANIFEST backup.json config/* state/*.json state/models/*)
bad "an edited model with its manifest"
grep -q 'not the one that was backed up' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
echo "ok: what is not whole is not restored"

# a power cut at each change of a file: all of the old, or all of the new
cp -a "$state" "$lab_dir/state.then"; cp -a "$lab_dir/etc" "$lab_dir/etc.old"
seen() { (cd "$state" && cat history.json orders.json models/* 2>/dev/null; cat "$lab_dir"/etc/*.conf) | sha256sum; }
old=$(seen)
"$ctl" restore "${places[@]}" --yes "$lab_dir/plant.backup" >/dev/null || lab_fail "restore"
new=$(seen)
[ "$old" != "$new" ] || lab_fail "nothing was restored"
n=0 olds=0 news=0 rc=99
while [ $rc = 99 ] && [ $n -lt 300 ]; do
	n=$((n + 1)) rc=0
	rm -rf "$state" "$lab_dir/etc"; cp -a "$lab_dir/state.then" "$state"; cp -a "$lab_dir/etc.old" "$lab_dir/etc"
	CUT=$n "$cut" restore "${places[@]}" --yes "$lab_dir/plant.backup" >/dev/null 2>&1 || rc=$?
	CUT=$((n % 7 + 1)) "$cut" restore "${places[@]}" --finish >/dev/null 2>&1	# and another one, when it is finished
	"$ctl" restore "${places[@]}" --finish >/dev/null 2>&1 || lab_fail "not finished after cut $n"
	case $(seen) in "$old") olds=$((olds + 1));; "$new") news=$((news + 1));; *) lab_fail "cut $n: half of it";; esac
	[ ! -e "$state/restore" ] || lab_fail "cut $n: still unfinished"
done
expect "the end without a cut" $rc 0
expect_at_least "cuts that leave the old" "$olds" 10
expect_at_least "cuts that leave the new" "$news" 10

# and zoned starts with it
rm -rf "$state" "$lab_dir/etc"; cp -a "$lab_dir/state.then" "$state"; cp -a "$lab_dir/etc.old" "$lab_dir/etc"
"$ctl" restore "${places[@]}" --reason "new box" --yes "$lab_dir/plant.backup" >/dev/null || lab_fail "restore"
diff -r "$lab_dir/etc" "$lab_dir/etc.then" || lab_fail "the configured files are others"
lab_keeps=1 lab_gate "$model"
expect "model in force" "$("$ctl" generations | awk '/^\*/ { print $4 }')" "$hash"
"$ctl" status | grep -q 'to be kept' || lab_fail "what was ordered is gone: $("$ctl" status)"
lab_wait 3 grep -q 'event=change verb=restore result=restored by=zonectl .*new box"' "$lab_dir/syslog" || lab_fail "no audit event"
"$ctl" release cell >/dev/null || lab_fail "release"
may_write yes
"$ctl" rollback >/dev/null || lab_fail "rollback"
may_write no
lab_gate_stop
