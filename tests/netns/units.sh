#!/bin/bash
# SPDX-License-Identifier: MIT
# The unit files are well formed and confined; the boot ruleset denies, and
# zoned's commit replaces it.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if command -v systemd-analyze >/dev/null; then
	for u in zoned zoned-boot; do
		sed "s#^ExecStart=[^ ]*/zoned\$#ExecStart=$top_builddir/zoned#" "$top_builddir/systemd/$u.service" >"$dir/$u.service"
	done
	# a model with a tap works with the unit as it is: captures (AF_PACKET), questions about interfaces, resets
	of_unit() { sed -n "s/^$1=//p" "$dir/zoned.service"; }
	for need in AmbientCapabilities=CAP_NET_RAW CapabilityBoundingSet=CAP_NET_RAW RestrictAddressFamilies=AF_PACKET \
		RestrictAddressFamilies=AF_INET RestrictAddressFamilies=AF_INET6; do
		of_unit "${need%%=*}" | grep -qw "${need#*=}" || { echo "FAIL: the unit lacks $need"; exit 1; }
	done
	[ -z "$(of_unit IPAddressDeny)" ] || { echo "FAIL: the unit keeps resets of taps from the network"; exit 1; }
	systemd-analyze verify --man=no "$dir/zoned.service" "$dir/zoned-boot.service" 2>"$dir/err"
	grep -F "$dir" "$dir/err" && { echo "FAIL: systemd-analyze verify"; exit 1; }
	score=$(systemd-analyze security --offline=yes "$dir/zoned.service" 2>/dev/null |
		sed -n 's/.*exposure level for zoned.service: \([0-9.]*\).*/\1/p')
	[ -n "$score" ] && { awk "BEGIN { exit !($score < 2.5) }" || { echo "FAIL: exposure $score"; exit 1; }; }
	echo "ok: units verified, exposure ${score:-not known}"
else
	echo "no systemd-analyze: the units are not verified"
fi
[ "$(id -u)" = 0 ] && command -v nft >/dev/null || exit 77
unshare -n env tool="$top_builddir/tests/ruleset/commit-tool" ZONED_RULES="$top_srcdir/rules" bash -ec "
	nft -f '$top_srcdir/systemd/zoned-boot.nft'
	nft list chain inet zoned forward | grep -q 'policy drop'
	\$tool commit '$top_srcdir/conf/zoned.conf' 1
	nft list table inet zoned 2>/dev/null | grep -q 'map conduits'" || { echo "FAIL: boot ruleset"; exit 1; }
echo "ok: zoned's ruleset replaces the boot ruleset"
