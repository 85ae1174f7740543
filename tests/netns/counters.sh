#!/bin/bash
# SPDX-License-Identifier: MIT
# The counters are exact: they agree with what the client sent, with the records and with the ruleset; a reload,
# a conduit that goes and comes, and the death of an inspector lose nothing and count nothing twice.
. "$(dirname "$0")/lab.sh"
lab_need mbpoll nc
lab_up
export ZONED_CONTROL=$lab_dir/control
ctl=$top_builddir/zonectl
model=$lab_dir/model.conf

# sum KEY=VALUE...: the rows with all of these, added up; KEY!=VALUE: without it
sum()
{
	"$ctl" counters --json >"$lab_dir/counters" || lab_fail "counters"
	"$python" - "$lab_dir/counters" "$@" <<-'END'
		import json, sys
		rows = json.load(open(sys.argv[1]))["counters"]
		for word in sys.argv[2:]:
		    key, value = word.split("=")
		    rows = [r for r in rows if (str(r[key.rstrip("!")]) == value) != key.endswith("!")]
		print(sum(r["count"] for r in rows))
	END
}
requests() { sum conduit=hmi-to-cell unit=message direction=request "$@"; }
write_refused() { in_c mbpoll -m tcp -a 1 -t 4 -r 900 -1 -o 0.3 -p "$PORT" "$V4" 4711 >/dev/null 2>&1; }
events() { "$ctl" status --json | sed -n 's/.*"events": \([0-9]*\).*/\1/p' | head -1; }
sent() { in_c timeout 30 "$lab_bin/mbclient" "$@" "$V4" "$PORT" | sed -n 's/^sent \([0-9]*\).*/\1/p'; }

# every message has a record, so nothing passes in the kernel
lab_model queues=2 conduit='log = "all";' >"$model"
write_refused || lab_fail "without the gate a write does not reach the device"
lab_gate "$model"
n=$(sent -n 150)
for _ in 1 2 3; do
	write_refused && lab_fail "a write was not refused"
done
in_c ping -q -c 3 -i 0.1 "$V4" >/dev/null || lab_fail "ping"
in_c timeout 0.5 nc -w 1 "$V4" 99
expect "requests that were permitted" "$(requests verdict=accept)" "$n"
expect "responses" "$(sum unit=message direction=response)" "$n"
expect "requests that were refused" "$(requests verdict=drop reason=function-not-allowed)" 3
expect "packets by the rules, less three pings each way" "$(($(sum by=rules conduit=hmi-to-cell) - 6))" "$(sum by=inspector unit=packet)"
expect "the counter of the ruleset" "$(lab_rules_counted conduit-hmi-to-cell)" "$(sum by=rules conduit=hmi-to-cell)"
expect "the same of a reason" "$(lab_rules_counted no-conduit)" "$(sum by=rules reason=no-conduit)"
lab_reload	# what the ruleset has counted of refused flows is in the records then
judged=$(($(sum unit=message) + $(sum unit=packet by=inspector reason!=none) + $(sum unit=connection)))
expect "events of the records" "$(events)" "$((judged + $(sum by=rules verdict=drop)))"

# a conduit is gone, and comes again; an inspector dies
before=$(requests)
sed 's/"hmi-to-cell"/"another"/' "$model" >"$lab_dir/another.conf"
cp "$model" "$lab_dir/same.conf"
cp "$lab_dir/another.conf" "$model" && lab_reload
m=$(sent -n 20)
expect "requests of the conduit that is gone" "$(requests)" "$before"
expect "requests of the one instead" "$(sum conduit=another unit=message direction=request)" "$m"
cp "$lab_dir/same.conf" "$model" && lab_reload
packets=$(sum by=rules conduit=hmi-to-cell)
pid=$("$ctl" status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p' | head -1)
kill -KILL "$pid"
lab_wait 5 lab_said "(pid $pid) died" || lab_fail "the inspector did not die"
expect "requests after an inspector died" "$(requests)" "$before"
expect "packets after that" "$(sum by=rules conduit=hmi-to-cell)" "$packets"
lab_wait 5 sh -c "[ \$('$ctl' status --json | grep -c '\"up\": true') = 2 ]" || lab_fail "no other inspector"
k=$(sent -n 20)
expect "requests that came then" "$(requests)" "$((before + k))"
expect_at_least "packets that came then" "$(sum by=rules conduit=hmi-to-cell)" "$((packets + 2 * k))"
lab_gate_stop

# in the kernel, over two reloads
lab_model >"$model"
lab_gate "$model"
ip netns exec "$lab_c" timeout 30 "$lab_bin/mbclient" -d 2 "$V4" "$PORT" >"$lab_dir/session" & session=$!
lab_pids+=("$session")
sleep 0.5
lab_reload
sleep 0.5
lab_reload
wait "$session" || lab_fail "the session: $(cat "$lab_dir/session")"
expect "requests, over two reloads" "$(requests)" "$(sed -n 's/^sent \([0-9]*\).*/\1/p' "$lab_dir/session")"
expect "responses" "$(sum unit=message direction=response)" "$(requests)"
if lab_said "in-kernel path: up to"; then
	expect_at_least "of these in the kernel" "$(requests by=kernel)" 100
fi
"$ctl" counters >"$lab_dir/text" || lab_fail "counters"
grep -q '^hmi-to-cell  *request  *accept ' "$lab_dir/text" || lab_fail "text: $(cat "$lab_dir/text")"
expect "rows with a reason that nothing has" "$("$ctl" counters --reason value-not-allowed | wc -l)" 2
expect "rows of the zone" "$("$ctl" counters --zone cell | grep -c '^hmi-to-cell')" "$("$ctl" counters --conduit hmi-to-cell | grep -c '^hmi-to-cell')"
lab_gate_stop
# a conduit of several zones
lab_model | sed 's#^zones = (#&\n  { name = "more"; type = "control"; interfaces = [ "eth9" ]; networks = [ "10.10.9.0/24" ]; },#
	s#from = "hmi"#from = [ "more", "hmi" ]#' >"$model"
lab_gate "$model"
sent -n 5 >/dev/null
expect "rows of one zone of two" "$("$ctl" counters --zone hmi | grep -c '^hmi-to-cell')" "$("$ctl" counters --conduit hmi-to-cell | grep -c '^hmi-to-cell')"
expect "rows of half a name" "$("$ctl" counters --zone mor | grep -c '^hmi-to-cell')" 0
expect "pages of --watch" "$(timeout 2.5 "$ctl" counters --watch 1 | grep -c '^CONDUIT')" 3
