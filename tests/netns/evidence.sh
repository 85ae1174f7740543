#!/bin/bash
# SPDX-License-Identifier: MIT
# Evidence: for what is refused there is a file, named by the id of the record, in which tshark
# finds the packets before, the one that was refused with the record as its comment, and those
# after it. A full disk costs evidence and nothing else.
. "$(dirname "$0")/lab.sh"
lab_need tshark
lab_up
in_s timeout 60 "$python" "$lab_src/dnp3-peer.py" outstation "$V4" 20000 "$lab_dir/station" 2>"$lab_dir/station.err" &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/station" || lab_fail "the outstation did not start: $(cat "$lab_dir/station.err")"
in_s timeout 60 "$python" "$lab_src/evidence.py" station "$V6" 4840 >"$lab_dir/ua" 2>&1 &
lab_pids+=($!)
lab_wait 5 grep -q ready "$lab_dir/ua" || lab_fail "the OPC UA server did not start: $(cat "$lab_dir/ua")"
kept=$lab_dir/evidence
install -d -o nobody -m 750 "$kept"

model()	# [MORE of the conduit]
{
	cat <<END
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; }
);
conduits = ( { name = "hmi-to-cell"; from = "hmi"; to = "cell"; ${1:-} flows = (
  { protocol = "modbus"; policy = "modbus-read-only"; }, { protocol = "dnp3"; policy = "dnp3-read-only-master"; },
  { protocol = "opcua"; policy = "opcua-read-only"; } ); } );
policies = {
  @include "modbus-read-only.conf"
  @include "dnp3-read-only-master.conf"
  @include "opcua-read-only.conf"
};
daemon = { queues = 1; fast_path = false; evidence = { directory = "$kept"; }; };
END
}

# modbus HOST: two reads, a write of register 10, and two reads, on one connection
modbus() { in_c timeout 20 "$python" "$lab_src/evidence.py" modbus "$1" "$PORT"; }

# The id of the last line of syslog with these words; empty: there is none.
id_of() { grep -F -- "$1" "$lab_dir/syslog" | sed -n 's/.* id=\([0-9a-f]*-[0-9]*\) .*/\1/p' | tail -n 1; }

# shown ID FIELD: one line for each packet of the file: interface, FIELD, comment
shown()
{
	tshark -r "$kept/$1.pcapng" -T fields -E separator=/t -e frame.interface_name -e "$2" -e frame.comment \
		2>"$lab_dir/tshark.err" || lab_fail "tshark: $(cat "$lab_dir/tshark.err")"
}

# look WORDS FIELD VALUE BEFORE AFTER: the record with WORDS has its file; the packet with the comment
# is the first whose FIELD has this VALUE, and so many at least are before and behind it
look()
{
	local id line at total
	lab_wait 3 grep -qF -- "$1" "$lab_dir/syslog" || lab_fail "no record with $1"
	id=$(id_of "$1")
	[ -n "$id" ] || lab_fail "the record has no id"
	lab_wait 5 test -s "$kept/$id.pcapng" || lab_fail "no file $id.pcapng: $(ls "$kept")"
	line=$(grep -F "id=$id " "$lab_dir/syslog" | sed 's/^[^]]*\]: //')
	shown "$id" "$2" >"$lab_dir/shown"
	expect "$1: comment" "$(cut -f 3 "$lab_dir/shown" | grep -v '^$')" "$line"
	at=$(cut -f 3 "$lab_dir/shown" | grep -n . | cut -d: -f 1)
	expect "$1: the packet with the comment" "$at" "$(cut -f 2 "$lab_dir/shown" | grep -nE "$3" | head -n 1 | cut -d: -f 1)"
	total=$(wc -l <"$lab_dir/shown")
	expect_at_least "$1: packets before" $((at - 1)) "$4"
	expect_at_least "$1: packets after" $((total - at)) "$5"
	expect "$1: interfaces" "$(cut -f 1 "$lab_dir/shown" | sort -u | tr '\n' ' ')" "eth1 eth2 "
	ZONED_RULES=$top_srcdir/rules "$top_builddir/zonectl" replay --json -m "$lab_dir/model.conf" "$kept/$id.pcapng" >"$lab_dir/replayed" 2>"$lab_dir/summary"
	grep -q '"verdict":"\(drop\|reset\|observed\)"' "$lab_dir/replayed" || lab_fail "replay of the file: $(tail -n 5 "$lab_dir/summary")"
}

