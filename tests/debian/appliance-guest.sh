#!/bin/bash
# SPDX-License-Identifier: MIT
# In the guest of appliance.sh. "plant": a client and a station in name spaces of their own, this machine between them.
# Otherwise what an operator does with zoned, one part for each boot of the machine: its number is in /appliance/part.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /appliance || exit 1

plant()
{
	local side net host gw
	for side in "client 1 10 eth1" "station 2 20 eth2"; do
		read -r side net host gw <<<"$side"
		ip netns add "$side"
		ip link add "$gw" type veth peer name eth0 netns "$side"
		ip addr add "10.10.$net.1/24" dev "$gw" && ip link set "$gw" up
		ip -n "$side" addr add "10.10.$net.$host/24" dev eth0
		ip -n "$side" link set eth0 up && ip -n "$side" link set lo up
		ip -n "$side" route add default via "10.10.$net.1"
	done
	ip netns exec station ./mbserver 502 /run/device </dev/null >/run/station.log 2>&1 &
}
[ "${1:-}" != plant ] || { plant; exit; }

. ./checks.sh
model=/etc/zoned/zoned.conf
poll() { ip netns exec "$1" timeout 20 mbpoll -m tcp -a 1 -0 -1 -o 3 -t 4 "${@:2}"; }
reads() { poll client -r 1 -c 1 10.10.2.20; }
# what the station really holds decides
holds() { poll station -r 9 -c 1 127.0.0.1 | grep -q "^\[9\]:[[:space:]]*$1\$"; }
writes() { poll client -r 9 10.10.2.20 "$1" && holds "$1"; }
no_write() { ! poll client -r 9 10.10.2.20 "$1" && ! holds "$1"; }
no_read() { ! reads; }
not() { ! "$@"; }
in_force() { zonectl status --json | sed -n 's/^  "generation": \([0-9]*\).*/\1/p'; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
status_of() { local want=$1; shift; "$@"; is "$?" "$want"; }
logged() { journalctl -b -u zoned --no-pager -o cat | grep -F -- "$1"; }
denied() { journalctl -b --no-pager -o cat | grep 'apparmor="DENIED".*profile="zoned"' | grep -v 'comm="cat"'; }
exposed() { systemd-analyze security zoned --no-pager | tail -1; }
little_exposed() { exposed; [ "$(exposed | sed -n 's/.*: \([0-9]\)\.\([0-9]\).*/\1\2/p')" -lt 15 ]; }
up() { wait_for 60 has '"up": true' zonectl status --json; }
end() {
	echo "guest: $passed passed, $failed failed"
	[ $failed = 0 ] || journalctl -b -u zoned --no-pager | tail -n 20
	echo $((part + 1)) >part
	sync
}

write_model() {	# write_model POLICY
	cat >$model <<-END
		system = { name = "appliance"; };
		zones = (
		  { name = "hmi"; type = "control"; interfaces = [ "eth1" ]; networks = [ "10.10.1.0/24" ]; },
		  { name = "cell"; type = "control"; interfaces = [ "eth2" ]; networks = [ "10.10.2.0/24" ]; }
		);
		conduits = (
		  { name = "hmi-to-cell"; from = "hmi"; to = "cell";
		    flows = ( { protocol = "modbus"; policy = "$1"; }, { service = "ping"; } ); }
		);
		policies = {
		  @include "$1.conf"
		};
		daemon = { outputs = ( { type = "journald"; }, { type = "store"; },
		  { type = "json"; file = "/var/log/zoned/events.json"; } ); };
	END
}

install() {
	sysctl -qw net.ipv4.ip_forward=1
	check "without zoned a write reaches the station" writes 11
	check "dpkg -i" dpkg -i /package/zoned_*.deb /package/zoned-doc_*.deb
	check "nothing is in force" not nft list table inet zoned
	check "no unit is enabled" is "$(systemctl is-enabled zoned)" disabled
	write_model modbus-read-only
	check "check --here" zonectl check --here $model
	check "check --strict" zonectl check --strict $model
	sed -i 's/^#net.ipv4.ip_forward/net.ipv4.ip_forward/' /etc/sysctl.d/zoned.conf
	sed -i 's/ flags=(complain)//' /etc/apparmor.d/zoned
	check "the AppArmor profile, in enforce mode" apparmor_parser -r /etc/apparmor.d/zoned
	check "systemctl enable --now zoned" systemctl enable --now zoned
	check "no one from outside this profile: a file" not aa-exec -p zoned -- cat /etc/shadow
	check "which is logged" has 'apparmor="DENIED".*comm="cat"' journalctl -b --no-pager -o cat
	check "zoned is in it" grep -q '^zoned (enforce)' "/proc/$(main_pid)/attr/current"
	check "the in-kernel path is on" has '"in_kernel": {' zonectl status --json
	check "Landlock is, too" has '"landlock": [1-9]' zonectl status --json
	check "it runs as zoned" is "$(stat -c %U "/proc/$(main_pid)")" zoned
	check "systemd-analyze security" little_exposed
	exposed
}

people() {	# section 1
	local verb
	check "a read passes" reads
	check "a write does not" no_write 12
	for verb in status counters generations show version conduits "zones -m $model" "print $model" reasons probe; do
		# shellcheck disable=SC2086 # words
		check "zonectl $verb" zonectl $verb
	done
	check "log --since" wait_for 15 has 'function-not-allowed' zonectl log --since 10m
	check "log --json" has '"reason"' zonectl log --json
	check "the journal has its fields" wait_for 5 has 'ZONED_REASON=function-not-allowed' journalctl -b -u zoned -o export --no-pager
	check "the file of JSON" grep -q function-not-allowed /var/log/zoned/events.json
	check "logrotate" logrotate -f /etc/logrotate.d/zoned
	check "another write does not pass" no_write 13
	check "the new file has it" wait_for 15 grep -q function-not-allowed /var/log/zoned/events.json
	check "help" zonectl apply --help
}

change() {	# section 2
	local n
	write_model modbus-read-write
	check "diff" status_of 8 zonectl diff @ $model
	check "apply --confirm 600" zonectl apply --confirm 600 --reason "ticket 1" $model
	check "a write passes now" writes 14
	check "confirm" zonectl confirm
	check "rollback" zonectl rollback --reason "pump 3"
	check "no write" no_write 15
	check "apply --confirm 5" zonectl apply --confirm 5 $model
	n=$(in_force)
	check "falls back" wait_for 30 has "^  \"generation\": $((n + 1))" zonectl status --json
	check "no write, again" no_write 16
	n=$(in_force)
	echo nonsense >>$model
	check "systemctl reload fails" not systemctl reload zoned
	check "and nothing changed" is "$(in_force)" "$n"
	check "zonectl reload says where" has 'zoned.conf:[0-9]*:' zonectl_errors reload
	write_model modbus-read-only
	check "systemctl reload" systemctl reload zoned
	check "isolate" zonectl isolate --reason "bad day" cell
	check "no read" no_read
	check "release" zonectl release cell
	check "a read" reads
	check "mode observe" zonectl mode --for 600 hmi-to-cell observe
	check "a write, observed" writes 17
	check "mode model" zonectl mode hmi-to-cell model
	check "no write, enforced" no_write 18
	check "reopen" zonectl reopen
	check "generations has who and why" has 'ticket 1' zonectl generations
}
zonectl_errors() { zonectl "$@" 2>&1; }

faults() {	# section 5
	local pid
	pid=$(main_pid)
	check "the clock is set forward a year" date -s "+1 year"
	check "a read, a year later" reads
	check "no write" no_write 21
	check "the clock is set back two years" date -s "-2 years"
	check "a read, a year before" reads
	check "no write then" no_write 22
	check "apply --confirm 5, the clock set back" zonectl apply --confirm 5 $model
	date -s "-1 day" >/dev/null
	check "it falls back all the same" wait_for 30 logged "not confirmed"
	date -s "+1 year +1 day" >/dev/null
	check "zoned is the one before" is "$(main_pid)" "$pid"
	ip link set eth2 down
	check "no read by an interface that is down" no_read
	ip link set eth2 up
	check "a read when it is up" wait_for 20 reads
	nft flush ruleset
	check "a ruleset that was flushed comes back" wait_for 20 has 'map conduits' nft list table inet zoned
	check "no write then" no_write 23
	kill -9 "$pid"
	check "killed, it is started again" wait_for 60 new_pid "$pid"
	check "and ready" up
	check "a read then" wait_for 20 reads
	check "no write then" no_write 24
	pid=$(main_pid)
	kill -STOP "$pid"
	check "hanging, the watchdog has it started again" wait_for 90 new_pid "$pid"
	check "a read then" wait_for 60 reads
}

modules() {
	systemctl stop zoned
	nft delete table inet zoned
	printf 'install %s /bin/false\n' nft_queue xt_NFQUEUE nfnetlink_queue >/etc/modprobe.d/none.conf
	modprobe -r nft_queue xt_NFQUEUE nfnetlink_queue
	check "without the modules of queues it does not start" not systemctl start zoned
	check "and says why" logged "this kernel lacks"
	rm /etc/modprobe.d/none.conf
	check "with them it does, unasked" wait_for 60 has "map conduits" nft list table inet zoned
	check "a read then" wait_for 20 reads
	check "no write then" no_write 42
}

case ${part:=$(cat part 2>/dev/null || echo 1)} in
1)
	echo "guest: Linux $(uname -r)"
	install
	[ $failed = 0 ] || { end; systemctl poweroff; exit; }
	people
	change
	faults
	zonectl apply --reason "before the restart" $model >/dev/null
	check "isolated, before the restart" zonectl isolate --reason "over night" cell
	in_force >force
	check "AppArmor refused zoned nothing" not denied
	end
	systemctl reboot
	;;
