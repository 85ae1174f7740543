#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Inside the guest, in two parts: as the first process it installs the build,
# writes a unit that runs part two, and becomes systemd; part two is what an
# administrator would do with systemctl.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
top=$1 build=$2

if [ $$ = 1 ]; then
	for fs in proc sysfs; do
		mountpoint -q /${fs%fs} || mount -t $fs $fs /${fs%fs}
	done
	make -s -C "$build" install >/run/install.log 2>&1 || { cat /run/install.log; exec busybox poweroff -f; }
	cp "$0" /run/systemd-test.sh	# /tmp is emptied at boot, and all this may be there
	systemd-sysusers
	cat >/etc/systemd/system/zoned-test.service <<-END
		[Unit]
		DefaultDependencies=no
		After=basic.target
		[Service]
		Type=oneshot
		ExecStart=/bin/bash /run/systemd-test.sh $top $build
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/console
		[Install]
		WantedBy=zoned-test.target
	END
	cat >/etc/systemd/system/zoned-test.target <<-END
		[Unit]
		Requires=basic.target zoned-test.service
	END
	: >/etc/fstab
	for u in systemd-networkd systemd-resolved systemd-timesyncd systemd-udev-settle nftables ssh cron; do
		ln -sf /dev/null /etc/systemd/system/$u.service
	done
	exec /lib/systemd/systemd --unit=zoned-test.target --log-level=warning --show-status=no
fi

. "$top/tests/qemu/checks.sh"
model=/usr/local/etc/zoned/zoned.conf

systemctl start zoned-boot
check "the boot unit denies forwarding" has 'policy drop' nft list table inet zoned
check "systemctl start zoned" systemctl start zoned
check "it is active" systemctl -q is-active zoned
check "its ruleset is in force" has 'map conduits' nft list table inet zoned
pid=$(main_pid)
check "the in-kernel path is on" has '"in_kernel": {' zonectl status --json
check "it runs as zoned" test "$(stat -c %U "/proc/$pid")" = zoned
check "with one capability" grep -q '^CapEff:.*0000000000001000' "/proc/$pid/status"
check "zonectl status" has '"generation": 1' zonectl status --json
cp $model /run/good
echo 'nonsense' >$model
systemctl reload zoned
sleep 1
check "a bad model is refused and said" has 'reload refused' journalctl -u zoned
check "and the old one stays" has '"generation": 1' zonectl status --json
cp /run/good $model
sed -i 's/^conduits = (/&\n  { name = "offloaded"; from = "hmi"; to = "cell"; offload = true; flows = ( { service = "ssh"; } ); },/' $model
systemctl reload zoned
check "a good one is taken" wait_for 5 has '"generation": 2' zonectl status --json
check "it may use the flowtable" has 'flow add @offloaded' nft list table inet zoned
nft flush ruleset
check "a removed table comes back" wait_for 3 has 'map conduits' nft list table inet zoned
kill -9 "$(main_pid)"
check "killed, it is started again" wait_for 10 new_pid "$pid"
check "no process of the old one is left" test "$(pgrep -cf 'sbin/zoned$')" -le 6
pid=$(main_pid)
kill -STOP "$pid"
check "hanging, the watchdog has it started again" wait_for 40 new_pid "$pid"
systemctl stop zoned
check "stopped, the rules stay" has 'policy drop' nft list table inet zoned
check "and nothing runs" test "$(pgrep -c zoned)" = 0
check "no failed unit" test "$(systemctl --failed --no-legend | grep -c zoned)" = 0
echo "guest: $passed passed, $failed failed"
[ $failed = 0 ] || journalctl -u zoned --no-pager | tail -n 20
busybox poweroff -f