# Without the gate these bytes reach the device and change it.
expect "without the gate" "$(modbus "$V4")" "answers 5"
expect "writes delivered without the gate" "$(lab_delivered writes)" 1
in_c timeout 10 "$python" "$lab_src/evidence.py" opcua "$V6" 4840
lab_wait 2 grep -q write "$lab_dir/ua" || lab_fail "no path to the OPC UA server without the gate"

model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
for to in "$V4" "$V6"; do
	expect "through the gate to $to" "$(modbus "$to")" "answers 4"
	look "write-single-register refused from $([ "$to" = "$V4" ] && echo 10.10.1.10 || echo fd00:10:1::10) " modbus.func_code "^6$" 5 4
done
expect "writes delivered" "$(lab_delivered writes)" 1
in_c timeout 30 "$python" "$lab_src/dnp3-peer.py" master tcp "$V4" 20000 read direct read >/dev/null 2>&1
look "direct-operate refused" dnp3.al.func "^(0x05|5)$" 4 1
in_c timeout 10 "$python" "$lab_src/evidence.py" opcua "$V6" 4840
look "proto=opcua dir=request" opcua.servicenodeid.numeric 673 5 1
expect "writes of OPC UA delivered" "$(grep -c write "$lab_dir/ua")" 1
expect "mode of a file" "$(stat -c %a:%U "$kept"/*.pcapng | sort -u)" "640:nobody"

# what no conduit permits: the packet that the kernel logged
in_c timeout 2 "$python" -c "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('$V4', 7777))"
lab_wait 3 grep -q 'event=refused-flow .*dport=7777' "$lab_dir/syslog" || lab_fail "no record of a refused flow"
id=$(id_of 'dport=7777')
lab_wait 5 test -s "$kept/$id.pcapng" || lab_fail "no file of a refused flow"
expect "a refused flow's packet" "$(shown "$id" udp.dstport | grep -cP "^eth1\t7777\tflow refused .*id=$id ")" 1

status() { ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json | "$python" -c "import json,sys; e = json.load(sys.stdin)['evidence']; print($1)"; }
expect "files in status" "$(status "e['files'] == e['written'] == $(ls "$kept" | wc -l) and not any(e['lost'].values())")" True

# a conduit that only observes: the write passes, and has a file
model 'mode = "observe";' >"$lab_dir/model.conf"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "generation 2 is in force" || lab_fail "the model was not taken"
expect "through the gate that observes" "$(modbus "$V4")" "answers 5"
look "write-single-register would be refused from 10.10.1.10 " modbus.func_code "^6$" 5 4
lab_gate_stop

# a full disk: 64 KB of which nothing is left
down() { local status=$?; umount "$kept" 2>/dev/null; (exit "$status"); lab_down; }
mount -t tmpfs -o size=64k,uid=65534 tmpfs "$kept" || lab_skip "cannot mount a small disk"
trap down EXIT
model >"$lab_dir/model.conf"
head -c 65536 /dev/zero >"$kept/other" 2>/dev/null
: >"$lab_dir/syslog"
lab_gate "$lab_dir/model.conf"
expect "through the gate, the disk full" "$(modbus "$V4")" "answers 4"
lab_wait 8 grep -q "evidence: $kept: No space left on device; 1 files of it were lost" "$lab_dir/syslog" || lab_fail "a full disk is not reported"
echo "ok: a full disk is reported"
expect "lost by a full disk" "$(status "e['lost']['disk_full'] and e['written']")" 0
expect "lost, counted" "$(status "e['lost']['disk_full']")" 1
ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status | grep -q "^evidence  *$kept: .* 1 without a file (disk_full)" ||
	lab_fail "status as text"
expect "reported" "$(grep -c "evidence: .*No space" "$lab_dir/syslog")" 1
rm "$kept/other"
modbus "$V6" >/dev/null
lab_wait 8 grep -q "evidence: $kept is written again" "$lab_dir/syslog" || lab_fail "a disk that has room again is not reported"
echo "ok: written again"
expect "nothing unfinished is left" "$(ls "$kept" | grep -cv '^[0-9a-f]*-[0-9]*\.pcapng$')" 0
lab_gate_stop
