#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The boundary of each process, seen from outside in /proc: descriptors, capabilities, privileges,
# system call filters, limits, memory, environment. What is not on the list of zoned(8), "Processes",
# fails, for the parent, the spawner and every inspector, started by hand from a shell that
# leaves much behind, and again after an inspector was killed and the model was loaded again.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
lab_model queues=2 daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model.conf"
sanitizers=0
grep -q '^#define ZONED_SANITIZERS 1' "$top_builddir/config.h" && sanitizers=1
filter=$((sanitizers ? 0 : 2))

# status PID FIELD
status()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# limit PID NAME: hard
limit()
{
	awk -v name="$2" 'index($0, name) == 1 { print $(NF - 1) }' "/proc/$1/limits"
}

# descriptors PID: what each is, sorted
descriptors()
{
	local fd
	for fd in "/proc/$1/fd"/*; do
		echo "$(basename "$fd") $(readlink "$fd" | sed 's/:\[[0-9]*\]//')"
	done | sort -n
}

# sockets PID: the families of the sockets that it holds, with a word for what listens to the network
sockets()
{
	local ino
	for ino in $(ls -l "/proc/$1/fd" | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p'); do
		if awk -v i="$ino" '$7 == i { found = 1 } END { exit !found }' "/proc/$1/net/unix"; then
			echo unix
		elif awk -v i="$ino" '$10 == i { found = 1 } END { exit !found }' "/proc/$1/net/netlink"; then
			echo netlink
		else
			echo other
		fi
	done | sort -u
}

# realtime PROCESSES...: how many of their threads have a real-time priority
realtime()
{
	local pid
	for pid in "$@"; do
		cat "/proc/$pid/task"/*/stat
	done | sed 's/^.*) //' | awk '$39 != 0 { n++ } END { print n + 0 }'	# policy
}

# maps PID: rights of what is mapped that no process here should have
bad_maps()
{
	awk '$2 ~ /w.*x/ || ($2 ~ /x/ && $6 == "" ) { print $2, $6 }' "/proc/$1/maps"
}

# policies PID: what it may do with its memory of policies, and whether that is what it can never be more ("sealed")
policies()
{
	awk '$6 == "/memfd:zoned-images" { printf "%s ", $2; here = 1 }
		here && $1 == "VmFlags:" { printf "%s", / mw / ? "mw " : "sealed "; here = 0 }' "/proc/$1/smaps"
}

# what every process has in common: NAME PID CAPABILITIES
common()
{
	local name=$1 pid=$2 field
	for field in CapEff CapPrm; do
		expect "$name: $field" "$(status "$pid" $field)" "$3"
	done
	for field in CapInh CapBnd CapAmb; do
		expect "$name: $field" "$(status "$pid" $field)" 0000000000000000
	done
	expect "$name: no new privileges" "$(status "$pid" NoNewPrivs)" 1
	expect "$name: user" "$(status "$pid" Uid | tr '\t' ' ')" "$(id -u nobody | sed 's/.*/& & & &/')"
	expect "$name: groups" "$(status "$pid" Groups | tr -d ' ')" ""
	expect "$name: core files" "$(limit "$pid" 'Max core file size')" 0
	expect "$name: words of the shell" "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -c hunter2)" 0
	expect "$name: the secret descriptor" "$(ls -l "/proc/$pid/fd" | grep -c secret)" 0
	# seen by its owner: who belongs to this user cannot look into it
	[ "$sanitizers" = 1 ] || expect "$name: looked into by its own user" \
		"$(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all cat "/proc/$pid/environ" 2>&1 |
			grep -ac 'Permission denied')" 1
	[ "$sanitizers" = 1 ] || expect "$name: memory that can be written and run" "$(bad_maps "$pid" | grep -v 'vsyscall\|vdso')" ""
}

