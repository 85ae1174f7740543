#!/bin/bash
# SPDX-License-Identifier: MIT
# Forwarding does not depend on the log (IEC 62443-3-3 SR 2.10): while the log daemon hangs, reads
# are answered, connections opened and writes refused as ever; what was to be said is said later.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
lab_model daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
logger=$(cat "$lab_dir/rsyslog.pid")

# refused COUNT FIRST: so many refused requests of different kinds, each a line of its own, then a read
refused()
{
	in_c timeout 20 "$python" - "$V4" "$PORT" "$@" <<-'END'
		import socket
		import sys
		import time

		s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
		s.settimeout(3)
		count, first = int(sys.argv[3]), int(sys.argv[4])
		for i in range(first, first + count):
		    s.sendall(bytes([0, i, 0, 0, 0, 6, 1 + i % 7, 20 + i, 2, 88, 0, 1]))
		    time.sleep(0.005)
		s.sendall(bytes([1, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]))
		assert s.recv(300)[:2] == b"\1\0"
	END
}

lines()
{
	grep -c ' event=violation ' "$lab_dir/syslog"
}

refused 5 0 || lab_fail "a read after refused requests"
lab_wait 3 grep -q ' event=violation ' "$lab_dir/syslog" || lab_fail "no record"
sleep 0.3
expect "lines of five refused requests" "$(lines)" 5

kill -STOP "$logger"
for first in 5 45; do		# more than a log socket holds
	refused 40 "$first" || lab_fail "reads stop with the log daemon"
done
out=$(in_c timeout 20 "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "a new connection while it hangs: $out"
expect "reads without an answer while it hangs" "$(lab_value "$out" lost)" 0
ZONED_CONTROL=$lab_dir/control timeout 5 "$top_builddir/zonectl" status --json >"$lab_dir/status" || lab_fail "no status while it hangs"
expect "writes delivered" "$(lab_delivered writes)" 0
kill -HUP "$lab_zoned"
sleep 0.5
out=$(in_c timeout 20 "$lab_bin/mbclient" -n 300 "$V4" "$PORT") || lab_fail "after a reload while it hangs: $out"
expect "lines meanwhile" "$(lines)" 5

kill -CONT "$logger"
lab_wait 5 eval '[ "$(lines)" = 85 ]' || lab_fail "$(lines) lines of 85 when it goes on"
lab_wait 5 lab_said "generation 2 is in force" || lab_fail "the reload was not said"
echo "ok: all 85 lines, when it goes on"
grep -q 'records: .* were lost' "$lab_dir/syslog" && lab_fail "some were lost"
expect "records in the JSON file" "$("$python" -c 'import json, sys
print(sum(json.loads(l)["event"] == "violation" for l in open(sys.argv[1])))' "$lab_dir/json")" 85

# it hangs for good: the daemon ends all the same
kill -STOP "$logger"
refused 40 85 || lab_fail "reads stop with the log daemon, once more"
began=$(date +%s)
kill -TERM "$lab_zoned"
lab_wait 10 eval '! kill -0 $lab_zoned' || lab_fail "does not end while the log daemon hangs"
expect_at_most "seconds to the end while the log daemon hangs" "$(($(date +%s) - began))" 4
kill -CONT "$logger"
in_g nft delete table inet zoned
