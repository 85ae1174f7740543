#!/bin/bash
# SPDX-License-Identifier: MIT
# conf/rsyslog/zoned-forward.conf between two real rsyslogds: one is stopped and started again, then the other, and every record
# is there. When both were gone at once, all but the one that was on its way.
. "$(dirname "$0")/lab.sh"
lab_need
[ -e "$(find /usr/lib -name omrelp.so 2>/dev/null | head -1)" ] || lab_skip "needs rsyslog-relp"
lab_up
port=2514

# daemon NAME: in the gateway's namespace, with NAME.conf and a directory of its own
daemon()
{
	mkdir -p "$lab_dir/$1.d"
	in_g rsyslogd -n -f "$lab_dir/$1.conf" -i "$lab_dir/$1.pid" 2>>"$lab_dir/$1.err" &
	lab_pids+=($!)
	lab_wait 5 test -s "$lab_dir/$1.pid" || lab_fail "$1 did not start: $(cat "$lab_dir/$1.err")"
}

# the process below `ip netns exec`
stop()
{
	local pid
	pid=$(cat "$lab_dir/$1.pid")
	kill -TERM "$pid"
	lab_wait 5 eval "! kill -0 $pid" || lab_fail "$1 does not end"
}

cat >"$lab_dir/collector.conf" <<END
global(workDirectory="$lab_dir/collector.d")
module(load="imrelp")
input(type="imrelp" port="$port" address="127.0.0.1")
template(name="parts" type="string" string="%timereported:::date-rfc3339% %hostname% %msgid% %structured-data%%msg%\n")
*.* action(type="omfile" file="$lab_dir/collected" template="parts")
END
{
	echo "global(workDirectory=\"$lab_dir/forwarder.d\")"
	echo 'module(load="imuxsock" SysSock.Use="off")'
	sed "s|collector\.example|127.0.0.1|; s|/run/zoned-rsyslog\.sock|$lab_dir/forward.sock|; s|resumeInterval=\"2\"|resumeInterval=\"1\"|" \
		"$top_srcdir/conf/rsyslog/zoned-forward.conf"
} >"$lab_dir/forwarder.conf"
mkdir "$lab_dir/forwarder.d"
rsyslogd -N1 -f "$lab_dir/forwarder.conf" >"$lab_dir/checked" 2>&1 || lab_fail "the drop-in: $(cat "$lab_dir/checked")"
daemon collector
daemon forwarder
lab_model daemon="outputs = ( { type = \"rfc5424\"; socket = \"$lab_dir/forward.sock\"; }, { type = \"syslog\"; } );" >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"

# refused FIRST COUNT
refused()
{
	in_c timeout 10 "$python" - "$V4" "$PORT" "$@" <<-'END'
		import socket
		import sys
		import time

		first, n = int(sys.argv[3]), int(sys.argv[4])
		for i in range(first, first + n):
		    if (i - first) % 5 == 0:        # the gate keeps few cuts of a connection
		        s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
		        s.settimeout(3)
		    s.sendall(bytes([0, i, 0, 0, 0, 6, 1 + i, 6, 2, 88, 0, 1]))
		    time.sleep(0.005)
		s.sendall(bytes([1, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]))
		assert s.recv(300)[:2] == b"\1\0"
	END
}

records()
{
	grep -c ' violation \[timeQuality' "$lab_dir/collected" 2>/dev/null
}

refused 0 20 || lab_fail "a read"
lab_wait 8 eval '[ "$(records)" = 20 ]' || lab_fail "$(records) records of 20 at the collector"
stop collector
refused 20 20 || lab_fail "a read without a collector"
lab_wait 5 eval '[ "$(lab_logged " event=violation ")" = 40 ]' || lab_fail "$(lab_logged " event=violation ") lines of 40"
daemon collector
lab_wait 8 eval '[ "$(records)" -ge 40 ]' || lab_fail "$(records) records of 40 at the collector that came again"
stop forwarder
refused 40 10 || lab_fail "a read without a forwarder"
daemon forwarder
lab_wait 8 eval '[ "$(records)" -ge 50 ]' || lab_fail "$(records) records of 50 by the forwarder that came again"
compare() # MISSING: records that syslog has and the collector has not, at most
{
	sed -n 's/.* id="\([^"]*\)".*/\1/p' "$lab_dir/collected" | sort >"$lab_dir/there"
	sed -n 's/.* id=\([^ ]*\) event=violation .*/\1/p' "$lab_dir/syslog" | sort >"$lab_dir/said"
	[ -z "$(comm -13 "$lab_dir/said" <(uniq "$lab_dir/there"))" ] || lab_fail "records that nobody wrote"
	expect_at_most "records of $(wc -l <"$lab_dir/said") that the collector has not" "$(comm -23 "$lab_dir/said" "$lab_dir/there" | wc -l)" "$1"
}

compare 0
expect "records that came twice" "$(uniq -d "$lab_dir/there" | wc -l)" 0
# both gone: what waits is in the queue on disk
stop collector
refused 50 10 || lab_fail "a read without a collector"
lab_wait 5 eval '[ "$(lab_logged " event=violation ")" = 60 ]' || lab_fail "$(lab_logged " event=violation ") lines of 60"
sleep 0.5
stop forwarder
[ -n "$(ls "$lab_dir/forwarder.d")" ] || lab_fail "the forwarder has no queue on disk"
daemon forwarder
daemon collector
lab_wait 8 eval '[ "$(records)" -ge 59 ]' || lab_fail "$(records) records of 60 at the collector"
sleep 0.3
compare 1
lab_gate_stop
stop forwarder
stop collector
