#!/bin/bash
# SPDX-License-Identifier: MIT
# The control socket and the history among hostile users, slips and bad luck.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_changes
roles='roles = { viewer = "any"; engineer = [ "games" ]; };'
lab_model daemon="$roles" >"$model"
lab_model daemon="$roles" policy=modbus-read-write >"$lab_dir/writes.conf"
lab_gate "$model"

policy() { "$ctl" show | grep -o 'policy = "modbus-[a-z-]*"' | head -n 1; }

setpriv --reuid=1 --regid=1 --clear-groups "$python" "$lab_src/unfriendly.py" "$ZONED_CONTROL" &
slow=$!
lab_pids+=("$slow")
setpriv --reuid=1 --regid=1 --groups games "$python" "$lab_src/unfriendly.py" "$ZONED_CONTROL" "$lab_zoned" "$model" ||
	lab_fail "an unfriendly peer"
lab_model daemon="$roles" >"$model"
"$ctl" reload >/dev/null || lab_fail "reload"

# what was never confirmed is no way back, and a change that is refused does not confirm it
good=$(policy)
"$ctl" apply --confirm 600 "$lab_dir/writes.conf" >/dev/null || lab_fail "apply --confirm"
stopped=$(lab_inspectors)
kill -STOP "$stopped"
"$ctl" rollback --confirm 600 2>/dev/null
expect "exit status of a rollback that is refused" $? 3
"$ctl" status | grep -q '^waits ' || lab_fail "what waits is confirmed by a change that was refused"
kill -CONT "$stopped"
"$ctl" rollback --confirm 5 >/dev/null || lab_fail "rollback --confirm"
fell_back() { "$ctl" generations | tail -n 1 | grep -q 'not confirmed in time'; }
lab_wait 10 fell_back || lab_fail "no fall back: $("$ctl" generations)"
expect "in force, when nobody confirms anything," "$(policy)" "$good"

# the same when zoned ends between the two lists of a second change
"$ctl" apply --confirm 600 "$lab_dir/writes.conf" >/dev/null || lab_fail "apply --confirm"
last=$(in_force)
lab_end "$lab_zoned" KILL
sed -i "s/^  \"number\": $last,/  \"number\": $((last + 1)),/" "$lab_dir/state/history.json"
lab_keeps=1 lab_gate "$model"
expect "in force after that" "$(policy)" "$good"

# a change that is refused leaves nothing that waits for a restart
stopped=$(lab_inspectors)
kill -STOP "$stopped"
lab_model queues=2 >"$lab_dir/queues.conf"
said=$("$ctl" apply "$lab_dir/queues.conf" 2>&1)
expect "exit status when an inspector does not answer (${said##*: })" $? 3
kill -CONT "$stopped"
expect "keys that wait" "$("$ctl" status | grep -c '^restart for')" 0

# a long reason that is cut between two characters
reason=x$(printf 'ä%.0s' {1..120})
"$ctl" apply "$lab_dir/writes.conf" >/dev/null || lab_fail "apply"
"$ctl" rollback --reason "$reason" >/dev/null || lab_fail "rollback"
kept=$(in_force)
lab_restart
lab_said "is no history of generations" && lab_fail "the history is lost by a reason"
expect "generation after a restart" "$(in_force)" "$kept"

# answers that make no sense: zonectl says so, or leaves out what it does not know
"$python" - "$lab_dir/odd" <<'END' &
import socket
import sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
for reply in (b'200 {"bypasses":[7,null],"inspectors":3,"taps":[1]}', b'200 {"kept":true,"generations":[7,{"time":-1}]}',
              b'422 {"errors":[{},7]}', b'200 {"message":"x","pending_restart":[7]}', b'200 {}', b'200 []', b'2000 {}', b''):
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(reply + b"\n" if reply else b"")
    c.close()
END
lab_pids+=($!)
lab_wait 3 test -S "$lab_dir/odd"
i=0
for want in "status 0" "generations 0" "reload 3" "reload 0" "show 0" "show 1" "show 1" "show 1"; do
	i=$((i + 1))
	ZONED_CONTROL=$lab_dir/odd "$ctl" "${want% *}" >/dev/null 2>&1
	expect "exit status of ${want% *} at odd answer $i" $? "${want#* }"
done

# changes of all kinds in a row: zoned has no more open than before
open_files() { ls "/proc/$lab_zoned/fd" | wc -l; }
before=$(open_files)
for i in {1..8}; do
	"$ctl" reload >/dev/null || lab_fail "reload $i"
	kill -HUP "$lab_zoned"
done
lab_wait 5 lab_said "generation $((kept + 16)) is in force" || lab_fail "16 changes: generation $(in_force)"
expect "open files" "$(open_files)" "$before"

# a disk that takes nothing: what is in force, and not kept, is no way back; what was kept last is
mv "$lab_dir/state/models" "$lab_dir/models" && touch "$lab_dir/state/models"
"$ctl" apply "$lab_dir/writes.conf" >"$lab_dir/out" || lab_fail "apply"
grep -q 'in force, but not kept (Not a directory)' "$lab_dir/out" || lab_fail "not said: $(cat "$lab_dir/out")"
unkept=$(in_force)
rm "$lab_dir/state/models" && mv "$lab_dir/models" "$lab_dir/state/models"
"$ctl" apply --confirm 5 "$model" 2>"$lab_dir/err"
expect "exit status of a change without a way back" $? 1
grep -q "generation $unkept, which is in force, is not kept" "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
"$ctl" rollback >/dev/null || lab_fail "rollback to the last one that is kept"
expect "in force then" "$(policy)" "$good"

# a model on the disk that is damaged is written again with the next change to it
sed -i 's/system/sistem/' "$lab_dir"/state/models/*.json
"$ctl" rollback 2>/dev/null
expect "exit status of a rollback to a damaged model" $? 3
"$ctl" reload >/dev/null || lab_fail "reload"
"$ctl" reload >/dev/null && "$ctl" rollback >/dev/null || lab_fail "a damaged model stays"
wait "$slow" || lab_fail "a slow peer"

# the table is another zoned's: that is no fault of the file, and the next start takes it
lab_end "$lab_zoned"
lab_model daemon='queue_base = 4000; log_group = 77;' >"$lab_dir/other.conf"
ip netns exec "$lab_g" "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -d -f "$lab_dir/other.conf" -R "$ZONED_RULES" \
	-u nobody -C "$lab_dir/other" -S "$lab_dir/other-state" 2>"$lab_dir/other.err" &
other=$!
lab_pids+=("$other")
lab_wait 10 grep -q ' is in force: ' "$lab_dir/other.err" || lab_fail "another zoned: $(cat "$lab_dir/other.err")"
if in_g nft list table inet zoned | grep -q 'flags owner'; then
	lab_model conduit='description = "edited";' >"$model"
	in_g timeout 20 "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -d -f "$model" -R "$ZONED_RULES" -u nobody \
		-C "$lab_dir/control" -S "$lab_dir/state" 2>"$lab_dir/err" && lab_fail "zoned takes another one's table"
	grep -q 'belongs to another process' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
	lab_end "$other"
	lab_keeps=1 lab_gate "$model"
	lab_said "refused the file" && lab_fail "the file is taken for refused"
	"$ctl" generations | tail -n 1 | grep -q ' file ' || lab_fail "the edited file: $("$ctl" generations)"
	echo "ok: a table of another's is no fault of the file"
fi
lab_gate_stop
