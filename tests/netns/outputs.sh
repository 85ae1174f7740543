#!/bin/bash
# SPDX-License-Identifier: MIT
# Records at every kind of output; a log daemon that is stopped and started again; losses that are counted; other
# outputs by a reload; and the store as zonectl log reads it.
. "$(dirname "$0")/lab.sh"
lab_need setpriv
lab_up
user=nobody
mkdir "$lab_dir/store" && chown "$user" "$lab_dir/store"

# A second rsyslogd, with a socket for RFC 5424.
structured()
{
	cat >"$lab_dir/structured.conf" <<-END
		global(workDirectory="$lab_dir")
		module(load="imuxsock" SysSock.Use="off")
		input(type="imuxsock" Socket="$lab_dir/structured.sock" UseSpecialParser="off" RateLimit.Interval="0")
		template(name="parts" type="string" string="%pri% %msgid% %app-name% %structured-data%%msg%\n")
		*.* action(type="omfile" file="$lab_dir/structured" template="parts")
	END
	rsyslogd -n -f "$lab_dir/structured.conf" -i "$lab_dir/structured.pid" 2>"$lab_dir/structured.err" &
	lab_pids+=($!)
	lab_wait 5 test -S "$lab_dir/structured.sock" || lab_fail "rsyslogd did not start: $(cat "$lab_dir/structured.err")"
}

lab_log_restart()
{
	lab_syslog
	lab_logger=${lab_pids[-1]}
}

# one NAME: of the first output of this name, its KEY
output()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json | "$python" -c 'import json, sys
print([o for o in json.load(sys.stdin)["records"]["outputs"] if o["type"] == sys.argv[1]][0][sys.argv[2]])' "$@"
}

zlog()
{
	"$top_builddir/zonectl" log --store "$lab_dir/store/records.db" "$@"
}

# refused FIRST COUNT: so many refused requests of different kinds, each with a record of its own
refused()
{
	in_c timeout 10 "$python" - "$V4" "$PORT" "$@" <<-'END'
		import socket
		import sys
		import time

		s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
		s.settimeout(3)
		for i in range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])):
		    s.sendall(bytes([0, i, 0, 0, 0, 6, 1 + i, 6, 2, 88, 0, 1]))
		    time.sleep(0.005)
		s.sendall(bytes([1, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]))
		assert s.recv(300)[:2] == b"\1\0"
	END
}

lines()
{
	grep -c ' event=violation ' "$lab_dir/syslog"
}

model()
{
	lab_model daemon="outputs = ( $1 );" >"$lab_dir/model.conf"
}

