#!/bin/bash
# SPDX-License-Identifier: MIT
# learn --onto: what a model in force lacks for a plant, and what it has too much of, is pasted into it as a reader
# would. Then replay refuses nothing, neither widened nor narrowed too; and what was never seen is refused.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
ctl=$(realpath "$top_builddir/zonectl")
paste=$(realpath "$top_srcdir/tests/learn/paste.py")
shared="$top_srcdir/../shared"
[ -d "$shared" ] && shared=$(realpath "$shared")
fail() { echo "FAIL: $*"; exit 1; }
python3 -B "$top_srcdir/tests/learn/plant.py" "$dir"
python3 -B "$top_srcdir/tests/learn/protocols.py" "$dir"
apart=$(realpath "$top_srcdir/tests/learn/apart.py")
cd "$dir"

good() { "$ctl" check "$1" >said 2>&1 || { cat said; fail "$1 has errors"; }; }
refused() # MODEL CAPTURE...
{
	for capture in "${@:2}"; do
		{ "$ctl" replay -m "$1" "$capture" 2>replay.err || [ $? -ge 5 ]; } | grep -E '^[0-9]+ (drop|reset) ' || true
	done
}
pasted() # MODEL OPTIONS CAPTURE...: wide.conf, narrow.conf
{
	# shellcheck disable=SC2086	# options are words
	"$ctl" learn --onto "$1" $2 "${@:3}" >diff.txt 2>diff.err || fail "learn --onto $1: $(cat diff.err)"
	# shellcheck disable=SC2086
	"$ctl" learn --onto "$1" $2 "${@:3}" 2>&1 >again.txt | cmp - diff.err && cmp diff.txt again.txt || fail "not stable"
	"$ctl" print "$1" >printed.conf
	python3 -B "$paste" printed.conf diff.txt wide.conf narrow.conf >blocks 2>&1 || fail "pasting: $(cat blocks)"
	good wide.conf
	cmp -s wide.conf narrow.conf || good narrow.conf
}
# MODEL OPTIONS CAPTURE...: nothing is refused with what is pasted
permitted()
{
	pasted "$@"
	[ -z "$(refused wide.conf "${@:3}")" ] || fail "$*, widened: $(refused wide.conf "${@:3}" | head -n 2)"
	cmp -s wide.conf narrow.conf && return
	[ -z "$(refused narrow.conf "${@:3}")" ] || fail "$*, narrowed: $(refused narrow.conf "${@:3}" | head -n 2)"
}

# --- a model that permits less, and more, than was seen
cat >force.conf <<'CONF'
zones = (
  { name = "control-room"; type = "control"; networks = [ "10.1.0.0/26" ]; interfaces = [ "eth0" ]; },
  { name = "cell"; type = "control"; networks = [ "10.2.0.0/24" ]; interfaces = [ "eth1" ];
    assets = ( { name = "plc-9"; address = "10.2.0.9"; } ); }
);
conduits = (
  { name = "room-to-cell"; from = "control-room"; to = "cell";
    flows = ( { protocol = "modbus"; policy = "operators"; }, { service = "https"; } ); }
);
policies = {
  operators = {
    protocol = "modbus";
    allow = (
      { functions = [ "read-holding-registers", "read-coils" ]; units = "0-247"; addresses = "0-10"; },
      { functions = [ "write-multiple-registers" ]; units = 1; addresses = "0-9"; values = "0-100"; }
    );
  };
};
CONF
[ -n "$(refused force.conf day.pcap)" ] || fail "the model in force refuses nothing, so this shows nothing"
permitted force.conf "--admit all" day.pcap
grep -q 'name = "control-room"' wide.conf && grep -q 'name = "plc-9"' wide.conf || fail "names of the model are gone"
# what was never seen: permitted, and said so; gone when narrowed
grep -A1 'entry force.conf:15: permitted, and never seen' diff.txt >/dev/null || fail "nothing says that an entry was never seen"
grep -q 'flow https .*permitted, and never seen' diff.txt || fail "nothing says that a flow was never seen"
grep -q 'write-multiple-registers' wide.conf || fail "widening took an entry away"
! grep -q 'write-multiple-registers' narrow.conf || fail "narrowing left an entry that was never seen"
# what was seen and not permitted, with its evidence
grep -q 'seen, and not permitted (address-not-allowed): .* times, first day.pcap frame [0-9]* (2023-' diff.txt ||
	fail "nothing says what is not permitted"
# the attack is refused by what was learned onto it
"$ctl" replay -m narrow.conf attack.pcap >replayed 2>replay.err || [ $? -ge 5 ]
# packets that records stand for
[ "$(grep -E '^[0-9]+ (drop|reset) ' replayed |
	awk '{ n += match($0, /repeated=[0-9]+/) ? substr($0, RSTART + 9, RLENGTH - 9) : 1 } END { print n + 0 }')" -ge 11 ] || fail "of the attack passes: $(cat replayed)"
