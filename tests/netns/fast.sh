#!/bin/bash
# SPDX-License-Identifier: MIT
# The in-kernel path: most messages of a steady session never wake an inspector;
# what is refused is refused as ever, in the middle of a stream too; lost packets
# come again; a reload, the death of an inspector and a restart leave nothing open.
. "$(dirname "$0")/lab.sh"
lab_need ss
lab_up
model=$lab_dir/model.conf
lab_model >"$model"
lab_gate "$model"
lab_said "in-kernel path: up to" || lab_skip "$(grep -o 'no in-kernel path: [^;]*' "$lab_dir/zoned.err")"

# field NAME: of what the kernel passed by itself
field()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status | "$python" -c "import json,sys; print(json.load(sys.stdin)['in_kernel']['$1'])"
}

# what the inspectors were given
queued()
{
	ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status |
		"$python" -c "import json,sys; print(sum(i['packets'] for i in json.load(sys.stdin)['inspectors']))"
}

out=$(in_c "$lab_bin/mbclient" -n 2000 "$V4" "$PORT") || lab_fail "reads: $out"
echo "$out"
ZONED_CONTROL=$lab_dir/control "$top_builddir/zonectl" status
expect_at_least "messages passed in the kernel" "$(field messages)" 3900
expect_at_most "packets for the inspectors" "$(queued)" 60
