#!/bin/bash
# SPDX-License-Identifier: MIT
# Replay puts IP fragments together as this kernel's connection tracking does: the same ones through both.
set -eu
command -v nft >/dev/null && unshare -rn true 2>/dev/null || { echo "no network namespaces or no nft: skipped"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export zonectl="$top_builddir/zonectl" script="$top_srcdir/tests/netns/fragments.py" dir
unshare -rn bash -eu -c '
	ip link add veth-a type veth peer name veth-b
	ip link set veth-b address 02:00:00:00:00:02
	for i in lo veth-a veth-b; do ip link set "$i" up; done
	ip addr add 10.9.0.2/24 dev veth-b
	ip addr add fd09::2/64 dev veth-b nodad
	ip -6 neigh add fd09::1 lladdr 02:00:00:00:00:01 dev veth-b
	ip neigh add 10.9.0.1 lladdr 02:00:00:00:00:01 dev veth-b
	nft "add table inet t; add chain inet t c { type filter hook prerouting priority 0; }; add rule inet t c ct state established counter"
	echo 0 >/proc/sys/net/ipv4/conf/veth-b/rp_filter
	echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
	echo 1 >/proc/sys/net/ipv4/ipfrag_time
	echo 1 >/proc/sys/net/netfilter/nf_conntrack_frag6_timeout
	exec python3 -B "$script" "$zonectl" "$dir"'