# stations that the model has not are proposed as new ones
grep -A2 '^# ==== add to zones' diff.txt | grep -q '10.[34].0' || fail "no new zone is proposed"
! grep -A30 '^# ==== add to zones' diff.txt | sed '/^# ====$/q' | grep -q '"10.1.0.5"' || fail "a station of the model is new"

# --- what changes something is proposed only
pasted force.conf "" day.pcap
grep -q '^ *# # not admitted (writes' diff.txt || fail "writes are not proposed"
refused wide.conf day.pcap >left
grep -q 'function=write-single-register' left && ! grep -q 'function=read-holding-registers.*10\.1\.0\.5' left ||
	fail "without --admit: $(cat left)"
# --- a model that permits all of it needs nothing
"$ctl" learn --admit all day.pcap >all.conf 2>/dev/null
"$ctl" learn --admit all --onto all.conf day.pcap >diff.txt 2>diff.err
! grep -q '^# ====' diff.txt || fail "nothing is lacking, and it proposes: $(cat diff.txt)"
grep -q '^# Nothing to add' diff.txt || fail "nothing says that there is nothing"

# --- rates: of a limit that refuses something from the beginning, and of one that shows when the policy is wide enough;
# no other limit is set, and none lowered
sed 's/from = "control-room"; to = "cell";/& max_requests_per_second = 1;/' force.conf >rate.conf
sed 's/\[ "read-holding-registers", "read-coils" \]/[ "read-discrete-inputs" ]/' rate.conf >later.conf
sed 's/max_requests_per_second = 1;/max_requests_per_second = 900000; max_writes_per_second = 1;/' rate.conf >writes.conf
for model in rate later writes; do
	permitted $model.conf "--admit all" day.pcap
	sed -n '/^# ==== write in conduit room-to-cell/,/^# ====$/s/^ *\(max_[a-z_]*\) = .*/\1/p' diff.txt >limits
	key=max_requests_per_second
	[ $model != writes ] || key=max_writes_per_second
	[ "$(cat limits)" = $key ] || fail "$model: limits: $(cat limits)"
done

# --- what no model permits is said, with count, place and reason, though there is nothing to add
python3 -B - "$top_srcdir/tests/pcap" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from dnp3_wire import Tcp, m, o, write_pcap
talk = Tcp(40000, acknowledges=True)
says = [(True, m("c0 01 3c 02 06")), (False, o("c0 81 00 00")), (True, m("c1 01 3c 02 06", seq=1)), (False, o("c1 81 00 00", seq=1)),
        (True, m("c2 05 0c 01 28 01 00 07 00 41 01", seq=2)), (True, m("c3 05 0c 01 28 01 00 07 00 41", seq=3))]
write_pcap("malformed.pcap", talk.opening + [talk.packet(*say) for say in says])
PY
"$ctl" learn --admit all malformed.pcap >malformed.conf 2>/dev/null
"$ctl" learn --admit all --onto malformed.conf malformed.pcap >diff.txt 2>/dev/null
tr -s '\n# ' ' ' <diff.txt >words
grep -q 'Nothing to add' words && grep -q '2 messages are refused all the same, and no model can permit them: malformed' words &&
	grep -q 'no policy permits (truncated): 2 times, first malformed.pcap frame 8 ' words || fail "malformed: $(cat diff.txt)"
[ "$(refused malformed.conf malformed.pcap | grep -c truncated)" = 2 ] || fail "malformed: replay says something else"
! grep -q 'no model can permit' <("$ctl" learn --admit all --onto all.conf day.pcap 2>/dev/null) || fail "malformed, and nothing is"

# --- errors
rc=0; "$ctl" learn --onto nowhere.conf day.pcap >/dev/null 2>err || rc=$?
[ $rc = 1 ] && grep -q nowhere.conf err || fail "no such model: $rc $(cat err)"
rc=0; "$ctl" learn --onto force.conf day.pcap >/dev/full 2>err || rc=$?
[ $rc = 1 ] || fail "a full disk: $rc"

# --- captures of each protocol, and one in so many of the shared ones: onto what is learned of it without what changes
# something, and of another one. What came all from one machine has its ends put apart.
captures=(dnp3-master.pcap dnp3-caller.pcap iec104-master.pcap iec104-caller.pcap opcua-client.pcap)
n=0
for capture in "$shared"/traffic/*.pcap; do
	[ -e "$capture" ] && [ "$(stat -c %s "$capture")" -lt 100000 ] && n=$((n + 1)) || continue
	[ $((n % ${ZONED_EACH:-30})) = 0 ] || continue
	python3 -B "$apart" "$capture" "shared-$n.pcap" 502 20000 4840 2404 || cp "$capture" "shared-$n.pcap"
	captures+=("shared-$n.pcap")
done
for capture in "${captures[@]}"; do
	"$ctl" learn "$capture" >base.conf 2>/dev/null && "$ctl" learn --admit all "$capture" >plain.conf 2>/dev/null || continue
	! grep -q 'no policy permits\|does not learn\|was understood' plain.conf || continue
	permitted base.conf "--admit all" "$capture"
	permitted force.conf "--admit all" "$capture"
done
echo "ok"
