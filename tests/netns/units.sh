#!/bin/bash
# SPDX-License-Identifier: MIT
# The unit files are well formed and confined; the boot ruleset denies, and
# zoned's commit replaces it.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if command -v systemd-analyze >/dev/null; then
	for u in zoned zoned-boot zoned-metrics; do
		sed "s#^ExecStart=[^ ]*/zoned\$#ExecStart=$top_builddir/zoned#; s#^ExecStart=[^ ]*/zonectl #ExecStart=$top_builddir/zonectl #" "$top_builddir/systemd/$u.service" >"$dir/$u.service"
	done
	# the drop-in for taps adds what they need, and only it: captures, questions about interfaces, resets
	of_unit() { sed -n "s/^$1=//p" "$dir/zoned.service"; }
	of_dropin() { sed -n "s/^$1=//p" "$top_srcdir/systemd/taps.conf"; }
	for need in AmbientCapabilities=CAP_NET_RAW CapabilityBoundingSet=CAP_NET_RAW RestrictAddressFamilies=AF_PACKET \
		RestrictAddressFamilies=AF_INET RestrictAddressFamilies=AF_INET6; do
		of_dropin "${need%%=*}" | grep -qw "${need#*=}" || { echo "FAIL: the drop-in lacks $need"; exit 1; }
		of_unit "${need%%=*}" | grep -qw "${need#*=}" && { echo "FAIL: the unit has $need without it"; exit 1; }
	done
	[ "$(of_unit IPAddressDeny)" = any ] && grep -qx 'IPAddressDeny=' "$top_srcdir/systemd/taps.conf" ||
		{ echo "FAIL: IP packets of resets"; exit 1; }
	# a model with errors is not started again and again, everything else is, without end
	[ "$(of_unit RestartPreventExitStatus)" = "2 3" ] && [ "$(of_unit StartLimitIntervalSec)" = 0 ] &&
		[ "$(of_unit Restart)" = always ] && [ "$(of_unit Also)" = zoned-boot.service ] ||
		{ echo "FAIL: when the unit is started again, or enabled"; exit 1; }
	cp "$top_srcdir/systemd/zoned-metrics.timer" "$dir/"
	systemd-analyze verify --man=no "$dir/zoned.service" "$dir/zoned-boot.service" "$dir/zoned-metrics.service" "$dir/zoned-metrics.timer" 2>"$dir/err"
	grep -F "$dir" "$dir/err" && { echo "FAIL: systemd-analyze verify"; exit 1; }
	score=$(systemd-analyze security --offline=yes "$dir/zoned.service" 2>/dev/null |
		sed -n 's/.*exposure level for zoned.service: \([0-9.]*\).*/\1/p')
	[ -n "$score" ] && { awk "BEGIN { exit !($score <= 1.5) }" || { echo "FAIL: exposure $score"; exit 1; }; }
	mkdir "$dir/zoned.service.d"
	cp "$top_srcdir/systemd/taps.conf" "$dir/zoned.service.d/"
	systemd-analyze verify --man=no "$dir/zoned.service" 2>"$dir/err"
	grep -F "$dir" "$dir/err" && { echo "FAIL: systemd-analyze verify, with the drop-in for taps"; exit 1; }
	echo "ok: units verified, exposure ${score:-not known}"
else
	echo "no systemd-analyze: the units are not verified"
fi

# every place of each of these files was replaced, and their own tools read them
grep -n '@[a-z]*@' "$top_builddir"/systemd/zoned*.service "$top_builddir/systemd/zoned.apparmor" | grep -v '@{' &&
	{ echo "FAIL: a place was not filled in"; exit 1; }
if command -v apparmor_parser >/dev/null; then
	apparmor_parser -QK "$top_builddir/systemd/zoned.apparmor" 2>"$dir/err" || { cat "$dir/err"; echo "FAIL: AppArmor profile"; exit 1; }
	echo "ok: the AppArmor profile compiles"
fi
if command -v logrotate >/dev/null; then
	sed "s#/var/log/zoned/#$dir/#; s/^\tsu .*//; s/create .*/create/" "$top_srcdir/systemd/zoned.logrotate" >"$dir/rotate"
	chmod 600 "$dir/rotate"
	echo x >"$dir/events.json"
	logrotate -d -s "$dir/state" "$dir/rotate" >"$dir/err" 2>&1 && ! grep -i 'error' "$dir/err" &&
		grep -q "considering log $dir/events.json" "$dir/err" || { cat "$dir/err"; echo "FAIL: logrotate"; exit 1; }
	echo "ok: logrotate reads its file"
fi
# the sysctl.d file changes nothing before somebody says so, and each of its settings has a value
grep -v '^#' "$top_srcdir/systemd/zoned.sysctl" | grep . && { echo "FAIL: a sysctl is in force unasked"; exit 1; }
[ "$(grep -cE '^#net\.[a-z0-9_.]+ = [0-9]+$' "$top_srcdir/systemd/zoned.sysctl")" -ge 10 ] &&
	[ "$(grep -c '^#net' "$top_srcdir/systemd/zoned.sysctl")" = "$(grep -cE '^#net\.[a-z0-9_.]+ = [0-9]+$' "$top_srcdir/systemd/zoned.sysctl")" ] ||
	{ echo "FAIL: a line of the sysctl.d file"; exit 1; }
[ "$(id -u)" = 0 ] && command -v nft >/dev/null || exit 77
unshare -n env tool="$top_builddir/tests/ruleset/commit-tool" ZONED_RULES="$top_srcdir/rules" bash -ec "
	nft -f '$top_srcdir/systemd/zoned-boot.nft'
	nft list chain inet zoned forward | grep -q 'policy drop'
	\$tool commit '$top_srcdir/conf/zoned.conf' 1
	nft list table inet zoned 2>/dev/null | grep -q 'map conduits'" || { echo "FAIL: boot ruleset"; exit 1; }
echo "ok: zoned's ruleset replaces the boot ruleset"
