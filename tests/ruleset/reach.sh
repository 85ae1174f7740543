#!/bin/bash
# SPDX-License-Identifier: MIT
# What src/compile/reach.c says of a packet is what the kernel does with it: packets of every kind are made
# from each model's own zones, interfaces and ports, sent through the real ruleset in network namespaces of our
# own, and found in the counter, and behind the gateway, where reach_of() says. No daemon runs.
set -u
tool=${top_builddir:-.}/tests/ruleset/commit-tool
here=${top_srcdir:-.}/tests/ruleset
export ZONED_RULES=${top_srcdir:-.}/rules
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
for need in ip nft /usr/bin/python3; do
	command -v $need >/dev/null || { echo "SKIP: needs $need"; exit 77; }
done
r=zrg$$ w=zrw$$
fails=0
# the same models for a site that is only watched: nothing is refused, and counted as if it were
tmp=$(mktemp -d) || exit 1
trap 'for n in $r $w; do ip netns del $n 2>/dev/null; done; rm -rf "$tmp"' EXIT
{ echo 'mode = "observe";'; cat "$here/reach.conf"; } >"$tmp/watched-reach.conf"
for conf in "$here/reach.conf" "$here/words.conf" "$here/ends.conf" "$here/assets.conf" "${top_srcdir:-.}"/conf/*.conf "$tmp"/*.conf; do
	for n in $r $w; do
		ip netns add $n 2>/dev/null || { echo "SKIP: no network namespaces"; exit 77; }
	done
	ip netns exec $w sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	ip netns exec $w timeout 120 /usr/bin/python3 "$here/reach.py" "$r" "$w" "$tool" "$conf" || fails=$((fails + 1))
	for n in $r $w; do ip netns del $n; done
done
[ $fails = 0 ]