2)
	check "zoned is started at boot" up
	check "in its profile" grep -q '^zoned (enforce)' "/proc/$(main_pid)/attr/current"
	# a number that only an order had is not used again
	check "with the next number" is "$(in_force)" "$(($(cat force) + 1))"
	check "which is that of the command" has 'before the restart' zonectl generations
	check "still isolated: no read" no_read
	check "status says so" has 'over night' zonectl status
	check "release" zonectl release cell
	check "a read" wait_for 20 reads
	check "no write" no_write 31
	check "the store has the records of before" has 'function-not-allowed' zonectl log
	write_model modbus-read-write
	check "apply --confirm 3600, and nobody does" zonectl apply --confirm 3600 $model
	check "a write" writes 32
	check "AppArmor refused zoned nothing" not denied
	end
	echo b >/proc/sysrq-trigger
	;;
3)
	check "zoned is started after a power cut" up
	check "what was not confirmed is not in force: no write" no_write 41
	check "a read" wait_for 20 reads
	check "that is logged" logged "not confirmed when zoned ended"
	check "the store can be read" has 'function-not-allowed' zonectl log
	modules
	check "AppArmor refused zoned nothing" not denied
	check "apt-get purge" apt-get purge -qy zoned zoned-doc
	check "nothing is in force" not nft list table inet zoned
	check "nothing is left" not ls /etc/zoned /var/lib/zoned /var/log/zoned /etc/apparmor.d/zoned
	end
	systemctl poweroff
	;;
esac
