#!/bin/bash
# SPDX-License-Identifier: MIT
# What passes, what is refused and what is said while the disk of generations and of records is full, and while an
# interface goes away and comes back, by another name first.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
model=$lab_dir/model.conf
disk=$lab_dir/disk
ctl=$top_builddir/zonectl
lab_keeps=1
mkdir "$disk"
down() { local status=$?; umount "$disk" 2>/dev/null; (exit "$status"); lab_down; }
mount -t tmpfs -o size=64k,mode=755,uid=65534 tmpfs "$disk" || lab_skip "cannot mount a small disk"
trap down EXIT
lab_model daemon="json_log = \"$disk/json\";" >"$model"

ask() { ZONED_CONTROL=$lab_dir/control "$ctl" "$@"; }
writes_here() { lab_poll -t 4 -r 9 "$V4" 77 >/dev/null && echo answered || echo refused; }
reads_here() { lab_poll -t 4 -r 1 -c 1 "$V4" >/dev/null && echo answered || echo refused; }
newest() { ask generations --json | "$python" -c "import json,sys; print(max(g['number'] for g in json.load(sys.stdin)['generations']))"; }

# --- the disk is full
expect "without the gate: a write" "$(writes_here)" answered
before=$(lab_delivered writes)
lab_gate "$model" -S "$disk/state"
expect "a generation that is kept" "$(newest)" 1
head -c 65536 /dev/zero >"$disk/other" 2>/dev/null
sed -i 's/"modbus-read-only"/&; comment = "full"/' "$model"
lab_reload
lab_said "generation 2 is in force, but $disk/state does not take it: No space left on device; a restart does not know of it" ||
	lab_fail "nothing is said of a generation that is not kept: $(cat "$lab_dir/zoned.err")"
expect "the newest that is kept" "$(newest)" 1
expect "with a full disk: a read, a write" "$(reads_here) $(writes_here)" "answered refused"
lab_wait 5 grep -qF "reason=function-not-allowed" "$lab_dir/syslog" || lab_fail "no record in syslog"
lab_wait 8 grep -qF "records: $disk/json cannot be written: No space left on device" "$lab_dir/syslog" ||
	lab_fail "nothing is said of records that are lost: $(cat "$lab_dir/syslog")"
rm "$disk/other"
lab_reload
expect "the newest that is kept, with room again" "$(newest)" 3
writes_here >/dev/null
lab_wait 5 grep -qF function-not-allowed "$disk/json" || lab_fail "no record in the file when there is room"
"$python" -c "import json,sys; [json.loads(l) for l in open('$disk/json')]" || lab_fail "a line of records is cut"

# --- an interface goes, has another name, and comes back
passes() { [ "$(reads_here)" = answered ]; }
in_g ip link set eth1 down
expect "its interface down: a read" "$(reads_here)" refused
in_g ip link set eth1 name eth7 && in_g ip link set eth7 up && in_g ip -6 addr add fd00:10:1::1/64 dev eth7 nodad ||
	lab_fail "rename"
come_there() { reads_here && [ "$(lab_counted wrong-interface)" -ge 1 ]; }
lab_wait 5 come_there || lab_fail "by another name nothing comes to the rules, so the test shows nothing"
expect "by another name: a read" "$(reads_here)" refused
lab_wait 3 lab_said 'event=misfit-found kind=missing interface="eth1" zone="hmi"' || lab_fail "it is not said"
lab_wait 5 grep -qE 'reason=wrong-interface .*in_interface="?eth7' "$lab_dir/syslog" || lab_fail "no record names eth7"
in_g ip link set eth7 down && in_g ip link set eth7 name eth1 && in_g ip link set eth1 up || lab_fail "rename"
lab_wait 3 passes || lab_fail "nothing passes by the interface that is back"
expect "it is back: a write" "$(writes_here)" refused
expect "writes that came to the device meanwhile" "$(lab_delivered writes)" "$before"
