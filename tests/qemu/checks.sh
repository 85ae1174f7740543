# SPDX-License-Identifier: MIT
# For scripts inside a guest: what holds there, as lines on its console. Sourced.
passed=0 failed=0
check() {	# check WHAT COMMAND...
	local what=$1
	shift
	if "$@" >/run/check.log 2>&1; then
		passed=$((passed + 1))
		echo "ok: $what"
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -n 5 /run/check.log
	fi
}
wait_for() {	# wait_for SECONDS COMMAND...
	local n=$(($1 * 5))
	shift
	while [ $n -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
		n=$((n - 1))
	done
	return 1
}
has() { "${@:2}" 2>/dev/null | grep -q -- "$1"; }
main_pid() { systemctl show -P MainPID zoned; }
new_pid() { [ "$(main_pid)" != "$1" ] && [ "$(main_pid)" != 0 ] && systemctl -q is-active zoned; }
