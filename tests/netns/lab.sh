# SPDX-License-Identifier: MIT
#
# The lab: three network namespaces on this machine, nothing else touched.
#
#	client 10.10.1.10, fd00:10:1::10 -- eth1 [gateway] eth2 -- 10.10.2.20, fd00:10:2::20 server
#	(zone hmi)                               zoned                       (zone cell)
#
# Source it, call lab_up, and everything is taken away again when the shell
# ends, however it ends. Names carry the shell's pid, so labs do not collide.
# Every process is ended by its own pid.

top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir}
lab_src=$top_srcdir/tests/netns
lab_bin=$top_builddir/tests/netns
python=/usr/bin/python3
V4=10.10.2.20
V6=fd00:10:2::20
PORT=502

lab_pids=()
lab_prefix=()		# what lab_gate runs zoned with
lab_become=()		# the same, behind what needs root
lab_dir=
lab_more=		# further namespaces of a test's own
lab_keeps=		# set: zoned finds the generations that it left

# a function that is not there ends the lab: bash would go on
command_not_found_handle()
{
	echo "FAIL: $1: command not found (line ${BASH_LINENO[0]} of ${BASH_SOURCE[1]})" >&2
	kill -TERM $$
	return 127
}

lab_skip()
{
	echo "SKIP: $*"
	exit 77
}

lab_fail()
{
	echo "FAIL: $*"
	lab_show
	exit 1
}

# What a reader needs after a failure, bounded.
lab_show()
{
	local f
	for f in zoned.err syslog json; do
		[ -s "$lab_dir/$f" ] || continue
		echo "--- $f (last lines)"
		tail -n 15 "$lab_dir/$f"
	done
}

lab_need()
{
	[ "$(id -u)" = 0 ] || lab_skip "needs root to make network namespaces"
	local c
	for c in ip nft rsyslogd mbpoll "$python" "$@"; do
		command -v "$c" >/dev/null || lab_skip "needs $c"
	done
	[ -x "$lab_bin/mbserver" ] || lab_skip "needs libmodbus (libmodbus-dev) at build time"
	ip netns add "zt$$" 2>/dev/null || lab_skip "this machine does not let us make network namespaces"
	ip netns del "zt$$"
}

in_c() { ip netns exec "$lab_c" "$@"; }
in_g() { ip netns exec "$lab_g" "$@"; }
in_s() { ip netns exec "$lab_s" "$@"; }

# End one process that we started, and wait until it is gone.
lab_end()
{
	local pid=$1 sig=${2:-TERM} i
	kill -"$sig" "$pid" 2>/dev/null
	for i in {1..50}; do
		kill -0 "$pid" 2>/dev/null || break
		[ "$i" = 40 ] && kill -KILL "$pid" 2>/dev/null
		sleep 0.1
	done
	wait "$pid" 2>/dev/null
}

lab_down()
{
	local status=$? pid ns
	trap - EXIT INT TERM HUP
	for pid in "${lab_pids[@]}"; do
		lab_end "$pid"
	done
	for pid in $(lab_strays); do
		kill -KILL "$pid" 2>/dev/null
	done
	for ns in "$lab_c" "$lab_g" "$lab_s" $lab_more; do
		ip netns del "$ns" 2>/dev/null
	done
	[ -n "$lab_dir" ] && rm -rf "$lab_dir"
	exit "$status"
}

# Whoever still lives in our three namespaces is ours.
lab_strays()
{
	local ns
	for ns in "$lab_c" "$lab_g" "$lab_s" $lab_more; do
		ip netns pids "$ns" 2>/dev/null
	done
}

lab_link()
{
	local ns=$1 gw_if=$2 net=$3 host=$4
	ip -n "$lab_g" link add "$gw_if" type veth peer name eth0 netns "$ns"
	ip -n "$lab_g" addr add "10.10.$net.1/24" dev "$gw_if"
	ip -n "$lab_g" addr add "fd00:10:$net::1/64" dev "$gw_if" nodad
	ip -n "$ns" addr add "10.10.$net.$host/24" dev eth0
	ip -n "$ns" addr add "fd00:10:$net::$host/64" dev eth0 nodad
	ip -n "$lab_g" link set "$gw_if" up
	ip -n "$ns" link set eth0 up
	ip -n "$ns" link set lo up
	ip -n "$ns" route add default via "10.10.$net.1"
	ip -n "$ns" -6 route add default via "fd00:10:$net::1"
}

lab_up()
{
	lab_c=zc$$ lab_g=zg$$ lab_s=zs$$
	trap lab_down EXIT
	trap 'exit 130' INT TERM HUP
	lab_dir=$(mktemp -d /tmp/zoned-lab.XXXXXX) && chmod 755 "$lab_dir" || exit 1
	local ns
	for ns in "$lab_c" "$lab_g" "$lab_s"; do
		ip netns add "$ns" || exit 1
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0
	done
	in_g sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$lab_g" link set lo up
	lab_link "$lab_c" eth1 1 10
	lab_link "$lab_s" eth2 2 20
	lab_syslog
	lab_server
}