look()
{
	local p inspectors spawner
	inspectors=$(lab_inspectors)
	spawner=$(status "$(head -n 1 <<<"$inspectors")" PPid)
	expect "inspectors" "$(wc -w <<<"$inspectors")" 2
	expect "threads and processes of zoned" "$(cat "/proc/$lab_zoned/task"/*/children | tr -d ' ')" "$spawner"
	common parent "$lab_zoned" 0000000000001000
	[ "$sanitizers" = 1 ] || expect "parent: filter" "$(status "$lab_zoned" Seccomp)" 2
	for p in "/proc/$lab_zoned/task"/*; do
		[ "$sanitizers" = 1 ] || expect "parent: filter of thread ${p##*/}" "$(sed -n 's/^Seccomp:[[:space:]]*//p' "$p/status")" 2
	done
	expect "parent: families of sockets" "$(sockets "$lab_zoned" | tr '\n' ' ')" "netlink unix "
	expect "parent: other descriptors" "$(descriptors "$lab_zoned" | sed 's/^[0-9]* //' | sort -u |
		grep -v '^socket\|^pipe\|^anon_inode\|^/dev/null$\|/zoned.err$\|/json$\|/state$\|^/proc/[0-9]*/task/[0-9]*/schedstat$')" ""
	expect "parent: other anonymous ones" "$(descriptors "$lab_zoned" | sed -n 's/^[0-9]* anon_inode:*//p' | sort -u |
		grep -v '^\[*\(btf\|eventpoll\|eventfd\|bpf-map\|bpf-prog\|bpf_link\|signalfd\)\]*$')" ""
	expect "parent: threads with a real-time priority, the guard of the table" "$(realtime "$lab_zoned")" "$guards"
	# shellcheck disable=SC2086 # a word each
	expect "spawner, inspectors: real-time priority" "$(realtime "$spawner" $inspectors)" 0
	expect "parent: policies, to write and as inspectors have them" "$(policies "$lab_zoned" | tr ' ' '\n' | sort | uniq -c | tr -s ' \n' ' ')" \
		" 2 mw 2 r--s 2 rw-s 2 sealed "
	common spawner "$spawner" 0000000000000000
	expect "spawner: policies, to read, of two" "$(policies "$spawner")" "r--s sealed r--s sealed "
	expect "spawner: filter" "$(status "$spawner" Seccomp)" "$filter"
	expect "spawner: descriptors" "$(descriptors "$spawner" | sed 's/^[0-9]* //' | sed "s#^$lab_dir/zoned.err#/dev/null#" | sort | uniq -c | awk '{ print $1, $2 }' | tr '\n' ',')" \
		"3 /dev/null,2 anon_inode:[eventfd],1 anon_inode:[signalfd],1 socket,"
	for p in $inspectors; do
		common "inspector $p" "$p" 0000000000000000
		expect "inspector $p: filter" "$(status "$p" Seccomp)" 2
		expect "inspector $p: descriptors" "$(descriptors "$p" | grep -v "^2 .*/zoned.err$")" "0 anon_inode:[eventfd]"
		expect "inspector $p: descriptors at most" "$(limit "$p" 'Max open files')" 1
		expect "inspector $p: processes at most" "$(limit "$p" 'Max processes')" 0
		expect "inspector $p: size of files" "$(limit "$p" 'Max file size')" 0
		[ "$sanitizers" = 1 ] || expect_at_most "inspector $p: megabytes of memory" "$(($(limit "$p" 'Max data size') >> 20))" 2048
		# its own ring, sources' shares, DNP3 stations, and the counts of rates where they are in no BPF map
		expect "inspector $p: rings" "$(grep -c '/dev/zero' "/proc/$p/maps")" "$rings"
		expect "inspector $p: policies, to read, never to write" "$(policies "$p")" "r--s sealed "
		expect "inspector $p: shared memory of others" "$(awk '$2 ~ /s/ && $6 !~ /^(\/dev\/zero|anon_inode:bpf-map|\/memfd:zoned-images)/ { print $6 }' "/proc/$p/maps")" ""
	done
}

export ZONED_TEST_PASSWORD=hunter2
echo secret >"$lab_dir/secret"
exec 7<"$lab_dir/secret" 8<>"$lab_dir/secret"
# the control: a program that is started in the same way has all of that
in_g "$lab_src/with-devlog" "$lab_dir" /bin/sh -c "ls -l /proc/\$\$/fd; tr '\\0' '\\n' </proc/\$\$/environ" >"$lab_dir/held"
expect "descriptors that a child gets" "$(grep -c secret "$lab_dir/held")" 2
expect "words that a child gets" "$(grep -c hunter2 "$lab_dir/held")" 1

guards=0
lab_gate "$lab_dir/model.conf"
lab_said "no real-time priority" || guards=1
chrt -f 1 true && expect "guards with a real-time priority, where the kernel gives it" "$guards" 1
rings=4
lab_said "in-kernel path: up to" && rings=3
look
first=$(lab_inspectors | head -n 1)
kill -KILL "$first"
lab_wait 5 lab_said "starting another" || lab_fail "the inspector's death was not seen"
sleep 1.2
lab_reload
lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "a read does not pass"
look
lab_gate_stop

# closed standard descriptors: what is opened does not get their numbers
rm -f "$lab_dir/control"	# zoned could not, as nobody: the next one there is of the next start
: >"$lab_dir/zoned.err"
ip netns exec "$lab_g" "$lab_src/with-devlog" "$lab_dir" "$top_builddir/zoned" -f "$lab_dir/model.conf" -R "$top_srcdir/rules" \
	-u nobody -C "$lab_dir/control" -S "$lab_dir/state" <&- >&- 2>&- &
lab_zoned=$!
lab_pids+=("$lab_zoned")
lab_wait 10 test -S "$lab_dir/control" || lab_fail "zoned does not start without standard descriptors"
sleep 1
expect "standard descriptors" "$(descriptors "$lab_zoned" | sed -n '1,3p' | tr '\n' ',')" "0 /dev/null,1 /dev/null,2 /dev/null,"
lab_poll -t 4 -r 600 "$V4" >/dev/null || lab_fail "a read does not pass there"
lab_gate_stop
