#!/bin/bash
# SPDX-License-Identifier: MIT
# Out of memory (cgroup): the kernel ends an inspector, or the parent. Nothing passes unjudged, the rules stay, and with memory
# again all is as before: an inspector is replaced, and the parent started again, which its unit does.
. "$(dirname "$0")/lab.sh"
lab_need
grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" && lab_skip "sanitizers take memory of their own"
name=zoned-lab-$$
if [ -d /sys/fs/cgroup/memory ]; then	# version 1
	top=/sys/fs/cgroup/memory limit=memory.limit_in_bytes usage=memory.usage_in_bytes kills=memory.oom_control unlimited=-1
	mine=$top$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
else
	top=/sys/fs/cgroup limit=memory.max usage=memory.current kills=memory.events unlimited=max
	mine=$top$(sed -n 's/^0:://p' /proc/self/cgroup)
fi
group=$top/$name
mkdir "$group" 2>/dev/null && [ -f "$group/$limit" ] || { rmdir "$group" 2>/dev/null; lab_skip "no control group for memory"; }
down()
{
	local status=$? i
	for pid in $(cat "$group/cgroup.procs"); do
		kill -KILL "$pid"
	done
	for i in {1..50}; do
		rmdir "$group" 2>/dev/null && break
		sleep 0.1
	done
	umount "$lab_dir/full" 2>/dev/null
	(exit "$status")
	lab_down
}
lab_up
mkdir "$lab_dir/full" && mount -t tmpfs -o size=64m tmpfs "$lab_dir/full" || lab_skip "cannot mount a file system in memory"
trap down EXIT
lab_changes
lab_model daemon="fast_path = false;" >"$model"
# gate: zoned, in the group; this shell is there meanwhile, since a name space of networks has its own /sys
gate()
{
	echo $$ >"$group/cgroup.procs" || lab_fail "the group takes no process"
	# a share of a larger limit is what the kernel is told of a process (oom_score_adj)
	[ -s "$lab_dir/full/there" ] || head -c 48M /dev/zero >"$lab_dir/full/there"
	lab_gate "$model"
	echo $$ >"$mine/cgroup.procs" || lab_fail "no way back out of the group"
}
killed() { sed -n 's/^oom_kill //p' "$group/$kills"; }
some_killed() { [ "$(killed)" -gt "$killed_before" ]; }
poll() { in_c timeout 2 mbpoll -m tcp -a 1 -0 -1 -o 0.5 -t 4 "$@" >/dev/null 2>&1; }
reads() { poll -r 1 -c 1 "$V4"; }

poll -r 9 "$V4" 77 || lab_fail "without the gate a write does not reach the device"
before=$(lab_delivered writes)
gate
lab_keeps=1
lab_may_write no
expect "processes that the group has" "$(wc -l <"$group/cgroup.procs")" 3
more=$lab_dir/more.conf		# a model with enough in it to take memory
{ sed -n '1,/^zones = (/p' "$model"
	for i in {1..3000}; do printf '  { name = "z%d"; type = "control"; networks = [ "172.%d.%d.0/24" ]; },\n' "$i" $((16 + i / 250)) $((i % 250)); done
	sed '1,/^zones = (/d' "$model"; } >"$more"

# read_soon SECONDS: by the clock, since a read that nobody answers takes long
read_soon()
{
	local end=$((SECONDS + $1))
	until reads; do
		[ $SECONDS -lt $end ] || return 1
	done
}

# too_little KILOBYTES COMMAND...: with so much more than it has, COMMAND again and again until the kernel killed a process
# for want of memory; what is refused stays so, and the rules stay
too_little()
{
	local i
	killed_before=$(killed)
	echo $(($(cat "$group/$usage") + ($1 << 10))) >"$group/$limit" || lab_fail "no limit"
	for i in {1..40}; do
		some_killed && break
		"${@:2}" >"$lab_dir/said" 2>&1
	done
	some_killed || lab_fail "nothing was killed, so the test shows nothing: $(cat "$lab_dir/said")"
	in_g nft list table inet zoned 2>/dev/null | grep -q 'map conduits' || lab_fail "the rules went with it"
	poll -r 9 "$V4" 78 && lab_fail "a write was answered"
	expect "writes delivered" "$(lab_delivered writes)" "$before"
	echo $unlimited >"$group/$limit" || lab_fail "no way back from the limit"
}

# again: with memory, what ended is there again
again()
{
	if ! read_soon 3; then
		kill -0 "$lab_zoned" 2>/dev/null && lab_fail "with memory again a read does not pass"
		wait "$lab_zoned" 2>/dev/null
		echo "ok: zoned ended with $?, and its unit would start it again"
		lab_wait 5 eval '[ ! -s "$group/cgroup.procs" ]' || lab_fail "processes are left: $(cat "$group/cgroup.procs")"
		reads && lab_fail "a read passed while nobody judges"
		gate
	else
		lab_said "died (signal 9)" || lab_fail "nothing is said of what died: $(tail -5 "$lab_dir/zoned.err")"
		echo "ok: an inspector ended, and another one judges"
	fi
	read_soon 6 || lab_fail "with memory again a read does not pass"
	lab_may_write no
}

# an inspector, which gets packets; unless this kernel ends another (vm.oom_kill_allocating_task)
echo 1000 >"/proc/$(lab_inspectors)/oom_score_adj" || lab_fail "the kernel cannot be told which one"
too_little 16 reads
again
# the parent, which gets a model
echo 1000 >"/proc/$lab_zoned/oom_score_adj" || lab_fail "the kernel cannot be told which one"
too_little 256 timeout 10 "$ctl" apply "$more"
again
expect "writes delivered" "$(lab_delivered writes)" "$before"
lab_gate_stop