# A real rsyslogd with a socket and a file of its own.
lab_syslog()
{
	cat >"$lab_dir/rsyslog.conf" <<END
global(workDirectory="$lab_dir")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$lab_dir/log.sock" RateLimit.Interval="0")
module(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")
*.* action(type="omfile" file="$lab_dir/syslog")
END
	# in a session of its own: audit.sh stops it, and a process group with one that is stopped may be hung up on
	setsid rsyslogd -n -f "$lab_dir/rsyslog.conf" -i "$lab_dir/rsyslog.pid" 2>"$lab_dir/rsyslog.err" &
	lab_pids+=($!)
	lab_wait 5 test -S "$lab_dir/log.sock" || lab_fail "rsyslogd did not start: $(cat "$lab_dir/rsyslog.err")"
}

lab_server()
{
	ip netns exec "$lab_s" "$lab_bin/mbserver" "$PORT" "$lab_dir/device" 2>"$lab_dir/server.err" &
	lab_server_pid=$!
	lab_pids+=($!)
	lab_wait 5 test -s "$lab_dir/device" || lab_fail "mbserver did not start: $(cat "$lab_dir/server.err")"
}

# lab_wait SECONDS COMMAND...: until the command succeeds
lab_wait()
{
	local i n=$(($1 * 20))
	shift
	for ((i = 0; i < n; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

# Bring $lab_dir/device up to date: what the device has really seen.
lab_device()
{
	local before
	before=$(sed -n 's/^dump //p' "$lab_dir/device")
	kill -USR1 "$lab_server_pid"
	lab_wait 5 lab_dump_is_newer "$before" || lab_fail "the device does not answer"
}

lab_dump_is_newer()
{
	[ "$(sed -n 's/^dump //p' "$lab_dir/device")" -gt "$1" ]
}

# delivered reads|writes|"fc N"
lab_delivered()
{
	lab_device
	local n
	n=$(sed -n "s/^$1 //p" "$lab_dir/device")
	echo "${n:-0}"
}

# One value out of mbclient's result line.
lab_value()
{
	sed -n "s/.*\\b$2 \\([0-9]*\\).*/\\1/p" <<<"$1"
}

# lab_model [KEY=VALUE...]: a model of this lab on standard output.
#	policy=NAME      default modbus-read-only
#	on_violation=W   default drop
#	mode=W           default enforce
#	queues=N         default 1
#	conduit=TEXT     more of the conduit, as written in the file
#	daemon=TEXT      more of the daemon group, as written in the file
#	services=TEXT    more flows, as written in the file
lab_model()
{
	local policy=modbus-read-only on_violation=drop mode=enforce queues=1 daemon='' conduit='' services='{ service = "ping"; }' kv
	for kv in "$@"; do
		local "${kv?}"
	done
	cat <<END
system = { name = "lab"; };
zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24", "fd00:10:1::/64" ]; },
  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24", "fd00:10:2::/64" ]; }
);
conduits = (
  { name = "hmi-to-cell"; from = "hmi"; to = "cell"; mode = "$mode"; on_violation = "$on_violation"; $conduit
    flows = ( { protocol = "modbus"; policy = "$policy"; }, $services ); }
);
policies = {
  @include "$policy.conf"
};
daemon = { queues = $queues; $daemon };
END
}

# Start zoned in the gateway on model file $1; more arguments go to zoned. It knows of no earlier
# generations, unless lab_keeps says so.
lab_gate()
{
	local model=$1
	shift
	: >"$lab_dir/zoned.err"
	[ "$lab_keeps" ] || rm -rf "$lab_dir/state"
	ip netns exec "$lab_g" "${lab_prefix[@]}" "$lab_src/with-devlog" "$lab_dir" "${lab_become[@]}" "$top_builddir/zoned" -d -f "$model" \
		-R "$top_srcdir/rules" -u nobody -C "$lab_dir/control" -S "$lab_dir/state" "$@" >>"$lab_dir/zoned.err" 2>&1 &
	lab_zoned=$!
	lab_pids+=($!)
	lab_generation=1
	lab_wait 10 lab_said " is in force: " || lab_fail "zoned did not become ready"
}

lab_said()
{
	grep -qF -- "$1" "$lab_dir/zoned.err"
}

# lab_in_kernel NAME: packets, messages, back: of what the kernel passed by itself
lab_in_kernel()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status --json |
		"$python" -c "import json,sys; print(json.load(sys.stdin)['in_kernel']['$1'])"
}

# lab_counted COUNTER: packets, as the user sees them
lab_counted()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" counters --json |
		"$python" -c "import json,sys; print(json.load(sys.stdin)['packets']['$1']['packets'])"
}

# lab_rules_counted COUNTER: what of them came to the rules
lab_rules_counted()
{
	in_g nft list counter inet zoned "$1" | awk '/packets/ { print $2 }'
}

# Put in force what the model file has now.
lab_reload()
{
	lab_generation=$((lab_generation + 1))
	kill -HUP "$lab_zoned"
	lab_wait 10 lab_said "generation $lab_generation is in force" || lab_fail "generation $lab_generation"
}

# How often syslog has a line with this text.
lab_logged()
{
	grep -cF -- "$1" "$lab_dir/syslog" || true
}

# lab_set_named NAME: that set as the rules use it now, for its name alternates
lab_set_named()
{
	in_g nft list sets inet 2>/dev/null | grep -q "set $1-b " && { echo "$1-b"; return; }
	in_g nft -j list table inet zoned 2>/dev/null | grep -q "\"name\": \"$1-b\"" && { echo "$1-b"; return; }
	echo "$1"
}

# Process ids of the inspectors, from zoned's own report on SIGUSR1.
lab_inspectors()
{
	local before
	before=$(grep -c 'inspector [0-9]*: pid' "$lab_dir/zoned.err")
	kill -USR1 "$lab_zoned"
	lab_wait 3 lab_reported "$before" || lab_fail "zoned does not report its inspectors"
	sed -n 's/.*inspector [0-9]*: pid \([0-9]*\),.*/\1/p' "$lab_dir/zoned.err" | tail -n "+$((before + 1))"
}

lab_reported()
{
	[ "$(grep -c 'inspector [0-9]*: pid' "$lab_dir/zoned.err")" -gt "$1" ]
}

lab_gate_stop()
{
	lab_end "$lab_zoned"
	in_g nft delete table inet zoned 2>/dev/null
	return 0
}

# Read or write one holding register as an operator's tool would; the answer is
# mbpoll's, its exit status too.
lab_poll()
{
	in_c mbpoll -m tcp -a 1 -0 -1 -o 0.5 "$@" 2>&1
}

# expect WHAT GOT WANTED
expect()
{
	[ "$2" = "$3" ] || lab_fail "$1: $2, expected $3"
	echo "ok: $1: $2"
}

expect_at_least()
{
	[ -n "$2" ] && [ "$2" -ge "$3" ] || lab_fail "$1: $2, expected at least $3"
	echo "ok: $1: $2"
}

expect_at_most()
{
	[ -n "$2" ] && [ "$2" -le "$3" ] || lab_fail "$1: $2, expected at most $3"
	echo "ok: $1: $2"
}

# lab_may_write yes|no [WORDS]: what the device has really seen decides
lab_may_write()
{
	local before got=no
	before=$(lab_delivered writes)
	lab_poll -r 10 "$V4" "$((before + 100))" >/dev/null
	[ "$(lab_delivered writes)" -gt "$before" ] && got=yes
	expect "a write reaches the device${2:-}" "$got" "$1"
}

lab_no_connection()
{
	! in_s ss -Htn state established "sport = :$PORT" | grep -q .
}

# Violations in syslog: lines, and the repetitions that a line stands for. What
# is not told yet comes within ten seconds, or when zoned stops.
lab_violations()
{
	awk '/ reason=function-not-allowed / {
		if (match($0, / repeated=[0-9]+/)) n += substr($0, RSTART + 10, RLENGTH - 10)
		else n++
	     }
	     END { print n + 0 }' "$lab_dir/syslog"
}

