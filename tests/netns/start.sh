#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Starts that fail, at one step after the other, each by a real cause: a file in place of /dev/null, no user, a queue that
# another has, a control path that is a folder, a table that another holds, fewer descriptors than are needed
# (down to four), fewer processes and threads. Whatever fails is said on standard error, without -d, and all that was
# taken is given back: no process, no socket, no queue; and no table, unless the rules were in force. Those stay.
. "$(dirname "$0")/lab.sh"
lab_need setpriv nft
lab_up
uid=$((100000 + $$ % 50000))		# nobody else's, since processes are counted by user
mkdir "$lab_dir/run" && chown "$uid" "$lab_dir/run"
as_user=(setpriv --reuid="$uid" --regid="$uid" --clear-groups --ambient-caps=+net_admin --inh-caps=+net_admin)
control=$lab_dir/run/control
lab_model daemon='fast_path = false;' >"$lab_dir/model.conf"
# A sanitizer looks for leaks with a process of its own, which the limits below do not leave
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

# The kernel counts a process of the user until somebody has waited for it, which may be init
counted() { ps -o pid= -U "$uid"; }
nobody_counts() { [ -z "$(counted)" ]; }

# start_in_vain LIMITS COMMAND...: run zoned, without -d and with standard error in a file; it must end, with 1
start_in_vain()
{
	local limits=$1
	shift
	[[ $limits != "ulimit -u"* ]] || lab_wait 20 nobody_counts || lab_fail "before a start: processes of user $uid are left: $(counted)"
	: >"$lab_dir/zoned.err"
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$lab_g" "$lab_src/with-devlog" "$lab_dir" /bin/bash -c "$limits"'; exec timeout 20 "$@"' - "$@" \
		"$top_builddir/zoned" -f "$lab_dir/model.conf" -R "$top_srcdir/rules" -C "$control" -S "$lab_dir/state" >"$lab_dir/zoned.out" 2>"$lab_dir/zoned.err"
	status=$?
}

# Nothing of ours lives in the gateway
nobody_left() { [ -z "$(ip netns pids "$lab_g")" ]; }
queues() { in_g cat /proc/net/netfilter/nfnetlink_queue | wc -l; }
tables() { in_g nft list tables | grep -c 'inet zoned'; }

# refused WHAT MESSAGE: the last start failed with this on standard error and in syslog, and left nothing
refused()
{
	expect "$1: exit status" "$status" 1
	grep -qE -- "^zoned: $2" "$lab_dir/zoned.err" || lab_fail "$1: standard error has not: $2"
	expect "$1: errors" "$(wc -l <"$lab_dir/zoned.err")" 1
	lab_wait 5 nobody_left || lab_fail "$1: processes are left: $(ip netns pids "$lab_g" | xargs ps -o pid,args -p)"
	[ ! -S "$control" ] || lab_fail "$1: the socket is left"
	expect "$1: queues left" "$(queues)" 0
	expect "$1: tables left" "$(tables)" "${tables_left:-0}"
}

# as the unit with its drop-in for taps starts it
of_unit() { sed -n "s/^$1=//p" "$top_builddir/systemd/zoned.service" "$top_srcdir/systemd/taps.conf" | paste -sd' '; }
unit_caps=$(of_unit AmbientCapabilities | sed 's/CAP_/+/g; s/ /,/g' | tr '[:upper:]' '[:lower:]')
as_unit=(setpriv --reuid="$uid" --regid="$uid" --clear-groups --ambient-caps="$unit_caps" --inh-caps="$unit_caps")
expect "what a tap needs, in the drop-in" "$(of_unit AmbientCapabilities | grep -o CAP_NET_RAW)" CAP_NET_RAW
zoneds() { for p in $(ip netns pids "$lab_g"); do [ "$(readlink "/proc/$p/exe")" = "$(readlink -f "$top_builddir/zoned")" ] && echo "$p"; done; }
all_are_there() { [ "$(zoneds | wc -l)" = 3 ]; }

# the control: without limits the same call starts, and all that is counted here is there
: >"$lab_dir/zoned.err"
ip netns exec "$lab_g" "$lab_src/with-devlog" "$lab_dir" "${as_user[@]}" "$top_builddir/zoned" -f "$lab_dir/model.conf" \
	-R "$top_srcdir/rules" -C "$control" -S "$lab_dir/state" 2>"$lab_dir/zoned.err" &
