#!/bin/bash
# SPDX-License-Identifier: MIT
# Inside the guest: run the tests named, print one line of totals, power off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export top_srcdir=$1 top_builddir=$2 HOME=/root
shift 2
for fs in proc sysfs devtmpfs; do
	mountpoint -q /${fs%fs} 2>/dev/null || mount -t $fs $fs /$(sed "s/sysfs/sys/; s/devtmpfs/dev/" <<<$fs)
done
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
ip link set lo up
modprobe -a $(grep -v '^#' "$top_srcdir/systemd/zoned.modules")
echo "guest: Linux $(uname -r)"
"$top_builddir/zonectl" probe
passed=0 failed=0
for t in "$@"; do
	echo "guest: running $t"
	if timeout 420 bash "$top_srcdir/$t" </dev/null; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "guest: FAILED $t"
	fi
done
echo "guest: $passed passed, $failed failed"
busybox poweroff -f
sleep 5