lab_all_logged()
{
	[ "$(lab_violations)" -eq "$1" ]
}

# For labs of changes: where zonectl asks, the model that zoned is given, and what is in force.
lab_changes()
{
	export ZONED_CONTROL=$lab_dir/control ZONED_RULES=$top_srcdir/rules
	ctl=$top_builddir/zonectl
	model=$lab_dir/model.conf
}

in_force() { "$ctl" status --json | sed -n 's/^  "generation": \([0-9]*\).*/\1/p'; }

# Modbus, an echo at port 8080 and ping behind one conduit; asked over connections that stay and over new ones
# (orders.py): all of them, what a model says of them, a model with that
lab_all="modbus4 modbus6 plain4 plain6"
lab_plain='{ transport = "tcp"; ports = [ 8080 ]; }, { service = "ping"; }'
write_model() { lab_model services="$lab_plain" "$@" >"$model"; }

lab_echo()
{
	ip netns exec "$lab_s" "$python" -B "$lab_src/orders.py" serve &
	lab_pids+=($!)
	lab_wait 5 in_s bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' || lab_fail "no echo"
}

lab_talker()
{
	coproc TALK { ip netns exec "$lab_c" "$python" -B "$lab_src/orders.py" ask "$V4" "$V6"; }
	lab_pids+=("$TALK_PID")
}

# lab_answer held|new|again: which answer now, to got
lab_answer()
{
	echo "$1" >&"${TALK[1]}"
	read -r -t 10 got <&"${TALK[0]}" || lab_fail "no word of the client"
}

# lab_restart [SIGNAL]: with the generations that it left
lab_restart()
{
	lab_end "$lab_zoned" "${1:-TERM}"
	lab_keeps=1 lab_gate "$model"
}