lab_logger=$(cat "$lab_dir/rsyslog.pid")
structured
store="{ type = \"store\"; file = \"$lab_dir/store/records.db\"; }"
model "{ type = \"syslog\"; }, { type = \"rfc5424\"; socket = \"$lab_dir/structured.sock\"; facility = \"local3\"; },
	{ type = \"json\"; file = \"$lab_dir/json\"; }, { type = \"cef\"; file = \"$lab_dir/cef\"; }, $store"
lab_gate "$lab_dir/model.conf"

refused 0 3 || lab_fail "a read after refused requests"
lab_wait 5 eval '[ "$(lines)" = 3 ]' || lab_fail "$(lines) lines of 3 in syslog"
id=$(sed -n 's/.* id=\([^ ]*\) .*/\1/p' "$lab_dir/syslog" | tail -1)
for file in structured json cef; do
	lab_wait 5 grep -qF "$id" "$lab_dir/$file" || lab_fail "$id is not in $file"
done
lab_wait 5 eval 'zlog --json | grep -qF "$id"' || lab_fail "$id is not in the store"
grep -qE "^156 violation zoned \[timeQuality tzKnown=\"1\"[^]]*\]\[zoned@32473 time=\"[^]]* id=\"$id\" [^]]*reason=\"function-not-allowed\"[^]]*\].*refused from 10\.10\.1\.10 to " \
	"$lab_dir/structured" || lab_fail "rsyslogd reads other structured data: $(grep -F "$id" "$lab_dir/structured")"
grep -F "externalId=$id " "$lab_dir/cef" | grep -qE '^CEF:0\|zoned\|zoned\|[0-9.]+\|function-not-allowed\|[^|]+\|5\|rt=[0-9]{13} ' || lab_fail "CEF"
echo "ok: one record at five outputs"

# stopped and started again: what came meanwhile comes later
lab_end "$lab_logger"
refused 10 5 || lab_fail "reads stop with the log daemon"
lab_wait 3 eval '[ "$(output syslog why)" != None ]' || lab_fail "status does not say that nobody listens"
expect "lost while nobody listens" "$(output syslog lost)" 0
ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status |
	grep -qE '^ +syslog /dev/log: [0-9]+ written, 0 lost; now: (Connection refused|No such file or directory)$' || lab_fail "status as text"
lab_wait 3 grep -qF "/dev/log takes nothing: " "$lab_dir/structured" || lab_fail "another output does not say so"
lab_log_restart
lab_wait 5 eval '[ "$(lines)" = 8 ]' || lab_fail "$(lines) lines of 8 after the restart"
lab_wait 3 grep -qF "/dev/log is written again; none is lost" "$lab_dir/syslog" || lab_fail "nothing is said of the restart"
expect "why, after the restart" "$(output syslog why)" None

# more than there is room for: the count is exact, and said
lab_end "$lab_logger"
before=$(output call written)
heard=$(wc -l <"$lab_dir/syslog")
cp "$lab_dir/model.conf" "$lab_dir/good.conf"
long=$(printf 'x%.0s' {1..100})
for i in {1..200}; do echo "no_key_$long$i = 1;"; done >>"$lab_dir/model.conf"
for i in {1..25}; do
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" reload >/dev/null 2>&1
done
cp "$lab_dir/good.conf" "$lab_dir/model.conf"
lab_wait 5 eval '[ "$(output syslog lost)" -gt 100 ]' || lab_fail "nothing was lost: $(output syslog lost)"
lab_log_restart
lab_wait 8 eval 'grep -qE "/dev/log is written again; [0-9]+ records were lost" "$lab_dir/syslog"' || lab_fail "the loss is not said"
lost=$(output syslog lost)
expect "losses that are said" "$(sed -n 's/.*written again; \([0-9]*\) records were lost.*/\1/p' "$lab_dir/syslog" | tail -1)" "$lost"
whole()
{
	[ $(($(wc -l <"$lab_dir/syslog") - heard + lost)) = $(($(output call written) - before)) ]
}
lab_wait 8 whole || lab_fail "$(wc -l <"$lab_dir/syslog") lines, $heard before, $lost lost of $(($(output call written) - before))"
echo "ok: what is there and what was lost are all that was said"

# other outputs, by a reload; the store stays
model "{ type = \"syslog\"; facility = \"local5\"; }, $store"
lab_reload
records=$(wc -l <"$lab_dir/json")
refused 30 2 || lab_fail "a read behind the reload"
lab_wait 5 eval '[ "$(lines)" = 10 ]' || lab_fail "$(lines) lines of 10 after the reload"
expect "JSON records of the output that is gone" "$(wc -l <"$lab_dir/json")" "$records"
expect "outputs" "$(ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json | "$python" -c 'import json, sys
print(" ".join(o["type"] for o in json.load(sys.stdin)["records"]["outputs"]))')" "call syslog store"

# the store, as people read it
lab_wait 5 eval '[ "$(zlog --reason function-not-allowed | wc -l)" = 10 ]' || lab_fail "$(zlog --reason function-not-allowed | wc -l) rows of 10"
expect "rows of the client" "$(zlog --address 10.10.1.0/24 --zone hmi --conduit hmi-to-cell --protocol modbus | wc -l)" 10
expect "rows of another address" "$(zlog --address 10.10.3.0/24 | wc -l)" 0
expect "rows before" "$(zlog --reason function-not-allowed --until 1h | wc -l)" 0
zlog --reason function-not-allowed | tail -1 |
	grep -qE '^20[0-9-]{8} [0-9:]{8} drop function-not-allowed hmi-to-cell 10\.10\.1\.10:[0-9]+ > 10\.10\.2\.20:502 modbus ' || lab_fail "$(zlog | tail -1)"
expect "events by day" "$(zlog --counts --reason function-not-allowed | awk '{ n += $2 } END { print n }')" 10
setpriv --reuid=65533 --regid=65533 --clear-groups "$top_builddir/zonectl" log --store "$lab_dir/store/records.db" 2>"$lab_dir/out"
expect "who may not read the store" "$?, $(cat "$lab_dir/out")" "1, zonectl: $lab_dir/store/records.db: Permission denied; root may read it"
"$top_builddir/zonectl" log --store "$lab_dir/store/records.db" --follow --reason function-not-allowed >"$lab_dir/followed" &	# not zlog: its pid is a shell's
follower=$!
lab_pids+=($!)
refused 40 1
lab_wait 3 eval '[ "$(wc -l <"$lab_dir/followed")" = 11 ]' || lab_fail "--follow: $(wc -l <"$lab_dir/followed")"
lab_end "$follower"
zlog --verify >"$lab_dir/verdict" || lab_fail "--verify: $(cat "$lab_dir/verdict")"
echo "ok: $(cat "$lab_dir/verdict")"
head=$(sed -n 's/.* event=store-head row=\([0-9]*\) hash=.*/\1/p' "$lab_dir/syslog" | head -1)
"$python" - "$lab_dir/store/records.db" "$head" <<-'END'
	import sqlite3
	import sys
	db = sqlite3.connect(sys.argv[1])
	db.execute("UPDATE record SET body = replace(body, '\"event\"', '\"evil\"') WHERE seq = 2")
	db.commit()
END
zlog --verify >"$lab_dir/verdict"
expect "status of a store that was changed" $? 5
expect "what is said of it" "$(cat "$lab_dir/verdict")" "row 2 was changed, or the row before it; the 1 rows before it are whole"
expect_at_least "the row whose hash syslog has" "$head" 1
lab_gate_stop
