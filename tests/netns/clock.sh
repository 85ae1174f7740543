#!/bin/bash
# SPDX-License-Identifier: MIT
# The clock of the day is set, forward and back, while zoned runs: what passes and what is refused stays, limits, the wait
# for confirm and modes for a time go on, the records have the new time, and it is logged. zoned's alone: clock-shift.c.
. "$(dirname "$0")/lab.sh"
lab_need
grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" && lab_skip "sanitizers take no other library before theirs"
lab_up
lab_changes
shift_file=$lab_dir/shift
hour=3600 year=31536000
set_clock() { "$python" -c "import struct,sys; open(sys.argv[1], 'r+b').write(struct.pack('=q', int(sys.argv[2])))" "$shift_file" "$1"; }
printf '\0\0\0\0\0\0\0\0' >"$shift_file"
chmod 644 "$shift_file"
lab_become=(env "LD_PRELOAD=$(realpath "$lab_bin/clock-shift.so")" "ZONED_CLOCK_SHIFT=$shift_file")
lab_model daemon="json_log = \"$lab_dir/json\";" conduit='max_requests_per_second = 40;' >"$model"
lab_model policy=modbus-read-write conduit='max_requests_per_second = 40;' daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/new.conf"
lab_gate "$model"

years() { "$python" -c 'import json, sys
print(*sorted({json.loads(l)["time"][:4] for l in open(sys.argv[1]) if "function-not-allowed" in l}))' "$lab_dir/json"; }
# 40 at once and 40 in a second, with room for what a busy machine stretches
limited()
{
	local out ok
	out=$(in_c timeout 20 "$lab_bin/mbclient" -d 1 -T 20 "$V4" "$PORT")
	ok=$(lab_value "$out" ok)
	expect_at_least "reads answered in a second of at most 40 a second, $1" "$ok" 20
	expect_at_most "reads answered in a second of at most 40 a second, $1" "$ok" 160
}
this_year=$(date -u +%Y)

lab_may_write no
limited "the clock is right"
set_clock "$year"
lab_wait 3 lab_said "the clock was set forward by $year s: event=clock-set seconds=$year;" || lab_fail "nothing is said of it"
lab_may_write no
limited "a year later"
lab_wait 12 eval '[ "$(years)" = "$this_year $((this_year + 1))" ]' || lab_fail "years of records: $(years)"
set_clock -"$year"
lab_wait 3 lab_said "the clock was set back by $((2 * year)) s: event=clock-set seconds=-$((2 * year));" || lab_fail "nothing is said of it"
lab_may_write no
limited "a year before"
set_clock 0

# what waits does so by another clock
"$ctl" apply --confirm 6 "$lab_dir/new.conf" >/dev/null || lab_fail "apply --confirm"
set_clock "$hour"
sleep 1
expect "generation after an hour that was none" "$(in_force)" 2
lab_may_write yes
set_clock -"$hour"
lab_wait 10 lab_said "generation 3 is in force" || lab_fail "no fall back while the clock is set back"
lab_may_write no
"$ctl" mode --for 5 hmi-to-cell observe >/dev/null || lab_fail mode
set_clock "$hour"
sleep 1
lab_may_write yes
set_clock -"$hour"
lab_wait 10 lab_said 'the mode of conduit "hmi-to-cell" is that of the model again' || lab_fail "the mode does not end"
lab_may_write no

# over a restart of zoned it is as long as it is; over one of the machine there is the clock of the day alone, and who set it
# back gains no time
"$ctl" mode --for 600 hmi-to-cell observe >/dev/null || lab_fail mode
set_clock -"$((2 * hour))"
lab_restart
lab_said "order mode hmi-to-cell by root: still in force" || lab_fail "the clock of the day ended an order"
lab_may_write yes
left=$("$ctl" status --json | sed -n 's/.*"seconds_left": \([0-9]*\).*/\1/p')
[ "$left" -gt 500 ] && [ "$left" -le 600 ] || lab_fail "it has $left seconds"
lab_end "$lab_zoned"
sed -i 's/"boot": *"[^"]*"/"boot":"another"/' "$lab_dir/state/orders.json"
grep -q another "$lab_dir/state/orders.json" || lab_fail "no start of the kernel in $(cat "$lab_dir/state/orders.json")"
lab_keeps=1 lab_gate "$model"
lab_said "its time ended while zoned did not run" || lab_fail "an order of the future is in force"
lab_may_write no
lab_gate_stop