lab_zoned=$!
lab_pids+=("$lab_zoned")
lab_wait 10 test -S "$control" || lab_fail "zoned does not start at all"
lab_wait 5 grep -q 'generation 1 is in force' "$lab_dir/syslog" || lab_fail "the rules are not in force"
expect "processes of a good start" "$(ip netns pids "$lab_g" | wc -l)" 3
expect "queues of a good start" "$(queues)" 16
expect "tables of a good start" "$(tables)" 1
expect "standard error of a good start" "$(cat "$lab_dir/zoned.err")" ""
expect "lines of libcap-ng in the log of a good start" "$(grep -c libcap-ng "$lab_dir/syslog")" 0

# another one beside it has no queue; it takes nothing away from the first
start_in_vain true "${as_user[@]}"
expect "two at once: exit status" "$status" 1
lab_said "(is another program, or another zoned, using it?); nothing was changed" || lab_fail "two at once: it is not said"
expect "two at once: processes" "$(ip netns pids "$lab_g" | wc -l)" 3
test -S "$control" || lab_fail "two at once: the socket is gone"
lab_end "$lab_zoned"
nobody_left || lab_wait 5 nobody_left || lab_fail "processes outlive a stop"
[ ! -S "$control" ] || lab_fail "the socket outlives a stop"
expect "tables after a stop" "$(tables)" 1
in_g nft delete table inet zoned

# each step that has a cause outside
start_in_vain 'umount /dev/null' "${as_user[@]}"
refused "a file in place of /dev/null" "cannot give up what this process was started with: Permission denied; nothing was changed"
lab_model daemon='fast_path = false; user = "nobody-of-that-name";' >"$lab_dir/model.conf"
start_in_vain true env
refused "no such user" 'there is no user "nobody-of-that-name" to become'
lab_model daemon='fast_path = false;' >"$lab_dir/model.conf"
start_in_vain true setpriv --reuid="$uid" --regid="$uid" --clear-groups
expect "no rights: exit status" "$status" 1
mkdir "$lab_dir/run/folder"
control=$lab_dir/run/folder start_in_vain true "${as_user[@]}"
refused "a folder in place of the socket" "control socket $lab_dir/run/folder: File exists; nothing was changed"
control=$lab_dir/none/control start_in_vain true "${as_user[@]}"
refused "no folder for the socket" "control socket $lab_dir/none/control: No such file or directory; nothing was changed"

# a tap without its rights: one that is to block keeps zoned from starting, one that watches does not
tap='{ name = "eth9"; source = "tap"; %s }'
{ lab_model daemon='fast_path = false;'; printf "interfaces = ( $tap );\n" 'enforce = "reactive";'; } >"$lab_dir/model.conf"
start_in_vain true "${as_user[@]}"
refused "a reactive tap without its rights" 'taps: no right to send resets: .* zoned.service.d/taps.conf .*; nothing was changed'
{ lab_model daemon='fast_path = false;'; printf "interfaces = ( $tap );\n" ''; } >"$lab_dir/model.conf"
ip netns exec "$lab_g" "$lab_src/with-devlog" "$lab_dir" "${as_user[@]}" "$top_builddir/zoned" -f "$lab_dir/model.conf" \
	-R "$top_srcdir/rules" -C "$control" 2>"$lab_dir/zoned.err" &
lab_zoned=$!
lab_pids+=("$lab_zoned")
lab_wait 10 grep -q 'tap eth9: nothing is read until zoned is started again: zoned has no right to capture' "$lab_dir/syslog" ||
	lab_fail "a tap without its rights is not told"
grep -q 'install the drop-in zoned.service.d/taps.conf' "$lab_dir/syslog" || lab_fail "the drop-in is not named"
expect "a tap without its rights: lines" "$(grep -c 'tap eth9: ' "$lab_dir/syslog")" 1
expect "its state" "$(ZONED_CONTROL=$control "$top_builddir/zonectl" status --json | grep -cE '"state": "lost"|"why": "zoned has no right')" 2
expect "the gate is there" "$(queues)" 16
lab_end "$lab_zoned"
in_g nft delete table inet zoned
lab_model daemon='fast_path = false;' >"$lab_dir/model.conf"

# another program holds the table
coproc holder { ip netns exec "$lab_g" nft -i 2>&1; }
holder_in=${holder[1]}
echo 'add table inet zoned { flags owner; }' >&"$holder_in"
if lab_wait 5 in_g nft list table inet zoned; then
	start_in_vain true "${as_user[@]}"
	expect "a table that is held: exit status" "$status" 1
	grep -q "^zoned: the rules: .*; nothing was changed" "$lab_dir/zoned.err" || lab_fail "a table that is held: it is not said"
	[ ! -S "$control" ] || lab_fail "a table that is held: the socket is left"
	expect "a table that is held: queues left" "$(queues)" 0
	# while it waits, with all that the unit gives: what taps need is given back long before anything is in force
	start_in_vain true "${as_unit[@]}" &
	lab_wait 5 all_are_there || lab_fail "zoned does not wait for a table that is held"
	for p in $(zoneds); do
		caps=$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$p/status")
		expect "CAP_NET_RAW of zoned without taps, as it starts" "$((0x$caps & 0x2000))" 0
	done
	wait $!
