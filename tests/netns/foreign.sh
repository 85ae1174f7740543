#!/bin/bash
# SPDX-License-Identifier: MIT
# Other people's tables and mark bits survive start, reload and stop: a foreign
# table before and one behind ours, the low 16 bits of the ct mark and of the
# packet mark (ours is mask 0xffff0000).
. "$(dirname "$0")/lab.sh"
lab_need conntrack
lab_up
in_g nft -f - <<'END' || lab_fail "nft"
table inet foreign {
	set known { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.2 } }
	counter before { }
	counter kept { }
	counter lost { }
	chain first {
		type filter hook forward priority -200;
		ct mark set ct mark and 0xffff0000 or 0x0000005a
		meta mark set meta mark and 0xffff0000 or 0x00000077
		counter name "before"
	}
	chain last {
		type filter hook postrouting priority 200;
		iifname { "eth1", "eth2" } tcp sport 502 meta mark and 0x0000ffff != 0x00000077 counter name "lost"
		iifname { "eth1", "eth2" } tcp dport 502 meta mark and 0x0000ffff != 0x00000077 counter name "lost"
		meta mark and 0x0000ffff == 0x00000077 counter name "kept"
	}
}
table ip zoned_not_ours {
	chain c { type filter hook input priority 0; policy accept; tcp dport 9 drop; }
}
END

foreign() { in_g nft -s list table inet foreign | grep -v ' packets '; in_g nft -s list table ip zoned_not_ours; }
counter() { in_g nft list counter inet foreign "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
low_marks()	# the low 16 bits of every connection's mark, once each
{
	in_g conntrack -L 2>/dev/null | sed -n 's/.*dport=502 .* mark=\([0-9]*\).*/\1/p' |
		while read -r mark; do echo $((mark & 0xffff)); done | sort -u
}
traffic()
{
	in_c "$lab_bin/mbclient" -n 300 -r "$1" "$V4" "$PORT" >/dev/null || lab_fail "traffic $2"
	expect "low ct mark bits $2" "$(low_marks)" $((0x5a))
	expect "packets that lost the foreign packet mark $2" "$(counter lost)" 0
	expect "foreign tables $2" "$(foreign | sha256sum)" "$before"
}

before=$(foreign | sha256sum)
traffic 0 "before"
lab_model >"$lab_dir/model.conf"
lab_gate "$lab_dir/model.conf"
traffic 30 "after start"
lab_model policy=modbus-read-only-strict >"$lab_dir/model.conf"
kill -HUP "$lab_zoned"
lab_wait 5 lab_said "generation 2 is in force" || lab_fail "reload"
traffic 30 "after reload"
lab_end "$lab_zoned"
expect "foreign tables after stop" "$(foreign | sha256sum)" "$before"
in_c timeout 2 "$lab_bin/mbclient" -n 1 -T 500 "$V4" "$PORT" >/dev/null 2>&1 && lab_fail "without inspectors something passed"
echo "ok: after the stop the rules stay and drop"
in_g "$top_builddir/zoned" --flush || lab_fail "zoned --flush"
in_g nft list table inet zoned >/dev/null 2>&1 && lab_fail "the table is still there"
traffic 0 "after flush"
expect_at_least "packets with the foreign packet mark" "$(counter kept)" 1000
