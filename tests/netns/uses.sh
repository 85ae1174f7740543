#!/bin/bash
# SPDX-License-Identifier: MIT
# What conduits are used for is known over restarts, and zonectl check --here tells of one that nothing uses.
. "$(dirname "$0")/lab.sh"
lab_need
lab_up
export ZONED_CONTROL=$lab_dir/control ZONED_RULES=$top_srcdir/rules
ctl=$top_builddir/zonectl
model=$lab_dir/model.conf
uses=$lab_dir/state/uses.json
lab_model | sed "s#, { service = \"ping\"; }##" >"$model"
finds() { in_g "$ctl" check --here --strict "$@" "$model" 2>&1 | grep -c 'nothing has passed by conduit "hmi-to-cell" since .*\[wider-than-its-use\]$'; }
use() { "$ctl" counters --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["uses"][0][sys.argv[1]])' "$1"; }

in_g "$ctl" check --here --json "$model" | grep -q 'no running zoned says what conduits are used for' || lab_fail "nothing is said where no zoned runs"
lab_gate "$model"
expect "findings of a conduit that is new" "$(finds)" 0
expect "its last use" "$(use last)" None
# handshakes alone are no use of a conduit that is inspected
in_c "$python" -c "import socket; socket.create_connection(('$V4', $PORT))" || lab_fail "a handshake"
expect_at_least "packets" "$(use packets)" 3
expect "last use" "$(use last)" None
lab_gate_stop
[ -s "$uses" ] || lab_fail "no file of uses"

# as if it had been there for forty days
lab_keeps=1
"$python" - "$uses" <<'END' || lab_fail "the file of uses: $(cat "$uses")"
import json, sys, time
o = json.load(open(sys.argv[1]))
assert o["schema"] == 1 and [c["conduit"] for c in o["conduits"]] == ["hmi-to-cell"], o
o["conduits"][0]["since"] = int(time.time()) - 40 * 86400
json.dump(o, open(sys.argv[1], "w"))
END
lab_gate "$model"
expect "findings of one that nothing has used for forty days" "$(finds)" 1
expect "findings when fifty are too many" "$(finds --unused 50)" 0
in_g "$ctl" check --here --strict "$model" 2>&1 | grep -q 'never before; remove the conduit' || lab_fail "not what to do: $(in_g "$ctl" check --here --strict "$model" 2>&1)"
expect "findings without --here" "$("$ctl" check --strict "$model" 2>&1 | grep -c wider-than)" 0
before=$(use packets)
in_c "$lab_bin/mbclient" -n 30 "$V4" "$PORT" >/dev/null || lab_fail "reads"
expect "findings of one that is used" "$(finds)" 0
expect "messages" "$(use messages)" 60
expect_at_least "packets, with those before the restart" "$(use packets)" "$((before + 60))"
last=$(use last) packets=$(use packets)
"$ctl" counters --use >"$lab_dir/text" || lab_fail "counters --use"
grep -q "^hmi-to-cell  *20.*Z  *20.*Z  *60  *$packets$" "$lab_dir/text" || lab_fail "text: $(cat "$lab_dir/text")"
lab_gate_stop
lab_gate "$model"
expect "messages after a restart" "$(use messages)" 60
expect "packets" "$(use packets)" "$packets"
expect "last use, to the second" "$(use last | cut -d. -f1)" "$(cut -d. -f1 <<<"$last")"
lab_gate_stop

# a file that is none is put aside, and zoned starts
echo '{"schema": 1, "conduits": [ {"conduit": 7} ]}' >"$uses"
lab_gate "$model"
lab_said "uses.json: cannot be read, and has another name now; the uses of conduits begin now" || lab_fail "nothing is said of the file"
[ -e "$uses.unreadable" ] || lab_fail "the file is gone"
expect "messages then" "$(use messages)" 0