fi
echo quit >&"$holder_in"
wait "$holder_PID" 2>/dev/null
in_g nft delete table inet zoned 2>/dev/null

# processes and threads: the spawner, the inspector, and behind the rules the threads of guard, records, queue
start_in_vain 'ulimit -u 1' "${as_user[@]}"
refused "no process for the spawner" "no spawner: Resource temporarily unavailable; nothing was changed"
start_in_vain 'ulimit -u 2' "${as_user[@]}"
refused "no process for an inspector" 'inspector 0 did not start \(no process: Resource temporarily unavailable\); nothing was changed'

# the steps of the spawner and of the inspector, which cannot log: root that may not change users, and less memory than
# a million connections need, but enough for the parent
lab_model daemon='fast_path = false; user = "nobody";' >"$lab_dir/model.conf"
start_in_vain true setpriv --bounding-set=-setuid --inh-caps=-setuid
refused "a user that cannot be changed to" "the spawner: the user to become: Operation not permitted; nothing was changed"
if ! grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h"; then	# these need terabytes
	lab_model daemon='fast_path = false; max_connections = 1000000;' >"$lab_dir/model.conf"
	start_in_vain 'ulimit -v 400000' "${as_user[@]}"
	refused "no memory for connections" 'inspector 0 did not start \(no memory for connections: Cannot allocate memory\); nothing was changed'
fi
lab_model daemon='fast_path = false;' >"$lab_dir/model.conf"

tables_left=1
start_in_vain 'ulimit -u 3' "${as_user[@]}"
refused "no thread for the guard" "no thread for the guard of the table: Resource temporarily unavailable$"
start_in_vain 'ulimit -u 4' "${as_user[@]}"
refused "no thread for the records" "no thread for the records: Resource temporarily unavailable$"
start_in_vain 'ulimit -u 5' "${as_user[@]}"
refused "no thread for the queues" "no threads for the queues: Resource temporarily unavailable$"
expect "rules that stay are said" "$(lab_logged 'stopping; the rules stay in the kernel')" 5
in_g nft delete table inet zoned
tables_left=0

# descriptors: from too few to enough, whatever step that hits
declare -A steps
for ((n = 4; n < 64; n++)); do
	start_in_vain "ulimit -n $n" "${as_user[@]}" timeout -s TERM 3
	[ "$status" = 3 ] || [ "$status" = 127 ] && continue	# not even for the model, or the loader
	[ "$status" = 1 ] || break
	[ -s "$lab_dir/zoned.err" ] || lab_fail "$n descriptors: nothing is said"
	steps[$(sed 's/^zoned: //; s/queue [0-9]*/queue/; s/:.*//' "$lab_dir/zoned.err" | head -n 1)]=$n
	lab_wait 5 nobody_left || lab_fail "$n descriptors: processes are left"
	[ ! -S "$control" ] || lab_fail "$n descriptors: the socket is left"
	[ "$(queues)" = 0 ] || lab_fail "$n descriptors: queues are left"
	grep -q 'nothing was changed' "$lab_dir/zoned.err" && [ "$(tables)" != 0 ] && lab_fail "$n descriptors: a table is left"
	in_g nft delete table inet zoned 2>/dev/null
	lab_said "zoned: queue " && n=$((n + 6))	# one for each of sixteen
done
printf 'with so many descriptors this fails: %s\n' "$(for s in "${!steps[@]}"; do echo "${steps[$s]} $s;"; done | sort -n | tr '\n' ' ')"
expect_at_least "steps that lack of descriptors makes fail" "${#steps[@]}" 6
expect_at_most "descriptors that are enough" "$n" 63
in_g nft delete table inet zoned 2>/dev/null

# the journal has the lines from syslog: not again from standard error
lab_model daemon='fast_path = false; user = "nobody-of-that-name";' >"$lab_dir/model.conf"
JOURNAL_STREAM=$(stat -L -c %d:%i "$lab_dir/zoned.err") start_in_vain true env
expect "to the journal: exit status" "$status" 1
expect "to the journal: standard error" "$(cat "$lab_dir/zoned.err")" ""
echo "nonsense" >"$lab_dir/model.conf"
start_in_vain true env
expect "a model with errors: exit status" "$status" 3
expect_at_least "a model with errors: lines on standard error" "$(grep -c 'model.conf:1.*: error: ' "$lab_dir/zoned.err")" 1
