#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The evasion suite: every technique of the table, against a device with a real
# TCP stack, without the gate, through it, and its capture through replay. See
# tests/evasion/README. Arguments: names of techniques, all by default.
. "$(dirname "$0")/../netns/lab.sh"
lab_need
PORT=1502		# of lab.sh's own device; ours is on 502
lab_up
# as if another router stood before the device: what has no hop left ends there
in_s nft -f - <<END || exit 1
table inet hop { chain in { type filter hook prerouting priority -300; ip ttl 1 drop; ip6 hoplimit 1 drop; }; }
END
lab_model policy=modbus-read-only conduit='log = "all";' \
	daemon="json_log = \"$lab_dir/json\";" >"$lab_dir/model" || exit 1
touch "$lab_dir/json" && chmod 666 "$lab_dir/json"

# Called by evasion.py between its phases: the gate belongs to this shell.
mkfifo "$lab_dir/ask" "$lab_dir/answer"
cat >"$lab_dir/gate" <<END
#!/bin/sh
echo "\${1:-up}" >"$lab_dir/ask"
read -r said <"$lab_dir/answer"
[ "\$said" = done ]
END
chmod +x "$lab_dir/gate"

export ZONED_RULES=$top_srcdir/rules
PYTHONDONTWRITEBYTECODE=1 "$python" "$top_srcdir/tests/evasion/evasion.py" "$lab_c" "$lab_g" "$lab_s" \
	"$top_builddir/zonectl replay --checksums -m $lab_dir/model" "$lab_dir/capture.pcap" "$lab_dir/gate" "$lab_dir/json" "$@" \
	>"$lab_dir/table" 2>&1 &
suite=$!
lab_pids+=($suite)
exec 3<>"$lab_dir/ask"		# open for both, so that a dead suite does not block us
for want in up down; do
	while ! read -r -t 1 -u 3 word; do
		kill -0 $suite 2>/dev/null || { cat "$lab_dir/table"; lab_fail "the suite ended early"; }
	done
	[ "$word" = "$want" ] || lab_fail "asked for $word, expected $want"
	if [ "$word" = up ]; then lab_gate "$lab_dir/model"; else lab_gate_stop; fi
	echo done >"$lab_dir/answer"
done
wait $suite
status=$?
cat "$lab_dir/table"
if grep -q 'suppressed=' "$lab_dir/syslog"; then
	echo "FAIL: records came faster than they may; slow the suite down"
	status=1
fi
[ -z "${ZONED_EVASION_KEEP:-}" ] || cp "$lab_dir/capture.pcap" "$lab_dir/json" "$lab_dir/zoned.err" "$ZONED_EVASION_KEEP/"
exit $status
